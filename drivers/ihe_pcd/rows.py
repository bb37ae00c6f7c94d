"""An OBX row as a whole: its reading, and what the rows around it need to know.

Rows repeat (a ward's values are few), so what a row says by itself is kept by its text.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from drivers.api import Reading
from drivers.common.hl7 import timestamps, values
from drivers.common.hl7.values import CODED, MAX_TEXT, Value
from drivers.ihe_pcd.channels import (
    DOUBTED_STATUS,
    EPISODIC_METHODS,
    FLAGS,
    GOOD,
    GOOD_STATUS,
    NO_RESULT,
    PERSON_TYPES,
    SENTINELS_OF_SOME,
    SIMULATED_FLAGS,
    STATUS,
    Quality,
)
from drivers.ihe_pcd.codec import Place, fields, place_of
from drivers.ihe_pcd.parameters import Parameter, Role, parameter_of
from drivers.ihe_pcd.units import Unit, unit_of
from drivers.vocabulary import Metric, Reason, Validity

LONGEST_KEPT: Final = 512  # characters: longer rows are read anew, so that the memory of rows stays below 20 MB
LONGEST_FIELD: Final = 256

_USUAL: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?").fullmatch  # too short for a sentinel
_DISOWNED: Final = (Validity.INVALID, Validity.ABSENT)


class Row(NamedTuple):
    """What one OBX row says by itself."""

    is_plain: bool  # a value, and nothing else to know of it
    role: Role
    place: Place
    reading: Reading | None  # with the channel's number as source; without the time of a row that isn't episodic
    time: datetime | None  # OBX-14
    equipment: str  # OBX-18
    is_simulated: bool
    parameter: Parameter
    said: str  # OBX-5, of rows that aren't readings


def read(text: str) -> Row | None:
    """Read a row; None if it names no parameter."""
    if len(text) <= LONGEST_KEPT:
        return read_short(text)
    return _read([field[:LONGEST_FIELD] for field in fields(text)])


@lru_cache(maxsize=8192)
def read_short(text: str) -> Row | None:
    """Read a row of at most LONGEST_KEPT characters, and keep what it says."""
    return _read(fields(text))


def _read(row: list[str]) -> Row | None:
    if not row[3]:
        return None
    parameter = parameter_of(row[3])
    place = place_of(row[4])
    quality = quality_of(row[8], row[11])
    time = timestamps.parse(row[14]) if row[14] else None
    reading = None
    if parameter.role is Role.READING:
        is_episodic = parameter.is_episodic or (row[17] != "" and _is_episodic(row[17]))
        reading = _usual(row, parameter, place.channel, quality, time if is_episodic else None)
        if reading is None and not _is_structure(row, parameter, place):
            reading = _reading(row, parameter, place.channel, quality, time if is_episodic else None)
    is_plain = not (
        reading is None or time or row[18] or quality.is_simulated or parameter.is_episodic or parameter.is_status
    )
    return Row(is_plain, parameter.role, place, reading, time, row[18], quality.is_simulated, parameter, row[5])


def _usual(
    row: list[str], parameter: Parameter, source: str, quality: Quality, time: datetime | None
) -> Reading | None:
    """Read most rows by a short way, with the same result as `_reading`: a number beside which nothing speaks."""
    said = row[5]
    if row[2] != "NM" or quality is not GOOD or not parameter.is_number or parameter.doubt or not _USUAL(said):
        return None
    unit = unit_of(row[6], parameter.metric)
    value = float(said) if "." in said else int(said)
    if unit.doubt or (value == 0 and parameter.zero_is_none):
        return None
    return Reading(
        parameter.metric, value, unit.ucum, Validity.VALID, None, parameter.name, said, source, time, parameter.code
    )


def _is_structure(row: list[str], parameter: Parameter, place: Place) -> bool:
    """Tell rows of the device tree, and waveforms, from parameters."""
    if row[2] == "NA":
        return True
    return not row[5] and parameter.metric is Metric.UNMAPPED and (parameter.is_object or 1 <= place.level <= 3)


def _is_episodic(method: str) -> bool:
    return any(word in method for word in EPISODIC_METHODS)


def _reading(row: list[str], parameter: Parameter, source: str, quality: Quality, time: datetime | None) -> Reading:
    kind, said = row[2], row[5]
    unit = unit_of(row[6], parameter.metric)
    if parameter.metric is Metric.UNMAPPED and (parameter.is_personal or kind in PERSON_TYPES):
        value, raw = Value(None, Validity.ABSENT, Reason.MASKED), ""
    else:
        value, raw = _value(kind, said, parameter, quality), said[:MAX_TEXT]
    if value.value is not None and (unit.doubt or parameter.doubt or not kind):
        value, raw = _doubted(value, raw, row[6], parameter, unit)
    return Reading(
        parameter.metric, value.value, unit.ucum, value.validity, value.reason, parameter.name, raw, source, time,
        parameter.code,
    )  # fmt: skip


def _value(kind: str, said: str, parameter: Parameter, quality: Quality) -> Value:
    """The worst counts: what the flags say, then what the text is."""
    if quality.validity in _DISOWNED:
        return Value(None, quality.validity, quality.reason)
    if kind == "NM" or kind == "SN" or (parameter.is_number and kind not in CODED):
        value = values.number(said)
        if isinstance(value.value, int | float) and (
            (value.value < 0 and not parameter.may_be_negative) or (value.value == 0 and parameter.zero_is_none)
        ):
            reason = Reason.IMPLAUSIBLE if value.value else Reason.NOT_AVAILABLE
            return Value(None, Validity.ABSENT, reason)
        if value.value in SENTINELS_OF_SOME and value.validity is Validity.VALID:
            return Value(value.value, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE)
    else:
        value = values.text(kind, said)
    if quality.validity is Validity.QUESTIONABLE and value.validity is Validity.VALID:
        return Value(value.value, Validity.QUESTIONABLE, quality.reason)
    return value


def _doubted(value: Value, raw: str, unit_field: str, parameter: Parameter, unit: Unit) -> tuple[Value, str]:
    """A contradiction weighs more than the flags; a missing unit or OBX-2 weighs less."""
    if unit.doubt:
        raw = f"{raw} {unit_field}".strip()[:MAX_TEXT]
    contradiction = Reason.UNIT_CONFLICT if unit.doubt is Reason.UNIT_CONFLICT else parameter.doubt
    reason = contradiction or value.reason or unit.doubt or Reason.OTHER
    return Value(value.value, Validity.QUESTIONABLE, reason), raw


@lru_cache(maxsize=1024)
def quality_of(flags: str, status: str) -> Quality:
    """Weigh OBX-8 and OBX-11: no result beats everything, then the worst flag counts; demonstration is apart."""
    said = {flag.partition("^")[0].strip().upper() for flag in flags.split("~")} if flags else set()
    is_simulated = not SIMULATED_FLAGS.isdisjoint(said)
    worst = next((FLAGS[flag] for flag in FLAGS if flag in said), (GOOD.validity, GOOD.reason))
    status = status.strip().upper()
    by_status = None if status in GOOD_STATUS else STATUS.get(status, DOUBTED_STATUS)
    if status == NO_RESULT and worst[0] not in _DISOWNED:
        worst = (Validity.ABSENT, worst[1] or Reason.NOT_AVAILABLE)
    elif by_status and (by_status[0] is Validity.INVALID or worst[0] is Validity.VALID) and worst[0] not in _DISOWNED:
        worst = by_status
    return GOOD if worst == GOOD[:2] and not is_simulated else Quality(*worst, is_simulated)


@lru_cache(maxsize=8192)
def placed(text: str, source: str) -> Reading | None:
    """Give a row's reading under its channel's name."""
    row = read(text)
    return row.reading._replace(source=source) if row and row.reading else None
