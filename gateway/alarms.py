"""Alarms: what a device shows now, against what it showed last. A lost link ends none."""

from collections.abc import Iterable
from typing import Final

from drivers.api import Alarm, Announcement
from drivers.vocabulary import AlarmCode, EventKind, Phase, Priority
from gateway.states import Happening, States, Value

ALARMS_LIMIT: Final = 64  # no device shows more at once
WORDS_LIMIT: Final = 512  # characters of a text that are remembered, and tell one alarm from another
_ALARMS: Final = "alarms"


def compare(states: States, active: tuple[Alarm, ...], at: float | None) -> list[Happening]:
    """Take all that are shown; gives what has begun, changed and ended. A text that counts down is the same alarm."""
    if not active and not states.alarms:
        states.last_known(_ALARMS, at)  # the common case: worth no write
        return []
    states.moved = True
    return _changes(states, active, states.last_known(_ALARMS, at))


def _changes(states: States, active: Iterable[Alarm], not_before: float | None) -> list[Happening]:
    happened: list[Happening] = []
    before, now = list(states.alarms), list(active)
    known = _matched(before, now)
    states.alarms = []
    for place, alarm in enumerate(now):
        old = known.get(place)
        stored = _stored(alarm.code, alarm.text, alarm.priority, alarm.source, alarm.raw)
        if old is None:
            happened.append(_event(alarm, Phase.BEGIN, not_before))
        elif old[2] != stored[2]:
            happened.append(_event(alarm, Phase.CHANGE, not_before, old[2], stored[2]))
        states.alarms.append(stored)
    for code, text, priority, source, raw in before:
        ended = Alarm(AlarmCode(code), text, Priority(priority) if priority else None, source, raw)
        happened.append(_event(ended, Phase.END, not_before))
    return happened


def announced(states: States, said: Announcement) -> None:
    """Move the states by an alarm that the device announced."""
    code = said.code or AlarmCode.UNKNOWN
    old = _find(states.alarms, code, said.source, said.text) or _find(states.alarms, code, said.source, None)
    if old is not None:
        states.alarms.remove(old)
    if said.phase is not Phase.END:
        states.alarms.append(_stored(code, said.text, said.priority, said.source, said.raw))
        del states.alarms[:-ALARMS_LIMIT]


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
    words = None if text is None else text[:WORDS_LIMIT]
    return next((a for a in alarms if a[0] == code and a[3] == source and words in (None, a[1])), None)


def _stored(code: AlarmCode | None, text: str, priority: Priority | None, source: str, raw: str) -> list[str]:
    return [code or AlarmCode.UNKNOWN, text[:WORDS_LIMIT], priority or "", source, raw[:WORDS_LIMIT]]


def _event(
    alarm: Alarm, phase: Phase, not_before: float | None, before: Value = None, after: Value = None
) -> Happening:
    return Happening(
        EventKind.ALARM, phase, "gateway", not_before, before, after, alarm.code, alarm.priority, alarm.mdc, alarm.text,
        alarm.source, alarm.raw,
    )  # fmt: skip
