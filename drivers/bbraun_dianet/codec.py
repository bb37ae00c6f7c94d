"""Frames of B. Braun's Dianet Star interface, both directions (after B. Braun's own header and code, published).

    7E address segment [06|15] data CRC CRC 7E

06 and 15 stand in replies alone: acknowledged, refused with an error code. 7E, 7D and 80 are written as 7D and the byte
xor 20, in the CRC too; a bare 80 does something else. Numbers are big-endian; one whose bits are all set is not there.

On the CRC the sources differ: see `Crc`. Only the question IDENT at address 0 is built here.
"""

import re
from binascii import crc_hqx
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from drivers.api import Damage, Purpose, Request
from drivers.common.scanning import Scanner

UNASSIGNED: Final = 0
ADDRESSES: Final = frozenset({UNASSIGNED, *range(ord("A"), ord("Z") + 1)})

_FLAG, _ESCAPE, _MONITOR = 0x7E, 0x7D, 0x80
_STUFFED: Final = re.compile(rb"[\x7d\x7e\x80]")
_UNSTUFFED: Final = re.compile(rb"\x7d(.)", re.DOTALL)
_BAD_STUFFING: Final = re.compile(rb"\x80|\x7d(?![\x5d\x5e\xa0])")
_ACK, _NAK = 0x06, 0x15
_HEAD: Final = 3  # of a reply


class Crc(Enum):
    """What a frame's two check bytes are: polynomial 1021h, begins with FFFFh, either way."""

    BRAUN = "braun"  # the published code: bytes enter at the low end, and no zero bytes follow
    CCITT_FALSE = "ccitt_false"  # the usual one of that polynomial and beginning

    def over(self, data: bytes) -> int:
        """Give the checksum."""
        if self is Crc.CCITT_FALSE:
            return crc_hqx(data, 0xFFFF)
        register = 0xFFFF
        for byte in data:
            register = ((register & 0xFF) << 8 | byte) ^ crc_hqx(bytes([register >> 8]), 0)
        return register


class Segment(IntEnum):
    """What can be read."""

    IDENT = 0x01
    STATUS = 0x02
    ISTWERT = 0x03
    SOLLWERT = 0x04
    PROPOSAL = 0x05
    LIMITS = 0x06
    DOSIS = 0x07
    HISTORY = 0x08
    RELOAD = 0x09


_U8, _U16, _U32 = 1, 2, 4

# The fields of a reply's data, with their sizes in bytes.
LAYOUTS: Final[Mapping[Segment, Mapping[str, int]]] = {
    Segment.IDENT: {"identnr": _U32, "protovers": _U16, "swvers": 10, "unixtime": _U32},
    Segment.STATUS: {
        "request": _U8,
        "alarm": _U32,
        "zustand": _U32,
        "rate": _U32,
        "remainvtbd": _U32,
        "remaintime": _U16,
    },
    Segment.ISTWERT: {
        "druckwert": _U8,
        "infusedvol": _U32,
        "infusedtime": _U16,
        "bolintvrestzeit": _U16,
        "akkurest": _U16,
        "standbyrest": _U16,
        "syringevol": _U16,
        "bolintvzeit": _U16,
        "bolintvvol": _U16,
        "bolvolakt": _U16,
    },
    Segment.SOLLWERT: {
        "rate": _U32,
        "vtbd": _U32,
        "time": _U16,
        "bolrate": _U32,
        "bolvol": _U16,
        "drucklimitmax": _U8,
        "stdby": _U16,
        "medikament": 20,
    },
    Segment.PROPOSAL: {"medikament": 20, "rate": _U32},
    Segment.LIMITS: {"limits": 49},  # not taken apart
    Segment.DOSIS: {
        "kg": _U16,
        "konz": _U32,
        "einhkonz": _U8,
        "rate": _U32,
        "einhrate": _U8,
        "gebvol": _U32,
        "drug": _U32,
        "einhdrug": _U8,
    },
    Segment.HISTORY: {"history": 62},  # not taken apart
    Segment.RELOAD: {"aktiv": _U8, "rate": _U32, "vtbd": _U32},
}
_SIZES: Final = {segment: sum(layout.values()) for segment, layout in LAYOUTS.items()}
_FOR_CONTROLLERS: Final = range(0x10, 0x16)  # their replies have no data
_LONGEST: Final = 2 * (_HEAD + max(_SIZES.values()) + 2)  # every byte stuffed


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply; of a refused request the data are the error code."""

    address: int
    segment: int
    is_ack: bool
    data: bytes = b""

    def encode(self, crc: Crc) -> bytes:
        """Give the wire bytes."""
        return _frame(bytes((self.address, self.segment, _ACK if self.is_ack else _NAK)) + self.data, crc)


@dataclass(frozen=True, slots=True)
class ReadIdent(Request):
    """Ask a pump without an address who it is. It has no data, and there is no other request."""

    crc: Crc = Crc.BRAUN
    purpose = Purpose.QUERY

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(bytes((UNASSIGNED, Segment.IDENT)), self.crc)


def fields(segment: Segment, data: bytes) -> dict[str, bytes]:
    """Take the data of a reply apart."""
    found, at = {}, 0
    for name, size in LAYOUTS[segment].items():
        found[name] = data[at : at + size]
        at += size
    return found


def data_of(segment: Segment, values: Mapping[str, int | bytes]) -> bytes:
    """Put the data of a reply together; what isn't given is not there."""
    parts = []
    for name, size in LAYOUTS[segment].items():
        value = values.get(name, b"\xff" * size)
        parts.append(value if isinstance(value, bytes) else value.to_bytes(size, "big"))
    return b"".join(parts)


