"""The examples of manuals, public programs and logs, through the very function of `onlooker decode`."""

import json
from collections import Counter
from dataclasses import fields
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from drivers.api import Family, Output, Port, Report
from gateway import cli
from gateway.decode import decode
from tests.converse import converse
from tests.decoded import NOTHING, Example, decoded, examples, is_optional
from tests.prove.families import NAMES, chair, device_of, family_of, settings_of

EXAMPLES = [example for name in NAMES for example in examples(name)]
# What a pump says only when it is asked, without saying what it is: from a file it can't be known.
NAMELESS = {"fresenius_vial": {"drug_name"}}
# A monitor's first record may be an old one out of its buffer; it carries its own time, so a file may show it.
FIRST_RECORD = {"ge_dri"}

Said = Counter[tuple[str, str, object, str, str]]


def test_every_family_has_examples() -> None:
    assert {example.family for example in EXAMPLES} == set(NAMES), "tests/drivers/<family>/examples.txt"


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_decodes_to_what_its_origin_says(example: Example) -> None:
    assert example.origin, "where is it from?"
    assert example.expected, "what does it say?"
    said, code = decoded(family_of(example.family), example.data, example.settings)
    assert [line for line in said if line in example.expected or not is_optional(line)] == example.expected
    assert code == (1 if any(line == NOTHING or line.startswith("damage") for line in said) else 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_command_writes_the_same(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = examples(name)[0]
    file = tmp_path / "bytes"
    file.write_bytes(example.data)
    words = [word for key, value in example.settings.items() for word in ("--set", f"{key}={value}")]
    code = cli.main(["decode", name, str(file), *words])
    lines: list[str] = []
    assert code == decode(
        family_of(name), example.data, example.settings, lines.append, lambda _warning: None, ZoneInfo("UTC")
    )
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize("name", NAMES)
def test_what_is_overheard_without_times_says_the_same_as_live(name: str) -> None:
    family, wire = family_of(name), bytearray()

    def overheard(data: bytes) -> list[bytes]:
        wire.extend(data)
        return [data]

    settings = settings_of(name)
    live = converse(family, device_of(name, chair()), 600, settings=settings, wire=overheard)
    said_live: Said = Counter(
        (report.device, str(r.metric), r.value, str(r.validity), r.name)
        for report in live.reports
        for r in report.readings
    )
    said = overheard_said(family, bytes(wire), changed(settings))
    assert {metric for _, metric, *_ in said_live - said} == NAMELESS.get(name, set())
    assert not said - said_live or name in FIRST_RECORD


def changed(settings: object) -> dict[str, str]:
    """Give settings as `--set` would have them."""
    usual = type(settings)()
    names = [field.name for field in fields(settings)]  # type: ignore[arg-type]  # every family's settings are a dataclass
    return {name: str(getattr(settings, name)) for name in names if getattr(settings, name) != getattr(usual, name)}


def overheard_said(family: Family, data: bytes, settings: dict[str, str]) -> Said:
    lines: list[str] = []
    decode(family, data, settings, lines.append, lambda _warning: None, ZoneInfo("UTC"))
    said = [line for line in map(json.loads, lines) if "metric" in line]
    return Counter((line["device"], line["metric"], line["value"], line["validity"], line["name"]) for line in said)


# Of families that ask: an answer to another question than the one that is out.
UNASKED = {
    "alaris": "infusing",
    "edan": "nine parameters",
    "fresenius_vial": "rate and volume",
    "ge_dri": "record 900",
    "intellivue": "SpO2 97, temperature 36.8, heart rate 60",
    "terumo": "TE-SS830P, stopped",
}


@pytest.mark.parametrize("name", UNASKED)
def test_live_only_an_answer_to_the_question_that_is_out_counts(name: str) -> None:
    (data,) = [example.data for example in examples(name) if example.name == UNASKED[name]]
    family = family_of(name)
    wire = family.from_file(data)
    heard: dict[str, list[Output]] = {}
    for port in (Port("x", "stream"), Port("x", "file")):
        dialogue = family.dialogue(family.settings(), port)
        dialogue.open(0.0)
        once = [*dialogue.receive(wire, 0.0)] if name == "edan" else []  # answered: nothing is out any more
        heard[port.kind] = [*dialogue.receive(wire, 0.1)]
        assert once or name != "edan"
    assert not any(isinstance(output, Report) for output in heard["stream"])
    assert any(isinstance(output, Report) for output in heard["file"])
