"""The simulated pump itself: it says what the manual says, and notices what must not be said."""

import pytest

from drivers.terumo.codec import CommandReply, Decoder, DeviceIdReply, Status
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import Fixed, PumpView, Signal, StillBedside
from simulators.terumo.device import TerumoDevice, TerumoDeviceSettings
from simulators.terumo.hearing import packet
from tests.converse import START
from tests.drivers.terumo.test_codec import ASK_ID, ASK_STATUS, DEVICE_ID, SAID_ID
from tests.drivers.terumo.test_gate import CLEAN, question


def device(view: PumpView | None = None, **settings: str) -> TerumoDevice:
    bedside = StillBedside(pumps={"11": Fixed(view or PumpView())})
    return TerumoDevice(bedside, TerumoDeviceSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword


def reply(pump: TerumoDevice, data: bytes) -> CommandReply:
    (said,) = pump.receive(data, START)
    (frame,) = Decoder().feed(said)
    assert isinstance(frame, CommandReply)
    return frame


def status(view: PumpView) -> Status:
    found = Status.decode(reply(device(view), ASK_STATUS).data)
    assert found is not None
    return found


def test_it_answers_as_the_printed_pump() -> None:
    pump = device()
    assert pump.receive(ASK_ID, START) == [SAID_ID]
    answer = reply(pump, ASK_STATUS)
    assert (answer.sequence, answer.command, answer.subcommand, answer.result) == (1, 1, 0, 0)
    assert len(answer.data) == 46  # as a TE-SS730
    assert (pump.violations, pump.tampered) == ([], False)


def test_it_says_what_its_display_shows() -> None:
    view = PumpView(
        state=InfusionState.INFUSING, rate=3.5, rate_set=3.5, volume_infused=12.34, vtbi=50.0, dose_rate=3.5,
        weight_kg=70.0, concentration=10.0, on_mains=False, battery_min=100, pressure_percent=60.0,
        alarms=(Signal(AlarmCode.OCCLUSION, "x"),), prealarms=(Signal(AlarmCode.NEAR_END, "x"),),
    )  # fmt: skip
    assert status(view)[:-1] == (
        0x0301, 0x10, 0, 1 << 3 | 1 << 8, 0x42, 0x0A, 6, 350, 1234, 500, 350, 8, 700, 1000
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "nibble"),
    [("stopped", 0), ("paused", 0), ("infusing", 1), ("kvo", 1), ("standby", 2), ("purge", 3), ("bolus", 5)],
)
def test_its_states(state: str, nibble: int) -> None:
    found = status(PumpView(state=InfusionState(state), rate=1.0))
    assert found.status >> 4 == nibble
    assert bool(found.alarms & 4) == (state == "kvo")


def test_the_set_rate_stands_while_it_rests() -> None:
    assert status(PumpView(rate=0.0, rate_set=3.5)).rate == 350


def test_a_pump_that_is_off_says_nothing() -> None:
    pump = device(PumpView(state=InfusionState.OFF))
    assert pump.receive(ASK_ID + ASK_STATUS, START) == []
    assert pump.violations == []


@pytest.mark.parametrize(
    ("command", "result", "data"),
    [
        (b"\x01\x02\0\0", 0x11, b"\x02\0\0"),
        (b"\x01\x01\0\x01", 0x11, b"\x01\0\x01"),
        (b"\x01\x01", 0x13, bytes(3)),
        (b"\x01\x01\0\0\x05", 0x14, b"\x01\0\0"),
    ],
)
def test_what_it_does_not_know_is_refused_and_noticed(command: bytes, result: int, data: bytes) -> None:
    pump = device()
    answer = reply(pump, question(command))
    assert (answer.result, answer.data) == (result, data)
    assert pump.tampered
    assert pump.violations


@pytest.mark.parametrize(
    "data",
    [
        question(b"\x01\x01\0\0", "another"),
        packet(f"{CLEAN}<REQ><DEVID>{DEVICE_ID}</DEVID></REQ>"),
        packet(f"{CLEAN}<REQ><DEVID>{DEVICE_ID}</DEVID><CMD>AQE</CMD></REQ>"),
        packet(f"{CLEAN}<REP><DEVID>{DEVICE_ID}</DEVID></REP>"),
        ASK_STATUS.replace(b"A9A4", b"A9A5"),
        b"x",
        b"\x02" + b"x" * 1100,
        b"\x02x" + b"\x02",
    ],
)
def test_it_is_silent_to_anything_else_and_counts_it(data: bytes) -> None:
    pump = device()
    assert pump.receive(data, START) == []
    assert pump.violations
    assert not pump.tampered


def test_its_id_can_be_chosen() -> None:
    pump = device(device_id="SS730-0001")
    assert pump.receive(ASK_ID, START) == [DeviceIdReply("SS730-0001").encode()]
    with pytest.raises(ValueError, match="plain letters"):
        device(device_id="<x>")
    with pytest.raises(ValueError, match="syringe or infusion"):
        device(pump="x")
