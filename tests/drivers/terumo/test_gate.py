"""Reads only: what the gate lets through, and that nothing else can come out."""

from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import terumo
from drivers.api import Port, Purpose, Request
from drivers.terumo import FAMILY
from drivers.terumo.codec import DeviceIdReply, ReadDeviceId, ReadStatus, is_device_id, recognise
from drivers.terumo.driver import TerumoDialogue, TerumoSettings
from simulators.api import StillBedside
from simulators.terumo.device import TerumoDevice, TerumoDeviceSettings
from simulators.terumo.hearing import packet
from tests.converse import START, converse
from tests.drivers.terumo.test_codec import (
    ASK_ID,
    ASK_STATUS,
    CONSTRUCTED,
    DEVICE_ID,
    MISPRINTED,
    SAID_ID,
    STOPPED,
    packets,
)
from tests.prove.families import forbidden_frames

ALLOWED = [ASK_ID, ASK_STATUS, packets("questions.txt")[0]]
NAMELESS = packets("questions.txt")[1]
CLEAN = '<?xml version="1.0"?>'


FORBIDDEN = list(forbidden_frames("terumo"))


def question(command: bytes, device_id: str = DEVICE_ID) -> bytes:
    return packet(f"{CLEAN}<REQ><DEVID>{device_id}</DEVID><CMD>{b64encode(command).decode()}</CMD></REQ>")


def test_both_are_queries_and_the_family_is_refused_by_default() -> None:
    assert {kind.purpose for kind in FAMILY.requests} == {Purpose.QUERY}
    assert "UNVERIFIED" in FAMILY.refused
    assert "UNVERIFIED" in FAMILY.link_loss


def test_an_empty_id_beside_a_command_is_not_sent_and_asks_for_the_id_only() -> None:
    assert recognise(NAMELESS) is None
    device = TerumoDevice(StillBedside(), TerumoDeviceSettings())
    assert device.receive(NAMELESS, START) == [SAID_ID]
    assert device.violations == ["a command without an id"]


@pytest.mark.parametrize("command", range(256))
def test_of_all_commands_and_sequence_numbers_one_passes(command: int) -> None:
    assert (recognise(question(bytes([1, command, 0, 0]))) is None) == (command != 1)
    assert (recognise(question(bytes([command, 1, 0, 0]))) is None) == (command != 1)
    assert recognise(question(bytes([1, 1, command, 1]))) is None


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_changed_byte_passes(frame: bytes) -> None:
    for position in range(len(frame)):
        for value in range(256):
            changed = frame[:position] + bytes([value]) + frame[position + 1 :]
            assert (recognise(changed) is None) == (changed != frame), changed


@pytest.mark.parametrize(
    "xml",
    [
        f"{CLEAN}<REQ><DEVID>{DEVICE_ID}</DEVID></REQ>",  # an id, and no command
        f"{CLEAN}<REQ><DEVID>{DEVICE_ID}</DEVID><CMD>AQEAAA==</CMD><CMD>AQIAAA==</CMD></REQ>",
        f"{CLEAN}<REQ><DEVID>{DEVICE_ID}</DEVID><CMD>AQEAAA==</CMD></REQ> ",
        f"{CLEAN}<REP><DEVID>{DEVICE_ID}</DEVID><CMD>AQEAAA==</CMD></REP>",
        f"{CLEAN}<REQ><DEVID>{'0' * 33}</DEVID><CMD>AQEAAA==</CMD></REQ>",
        f"{CLEAN}<REQ><DEVID>A B</DEVID><CMD>AQEAAA==</CMD></REQ>",
        f"<REQ><DEVID>{DEVICE_ID}</DEVID><CMD>AQEAAA==</CMD></REQ>",
        "",
    ],
)
def test_no_other_form_passes(xml: str) -> None:
    assert recognise(packet(xml)) is None


@given(st.binary(max_size=60) | st.text(st.characters(codec="ascii"), max_size=40).map(packet))
@settings(max_examples=100)
def test_what_passes_is_what_it_is_taken_for(data: bytes) -> None:
    found = recognise(data)
    assert found is None or (found.encode() == data and type(found) in FAMILY.requests)


@given(st.text(max_size=40))
@settings(max_examples=100)
def test_an_id_is_letters_digits_and_hyphens(text: str) -> None:
    if is_device_id(text):
        assert recognise(ReadStatus(text).encode()) == ReadStatus(text)
    else:
        with pytest.raises(ValueError, match="device id"):
            ReadStatus(text)


HOSTILE_IDS = ["", "A B", "</DEVID><CMD>AQIAAA==</CMD>", "A" * 33, "\u0661", "A\n", "&a;", "A\x03"]


@pytest.mark.parametrize("text", HOSTILE_IDS)
def test_a_hostile_id_is_never_said_again(text: str) -> None:
    dialogue = TerumoDialogue(TerumoSettings(), Port())
    dialogue.open(START)
    data = packet(f"{CLEAN}<REP><DEVID>{text}</DEVID></REP>".encode("ascii", "replace").decode())
    outputs = list(dialogue.receive(data, START))
    for _ in range(20):
        assert dialogue.wake_at is not None
        outputs += dialogue.tick(dialogue.wake_at)
    assert {type(output) for output in outputs if isinstance(output, Request)} == {ReadDeviceId}


hostile = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([STOPPED, SAID_ID, MISPRINTED, *CONSTRUCTED, *ALLOWED, *[data for data, _ in FORBIDDEN]]),
    st.builds(lambda text: DeviceIdReply(text).encode(), st.text(st.characters(codec="ascii"), max_size=40)),
)


@given(st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25))
@settings(max_examples=100)
def test_no_answer_shapes_what_we_send_beyond_an_id(script: list[tuple[int, bytes]]) -> None:
    dialogue = TerumoDialogue(TerumoSettings(), Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    for request in (output for output in outputs if isinstance(output, Request)):
        assert recognise(request.encode()) == request
        assert isinstance(request, ReadDeviceId) or is_device_id(getattr(request, "device_id", ""))


def test_of_a_pump_with_an_odd_id_only_the_id_is_asked() -> None:
    device = TerumoDevice(StillBedside(), TerumoDeviceSettings(device_id="no spaces please"))
    heard = converse(FAMILY, device, 300)
    assert set(heard.sent) == {ASK_ID}
    assert {damage.reason for damage in heard.damage} == {"device id not usable"}
    assert heard.reports == []
    assert len(heard.sent) < 160


def test_the_driver_knows_no_other_command() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(terumo.__file__).parent.glob("*.py"))
    assert text.count("<CMD>") == 3  # the picture, the answer's form, and the one place that writes it
    assert "b64encode(command)" in text
