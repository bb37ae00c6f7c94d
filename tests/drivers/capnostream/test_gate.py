"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import capnostream
from drivers.api import Port, Purpose, Request
from drivers.capnostream import FAMILY
from drivers.capnostream.codec import Disable, Enable, LinkIsActive, StartRealTime, StopRealTime, recognise
from drivers.capnostream.driver import CapnostreamDialogue, CapnostreamSettings
from tests.captures import load_all
from tests.converse import START
from tests.prove.families import forbidden_frames

HERE = Path(__file__).parent
REQUESTS: list[Request] = [Enable(), Disable(), StartRealTime(), StopRealTime(), LinkIsActive()]
ALLOWED = [request.encode() for request in REQUESTS]
FOREIGN = [frame for capture in load_all(HERE / "captures") for frame in capture.frames]


FORBIDDEN = list(forbidden_frames("capnostream"))


def test_each_request_is_recognised_as_itself() -> None:
    assert [recognise(data) for data in ALLOWED] == REQUESTS
    assert {kind for kind in FAMILY.requests if kind.purpose is Purpose.QUERY} == {StartRealTime}
    assert not any(kind.effect for kind in FAMILY.requests)


@given(st.binary(max_size=12))
@settings(max_examples=100)
def test_nothing_else_passes(data: bytes) -> None:
    for candidate in (data, b"\x85" + data, b"\x85\x01" + data):
        assert (recognise(candidate) is None) == (candidate not in ALLOWED)


@pytest.mark.parametrize("code", [3, 7, 8, 9, 10, 11, 21, 54, 55, 56, 60, 61, 62])
def test_reads_that_are_not_needed_are_refused_as_well(code: int) -> None:
    assert recognise(bytes([0x85, 1, code, 1 ^ code])) is None


hostile = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([*FOREIGN, *ALLOWED, *(data for data, _ in FORBIDDEN)]),
    st.sampled_from(FOREIGN).flatmap(lambda frame: st.binary(max_size=3).map(lambda tail: frame[:-1] + tail)),
)


@given(st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25), st.sampled_from([0.0, 5.0]))
@settings(max_examples=100)
def test_no_answer_shapes_what_we_send(script: list[tuple[int, bytes]], link_active_s: float) -> None:
    dialogue = CapnostreamDialogue(CapnostreamSettings(link_active_s=link_active_s), Port())
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


def test_no_setting_is_worded_in_the_driver() -> None:
    sources = Path(capnostream.__file__).parent.glob("*.py")
    codes = {kind.code for kind in (Enable, Disable, StartRealTime, StopRealTime, LinkIsActive)}
    assert codes == {1, 2, 4, 5, 6}
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert text.count("(_Command)") == len(codes)
