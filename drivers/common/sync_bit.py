"""Frames of fixed length whose first byte alone has bit 7 set, without a checksum.

A byte too many inside a frame would shift what follows it, and an SpO2 would stand where the pulse belongs. So a frame
counts only if the next one, or silence, follows its last byte.

Other formats have such runs by chance: Nonin's data formats 2 and 7, frames of five bytes, up to two frames of four in
a row. So a frame after bytes that are none counts only if two more follow it at once, or silence does.
"""

import re
from typing import Final

from drivers.api import Damage
from drivers.common.scanning import Scanner

NO_FRAME: Final = "no frame"
CUT_SHORT: Final = "frame cut short"
TOO_LONG: Final = "frame too long"

_ROW: Final = 3  # frames that show each other right


class SyncBitDecoder:
    """Turns bytes into frames of `size` bytes. Keeps at most three frames."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._followed = re.compile(rb"[\x80-\xff][\x00-\x7f]{%d}(?=[\x80-\xff])" % (size - 1), re.DOTALL)
        self._is_trusted = False  # the byte before was a frame's last one
        self._is_silent = False  # nothing follows
        self._scanner: Scanner[bytes] = Scanner(self._look, grace=size - 1)

    @property
    def is_waiting(self) -> bool:
        """Say whether a whole frame waits for what follows it, be it silence."""
        return len(self._scanner.rest) >= self._size

    def feed(self, data: bytes) -> list[bytes | Damage]:
        """Take bytes in; give back the frames that they completed."""
        return self._scanner.feed(data)

    def settle(self) -> list[bytes | Damage]:
        """Silence has followed: what waits for it is a frame."""
        self._is_silent = True
        found = self._scanner.feed(b"")
        self._is_silent = False
        return found

    def _look(self, buffer: bytes, at: int) -> tuple[bytes | str, int] | None:
        end = at + self._size
        if self._is_trusted and self._followed.match(buffer, at):
            return buffer[at:end], end
        wanted = self._size + 1 if self._is_trusted else self._size * _ROW
        row = buffer[at : at + wanted]
        if not self._is_row(row):
            return self._give_up(row, at)
        if len(row) < wanted and not (self._is_silent and len(row) >= self._size):
            return None
        self._is_trusted = True
        return buffer[at:end], end

    def _give_up(self, row: bytes, at: int) -> tuple[str, int]:
        """Go to where the next frame could begin."""
        self._is_trusted = False
        size = next((place for place in range(1, len(row)) if row[place] >= 0x80), len(row))
        if row[0] < 0x80:
            return NO_FRAME, at + size
        return CUT_SHORT if size < self._size else TOO_LONG, at + size

    def _is_row(self, row: bytes) -> bool:
        """Say whether bit 7 stands where frames begin, and nowhere else."""
        return all((byte >= 0x80) == (place % self._size == 0) for place, byte in enumerate(row))
