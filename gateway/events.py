"""Events from states: what a device said now, against what it said last, by one set of tables for all families.

A lost link ends no alarm and stops no infusion: nothing in here knows of links. What a device announces itself moves
the same states, so that the state behind it repeats nothing.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.api import Announcement, Reading, Report
from drivers.vocabulary import AlarmCode, EventKind, InfusionState, Metric, Phase, Validity
from gateway import alarms
from gateway.states import SOURCES_LIMIT, Happening, States, keep

_S = InfusionState
_E = EventKind

# Purge is no therapy and says nothing about the infusion around it; it is skipped like unknown.
SKIPPED: Final = frozenset({_S.UNKNOWN, _S.PURGE})
_RESTING: Final = (_S.STOPPED, _S.STANDBY, _S.OFF)

# (last known state, state now) -> what has happened. Pairs that aren't here are no event. A bolus lies over a state: it
# begins and ends by itself, and what follows it is compared with what was before it.
TRANSITIONS: Final[dict[tuple[InfusionState, InfusionState], EventKind]] = {
    **{(resting, _S.INFUSING): _E.INFUSION_STARTED for resting in _RESTING},
    (_S.PAUSED, _S.INFUSING): _E.INFUSION_RESUMED,
    (_S.PAUSED, _S.KVO): _E.INFUSION_COMPLETED,
    **{(_S.PAUSED, resting): _E.INFUSION_STOPPED for resting in _RESTING},
    (_S.INFUSING, _S.PAUSED): _E.INFUSION_PAUSED,
    (_S.INFUSING, _S.KVO): _E.INFUSION_COMPLETED,
    **{(_S.INFUSING, resting): _E.INFUSION_STOPPED for resting in _RESTING},
    (_S.KVO, _S.INFUSING): _E.INFUSION_STARTED,
}

# What an announced event says of the state behind it.
ANNOUNCED_STATE: Final = {
    _E.INFUSION_STARTED: _S.INFUSING,
    _E.INFUSION_RESUMED: _S.INFUSING,
    _E.INFUSION_PAUSED: _S.PAUSED,
    _E.INFUSION_STOPPED: _S.STOPPED,
    _E.INFUSION_COMPLETED: _S.KVO,  # from where stopping is no further event
}

COUNTERS: Final = frozenset({Metric.VOLUME_INFUSED, Metric.VOLUME_INFUSED_TOTAL})
COUNTER_RESOLUTION: Final = 0.05  # mL: a smaller step back is rounding, not a reset
UPTIME_SLACK_S: Final = 2.0


def of_report(states: States, report: Report, at: float | None) -> list[Happening]:
    """Move the states by a report that is no old news, heard at `at` (UTC seconds); gives what has happened."""
    happened: list[Happening] = []
    if report.uptime_s is not None:
        happened += _restart(states, report.uptime_s)
        states.moved = True
    if report.alarms is not None:
        happened += alarms.compare(states, report.alarms, at)
    states.completes = bool(states.alarms or happened) and _says_complete(states, happened)
    telling = [reading for reading in report.readings if reading.metric in _RULES]
    states.moved |= bool(telling)
    for reading in sorted(telling, key=lambda reading: _ORDER[reading.metric]):
        happened += _RULES[reading.metric](states, reading, at)
    return happened


def _says_complete(states: States, happened: Sequence[Happening]) -> bool:
    """Say whether the pump's own word for a completion stands, or has just ended together with the infusion."""
    shown = {alarm[0] for alarm in states.alarms} | {one.code for one in happened}
    return AlarmCode.INFUSION_COMPLETE in shown


def _is_known(reading: Reading) -> bool:
    return reading.value is not None and reading.validity is Validity.VALID


def _number(reading: Reading) -> float | None:
    if not _is_known(reading) or not isinstance(reading.value, int | float):
        return None
    return float(reading.value) if math.isfinite(reading.value) else None


def of_announcement(states: States, said: Announcement, at: float | None) -> list[Happening]:
    """Publish an announced event as such, and move the states by it unless it is old news."""
    if not said.late:
        states.moved = True
        _ANNOUNCED.get(said.event, _move_infusion)(states, said, at)
    return [
        Happening(
            said.event, said.phase, "device", None, None, None, said.code, said.priority, said.mdc, said.text,
            said.source, said.raw,
        )
    ]  # fmt: skip


def _restart(states: States, uptime_s: float) -> list[Happening]:
    before, states.uptime_s = states.uptime_s, uptime_s
    if before is None or uptime_s >= before - UPTIME_SLACK_S:
        return []
    return [Happening(EventKind.DEVICE_RESTARTED, from_=before, to=uptime_s, text="the device's uptime fell")]


