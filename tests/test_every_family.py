"""What every family must have. A new one is found here by its entry point, and fails until it is whole."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from drivers.api import Family, Port, Purpose, Request
from drivers.vocabulary import Validity
from simulators.api import Simulator, StillBedside
from tests import captures
from tests.converse import START, converse

ROOT = Path(__file__).parent.parent
FAMILIES = {entry.name: entry for entry in entry_points(group="onlooker.families")}
SIMULATORS = {entry.name: entry for entry in entry_points(group="onlooker.simulators")}


def family_of(name: str) -> Family:
    family = FAMILIES[name].load()
    assert isinstance(family, Family)
    return family


def simulator_of(name: str) -> Simulator:
    simulator = SIMULATORS[name].load()
    assert isinstance(simulator, Simulator)
    return simulator


def folder_of(name: str) -> Path:
    return ROOT / "tests" / "drivers" / name


@pytest.fixture(params=sorted(FAMILIES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@dataclass(frozen=True)
class Listed:
    """One line of a requests.txt."""

    request: str
    purpose: str
    effect: str
    section: str
    data: bytes


def listed_requests(name: str) -> list[Listed]:
    lines = (folder_of(name) / "requests.txt").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.strip() and not line.startswith("#")]
    return [
        Listed(kind, purpose, effect, section, bytes.fromhex(data)) for kind, purpose, effect, section, data in rows
    ]


def forbidden_frames(name: str) -> Iterator[tuple[bytes, str]]:
    for line in (folder_of(name) / "forbidden.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            data, words = line.split("|", 1)
            yield bytes.fromhex(data), words.strip()


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


def test_the_inventory_is_what_the_code_declares(name: str) -> None:
    family = family_of(name)
    listed = listed_requests(name)
    declared = {(request.__name__, request.purpose.name, request.effect or "-") for request in family.requests}
    assert {(row.request, row.purpose, row.effect) for row in listed} == declared
    for row in listed:
        request = family.recognise(row.data)
        assert type(request).__name__ == row.request, row
        assert isinstance(request, Request)
        assert request.encode() == row.data
        assert row.section


def test_a_family_that_says_nothing_has_no_way_to(name: str) -> None:
    family = family_of(name)
    if not family.requests:
        assert family.recognise(b"") is None
        assert converse(family, simulator_of(name).device(StillBedside(), simulator_of(name).settings()), 30).sent == []


def test_no_request_writes(name: str) -> None:
    for request in family_of(name).requests:
        assert isinstance(request.purpose, Purpose)
        assert not any(field.type in ("bytes", bytes) for field in fields(request)), f"{request} takes raw bytes"  # type: ignore[arg-type]


def test_forbidden_frames_are_refused_and_would_have_been_noticed(name: str) -> None:
    family, simulator = family_of(name), simulator_of(name)
    count = 0
    for data, words in forbidden_frames(name):
        assert family.recognise(data) is None, f"the gate would let pass: {words}"
        device = simulator.device(StillBedside(), simulator.settings())
        device.open(START)
        assert not device.tampered
        device.receive(data, START + 0.1)
        assert device.tampered, f"the latch did not trip on: {words}"
        count += 1
    assert count, "no forbidden frame: silence would prove nothing"


def test_no_forbidden_frame_is_or_begins_a_request(name: str) -> None:
    requests = [row.data for row in listed_requests(name)]
    for data, words in forbidden_frames(name):
        for request in requests:
            assert request != data, words
            assert not request.startswith(data), words


def test_damaged_requests_are_refused(name: str) -> None:
    family = family_of(name)
    for row in listed_requests(name):
        allowed = {bytes(row.data)}
        for at in range(len(row.data)):
            for flip in (0x01, 0x20, 0x80):
                harmed = bytearray(row.data)
                harmed[at] ^= flip
                _is_refused_or_itself(family, bytes(harmed), allowed)
            _is_refused_or_itself(family, row.data[:at], allowed)
        _is_refused_or_itself(family, row.data + b"\x00", allowed)


def _is_refused_or_itself(family: Family, data: bytes, allowed: set[bytes]) -> None:
    """A harmed frame may still be a declared request (another slot, another id), but then exactly that one."""
    request = family.recognise(data)
    if request is not None and data not in allowed:
        assert type(request) in family.requests
        assert request.encode() == data


def test_requests_side_by_side_are_no_request(name: str) -> None:
    family = family_of(name)
    frames = [row.data for row in listed_requests(name)]
    for first in frames:
        for second in frames:
            assert family.recognise(first + second) is None
        for data, _ in forbidden_frames(name):
            assert family.recognise(first + data) is None
            assert family.recognise(data + first) is None


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
