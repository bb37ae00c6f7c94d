"""The alert monitor's two lists as the set of active alarms."""

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct, error
from typing import Final, NamedTuple

from drivers.api import Alarm, Code, Damage
from drivers.common.mdc import ALARMS
from drivers.intellivue.channels import (
    ALARM_STANDBY,
    ALARM_TEST,
    ALARM_WORDS,
    EVENTS,
    OF_AN_OBJECT,
    PRIORITIES,
    SCADA,
    Attribute,
)
from drivers.intellivue.export import Observed
from drivers.intellivue.values import wide_text
from drivers.vocabulary import TERM_BY_CODE, AlarmCode

_LIST: Final = Struct(">HH")
_ENTRY: Final = Struct(">HHHH6sHH")  # source, code, type, state, object, type and length of what follows
_DETAIL: Final = Struct(">HIHH")  # instance, text id, priority, flags; a text may follow
_MAX_ALARMS: Final = 64  # in each list; a monitor shows a handful


class Active(NamedTuple):
    """The alarms that are active, and those of them that are test or demo."""

    alarms: tuple[Alarm, ...]
    simulated: tuple[Alarm, ...]


class Alerts:
    """Reads the alert monitor. A list that an answer leaves out is as it was."""

    def __init__(self) -> None:
        self._lists: dict[int, Active] = {}

    def read(self, objects: Iterable[Observed]) -> Active | Damage | None:
        """Read the objects of one answer; None: they say nothing of alarms."""
        has_spoken = False
        for observed in objects:
            for attribute in (Attribute.PATIENT_ALARMS, Attribute.TECHNICAL_ALARMS):
                if (data := observed.attributes.get(attribute)) is not None:
                    if (found := active(data)) is None:
                        return Damage("alarm list cut short", len(data))
                    self._lists[attribute] = found
                    has_spoken = True
        if not has_spoken:
            return None
        return Active(
            tuple(alarm for said in self._lists.values() for alarm in said.alarms),
            tuple(alarm for said in self._lists.values() for alarm in said.simulated),
        )


@lru_cache(maxsize=256)  # what is active stays so for a while
def active(data: bytes) -> Active | None:
    """Read one list; None: it isn't whole. Half a list would end alarms that the monitor goes on showing."""
    alarms: list[Alarm] = []
    simulated: list[Alarm] = []
    try:
        count, _ = _LIST.unpack_from(data, 0)
        at = _LIST.size
        for _ in range(count):
            entry = _ENTRY.unpack_from(data, at)
            at += _ENTRY.size + entry[-1]
            state = entry[3]
            if not state & ALARM_STANDBY:
                alarm = _alarm(entry, data[at - entry[-1] : at])
                (simulated if state & ALARM_TEST else alarms).append(alarm)
    except error:
        return None
    return Active(tuple(alarms), tuple(simulated)) if count <= _MAX_ALARMS and at <= len(data) else None


def _alarm(entry: tuple[int, int, int, int, bytes, int, int], detail: bytes) -> Alarm:
    source, code, kind, state, _, _, _ = entry
    term = None if code & OF_AN_OBJECT else TERM_BY_CODE.get(SCADA + source)
    event = code & ~OF_AN_OBJECT
    return Alarm(
        ALARM_WORDS.get(event) or ALARMS.get(EVENTS + event, AlarmCode.UNKNOWN),
        _text(detail) or f"event {event}",
        PRIORITIES.get(kind),
        term.metric.value if term else f"{source:04X}",
        f"{source:04X} {code:04X} {kind:04X} {state:04X}",
        Code(EVENTS + event, ""),
    )


def _text(detail: bytes) -> str:
    if len(detail) < _DETAIL.size:
        return ""
    text = wide_text(detail[_DETAIL.size :]) if len(detail) > _DETAIL.size + 2 else ""
    return text or f"text {_DETAIL.unpack_from(detail)[1]:08X}"
