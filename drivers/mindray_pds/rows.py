"""From an OBX row to a reading or an alarm. Rows repeat, so what a row says is kept by its text."""

from functools import lru_cache
from typing import Final

from drivers.api import Alarm, Reading
from drivers.common.hl7 import timestamps, values
from drivers.common.hl7.message import unescape
from drivers.common.hl7.values import MAX_TEXT, Value
from drivers.mindray_pds.channels import (
    ALARM_WORDS,
    CHANNELS,
    GROUPS,
    INVALID,
    OF_THE_PATIENT,
    STATUS,
    ZERO_IS_NOT_ENTERED,
    Channel,
)
from drivers.mindray_pds.codec import PATIENT, fields
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity, units_of

LONGEST_FIELD: Final = 256
LONGEST_KEPT: Final = 512  # characters: longer rows are read anew
MAX_NAME: Final = 128
Units = tuple[tuple[str, str], ...]  # group -> UCUM, empty: not known

HARMLESS_TYPES: Final = ("NM", "SN", "CE", "CWE", "")

_NONE: Final = Value(None, Validity.ABSENT, Reason.NOT_AVAILABLE)


def reading(text: str, kind: str, units: Units) -> Reading | None:
    """Read a row of a message of some kind; None if it names no parameter."""
    return _kept(text, kind, units) if len(text) <= LONGEST_KEPT else _reading(text, kind, units)


def _reading(text: str, kind: str, units: Units) -> Reading | None:
    row = [field[:LONGEST_FIELD] for field in fields(text)]
    if not row[3]:
        return None
    number = row[3].partition("^")[0]
    name = unescape(row[3])[:MAX_NAME]
    if kind == PATIENT:
        channel = OF_THE_PATIENT.get(number)
        if channel is None:  # ids, blood group, bed: about the person
            return Reading(Metric.UNMAPPED, None, None, Validity.ABSENT, Reason.MASKED, number)
    else:
        channel = CHANNELS.get(number)
    if channel is None and row[2] not in HARMLESS_TYPES:  # free text: may name a person
        return Reading(Metric.UNMAPPED, None, None, Validity.ABSENT, Reason.MASKED, name, "", row[4])
    if channel is None:
        value = _number(row[5], None) if row[2] == "NM" else values.text(row[2], row[5])
        return _made(Metric.UNMAPPED, _by_status(value, row[11]), None, name, row, row[4])
    return _channel(row, channel, units, name)


_kept = lru_cache(maxsize=4096)(_reading)


def _channel(row: list[str], channel: Channel, units: Units, name: str) -> Reading:
    value = _by_status(_number(row[5], channel), row[11])
    unit = _unit(channel, units)
    if unit == "" and value.validity is Validity.VALID:
        value = value._replace(validity=Validity.QUESTIONABLE, reason=Reason.UNIT_UNKNOWN)
    found = _made(channel.metric, value, unit, name, row, channel.source)
    if not channel.is_episodic:
        return found
    time = timestamps.parse(row[14])
    if time is None and found.validity is Validity.VALID:
        return found._replace(validity=Validity.QUESTIONABLE, reason=Reason.AGE_UNKNOWN)
    return found._replace(device_time=time)


def _made(metric: Metric, value: Value, unit: str | None, name: str, row: list[str], source: str) -> Reading:
    return Reading(metric, value.value, unit, value.validity, value.reason, name, row[5][:MAX_TEXT], source)


def _unit(channel: Channel, units: Units) -> str | None:
    """Give the unit as a `Reading` has it; empty: not known."""
    unit = dict(units)[channel.unit] if channel.unit in GROUPS else channel.unit
    return None if units_of(channel.metric) == (unit,) else unit


def _number(said: str, channel: Channel | None) -> Value:
    value = values.number(said)
    number = value.value
    if not isinstance(number, int | float):
        return value
    if number in INVALID or (number == 0 and channel is not None and channel.metric in ZERO_IS_NOT_ENTERED):
        return _NONE
    if number < 0 and channel is not None and not channel.may_be_negative:
        return Value(None, Validity.ABSENT, Reason.IMPLAUSIBLE)
    return value


def _by_status(value: Value, status: str) -> Value:
    if status in STATUS:
        return Value(None, *STATUS[status])
    if status != "F" and value.validity is Validity.VALID:
        return value._replace(validity=Validity.QUESTIONABLE, reason=Reason.OTHER)
    return value


@lru_cache(maxsize=1024)
def alarm(said: str, source: str) -> Alarm:
    """Read an alarm row's OBX-5, `code^**TEXT`. What the stars mean is in no document: they stay in `raw`."""
    text = unescape(said.partition("^")[2] or said).strip()[:MAX_TEXT]
    text = text.lstrip("*").strip()
    code = next((code for words, code in ALARM_WORDS if words.search(text)), AlarmCode.UNKNOWN)
    return Alarm(code, text, source=source, raw=said[:MAX_TEXT])
