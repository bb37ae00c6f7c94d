"""What every family must have. A new one is found here by its entry point, and fails until it is whole.

What it may send, and what must never pass, is looked at in `tests/prove`.
"""

from dataclasses import fields, is_dataclass

import pytest

from drivers.api import Port
from drivers.vocabulary import Validity
from simulators.api import StillBedside
from tests import captures
from tests.converse import START, converse
from tests.prove.families import FAMILIES, NAMES, ROOT, SIMULATORS, family_of, folder_of, simulator_of


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_there_are_families() -> None:
    assert {"masimo", "bbraun_space", "ihe_pcd"} <= set(FAMILIES)


def test_the_same_name_stands_in_three_places(name: str) -> None:
    assert name in SIMULATORS, "no simulator"
    assert simulator_of(name).name == family_of(name).name == name
    for part in ("README.md", "__init__.py", "codec.py", "channels.py", "driver.py"):
        assert (ROOT / "drivers" / name / part).is_file(), f"drivers/{name}/{part} is missing"
    assert (ROOT / "simulators" / name / "__init__.py").is_file()
    for part in ("test_codec.py", "test_dialogue.py", "requests.txt", "forbidden.txt", "captures"):
        assert (folder_of(name) / part).exists(), f"tests/drivers/{name}/{part} is missing"


def test_the_manifest_says_what_a_deployer_must_know(name: str) -> None:
    family = family_of(name)
    assert family.title
    assert family.link_loss
    assert family.ports
    assert family.silent_after_s > 0
    if any(request.effect for request in family.requests):
        assert family.refused, "a request with an effect needs an accepted risk"


def test_settings_are_frozen_and_have_defaults(name: str) -> None:
    for settings in (family_of(name).settings, simulator_of(name).settings):
        assert is_dataclass(settings)
        assert settings.__dataclass_params__.frozen  # type: ignore[attr-defined]  # what the decorator leaves behind
        assert settings() == settings(), "every field needs a default"
        assert all(field.init for field in fields(settings))


def test_foreign_bytes_have_an_origin(name: str) -> None:
    family = family_of(name)
    kept = captures.load_all(folder_of(name) / "captures")
    assert kept, "no foreign bytes"
    if family.evidence == "foreign bytes":
        assert any(capture.evidence in ("real", "printed", "library") for capture in kept)
    if all(capture.evidence == "constructed" for capture in kept):
        assert family.evidence == "documents"
        assert family.unconfirmed, "only constructed bytes: say what is unconfirmed"


def test_a_family_that_says_nothing_has_no_way_to(name: str) -> None:
    family = family_of(name)
    if not family.requests:
        assert family.recognise(b"") is None
        assert converse(family, simulator_of(name).device(StillBedside(), simulator_of(name).settings()), 30).sent == []


def test_an_hour_with_the_simulator_is_clean(name: str) -> None:
    family, simulator = family_of(name), simulator_of(name)
    device = simulator.device(StillBedside(), simulator.settings())
    heard = converse(family, device, seconds=3600)
    assert device.violations == []
    assert not device.tampered
    assert heard.damage == []
    assert heard.reports, "nothing was heard"
    for report in heard.reports:
        for reading in report.readings:
            assert (reading.value is None) == (reading.validity in (Validity.INVALID, Validity.ABSENT)), reading
            assert (reading.reason is None) == (reading.validity is Validity.VALID), reading
            assert reading.unit is None or " " not in reading.unit, "UCUM has no blanks"
            assert reading.unit != "unknown", "an unknown unit is empty"


def test_a_dialogue_survives_anything(name: str) -> None:
    family = family_of(name)
    dialogue = family.dialogue(family.settings(), Port(peer="test"))
    dialogue.open(START)
    for piece in (b"", b"\x00" * 5000, bytes(range(256)) * 40, b"\x0b" * 3000, b"A" * 100_000, b"\xff\xfe\x1c\r" * 500):
        assert isinstance(dialogue.receive(piece, START + 1), list)
    assert isinstance(dialogue.tick(START + 1000), list)
    assert isinstance(dialogue.close(START + 1001), list)


def test_the_readme_says_what_a_deployer_must_know(name: str) -> None:
    text = (ROOT / "drivers" / name / "README.md").read_text(encoding="utf-8").lower()
    for word in ("sent", "limits", "evidence"):
        assert word in text, f"drivers/{name}/README.md says nothing about {word}"
