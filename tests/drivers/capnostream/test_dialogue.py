"""The conversation, with the simulated monitor and by hand."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from drivers.api import Announcement, Identity, Output, Port, Report, Request, Waveform
from drivers.capnostream import FAMILY
from drivers.capnostream.codec import (
    Co2Wave,
    Decoder,
    DeviceId,
    Disable,
    Enable,
    LinkIsActive,
    Numerics,
    PatientId,
    StartRealTime,
    StopRealTime,
)
from drivers.capnostream.driver import CapnostreamDialogue, CapnostreamSettings
from drivers.vocabulary import AlarmCode, EventKind, Metric, Reason, Validity
from simulators.api import Fixed, Signal, StillBedside, Vitals
from simulators.capnostream.device import CapnostreamDevice, CapnostreamDeviceSettings
from tests.captures import load
from tests.converse import START, Heard, converse
from tests.hand import ByHand

HERE = Path(__file__).parent
(GOOD,) = Decoder().feed(load(HERE / "captures" / "02_numerics.hex").frames[0])
assert isinstance(GOOD, Numerics)
NUMERICS: Numerics = GOOD
DEVICE_ID = load(HERE / "captures" / "04_device_id.hex").frames[0]


def monitor(vitals: Vitals | None = None, **settings: object) -> CapnostreamDevice:
    chosen = CapnostreamDeviceSettings(**settings)  # type: ignore[arg-type]  # keyword by keyword
    return CapnostreamDevice(StillBedside(patient=Fixed(vitals or Vitals())), chosen)


def said(heard: Heard, name: str) -> set[tuple[object, Validity, Reason | None]]:
    return {(r.value, r.validity, r.reason) for report in heard.reports for r in report.readings if r.name == name}


def waves(outputs: Iterable[Output]) -> list[Waveform]:
    return [output for output in outputs if isinstance(output, Waveform)]


# --- with the simulator


def test_an_hour_is_3600_reports_and_as_many_blocks_of_wave() -> None:
    device = monitor()
    heard = converse(FAMILY, device, 3600)
    assert len(heard.reports) == 3600
    assert len(waves(heard.outputs)) in (3599, 3600)
    assert {len(wave.samples) for wave in waves(heard.outputs)} == {20}
    assert (heard.damage, device.violations, device.tampered) == ([], [], False)
    assert said(heard, "EtCO2") == {(38, Validity.VALID, None)}
    assert said(heard, "SpO2") == {(98, Validity.VALID, None)}
    times = [report.device_time for report in heard.reports if report.device_time]
    assert {b - a for a, b in pairwise(times)} == {timedelta(seconds=1)}
    assert heard.sent == [request.encode() for request in (Enable(), StartRealTime(), StopRealTime(), Disable())]


def test_identity_is_told_once() -> None:
    heard = converse(FAMILY, monitor(), 60)
    (identity,) = [output for output in heard.outputs if isinstance(output, Identity)]
    assert (identity.manufacturer, identity.model) == ("Oridion", "Capnostream")
    assert (identity.serial, identity.firmware) == ("B200123456", "05.01")


def test_the_wave_swings_between_inspired_and_end_tidal() -> None:
    heard = converse(FAMILY, monitor(Vitals(etco2=40.0, respiration_rate=12.0)), 30)
    samples = [sample for wave in waves(heard.outputs) for sample in wave.samples if sample is not None]
    assert min(samples) == 0
    assert 39 < max(samples) <= 40
    assert {(wave.name, wave.unit, wave.period_s, wave.metric) for wave in waves(heard.outputs)} == {
        ("co2", "mm[Hg]", 0.05, Metric.UNMAPPED)
    }


@pytest.mark.parametrize(("unit", "ucum", "low", "high"), [("kPa", "kPa", 5.0, 5.2), ("vol%", "%", 4.9, 5.1)])
def test_other_units_are_read_in_their_own_scale(unit: str, ucum: str, low: float, high: float) -> None:
    heard = converse(FAMILY, monitor(unit=unit), 10)
    readings = [r for report in heard.reports for r in report.readings if r.metric is Metric.ETCO2]
    assert {r.unit for r in readings} == {ucum}
    assert all(isinstance(r.value, float) and low <= r.value <= high for r in readings)
    peak = max(sample for wave in waves(heard.outputs) for sample in wave.samples if sample is not None)
    assert low - 0.1 <= peak <= high + 0.1


@pytest.mark.parametrize(
    ("vitals", "name", "expected"),
    [
        (Vitals(probe="off"), "SpO2", (None, Validity.ABSENT, Reason.SENSOR_OFF)),
        (Vitals(probe="none"), "PR", (None, Validity.ABSENT, Reason.NO_SENSOR)),
        (Vitals(probe="searching"), "SpO2", (None, Validity.ABSENT, Reason.SEARCHING)),
        (Vitals(co2_line=False), "EtCO2", (None, Validity.ABSENT, Reason.NO_SENSOR)),
        (Vitals(co2_line=False), "RR", (None, Validity.ABSENT, Reason.NO_SENSOR)),
        (Vitals(respiration_rate=0.2), "RR", (None, Validity.ABSENT, Reason.NOT_AVAILABLE)),
        (Vitals(standby=True), "EtCO2", (None, Validity.ABSENT, Reason.DISOWNED)),
        (Vitals(standby=True), "SpO2", (None, Validity.ABSENT, Reason.NOT_AVAILABLE)),
    ],
)
def test_what_the_sensor_finds_is_heard(vitals: Vitals, name: str, expected: tuple[None, Validity, Reason]) -> None:
    heard = converse(FAMILY, monitor(vitals), 5)
    assert said(heard, name) == {expected}
    if name in ("EtCO2", "RR") and vitals.respiration_rate > 1:
        assert {sample for wave in waves(heard.outputs) for sample in wave.samples} == {None}
        assert {wave.validity for wave in waves(heard.outputs)} == {Validity.INVALID}


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (Signal(AlarmCode.APNOEA, "APNOEA"), {(AlarmCode.APNOEA, "rr")}),
        (Signal(AlarmCode.LIMIT_HIGH, "EtCO2 HIGH"), {(AlarmCode.LIMIT_HIGH, "etco2")}),
        (Signal(AlarmCode.DESATURATION, "SpO2 LOW"), {(AlarmCode.LIMIT_LOW, "spo2")}),
        (Signal(AlarmCode.LIMIT_LOW, "HR LOW"), {(AlarmCode.LIMIT_LOW, "pulse")}),
        (Signal(AlarmCode.LIMIT_HIGH, "NIBP SYS HIGH"), set()),
    ],
)
def test_its_own_alarms_are_heard_and_no_others(signal: Signal, expected: set[tuple[AlarmCode, str]]) -> None:
    heard = converse(FAMILY, monitor(Vitals(alarms=(signal,))), 5)
    assert {(alarm.code, alarm.source) for r in heard.reports for alarm in r.alarms or ()} == expected


def test_enable_is_repeated_until_the_monitor_has_found_the_rate() -> None:
    device = monitor(unheard_enables=7)
    heard = converse(FAMILY, device, 20)
    assert heard.sent[:9] == [Enable().encode()] * 8 + [StartRealTime().encode()]
    assert len(heard.reports) == 13
    assert device.violations == []


def test_a_byte_at_a_time_is_as_good_as_a_frame() -> None:
    def slowly(data: bytes) -> Iterable[bytes]:
        return [data[i : i + 1] for i in range(len(data))]

    assert converse(FAMILY, monitor(), 60, wire=slowly).outputs == converse(FAMILY, monitor(), 60).outputs


def test_a_conversation_that_nobody_closed_goes_on() -> None:
    device = monitor()
    device.receive(Enable().encode() + StartRealTime().encode(), START)
    heard = converse(FAMILY, device, 10)
    assert len(heard.reports) == 10
    assert heard.sent[:2] == [Enable().encode(), StartRealTime().encode()]


def test_link_is_active_is_sent_only_where_set() -> None:
    heard = converse(FAMILY, monitor(), 60, settings=CapnostreamSettings(link_active_s=5.0))
    assert heard.sent.count(LinkIsActive().encode()) == 12
    assert LinkIsActive().encode() not in converse(FAMILY, monitor(), 60).sent


def test_golden_transcript() -> None:
    """All bytes sent over a deaf monitor, a lost start, damage and a pulled cable; kept in transcript.txt."""
    lines = (HERE / "transcript.txt").read_text(encoding="utf-8").splitlines()
    golden = [bytes.fromhex(line.partition("|")[0]) for line in lines if line[:1] != "#"]
    device = monitor(unheard_enables=2)
    heard = converse(FAMILY, device, 40, wire=_bad_cable(), settings=CapnostreamSettings(link_active_s=7.0))
    assert heard.sent == golden
    assert device.violations == []
    assert "wrong checksum" in {damage.reason for damage in heard.damage}


def _bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Lose the first device id, harm 5 s of numerics, then lose 6 s of everything."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] == 1 or 300 <= count[0] < 430:
            return []
        if 100 <= count[0] < 200:
            return [data[:-1] + bytes([data[-1] ^ 1])]
        return [data]

    return wire


# --- by hand


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, settings: CapnostreamSettings | None = None) -> None:
        super().__init__(CapnostreamDialogue(settings or CapnostreamSettings(), Port()))


def live() -> Hand:
    hand = Hand()
    hand.open()
    hand.hear(DEVICE_ID, NUMERICS.encode())
    return hand


def test_nothing_is_said_before_opening_or_after_closing() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(START) == []
    assert hand.open() == [Enable()]
    assert hand.dialogue.close(START) == []
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(START + 100) == []


def test_a_monitor_that_never_answers_hears_enable_each_second_and_nothing_else() -> None:
    hand = Hand()
    hand.open()
    assert hand.pass_time(3600) == [Enable()] * 3600


def test_a_start_without_numerics_begins_again() -> None:
    hand = Hand()
    hand.open()
    identity, start = hand.hear(DEVICE_ID)
    assert identity == Identity("", "Oridion", "Capnostream", "B355987654", "45.67", "D006045C")
    assert start == StartRealTime()
    assert hand.hear(DEVICE_ID) == []
    assert hand.pass_time(3) == [Enable()]


def test_three_seconds_without_numerics_is_a_lost_monitor_even_if_waves_come() -> None:
    hand = live()
    for n in range(29):
        assert hand.pass_time(0.1) == []
        hand.hear(Co2Wave(n, 0, 0).encode())
    assert hand.pass_time(0.2) == [Enable()]
    assert hand.hear(DEVICE_ID) == [StartRealTime()]
    assert isinstance(hand.hear(NUMERICS.encode())[0], Report)


def test_closing_says_stop_and_disable() -> None:
    assert live().dialogue.close(START) == [StopRealTime(), Disable()]


@pytest.mark.parametrize("text", [b" " * 30, b"\x00" * 30, b"V45.67            B355987654  ", b"\xff" * 30])
def test_a_device_id_of_another_form_says_no_more_than_the_maker(text: bytes) -> None:
    hand = Hand()
    hand.open()
    identity, start = hand.hear(DeviceId(text).encode())
    assert isinstance(identity, Identity)
    assert identity.manufacturer == "Oridion"
    assert (identity.serial, identity.firmware) == (("B355987654", "45.67") if b"V45" in text else ("", ""))
    assert start == StartRealTime()


def test_identity_of_the_patient_is_dropped() -> None:
    hand = live()
    assert hand.hear(PatientId(0, b"DOE JOHN                ").encode()) == []
    assert hand.hear(PatientId(0, "DOE JOHN                ".encode("utf-16-be")).encode()) == []


def test_the_monitors_clock_is_its_own_wall_clock() -> None:
    report = live().hear(replace(NUMERICS, seconds=1_767_225_600).encode())[0]
    assert isinstance(report, Report)
    assert report.device_time == datetime.fromisoformat("2026-01-01T00:00:00")


def test_marks_are_announced_once() -> None:
    hand = live()
    marked = replace(NUMERICS, events=b"\x05\xff\x00")
    first = hand.hear(marked.encode())
    assert [x for x in first if isinstance(x, Announcement)] == [
        Announcement(EventKind.DEVICE_EVENT, text="event 5", raw="05"),
        Announcement(EventKind.DEVICE_EVENT, text="quick event", raw="ff"),
    ]
    assert not any(isinstance(x, Announcement) for x in hand.hear(marked.encode()))


def test_only_the_new_marks_of_a_message_are_announced() -> None:
    hand = live()
    said = [
        [x.raw for x in hand.hear(replace(NUMERICS, events=events).encode()) if isinstance(x, Announcement)]
        for events in (b"\x05\x00\x00", b"\x05\x06\x00", b"\x06\x05\x06", bytes(3), b"\x05\x00\x00")
    ]
    assert said == [["05"], ["06"], ["06"], [], ["05"]]


def test_silence_ends_no_alarm() -> None:
    """The slow status says only what is audible."""
    hand = live()

    def rings(status: int, spo2_alarms: int = 0) -> list[str]:
        report = hand.hear(replace(NUMERICS, status=status, spo2_alarms=spo2_alarms).encode())[0]
        assert isinstance(report, Report)
        return [alarm.text for alarm in report.alarms or ()]

    high = ["high-priority alarm"]
    assert [rings(0x08), rings(0x02), rings(0x04), rings(0x00)] == [high, high, high, []]
    assert [rings(0x02), rings(0x0A), rings(0x02), rings(0x12)] == [[], high, high, [*high, "low-priority alarm"]]
    assert [rings(0x08, 0x04), rings(0x02, 0x04), rings(0x02)] == [["SpO2 low"], ["SpO2 low"], []]


def numbers(output: Output) -> list[object]:
    assert isinstance(output, Report)
    return [r.value for r in output.readings]


def test_a_shifted_payload_is_told_from_a_patient() -> None:
    hand = live()
    shifted = replace(NUMERICS, etco2=0x90, fico2=38, rr=0, spo2=14, pulse=97)
    (report,) = hand.hear(shifted.encode())
    assert numbers(report) == [None] * 5
    assert isinstance(report, Report)
    assert report.alarms is None
    assert report.device_time is None
    assert numbers(hand.hear(NUMERICS.encode())[0]) == [38, 0, 14, 97, 72]
    assert numbers(hand.hear(replace(NUMERICS, spo2=78).encode())[0])[3] == 78
    hand.hear(replace(NUMERICS, rr=70, spo2=85).encode())
    assert numbers(hand.hear(replace(NUMERICS, rr=70, spo2=70).encode())[0])[3] == 70
    hand.pass_time(10)
    assert numbers(hand.hear(replace(NUMERICS, rr=70, spo2=30).encode())[0])[3] == 30


def test_a_status_that_is_not_fresh_says_nothing_of_the_numbers() -> None:
    hand = live()
    hand.hear(Co2Wave(0, 0, 0x40).encode())
    assert numbers(hand.hear(NUMERICS.encode())[0])[0] is None
    hand.pass_time(1.5)
    assert numbers(hand.hear(NUMERICS.encode())[0])[0] == 38


def test_lost_waves_are_empty_samples_and_a_long_gap_ends_the_block() -> None:
    hand = live()
    counters = [*range(5), *range(8, 20)]
    assert waves(hand.hear(*(Co2Wave(n, 0x0100, 0).encode() for n in counters[:-1]))) == []
    (block,) = waves(hand.hear(Co2Wave(19, 0x0100, 0).encode()))
    assert block.samples == (1.0,) * 5 + (None,) * 3 + (1.0,) * 12
    hand.hear(Co2Wave(20, 0x0200, 0).encode())
    (rest,) = waves(hand.hear(Co2Wave(100, 0x0300, 0).encode()))
    assert rest.samples == (2.0,)


def test_samples_of_before_a_gap_are_not_said_after_it() -> None:
    hand = live()
    hand.hear(*(Co2Wave(n, 0x0100, 0).encode() for n in range(10)))
    hand.pass_time(12.8)  # in which the counter has gone round once
    (block,) = waves(hand.hear(*(Co2Wave(n, 0x0200, 0).encode() for n in range(10, 30))))
    assert block.samples == (2.0,) * 20


def test_a_block_has_one_unit() -> None:
    hand = live()
    hand.hear(*(Co2Wave(n, 0x2600, 0).encode() for n in range(5)))
    (block,) = waves(hand.hear(replace(NUMERICS, unit=2).encode()))
    assert (block.unit, block.samples) == ("mm[Hg]", (38.0,) * 5)
    (block,) = waves(hand.hear(*(Co2Wave(n, 0x2600, 0).encode() for n in range(5, 25))))
    assert (block.unit, block.samples) == ("kPa", (3.8,) * 20)


def test_without_a_unit_there_is_no_wave() -> None:
    hand = Hand()
    hand.open()
    assert hand.hear(*(Co2Wave(n, 0x2600, 0).encode() for n in range(100))) == []


def test_a_recording_from_a_usb_stick_is_read_without_a_conversation() -> None:
    dialogue = CapnostreamDialogue(CapnostreamSettings(), Port())
    outputs = dialogue.receive(NUMERICS.encode() * 2, START)
    assert [type(output) for output in outputs] == [Report, Report]
    assert not any(isinstance(output, Request) for output in outputs)


@pytest.mark.parametrize("seconds", [-1, 0.5, 61, float("nan")])
def test_wrong_settings_name_the_remedy(seconds: float) -> None:
    with pytest.raises(ValueError, match="set it to"):
        CapnostreamSettings(link_active_s=seconds)
