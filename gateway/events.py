"""Events from states: what a device said now, against what it said last, by one set of tables for all families.

A lost link ends no alarm and stops no infusion: nothing in here knows of links. What a device announces itself moves
the same states, so that the state behind it repeats nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from drivers.api import Alarm, Announcement, Code, Reading, Report
from drivers.vocabulary import AlarmCode, EventKind, InfusionState, Metric, Phase, Priority, Validity

Value: TypeAlias = float | int | str | None
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
ALARMS_LIMIT: Final = 64  # announced and not ended; no device shows more at once
COUNTER_RESOLUTION: Final = 0.05  # mL: a smaller step back is rounding, not a reset
UPTIME_SLACK_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Happening:
    """One event, without identity and times."""

    event: EventKind
    phase: Phase | None = None
    origin: Literal["device", "gateway"] = "gateway"
    not_before: float | None = None  # UTC seconds
    from_: Value = None
    to: Value = None
    code: AlarmCode | None = None
    priority: Priority | None = None
    mdc: Code | None = None
    text: str = ""
    source: str = ""
    raw: str = ""


@dataclass(slots=True)
class States:
    """What one device said last; kept on disk, so that a restart repeats nothing and misses nothing."""

    infusion: dict[str, str] = field(default_factory=dict)  # by source: the last known state under any bolus
    shown: dict[str, str] = field(default_factory=dict)  # by source: as the device shows it, purge and unknown included
    bolus: list[str] = field(default_factory=list)  # sources that give one
    rate: dict[str, float] = field(default_factory=dict)  # by source, while infusing
    counters: dict[str, float] = field(default_factory=dict)  # by metric and source
    left: dict[str, float] = field(default_factory=dict)  # volume remaining, by source
    alarms: list[list[str]] = field(default_factory=list)  # code, text, priority, source, raw
    uptime_s: float | None = None
    identity: dict[str, str] = field(default_factory=dict)
    moved: bool = False  # since the last `to_json`

    def to_json(self) -> str:
        """Write for the outbox's memory."""
        self.moved = False
        return json.dumps([getattr(self, name) for name in _KEPT], ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | None) -> "States":
        """Read what `to_json` wrote."""
        return cls() if text is None else cls(*json.loads(text))


_KEPT: Final = ("infusion", "shown", "bolus", "rate", "counters", "left", "alarms", "uptime_s", "identity")


def of_report(states: States, report: Report, last_at: float | None) -> list[Happening]:
    """Move the states by a report; gives what has happened. `last_at`: when they were last known to hold."""
    happened: list[Happening] = []
    if report.uptime_s is not None:
        happened += _restart(states, report.uptime_s)
        states.moved = True
    if report.alarms is not None and (report.alarms or states.alarms):
        happened += _alarms(states, report.alarms, last_at)
    telling = [reading for reading in report.readings if reading.metric in _RULES]
    states.moved |= bool(telling or happened)
    for reading in sorted(telling, key=lambda reading: _ORDER[reading.metric]):
        happened += _RULES[reading.metric](states, reading, last_at)
    return happened


def _is_known(reading: Reading) -> bool:
    return reading.value is not None and reading.validity is Validity.VALID


def _number(reading: Reading) -> float | None:
    return float(reading.value) if _is_known(reading) and isinstance(reading.value, int | float) else None


def of_announcement(states: States, said: Announcement) -> list[Happening]:
    """Publish an announced event as such, and move the states by it."""
    states.moved = True
    _ANNOUNCED.get(said.event, _move_infusion)(states, said)
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


def _infusion(states: States, reading: Reading, last_at: float | None) -> list[Happening]:
    source = reading.source
    if not _is_known(reading):
        states.shown[source] = _S.UNKNOWN
        return []
    now = InfusionState(str(reading.value))
    states.shown[source] = now
    if now in SKIPPED:
        return []
    before = states.infusion.get(source)
    shown = _S.BOLUS if source in states.bolus else before
    happened: list[tuple[EventKind, Phase | None]] = []
    if now is _S.BOLUS:
        if source not in states.bolus:
            states.bolus.append(source)
            if before is not None:
                happened.append((EventKind.INFUSION_BOLUS, Phase.BEGIN))
            states.infusion[source] = before or _S.INFUSING
    else:
        if source in states.bolus:
            states.bolus.remove(source)
            happened.append((EventKind.INFUSION_BOLUS, Phase.END))
        if before is not None and (kind := TRANSITIONS.get((InfusionState(before), now))) is not None:
            happened.append((_or_completed(states, source, kind), None))
        states.infusion[source] = now
        if now not in (_S.INFUSING, _S.PAUSED):
            states.rate.pop(source, None)
    return [
        Happening(kind, phase, not_before=last_at, from_=shown, to=now, source=source, raw=reading.raw)
        for kind, phase in happened
    ]


def _or_completed(states: States, source: str, kind: EventKind) -> EventKind:
    """A stop with nothing left to give, or with the pump's own word for it, is a completion."""
    if kind is not _E.INFUSION_STOPPED:
        return kind
    left = [states.left[source]] if source in states.left else list(states.left.values())
    states.left.clear()  # of this infusion; the next one says its own
    is_done = 0 in left or any(alarm[0] == AlarmCode.INFUSION_COMPLETE for alarm in states.alarms)
    return _E.INFUSION_COMPLETED if is_done else kind


