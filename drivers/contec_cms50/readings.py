"""A packet in canonical words."""

from functools import lru_cache
from typing import NamedTuple

from drivers.api import Alarm, Reading, Report
from drivers.contec_cms50.channels import (
    DISOWNED,
    DROP_BELL,
    FAULT_BELL,
    FINGER_OUT,
    HEALTHY,
    LOW_BELL,
    LOW_SPO2,
    OFF_BELL,
    OLD_FINGER_OUT,
    OLD_PROBE_ERROR,
    OLD_PULSE,
    OLD_SEARCHING,
    OLD_SPO2,
    OLD_SPO2_DROPPING,
    PI_INVALID,
    PROBE_ERROR,
    PROBE_FAULT,
    SEARCH,
    SEARCH_TOO_LONG,
    SEARCHING,
    SIGNAL,
    SIGNAL_BITS,
    V7_PI,
    V7_PULSE,
    V7_SPO2,
    Bell,
    Channel,
    Fault,
)
from drivers.contec_cms50.codec import OldPacket, Realtime
from drivers.vocabulary import Reason, Validity


class Moment(NamedTuple):
    """All that a packet says but the waveform and how strong the signal is: what is worth a report of its own."""

    fault: Fault
    bells: tuple[Bell, ...]
    numbers: tuple[tuple[Channel, int, Fault], ...]


@lru_cache(maxsize=1_024)
def moment_of(status: int, searching: int, pi_invalid: int, pulse: int, spo2: int, pi: int) -> Moment:
    """Judge a packet of V7.0 by the bits and numbers that say something."""
    fault = HEALTHY
    if status & PROBE_ERROR:
        fault = FINGER_OUT
    elif searching or status & SEARCH_TOO_LONG:
        fault = SEARCH
    bells = _rung((PROBE_ERROR, OFF_BELL), (LOW_SPO2, LOW_BELL), bits=status)
    pi_fault = DISOWNED if pi_invalid and fault is not FINGER_OUT else fault
    return Moment(fault, bells, ((V7_SPO2, spo2, fault), (V7_PULSE, pulse, fault), (V7_PI, pi, pi_fault)))


@lru_cache(maxsize=1_024)
def moment_of_old(status: int, bar: int, pulse: int, spo2: int) -> Moment:
    """Judge a packet of the old protocol by the bits and numbers that say something."""
    fault = HEALTHY
    if status & OLD_FINGER_OUT:
        fault = FINGER_OUT
    elif bar & OLD_PROBE_ERROR:
        fault = PROBE_FAULT
    elif bar & OLD_SEARCHING:
        fault = SEARCH
    bells = _rung((OLD_FINGER_OUT, OFF_BELL), (OLD_SPO2_DROPPING, DROP_BELL), bits=status)
    bells += _rung((OLD_PROBE_ERROR, FAULT_BELL), bits=bar)
    return Moment(fault, bells, ((OLD_SPO2, spo2, fault), (OLD_PULSE, pulse, fault)))


def moment(packet: Realtime | OldPacket) -> Moment:
    """Judge a packet."""
    if isinstance(packet, OldPacket):
        flags = packet.status & (OLD_FINGER_OUT | OLD_SPO2_DROPPING)
        return moment_of_old(flags, packet.bar & (OLD_PROBE_ERROR | OLD_SEARCHING), packet.pulse, packet.spo2)
    flags = packet.status & (PROBE_ERROR | LOW_SPO2 | SEARCH_TOO_LONG)
    pi_invalid = packet.bar & PI_INVALID
    return moment_of(flags, packet.wave & SEARCHING, pi_invalid, packet.pulse, packet.spo2, packet.pi)


def report(said: Moment, status: int) -> Report:
    """Say a moment in canonical words, with the signal's strength."""
    readings = [reading(*number) for number in said.numbers]
    readings.append(reading(SIGNAL, status & SIGNAL_BITS, said.fault))
    return Report(readings, alarms=tuple(Alarm(bell.code, bell.text, source=bell.source) for bell in said.bells))


@lru_cache(maxsize=4_096)
def reading(channel: Channel, number: int, fault: Fault) -> Reading:
    """Say one number in the light of what stands beside it."""
    raw = f"{number:0{4 if channel.missing > 0xFF else 2}X}"
    validity, reason = _judged(channel, number, fault)
    if validity in (Validity.ABSENT, Validity.INVALID):
        return Reading(channel.metric, None, channel.unit, validity, reason, channel.name, raw)
    value = number if channel.per == 1 else number / channel.per
    return Reading(channel.metric, value, channel.unit, validity, reason, channel.name, raw)


def _judged(channel: Channel, number: int, fault: Fault) -> tuple[Validity, Reason | None]:
    if number == channel.missing:
        return Validity.ABSENT, Reason.NOT_AVAILABLE if fault is DISOWNED else fault.reason
    if fault.validity is Validity.INVALID:
        return Validity.INVALID, fault.reason
    if not channel.least <= number <= channel.most:
        return Validity.INVALID, Reason.IMPLAUSIBLE
    return (Validity.VALID, None) if fault is HEALTHY else (fault.validity, fault.reason)


def _rung(*pairs: tuple[int, Bell], bits: int) -> tuple[Bell, ...]:
    return tuple(bell for bit, bell in pairs if bits & bit)
