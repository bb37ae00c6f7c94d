"""What a record is worth, and what no record may become."""

from pathlib import Path

import pytest

from drivers.api import Alarm, Identity, Reading
from drivers.medibus.channels import CHANNELS
from drivers.medibus.codec import AlarmRecord, Alarms, Decoder, Measured
from drivers.medibus.readings import alarms, identity, reading, readings
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity
from tests.captures import load

CAPTURES = Path(__file__).parent / "captures"
V, Q, X, A = Validity.VALID, Validity.QUESTIONABLE, Validity.INVALID, Validity.ABSENT


def test_the_example_in_full() -> None:
    (frame,) = Decoder().feed(load(CAPTURES / "03_measured.hex").frames[0])
    assert isinstance(frame, Measured)
    assert readings(frame) == [
        Reading(Metric.ETCO2, 38, "mm[Hg]", name="E6 etCO2", raw="  38"),
        Reading(Metric.RESPIRATION_RATE, 14, name="D6 respiratory rate", raw="  14"),
        Reading(Metric.SPO2, 97, name="EB SpO2", raw="  97"),
        Reading(Metric.PULSE_RATE, 72, name="E1 pulse", raw="  72"),
    ]


@pytest.mark.parametrize("code", [*CHANNELS, "00", "7D"])
@pytest.mark.parametrize("text", ["    ", "----", "  - ", " -- ", "--.-", "-.--", " -.-", "  . ", "-   "])
def test_blanks_and_dashes_are_never_a_value(code: str, text: str) -> None:
    for page in (1, 2):
        said = reading(page, code, text)
        assert (said.value, said.validity, said.reason) == (None, A, Reason.NOT_AVAILABLE)


@pytest.mark.parametrize("code", CHANNELS)
@pytest.mark.parametrize("text", ["****", "ERR ", "1..2", "1 2 ", "-.-1", ">100", "\u0663   ", "1e3 "])
def test_what_is_no_number_is_invalid(code: str, text: str) -> None:
    said = reading(1, code, text)
    assert (said.value, said.validity, said.reason) == (None, X, Reason.NOT_A_NUMBER)
    assert said.raw == text


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("EB", "   0", (None, X, Reason.IMPLAUSIBLE)),
        ("EB", " 101", (None, X, Reason.IMPLAUSIBLE)),
        ("E1", "   0", (None, X, Reason.IMPLAUSIBLE)),
        ("E6", "  -1", (None, X, Reason.IMPLAUSIBLE)),
        ("E6", "   0", (0, V, None)),
        ("D6", "   0", (0, V, None)),
        ("E3", " 5.1", (5.1, V, None)),
        ("DB", "5.00", (5.0, V, None)),
        ("F0", "  21", (21, V, None)),
        ("D5", "14  ", (14, V, None)),
        ("DA", " 0.1", (0.1, Q, Reason.UNIT_UNKNOWN)),
        ("E5", "   1", (1, Q, Reason.UNIT_UNKNOWN)),
        ("FF", "   1", (1, Q, Reason.UNIT_UNKNOWN)),
    ],
)
def test_numbers(code: str, text: str, expected: tuple[object, Validity, Reason | None]) -> None:
    said = reading(1, code, text)
    assert (said.value, said.validity, said.reason) == expected


def test_each_end_tidal_code_has_its_own_unit() -> None:
    units = {code: reading(1, code, "   5").unit for code in ("DB", "E3", "E6", "DA", "E5", "FF")}
    assert units == {"DB": "%", "E3": "kPa", "E6": "mm[Hg]", "DA": "", "E5": "", "FF": ""}


def test_airway_temperature_is_not_the_patients() -> None:
    assert reading(1, "C1", "  34") == Reading(Metric.UNMAPPED, 34, "Cel", name="C1 airway temperature", raw="  34")


def test_unknown_codes_and_other_pages_are_unmapped() -> None:
    assert reading(1, "7D", "  17") == Reading(Metric.UNMAPPED, "17", name="7D (page 1)", raw="  17")
    assert reading(2, "E6", "  38") == Reading(Metric.UNMAPPED, "38", name="E6 (page 2)", raw="  38")


@pytest.mark.parametrize(
    ("code", "expected", "source"),
    [
        ("01", AlarmCode.LOW_SIGNAL, "spo2"),
        ("07", AlarmCode.LIMIT_LOW, "spo2"),
        ("0D", AlarmCode.APNOEA, "co2"),
        ("27", AlarmCode.UNKNOWN, "etco2"),
        ("28", AlarmCode.UNKNOWN, "etco2"),
        ("99", AlarmCode.UNKNOWN, ""),
    ],
)
def test_alarms_of_page_1(code: str, expected: AlarmCode, source: str) -> None:
    record = AlarmRecord("3", code, "SOME TEXT   ")
    assert alarms(Alarms((record,))) == (
        Alarm(expected, "SOME TEXT", source=source, raw=f"page 1: 3{code}SOME TEXT   "),
    )
    assert alarms(Alarms((record,), page=2))[0].code is AlarmCode.UNKNOWN


def test_the_alarms_of_a_real_evita_4() -> None:
    (frame,) = Decoder().feed(load(CAPTURES / "04_evita4_alarms.hex").frames[0])
    assert isinstance(frame, Alarms)
    said = alarms(frame)
    assert [alarm.text for alarm in said][:3] == ["MIN VOL LOW", "AIR SUPPLY ?", "% O2 HIGH"]
    assert {alarm.code for alarm in said} == {AlarmCode.UNKNOWN}
    assert {alarm.priority for alarm in said} == {None}


def test_identification() -> None:
    assert identity(b"0161'Evita4'01.03:06.00") == Identity(
        manufacturer="Dräger", model="Evita4 (0161)", firmware="01.03:06.00", dialect="MEDIBUS"
    )
    for data in (b"", b"0161", b"\x00\x01", b"0161'" + b"x" * 200 + b"'1"):
        assert identity(data) == Identity(manufacturer="Dräger", dialect="MEDIBUS")