def _frame(block: bytes, crc: Crc) -> bytes:
    checked = block + crc.over(block).to_bytes(2, "big")
    stuffed = _STUFFED.sub(lambda found: bytes((_ESCAPE, found[0][0] ^ 0x20)), checked)
    return bytes((_FLAG,)) + stuffed + bytes((_FLAG,))


_ALLOWED: Final[dict[bytes, Request]] = {request.encode(): request for request in map(ReadIdent, Crc)}


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are: two frames, compared whole."""
    return _ALLOWED.get(bytes(data))


class Decoder:
    """Turns the pump's bytes into replies. Keeps less than 136 bytes."""

    def __init__(self, crcs: Sequence[Crc] = tuple(Crc)) -> None:
        self._crcs = crcs
        self._scanner: Scanner[Reply] = Scanner(self._look)

    @property
    def kept(self) -> int:
        """How many bytes wait for more."""
        return len(self._scanner.rest)

    def feed(self, data: bytes) -> list[Reply | Damage]:
        """Take bytes in; give back what they completed."""
        return self._scanner.feed(data)

    def _look(self, buffer: bytes, at: int) -> tuple[Reply | str, int] | None:
        if buffer[at] != _FLAG:
            start = buffer.find(_FLAG, at)
            return "bytes between frames", len(buffer) if start < 0 else start
        limit = at + 1 + _LONGEST
        end = buffer.find(_FLAG, at + 1, limit + 1)
        if end < 0:
            return ("frame too long", limit) if len(buffer) > limit else None
        judged = self._open(buffer[at + 1 : end]) if end > at + 1 else "empty frame"
        # The flag that ends a bad frame may begin a good one.
        return (judged, end) if isinstance(judged, str) else (judged, end + 1)

    def _open(self, stuffed: bytes) -> Reply | str:
        if _BAD_STUFFING.search(stuffed):
            return "wrong stuffing"
        checked = _UNSTUFFED.sub(lambda found: bytes((found[1][0] ^ 0x20,)), stuffed)
        block, check = checked[:-2], int.from_bytes(checked[-2:], "big")
        if not any(crc.over(block) == check for crc in self._crcs):
            return "wrong CRC"
        return _reply(block)


def _reply(block: bytes) -> Reply | str:
    if len(block) < _HEAD or block[0] not in ADDRESSES or block[2] not in (_ACK, _NAK):
        return "no reply"
    reply = Reply(block[0], block[1], block[2] == _ACK, block[_HEAD:])
    if reply.is_ack and reply.segment not in _SIZES and reply.segment not in _FOR_CONTROLLERS:
        return "segment not known"
    size = _SIZES.get(Segment(reply.segment), 0) if reply.is_ack and reply.segment in _SIZES else 0
    return reply if len(reply.data) == (size if reply.is_ack else 1) else "wrong length"
