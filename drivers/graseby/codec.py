"""Return records of Graseby 3000 / 500 and Micro 3100 / 505, both directions (Technical Service Manual, chapter 12).

    < LL R AAAAAA data XXXX >

LL is the length of the whole record in hexadecimal, R the return code, AAAAAA the three alarm bytes, XXXX a CRC-16 of
the reflected polynomial 8408h over all before it. What the CRC begins with and whether it is inverted is not known:
three candidates. Requests are not built here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from drivers.api import Damage
from drivers.common.scanning import Scanner


class Crc(Enum):
    """The candidates: what the register begins with, and what it is inverted with at the end."""

    X25 = (0xFFFF, 0xFFFF)
    MCRF4XX = (0xFFFF, 0x0000)
    KERMIT = (0x0000, 0x0000)

    def over(self, data: bytes) -> int:
        """Give the checksum."""
        register, inverted = self.value
        for byte in data:
            register = (register >> 8) ^ _TABLE[(register ^ byte) & 0xFF]
        return register ^ inverted


ANY_CRC: Final = tuple(Crc)

_SHORTEST: Final = 15  # a record without data
LONGEST_DATA: Final = 40  # the largest parameter area that the manual names; the longest known data are 17 characters
_LONGEST: Final = _SHORTEST + LONGEST_DATA

_HEADER: Final = re.compile(rb"<[0-9A-F]{2}")
_RECORD: Final = re.compile(rb"<..([ -~])([0-9A-F]{6})([ -~]*)([0-9A-F]{4})>")


# A host that sets the time: its digits would pass for alarm bytes and a model. At worst a model is lost by this.
_SETS_TIME: Final = re.compile(rb"<15E[0-9]{12}.*", re.DOTALL)


def _table_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ 0x8408 if value & 1 else value >> 1
    return value


_TABLE: Final = tuple(_table_entry(value) for value in range(256))


@dataclass(frozen=True, slots=True)
class Reply:
    """One return record; the CRC has been looked at."""

    code: str
    alarms: bytes  # three
    data: str = ""

    def encode(self, crc: Crc) -> bytes:
        """Give the wire bytes."""
        text = f"<{_SHORTEST + len(self.data):02X}{self.code}{self.alarms.hex().upper()}{self.data}".encode("ascii")
        return b"%b%04X>" % (text, crc.over(text))


class Decoder:
    """Turns the pump's bytes into return records. Keeps less than 55 bytes."""

    def __init__(self, crcs: Sequence[Crc] = ANY_CRC) -> None:
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
        if buffer[at] != 0x3C:
            start = buffer.find(b"<", at)
            return "bytes between records", len(buffer) if start < 0 else start
        if (next_start := buffer.find(b"<", at + 1, at + _LONGEST)) >= 0 and next_start < at + 3:
            return "record cut short", next_start
        if len(buffer) < at + 3:
            return None
        if not _HEADER.match(buffer, at):
            return "no record", at + 3
        size = int(buffer[at + 1 : at + 3], 16)
        if not _SHORTEST <= size <= _LONGEST:
            return "no return record", at + 3
        if 0 <= next_start < at + size:
            return "record cut short", next_start
        return (self._open(buffer[at : at + size]), at + size) if len(buffer) >= at + size else None

    def _open(self, record: bytes) -> Reply | str:
        if _SETS_TIME.fullmatch(record):
            return "no return record"
        if not (parts := _RECORD.fullmatch(record)):
            return "no record"
        if not any(int(parts[4], 16) == crc.over(record[:-5]) for crc in self._crcs):
            return "wrong CRC"
        return Reply(parts[1].decode("ascii"), bytes.fromhex(parts[2].decode("ascii")), parts[3].decode("ascii"))
