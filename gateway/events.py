"""Events from states: what a device said now, against what it said last, by one set of tables for all families.

A lost link ends no alarm and stops no infusion: nothing in here knows of links. What a device announces itself moves
the same states, so that the state behind it repeats nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from drivers.api import Alarm, Announcement, Code, Reading, Report
from drivers.vocabulary import AlarmCode, EventKind, InfusionState, Metric, Phase, Priority, Validity

Value: TypeAlias = float | int | str | None
_S = InfusionState
_E = EventKind

# Purge is no therapy and says nothing about the infusion around it; it is skipped like unknown.
SKIPPED: Final = frozenset({_S.UNKNOWN, _S.PURGE})
_RESTING: Final = (_S.STOPPED, _S.STANDBY, _S.OFF)

# (last known state, state now) -> what has happened. Pairs that aren't here are no event.
TRANSITIONS: Final[dict[tuple[InfusionState, InfusionState], tuple[tuple[EventKind, Phase | None], ...]]] = {
    **{(resting, _S.INFUSING): ((_E.INFUSION_STARTED, None),) for resting in _RESTING},
    **{(resting, _S.BOLUS): ((_E.INFUSION_BOLUS, Phase.BEGIN),) for resting in _RESTING},
    (_S.PAUSED, _S.INFUSING): ((_E.INFUSION_RESUMED, None),),
    (_S.PAUSED, _S.BOLUS): ((_E.INFUSION_BOLUS, Phase.BEGIN),),
    (_S.PAUSED, _S.KVO): ((_E.INFUSION_COMPLETED, None),),
    **{(_S.PAUSED, resting): ((_E.INFUSION_STOPPED, None),) for resting in _RESTING},
    (_S.INFUSING, _S.PAUSED): ((_E.INFUSION_PAUSED, None),),
    (_S.INFUSING, _S.BOLUS): ((_E.INFUSION_BOLUS, Phase.BEGIN),),
    (_S.INFUSING, _S.KVO): ((_E.INFUSION_COMPLETED, None),),
    **{(_S.INFUSING, resting): ((_E.INFUSION_STOPPED, None),) for resting in _RESTING},
    (_S.BOLUS, _S.INFUSING): ((_E.INFUSION_BOLUS, Phase.END),),
    (_S.BOLUS, _S.PAUSED): ((_E.INFUSION_BOLUS, Phase.END), (_E.INFUSION_PAUSED, None)),
    (_S.BOLUS, _S.KVO): ((_E.INFUSION_BOLUS, Phase.END), (_E.INFUSION_COMPLETED, None)),
    **{(_S.BOLUS, resting): ((_E.INFUSION_BOLUS, Phase.END), (_E.INFUSION_STOPPED, None)) for resting in _RESTING},
    (_S.KVO, _S.INFUSING): ((_E.INFUSION_STARTED, None),),
    (_S.KVO, _S.BOLUS): ((_E.INFUSION_BOLUS, Phase.BEGIN),),
}

# What an announced event says of the state behind it.
ANNOUNCED_STATE: Final = {
    _E.INFUSION_STARTED: _S.INFUSING,
    _E.INFUSION_RESUMED: _S.INFUSING,
    _E.INFUSION_PAUSED: _S.PAUSED,
    _E.INFUSION_STOPPED: _S.STOPPED,
    _E.INFUSION_COMPLETED: _S.KVO,  # from where stopping is no further event
}

RUNNING: Final = frozenset({_S.INFUSING})
COUNTERS: Final = frozenset({Metric.VOLUME_INFUSED, Metric.VOLUME_INFUSED_TOTAL})
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

    infusion: dict[str, str] = field(default_factory=dict)  # by source
    rate: dict[str, float] = field(default_factory=dict)  # by source, while infusing
    counters: dict[str, float] = field(default_factory=dict)  # by metric and source
    left: dict[str, float] = field(default_factory=dict)  # volume remaining, by source
    alarms: dict[str, list[str]] = field(default_factory=dict)  # by key: code, text, priority, source, raw
    uptime_s: float | None = None
    identity: dict[str, str] = field(default_factory=dict)
    moved: bool = False  # since the last `to_json`

    def to_json(self) -> str:
        """Write for the outbox's memory."""
        self.moved = False
        said = [self.infusion, self.rate, self.counters, self.left, self.alarms, self.uptime_s, self.identity]
        return json.dumps(said, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | None) -> "States":
        """Read what `to_json` wrote."""
        if text is None:
            return cls()
        return cls(*json.loads(text))


def of_report(states: States, report: Report, last_at: float | None) -> list[Happening]:
    """Move the states by a report; gives what has happened. `last_at`: when they were last known to hold."""
    happened: list[Happening] = []
    if report.uptime_s is not None:
        happened += _restart(states, report.uptime_s)
        states.moved = True
    if report.alarms is not None and (report.alarms or states.alarms):
        happened += _alarms(states, report.alarms, last_at)
    telling = [reading for reading in report.readings if reading.metric in _RULES and _is_known(reading)]
    states.moved |= bool(telling or happened)
    for reading in sorted(telling, key=lambda reading: _ORDER[reading.metric]):
        happened += _RULES[reading.metric](states, reading, last_at)
    return happened


