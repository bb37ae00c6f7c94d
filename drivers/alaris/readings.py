"""The pump's answers as readings."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from drivers.alaris.channels import (
    ALARM_MARK,
    ALARMS,
    DRUG,
    FIGURES,
    KVO_ALARMS,
    LOG,
    MODE,
    NO_ALARM,
    RATE,
    RUNNING_ALARMS,
    SINGLES,
    STATES,
    SYRINGE_CONFIRMED,
    TIME_LEFT,
    UNIT_OF,
    UNITS,
    VTBI,
    VTBI_NOT_SET,
    VTBI_SET,
    Figure,
)
from drivers.api import Alarm, Reading, Report
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity

_NUMBER: Final = re.compile(r"-?[0-9]{1,7}(?:\.[0-9]{1,6})?")
# Of a pump that doesn't answer ALARM.
_MARKS: Final[dict[str, tuple[Alarm, ...]]] = {"-": (), "A": (Alarm(AlarmCode.UNKNOWN, "alarm", raw="A"),)}
_CLOCK: Final = re.compile(r"([0-9]{2}):([0-5][0-9]):([0-5][0-9])")


def infusion(fields: tuple[str, ...], alarm: str, is_alarm_read: bool) -> Report:
    """Give what an INF line says. `alarm`: the code that ALARM named just before, to tell KVO."""
    readings = [
        _state(fields[MODE], fields[RATE], fields[ALARM_MARK], alarm),
        *(_figure(figure, fields[figure.field], fields[figure.unit_field]) for figure in FIGURES),
        _drug(fields[DRUG]),
        _time_left(fields[TIME_LEFT]),
        *(_unmapped(name, fields[place]) for place, name in LOG),
    ]
    return Report(readings, alarms=None if is_alarm_read else _MARKS.get(fields[ALARM_MARK].strip()))


def vtbi(fields: tuple[str, ...]) -> Report:
    """Give what an INF_VTBI line says."""
    is_set, value, unit, end = (field.strip() for field in fields)
    if is_set == VTBI_NOT_SET:
        return Report([_absent(VTBI.metric, Reason.NOT_IN_USE, VTBI.name, is_set)])
    reading = _figure(VTBI, value, unit)
    if is_set != VTBI_SET and reading.validity is Validity.VALID:
        reading = reading._replace(validity=Validity.QUESTIONABLE, reason=Reason.OTHER)
    return Report([reading, _unmapped("VTBI end", end)])


def single(verb: str, fields: tuple[str, ...]) -> Report:
    """Give what a line with one value says: it answers a question of somebody else's."""
    value, unit = fields
    return Report([_figure(SINGLES[verb], value, unit) if verb in SINGLES else _unmapped(verb, f"{value}^{unit}")])


def syringe(fields: tuple[str, ...]) -> Report:
    """Give what a SYRINGE_STATUS line says."""
    readings = list(_syringe(*(field.strip() for field in fields)))
    return Report(readings)


def alarm(fields: tuple[str, ...]) -> Report:
    """Give what an ALARM line says."""
    code = fields[0].strip()
    if code == NO_ALARM:
        return Report([], alarms=())
    word, text = ALARMS.get(code, (AlarmCode.UNKNOWN, code))
    return Report([], alarms=(Alarm(word, text, raw=code),))


@lru_cache(maxsize=256)
def _state(mode: str, rate: str, mark: str, alarm: str) -> Reading:
    value = _number(rate)
    state = InfusionState.UNKNOWN
    if value is not None:
        state = STATES.get((mode.strip(), value > 0), InfusionState.UNKNOWN)
    if state is InfusionState.INFUSING:
        state = _state_of_flow(mark.strip(), alarm)
    return Reading(Metric.INFUSION_STATE, state, name="mode", raw=mode)


def _state_of_flow(mark: str, alarm: str) -> InfusionState:
    """An alarm that isn't named may be the beginning of KVO, and under many a named one nothing should flow."""
    if alarm in KVO_ALARMS:
        return InfusionState.KVO
    is_undisturbed = mark == "-" or (mark == "A" and alarm in RUNNING_ALARMS)
    return InfusionState.INFUSING if is_undisturbed else InfusionState.UNKNOWN


@lru_cache(maxsize=4096)
def _figure(figure: Figure, raw: str, raw_unit: str) -> Reading:
    value, unit = _number(raw), UNITS.get(raw_unit.strip(), "")
    if value is None:
        return _absent(figure.metric, Reason.NOT_A_NUMBER if raw.strip() else Reason.NOT_AVAILABLE, figure.name, raw)
    good = Reading(figure.metric, value, unit, name=figure.name, raw=raw)
    if unit != UNIT_OF[figure.metric]:
        reason = Reason.UNIT_UNKNOWN if not unit else Reason.UNIT_CONFLICT
        return good._replace(validity=Validity.QUESTIONABLE, reason=reason, raw=f"{raw}^{raw_unit}")
    if not figure.lowest <= value <= figure.highest:
        return good._replace(validity=Validity.QUESTIONABLE, reason=Reason.IMPLAUSIBLE)
    return good


@lru_cache(maxsize=256)
def _drug(raw: str) -> Reading:
    text = raw.strip()
    return (
        Reading(Metric.DRUG_NAME, text, name="drug", raw=raw)
        if text
        else _absent(Metric.DRUG_NAME, Reason.NOT_AVAILABLE, "drug", raw)
    )


@lru_cache(maxsize=4096)
def _time_left(raw: str) -> Reading:
    text = raw.strip()
    if parts := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part) for part in parts.groups())
        return Reading(Metric.TIME_REMAINING, 3600 * hours + 60 * minutes + seconds, "s", name="time left", raw=raw)
    reasons = {"24+": Reason.OVER_RANGE, "": Reason.NOT_AVAILABLE}
    return _absent(Metric.TIME_REMAINING, reasons.get(text, Reason.NOT_A_NUMBER), "time left", raw)


def _syringe(make: str, size: str, status: str) -> Iterator[Reading]:
    value = _number(size)
    good = (
        Reading(Metric.SYRINGE_TYPE, make, name="syringe make", raw=make)
        if make
        else _absent(Metric.SYRINGE_TYPE, Reason.NOT_AVAILABLE, "syringe make", make),
        Reading(Metric.SYRINGE_SIZE, value, "mL", name="syringe size", raw=size)
        if value
        else _absent(Metric.SYRINGE_SIZE, Reason.NOT_AVAILABLE, "syringe size", size),
    )
    for reading in good:
        is_doubtful = status != SYRINGE_CONFIRMED and reading.validity is Validity.VALID
        yield reading._replace(validity=Validity.QUESTIONABLE, reason=Reason.OTHER) if is_doubtful else reading


@lru_cache(maxsize=256)
def _unmapped(name: str, raw: str) -> Reading:
    text = raw.strip()
    return (
        Reading(Metric.UNMAPPED, text, name=name, raw=raw)
        if text
        else _absent(Metric.UNMAPPED, Reason.NOT_AVAILABLE, name, raw)
    )


def _number(raw: str) -> float | None:
    text = raw.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _absent(metric: Metric, reason: Reason, name: str, raw: str) -> Reading:
    return Reading(metric, None, UNIT_OF.get(metric), Validity.ABSENT, reason, name, raw)
