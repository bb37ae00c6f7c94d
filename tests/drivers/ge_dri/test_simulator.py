"""The simulated monitor, alone and with our dialogue."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from struct import pack

import pytest

from drivers.api import Damage, Waveform
from drivers.ge_dri import FAMILY
from drivers.ge_dri.codec import AlarmStatus, Decoder, Frame, Physiology, Waves
from drivers.ge_dri.framing import wrap
from drivers.ge_dri.requests import AskAlarms, StartNumerics, StartWaves, StopNumerics, StopWaves
from drivers.ge_dri.settings import DriSettings
from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity
from simulators.api import Cuff, Fixed, Signal, StillBedside, Vitals
from simulators.ge_dri import SIMULATOR
from simulators.ge_dri.ear import Ear, Noise
from simulators.ge_dri.monitor import Monitor, MonitorSettings
from simulators.ge_dri.words import NO_DATA, numerics
from tests.converse import START, Heard, converse

V, A = Validity.VALID, Validity.ABSENT


def monitor(vitals: Vitals | None = None, **settings: object) -> Monitor:
    bedside = StillBedside(patient=Fixed(vitals or Vitals()))
    return Monitor(bedside, MonitorSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword


def run(device: Monitor, seconds: float, start: float = START) -> list[Frame]:
    """Let it talk; give what it said."""
    decoder, said = Decoder(), []
    while (wake := device.wake_at) is not None and wake <= start + seconds:
        said += [frame for data in device.tick(wake) for frame in decoder.feed(data)]
    frames = [frame for frame in said if not isinstance(frame, Damage)]
    assert len(frames) == len(said)
    return frames


def asked(device: Monitor, *requests: bytes) -> Monitor:
    device.open(START)
    for request in requests:
        device.receive(request, START)
    return device


def said(heard: Heard, metric: Metric, source: str = "") -> set[tuple[object, Validity, Reason | None]]:
    return {
        (r.value, r.validity, r.reason)
        for report in heard.reports
        for r in report.readings
        if (r.metric, r.source) == (metric, source)
    }


# --- alone


def test_it_is_silent_until_asked_and_after_a_stop() -> None:
    device = asked(monitor())
    assert device.wake_at is None
    device.receive(StartNumerics(interval_s=1).encode() + StartWaves().encode(), START)
    assert len(run(device, 10)) == 20
    device.receive(StopWaves().encode(), START + 10)
    assert all(isinstance(frame, Physiology) for frame in run(device, 20))
    device.receive(StopNumerics().encode(), START + 20)
    assert (device.wake_at, device.violations, device.tampered) == (None, [], False)


def test_it_goes_on_for_the_next_listener_until_it_is_restarted() -> None:
    device = asked(monitor(), StartNumerics(interval_s=1).encode())
    device.close(START + 1)
    assert device.wake_at is None
    device.open(START + 60)
    assert device.wake_at == START + 60
    device.restart()
    assert device.wake_at is None


def test_a_request_for_one_record_is_answered_at_once_and_once() -> None:
    device = asked(monitor())
    once = wrap(
        pack("<hBBHIBBHh", 49, 0, 0, 0, 0, 0, 0, 0, 0) + b"\0\0\0\0\0\xff" + bytes(18) + pack("<BhIh", 1, -1, 14, 0)
    )
    (data,) = device.receive(once, START)
    (frame,) = Decoder().feed(data)
    assert isinstance(frame, Physiology)
    assert [block.class_number for block in frame.blocks] == [0, 1, 2, 3]
    assert device.wake_at is None


@pytest.mark.parametrize(("bits", "classes"), [(0, [0]), (4, [0, 2]), (14, [0, 1, 2, 3])])
def test_it_sends_the_classes_that_were_asked_for(bits: int, classes: list[int]) -> None:
    for frame in run(asked(monitor(), StartNumerics(0, 1, bits).encode()), 3):
        assert isinstance(frame, Physiology)
        assert [(b.class_number, b.kind, b.level) for b in frame.blocks] == [(number, 1, 10) for number in classes]


def test_each_kind_of_record_has_its_own_running_number() -> None:
    device = asked(monitor(), StartNumerics(interval_s=1).encode(), StartWaves().encode())
    frames = run(device, 300)
    for kind in (Physiology, Waves):
        numbers = [frame.stamp.number for frame in frames if isinstance(frame, kind)]
        assert numbers == [number % 256 for number in range(300)]


def test_its_waves_are_those_of_the_log() -> None:
    """99 to 101 samples, status bits 1 and 10 always, 0 in the first record only, 4 to 9 counting modulo 60."""
    records = run(asked(monitor(), StartNumerics(interval_s=60).encode(), StartWaves(0, (8, 9)).encode()), 200)
    pleths = [frame.waves[0] for frame in records if isinstance(frame, Waves)]
    assert {len(wave.samples) for wave in pleths} == {99, 100, 101}
    assert sum(len(wave.samples) for wave in pleths) == 100 * len(pleths)
    assert [wave.status & 1 for wave in pleths] == [1] + [0] * (len(pleths) - 1)
    assert [wave.status >> 4 & 0x3F for wave in pleths] == [n % 60 for n in range(len(pleths))]
    assert {wave.status & ~0x3F1 for wave in pleths} == {0x402}
    assert len({sample for wave in pleths for sample in wave.samples}) > 50


def test_a_record_written_as_the_logs_have_it() -> None:
    """Label 1200h, rate from source 9, 31 in the NMT word, ambient pressure, no data elsewhere."""
    words = numerics(0, Vitals(heart_rate=81, respiration_rate=18), START)
    assert (words[0], words[2], words[3], words[7]) == (0x4B, 0x1200, 81, 18)
    assert words[214 // 2 + 5] == 31
    assert set(numerics(3, Vitals(), START)) == {0, NO_DATA}


def test_too_many_samples_are_refused() -> None:
    device = asked(monitor())
    waves = wrap(
        pack("<hBBHIBBHh", 72, 0, 0, 0, 0, 0, 0, 0, 1)
        + b"\0\0\0\0\0\xff"
        + bytes(18)
        + pack("<hh8s20x", 0, 0, b"\1\2\3\xff")
    )
    device.receive(waves, START)
    assert (device.wake_at, len(device.violations), device.tampered) == (None, 1, False)


def test_alarms_are_told_on_demand_and_on_change() -> None:
    ringing = Vitals(
        alarms=(Signal(AlarmCode.LIMIT_HIGH, "HR HIGH"), Signal(AlarmCode.DESATURATION, "SpO2 LOW", Priority.HIGH))
    )

    class Patient:
        def at(self, now: float) -> Vitals:
            return ringing if now >= START + 5 else Vitals()

    device = Monitor(StillBedside(patient=Patient()), MonitorSettings())
    device.open(START)
    (data,) = device.receive(AskAlarms().encode(), START)
    (quiet,) = Decoder().feed(data)
    assert isinstance(quiet, AlarmStatus)
    assert not quiet.is_sounding
    change = AskAlarms().encode()
    on_change = wrap(change[1:41] + pack("<h10x", 2))
    device.receive(on_change + StartNumerics(interval_s=1).encode(), START)
    told = [frame for frame in run(device, 20) if isinstance(frame, AlarmStatus)]
    assert [[line.text for line in frame.lines if line.text] for frame in told] == [[b"SpO2 LOW", b"HR HIGH"]]


def test_noise_is_a_violation_and_no_write() -> None:
    good = StartNumerics().encode()
    heard = [
        *Ear().hear(b"\x00" + good[:10] + b"\x01" + good[10:] + b"\x7d\x7e"),
        *Ear().hear(b"\x7e" + bytes(9) + b"\x7e"),
    ]
    assert heard
    assert [noise.is_frame for noise in heard if isinstance(noise, Noise)] == [False] * len(heard)
    device = asked(monitor(), good[:-2] + b"\x00\x7e", b"\x7e\x55\x55\x7e")
    assert (len(device.violations), device.tampered, device.wake_at) == (2, False, None)


def test_wrong_settings_name_the_remedy() -> None:
    with pytest.raises(ValueError, match="take 2 to 12"):
        MonitorSettings(level=1)
    assert SIMULATOR.settings() == MonitorSettings()


# --- with our dialogue


def test_an_hour_is_719_reports_five_seconds_apart() -> None:
    device = monitor()
    heard = converse(FAMILY, device, seconds=3600)
    assert len(heard.reports) == 719
    assert (heard.damage, device.violations, device.tampered, len(heard.sent)) == ([], [], False, 2)
    times = [report.device_time for report in heard.reports if report.device_time]
    assert {b - a for a, b in pairwise(times)} == {timedelta(seconds=5)}
    assert said(heard, Metric.SPO2) == {(98.0, V, None)}
    assert said(heard, Metric.HEART_RATE) == {(72, V, None)}
    assert said(heard, Metric.ETCO2) == {(38.0, V, None)}
    assert said(heard, Metric.TEMPERATURE, "T1") == {(36.6, V, None)}


@pytest.mark.parametrize("level", [7, 8, 9, 10, 11])
def test_a_monitor_that_wants_its_own_level_is_found(level: int) -> None:
    device = monitor(level=level, answers="own level")
    heard = converse(FAMILY, device, seconds=90)
    assert heard.reports
    assert device.wake_at is None, "it has understood the stop"
    assert device.violations == []


def test_what_comes_out_of_a_buffer_is_not_said() -> None:
    vitals = Vitals(spo2=97.0)

    class Patient:
        def at(self, now: float) -> Vitals:
            return vitals if now >= START else replace(vitals, spo2=70.0)

    heard = converse(FAMILY, Monitor(StillBedside(patient=Patient()), MonitorSettings(stale_first=True)), 60)
    assert said(heard, Metric.SPO2) == {(97.0, V, None)}
    assert all(report.device_time and report.device_time.year == 2026 for report in heard.reports)


@pytest.mark.parametrize(
    ("vitals", "metric", "expected"),
    [
        (Vitals(leads=False), Metric.HEART_RATE, (None, A, Reason.SENSOR_OFF)),
        (Vitals(probe="off"), Metric.SPO2, (None, A, Reason.NOT_AVAILABLE)),
        (Vitals(probe="none"), Metric.PULSE_RATE, (None, A, Reason.NOT_AVAILABLE)),
        (Vitals(probe="searching"), Metric.SPO2, (None, A, Reason.NOT_AVAILABLE)),
        (Vitals(co2_line=False), Metric.ETCO2, (None, A, Reason.NOT_AVAILABLE)),
        (Vitals(standby=True), Metric.HEART_RATE, (None, A, Reason.NOT_IN_USE)),
        (Vitals(standby=True), Metric.SPO2, (None, A, Reason.NOT_IN_USE)),
        (Vitals(spo2=98.163), Metric.SPO2, (98.16, V, None)),
    ],
)
def test_what_the_sensors_find_is_heard(
    vitals: Vitals, metric: Metric, expected: tuple[float | None, Validity, Reason | None]
) -> None:
    assert said(converse(FAMILY, monitor(vitals), seconds=20), metric) == {expected}


def test_in_standby_nothing_is_valid_but_the_barometer() -> None:
    heard = converse(FAMILY, monitor(Vitals(standby=True, cuff=Cuff(START - 500, 120, 80, 93, 70))), seconds=60)
    valid = {r.name for report in heard.reports for r in report.readings if r.validity is V}
    assert valid == {"co2.amb_press"}


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    chosen = DriSettings(interval_s=2, waves=("pleth", "co2"), alarms=True)
    whole, pieces = (converse(FAMILY, monitor(), 60, settings=chosen, wire=wire) for wire in (lambda d: [d], trickle))
    assert whole.outputs == pieces.outputs
    assert whole.damage == []


def test_a_bad_line_costs_records_and_never_invents() -> None:
    count = [0]

    def harm(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        place = count[0] * 37 % len(data)
        return {0: [data[:place], data[place + 1 :]], 1: [data[:place] + b"\x00" + data[place:]]}.get(
            count[0] % 5, [data]
        )

    heard = converse(FAMILY, monitor(), 1200, wire=harm)
    assert len(heard.reports) > 100
    assert heard.damage
    assert said(heard, Metric.SPO2) == {(98.0, V, None)}
    assert said(heard, Metric.HEART_RATE) == {(72, V, None)}


def test_waves_come_in_blocks_of_a_second() -> None:
    chosen = DriSettings(interval_s=2, waves=("pleth", "ecg_2", "co2", "resp"))
    device = monitor(Vitals(co2_line=False))
    heard = converse(FAMILY, device, 60, settings=chosen)
    blocks = [output for output in heard.outputs if isinstance(output, Waveform)]
    assert {block.name for block in blocks} == {"pleth", "ecg_2", "co2", "resp"}
    assert {len(block.samples) for block in blocks if block.name == "ecg_2"} == {300}
    assert {sample for block in blocks if block.name == "co2" for sample in block.samples} == {None}
    assert max(sample or 0 for block in blocks if block.name == "pleth" for sample in block.samples) > 1.9
    assert device.violations == []


def test_a_monitor_that_lost_power_is_asked_again() -> None:
    device = monitor()
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] == 10:
            device.restart()
        return [data]

    heard = converse(FAMILY, device, 300, wire=wire)
    times = [report.device_time for report in heard.reports if report.device_time]
    gaps = [b - a for a, b in pairwise(times) if b - a > timedelta(seconds=5)]
    assert gaps == [timedelta(seconds=25)]
    assert device.violations == []
