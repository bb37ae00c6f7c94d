"""The simulated pump: what it answers, and that each way to change it shows and is latched."""

from pathlib import Path

import pytest

from drivers.graseby.codec import Decoder, Reply
from drivers.vocabulary import InfusionState
from simulators.api import Fixed, PumpView, StillBedside
from simulators.graseby.commands import CONTROL, ENABLE, record
from simulators.graseby.device import (
    ACCEPTED,
    INVALID_CRC,
    INVALID_MODE,
    INVALID_PARAMETER,
    GrasebyDevice,
    GrasebyDeviceSettings,
)
from tests.converse import START

S = InfusionState
HERE = Path(__file__).parent
PUMP = PumpView(rate_set=50.0, volume_infused=9.0, vtbi=50.0)


def device(pump: PumpView = PUMP) -> GrasebyDevice:
    made = GrasebyDevice(StillBedside(pumps={"11": Fixed(pump)}), GrasebyDeviceSettings())
    made.open(START)
    return made


def ask(pump: GrasebyDevice, text: str, now: float = START) -> Reply:
    (answer,) = Decoder().feed(b"".join(pump.receive(record(text), now)))
    assert isinstance(answer, Reply)
    return answer


def test_monitor_commands_need_no_mode_and_change_nothing() -> None:
    pump = device()
    said = {letter: ask(pump, letter) for letter in "ADGMY"}
    assert {reply.code for reply in said.values()} == {ACCEPTED}
    assert {letter: reply.data for letter, reply in said.items()} == {
        "A": "",
        "D": "0009.00050.0050.0",
        "G": "260101000000",
        "M": "300044",
        "Y": "GR0012345",
    }
    assert (pump.violations, pump.tampered, pump.at(START)) == ([], False, PUMP)


@pytest.mark.parametrize(
    "text", ["B", "C", "E260101123456", "F0", "K1", "L0050", "N", "O", "P5", "R125", "S", "T125", "X1A"]
)
def test_without_control_every_command_is_refused_and_latched(text: str) -> None:
    pump = device()
    assert (ask(pump, text).code, ask(pump, text).data) == (INVALID_MODE, "")
    assert pump.tampered
    assert (pump.programme.written, pump.at(START)) == ({}, PUMP)


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("C", "0009.00050.0050.0", "0000.00050.0050.0"),
        ("L0080", "0009.00050.0050.0", "0009.00080.0050.0"),
        ("L080.5", "0009.00050.0050.0", "0009.00080.5050.0"),
        ("R125", "0009.00050.0050.0", "0009.00050.0125.0"),
        ("R12.5", "0009.00050.0050.0", "0009.00050.0012.5"),
    ],
)
def test_with_control_a_command_shows(text: str, before: str, after: str) -> None:
    pump = device()
    assert ask(pump, "D").data == before
    assert ask(pump, "I30").alarms[0] & 0x80
    assert ask(pump, text).data == after
    assert pump.programme.written[text[0]] == text[1:]


def test_start_hold_and_power() -> None:
    pump = device()
    ask(pump, "I60")
    ask(pump, "O")
    assert (pump.at(START).state, pump.at(START).rate) == (S.INFUSING, 50.0)
    ask(pump, "T100")
    assert pump.at(START).rate == 100.0
    ask(pump, "S")
    assert (pump.at(START).state, pump.at(START).rate) == (S.STOPPED, 0.0)
    ask(pump, "F0")
    assert pump.at(START).state is S.OFF


def test_control_ends_with_its_time_and_lives_on_with_any_good_record() -> None:
    pump = device()
    ask(pump, "I05")
    assert ask(pump, "A", START + 4).alarms[0] & 0x80
    assert ask(pump, "A", START + 8).alarms[0] & 0x80
    assert not ask(pump, "A", START + 14).alarms[0] & 0x80
    assert ask(pump, "O", START + 15).code == INVALID_MODE
    ask(pump, "I05", START + 16)
    ask(pump, "I00", START + 17)
    assert ask(pump, "O", START + 17).code == INVALID_MODE


def test_a_running_pump_gives_no_control() -> None:
    assert ask(device(PumpView(state=S.INFUSING, rate=50.0)), "I30").code == INVALID_MODE


@pytest.mark.parametrize("text", ["I04", "I61", "I", "R1234", "L1", "Txyz", "X9"])
def test_wrong_parameters_are_refused(text: str) -> None:
    pump = device()
    ask(pump, "I30")
    assert ask(pump, text).code == INVALID_PARAMETER


def test_the_latch_trips_whichever_crc_a_control_command_has() -> None:
    for crc in ("mcrf4xx", "kermit"):
        pump = device()
        (answer,) = Decoder().feed(b"".join(pump.receive(record("I30", crc), START)))
        assert isinstance(answer, Reply)
        assert (answer.code, pump.tampered, pump.programme.written) == (INVALID_CRC, True, {})


def test_a_wrong_crc_an_unknown_letter_and_noise_are_violations() -> None:
    for data, code in (
        (record("A", "kermit"), INVALID_CRC),
        (record("Q"), INVALID_MODE),
        (record("A1"), INVALID_PARAMETER),
    ):
        pump = device()
        (answer,) = Decoder().feed(b"".join(pump.receive(data, START)))
        assert isinstance(answer, Reply)
        assert answer.code == code
        assert pump.violations
        assert not pump.tampered
    for noise in (b"x", b"<0AA9381>", b"<09A" + b"0" * 60, b"<09<09A9381>"):
        pump = device()
        pump.receive(noise, START)
        assert pump.violations


def test_every_control_letter_stands_in_the_forbidden_list() -> None:
    rows = [row for row in (HERE / "forbidden.txt").read_text().splitlines() if not row.startswith("#")]
    listed = {bytes.fromhex(row.partition("|")[0])[3:4].decode() for row in rows}
    assert CONTROL | {ENABLE} <= listed


def test_a_listener_that_vanishes_changes_nothing() -> None:
    pump = device()
    assert pump.wake_at == START + 5
    assert len(pump.tick(START + 5)) == 5
    assert len(pump.tick(START + 10)) == 2
    pump.close(START + 11)
    assert pump.wake_at is None
    assert (pump.at(START + 100), pump.tampered) == (PUMP, False)


@pytest.mark.parametrize(
    "wrong", [{"crc": "any"}, {"model": "9"}, {"asked_every_s": -1}, {"serial": "1"}, {"software": 300}]
)
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"take|set it|write"):
        GrasebyDeviceSettings(**wrong)  # type: ignore[arg-type]  # that is the test
