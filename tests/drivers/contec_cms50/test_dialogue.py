"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

from drivers.api import Departed, Identity, Output, Port, Report, Request, Waveform
from drivers.contec_cms50 import FAMILY
from drivers.contec_cms50.codec import KeepAlive, OldPacket, Other, Protocol, Realtime, StartRealtime, StopRealtime
from drivers.contec_cms50.driver import Cms50Dialogue, Cms50Settings, rest_s
from drivers.vocabulary import Metric, Validity
from simulators.api import Fixed, StillBedside, Vitals
from simulators.contec_cms50.oximeter import Cms50Device, Cms50DeviceSettings
from tests.captures import load_all
from tests.converse import START, Heard, converse

HERE = Path(__file__).parent
LOG = next(capture.frames for capture in load_all(HERE / "captures") if capture.path.stem == "01_cms50e_log")
GOOD = Realtime(4, 53, 6, 72, 97, 325).encode()
PROTOCOLS: tuple[Protocol, ...] = ("v7", "old")


@dataclass(frozen=True)
class Removed:
    """A finger that goes at a moment."""

    at_s: float

    def at(self, now: float) -> Vitals:
        return Vitals(probe="on" if now < START + self.at_s else "off")


def device(protocol: Protocol, vitals: Vitals | None = None) -> Cms50Device:
    return Cms50Device(StillBedside(patient=Fixed(vitals or Vitals())), Cms50DeviceSettings(protocol))


def heard_from(oximeter: Cms50Device, protocol: Protocol, seconds: float) -> Heard:
    return converse(FAMILY, oximeter, seconds, settings=Cms50Settings(protocol))


def said(heard: Heard, metric: Metric) -> set[tuple[object, str, str | None]]:
    readings = (r for report in heard.reports for r in report.readings if r.metric is metric)
    return {(r.value, r.validity.value, r.reason.value if r.reason else None) for r in readings}


def waves(heard: Iterable[Output]) -> list[Waveform]:
    return [output for output in heard if isinstance(output, Waveform)]


