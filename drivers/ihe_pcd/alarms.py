"""PCD-04: an alarm's rows share a place and say one facet each. PCD-10: one row says what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from drivers.api import Announcement, Code
from drivers.common.hl7.message import component
from drivers.common.hl7.values import MAX_TEXT, label
from drivers.common.mdc import ALARMS
from drivers.ihe_pcd.channels import (
    ALARM_STATE,
    ALERT_TEXT,
    ATTRIBUTE_REFIDS,
    CHANNEL_REFIDS,
    CHANNELS,
    CONFIRM_TIMEOUT,
    EVENT_ALARM,
    EVENT_CODES,
    EVENT_PHASE,
    EVENT_REFIDS,
    EVENTS,
    FACET_REFIDS,
    FACETS,
    INACTIVATION,
    LATCHED,
    PHASES,
    PRIORITIES,
    PRIORITY,
    QUIET_STATES,
    VENDOR_EVENTS,
    WATCHDOG,
)
from drivers.ihe_pcd.codec import fields
from drivers.ihe_pcd.parameters import LOWEST_CODE, Coded, Role, coded, plain
from drivers.ihe_pcd.rows import Row
from drivers.vocabulary import AlarmCode, EventKind, Phase

_ALARM_REFID: Final = "MDC_EVT_ALARM"


class Entry(NamedTuple):
    """A row of an alarm or event message, and whose it is."""

    text: str
    row: Row
    device: str


@dataclass(slots=True)
class _Alarm:
    facets: dict[int, str] = field(default_factory=dict)
    event: Entry | None = None
    measured: Entry | None = None  # the value that set it off: part of the alarm, no observation of the stream

    def put(self, entry: Entry) -> None:
        row = fields(entry.text)
        said = coded(row[3])
        facet = FACETS.get(said.number or 0) or FACET_REFIDS.get(said.refid)
        if facet:
            self.facets[facet] = label(row[5])
        elif row[2] in ("NM", "SN") and not _is_event(entry):
            self.measured = self.measured or entry
        elif row[5] and self.event is None:
            self.event = entry


def alarms(entries: Sequence[Entry]) -> list[Announcement] | None:
    """Read one OBR's alarms; empty for a watchdog, None if there is neither."""
    if any(_is_watchdog(coded(fields(entry.text)[3])) for entry in entries):
        return []
    groups: dict[str, _Alarm] = {}
    for entry in entries:
        groups.setdefault(entry.row.place.path.rpartition(".")[0], _Alarm()).put(entry)
    complete = {place: alarm for place, alarm in groups.items() if alarm.event and _has_life(alarm)}
    bare = {place: alarm for place, alarm in groups.items() if alarm.event and _is_event(alarm.event)}
    found = complete or bare
    return [_announcement(place, alarm, alarm.event) for place, alarm in found.items() if alarm.event] or None


def _is_watchdog(said: Coded) -> bool:
    return CONFIRM_TIMEOUT in (said.number, ATTRIBUTE_REFIDS.get(said.refid)) or said.refid == WATCHDOG


def _has_life(alarm: _Alarm) -> bool:
    return EVENT_PHASE in alarm.facets or ALARM_STATE in alarm.facets


def _is_event(entry: Entry) -> bool:
    said = coded(fields(entry.text)[3])
    return said.number in EVENT_CODES or said.refid in EVENT_REFIDS or said.refid == _ALARM_REFID


def _announcement(place: str, alarm: _Alarm, event: Entry) -> Announcement:
    row = fields(event.text)
    said, words = coded(row[3]), label(row[5])
    if said.number == EVENT_ALARM or said.refid == _ALARM_REFID:  # the event stands in OBX-5
        said = coded(row[5]) if "^" in row[5] or row[5].isdigit() else Coded(None, "", "")
        words = component(row[5], 9) or words
    elif row[2] in ("NM", "SN"):  # the event's own row has the value that set it off
        words = said.refid
    number = number_of(said)
    facets = alarm.facets
    return Announcement(
        EventKind.ALARM,
        phase_of(facets.get(EVENT_PHASE, ""), facets.get(ALARM_STATE, "")),
        ALARMS.get(number, AlarmCode.UNKNOWN),
        (facets.get(ALERT_TEXT) or words)[:MAX_TEXT],
        next((PRIORITIES[word] for word in (facets.get(PRIORITY, ""), *row[8].split("~")) if word in PRIORITIES), None),
        Code(number or None, said.refid) if number or said.refid else None,
        event.device,
        place,
        _raw(row, alarm),
        event.row.time,
    )


def _raw(event: Sequence[str], alarm: _Alarm) -> str:
    """Keep the device's words: the event, where it is in its life, and what was measured."""
    bound = f"[{event[7]}]" if event[7] else ""
    said = [
        event[3],
        event[5],
        bound,
        *(alarm.facets.get(facet, "") for facet in (EVENT_PHASE, ALARM_STATE, INACTIVATION)),
    ]
    if (priority := alarm.facets.get(PRIORITY, "")) not in PRIORITIES:  # a vendor's own scale
        said.append(priority)
    if alarm.measured:
        row = fields(alarm.measured.text)
        said += [alarm.measured.row.parameter.name, row[5], f"[{row[7]}]" if row[7] else ""]
    return " ".join(filter(None, said))[:MAX_TEXT]


def number_of(said: Coded) -> int:
    """Give an event's number: its own, else its REFID's; 0 if it has none."""
    number = VENDOR_EVENTS.get((said.number or 0, said.refid)) or said.number or 0
    if number in ALARMS or number in EVENTS:
        return number
    return EVENT_REFIDS.get(said.refid) or (number if number >= LOWEST_CODE else 0)


def phase_of(phase: str, state: str) -> Phase | None:
    """Weigh event phase and alarm state: what is no longer active has ended, what is latched is still shown."""
    said, state = PHASES.get(phase.lower()), state.lower()
    if state in QUIET_STATES:
        return Phase.END
    if state == LATCHED and said is Phase.END:
        return Phase.CHANGE
    return said or (Phase.BEGIN if state and not phase else None)


def events(entries: Sequence[Entry], names: Mapping[str, str]) -> list[Announcement]:
    """Read what a pump announces (PCD-10); `names` are its channels, by place."""
    sources = {entry.row.place.vmd: entry.row.said for entry in entries if entry.row.role is Role.EVENT_SOURCE}
    found: list[Announcement] = []
    for _, row, device in entries:
        if row.role is not Role.EVENT:
            continue
        said = coded(row.said)
        number = number_of(said)
        found.append(
            Announcement(
                EVENTS.get(number, EventKind.DEVICE_EVENT),
                text=label(row.said)[:MAX_TEXT],
                mdc=Code(number or None, said.refid),
                device=device,
                source=_source(sources.get(row.place.vmd, ""), row.place.vmd_name, names),
                raw=row.said[:MAX_TEXT],
                device_time=row.time,
            )
        )
    return found


def _source(said: str, vmd_name: str, names: Mapping[str, str]) -> str:
    """Read 68488: the code of one of the VMD's channels, or a place."""
    code = coded(said)
    if channel := CHANNELS.get(code.number or 0) or CHANNELS.get(CHANNEL_REFIDS.get(plain(code.refid), 0)):
        return ".".join(filter(None, (vmd_name, channel)))
    place = said.strip().removesuffix(".0")
    return names.get(place, place[:MAX_TEXT]) or vmd_name
