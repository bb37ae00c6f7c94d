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
from tests.captures import load_all
from tests.converse import START
from tests.drivers.medibus.test_codec import framed
from tests.prove.families import forbidden_frames, listed_requests

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


FORBIDDEN = list(forbidden_frames("medibus"))


def test_each_echo_is_listed() -> None:
    assert [row.data for row in listed_requests("medibus")] == ALLOWED


def test_each_request_is_recognised_as_itself() -> None:
    assert [recognise(data) for data in ALLOWED] == REQUESTS
    queries = {kind for kind in FAMILY.requests if kind.purpose is Purpose.QUERY}
    assert queries == {IdentifyDevice, ReadMeasured, ReadAlarms1, ReadAlarms2}


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
