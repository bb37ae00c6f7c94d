"""From one OBR's rows to what each device in it said: events first, then its readings and the state of its infusion."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from drivers.api import Announcement, Identity, Reading, Report
from drivers.common.hl7.values import MAX_TEXT
from drivers.ihe_pcd import infusion
from drivers.ihe_pcd.alarms import Entry, events
from drivers.ihe_pcd.codec import place_of
from drivers.ihe_pcd.dialects import Dialect
from drivers.ihe_pcd.groups import Group
from drivers.ihe_pcd.infusion import Status
from drivers.ihe_pcd.parameters import Role
from drivers.ihe_pcd.rows import Row, placed
from drivers.vocabulary import Reason, Validity

_WHO: Final = {Role.MODEL: "model", Role.SYSTEM_ID: "serial"}
_MDS: Final = 1
_CHANNEL: Final = 3


@dataclass(slots=True)
class _Part:
    """What one device said."""

    device: str
    texts: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    special: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Tree:
    """What the rows of a group inherit from those above them, by place."""

    names: Mapping[str, str]  # of pumps' channels
    times: Mapping[str, datetime]  # of VMDs and channels
    is_sifted: bool


def observe(
    group: Group, devices: Sequence[str], keys: Iterator[str], simulated: Container[str]
) -> list[Announcement | Report]:
    """Say what the devices of a group said, in order; each output takes one of `keys`."""
    tree = _tree(group.special, is_sifted=group.is_sifted)
    said: list[Announcement | Report] = []
    for part in _parts(group, devices):
        is_simulated = part.device in simulated
        above = [row.time for row in part.special if row.time and row.place.level == _MDS]
        time = above[0] if above else group.time
        said += [replace(event, simulated=is_simulated, key=next(keys)) for event in _events(part, tree, group, time)]
        readings = _readings(part, tree, time)
        if readings:
            said.append(Report(readings, part.device, time, None, None, is_simulated, group.is_late(time), next(keys)))
    return said


def _parts(group: Group, devices: Sequence[str]) -> Iterable[_Part]:
    if devices.count(devices[0]) == len(devices):
        return (_Part(devices[0], group.texts, group.rows, group.special),)
    parts: dict[str, _Part] = {}
    for text, row, device in zip(group.texts, group.rows, devices, strict=True):
        part = parts.setdefault(device, _Part(device))
        part.texts.append(text)
        part.rows.append(row)
        if not row.is_plain:
            part.special.append(row)
    return parts.values()


def _tree(rows: Iterable[Row], *, is_sifted: bool) -> _Tree:
    names: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    times: dict[str, datetime] = {}
    for row in rows:
        if row.reading is not None or row.place.level > _CHANNEL:
            continue
        if row.parameter.channel:
            name = ".".join(filter(None, (row.place.vmd_name, row.parameter.channel)))
            # Where a name doesn't tell a channel from another one, its number does.
            names[row.place.channel] = row.place.channel if (row.place.mds, name) in taken else name
            taken.add((row.place.mds, name))
        if row.time and row.place.level > _MDS:
            times[row.place.path] = row.time
    return _Tree(names, times, is_sifted)


def _channel_of(name: str) -> str:
    return name.rpartition(".")[2]


def _readings(part: _Part, tree: _Tree, time: datetime | None) -> list[Reading]:
    if not tree.names and not tree.times and not any(_needs_time(row, time) or _is_status(row) for row in part.special):
        return [row.reading for row in part.rows if row.reading is not None]
    statuses = _statuses(part, tree.names)
    active = {vmd: infusion.active_sources(rows) for vmd, rows in statuses.items()}
    readings: list[Reading] = []
    for text, row in zip(part.texts, part.rows, strict=True):
        reading = row.reading
        if reading is None:
            continue
        if name := tree.names.get(row.place.channel):
            reading = (None if tree.is_sifted else placed(text, name)) or reading._replace(source=name)
            if infusion.is_waiting(_channel_of(name), active.get(row.place.vmd, frozenset())):
                reading = infusion.waiting(reading)
        readings.append(reading if row.is_plain and not tree.times else _timed(reading, row, tree.times, time))
    states = [infusion.state_of(rows, place_of(vmd).vmd_name) for vmd, rows in statuses.items()]
    return [*readings, *(state for state in states if state)]


def _needs_time(row: Row, time: datetime | None) -> bool:
    """Say whether a row's own time counts, or is missing where it should count."""
    if row.reading is None or row.reading.device_time is not None:
        return False
    return row.parameter.is_episodic or (row.time is not None and row.time != time)


def _is_status(row: Row) -> bool:
    return row.parameter.is_status and row.reading is not None


def _statuses(part: _Part, names: Mapping[str, str]) -> dict[str, list[Status]]:
    """Sort status rows by VMD: each runs an infusion of its own."""
    found: dict[str, list[Status]] = {}
    for row in part.special:
        if row.parameter.is_status and row.reading is not None:
            channel = row.place.channel
            status = Status(channel, _channel_of(names.get(channel, "")), row.reading)
            found.setdefault(row.place.vmd, []).append(status)
    return found


def _timed(reading: Reading, row: Row, times: Mapping[str, datetime], time: datetime | None) -> Reading:
    """Give a value its own time: always if it is episodic, else where it isn't the report's.

    An episodic value without a time may be as old as the sender has been on.
    """
    own = row.time or times.get(row.place.channel) or times.get(row.place.vmd)
    is_episodic = row.parameter.is_episodic
    if reading.device_time is None and own is not None and (own != time or is_episodic):
        return reading._replace(device_time=own)
    if is_episodic and own is None and reading.validity is Validity.VALID:
        return reading._replace(validity=Validity.QUESTIONABLE, reason=Reason.AGE_UNKNOWN)
    return reading


def _events(part: _Part, tree: _Tree, group: Group, time: datetime | None) -> list[Announcement]:
    if not any(row.role is Role.EVENT for row in part.special):
        return []
    found = events([Entry("", row, part.device) for row in part.special], tree.names)
    return [dated(said, group, time) for said in found]


def dated(said: Announcement, group: Group, time: datetime | None) -> Announcement:
    """Give an announcement its time. OBR-7 says whether it is news: its own may be when an alarm began."""
    own = said.device_time or time
    return replace(said, device_time=own, late=group.is_late(group.observed_at or own))


def identities(
    group: Group, devices: Sequence[str], known: Mapping[str, Identity], dialect: Dialect, serial: str
) -> list[Identity]:
    """Say who the devices of a group are: those that tell something of themselves, and those not known yet."""
    said: dict[str, dict[str, str]] = {device: {} for device in set(devices) if _is_news(known.get(device), dialect)}
    if any(row.role in _WHO for row in group.special):
        for row, device in zip(group.rows, devices, strict=True):
            if row.role in _WHO:
                said.setdefault(device, {})[_WHO[row.role]] = row.said[:MAX_TEXT]
    if not said:
        return []
    about = {"serial": serial, "dialect": dialect.name}
    return [Identity(device, **(about | who)) for device, who in sorted(said.items())]


def _is_news(known: Identity | None, dialect: Dialect) -> bool:
    """A message that doesn't show whose it is takes no dialect back."""
    return known is None or (known.dialect != dialect.name and not dialect.is_fallback)
