"""A message's rows by OBR, each group with its time and with the device that rows without one belong to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from drivers.common.hl7 import timestamps
from drivers.common.hl7.message import Message, component
from drivers.ihe_pcd.channels import ASSOCIATION, WAVEFORMS
from drivers.ihe_pcd.codec import fields
from drivers.ihe_pcd.rows import LONGEST_KEPT, Row, read, read_short

LATE_AFTER: Final = timedelta(seconds=5)  # a message sent that long after its observation is no news

MSH_TIME: Final = 7
PV1_LOCATION: Final = 3
OBR_KIND: Final = 4
OBR_TIME: Final = 7
OBR_END: Final = 8
LONGEST_KIND: Final = 256  # characters of OBR-4 that are looked at


@dataclass(slots=True)
class Group:
    """The rows of one OBR."""

    location: str  # PV1-3
    sent_at: datetime | None  # MSH-7
    observed_at: datetime | None = None  # OBR-7
    ended_at: datetime | None = None  # OBR-8, of an average
    system: str = ""  # whose code OBR-4 is
    texts: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    special: list[Row] = field(default_factory=list)  # rows that say more than a plain value: few, looked at closely
    nameless: int = 0  # characters of rows that say no parameter
    is_sifted: bool = False  # its readings are no longer what the rows say by themselves

    @property
    def time(self) -> datetime | None:
        """When its values were observed."""
        return self.observed_at or self.sent_at

    def is_late(self, time: datetime | None) -> bool:
        """Say whether what was so at a time is old news by the sender's own clock; an average is as old as its end."""
        return is_later(self.sent_at, self.ended_at or time)


def groups_of(message: Message) -> list[Group]:
    """Sort a message's rows. Who the patient is isn't read; where, only to tell devices apart."""
    sent_at = timestamps.parse(message.header[MSH_TIME])
    location = ""
    groups: list[Group] = []
    group: Group | None = None
    texts: list[str] = []  # the group's, at hand
    rows: list[Row] = []
    for segment in message.segments:
        kind = segment[:3]
        if kind == "OBX":
            if group is None:  # no OBR before it
                group = Group(location, sent_at)
                texts, rows = group.texts, group.rows
                groups.append(group)
            row = read_short(segment) if len(segment) <= LONGEST_KEPT else read(segment)
            if row is None:
                group.nameless += len(segment)
                continue
            texts.append(segment)
            rows.append(row)
            if not row.is_plain:
                group.special.append(row)
        elif kind == "OBR":
            obr = fields(segment)
            group = Group(location, sent_at, timestamps.parse(obr[OBR_TIME]), timestamps.parse(obr[OBR_END]))
            texts, rows = group.texts, group.rows
            group.system, is_read_over = _kind_of(obr[OBR_KIND][:LONGEST_KIND])
            if not is_read_over:
                groups.append(group)
        elif kind == "PID":
            location = ""
        elif kind == "PV1":
            location = fields(segment)[PV1_LOCATION]
    return [group for group in groups if group.rows or group.nameless]


@lru_cache(maxsize=256)
def _kind_of(kind: str) -> tuple[str, bool]:
    """Give OBR-4's coding system, and whether the rows below it are no parameters."""
    is_read_over = component(kind, 1) == ASSOCIATION or any(word in kind.upper() for word in WAVEFORMS)
    return component(kind, 3), is_read_over


def is_later(sent_at: datetime | None, observed_at: datetime | None) -> bool:
    """Compare two times of one clock; one with and one without a zone say nothing of each other."""
    if sent_at is None or observed_at is None or (sent_at.tzinfo is None) != (observed_at.tzinfo is None):
        return False
    return sent_at - observed_at > LATE_AFTER
