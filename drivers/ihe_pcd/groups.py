"""A message's rows by OBR, each group with its time and with the device that rows without one belong to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from drivers.common.hl7 import timestamps
from drivers.common.hl7.message import Message, component
from drivers.ihe_pcd.channels import ASSOCIATION
from drivers.ihe_pcd.codec import fields
from drivers.ihe_pcd.rows import Row, read

LATE_AFTER: Final = timedelta(seconds=5)  # a message sent that long after its observation is no news

MSH_TIME: Final = 7
PV1_LOCATION: Final = 3
OBR_KIND: Final = 4
OBR_TIME: Final = 7


@dataclass(slots=True)
class Group:
    """The rows of one OBR."""

    location: str  # PV1-3
    time: datetime | None  # OBR-7, else MSH-7
    is_late: bool = False  # by the sender's own clock
    texts: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    special: list[Row] = field(default_factory=list)  # rows that say more than a plain value: few, looked at closely
    nameless: int = 0  # characters of rows that say no parameter


def groups_of(message: Message) -> list[Group]:
    """Sort a message's rows. Who the patient is isn't read; where, only to tell devices apart."""
    sent_at = timestamps.parse(message.header[MSH_TIME])
    location = ""
    groups: list[Group] = []
    group: Group | None = None
    for segment in message.segments:
        kind = segment[:3]
        if kind == "OBX":
            if group is None:  # no OBR before it
                group = Group(location, sent_at)
                groups.append(group)
            row = read(segment)
            if row is None:
                group.nameless += len(segment)
                continue
            group.texts.append(segment)
            group.rows.append(row)
            if not row.is_plain:
                group.special.append(row)
        elif kind == "OBR":
            obr = fields(segment)
            observed_at = timestamps.parse(obr[OBR_TIME])
            group = Group(location, observed_at or sent_at, is_later(sent_at, observed_at))
            if component(obr[OBR_KIND], 1) != ASSOCIATION:
                groups.append(group)
        elif kind == "PID":
            location = ""
        elif kind == "PV1":
            location = fields(segment)[PV1_LOCATION]
    return [group for group in groups if group.rows or group.nameless]


def is_later(sent_at: datetime | None, observed_at: datetime | None) -> bool:
    """Compare two times of one clock; one with and one without a zone say nothing of each other."""
    if sent_at is None or observed_at is None or (sent_at.tzinfo is None) != (observed_at.tzinfo is None):
        return False
    return sent_at - observed_at > LATE_AFTER
