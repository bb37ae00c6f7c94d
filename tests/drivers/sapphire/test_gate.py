"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import sapphire
from drivers.api import Port, Purpose, Request
from drivers.sapphire import FAMILY
from drivers.sapphire.codec import ThisIsPc, recognise
from drivers.sapphire.driver import SapphireDialogue, SapphireSettings
from simulators.api import StillBedside
from simulators.sapphire.commands import message
from simulators.sapphire.device import SapphireDevice, SapphireDeviceSettings
from tests.converse import START
from tests.drivers.sapphire.test_codec import BATCHES
from tests.prove.families import forbidden_frames

ALLOWED = {ThisIsPc(number).encode() for number in range(256)}
FIRST = ThisIsPc(0).encode()


FORBIDDEN = list(forbidden_frames("sapphire"))


def device() -> SapphireDevice:
    pump = SapphireDevice(StillBedside(), SapphireDeviceSettings())
    pump.open(START)
    return pump


def test_the_only_request_is_a_link_and_the_family_is_refused_by_default() -> None:
    assert FAMILY.requests == {ThisIsPc}
    assert ThisIsPc.purpose is Purpose.LINK
    assert "UNVERIFIED" in FAMILY.refused
    assert "UNVERIFIED" in FAMILY.link_loss
    assert SapphireSettings().this_is_pc is False


def test_each_number_is_one_message() -> None:
    assert len(ALLOWED) == 256
    for data in ALLOWED:
        request = recognise(data)
        assert isinstance(request, ThisIsPc)
        assert request.encode() == data
    for number in (-1, 256):
        with pytest.raises(ValueError, match="one byte"):
            ThisIsPc(number)


@pytest.mark.parametrize(("data", "words"), FORBIDDEN)
def test_a_forbidden_message_would_have_changed_the_pump(data: bytes, words: str) -> None:
    pump = device()
    pump.receive(data, START)
    assert pump.programme.written, words


def test_the_allowed_message_and_a_bolus_differ_in_one_byte_and_the_sum() -> None:
    bolus = message(101, 3, 0, bytes([24]))
    assert [place for place in range(10) if bolus[place] != FIRST[place]] == [8, 9]
    assert recognise(bolus) is None


@pytest.mark.parametrize("data", [bytes([code]) for code in range(256) if code != 22])
def test_no_other_command_passes_with_any_number(data: bytes) -> None:
    assert all(recognise(message(101, 3, number, data)) is None for number in range(256))


@pytest.mark.parametrize("number", [0, 1, 0xBB, 255])
def test_no_changed_byte_passes(number: int) -> None:
    frame = ThisIsPc(number).encode()
    for position in range(len(frame)):
        for value in range(256):
            changed = frame[:position] + bytes([value]) + frame[position + 1 :]
            assert (recognise(changed) is None) == (changed != frame), changed


def test_with_two_changed_bytes_only_another_number_passes() -> None:
    for first in range(10):
        for second in range(first + 1, 10):
            for by in range(1, 256):
                changed = bytearray(FIRST)
                changed[first] = (changed[first] + by) % 256
                changed[second] = (changed[second] + (by if second == 9 else -by)) % 256
                assert (recognise(bytes(changed)) is not None) == ((first, second) == (7, 9)), bytes(changed)


@given(st.one_of(st.binary(max_size=20), st.builds(message, st.sampled_from((100, 101, 102, 103)), st.integers(0, 27),
                                                   st.integers(0, 255), st.binary(max_size=3))))  # fmt: skip
@settings(max_examples=200)
def test_what_passes_is_one_of_256_messages(data: bytes) -> None:
    assert (recognise(data) is None) == (data not in ALLOWED)


hostile = st.one_of(st.binary(max_size=40), st.sampled_from([*BATCHES, FIRST, *[data for data, _ in FORBIDDEN]]))


@given(st.booleans(), st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25))
@settings(max_examples=100)
def test_nothing_that_is_heard_shapes_what_we_send(this_is_pc: bool, script: list[tuple[int, bytes]]) -> None:
    dialogue = SapphireDialogue(SapphireSettings(this_is_pc=this_is_pc), Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    requests = [output for output in outputs if isinstance(output, Request)]
    assert requests == [ThisIsPc(place) for place in range(len(requests))]
    assert this_is_pc or not requests


def test_the_driver_holds_no_other_command() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(sapphire.__file__).parent.glob("*.py"))
    assert text.count("_THIS_IS_PC: Final = 22") == 1
    assert not any(word in text.upper() for word in ("EEPROM", "EVENT", "LOCK_", "RELEASE", "RUN_", "PAUSE_"))