def _rate(states: States, reading: Reading, last_at: float | None) -> list[Happening]:
    rate = _number(reading)
    # A pump with several sources says a rate for each; a state without source speaks for all of them.
    shown = states.shown.get(reading.source, states.shown.get("")) or next(iter(states.shown.values()), None)
    if not rate or rate < 0 or shown != _S.INFUSING:
        return []
    before = states.rate.get(reading.source)
    states.rate[reading.source] = rate
    if before is None or before == rate:
        return []
    return [
        Happening(
            EventKind.INFUSION_RATE_CHANGED, not_before=last_at, from_=before, to=rate, text=reading.unit or "mL/h",
            source=reading.source, raw=reading.raw,
        )
    ]  # fmt: skip


def _counter(states: States, reading: Reading, last_at: float | None) -> list[Happening]:
    value = _number(reading)
    if value is None:
        return []
    key = f"{reading.metric}|{reading.source}"
    before = states.counters.get(key)
    states.counters[key] = value
    if before is None or value >= before - COUNTER_RESOLUTION:
        return []
    return [
        Happening(
            EventKind.COUNTER_RESET, not_before=last_at, from_=before, to=value, text=reading.metric,
            source=reading.source, raw=reading.raw,
        )
    ]  # fmt: skip


def _left(states: States, reading: Reading, _last_at: float | None) -> list[Happening]:
    value = _number(reading)
    if value is None:
        states.left.pop(reading.source, None)
    else:
        states.left[reading.source] = value
    return []


# In this order: whether anything is left decides what a stop was, and a rate counts only while infusing.
_RULES: Final = {
    Metric.VOLUME_REMAINING: _left,
    Metric.INFUSION_STATE: _infusion,
    Metric.INFUSION_RATE: _rate,
    **dict.fromkeys(COUNTERS, _counter),
}
_ORDER: Final = {metric: place for place, metric in enumerate(_RULES)}


def _alarms(states: States, active: Iterable[Alarm], last_at: float | None) -> list[Happening]:
    """Compare what is shown with what was; a text that counts down is still the same alarm."""
    happened: list[Happening] = []
    before, now = list(states.alarms), list(active)
    known = _matched(before, now)
    states.alarms = []
    for place, alarm in enumerate(now):
        old = known.get(place)
        stored = _stored(alarm.code, alarm.text, alarm.priority, alarm.source, alarm.raw)
        if old is None:
            happened.append(_alarm_event(alarm, Phase.BEGIN, last_at))
        elif old[2] != stored[2]:
            happened.append(_alarm_event(alarm, Phase.CHANGE, last_at, old[2], stored[2]))
        states.alarms.append(stored)
    for code, text, priority, source, raw in before:
        ended = Alarm(AlarmCode(code), text, Priority(priority) if priority else None, source, raw)
        happened.append(_alarm_event(ended, Phase.END, last_at))
    return happened


def _matched(before: list[list[str]], now: list[Alarm]) -> dict[int, list[str]]:
    """Pair alarms with those shown before, taking the latter out: by text first, then by our word for it alone."""
    known: dict[int, list[str]] = {}
    for by_text in (True, False):
        for place, alarm in enumerate(now):
            if place not in known and (old := _find(before, alarm.code, alarm.source, alarm.text if by_text else None)):
                known[place] = old
                before.remove(old)
    return known


def _find(alarms: list[list[str]], code: str, source: str, text: str | None) -> list[str] | None:
    """Find one; without text only if our word says enough."""
    if text is None and code == AlarmCode.UNKNOWN:
        return None
    return next((a for a in alarms if a[0] == code and a[3] == source and text in (None, a[1])), None)


def _stored(code: AlarmCode | None, text: str, priority: Priority | None, source: str, raw: str) -> list[str]:
    return [code or AlarmCode.UNKNOWN, text, priority or "", source, raw]


def _alarm_event(
    alarm: Alarm, phase: Phase, last_at: float | None, before: Value = None, after: Value = None
) -> Happening:
    return Happening(
        EventKind.ALARM, phase, "gateway", last_at, before, after, alarm.code, alarm.priority, alarm.mdc, alarm.text,
        alarm.source, alarm.raw,
    )  # fmt: skip


# What is announced moves the states


def _move_infusion(states: States, said: Announcement) -> None:
    state = ANNOUNCED_STATE.get(said.event)
    if state is None:
        return
    for source in _sources(states, said):
        states.infusion[source] = state
        if source in states.bolus:
            states.bolus.remove(source)


def _sources(states: States, said: Announcement) -> list[str]:
    """Whom an announcement is about: the source it names, or all, if it names none that is known."""
    return [said.source] if said.source in states.infusion or not states.infusion else list(states.infusion)


def _move_bolus(states: States, said: Announcement) -> None:
    for source in _sources(states, said):
        states.infusion.setdefault(source, _S.INFUSING)
        if said.phase is Phase.END and source in states.bolus:
            states.bolus.remove(source)
        elif said.phase is not Phase.END and source not in states.bolus:
            states.bolus.append(source)


def _move_rate(states: States, _said: Announcement) -> None:
    states.rate.clear()


def _move_counters(states: States, _said: Announcement) -> None:
    states.counters.clear()


def _move_uptime(states: States, _said: Announcement) -> None:
    states.uptime_s = None


def _move_alarm(states: States, said: Announcement) -> None:
    code = said.code or AlarmCode.UNKNOWN
    old = _find(states.alarms, code, said.source, said.text) or _find(states.alarms, code, said.source, None)
    if old is not None:
        states.alarms.remove(old)
    if said.phase is not Phase.END:
        states.alarms.append(_stored(code, said.text, said.priority, said.source, said.raw))
        del states.alarms[:-ALARMS_LIMIT]


_ANNOUNCED: Final = {
    _E.INFUSION_BOLUS: _move_bolus,
    _E.INFUSION_RATE_CHANGED: _move_rate,
    _E.COUNTER_RESET: _move_counters,
    _E.DEVICE_RESTARTED: _move_uptime,
    _E.ALARM: _move_alarm,
}
