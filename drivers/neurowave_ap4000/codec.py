"""Lines of the NeuroWave AP-4000, both directions (as a public program has them; no document of the maker was seen).

    ! verb ^ field ^ … | HHHH CR LF

HHHH is the 16-bit sum of the bytes from `!` to `|`, both included, in upper-case hexadecimal. An answer begins with the
verb that was asked. A sum doesn't notice bytes that have changed places.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from drivers.api import Damage, Purpose, Request
from drivers.common.scanning import Scanner

_MAX_LINE: Final = 4096  # a status has about a hundred fields, most of them numbers; four times what that needs

_LINE: Final = re.compile(rb"!([\x20-\x7b\x7d\x7e\xa0-\xff]*)\|([0-9A-F]{4})\r\n")

# The pump's own id comes back in the questions: digits in groups, as both pumps that were seen have it.
_SYSTEM_ID: Final = re.compile(r"[0-9][0-9-]{0,22}[0-9]")
_STATUS_QUESTION: Final = re.compile(rb"!STATREQ\^([0-9-]{2,24})\|[0-9A-F]{4}\r\n")

# How many fields an answer has, the verb being the first. Any other number is another layout: no field is taken.
LENGTHS: Final = {
    "CONNREQ": (5, 7),  # the two versions that were seen
    "STATREQ": range(97, 257),  # up to the last field that is known; more may follow
}


class Answer(NamedTuple):
    """What the pump says: fields, numbered as in the public program; field 0 is the verb."""

    fields: tuple[str, ...]

    @property
    def verb(self) -> str:
        """Which question it answers."""
        return self.fields[0]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _line("^".join(self.fields))


@dataclass(frozen=True, slots=True)
class Connect(Request):
    """Ask who it is; the conversation begins with it."""

    purpose = Purpose.LINK

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _line("CONNREQ")


@dataclass(frozen=True, slots=True)
class ReadStatus(Request):
    """Ask for all that both channels show. The id is the pump's; ValueError: it has another shape."""

    purpose = Purpose.QUERY
    system_id: str

    def __post_init__(self) -> None:
        if not is_system_id(self.system_id):
            raise ValueError("a system id is 2 to 24 digits and hyphens")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _line(f"STATREQ^{self.system_id}")


def is_system_id(text: str) -> bool:
    """Say whether a text may come back in a question."""
    return _SYSTEM_ID.fullmatch(text) is not None


def checksum(data: bytes) -> int:
    """Sum of all bytes, 16 bits."""
    return sum(data) & 0xFFFF


def _line(payload: str) -> bytes:
    data = b"!%b|" % payload.encode("latin-1")
    return b"%b%04X\r\n" % (data, checksum(data))


_CONNECT: Final = Connect()
_CONNECT_LINE: Final = _CONNECT.encode()


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are."""
    data = bytes(data)
    if data == _CONNECT_LINE:
        return _CONNECT
    parts = _STATUS_QUESTION.fullmatch(data)
    if not parts or not is_system_id(system_id := parts[1].decode("ascii")):
        return None
    request = ReadStatus(system_id)
    return request if request.encode() == data else None


class Decoder:
    """Turns the pump's bytes into answers. Keeps at most one line's 4096 bytes."""

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
    end = buffer.find(b"\n", at, limit)
    if end < 0:
        return ("line too long", _next_start(buffer, at, limit)) if len(buffer) >= limit else None
    judged = _answer(buffer[at : end + 1])
    return (judged, _next_start(buffer, at, end + 1)) if isinstance(judged, str) else (judged, end + 1)


def _next_start(buffer: bytes, at: int, end: int) -> int:
    """A good line may begin within a broken one."""
    start = buffer.find(b"!", at + 1, end)
    return end if start < 0 else start


@lru_cache(maxsize=64)
def _answer(line: bytes) -> Answer | str:
    if not (parts := _LINE.fullmatch(line)):
        return "no line of this protocol"
    if int(parts[2], 16) != checksum(line[: parts.end(1) + 1]):
        return "wrong checksum"
    fields = tuple(parts[1].decode("latin-1").split("^"))
    if fields[0] not in LENGTHS:
        return "answer not known"
    return Answer(fields) if len(fields) in LENGTHS[fields[0]] else "wrong number of fields"
