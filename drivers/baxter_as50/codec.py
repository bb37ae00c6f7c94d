"""Frames of the Baxter AS50, both directions (as the public program of OpenICE has them; no manual was seen).

    [ text ] CRC CRC

The two bytes of CRC-16/XMODEM, high first, are raw: they may be a bracket or anything else. They cover the text and
both brackets. A question is a name with `?`, its answer the name with `=` and a value. The same form, sent to the
pump, sets the value: therefore the gate knows whole frames and no shapes.
"""

import re
from binascii import crc_hqx
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple

from drivers.api import Damage, Purpose, Request
from drivers.common.scanning import Scanner

WRONG_CHECKSUM: Final = "wrong checksum"

_MAX_TEXT: Final = 64  # with brackets; the public program's buffer, and it never met a longer one
_CRC_BYTES: Final = 2
_NO_TEXT: Final = re.compile(rb"[^ -Z\\^-~]")  # brackets, and what can't be printed


class Frame(NamedTuple):
    """What stands between the brackets."""

    text: str

    def encode(self) -> bytes:
        """Give the wire bytes."""
        data = f"[{self.text}]".encode("ascii")
        return data + checksum(data).to_bytes(_CRC_BYTES, "big")


@dataclass(frozen=True, slots=True)
class _Fixed(Request):
    """What all requests share: one text, and nothing that could be varied."""

    text: ClassVar[str]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return Frame(self.text).encode()


@dataclass(frozen=True, slots=True)
class ReadStatus(_Fixed):
    """Ask for the status; the public program begins with it."""

    purpose = Purpose.QUERY
    text = "STATUS?"


@dataclass(frozen=True, slots=True)
class ReadRate(_Fixed):
    """Ask for the primary rate."""

    purpose = Purpose.QUERY
    text = "PRIRATE?"


@dataclass(frozen=True, slots=True)
class Resend(_Fixed):
    """Ask for the last answer once more, because it came damaged."""

    purpose = Purpose.LINK
    text = "RESEND"


def checksum(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 1021h, begins with 0, nothing reflected or inverted."""
    return crc_hqx(data, 0)


_ALLOWED: Final[dict[bytes, Request]] = {kind().encode(): kind() for kind in (ReadStatus, ReadRate, Resend)}


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are: three frames, compared whole."""
    return _ALLOWED.get(bytes(data))


class Decoder:
    """Turns the pump's bytes into frames. Keeps at most one frame's 66 bytes."""

    def __init__(self) -> None:
        self._scanner: Scanner[Frame] = Scanner(_look)

    @property
    def kept(self) -> int:
        """How many bytes wait for more."""
        return len(self._scanner.rest)

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back what they completed."""
        return self._scanner.feed(data)


def _look(buffer: bytes, at: int) -> tuple[Frame | str, int] | None:
    limit = at + _MAX_TEXT
    if buffer[at] != 0x5B:
        return "bytes between frames", _next_start(buffer, at, len(buffer))
    stop = _NO_TEXT.search(buffer, at + 1, limit)
    if stop is None:
        return ("frame too long", limit) if len(buffer) >= limit else None
    if stop[0] != b"]":
        return "no frame of this protocol", stop.start()
    end = stop.end() + _CRC_BYTES
    if len(buffer) < end:
        return None
    frame = _frame(buffer[at:end])
    return (frame, end) if frame else (WRONG_CHECKSUM, _next_start(buffer, at, end))


def _next_start(buffer: bytes, at: int, end: int) -> int:
    """A good frame may begin where a broken one's checksum should be."""
    start = buffer.find(b"[", at + 1, end)
    return end if start < 0 else start


@lru_cache(maxsize=256)  # a pump says the same rate again and again
def _frame(data: bytes) -> Frame | None:
    body, crc = data[:-_CRC_BYTES], data[-_CRC_BYTES:]
    return Frame(body[1:-1].decode("ascii")) if int.from_bytes(crc, "big") == checksum(body) else None
