"""Return records as readings."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

from drivers.api import Alarm, Reading, Report
from drivers.graseby.channels import (
    ALARM_NUMBER,
    ALARMS,
    BATTERY_LOW,
    CENTURY,
    INFUSED,
    KVO,
    LIMIT,
    LOW_BATTERY,
    ON_BATTERY,
    POWERED,
    RATE,
    RATE_SET,
    RUN,
    SECONDARY,
    SHAPES,
    STATES,
    Figure,
    Kind,
)
from drivers.graseby.codec import Reply
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity

_NUMBER: Final = re.compile(r" {0,3}[0-9]{1,4}\.[0-9]")
_UNSEEN: Final = "alarm bytes"


def kind_of(data: str) -> Kind | None:
    """Say what a record answers; None: something that isn't known."""
    return next((kind for kind, shape in SHAPES.items() if len(data) == kind.value and shape.fullmatch(data)), None)


@lru_cache(maxsize=4096)
def report(reply: Reply, is_accepted: bool | None) -> Report:
    """Give what a record says. `is_accepted`: whether its data count; None: not known, so that none is simply valid."""
    kind, state = kind_of(reply.data), _state(reply.alarms)
    said = [_condition(reply.alarms, state), *_power(reply.alarms), _bytes(reply.alarms)]
    if is_accepted is not False and kind is Kind.INFUSION:
        said += [
            _doubt(reading, is_accepted) for reading in _infusion(reply.data, state, bool(reply.alarms[1] & SECONDARY))
        ]
    if is_accepted is not False and kind is None:
        said.append(_doubt(Reading(Metric.UNMAPPED, reply.data, name="data", raw=reply.data), is_accepted))
    clock = _clock(reply.data) if is_accepted is not False and kind is Kind.TIME else None
    return Report(said, device_time=clock, alarms=_alarms(reply.alarms))


def _doubt(reading: Reading, is_accepted: bool | None) -> Reading:
    if is_accepted or reading.validity is not Validity.VALID:
        return reading
    return reading._replace(validity=Validity.QUESTIONABLE, reason=Reason.OTHER)


def _state(alarms: bytes) -> InfusionState:
    if not alarms[2] & POWERED:
        return InfusionState.OFF if not alarms[1] & (RUN | KVO) else InfusionState.UNKNOWN
    return STATES.get((bool(alarms[1] & RUN), bool(alarms[1] & KVO)), InfusionState.UNKNOWN)


def _condition(alarms: bytes, state: InfusionState) -> Reading:
    return Reading(Metric.INFUSION_STATE, state.value, name=_UNSEEN, raw=alarms.hex().upper())


def _power(alarms: bytes) -> list[Reading]:
    text = "battery" if alarms[1] & ON_BATTERY else "mains"
    return [Reading(Metric.POWER_STATE, text, name=_UNSEEN, raw=alarms.hex().upper())]


def _bytes(alarms: bytes) -> Reading:
    """Door, clip, cassette, keypad, pressure setting, secondary and control mode: as the pump has them."""
    text = alarms.hex().upper()
    return Reading(Metric.UNMAPPED, text, name=_UNSEEN, raw=text)


@lru_cache(maxsize=256)
def _alarms(alarms: bytes) -> tuple[Alarm, ...]:
    """One is shown by its number. A low battery has a bit too: it hasn't ended when the number is another alarm's."""
    number = alarms[0] & ALARM_NUMBER
    shown = [_alarm(number)] if number else []
    if alarms[1] & BATTERY_LOW and number != LOW_BATTERY:
        shown.append(_alarm(LOW_BATTERY))
    return tuple(shown)


def _alarm(number: int) -> Alarm:
    code, text = ALARMS.get(number, (AlarmCode.UNKNOWN, f"alarm {number:02X}"))
    return Alarm(code, text, raw=f"{number:02X}")


def _infusion(data: str, state: InfusionState, is_secondary: bool) -> list[Reading]:
    """The rate is the programmed one; that it flows, the pump says by its bits.

    At the KVO rate it may be either, and in secondary mode either infusion's.
    """
    is_certain = state is not InfusionState.KVO and not is_secondary
    rate_set = _doubt(_figure(RATE_SET, data), is_certain)
    flowing = _absent(RATE, Reason.NOT_AVAILABLE, rate_set.raw)
    if state is InfusionState.INFUSING:
        flowing = _doubt(_figure(RATE, data), is_certain)
    return [flowing, rate_set, _figure(INFUSED, data), _figure(LIMIT, data)]


def _figure(figure: Figure, data: str) -> Reading:
    parts = SHAPES[Kind.INFUSION].fullmatch(data)
    raw = parts[figure.group] if parts else ""
    if not _NUMBER.fullmatch(raw):
        return _absent(figure, Reason.NOT_A_NUMBER if raw.strip() else Reason.NOT_AVAILABLE, raw)
    return Reading(figure.metric, float(raw), figure.unit, name=figure.name, raw=raw)


def _absent(figure: Figure, reason: Reason, raw: str) -> Reading:
    return Reading(figure.metric, None, figure.unit, Validity.ABSENT, reason, figure.name, raw)


def _clock(data: str) -> datetime | None:
    """Give the pump's own time; its year has two digits."""
    try:
        return datetime.strptime(f"{CENTURY}{data}", "%Y%m%d%H%M%S")  # noqa: DTZ007  the pump says no zone
    except ValueError:
        return None
