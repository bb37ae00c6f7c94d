"""The basic operating status as readings."""

from collections.abc import Iterator
from functools import lru_cache

from drivers.api import Alarm, Reading, Report
from drivers.terumo.channels import (
    ALARM_BITS,
    ALARMS,
    COMPLETION,
    DELIVERED,
    DILUTION,
    DILUTION_OFF,
    DOSE,
    DOSE_UNITS,
    MARKS,
    MONITOR,
    NO_DOSE_UNIT,
    POWER,
    RATE,
    STATES,
    SYRINGE_50_60,
    SYRINGE_BITS,
    SYRINGES,
    VTBI,
    WEIGHT,
    WEIGHT_OFF,
    Choice,
    Figure,
)
from drivers.terumo.codec import Status
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity


def report(status: Status, *, has_syringe: bool) -> Report:
    """Give what one status says; all of it is of one moment."""
    return Report(list(_readings(status)), alarms=alarms(status.alarms, has_syringe=has_syringe))


@lru_cache(maxsize=256)
def alarms(word: int, *, has_syringe: bool) -> tuple[Alarm, ...]:
    """Give all that are active. A bit without a documented meaning is said by its number."""
    known = {bit: said for bit, said in ALARMS.items() if has_syringe or bit not in SYRINGE_BITS}
    return tuple(
        Alarm(*known.get(bit, (AlarmCode.UNKNOWN, f"alarm bit {bit}")), raw=f"bit {bit}")
        for bit in range(ALARM_BITS)
        if word >> bit & 1
    )


def _readings(status: Status) -> Iterator[Reading]:
    yield _state(status.status, is_complete=bool(status.alarms >> COMPLETION & 1))
    yield _figure(RATE, status.rate)
    yield _figure(DELIVERED, status.delivered)
    yield _figure(VTBI, status.vtbi)
    yield _dose(status.dose, status.dose_unit)
    yield _figure(WEIGHT, status.weight) if status.weight != WEIGHT_OFF else _off(WEIGHT, status.weight)
    yield _figure(DILUTION, status.dilution) if status.dilution != DILUTION_OFF else _off(DILUTION, status.dilution)
    yield _syringe(status.syringe)
    yield from (_choice(choice, status.power) for choice in POWER)
    yield from (_choice(choice, status.monitor) for choice in MONITOR)
    if status.rest:
        text = status.rest.hex()
        yield Reading(Metric.UNMAPPED, text, name="not documented", raw=text)


@lru_cache(maxsize=256)
def _state(byte: int, *, is_complete: bool) -> Reading:
    """After completion a pump may go on with KVO, and has no word for it."""
    state = STATES.get(byte >> 4, InfusionState.UNKNOWN)
    if state is InfusionState.INFUSING and is_complete:
        state = InfusionState.UNKNOWN
    return Reading(Metric.INFUSION_STATE, state, name="Basic operating status", raw=f"{byte:02x}")


@lru_cache(maxsize=4096)
def _figure(figure: Figure, number: int) -> Reading:
    if figure.size == 3 and (reason := MARKS.get(number)):
        return _absent(figure, number, reason)
    value, raw = number / figure.parts, _hex(figure, number)
    good = Reading(figure.metric, value, figure.unit, name=figure.name, raw=raw)
    if not figure.lowest <= value <= figure.highest:
        return good._replace(validity=Validity.QUESTIONABLE, reason=Reason.IMPLAUSIBLE)
    return good


@lru_cache(maxsize=4096)
def _dose(number: int, unit: int) -> Reading:
    if unit == NO_DOSE_UNIT:
        return _off(DOSE, number)
    reading = _figure(DOSE, number)
    raw = f"{reading.raw} {unit:02x}"
    if reading.value is None:
        return reading._replace(raw=raw)
    if unit not in DOSE_UNITS:
        return reading._replace(unit="", validity=Validity.QUESTIONABLE, reason=Reason.UNIT_UNKNOWN, raw=raw)
    return reading._replace(unit=DOSE_UNITS[unit], raw=raw)


@lru_cache(maxsize=256)
def _syringe(code: int) -> Reading:
    raw, name = f"{code:02x}", "Syringe status"
    if code == SYRINGE_50_60:
        return Reading(Metric.SYRINGE_TYPE, "50/60 mL", name=name, raw=raw)
    if code in SYRINGES:
        return Reading(Metric.SYRINGE_SIZE, SYRINGES[code], name=name, raw=raw)
    reason = Reason.OTHER if code else Reason.NOT_AVAILABLE
    return Reading(Metric.SYRINGE_SIZE, None, None, Validity.ABSENT, reason, name, raw)


@lru_cache(maxsize=4096)
def _choice(choice: Choice, byte: int) -> Reading:
    pattern, raw = byte >> choice.shift & (1 << choice.width) - 1, f"{byte:02x}"
    said = choice.says[pattern] if pattern < len(choice.says) else None
    if said is None:
        return Reading(choice.metric, None, choice.unit, Validity.ABSENT, Reason.OTHER, choice.name, raw)
    return Reading(choice.metric, said, choice.unit, name=choice.name, raw=raw)


def _off(figure: Figure, number: int) -> Reading:
    return _absent(figure, number, Reason.NOT_IN_USE)


def _absent(figure: Figure, number: int, reason: Reason) -> Reading:
    return Reading(figure.metric, None, figure.unit, Validity.ABSENT, reason, figure.name, _hex(figure, number))


def _hex(figure: Figure, number: int) -> str:
    return f"{number:0{2 * figure.size}x}"
