"""Lines of Alaris and Asena syringe pumps, both directions (Alaris Syringe Pump Communications Protocol).

    ! payload | CCCC CR

The payload is a verb and its fields, joined with `^`. CCCC is CRC-16/CCITT-FALSE over the payload, in upper-case
hexadecimal. The pump's answer begins with the verb that was asked; ESC breaks a line off.

A verb without `^` asks, with a few exceptions that act: therefore the gate knows whole lines and no shapes.
"""

import re
from binascii import crc_hqx
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple

from drivers.api import Damage, Purpose, Request
from drivers.common.scanning import Scanner

_MAX_LINE: Final = 512  # the longest known line has 94 bytes; a drug name may come on top

_LINE: Final = re.compile(rb"!([\x20-\x7e\xa0-\xff]*)\|([0-9A-F]{4})\r")
_END: Final = re.compile(rb"[\r\x1b]")

# The fields behind the verb. A line with more or fewer is dropped whole: none is taken by its position.
FIELDS: Final = {
    "INST_SERIALNO": 1,
    "COMMS_PROTOCOL": 1,
    "COMMS_RESPONSE_MAX": 2,
    "INF": 13,
    "INF_RATE": 2,
    "INF_VI": 2,
    "INF_VTBI": 4,
    "INF_RATE_MAX_SYRINGE": 2,
    "SYRINGE_STATUS": 3,
    "ALARM": 3,
}


class Answer(NamedTuple):
    """What the pump says: a verb and its fields, blanks kept (the CRC covers them)."""

    verb: str
    fields: tuple[str, ...]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _line("^".join((self.verb, *self.fields)))


@dataclass(frozen=True, slots=True)
class _Question(Request):
    """What all requests share: a verb, and nothing that could be varied."""

    purpose = Purpose.QUERY
    verb: ClassVar[str]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _line(self.verb)


@dataclass(frozen=True, slots=True)
class ReadSerialNumber(_Question):
    """Ask who it is."""

    verb = "INST_SERIALNO"


@dataclass(frozen=True, slots=True)
class ReadProtocol(_Question):
    """Ask for the protocol's revision."""

    verb = "COMMS_PROTOCOL"


@dataclass(frozen=True, slots=True)
class ReadResponseMax(_Question):
    """Ask how long an answer may take."""

    verb = "COMMS_RESPONSE_MAX"


@dataclass(frozen=True, slots=True)
class ReadInfusion(_Question):
    """Ask for all infusion data of one instant."""

    verb = "INF"


@dataclass(frozen=True, slots=True)
class ReadVtbi(_Question):
    """Ask for the volume to be infused."""

    verb = "INF_VTBI"


@dataclass(frozen=True, slots=True)
class ReadSyringe(_Question):
    """Ask for make and size of the syringe."""

    verb = "SYRINGE_STATUS"


@dataclass(frozen=True, slots=True)
class ReadAlarm(_Question):
    """Ask which alarm there is."""

    verb = "ALARM"


QUESTIONS: Final = (
    ReadSerialNumber,
    ReadProtocol,
    ReadResponseMax,
    ReadInfusion,
    ReadVtbi,
    ReadSyringe,
    ReadAlarm,
)


def checksum(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 1021h, begins with FFFFh, nothing reflected or inverted."""
    return crc_hqx(data, 0xFFFF)


def _line(payload: str) -> bytes:
    data = payload.encode("latin-1")
    return b"!%b|%04X\r" % (data, checksum(data))


_ALLOWED: Final[dict[bytes, Request]] = {kind().encode(): kind() for kind in QUESTIONS}


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are: seven lines, compared whole."""
    return _ALLOWED.get(bytes(data))


class Decoder:
    """Turns the pump's bytes into answers. Keeps at most one line's 512 bytes."""

    def __init__(self) -> None:
        self._scanner: Scanner[Answer] = Scanner(_look)

    @property
    def kept(self) -> int:
        """How many bytes wait for more."""
        return len(self._scanner.rest)

    def feed(self, data: bytes) -> list[Answer | Damage]:
        """Take bytes in; give back what they completed."""
        return self._scanner.feed(data)


def _look(buffer: bytes, at: int) -> tuple[Answer | str, int] | None:
    limit = at + _MAX_LINE
    if buffer[at] != 0x21:
        return "bytes between lines", _next_start(buffer, at, len(buffer))
    end = _END.search(buffer, at + 1, limit)
    if end is None:
        return ("line too long", _next_start(buffer, at, limit)) if len(buffer) >= limit else None
    judged = _answer(buffer[at : end.end()])
    return (judged, _next_start(buffer, at, end.end())) if isinstance(judged, str) else (judged, end.end())


def _next_start(buffer: bytes, at: int, end: int) -> int:
    """A good line may begin within a broken one."""
    start = buffer.find(b"!", at + 1, end)
    return end if start < 0 else start


@lru_cache(maxsize=1024)  # a resting pump says the same lines
def _answer(line: bytes) -> Answer | str:
    if line.endswith(b"\x1b"):
        return "line broken off"
    if not (parts := _LINE.fullmatch(line)):
        return "no line of this protocol"
    if int(parts[2], 16) != checksum(parts[1]):
        return "wrong checksum"
    verb, *fields = parts[1].decode("latin-1").split("^")
    if verb not in FIELDS:
        return "answer not known"
    if len(fields) != FIELDS[verb]:
        return "wrong number of fields"
    return Answer(verb, tuple(fields))
