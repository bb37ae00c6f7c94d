"""Data formats 2 and 7: 75 frames a second, 25 of them a packet (Nonin 6470-000-01).

    format 2:  01 | STATUS | PLETH | FLOAT | CHK               CHK: the sum of the bytes before it, modulo 256
    format 7:  STATUS | PLETH MSB | PLETH LSB | FLOAT | CHK

FLOAT has another meaning in each of the 25 frames; bit 0 of STATUS (SYNC) marks the first. A packet counts only
whole: 25 right checksums, SYNC in the first frame and in no other, and no frame without SYNC behind it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from drivers.api import Damage
from drivers.common.scanning import Scanner

PacketFormat: TypeAlias = Literal["df2", "df7"]

FRAMES: Final = 25
SIZE: Final = 5 * FRAMES
FRAMES_PER_S: Final = 75

# STATUS
ALWAYS: Final = 0x80
ARTIFACT: Final = 0x20  # ARTF, short
OUT_OF_TRACK: Final = 0x10  # OOT, no good pulses for a while
SENSOR_ALARM: Final = 0x08  # SNSA, finger out or sensor unusable
RED: Final = 0x04  # RPRF; with green: yellow
GREEN: Final = 0x02  # GPRF
SYNC: Final = 0x01

# Which frame's FLOAT says what, from 0 on; the others are reserved and undefined.
HR: Final = (0, 1)
SPO2: Final = 2
SREV: Final = 3
TIMER: Final = (5, 6)
STAT2: Final = 7
SPO2_D: Final = 8
SPO2_FAST: Final = 9
SPO2_BB: Final = 10
E_HR: Final = (13, 14)
E_SPO2: Final = 15
E_SPO2_D: Final = 16
HR_D: Final = (19, 20)
E_HR_D: Final = (21, 22)

# STAT2
SMART_POINT: Final = 0x20
LOW_BATTERY: Final = 0x01

CHECKSUM: Final = "wrong checksum"
FRAME_LOSS: Final = "frame loss"
NO_PACKET: Final = "no packet"

_STATUSES: Final = re.compile(
    b"[%b][%b]{24}" % (re.escape(bytes(range(0x81, 0x100, 2))), re.escape(bytes(range(0x80, 0x100, 2))))
)
_HEAD: Final = b"\x01" * FRAMES


@dataclass(frozen=True, slots=True)
class Packet:
    """A third of a second: 25 of each."""

    format: PacketFormat
    statuses: bytes
    pleth: tuple[int, ...]
    floats: bytes

    def rate(self, places: tuple[int, int]) -> int:
        """Give a nine-bit number: 511 stands for none."""
        msb, lsb = places
        return (self.floats[msb] & 0x03) << 7 | self.floats[lsb] & 0x7F

    def saturation(self, place: int) -> int:
        """Give a seven-bit number: 127 stands for none."""
        return self.floats[place] & 0x7F

    def encode(self) -> bytes:
        """Give the wire bytes of all 25 frames."""
        frames = zip(self.statuses, self.pleth, self.floats, strict=True)
        return b"".join(_frame(self.format, *frame) for frame in frames)


def floats(values: dict[int, int], rates: dict[tuple[int, int], int]) -> bytes:
    """Lay seven-bit and nine-bit numbers out over the 25 frames."""
    laid = bytearray(FRAMES)
    for place, value in values.items():
        laid[place] = value
    for (msb, lsb), value in rates.items():
        laid[msb], laid[lsb] = value >> 7, value & 0x7F
    return bytes(laid)


def _frame(kind: PacketFormat, status: int, pleth: int, value: int) -> bytes:
    body = bytes((1, status, pleth, value)) if kind == "df2" else bytes((status, pleth >> 8, pleth & 0xFF, value))
    return body + bytes((sum(body) & 0xFF,))


class PacketDecoder:
    """Turns bytes into packets. Keeps one packet and the beginning of a frame."""

    def __init__(self, kind: PacketFormat) -> None:
        self._kind = kind
        self._status = 1 if kind == "df2" else 0  # STATUS' place in a frame
        self._cause = ""  # what broke the last packet: all until the next one is its fault
        self._is_silent = False  # nothing has followed
        self._scanner: Scanner[Packet] = Scanner(self._look, grace=SIZE - 1)

    @property
    def is_waiting(self) -> bool:
        """Say whether a packet waits for what follows it."""
        return len(self._scanner.rest) >= SIZE

    def feed(self, data: bytes) -> list[Packet | Damage]:
        """Take bytes in; give back the packets that they completed."""
        return self._scanner.feed(data)

    def settle(self) -> list[Packet | Damage]:
        """Silence has followed: what waits was a packet's end."""
        self._is_silent = True
        found = self._scanner.feed(b"")
        self._is_silent = False
        return found

    def _look(self, buffer: bytes, at: int) -> tuple[Packet | str, int] | None:
        if (end := self._beginning(buffer, at)) != at:
            self._cause = self._cause or NO_PACKET
            return self._cause, end
        end = at + SIZE
        if len(buffer) <= end + self._status and not (self._is_silent and len(buffer) >= end):
            return None
        columns = [buffer[at + place : end : 5] for place in range(5)]
        fault = _fault(columns, self._status) or (FRAME_LOSS if self._goes_on(buffer, end) else "")
        if fault:
            self._cause = self._cause or fault
            return self._cause, self._beginning(buffer, at + 1)
        self._cause = ""
        return _packet(self._kind, columns), end

    def _goes_on(self, buffer: bytes, at: int) -> bool:
        """Say whether a 26th frame without SYNC follows: one was lost and the SYNC of the next packet with it."""
        head = buffer[at : at + self._status + 1]
        is_head = head[:-1] == _HEAD[: self._status]
        return len(head) > self._status and is_head and head[-1] & (ALWAYS | SYNC) == ALWAYS

    def _beginning(self, buffer: bytes, at: int) -> int:
        """Go to where a packet could begin: a STATUS with SYNC, in format 2 behind a 01."""
        for place in range(at, len(buffer)):
            if self._status and buffer[place] != 1:
                continue
            status = place + self._status
            if status == len(buffer) or buffer[status] & (ALWAYS | SYNC) == ALWAYS | SYNC:
                return place
        return len(buffer)


def _fault(columns: Sequence[bytes], status: int) -> str:
    if not _STATUSES.fullmatch(columns[status]) or (status and columns[0] != _HEAD):
        return FRAME_LOSS
    is_right = all((a + b + c + d) & 0xFF == check for a, b, c, d, check in zip(*columns, strict=True))
    return "" if is_right else CHECKSUM


def _packet(kind: PacketFormat, columns: Sequence[bytes]) -> Packet:
    if kind == "df2":
        return Packet(kind, columns[1], tuple(columns[2]), columns[3])
    pleth = tuple(high << 8 | low for high, low in zip(columns[1], columns[2], strict=True))
    return Packet(kind, columns[0], pleth, columns[3])
