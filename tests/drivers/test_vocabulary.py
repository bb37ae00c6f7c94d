"""The vocabulary's codes against the terminology table, row by row."""

import csv
import re
from collections import Counter
from enum import StrEnum
from pathlib import Path

import pytest

from drivers import vocabulary
from drivers.common import mdc
from drivers.vocabulary import (
    TERM_BY_CODE,
    TERM_BY_METRIC,
    TERM_BY_REFID,
    TERMS,
    AlarmCode,
    EventKind,
    InfusionState,
    Metric,
    Phase,
    Priority,
    Reason,
    Term,
    Validity,
    units_of,
)

with (Path(__file__).parents[1] / "data" / "terminology.csv").open(encoding="utf-8", newline="") as _file:
    TABLE = list(csv.DictReader(_file))

# Number and reference id together are the key: the table also lists second names of the same number.
ROWS = {(row["mdc_code"], row["mdc_refid"]): row for row in TABLE if row["mdc_code"]}
ENUMS = (AlarmCode, EventKind, InfusionState, Metric, Phase, Priority, Reason, Validity)


def certainty(row: dict[str, str], what: str) -> str:
    """Give the word after `mdc=` or `loinc=`, which may be followed by a remark."""
    found = re.search(rf"\b{what}=(\w+)", row["certainty"])
    return found[1] if found else ""


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.refid or str(term.code))
def test_a_term_is_a_row_of_the_table(term: Term) -> None:
    row = ROWS[str(term.code), term.refid]
    assert certainty(row, "mdc") in ("CERTAIN", "FOUND")
    assert term.units == tuple(filter(None, row["ucum"].split("|")))
    assert term.loinc == (row["loinc"].split("|")[0] if certainty(row, "loinc") == "CERTAIN" else "")


def test_codes_and_reference_ids_are_unique() -> None:
    assert len(TERM_BY_CODE) == len(TERMS)
    named = [term.refid for term in TERMS if term.refid]
    assert [refid for refid, times in Counter(named).items() if times > 1] == []
    assert all(TERM_BY_REFID[refid].refid == refid for refid in named)


def test_a_metric_goes_by_its_first_row() -> None:
    for metric, term in TERM_BY_METRIC.items():
        assert term == next(row for row in TERMS if row.metric is metric)


@pytest.mark.parametrize("words", ENUMS)
def test_words_are_unique_and_plain(words: type[StrEnum]) -> None:
    assert len(words) == len(words.__members__), "two names for one word"
    assert [word.value for word in words if not re.fullmatch(r"[a-z][a-z0-9_ ]*", word.value)] == []


@pytest.mark.parametrize("words", [words for words in ENUMS if words is not Reason])
def test_a_word_is_its_name_in_small_letters(words: type[StrEnum]) -> None:
    assert [word.value for word in words] == [name.lower() for name in words.__members__]


def test_all_enums_are_looked_at() -> None:
    own = {item for item in vars(vocabulary).values() if isinstance(item, type) and issubclass(item, StrEnum)}
    assert own - {StrEnum} == set(ENUMS)


def test_units_of_a_metric_are_those_of_its_first_term() -> None:
    assert units_of(Metric.SPO2) == ("%",)
    assert units_of(Metric.TEMPERATURE) == ("Cel", "[degF]")
    assert units_of(Metric.BOLUS_VOLUME) == ("mL",)
    assert units_of(Metric.INFUSION_STATE) == ()
    for metric in Metric:
        assert len(set(units_of(metric))) == len(units_of(metric))


def test_shared_alarm_numbers_stand_in_the_table() -> None:
    events = {row["mdc_code"] for row in TABLE if row["mdc_refid"].startswith("MDC_EVT_")}
    assert {str(code) for code in mdc.ALARMS} - events == set()


def test_shared_unit_numbers_mean_what_the_table_says() -> None:
    looked_at = set()
    for row in TABLE:
        dims = [int(dim.partition("^")[0]) for dim in row["mdc_dim"].split("|") if dim]
        units = row["ucum"].split("|")
        if len(dims) == len(units):  # else one unit goes by several numbers, or the other way round
            assert [mdc.UNITS[dim] for dim in dims] == units, row["term"]
            looked_at |= set(dims)
    assert len(looked_at) > 20
