"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Purpose, Request
from drivers.bis_vista import FAMILY
from drivers.bis_vista.codec import StartProcessed, StartRawEeg, StopProcessed, StopRawEeg, recognise
from drivers.bis_vista.driver import BisVistaDialogue, BisVistaSettings
from simulators.api import StillBedside
from simulators.bis_vista.device import BisVistaDevice, BisVistaDeviceSettings
from tests.captures import load_all
from tests.converse import START
from tests.drivers.bis_vista.test_codec import message

HERE = Path(__file__).parent
REQUESTS: list[Request] = [StartProcessed(), StopProcessed(), StartRawEeg(), StopRawEeg()]
ALLOWED = [request.encode() for request in REQUESTS]
FOREIGN = [frame for capture in load_all(HERE / "captures") for frame in capture.frames]


def table(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines if line and not line.startswith("#")]


FORBIDDEN = [(bytes.fromhex(data), words) for data, words in table("forbidden.txt")]


def test_the_inventory_is_what_the_code_declares() -> None:
    declared = {(kind.__name__, kind.purpose.name, kind.effect or "-") for kind in FAMILY.requests}
    assert {(name, purpose, effect) for name, purpose, effect, _, _ in table("requests.txt")} == declared
    for name, _, _, _, data in table("requests.txt"):
        request = FAMILY.recognise(bytes.fromhex(data))
        assert request is not None
        assert (type(request).__name__, request.encode()) == (name, bytes.fromhex(data))


def test_each_request_is_recognised_as_itself() -> None:
    assert [recognise(data) for data in ALLOWED] == REQUESTS
    assert {kind for kind in FAMILY.requests if kind.purpose is Purpose.QUERY} == {StartProcessed, StartRawEeg}


@pytest.mark.parametrize(("data", "words"), FORBIDDEN)
def test_a_forbidden_frame_is_refused_and_would_have_been_noticed(data: bytes, words: str) -> None:
    assert recognise(data) is None, words
    device = BisVistaDevice(StillBedside(), BisVistaDeviceSettings())
    device.open(START)
    device.receive(data, START)
    assert device.tampered, words
    assert device.violations, words


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_changed_byte_passes(frame: bytes) -> None:
    for place in range(len(frame)):
        for value in range(256):
            changed = frame[:place] + bytes([value]) + frame[place + 1 :]
            assert (recognise(changed) is None) == (changed != frame)


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_truncation_and_no_addition_passes(frame: bytes) -> None:
    for end in range(len(frame)):
        assert recognise(frame[:end]) is None
        assert recognise(frame[end + 1 :]) is None
    for other in (*ALLOWED, *(data for data, _ in FORBIDDEN), b"\x00", b"\xba\xab"):
        assert recognise(frame + other) is None
        assert recognise(other + frame) is None


@pytest.mark.parametrize("number", range(256))
def test_no_other_message_passes(number: int) -> None:
    for data in (b"", b"\x00", b"\x01", b"\x80\x00"):
        candidate = message(number, data)
        assert (recognise(candidate) is None) == (candidate not in ALLOWED)


hostile = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([*FOREIGN, *ALLOWED, *(data for data, _ in FORBIDDEN)]),
    st.builds(message, st.integers(0, 255), st.binary(max_size=40)),
)


@given(st.lists(st.tuples(st.integers(0, 3), hostile), max_size=25), st.booleans())
@settings(max_examples=100)
def test_no_answer_shapes_what_we_send(script: list[tuple[int, bytes]], raw_eeg: bool) -> None:
    dialogue = BisVistaDialogue(BisVistaSettings(raw_eeg), Port())
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
