"""Listens to a Masimo oximeter. Each line is a report; nothing is remembered but the serial number."""

from collections.abc import Sequence
from functools import lru_cache

from drivers.api import Alarm, Damage, Identity, NoSettings, Output, Port, Reading, Report
from drivers.masimo.channels import (
    ACTIVE_BELL,
    CHANNELS,
    FAULTS,
    HEALTHY,
    LIMIT_BELLS,
    NOT_READINGS,
    OTHER_BELLS,
    UNMAPPED,
    UNNAMED,
    Channel,
    Fault,
)
from drivers.masimo.codec import Decoder, TextLine, number
from drivers.vocabulary import Reason, Validity


class MasimoDialogue:
    """One oximeter on one line. It has nothing to say."""

    wake_at: None = None

    def __init__(self, _settings: NoSettings, _port: Port) -> None:
        self._decoder = Decoder()
        self._serial = ""

    def open(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def receive(self, data: bytes, _now: float) -> Sequence[Output]:
        """Take any split of what the device says."""
        outputs: list[Output] = []
        for frame in self._decoder.feed(data):
            if isinstance(frame, Damage):
                outputs.append(frame)
                continue
            serial = frame.values.get("SN", "-")
            if serial != self._serial and "-" not in serial:
                self._serial = serial
                outputs.append(Identity(manufacturer="Masimo", serial=serial, dialect="ASCII 1"))
            outputs.append(report(frame))
        return outputs

    def tick(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []


def report(line: TextLine) -> Report:
    """Say one line in canonical words."""
    exc = int(line.values["EXC"], 16)
    alarm = line.values.get("ALARM")
    return Report(
        [reading(key, text, exc) for key, text in line.values.items() if key not in NOT_READINGS],
        device_time=line.clock,
        alarms=None if alarm is None else alarms(int(alarm, 16)),
    )


@lru_cache(maxsize=16_384)
def reading(key: str, text: str, exc: int) -> Reading:
    """Say one value in the light of the exceptions that stand beside it."""
    channel = CHANNELS.get(key, UNMAPPED)
    fault = _fault(key, exc)
    value = _value(channel, key, text)
    if value is None:
        validity, reason = Validity.ABSENT, _why_absent(channel, key, fault)
    elif fault.validity is Validity.INVALID:
        value, validity, reason = None, Validity.INVALID, fault.reason
    elif channel.doubt or fault is not HEALTHY:
        validity, reason = Validity.QUESTIONABLE, channel.doubt or fault.reason
    else:
        return Reading(channel.metric, value, channel.unit, name=key, raw=text)
    return Reading(channel.metric, value, channel.unit, validity, reason, key, text)


def _fault(key: str, exc: int) -> Fault:
    return next((fault for fault in (*FAULTS, UNNAMED) if exc & fault.bit and fault.key in ("", key)), HEALTHY)


def _value(channel: Channel, key: str, text: str) -> int | float | str | None:
    if channel is UNMAPPED:
        return text if any(place.isalnum() for place in text) else None
    value = number(key, text)
    return None if value == 0 and channel.is_basic else value


def _why_absent(channel: Channel, key: str, fault: Fault) -> Reason:
    """A fault that leaves SpO2 standing doesn't explain why another parameter has dashes, unless it names it."""
    explains = channel.is_basic or fault.validity is Validity.INVALID or fault.key == key
    return fault.reason if explains else HEALTHY.reason


@lru_cache(maxsize=256)
def alarms(bits: int) -> tuple[Alarm, ...]:
    """List what ALARM shows."""
    bells = [bell for bell in LIMIT_BELLS if bits & bell.bit]
    if not bells and bits & ACTIVE_BELL.bit:
        bells.append(ACTIVE_BELL)
    bells += [bell for bell in OTHER_BELLS if bits & bell.bit]
    return tuple(Alarm(bell.code, bell.text, source=bell.source, raw=f"{bell.bit:04X}") for bell in bells)
