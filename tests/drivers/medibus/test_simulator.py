"""The simulated machine as clients that were not written here meet it."""

from pathlib import Path

import pytest

from drivers.medibus.codec import Alarms, Answer, Decoder, DeviceCommand, Frame, Measured
from drivers.vocabulary import AlarmCode
from simulators.api import Fixed, Signal, StillBedside, Vitals
from simulators.medibus.device import MedibusDevice, MedibusDeviceSettings
from simulators.medibus.ear import Command, Ear, Noise
from tests.captures import load
from tests.converse import START
from tests.drivers.medibus.test_codec import framed

COMMANDS = {data[1]: data for data in load(Path(__file__).parent / "captures" / "01_commands.hex").frames}
COMMANDS[0x30] = framed(b"\x1b\x30")
ICC, IDENTIFY, NOP, STOP = (COMMANDS[code] for code in (0x51, 0x52, 0x30, 0x55))


def device(vitals: Vitals | None = None, **settings: object) -> MedibusDevice:
    chosen = MedibusDeviceSettings(**settings)  # type: ignore[arg-type]  # keyword by keyword
    return MedibusDevice(StillBedside(patient=Fixed(vitals or Vitals())), chosen)


def hear(said: object) -> list[Frame]:
    assert isinstance(said, list)
    return [frame for data in said for frame in Decoder().feed(data)]  # type: ignore[misc]  # damage would fail below


def test_it_waits_for_icc_and_then_asks_back() -> None:
    machine = device()
    assert machine.open(START) == []
    assert hear(machine.receive(IDENTIFY, START)) == [Answer(0x15)]
    assert machine.violations == ["command 52h before communication was initialised"]
    assert hear(machine.receive(ICC, START)) == [Answer(0x51), DeviceCommand(0x52)]
    machine.receive(framed(b"\x01\x52"), START)
    assert hear(machine.receive(IDENTIFY, START)) == [Answer(0x52, b"8603'Apollo'04.10:04.00")]


def test_every_read_of_a_public_program_gets_its_answer() -> None:
    machine = device(asks=False)
    machine.receive(ICC, START)
    for code, data in COMMANDS.items():
        if code in (0x54, 0x55, 0x51):
            continue
        (frame,) = hear(machine.receive(data, START))
        assert isinstance(frame, Measured | Alarms | Answer)
        assert frame.code == (0x15 if code == 0x28 else code)
    assert machine.violations == []


def test_the_values_are_the_patients() -> None:
    machine = device(Vitals(etco2=41.6, respiration_rate=9.0, spo2=94.2, pulse_rate=63.0), asks=False)
    machine.receive(ICC, START)
    (frame,) = hear(machine.receive(COMMANDS[0x24], START))
    assert isinstance(frame, Measured)
    assert dict(frame.values) == {
        "E6": "  42",
        "D5": "   9",
        "D6": "   9",
        "EB": "  94",
        "E1": "  63",
        "F0": "  21",
    }


def test_stop_ends_the_communication() -> None:
    machine = device(asks=False)
    machine.receive(ICC, START)
    assert hear(machine.receive(STOP, START)) == [Answer(0x55)]
    assert machine.wake_at is None
    assert hear(machine.receive(NOP, START)) == [Answer(0x15)]


def test_a_silent_host_is_given_up() -> None:
    machine = device()
    machine.receive(ICC, START)
    assert machine.wake_at == START + 2
    assert hear(machine.tick(START + 2)) == [DeviceCommand(0x30)]
    assert machine.tick(START + 3) == []
    assert machine.violations == [
        "silent for 3 s",
        "command 52h was not answered",
        "command 30h was not answered",
    ]
    assert machine.wake_at is None


def test_a_host_that_answers_is_kept() -> None:
    machine = device()
    machine.receive(ICC, START)
    machine.receive(framed(b"\x01\x52"), START)
    for second in range(2, 60, 2):
        assert hear(machine.tick(START + second)) == [DeviceCommand(0x30)]
        machine.receive(framed(b"\x01\x30"), START + second)
    assert machine.violations == []
    machine.receive(framed(b"\x01\x30"), START + 60)
    assert machine.violations == ["answer 30h to nothing"]


def test_a_configuration_changes_what_it_says() -> None:
    machine = device(asks=False)
    machine.receive(ICC, START)
    before = machine.receive(COMMANDS[0x24], START)
    assert hear(machine.receive(COMMANDS[0x54], START)) == [Answer(0x15)]
    assert machine.tampered
    assert machine.receive(COMMANDS[0x24], START) != before
    machine.open(START + 1)
    assert machine.tampered


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"?", "byte outside a frame"),
        (b"\x1b\x51\x36\x44\r", "wrong checksum"),
        (b"\x1b\r", "wrong checksum"),
        (b"\x1b\x51\x1b", "frame cut short"),
        (b"\x1b" + b"x" * 300, "frame too long"),
    ],
)
def test_what_is_no_command_counts(data: bytes, reason: str) -> None:
    machine = device()
    machine.receive(data, START)
    assert machine.violations[0] == reason
    assert not machine.tampered


def test_the_ear_hears_byte_by_byte() -> None:
    ear = Ear()
    assert [x for value in ICC + NOP for x in ear.hear(bytes([value]))] == [Command(0x51, b""), Command(0x30, b"")]
    assert list(Ear().hear(b"\x1b" + ICC)) == [Noise("frame cut short"), Command(0x51, b"")]


def test_its_own_alarms_show_in_twelve_characters() -> None:
    vitals = Vitals(probe="searching", alarms=(Signal(AlarmCode.LIMIT_HIGH, "EtCO2 HIGH"),))
    machine = device(vitals, asks=False)
    machine.receive(ICC, START)
    (frame,) = hear(machine.receive(COMMANDS[0x27], START))
    assert isinstance(frame, Alarms)
    assert [(record.code, record.text) for record in frame.records] == [("27", "ETCO2 HIGH  "), ("01", "NO SPO2 PULS")]


def test_wrong_settings_name_the_remedy() -> None:
    with pytest.raises(ValueError, match="take one of"):
        MedibusDeviceSettings(unit="bar")  # type: ignore[arg-type]  # that is the test
