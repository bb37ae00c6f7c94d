"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Purpose, Request
from drivers.bis_vista import FAMILY
from drivers.bis_vista.codec import StartProcessed, StartRawEeg, StopProcessed, StopRawEeg, recognise
from drivers.bis_vista.driver import BisVistaDialogue, BisVistaSettings
from tests.captures import load_all
from tests.converse import START
from tests.drivers.bis_vista.test_codec import message
from tests.prove.families import forbidden_frames

HERE = Path(__file__).parent
REQUESTS: list[Request] = [StartProcessed(), StopProcessed(), StartRawEeg(), StopRawEeg()]
ALLOWED = [request.encode() for request in REQUESTS]
FOREIGN = [frame for capture in load_all(HERE / "captures") for frame in capture.frames]


FORBIDDEN = list(forbidden_frames("bis_vista"))


def test_each_request_is_recognised_as_itself() -> None:
    assert [recognise(data) for data in ALLOWED] == REQUESTS
    assert {kind for kind in FAMILY.requests if kind.purpose is Purpose.QUERY} == {StartProcessed, StartRawEeg}


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
