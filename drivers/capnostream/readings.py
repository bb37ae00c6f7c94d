"""What one numerics message says, in canonical words."""

from functools import lru_cache

from drivers.api import Alarm, Reading
from drivers.capnostream.channels import (
    BELLS,
    CHANNELS,
    FAST_FAULTS,
    INVALID,
    NO_PULSE_OXIMETER,
    SILENCED,
    SLOW_FAULTS,
    SOUNDS,
    SPO2_FAULTS,
    UNITS,
    Channel,
    Fault,
    Unit,
)
from drivers.capnostream.codec import Numerics
from drivers.vocabulary import AlarmCode, Reason, Validity


def readings(said: Numerics, fast_status: int) -> list[Reading]:
    """Give the five values; `fast_status` is that of the last wave, 0 if none is fresh."""
    return [
        reading(
            channel,
            getattr(said, channel.field),
            said.unit if channel.is_gas else 0,
            fast_status if channel.is_co2 else 0,
            said.co2_status if channel.is_co2 else 0,
            0 if channel.is_co2 else said.spo2_alarms,
        )
        for channel in CHANNELS
    ]


def disowned(said: Numerics) -> list[Reading]:
    """Give the five values of a message whose payload is shifted: none can be believed."""
    return [
        Reading(channel.metric, None, None, Validity.INVALID, Reason.IMPLAUSIBLE, channel.name, f"{byte:02x}")
        for channel in CHANNELS
        for byte in [getattr(said, channel.field)]
    ]


@lru_cache(maxsize=16_384)
def reading(channel: Channel, byte: int, unit: int, fast: int, slow: int, oximeter: int) -> Reading:
    """Say one byte in the light of the bits that speak of its sensor."""
    scale = UNITS.get(unit) if channel.is_gas else Unit("", 1)
    validity, reason = _judge(channel, byte, scale, _fault(fast, slow, oximeter))
    has_value = scale is not None and validity in (Validity.VALID, Validity.QUESTIONABLE)
    value = _scaled(byte, scale) if has_value and scale else None
    ucum = scale.ucum if scale and scale.ucum else None
    return Reading(channel.metric, value, ucum, validity, reason, channel.name, f"{byte:02x}")


def _judge(channel: Channel, byte: int, scale: Unit | None, fault: Fault | None) -> tuple[Validity, Reason | None]:
    if byte == INVALID or (not channel.is_co2 and byte == NO_PULSE_OXIMETER):
        return Validity.ABSENT, fault.reason if fault else Reason.NOT_AVAILABLE
    if fault and fault.validity is Validity.INVALID:
        return fault.validity, fault.reason
    if scale is None:
        return Validity.INVALID, Reason.UNIT_UNKNOWN
    if byte > channel.most:
        return Validity.INVALID, Reason.IMPLAUSIBLE
    if fault:
        return fault.validity, fault.reason
    if channel.saturates and byte == channel.most:
        return Validity.QUESTIONABLE, Reason.OVER_RANGE
    return Validity.VALID, None


def _fault(fast: int, slow: int, oximeter: int) -> Fault | None:
    rows = ((FAST_FAULTS, fast), (SLOW_FAULTS, slow), (SPO2_FAULTS, oximeter))
    faults = [fault for table, bits in rows for fault in table if bits & fault.bit]
    return min(faults, key=lambda fault: fault.validity is not Validity.INVALID, default=None)


def _scaled(byte: int, scale: Unit) -> int | float:
    return byte if scale.divisor == 1 else byte / scale.divisor


@lru_cache(maxsize=4_096)
def named(co2_alarms: int, spo2_alarms: int, co2_status: int) -> tuple[Alarm, ...]:
    """List the alarms that have a bit of their own."""
    bits = {"co2_alarms": co2_alarms, "spo2_alarms": spo2_alarms, "co2_status": co2_status}
    return tuple(
        Alarm(bell.code, bell.text, source=bell.source, raw=f"{bell.bit:02x}")
        for bell in BELLS
        if bits[bell.field] & bell.bit
    )


class Alarms:
    """What the monitor shows. Remembers what sounded without a name: silence doesn't end it."""

    def __init__(self) -> None:
        self._sounding = 0

    def take(self, said: Numerics) -> tuple[Alarm, ...]:
        """List the active alarms."""
        if found := named(said.co2_alarms, said.spo2_alarms, said.co2_status):
            self._sounding = 0
            return found
        self._sounding = said.status | (self._sounding if said.status & SILENCED else 0)
        return tuple(
            Alarm(AlarmCode.UNKNOWN, text, priority, raw=f"{bit:02x}")
            for bit, text, priority in SOUNDS
            if self._sounding & bit
        )