# --- against the simulator


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_hour_is_3600_reports(protocol: Protocol) -> None:
    oximeter = device(protocol)
    heard = heard_from(oximeter, protocol, 3600)
    assert len(heard.reports) == pytest.approx(3600, abs=1)
    assert (heard.damage, oximeter.violations, oximeter.tampered) == ([], [], False)
    assert said(heard, Metric.SPO2) == {(98, "valid", None)}
    assert said(heard, Metric.PULSE_RATE) == {(72, "valid", None)}
    assert said(heard, Metric.PERFUSION_INDEX) == ({(4.0, "valid", None)} if protocol == "v7" else set())
    counts = {request: heard.sent.count(request().encode()) for request in (StartRealtime, KeepAlive, StopRealtime)}
    assert counts == (
        {StartRealtime: 1, KeepAlive: 719, StopRealtime: 1} if protocol == "v7" else dict.fromkeys(counts, 0)
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_waveform_has_60_samples_a_second_and_72_beats_a_minute(protocol: Protocol) -> None:
    blocks = waves(heard_from(device(protocol), protocol, 60).outputs)
    assert {len(block.samples) for block in blocks} == {60}
    assert {(block.name, block.unit, block.validity) for block in blocks} == {("pleth", "1", Validity.VALID)}
    samples = [sample for block in blocks for sample in block.samples if sample is not None]
    rises = [key for key, _ in groupby(sample > 60 for sample in samples)]
    assert rises.count(True) == pytest.approx(72, abs=2)


@pytest.mark.parametrize(
    ("vitals", "expected"),
    [
        (Vitals(probe="off"), (None, "absent", "sensor off")),
        (Vitals(probe="none"), (None, "absent", "sensor off")),
        (Vitals(standby=True), (None, "absent", "sensor off")),
        (Vitals(probe="searching"), (None, "absent", "searching")),
        (Vitals(spo2=0.2), (None, "absent", "not available")),
    ],
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_the_sensor_finds_is_heard(
    protocol: Protocol, vitals: Vitals, expected: tuple[int | None, str, str]
) -> None:
    heard = heard_from(device(protocol, vitals), protocol, 5)
    assert said(heard, Metric.SPO2) == {expected}
    if vitals.probe != "on" or vitals.standby:
        assert Validity.VALID not in {block.validity for block in waves(heard.outputs)}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_finger_that_goes_is_said_within_a_tenth_of_a_second(protocol: Protocol) -> None:
    oximeter = Cms50Device(StillBedside(patient=Removed(10.35)), Cms50DeviceSettings(protocol))
    heard = heard_from(oximeter, protocol, 20)
    order = [word for word, _ in groupby(report.readings[0].validity.value for report in heard.reports)]
    assert order == ["valid", "absent"]
    assert len([report for report in heard.reports if report.readings[0].value is not None]) == 11
    mixed = [block for block in waves(heard.outputs) if len(set(block.samples) & {None}) and any(block.samples)]
    assert [block.validity for block in mixed] == [Validity.INVALID]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_byte_at_a_time_is_as_good_as_a_write(protocol: Protocol) -> None:
    def slowly(data: bytes) -> Iterable[bytes]:
        return [data[i : i + 1] for i in range(len(data))]

    whole, slow = (
        converse(FAMILY, device(protocol), 20, settings=Cms50Settings(protocol), wire=wire)
        for wire in (lambda d: [d], slowly)
    )
    assert slow.outputs == whole.outputs


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_wrong_protocol_brings_no_reading(protocol: Protocol) -> None:
    other: Protocol = "old" if protocol == "v7" else "v7"
    oximeter = device(other)
    oximeter.open(START)
    oximeter.receive(StartRealtime().encode() if other == "v7" else b"", START)
    dialogue = Cms50Dialogue(Cms50Settings(protocol), Port())
    outputs = [
        o for second in range(1, 30) for data in oximeter.tick(START + second) for o in dialogue.receive(data, 0)
    ]
    assert not any(isinstance(output, Report | Waveform) for output in outputs)
    assert outputs


def test_a_device_that_hears_no_keep_alive_says_that_it_leaves_and_is_asked_again() -> None:
    oximeter = device("v7")
    oximeter.open(START)
    oximeter.receive(StartRealtime().encode(), START)
    assert oximeter.wake_at is not None
    assert list(oximeter.tick(START + 11)) == [Other(0x0D, 1).encode()]
    assert oximeter.wake_at is None


# --- by hand


def dialogue_in(protocol: Protocol = "v7") -> Cms50Dialogue:
    return Cms50Dialogue(Cms50Settings(protocol), Port())


def test_the_log_of_a_cms50e() -> None:
    dialogue = dialogue_in()
    identity, report = dialogue.receive(b"".join(LOG), 0.0)
    assert identity == Identity(manufacturer="Contec", dialect="V7.0")
    assert isinstance(report, Report)
    values = {r.metric: (r.value, r.validity.value) for r in report.readings}
    assert values == {
        Metric.SPO2: (99, "valid"),
        Metric.PULSE_RATE: (60, "valid"),
        Metric.PERFUSION_INDEX: (None, "absent"),
        Metric.SIGNAL_QUALITY: (4, "valid"),
    }
    assert waves(dialogue.receive(b"".join(LOG) * 3 + GOOD, 0.1))[0].samples[:6] == (19, 8, 12, 19, 29, 40)


def test_a_change_is_said_at_once_and_what_is_equal_once_a_second() -> None:
    dialogue = dialogue_in()
    stream = [Realtime(4, 0, 6, 72, 97, 325)] * 70 + [Realtime(4, 0, 6, 72, 96, 325)] * 2
    outputs = dialogue.receive(b"".join(packet.encode() for packet in stream), 0.0)
    assert [r.readings[0].value for r in outputs if isinstance(r, Report)] == [97, 97, 96]


def test_a_beat_and_a_bar_are_no_change() -> None:
    dialogue = dialogue_in()
    stream = [Realtime(4 | beep, wave, bar, 72, 97, 325) for beep in (0, 0x40) for wave in (0, 9) for bar in (1, 2)]
    outputs = dialogue.receive(b"".join(packet.encode() for packet in stream), 0.0)
    assert len([output for output in outputs if isinstance(output, Report)]) == 1


def test_a_block_is_cut_at_damage_and_forgotten_after_a_pause() -> None:
    dialogue = dialogue_in()
    dialogue.receive(GOOD * 10, 0.0)
    assert [len(block.samples) for block in waves(dialogue.receive(b"\x80" + GOOD * 5, 0.1))] == [9]
    dialogue.tick(0.3)
    assert waves(dialogue.receive(GOOD * 59, 5.0)) == []
    assert [len(block.samples) for block in waves(dialogue.receive(GOOD * 2, 5.1))] == [60]


def test_an_old_packet_alone_counts_after_silence() -> None:
    dialogue = dialogue_in("old")
    assert (dialogue.open(0.0), dialogue.wake_at) == ([], None)
    assert dialogue.receive(OldPacket(4, 53, 6, 72, 97).encode(), 1.0) == []
    assert dialogue.wake_at == 1.2
    assert [type(output) for output in dialogue.tick(1.2)] == [Identity, Report]
    assert dialogue.wake_at is None
    assert dialogue.close(2.0) == []


def test_a_name_in_a_packet_goes_nowhere() -> None:
    user = bytes((0x05, 0x80, *(0x80 | byte for byte in b"JaneDoe")))
    assert dialogue_in().receive(user + GOOD[:0], 0.0) == []


def test_rests_double_up_to_a_minute() -> None:
    assert [rest_s(failures) for failures in (1, 2, 3, 4, 99)] == [1.0, 2.0, 4.0, 4.0, 4.0]


def test_what_is_sent_byte_for_byte() -> None:
    """Start, keep-alive, damage, silence, no answer, a late answer, the device's leave, close and a new connection."""
    script: list[tuple[float, bytes]] = [
        *((at / 2, GOOD) for at in range(1, 24)),  # keep-alive at 5.7 and 10.7
        (11.9, b"\x80\x80\x80"),  # damage is no reason to speak
        (13.0, GOOD),
        (20.0, b""),  # silence since 13.2: asked again at 16.2, 19.2
        (30.0, GOOD),
        (31.0, bytes.fromhex("0D 80 81")),
        (31.5, b""),
        (33.0, bytes.fromhex("0B 80 A1 85")),  # a refusal moves nothing
    ]
    dialogue, lines = dialogue_in(), ["# What the gateway sends, second by second (test_dialogue.py)."]

    def note(outputs: Iterable[Output], now: float) -> None:
        lines.extend(f"{now:5.1f} {o.encode().hex(' ')} | {o}" for o in outputs if isinstance(o, Request))

    def pass_time(now: float, until: float) -> None:
        while (due := dialogue.wake_at) is not None and due <= until:
            now = max(now, due)
            note(dialogue.tick(now), now)

    note(dialogue.open(0.0), 0.0)
    now = 0.0
    for at, data in script:
        pass_time(now, at)
        note(dialogue.receive(data, at), at)
        now = at
    pass_time(now, 40.0)
    note(dialogue.receive(GOOD, 40.0), 40.0)
    pass_time(40.0, 40.9)
    note(dialogue.close(41.0), 41.0)
    again = dialogue_in()
    note(again.open(50.0), 50.0)
    note(again.close(50.1), 50.1)
    assert "\n".join([*lines, ""]) == (HERE / "transcript.txt").read_text(encoding="utf-8")


def test_the_devices_leave_ends_the_device_at_once() -> None:
    dialogue = dialogue_in()
    dialogue.open(0.0)
    dialogue.receive(GOOD * 5, 0.1)
    assert dialogue.receive(Other(0x0D, 1).encode(), 0.2) == []
    assert dialogue.wake_at == pytest.approx(0.4)
    block, left = dialogue.tick(0.4)
    assert isinstance(block, Waveform)
    assert left == Departed("", "the device has dropped the link (reason 1)")
    assert [type(output) for output in dialogue.receive(GOOD * 2, 0.5)] == [Report]
