"""The simulated monitor as a client that was not written here would meet it."""

from dataclasses import replace
from itertools import pairwise

import pytest

from drivers.api import Damage
from drivers.capnostream.codec import Co2Wave, Decoder, DeviceId, Frame, NumericItem, Numerics, Other, PatientId
from simulators.api import Fixed, StillBedside, Vitals
from simulators.capnostream.commands import Command, Ear, Noise
from simulators.capnostream.device import CapnostreamDevice, CapnostreamDeviceSettings
from tests.converse import START

ENABLE, DISABLE, BEGIN, STOP = (bytes.fromhex(h) for h in ("85010100", "85010203", "85010405", "85010504"))


def device(vitals: Vitals | None = None, **settings: object) -> CapnostreamDevice:
    chosen = CapnostreamDeviceSettings(**settings)  # type: ignore[arg-type]  # keyword by keyword
    return CapnostreamDevice(StillBedside(patient=Fixed(vitals or Vitals())), chosen)


def hear(said: object) -> list[Frame]:
    assert isinstance(said, list)
    found = [frame for data in said for frame in Decoder().feed(data)]
    assert not any(isinstance(frame, Damage) for frame in found)
    return [frame for frame in found if not isinstance(frame, Damage)]


def test_it_is_silent_until_enabled_and_started() -> None:
    monitor = device()
    assert monitor.open(START) == []
    assert monitor.wake_at is None
    (identity,) = hear(monitor.receive(ENABLE, START))
    assert isinstance(identity, DeviceId)
    assert len(identity.text) == 30
    assert monitor.wake_at is None
    assert hear(monitor.receive(BEGIN, START)) == [PatientId(int(START), bytes(24))]
    assert monitor.wake_at == START + 0.05


def test_twenty_waves_and_one_numerics_a_second() -> None:
    monitor = device()
    monitor.receive(ENABLE + BEGIN, START)
    frames = [frame for n in range(1, 201) for frame in hear(monitor.tick(START + n * 0.05))]
    assert sum(isinstance(frame, Co2Wave) for frame in frames) == 200
    assert sum(isinstance(frame, Numerics) for frame in frames) == 10
    counters = [frame.counter for frame in frames if isinstance(frame, Co2Wave)]
    assert [(b - a) % 256 for a, b in pairwise(counters)] == [1] * 199
    ends = sum(bool(frame.status & 0x08) for frame in frames if isinstance(frame, Co2Wave))
    assert ends in (2, 3)  # 14 breaths a minute


def test_stop_stops_and_disable_forgets() -> None:
    monitor = device()
    monitor.receive(ENABLE + BEGIN + STOP, START)
    assert monitor.wake_at is None
    monitor.receive(BEGIN, START)
    assert monitor.wake_at is not None
    monitor.receive(DISABLE, START)
    assert monitor.wake_at is None
    assert monitor.receive(BEGIN, START) == []
    assert monitor.violations == ["command 4 before communication was enabled"]
    assert not monitor.tampered


def test_it_talks_on_when_the_host_vanishes() -> None:
    monitor = device()
    monitor.receive(ENABLE + BEGIN, START)
    monitor.close(START)
    assert monitor.open(START + 10) == []
    assert monitor.wake_at == START + 0.05
    assert len(hear(monitor.tick(START + 10))) < 10


def test_a_number_can_be_inquired() -> None:
    monitor = device(Vitals(etco2=38.2, probe="off"))
    monitor.receive(ENABLE, START)
    items = [hear(monitor.receive(bytes([0x85, 2, 3, n, 2 ^ 3 ^ n]), START))[0] for n in (1, 3, 4, 9)]
    assert items == [NumericItem(38), NumericItem(14), NumericItem(0xFF), NumericItem(0xFF)]


def test_events_and_the_patient_can_be_inquired() -> None:
    monitor = device()
    monitor.receive(ENABLE, START)
    events = hear(monitor.receive(bytes.fromhex("85011514"), START))
    assert len(events) == 30
    assert all(isinstance(event, Other) and len(event.data) == 12 for event in events)
    assert hear(monitor.receive(bytes.fromhex("85010b0a"), START)) == [PatientId(int(START), bytes(24))]
    assert monitor.violations == []


def test_a_trend_download_stops_real_time() -> None:
    monitor = device()
    monitor.receive(ENABLE + BEGIN + bytes.fromhex("85013637"), START)
    assert monitor.wake_at is None
    assert monitor.violations == ["a trend download stops real-time"]


def test_a_newer_monitor_says_more() -> None:
    monitor = device(more="0102")
    monitor.receive(ENABLE + BEGIN, START)
    numerics = hear(monitor.tick(START + 0.05))[1]
    assert isinstance(numerics, Numerics)
    assert numerics.more == b"\x01\x02"


def test_a_setting_changes_what_the_monitor_does() -> None:
    monitor = device()
    monitor.receive(ENABLE + BEGIN, START)
    before = hear(monitor.tick(START + 0.05))[1]
    monitor.receive(bytes.fromhex("85 03 3c 01 01 3f"), START)
    assert monitor.tampered
    after = next(x for n in range(2, 22) for x in hear(monitor.tick(START + n * 0.05)) if isinstance(x, Numerics))
    assert isinstance(before, Numerics)
    assert after == replace(before, status=0x02, seconds=before.seconds + 1)
    monitor.open(START + 5)
    assert monitor.tampered


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"?", "byte outside a frame"),
        (b"\x85\x01\x85\x01\x01\x00", "frame cut short"),
        (b"\x85\x01\x80\x07", "broken stuffing"),
        (b"\x85\x01\x01\x01", "wrong checksum or no code"),
        (b"\x85\x00\x00", "wrong checksum or no code"),
    ],
)
def test_what_is_no_command_counts(data: bytes, reason: str) -> None:
    monitor = device()
    monitor.receive(data, START)
    assert reason in monitor.violations
    assert not monitor.tampered


def test_the_ear_undoes_stuffing_byte_by_byte() -> None:
    wire = bytes.fromhex("85 03 3c 80 05 80 00 3a")
    ear = Ear()
    heard = [x for value in wire for x in ear.hear(bytes([value]))]
    assert heard == [Command(0x3C, b"\x85\x80")]
    assert list(Ear().hear(b"\x85\x01\x80\x85\x01\x01\x00")) == [Noise("frame cut short"), Command(1, b"")]


def test_wrong_settings_name_the_remedy() -> None:
    with pytest.raises(ValueError, match="take one of"):
        CapnostreamDeviceSettings(unit="bar")  # type: ignore[arg-type]  # that is the test