def _infusion(states: States, reading: Reading, at: float | None) -> list[Happening]:
    source = reading.source
    now = InfusionState(str(reading.value)) if _is_known(reading) else _S.UNKNOWN
    keep(states.shown, source, now.value)
    if now in SKIPPED:
        return []
    not_before = states.last_known(f"infusion|{source}", at)
    before = states.infusion.get(source)
    shown = _S.BOLUS if source in states.bolus else before
    happened: list[tuple[EventKind, Phase | None]] = []
    if now is _S.BOLUS:
        if source not in states.bolus:
            _begin_bolus(states, source)
            if before is not None:
                happened.append((EventKind.INFUSION_BOLUS, Phase.BEGIN))
            keep(states.infusion, source, before or _S.INFUSING)
    else:
        if source in states.bolus:
            states.bolus.remove(source)
            happened.append((EventKind.INFUSION_BOLUS, Phase.END))
        if before is not None and (kind := TRANSITIONS.get((InfusionState(before), now))) is not None:
            happened.append((_or_completed(states, source, kind), None))
        keep(states.infusion, source, now.value)
        if now not in (_S.INFUSING, _S.PAUSED):
            states.rate.pop(source, None)
    return [
        Happening(kind, phase, not_before=not_before, from_=shown, to=now, source=source, raw=reading.raw)
        for kind, phase in happened
    ]


def _begin_bolus(states: States, source: str) -> None:
    states.bolus.append(source)
    del states.bolus[:-SOURCES_LIMIT]


def _or_completed(states: States, source: str, kind: EventKind) -> EventKind:
    """A stop with nothing left to give, or with the pump's own word for it, is a completion."""
    if kind is not _E.INFUSION_STOPPED:
        return kind
    left = [states.left[source]] if source in states.left else list(states.left.values())
    states.left.clear()  # of this infusion; the next one says its own
    return _E.INFUSION_COMPLETED if 0 in left or states.completes else kind


def _rate(states: States, reading: Reading, at: float | None) -> list[Happening]:
    rate = _number(reading)
    # A pump with several sources says a rate for each; a state without source speaks for all of them.
    shown = next((states.shown[source] for source in _infusions(states.shown, reading.source) if states.shown), None)
    if not rate or rate < 0 or shown != _S.INFUSING:
        return []
    before = states.rate.get(reading.source)
    not_before = states.last_known(f"rate|{reading.source}", at)
    keep(states.rate, reading.source, rate)
    if before is None or before == rate:
        return []
    return [
        Happening(
            EventKind.INFUSION_RATE_CHANGED, not_before=not_before, from_=before, to=rate, text=reading.unit or "mL/h",
            source=reading.source, raw=reading.raw,
        )
    ]  # fmt: skip


def _counter(states: States, reading: Reading, at: float | None) -> list[Happening]:
    value = _number(reading)
    if value is None:
        return []
    key = f"{reading.metric}|{reading.source}"
    before = states.counters.get(key)
    not_before = states.last_known(key, at)
    keep(states.counters, key, value)
    if before is None or value >= before - COUNTER_RESOLUTION:
        return []
    return [
        Happening(
            EventKind.COUNTER_RESET, not_before=not_before, from_=before, to=value, text=reading.metric,
            source=reading.source, raw=reading.raw,
        )
    ]  # fmt: skip


def _left(states: States, reading: Reading, _at: float | None) -> list[Happening]:
    value = _number(reading)
    if value is None:
        states.left.pop(reading.source, None)
    else:
        keep(states.left, reading.source, value)
    return []


# In this order: whether anything is left decides what a stop was, and a rate counts only while infusing.
_RULES: Final = {
    Metric.VOLUME_REMAINING: _left,
    Metric.INFUSION_STATE: _infusion,
    Metric.INFUSION_RATE: _rate,
    **dict.fromkeys(COUNTERS, _counter),
}
_ORDER: Final = {metric: place for place, metric in enumerate(_RULES)}


def _infusions(known: Mapping[str, str], source: str) -> list[str]:
    """Say which infusions a source has to do with: the one it is or lies in, else the device's own, else all."""
    within = [infusion for infusion in known if infusion and f"{source}.".startswith(f"{infusion}.")]
    return within or ([""] if "" in known or not known else list(known))


# What is announced moves the states


def _move_infusion(states: States, said: Announcement, at: float | None) -> None:
    state = ANNOUNCED_STATE.get(said.event)
    if state is None:
        return
    for source in _infusions(states.infusion, said.source):
        states.last_known(f"infusion|{source}", at)
        keep(states.infusion, source, state.value)
        if source in states.bolus:
            states.bolus.remove(source)


def _move_bolus(states: States, said: Announcement, at: float | None) -> None:
    for source in _infusions(states.infusion, said.source):
        states.last_known(f"infusion|{source}", at)
        keep(states.infusion, source, states.infusion.get(source, _S.INFUSING))
        if said.phase is Phase.END and source in states.bolus:
            states.bolus.remove(source)
        elif said.phase is not Phase.END and source not in states.bolus:
            _begin_bolus(states, source)


def _move_rate(states: States, _said: Announcement, _at: float | None) -> None:
    states.rate.clear()


def _move_counters(states: States, _said: Announcement, _at: float | None) -> None:
    states.counters.clear()


def _move_uptime(states: States, _said: Announcement, _at: float | None) -> None:
    states.uptime_s = None


def _move_alarm(states: States, said: Announcement, _at: float | None) -> None:
    alarms.announced(states, said)


_ANNOUNCED: Final = {
    _E.INFUSION_BOLUS: _move_bolus,
    _E.INFUSION_RATE_CHANGED: _move_rate,
    _E.COUNTER_RESET: _move_counters,
    _E.DEVICE_RESTARTED: _move_uptime,
    _E.ALARM: _move_alarm,
}
