"""One pump's quadruples as one report."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from functools import lru_cache
from typing import Final

from drivers.api import Reading, Report
from drivers.bbraun_space.channels import (
    CHANNELS,
    CONSUMED,
    DOSE_UNITS,
    DOSES,
    IDENTIFYING,
    IDENTIFYING_PREFIX,
    MISSING,
    UNITS,
    Channel,
)
from drivers.bbraun_space.codec import RACK, Entry
from drivers.bbraun_space.condition import alarms, infusion_state, power_state
from drivers.vocabulary import InfusionState, Metric, Reason, Validity

_NUMBER: Final = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,6})?")
_DATE: Final = re.compile(r"[0-9]{8}")
_TIME: Final = re.compile(r"[0-9]{6}")


def report(device: str, entries: Sequence[Entry], device_time: datetime | None = None) -> Report | None:
    """Give what one pump, or the rack, said; None if that was nothing but who it is."""
    values = {entry.name: entry.value or "" for entry in entries}
    state = infusion_state(values)
    is_off = state is not None and state.value == InfusionState.OFF
    power = power_state(values)
    said_already = CONSUMED | ({"DATE", "TIME"} if device_time else set()) | ({"INM8"} if power else set())
    measured = [*_measured(entries, values, said_already), *([power] if power else [])]
    if is_off:
        measured = [_switched_off(reading) for reading in measured]
    readings = [state, *measured] if state else measured
    active = alarms(values)
    if not readings and active is None:
        return None
    if is_off and active:
        active = ()  # left-overs, as the values are
    # What BCC counts is how long the ComDevice is on: no pump has restarted with it.
    uptime_s = float(entries[0].time_s) if entries[0].address == RACK else None
    return Report(readings, device, device_time, uptime_s, active)


def clock(entries: Sequence[Entry]) -> datetime | None:
    """Give the ComDevice's own time, without zone; None: not said, or no time."""
    values = {entry.name: entry.value or "" for entry in entries if entry.name in ("DATE", "TIME")}
    date, time = values.get("DATE", ""), values.get("TIME", "")
    if not _DATE.fullmatch(date) or not _TIME.fullmatch(time):
        return None
    try:
        return datetime.fromisoformat(f"{date}T{time}")
    except ValueError:
        return None


def _measured(entries: Sequence[Entry], values: Mapping[str, str], said_already: Set[str]) -> Iterator[Reading]:
    in_use = _is_dose_in_use(values)
    for entry in entries:
        name, raw = entry.name, entry.value or ""
        if entry.is_version or name in said_already or is_identifying(name):
            continue
        if name in DOSES:
            yield _dose(name, raw, values.get(DOSES[name].unit, ""), in_use)
        elif name not in DOSE_UNITS or not _unit(raw):
            yield _reading(name, raw)


def is_identifying(name: str) -> bool:
    """Say whether a parameter may name a person or an order."""
    return name in IDENTIFYING or (name.startswith(IDENTIFYING_PREFIX) and name not in CHANNELS)


def _switched_off(reading: Reading) -> Reading:
    return reading._replace(value=None, validity=Validity.ABSENT, reason=Reason.OFF)


def _is_dose_in_use(values: Mapping[str, str]) -> bool | None:
    if values.get("INDOCAL") == "0" or _number(values.get("INDCON", "")) == 0:
        return False
    return True if values.get("INDOCAL") == "1" else None


@lru_cache(maxsize=4096)  # equal readings are equal tuples, and cost nothing the second time
def _reading(name: str, raw: str) -> Reading:
    channel = CHANNELS.get(name)
    text = raw.strip()
    if text in MISSING:
        metric, unit = (channel.metric, channel.unit) if channel else (Metric.UNMAPPED, None)
        return _absent(metric, unit, Reason.NOT_AVAILABLE, name, raw)
    if channel and channel.kind == "number":
        return _figure(channel, name, raw)
    if channel and channel.kind == "text":
        return Reading(channel.metric, text, name=name, raw=raw)
    if channel and text in channel.choices:
        return Reading(channel.metric, channel.choices[text], name=name, raw=raw)
    return Reading(Metric.UNMAPPED, text, name=name, raw=raw)


def _figure(channel: Channel, name: str, raw: str) -> Reading:
    value = _number(raw)
    if value is None:
        return _absent(channel.metric, channel.unit, Reason.NOT_A_NUMBER, name, raw)
    if value >= channel.saturates_at and channel.saturated is Validity.ABSENT:
        return _absent(channel.metric, channel.unit, Reason.OVER_RANGE, name, raw)
    good = Reading(channel.metric, value, channel.unit, name=name, raw=raw)
    if value >= channel.saturates_at:
        return good._replace(validity=Validity.QUESTIONABLE, reason=Reason.OVER_RANGE)
    if not channel.lowest <= value <= channel.highest:
        return good._replace(validity=Validity.QUESTIONABLE, reason=Reason.IMPLAUSIBLE)
    return good


@lru_cache(maxsize=1024)
def _dose(name: str, raw: str, unit_code: str, in_use: bool | None) -> Reading:
    metric = DOSES[name].metric
    if in_use is False:
        return _absent(metric, None, Reason.NOT_IN_USE, name, raw)
    value, unit = _number(raw), _unit(unit_code)
    if value is None:
        reason = Reason.NOT_AVAILABLE if raw.strip() in MISSING else Reason.NOT_A_NUMBER
        return _absent(metric, None, reason, name, raw)
    good = Reading(metric, value, unit, name=name, raw=raw)
    if not unit:
        return good._replace(validity=Validity.QUESTIONABLE, reason=Reason.UNIT_UNKNOWN)
    if value < 0:
        return good._replace(validity=Validity.QUESTIONABLE, reason=Reason.IMPLAUSIBLE)
    if in_use is None:  # INDOCAL not said: may be a left-over
        return good._replace(validity=Validity.QUESTIONABLE, reason=Reason.OTHER)
    return good


def _unit(code: str) -> str:
    return UNITS.get(int(code), "") if re.fullmatch(r"[0-9]{1,4}", code) else ""


def _number(raw: str) -> float | None:
    text = raw.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _absent(metric: Metric, unit: str | None, reason: Reason, name: str, raw: str) -> Reading:
    return Reading(metric, None, unit, Validity.ABSENT, reason, name, raw)
