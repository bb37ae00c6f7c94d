"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import new_era
from drivers.api import Port, Purpose, Request
from drivers.new_era import FAMILY
from drivers.new_era.codec import QUESTIONS, Answer, recognise, safe
from drivers.new_era.driver import NewEraDialogue, NewEraSettings
from simulators.api import StillBedside
from simulators.new_era.commands import WRITES
from simulators.new_era.device import NewEraDevice, NewEraDeviceSettings
from tests.converse import START, converse
from tests.drivers.new_era.test_codec import BY_HAND, LIBRARY
from tests.prove.families import forbidden_frames

ALLOWED = [kind().encode() for kind in QUESTIONS]


FORBIDDEN = list(forbidden_frames("new_era"))


def device() -> NewEraDevice:
    pump = NewEraDevice(StillBedside(), NewEraDeviceSettings())
    pump.open(START)
    return pump


def test_all_requests_are_queries_with_an_effect_and_live_use_is_refused_by_default() -> None:
    assert [f"{verb}\r".encode() for verb in ("VER", "DIS", "RAT", "VOL", "DIR", "PHN", "DIA")] == ALLOWED
    assert {kind.purpose for kind in FAMILY.requests} == {Purpose.QUERY}
    assert all("acknowledged" in kind.effect for kind in FAMILY.requests)
    assert "never for patients" in FAMILY.refused


def test_no_request_holds_a_digit_or_a_burst() -> None:
    assert not any(set(frame) & set(b"0123456789*") for frame in ALLOWED)


@pytest.mark.parametrize("verb", [*WRITES, "RAT5", "VOL10", "DIA26", "DIRINF", "PHN2", "SAF10"])
def test_every_write_that_the_simulator_knows_is_forbidden(verb: str) -> None:
    assert any(data.startswith(verb.encode()) for data, _ in FORBIDDEN)


@pytest.mark.parametrize("frame", ALLOWED)
def test_what_the_pump_would_read_alike_is_refused_all_the_same(frame: bytes) -> None:
    """The pump strips blanks and control characters and ignores case; the gate compares bytes."""
    for alike in (frame.lower(), b" " + frame, frame[:1] + b"\x00" + frame[1:], frame[:3] + b" \r", b"00" + frame):
        assert recognise(alike) is None
    assert recognise(safe(frame[:3])) is None


def test_no_line_with_one_changed_bit_is_a_write() -> None:
    """Basic mode has no checksum: a line that is harmed on its way must still be harmless."""
    for first in ALLOWED:
        for second in ALLOWED:
            for place in range(8 * len(first)):
                harmed = bytearray(first)
                harmed[place // 8] ^= 1 << place % 8
                pump = device()
                pump.receive(bytes(harmed) + second, START)
                assert not pump.tampered, (bytes(harmed), second)


def test_no_line_with_a_lost_byte_is_a_write_whatever_request_follows() -> None:
    for first in ALLOWED:
        for second in ALLOWED:
            for lost in range(len(first)):
                pump = device()
                pump.receive(first[:lost] + first[lost + 1 :] + second, START)
                assert not pump.tampered, (first, second, lost)


@given(st.one_of(st.binary(max_size=20), st.text("RATVOLDISPHNrat \r0123456789", max_size=8).map(str.encode)))
@settings(max_examples=200)
def test_what_passes_is_one_of_seven_lines(data: bytes) -> None:
    assert (recognise(data) is None) == (data not in ALLOWED)


hostile = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([*LIBRARY, *BY_HAND, *ALLOWED, *[data for data, _ in FORBIDDEN]]),
    st.sampled_from([b"\x0200SRUN\x03", b"\x0200S\rRUN\r\x03", b"\x0200SNE1RUNV3.9\x03", safe(b"00SRUN")]),
    st.builds(lambda text: Answer("00", "S", text).encode(), st.text(st.characters(codec="ascii"), max_size=30)),
)


@given(st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25))
@settings(max_examples=100)
def test_no_answer_shapes_what_we_send(script: list[tuple[int, bytes]]) -> None:
    dialogue = NewEraDialogue(NewEraSettings(), Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    for request in (output for output in outputs if isinstance(output, Request)):
        assert request.encode() in ALLOWED
        assert recognise(request.encode()) == request


def test_a_hostile_version_changes_no_byte_that_is_sent() -> None:
    def sent(version: str) -> list[bytes]:
        return converse(FAMILY, NewEraDevice(StillBedside(), NewEraDeviceSettings(version=version)), 60).sent

    assert sent("NE1RUNV3.9") == sent("NE1000V3.928")


def test_the_driver_holds_no_write_verb() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(new_era.__file__).parent.glob("*.py"))
    assert "RAT" in text
    quoted = ("RUN", "STP", "PUR", "CLD", "FUN", "SAF", "ADR", "BUZ", "LOC")
    assert not any(f'"{verb}' in text or f"{verb}\\r" in text for verb in quoted)
