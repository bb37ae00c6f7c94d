"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Purpose, Request
from drivers.medibus import FAMILY
from drivers.medibus.codec import (
    ECHOED,
    Echo,
    IdentifyDevice,
    InitialiseCommunication,
    NoOperation,
    ReadAlarms1,
    ReadAlarms2,
    ReadMeasured,
    StopCommunication,
    recognise,
)
from drivers.medibus.driver import MedibusDialogue, MedibusSettings
from simulators.api import StillBedside
from simulators.medibus.device import MedibusDevice, MedibusDeviceSettings
from tests.captures import load_all
from tests.converse import START
from tests.drivers.medibus.test_codec import framed

HERE = Path(__file__).parent
REQUESTS: list[Request] = [
    InitialiseCommunication(),
    IdentifyDevice(),
    ReadMeasured(),
    ReadAlarms1(),
    ReadAlarms2(),
    NoOperation(),
    StopCommunication(),
    *(Echo(code) for code in sorted(ECHOED)),
]
ALLOWED = [request.encode() for request in REQUESTS]
FOREIGN = [frame for capture in load_all(HERE / "captures") for frame in capture.frames]


def table(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines if line and not line.startswith("#")]


FORBIDDEN = [(bytes.fromhex(data), words) for data, words in table("forbidden.txt")]


def test_the_inventory_is_what_the_code_declares() -> None:
    declared = {(kind.__name__, kind.purpose.name, kind.effect or "-") for kind in FAMILY.requests}
    assert {(name, purpose, effect) for name, purpose, effect, _, _ in table("requests.txt")} == declared
    assert [bytes.fromhex(data) for *_, data in table("requests.txt")] == ALLOWED
    for name, _, _, _, data in table("requests.txt"):
        assert type(FAMILY.recognise(bytes.fromhex(data))).__name__ == name


def test_each_request_is_recognised_as_itself() -> None:
    assert [recognise(data) for data in ALLOWED] == REQUESTS
    queries = {kind for kind in FAMILY.requests if kind.purpose is Purpose.QUERY}
    assert queries == {IdentifyDevice, ReadMeasured, ReadAlarms1, ReadAlarms2}


@pytest.mark.parametrize(("data", "words"), FORBIDDEN)
def test_a_forbidden_frame_is_refused_and_would_have_been_noticed(data: bytes, words: str) -> None:
    assert recognise(data) is None, words
    device = MedibusDevice(StillBedside(), MedibusDeviceSettings())
    device.open(START)
    device.receive(data, START)
    assert device.tampered, words
    assert device.violations, words


@pytest.mark.parametrize("code", range(0x80))
def test_every_other_code_is_refused(code: int) -> None:
    for start in (b"\x1b", b"\x01"):
        candidate = framed(start + bytes([code]))
        assert (recognise(candidate) is None) == (candidate not in ALLOWED)
        assert recognise(framed(start + bytes([code]) + b"1")) is None


@pytest.mark.parametrize("code", [0x23, 0x25, 0x26, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x49, 0x4A, 0x53, 0x54, 0x6C])
def test_commands_that_configure_or_are_not_needed_are_refused(code: int) -> None:
    assert recognise(framed(bytes([0x1B, code]))) is None


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_changed_byte_passes_unless_it_is_another_request(frame: bytes) -> None:
    for place in range(len(frame)):
        for value in range(256):
            changed = frame[:place] + bytes([value]) + frame[place + 1 :]
            assert (recognise(changed) is None) == (changed not in ALLOWED)


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_truncation_and_no_addition_passes(frame: bytes) -> None:
    for end in range(len(frame)):
        assert recognise(frame[:end]) is None
        assert recognise(frame[end + 1 :]) is None
    for other in (*ALLOWED, *(data for data, _ in FORBIDDEN), b"\x00", b"\r", b"\n"):
        assert recognise(frame + other) is None
        assert recognise(other + frame) is None


hostile = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([*FOREIGN, *ALLOWED, *(data for data, _ in FORBIDDEN)]),
    st.builds(
        lambda start, code, text: framed(start + bytes([code]) + text),
        st.sampled_from([b"\x1b", b"\x01"]),
        st.integers(0, 0x7F),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30).map(str.encode),
    ),
)


@given(st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25))
@settings(max_examples=100)
def test_no_answer_shapes_what_we_send(script: list[tuple[int, bytes]]) -> None:
    dialogue = MedibusDialogue(MedibusSettings(), Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    outputs += dialogue.close(now)
    for request in (output for output in outputs if isinstance(output, Request)):
        assert recognise(request.encode()) == request
        assert type(request) in FAMILY.requests
