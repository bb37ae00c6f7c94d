"""What a message reports: one report for each group of rows (OBR), with its device and its times.

Who the patient is isn't read; where, only to tell devices apart.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, repeat
from typing import Final

from drivers.api import Damage, Output, Reading, Report
from drivers.common.hl7 import timestamps
from drivers.common.hl7.message import Message, component
from drivers.common.vendor_hl7.decoder import fields
from drivers.common.vendor_hl7.rows import Reader, Row
from drivers.vocabulary import Reason, Validity

MAX_KEY: Final = 128  # characters of a device's key
LATE_AFTER: Final = timedelta(seconds=5)
SIMULATED: Final = ("T", "D")  # MSH-11: training, debugging


@dataclass(slots=True)
class Group:
    """The rows behind one OBR."""

    location: str  # PV1-3
    time: datetime | None  # OBR-7
    rows: list[Row] = field(default_factory=list)
    nameless: int = 0  # characters of rows that say no parameter


def groups_of(message: Message, reader: Reader) -> list[Group]:
    """Sort a message's rows."""
    location = ""
    groups = [Group("", None)]  # for rows without an OBR
    for segment in message.segments:
        match segment[:3]:
            case "OBX":
                row = reader.read(segment)
                if row is None:
                    groups[-1].nameless += len(segment)
                else:
                    groups[-1].rows.append(row)
            case "OBR":
                groups.append(Group(location, timestamps.parse(fields(segment)[7])))
            case "PID":
                location = ""
                groups.append(Group("", None))
            case "PV1":
                location = fields(segment)[3]
                groups.append(Group(location, None))
    return [group for group in groups if group.rows or group.nameless]


def observe(message: Message, reader: Reader, key: str, peer: str) -> list[Output]:
    """Report all that a message holds. The report's time is the message's, so that it tells the sender's clock."""
    sent_at = timestamps.parse(message.header[7])
    is_simulated = component(message.header[11], 1) in SIMULATED
    keys = _keys(message)
    said: list[Output] = []
    for group in groups_of(message, reader):
        if group.nameless:
            said.append(Damage("row without a parameter", group.nameless))
        device = key or device_of(group.location, peer)
        for rows, is_demo in _by_origin(group.rows):
            readings = [_timed(row, group.time, sent_at) for row in rows]
            said.append(
                Report(
                    readings, device, sent_at or group.time, simulated=is_simulated or is_demo,
                    late=_is_late(rows, group.time, sent_at), key=next(keys),
                )
            )  # fmt: skip
    return said


def _by_origin(rows: list[Row]) -> Iterator[tuple[list[Row], bool]]:
    """Part what a patient gave from what a demonstration made up."""
    real = [row for row in rows if not row.is_simulated]
    if real:
        yield real, False
    if len(real) < len(rows):
        yield [row for row in rows if row.is_simulated], True


def device_of(location: str, peer: str) -> str:
    """Give a device's key: the place in PV1-3 (point of care, room, bed), else what stands behind it, else the peer."""
    words = [component(location, number).replace("&", " ").strip() for number in (1, 2, 3)]
    return ("-".join(filter(None, words)) or component(location, 4).strip() or peer)[:MAX_KEY]


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


def _keys(message: Message) -> Iterator[str]:
    """Give keys that are equal in a resend, and only there: sender, MSH-10, content, number of the output."""
    if not message.control_id:
        return repeat("")
    content = "\r".join((message.header[3], message.header[4], message.control_id, *message.segments))
    digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return (f"{digest}-{number}" for number in count())
