"""What a message reports: one report for each group of rows (OBR), with its device and its times.

Who the patient is isn't read; where, only to tell devices apart.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, repeat
from typing import Final, NamedTuple

from drivers.api import Alarm, Announcement, Damage, Output, Reading, Report
from drivers.common.hl7 import timestamps
from drivers.common.hl7.message import Message, component
from drivers.common.vendor_hl7.decoder import fields
from drivers.common.vendor_hl7.rows import EPISODIC, Dialect, Reader, Row, is_simulated
from drivers.vocabulary import EventKind, Reason, Validity

MAX_KEY: Final = 128  # characters of a device's key
LATE_AFTER: Final = timedelta(seconds=5)
SIMULATED: Final = ("T", "D")  # MSH-11: training, debugging


class Sounded(NamedTuple):
    """An alarm, its own time if it says one, and whether it is made up."""

    alarm: Alarm
    time: datetime | None
    is_simulated: bool


@dataclass(slots=True)
class Group:
    """The rows behind one OBR."""

    location: str  # PV1-3
    name: str = ""  # ORC-18: the device that entered it
    kind: str = ""  # OBR-4
    time: datetime | None = None  # OBR-7
    rows: list[Row] = field(default_factory=list)
    alarms: list[Sounded] = field(default_factory=list)
    nameless: int = 0  # characters of rows that say no parameter

    @property
    def is_simulated(self) -> bool:
        """Say whether one of its rows is made up."""
        return any(row.is_simulated for row in self.rows) or any(alarm.is_simulated for alarm in self.alarms)

    def take(self, segment: str, reader: Reader) -> None:
        """Take an OBX."""
        said = fields(segment)
        if alarm := reader.dialect.alarm_of(said):
            self.alarms.append(Sounded(alarm, timestamps.parse(said[14]), is_simulated(said[8])))
        elif row := reader.read(segment):
            self.rows.append(row)
        else:
            self.nameless += len(segment)


def groups_of(message: Message, reader: Reader) -> list[Group]:
    """Sort a message's rows."""
    location = name = ""
    groups = [Group("")]  # for rows without an OBR
    for segment in message.segments:
        match segment[:3]:
            case "OBX":
                groups[-1].take(segment, reader)
            case "OBR":
                said = fields(segment)
                groups.append(Group(location, name, component(said[4], 1), timestamps.parse(said[7])))
            case "PID":
                location = name = ""
                groups.append(Group(""))
            case "PV1":
                location = fields(segment)[3]
                groups.append(Group(location, name))
            case "ORC":
                name = component(fields(segment)[18], 1).strip()
    return [group for group in groups if group.rows or group.alarms or group.nameless]


def is_training(message: Message) -> bool:
    """Say whether a message calls itself made up."""
    return component(message.header[11], 1).strip().upper() in SIMULATED


def observe(message: Message, reader: Reader, key: str, peer: str) -> list[Output]:
    """Report all that a message holds. The report's time is the message's, so that it tells the sender's clock."""
    sent_at = timestamps.parse(message.header[7])
    groups = [(key or device_of(g.location, g.name or peer), g) for g in groups_of(message, reader)]
    is_test = is_training(message) or _is_demo(groups, reader.dialect)
    made_up = {device for device, group in groups if is_test or group.is_simulated}  # a device is, or isn't: as a whole
    keys = _keys(message, groups)
    said: list[Output] = []
    for device, group in groups:
        if group.nameless:
            said.append(Damage("row without a parameter", group.nameless))
        cuff_time = group.time if _tells_cuff_time(group, reader.dialect) else None
        if group.rows:
            readings = [
                _timed(row, cuff_time if row.reading.metric in EPISODIC else group.time, sent_at) for row in group.rows
            ]
            said.append(
                Report(
                    readings, device, sent_at or group.time, simulated=device in made_up,
                    late=_is_late(group.rows, group.time, sent_at), key=next(keys),
                )
            )  # fmt: skip
        said += [
            _announcement(alarm, device, time or group.time, sent_at, device in made_up, next(keys))
            for alarm, time, _ in group.alarms
        ]
    return said


def _tells_cuff_time(group: Group, dialect: Dialect) -> bool:
    return dialect.cuff_groups is None or group.kind in dialect.cuff_groups


def _is_demo(groups: Iterable[tuple[str, Group]], dialect: Dialect) -> bool:
    return any(dialect.is_demo(row.reading) for _, group in groups for row in group.rows)


def _announcement(
    alarm: Alarm, device: str, time: datetime | None, sent_at: datetime | None, is_demo: bool, key: str
) -> Announcement:
    """Say an alarm as told: neither that it begins nor that it has ended."""
    return Announcement(
        EventKind.ALARM, None, alarm.code, alarm.text, alarm.priority, device=device, source=alarm.source,
        raw=alarm.raw, device_time=time, simulated=is_demo, late=_is_older(time, sent_at), key=key,
    )  # fmt: skip


def device_of(location: str, otherwise: str) -> str:
    """Give a device's key: the place in PV1-3 (point of care, room, bed), else what stands behind it, else that.

    Of a bed's parts only the label counts: numbers behind it may change while it is the same bed.
    """
    words = [component(location, number).strip("&").partition("&")[0].strip() for number in (1, 2, 3)]
    return ("-".join(filter(None, words)) or component(location, 4).strip() or otherwise)[:MAX_KEY]


def _timed(row: Row, group_time: datetime | None, sent_at: datetime | None) -> Reading:
    own = row.time or group_time
    reading = row.reading
    if row.is_episodic and own is None:
        if reading.validity is Validity.VALID:
            return reading._replace(validity=Validity.QUESTIONABLE, reason=Reason.AGE_UNKNOWN)
        return reading
    return reading._replace(device_time=own) if own and (row.is_episodic or own != sent_at) else reading


def _is_late(rows: list[Row], group_time: datetime | None, sent_at: datetime | None) -> bool:
    """Say whether the newest continuous value is old by the sender's own clock."""
    times = [row.time or group_time for row in rows if not row.is_episodic]
    return bool(times) and all(_is_older(time, sent_at) for time in times)


def _is_older(time: datetime | None, sent_at: datetime | None) -> bool:
    if time is None or sent_at is None or (time.tzinfo is None) != (sent_at.tzinfo is None):
        return False  # with and without a zone: they say nothing of each other
    return sent_at - time > LATE_AFTER


def _keys(message: Message, groups: Iterable[tuple[str, Group]]) -> Iterator[str]:
    """Give keys that are equal in a resend, and only there: sender, MSH-10, content, number of the output.

    What says no other time is as old as MSH-7: steady values under an id that is used again are news.
    """
    if not message.control_id:
        return repeat("")
    sent_at = "" if all(group.time for _, group in groups) else message.header[7]
    content = "\r".join((message.header[3], message.header[4], message.control_id, sent_at, *message.segments))
    digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return (f"{digest}-{number}" for number in count())
