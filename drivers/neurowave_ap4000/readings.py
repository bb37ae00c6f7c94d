"""A status as readings and alarms."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final

from drivers.api import Alarm, Reading, Report
from drivers.neurowave_ap4000.channels import (
    ALARM_COUNT,
    ALARM_FIELDS,
    ALARM_SLOTS,
    ALARMS,
    AUDIO,
    CHANNELS,
    CONCENTRATION,
    CONCENTRATION_UNIT,
    DATE,
    DEVICES,
    DRUG,
    FIGURES,
    FIRST_ALARM,
    HIGHEST,
    MORE_ALARMS,
    NO_ALARMS,
    NO_CONCENTRATION,
    NOT_SET,
    PRIORITIES,
    RATE,
    REMAINING,
    RUNNING_ALARMS,
    SERIAL,
    TIME,
    UNITS,
    UNMAPPED,
    VTBI,
    Figure,
)
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity

_NUMBER: Final = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?")
_COUNT: Final = re.compile(r"-?[0-9]{1,3}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.:]([0-9]{1,3}))?")  # version 0.2 writes a colon


def status(fields: tuple[str, ...]) -> Report | None:
    """Give what a status says; None: date, time and alarm count aren't where they should be, so nothing else is."""
    if not (_DATE.fullmatch(fields[DATE]) and _TIME.fullmatch(fields[TIME]) and _COUNT.fullmatch(fields[ALARM_COUNT])):
        return None
    active = alarms(fields)
    readings = [reading for number in CHANNELS for reading in _channel(number, fields, active)]
    readings.append(_text(Metric.UNMAPPED, "alarm audio", fields[AUDIO]))
    return Report(readings, device_time=clock(fields[DATE], fields[TIME]), alarms=active)


def serials(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Give the serial numbers of both channels' pumps."""
    return tuple(fields[SERIAL + shift].strip() for shift in CHANNELS.values())


def clock(date: str, time: str) -> datetime | None:
    """Give the pump's own time; None: there is no such moment."""
    moment = _TIME.fullmatch(time)
    if not moment or not _DATE.fullmatch(date):
        return None
    hours, minutes, seconds, milliseconds = moment.groups()
    try:
        return datetime.fromisoformat(f"{date}T{hours}:{minutes}:{seconds}.{int(milliseconds or 0):03}")
    except ValueError:
        return None


def alarms(fields: tuple[str, ...]) -> tuple[Alarm, ...] | None:
    """Give the alarms that stand; None: their number makes no sense."""
    count = int(fields[ALARM_COUNT])
    if count < NO_ALARMS:
        return None
    named = min(max(count, 0), ALARM_SLOTS)
    places = (FIRST_ALARM + ALARM_FIELDS * slot for slot in range(named))
    found = tuple(_alarm(*(text.strip() for text in fields[place : place + ALARM_FIELDS])) for place in places)
    if count > ALARM_SLOTS:
        return (*found, Alarm(AlarmCode.UNKNOWN, MORE_ALARMS, raw=fields[ALARM_COUNT]))
    return found


@lru_cache(maxsize=256)
def _alarm(code: str, device: str, priority: str, sound: str) -> Alarm:
    word, text = ALARMS.get(code, (AlarmCode.UNKNOWN, code or "alarm without a code"))
    raw = "^".join((code, device, priority, sound))
    return Alarm(word, text, PRIORITIES.get(priority.upper()), DEVICES.get(device, device), raw)


def _channel(number: str, fields: tuple[str, ...], active: tuple[Alarm, ...] | None) -> Iterator[Reading]:
    own = fields[CHANNELS[number] :]
    figures = {figure: _figure(figure, own[figure.field], number) for figure in FIGURES}
    is_doubtful = active is None or any(_disturbs(alarm, number) for alarm in active)
    yield _state(figures, is_doubtful, number)
    yield from figures.values()
    yield _text(Metric.DRUG_NAME, "drug", own[DRUG], number)
    yield _concentration(own[CONCENTRATION], own[CONCENTRATION_UNIT], number)
    yield from (_text(Metric.UNMAPPED, name, own[place], number) for place, name in UNMAPPED)


def _disturbs(alarm: Alarm, number: str) -> bool:
    """One that names no channel may be any channel's."""
    is_ours = alarm.source == number or alarm.source not in CHANNELS
    return is_ours and alarm.raw.partition("^")[0] not in RUNNING_ALARMS


def _state(figures: dict[Figure, Reading], is_doubtful: bool, number: str) -> Reading:
    """A rate above 0 shows that it infuses, unless something speaks against it; at 0 stopped and paused look alike."""
    rate = figures[RATE]
    is_pumping = rate.validity is Validity.VALID and _value(rate) > 0
    is_done = _value(figures[VTBI]) > 0 and _value(figures[REMAINING]) == 0
    infuses = is_pumping and not is_done and not is_doubtful
    state = InfusionState.INFUSING if infuses else InfusionState.UNKNOWN
    return Reading(Metric.INFUSION_STATE, state, name=rate.name, raw=rate.raw, source=number)


def _value(reading: Reading) -> float:
    return reading.value if isinstance(reading.value, float) else NOT_SET


@lru_cache(maxsize=4096)
def _figure(figure: Figure, raw: str, number: str) -> Reading:
    good = Reading(figure.metric, None, figure.unit, name=figure.name, raw=raw, source=number)
    text = raw.strip()
    if not text:
        return good._replace(validity=Validity.ABSENT, reason=Reason.NOT_AVAILABLE)
    if not _NUMBER.fullmatch(text):
        return good._replace(validity=Validity.INVALID, reason=Reason.NOT_A_NUMBER)
    value = float(text)
    if value == NOT_SET:
        return good._replace(validity=Validity.ABSENT, reason=Reason.NOT_AVAILABLE)
    if not 0 <= value <= HIGHEST:
        return good._replace(value=value, validity=Validity.QUESTIONABLE, reason=Reason.IMPLAUSIBLE)
    return good._replace(value=value)


@lru_cache(maxsize=256)
def _concentration(raw: str, raw_unit: str, number: str) -> Reading:
    unit = UNITS.get(raw_unit.strip().lower(), "")
    good = Reading(Metric.DRUG_CONCENTRATION, None, unit, name="concentration", raw=f"{raw}^{raw_unit}", source=number)
    text = raw.strip()
    if not text:
        return good._replace(validity=Validity.ABSENT, reason=Reason.NOT_AVAILABLE)
    if not _NUMBER.fullmatch(text):
        return good._replace(validity=Validity.INVALID, reason=Reason.NOT_A_NUMBER)
    value = float(text)
    if value in (NO_CONCENTRATION, NOT_SET):
        return good._replace(validity=Validity.ABSENT, reason=Reason.NOT_IN_USE)
    if value < 0:
        return good._replace(value=value, validity=Validity.QUESTIONABLE, reason=Reason.IMPLAUSIBLE)
    if not unit:
        return good._replace(value=value, validity=Validity.QUESTIONABLE, reason=Reason.UNIT_UNKNOWN)
    return good._replace(value=value)


@lru_cache(maxsize=256)
def _text(metric: Metric, name: str, raw: str, number: str = "") -> Reading:
    text = raw.strip()
    if not text:
        return Reading(metric, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, name, raw, number)
    return Reading(metric, text, name=name, raw=raw, source=number)
