"""The simulated pump: it hears what a real one does, obeys, and latches."""

import pytest

from drivers.vocabulary import InfusionState
from simulators.api import Fixed, PumpView
from simulators.sapphire.commands import message
from simulators.sapphire.device import SapphireDevice, SapphireDeviceSettings
from tests.converse import START
from tests.drivers.bbraun_space.pumps import Rack
from tests.drivers.sapphire.test_codec import frames

S = InfusionState
RUNNING = PumpView(state=S.INFUSING, rate=5.0, rate_set=5.0, vtbi=50.0, volume_left=50.0)
THIS_IS_PC = frames("01_this_is_pc.hex")[0]


def device(view: PumpView = RUNNING, **settings: object) -> SapphireDevice:
    pump = SapphireDevice(Rack({"11": Fixed(view)}), SapphireDeviceSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword
    pump.open(START)
    return pump


def test_this_is_pc_changes_nothing() -> None:
    pump = device()
    before = pump.at(START)
    assert pump.receive(THIS_IS_PC, START) == []
    assert (pump.violations, pump.tampered) == ([], False)
    assert pump.at(START) == before


def test_it_speaks_for_30_s_after_each() -> None:
    pump = device(needs_pc=True)
    assert pump.tick(START + 0.1) == []
    pump.receive(THIS_IS_PC, START + 1)
    assert len(pump.tick(START + 1.1)) == 1
    assert len(pump.tick(START + 31.0)) == 1
    assert pump.tick(START + 31.2) == []
    pump.close(START + 32)
    assert pump.wake_at is None


@pytest.mark.parametrize(
    ("kind", "data", "state", "rate"),
    [
        (3, [24], S.BOLUS, 125.0),
        (19, [8], S.BOLUS, 125.0),
        (19, [12], S.PAUSED, 0.0),
        (19, [16], S.PAUSED, 0.0),
        (13, [0, 144, 0, 2, 110, 0], S.INFUSING, 11.0),
        (6, [8, 120, 0, 0, 0, 0], S.INFUSING, 12.0),
        (6, [2, 0, 0, 0, 0, 0], S.PAUSED, 0.0),
    ],
)
def test_a_write_shows_in_what_the_pump_does(kind: int, data: list[int], state: InfusionState, rate: float) -> None:
    pump = device()
    before = pump.tick(START + 0.1)[0]
    pump.receive(message(101, kind, 0, bytes(data)), START)
    assert pump.tampered
    assert (pump.at(START).state, pump.at(START).rate) == (state, rate)
    assert pump.tick(START + 0.2)[0][8:-1] != before[8:-1]


def test_a_volume_and_a_start() -> None:
    pump = device(PumpView(state=S.STOPPED, rate_set=7.0))
    pump.receive(message(101, 13, 0, bytes([0, 128, 0, 2, 0x20, 0x4E])) + message(101, 19, 1, b"\x03"), START)
    assert (pump.at(START).state, pump.at(START).rate, pump.at(START).vtbi) == (S.INFUSING, 7.0, 200.0)


def test_a_locked_pump_stops_when_its_pc_vanishes() -> None:
    """As a public driver's author saw it; and a reader doesn't lock."""
    pump = device()
    pump.receive(message(101, 3, 0, b"\x37"), START)
    assert (pump.at(START + 29).state, pump.at(START + 31).state) == (S.INFUSING, S.STOPPED)
    pump.receive(message(101, 3, 1, b"\x38"), START + 29)
    assert pump.at(START + 100).state is S.INFUSING


@pytest.mark.parametrize(("kind", "data"), [(3, b"\x2c"), (3, b"\x19"), (3, b"\x39"), (15, b"\x00\x16\x00\x01")])
def test_a_question_is_no_write_but_none_of_ours(kind: int, data: bytes) -> None:
    pump = device()
    pump.receive(message(101, kind, 0, data), START)
    assert (pump.tampered, len(pump.violations)) == (False, 1)


def test_a_broken_message_is_no_command_and_the_next_one_is_heard() -> None:
    pump = device()
    bolus = message(101, 3, 0, bytes([24]))
    pump.receive(bolus[:-1] + b"\x00", START)
    pump.receive(b"hello" + b"\xbb\x65\x00\x67\x03\xff\xff\x00", START)
    assert not pump.tampered
    assert pump.violations
    for byte in b"\x00" * 9 + bolus:
        pump.receive(bytes([byte]), START)
    assert pump.tampered


@pytest.mark.parametrize("wrong", [{"serial": -1}, {"software": 1 << 32}, {"batch_s": 0}, {"batch_bytes": 1025}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"set (it|them) between"):
        SapphireDeviceSettings(**wrong)  # type: ignore[arg-type]  # that is the test
