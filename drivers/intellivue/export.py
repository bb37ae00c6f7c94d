"""Data export messages: what the monitor reports, answers and refuses.

    E1 00 00 02 | type, 2 | length, 2 | [linked: state, number] | invoke id, 2 | command, 2 | length, 2 | ...

A connect indication has the version of the nomenclature (00 00 01 00) in place of E1 00 00 02.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from struct import Struct, error
from typing import Final, NamedTuple

from drivers.api import Damage
from drivers.intellivue.values import UNKNOWN_TIME

EXPORT: Final = bytes.fromhex("E1000002")
INDICATION: Final = bytes.fromhex("00000100")

_ONE: Final = Struct(">H")
_PAIR: Final = Struct(">HH")
_TRIPLE: Final = Struct(">HHH")
_EVENT: Final = Struct(">HHHIHH")  # managed object, time, event, length
_ACTION: Final = Struct(">HHHHH")  # managed object, action, length
_WHERE: Final = Struct(">HHHHH")  # partition, class, group, count and length of the contexts

INVOKE, RESULT, ERROR, LINKED = 1, 2, 3, 5
EVENT_REPORT, CONFIRMED_EVENT_REPORT, GET, SET, CONFIRMED_SET, CONFIRMED_ACTION = 0, 1, 3, 4, 5, 7
MDS_CREATE, CONNECT_INDICATION = 0x0D06, 0x0D17
SINGLE_POLL, EXTENDED_POLL = 0x0C16, 0xF13B
MDS, NUMERIC, WAVE, ALERT_MONITOR = 0x0021, 0x0006, 0x0009, 0x0036
FIRST, NOT_FIRST, LAST = 1, 2, 3

Attributes = Mapping[int, bytes]


class Observed(NamedTuple):
    """One object in a poll's answer, with its attributes by number."""

    context: int
    handle: int
    attributes: Attributes


class Link(NamedTuple):
    """Which piece of an answer in several messages this is: numbered from 1."""

    state: int
    number: int


@dataclass(frozen=True, slots=True)
class PollReply:
    """The answer to a poll, or a piece of it."""

    invoke_id: int
    poll_no: int
    time: int  # relative, when the values were taken
    subject: int  # the class of the objects
    objects: tuple[Observed, ...]
    sequence: int | None = None  # extended polls only: counts groups
    link: Link | None = None
    group: int = 0
    absolute: bytes = UNKNOWN_TIME

    def encode(self) -> bytes:
        """Give the message."""
        head = self.poll_no.to_bytes(2, "big")
        head += b"" if self.sequence is None else self.sequence.to_bytes(2, "big")
        head += self.time.to_bytes(4, "big") + self.absolute
        contexts = [(context, list(group)) for context, group in groupby(self.objects, key=lambda o: o.context)]
        body = b"".join(_context(context, objects) for context, objects in contexts)
        reply = head + _WHERE.pack(1, self.subject, self.group, len(contexts), len(body)) + body
        action = SINGLE_POLL if self.sequence is None else EXTENDED_POLL
        result = _ACTION.pack(MDS, 0, 0, action, len(reply)) + reply
        return _operation(self.invoke_id, CONFIRMED_ACTION, result, self.link)


@dataclass(frozen=True, slots=True)
class EventReport:
    """Something that the monitor reports by itself: that its system object exists, or that it may be called."""

    event: int
    time: int
    attributes: Attributes
    invoke_id: int = 0
    is_confirmed: bool = True
    context: int = 0
    handle: int = 0
    managed: int = MDS
    is_indication: bool = False  # sent to all, outside of any association

    def encode(self) -> bytes:
        """Give the message."""
        body = _attributes(self.attributes)
        if self.event == MDS_CREATE:  # names its object once more
            body = _TRIPLE.pack(self.managed, self.context, self.handle) + body
        body = _EVENT.pack(self.managed, self.context, self.handle, self.time, self.event, len(body)) + body
        command = CONFIRMED_EVENT_REPORT if self.is_confirmed else EVENT_REPORT
        body = _TRIPLE.pack(self.invoke_id, command, len(body)) + body
        return (INDICATION if self.is_indication else EXPORT) + _PAIR.pack(INVOKE, len(body)) + body


@dataclass(frozen=True, slots=True)
class Refused:
    """An operation that the monitor doesn't carry out (ROER)."""

    invoke_id: int
    error: int

    def encode(self) -> bytes:
        """Give the message."""
        return EXPORT + _PAIR.pack(ERROR, 6) + _TRIPLE.pack(self.invoke_id, self.error, 0)


