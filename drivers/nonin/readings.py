"""A Nonin frame in canonical words."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from drivers.api import Alarm, Reading, Report, Waveform
from drivers.nonin import averages, packets, spot
from drivers.nonin.averages import Averages
from drivers.nonin.channels import (
    AVERAGES,
    AVERAGES_FAULTS,
    AVERAGES_PERFUSION,
    BYTE_4,
    DISPLAY,
    HEALTHY,
    LOW_BATTERY,
    NOT_SMART_POINT,
    PACKET_FAULTS,
    PACKET_PERFUSION,
    PULSE,
    SENSOR_ALARM,
    SPO2,
    SPOT,
    SPOT_FAULTS,
    Bell,
    Channel,
    Fault,
)
from drivers.nonin.packets import Packet
from drivers.nonin.spot import Spot
from drivers.nonin.text import TextLine, number
from drivers.vocabulary import Metric, Reason, Validity

_PERIOD_S: Final = 1 / packets.FRAMES_PER_S


@lru_cache(maxsize=4_096)
def reading(channel: Channel, name: str, number: int, raw: str, fault: Fault = HEALTHY) -> Reading:
    """Say one number in the light of what the device says beside it."""
    if number == channel.missing:
        return Reading(channel.metric, None, None, Validity.ABSENT, fault.why_absent, name, raw)
    if fault.validity is Validity.INVALID:
        return Reading(channel.metric, None, None, Validity.INVALID, fault.reason, name, raw)
    if not channel.least <= number <= channel.most:
        return Reading(channel.metric, None, None, Validity.INVALID, Reason.IMPLAUSIBLE, name, raw)
    if fault is not HEALTHY:
        return Reading(channel.metric, number, None, Validity.QUESTIONABLE, fault.reason, name, raw)
    if number == 0:  # within the range that is stated, but nobody's
        return Reading(channel.metric, number, None, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE, name, raw)
    return Reading(channel.metric, number, name=name, raw=raw)


def numbers(names: tuple[str, str], spo2: int, hr: int, fault: Fault) -> tuple[Reading, Reading]:
    """Say saturation and pulse, with their bits as hexadecimal text."""
    return (
        reading(SPO2, names[0], spo2, f"{spo2:02X}", fault),
        reading(PULSE, names[1], hr, f"{hr:04X}", fault),
    )


def first(faults: Sequence[Fault], bits: int) -> Fault:
    """Give the fault that counts."""
    return next((fault for fault in faults if bits & fault.bit), HEALTHY)


def statuses_of(packet: Packet) -> int:
    """Give each bit that is set in any of the 25 frames."""
    bits = 0
    for status in set(packet.statuses):
        bits |= status
    return bits


def numbers_of_packet(packet: Packet) -> tuple[Reading, Reading]:
    """Say the display's numbers; a sensor alarm in any frame disowns them."""
    fault = first(PACKET_FAULTS, statuses_of(packet))
    return numbers(DISPLAY, packet.saturation(packets.SPO2_D), packet.rate(packets.HR_D), fault)


def alarms_of_packet(packet: Packet) -> tuple[Alarm, ...]:
    """List what the packet's status bits call out."""
    is_low = packet.floats[packets.STAT2] & packets.LOW_BATTERY
    return _alarms(statuses_of(packet) & packets.SENSOR_ALARM, is_low)


def perfusion_of(statuses: frozenset[int]) -> list[Reading]:
    """Say the worst perfusion among these; nothing if no pulse has been, or no finger."""
    if any(status & packets.SENSOR_ALARM for status in statuses):
        return []
    colours = {status & (packets.RED | packets.GREEN) for status in statuses}
    return [_perfusion(word) for colour, word in PACKET_PERFUSION if colour in colours][:1]


def waveform(packet: Packet) -> Waveform:
    """Give the packet's 25 samples; what was sampled without a finger is none."""
    bits = statuses_of(packet)
    samples: tuple[float | None, ...] = packet.pleth
    validity = Validity.VALID
    if bits & packets.SENSOR_ALARM:
        pairs = zip(packet.statuses, packet.pleth, strict=True)
        samples = tuple(None if status & packets.SENSOR_ALARM else sample for status, sample in pairs)
        validity = Validity.INVALID
    elif bits & (packets.OUT_OF_TRACK | packets.ARTIFACT):
        validity = Validity.QUESTIONABLE
    return Waveform(Metric.PLETH, samples, _PERIOD_S, "pleth", unit="1", validity=validity)


def report_of_averages(frame: Averages) -> Report:
    """Say one second of data format 8."""
    fault = first(AVERAGES_FAULTS, frame.status2 << BYTE_4 | frame.status)
    has_finger = fault.validity is not Validity.INVALID
    words = [_perfusion(word) for bit, word in AVERAGES_PERFUSION if frame.status & bit and has_finger][:1]
    return Report(
        [*numbers(AVERAGES, frame.spo2, frame.hr, fault), *words],
        alarms=_alarms(frame.status2 & averages.SENSOR_ALARM, frame.status2 & averages.LOW_BATTERY),
    )


def report_of_spot(frame: Spot) -> Report:
    """Say one spot measurement; its time is the measurement's own."""
    bits = frame.status | (0 if frame.status & spot.SMART_POINT else NOT_SMART_POINT)
    fault = first(SPOT_FAULTS, bits)
    is_old = bool(frame.status & spot.FROM_MEMORY)
    return Report(
        [_dated(said, frame.taken) for said in numbers(SPOT, frame.spo2, frame.hr, fault)],
        device_time=None if is_old else frame.taken,
        alarms=_alarms(0, frame.status & spot.LOW_BATTERY),
        late=is_old,
    )


def report_of_line(line: TextLine) -> Report:
    """Say one line of desktop ASCII. It has no word for why there is no number."""
    return Report([_of_text(SPO2, "SPO2", line.spo2), _of_text(PULSE, "HR", line.hr)])


def _of_text(channel: Channel, name: str, text: str) -> Reading:
    said = number(text)
    return reading(channel, name, channel.missing if said is None else said, text)


def _dated(said: Reading, taken: datetime | None) -> Reading:
    if taken is not None:
        return said._replace(device_time=taken)
    if said.validity is not Validity.VALID:
        return said
    return said._replace(validity=Validity.QUESTIONABLE, reason=Reason.AGE_UNKNOWN)


@lru_cache(maxsize=8)
def _perfusion(word: str) -> Reading:
    return Reading(Metric.SIGNAL_QUALITY, word, name="perfusion", raw=word)


def _alarms(sensor: int, battery: int) -> tuple[Alarm, ...]:
    return tuple(_alarm(bell) for bell, is_on in ((SENSOR_ALARM, sensor), (LOW_BATTERY, battery)) if is_on)


def _alarm(bell: Bell) -> Alarm:
    return Alarm(bell.code, bell.text)