def _is_known(reading: Reading) -> bool:
    return reading.value is not None and reading.validity is Validity.VALID


def of_announcement(states: States, announcement: Announcement) -> list[Happening]:
    """Publish an announced event as such, and move the states by it."""
    said = announcement
    states.moved = True
    state = ANNOUNCED_STATE.get(said.event)
    if state is not None:
        for source in states.infusion or {said.source: ""}:
            states.infusion[source] = state
    if said.event is EventKind.COUNTER_RESET:
        states.counters.clear()
    if said.event is EventKind.ALARM:
        _move_alarm(states, said)
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
    now = InfusionState(str(reading.value))
    if now in SKIPPED:
        return []
    before = states.infusion.get(reading.source)
    states.infusion[reading.source] = now
    if now not in (_S.INFUSING, _S.BOLUS, _S.PAUSED):
        states.rate.pop(reading.source, None)
    if before is None or before == now:
        return []
    return [
        Happening(kind, phase, not_before=last_at, from_=before, to=now, source=reading.source, raw=reading.raw)
        for kind, phase in _or_completed(states, reading.source, TRANSITIONS.get((InfusionState(before), now), ()))
    ]


def _or_completed(
    states: States, source: str, happened: tuple[tuple[EventKind, Phase | None], ...]
) -> list[tuple[EventKind, Phase | None]]:
    """A stop with nothing left to give, or with the pump's own word for it, is a completion."""
    left = [states.left[source]] if source in states.left else states.left.values()
    is_done = 0 in left or any(alarm[0] == AlarmCode.INFUSION_COMPLETE for alarm in states.alarms.values())
    completed = EventKind.INFUSION_COMPLETED
    return [(completed if is_done and kind is _E.INFUSION_STOPPED else kind, phase) for kind, phase in happened]


def _rate(states: States, reading: Reading, last_at: float | None) -> list[Happening]:
    rate = float(reading.value) if isinstance(reading.value, int | float) else 0.0
    # A pump with several sources says a rate for each; a state without source speaks for all of them.
    state = states.infusion.get(reading.source, states.infusion.get("")) or next(iter(states.infusion.values()), None)
    if state not in RUNNING or rate <= 0:
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
    value = float(reading.value) if isinstance(reading.value, int | float) else 0.0
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
    if isinstance(reading.value, int | float):
        states.left[reading.source] = float(reading.value)
    return []


# In this order: whether anything is left decides what a stop was, and a rate counts only while infusing.
_RULES: Final = {
    Metric.VOLUME_REMAINING: _left,
    Metric.INFUSION_STATE: _infusion,
    Metric.INFUSION_RATE: _rate,
    **dict.fromkeys(COUNTERS, _counter),
}
_ORDER: Final = {metric: place for place, metric in enumerate(_RULES)}


def _key(code: str | None, source: str, text: str) -> str:
    """Tell alarms apart: by our word, and by the device's where we have none."""
    return f"{code}|{source}" if code != AlarmCode.UNKNOWN else f"{code}|{source}|{text}"


def _alarms(states: States, active: Iterable[Alarm], last_at: float | None) -> list[Happening]:
    now = {_key(alarm.code, alarm.source, alarm.text): alarm for alarm in active}
    happened: list[Happening] = []
    for key, alarm in now.items():
        before = states.alarms.get(key)
        stored = [alarm.code, alarm.text, alarm.priority or "", alarm.source, alarm.raw]
        if before is None:
            happened.append(_alarm_event(alarm, Phase.BEGIN, last_at))
        elif before[2] != stored[2]:
            happened.append(_alarm_event(alarm, Phase.CHANGE, last_at, before[2], stored[2]))
        states.alarms[key] = stored
    for key in [key for key in states.alarms if key not in now]:
        code, text, priority, source, raw = states.alarms.pop(key)
        ended = Alarm(AlarmCode(code), text, Priority(priority) if priority else None, source, raw)
        happened.append(_alarm_event(ended, Phase.END, last_at))
    return happened


def _alarm_event(
    alarm: Alarm, phase: Phase, last_at: float | None, before: Value = None, after: Value = None
) -> Happening:
    return Happening(
        EventKind.ALARM, phase, "gateway", last_at, before, after, alarm.code, alarm.priority, alarm.mdc, alarm.text,
        alarm.source, alarm.raw,
    )  # fmt: skip


def _move_alarm(states: States, said: Announcement) -> None:
    key = _key(said.code, said.source, said.text)
    if said.phase is Phase.END:
        states.alarms.pop(key, None)
    else:
        stored: list[Any] = [said.code or AlarmCode.UNKNOWN, said.text, said.priority or "", said.source, said.raw]
        states.alarms[key] = stored