def parse(data: bytes) -> PollReply | EventReport | Refused | Damage:
    """Read a data export message, or a connect indication."""
    try:
        kind, size = _PAIR.unpack_from(data, 4)
        if size != len(data) - 8:
            return Damage("message of wrong length", len(data))
        if kind == INVOKE:
            return _event_report(data)
        if kind == ERROR:
            return Refused(*_PAIR.unpack_from(data, 8))
        if kind in (RESULT, LINKED):
            return _result(data, Link(*data[8:10]) if kind == LINKED else None)
    except (error, TypeError):
        return Damage("message cut short", len(data))
    except _DamageError as damage:
        return Damage(str(damage), len(data))
    return Damage("message of another kind", len(data))


class _DamageError(Exception):
    """Lengths inside a message that contradict each other."""


def _event_report(data: bytes) -> EventReport | Damage:
    invoke_id, command, size = _TRIPLE.unpack_from(data, 8)
    if command not in (EVENT_REPORT, CONFIRMED_EVENT_REPORT):
        return Damage("message of another kind", len(data))
    managed, context, handle, time, event, length = _EVENT.unpack_from(data, 14)
    if size != len(data) - 14 or length != len(data) - 28:
        raise _DamageError("message of wrong length")
    attributes, _ = _read_attributes(data, 34 if event == MDS_CREATE else 28, len(data))
    is_confirmed, is_indication = command == CONFIRMED_EVENT_REPORT, data[:4] == INDICATION
    return EventReport(event, time, attributes, invoke_id, is_confirmed, context, handle, managed, is_indication)


def _result(data: bytes, link: Link | None) -> PollReply | Damage:
    at = 10 if link else 8
    invoke_id, command, size = _TRIPLE.unpack_from(data, at)
    _, _, _, action, length = _ACTION.unpack_from(data, at + 6)
    at += 16
    if command != CONFIRMED_ACTION or action not in (SINGLE_POLL, EXTENDED_POLL):
        return Damage("message of another kind", len(data))
    if size != len(data) - at + 10 or length != len(data) - at:
        raise _DamageError("message of wrong length")
    poll_no, sequence = _PAIR.unpack_from(data, at)
    if action == SINGLE_POLL:
        at, sequence = at + 2, None
    else:
        at += 4
    _, subject, group, count, size = _WHERE.unpack_from(data, at + 12)
    objects = _read_objects(data, at + 22, count, size)
    time, absolute = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 12]
    return PollReply(invoke_id, poll_no, time, subject, objects, sequence, link, group, absolute)


def _read_objects(data: bytes, at: int, contexts: int, size: int) -> tuple[Observed, ...]:
    end = at + size
    if end > len(data):
        raise _DamageError("list longer than its message")
    objects = []
    for _ in range(contexts):
        context, count, length = _TRIPLE.unpack_from(data, at)
        at += 6
        if at + length > end:
            raise _DamageError("list longer than its message")
        for _ in range(count):
            (handle,) = _ONE.unpack_from(data, at)
            attributes, at = _read_attributes(data, at + 2, end)
            objects.append(Observed(context, handle, attributes))
    if at != end:
        raise _DamageError("list of wrong length")
    return tuple(objects)


def _read_attributes(data: bytes, at: int, end: int) -> tuple[dict[int, bytes], int]:
    pair = _PAIR.unpack_from
    count, size = pair(data, at)
    at += 4
    if at + size > end:
        raise _DamageError("list longer than its message")
    attributes, end = {}, at + size
    for _ in range(count):
        attribute, length = pair(data, at)
        at += 4 + length
        attributes[attribute] = data[at - length : at]
    if at != end:
        raise _DamageError("list of wrong length")
    return attributes, at


def _context(context: int, objects: Iterable[Observed]) -> bytes:
    parts = [handle.to_bytes(2, "big") + _attributes(attributes) for _, handle, attributes in objects]
    body = b"".join(parts)
    return _TRIPLE.pack(context, len(parts), len(body)) + body


def _attributes(attributes: Attributes) -> bytes:
    body = b"".join(_PAIR.pack(number, len(value)) + value for number, value in attributes.items())
    return _PAIR.pack(len(attributes), len(body)) + body


def _operation(invoke_id: int, command: int, body: bytes, link: Link | None) -> bytes:
    rest = (bytes(link) if link else b"") + _TRIPLE.pack(invoke_id, command, len(body)) + body
    return EXPORT + _PAIR.pack(LINKED if link else RESULT, len(rest)) + rest
