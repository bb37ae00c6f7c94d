"""From one OBR's rows to what each device in it said: events first, then its readings and the state of its infusion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from drivers.api import Announcement, Identity, Reading, Report
from drivers.common.hl7.values import MAX_TEXT
from drivers.ihe_pcd import infusion
from drivers.ihe_pcd.alarms import Entry, events
from drivers.ihe_pcd.channels import STATUS_ROWS
from drivers.ihe_pcd.groups import Group
from drivers.ihe_pcd.infusion import Status
from drivers.ihe_pcd.parameters import Role
from drivers.ihe_pcd.rows import Row, placed
from drivers.vocabulary import Reason, Validity

DIALECT: Final = "IHE PCD"

_MDS: Final = 1
_CHANNEL: Final = 3


@dataclass(slots=True)
class _Part:
    """What one device said of one kind: for real, or as a demonstration."""

    device: str
    is_simulated: bool
    texts: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Tree:
    """What the rows of a group inherit from those above them, by place."""

    names: Mapping[str, str]  # of pumps' channels
    times: Mapping[str, datetime]  # of VMDs and channels


def observe(group: Group, devices: Sequence[str], *, is_simulated: bool) -> list[Announcement | Report]:
    """Say what the devices of a group said, in order."""
    tree = _tree(group.rows)
    said: list[Announcement | Report] = []
    for part in _parts(group, devices, is_simulated=is_simulated):
        time = next((row.time for row in part.rows if row.time and row.place.level == _MDS), group.time)
        said += _events(part, tree, time)
        readings = _readings(part, tree, time)
        if readings:
            said.append(
                Report(readings, part.device, time, simulated=part.is_simulated, late=group.is_late),
            )
    return said


def _parts(group: Group, devices: Sequence[str], *, is_simulated: bool) -> Iterable[_Part]:
    if len(set(devices)) == 1 and not any(row.is_simulated for row in group.rows):
        return (_Part(devices[0], is_simulated, group.texts, group.rows),)
    parts: dict[tuple[str, bool], _Part] = {}
    for text, row, device in zip(group.texts, group.rows, devices, strict=True):
        key = (device, is_simulated or row.is_simulated)
        part = parts.setdefault(key, _Part(*key))
        part.texts.append(text)
        part.rows.append(row)
    return parts.values()


def _tree(rows: Iterable[Row]) -> _Tree:
    names: dict[str, str] = {}
    times: dict[str, datetime] = {}
    for row in rows:
        if row.reading is not None or row.place.level > _CHANNEL:
            continue
        if row.parameter.channel:
            name = _name(row, names)
            names[row.place.channel] = name
        if row.time and row.place.level > _MDS:
            times[row.place.path] = row.time
    return _Tree(names, times)


def _name(row: Row, names: Mapping[str, str]) -> str:
    """Name a pump's channel; where that doesn't tell it from another one, its number does."""
    name = ".".join(filter(None, (vmd_name(row.place.vmd), row.parameter.channel)))
    is_taken = any(name == other and row.place.mds == place.partition(".")[0] for place, other in names.items())
    return row.place.channel if is_taken else name


def vmd_name(vmd: str) -> str:
    """Name a VMD: the first one needs no name."""
    return "" if vmd.partition(".")[2] in ("", "1") else vmd


def _readings(part: _Part, tree: _Tree, time: datetime | None) -> list[Reading]:
    names, times = tree.names, tree.times
    statuses = _statuses(part, names) if any(_is_status(row) for row in part.rows) else {}
    active = {vmd: infusion.active_sources(rows) for vmd, rows in statuses.items()}
    readings: list[Reading] = []
    for text, row in zip(part.texts, part.rows, strict=True):
        reading = row.reading
        if reading is None:
            continue
        if names and (name := names.get(row.place.channel)):
            reading = placed(text, name) or reading
            if infusion.is_waiting(_last(name), active.get(row.place.vmd, frozenset())):
                reading = infusion.waiting(reading)
        if row.time is not None or times or row.parameter.is_episodic:
            reading = _timed(reading, row, times, time)
        readings.append(reading)
    states = (infusion.state_of(rows, vmd_name(vmd)) for vmd, rows in statuses.items())
    return [*readings, *(state for state in states if state)]


def _is_status(row: Row) -> bool:
    return row.reading is not None and row.reading.metric in STATUS_ROWS


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _statuses(part: _Part, names: Mapping[str, str]) -> dict[str, list[Status]]:
    """Sort status rows by VMD: each runs an infusion of its own."""
    found: dict[str, list[Status]] = {}
    for row in part.rows:
        if row.reading is not None and row.reading.metric in STATUS_ROWS:
            channel = row.place.channel
            found.setdefault(row.place.vmd, []).append(Status(channel, _last(names.get(channel, "")), row.reading))
    return found


def _timed(reading: Reading, row: Row, times: Mapping[str, datetime], time: datetime | None) -> Reading:
    """Give a value its own time: always if it is episodic, else where it isn't the report's.

    An episodic value without a time may be as old as the sender has been on.
    """
    own = row.time or times.get(row.place.channel) or times.get(row.place.vmd)
    if reading.device_time is None and own is not None and (own != time or row.parameter.is_episodic):
        return reading._replace(device_time=own)
    if row.parameter.is_episodic and own is None and reading.validity is Validity.VALID:
        return reading._replace(validity=Validity.QUESTIONABLE, reason=Reason.AGE_UNKNOWN)
    return reading


def _events(part: _Part, tree: _Tree, time: datetime | None) -> list[Announcement]:
    if not any(row.role is Role.EVENT for row in part.rows):
        return []
    entries = [Entry(text, row, part.device) for text, row in zip(part.texts, part.rows, strict=True)]
    found = events(entries, tree.names)
    return [replace(said, device_time=said.device_time or time, simulated=part.is_simulated) for said in found]


def identities(group: Group, devices: Sequence[str]) -> list[Identity]:
    """Say who the devices of a group are."""
    said: dict[str, dict[str, str]] = {}
    for row, device in zip(group.rows, devices, strict=True):
        who = said.setdefault(device, {})
        if row.role is Role.MODEL:
            who["model"] = row.said[:MAX_TEXT]
        elif row.role is Role.SYSTEM_ID:
            who["serial"] = row.said[:MAX_TEXT]
    return [Identity(device, dialect=DIALECT, **who) for device, who in said.items()]
