"""Frames of fixed length whose first byte alone has bit 7 set, without a checksum.

Other formats have such runs by chance: Nonin's data formats 2 and 7, frames of five bytes, up to two frames of four in
a row. So a frame after bytes that are none counts only if two more follow it at once, or silence does.
"""

import re
from typing import Final

from drivers.api import Damage
from drivers.common.scanning import Scanner

NO_FRAME: Final = "no frame"
CUT_SHORT: Final = "frame cut short"

_ROW: Final = 3  # frames that show each other right


class SyncBitDecoder:
    """Turns bytes into frames of `size` bytes. Keeps at most three frames."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._whole = re.compile(rb"[\x80-\xff][\x00-\x7f]{%d}" % (size - 1), re.DOTALL)
        self._is_trusted = False  # the byte before was a frame's last one
        self._scanner: Scanner[bytes] = Scanner(self._look, grace=size - 1)

    @property
    def is_waiting(self) -> bool:
        """Say whether a whole frame waits for silence."""
        return len(self._scanner.rest) >= self._size

    def feed(self, data: bytes) -> list[bytes | Damage]:
        """Take bytes in; give back the frames that they completed."""
        return self._scanner.feed(data)

    def settle(self) -> list[bytes | Damage]:
        """Silence has followed: what waits for it is a frame."""
        self._is_trusted = self._is_trusted or self.is_waiting
        return self._scanner.feed(b"")

    def _look(self, buffer: bytes, at: int) -> tuple[bytes | str, int] | None:
        end = at + self._size
        if self._is_trusted and self._whole.match(buffer, at):
            return buffer[at:end], end
        row = buffer[at : at + self._size * (1 if self._is_trusted else _ROW)]
        if not self._is_row(row):
            self._is_trusted = False
            reason = CUT_SHORT if row[0] >= 0x80 else NO_FRAME
            return reason, at + next((place for place in range(1, len(row)) if row[place] >= 0x80), len(row))
        if len(row) < self._size * _ROW:
            return None
        self._is_trusted = True
        return buffer[at:end], end

    def _is_row(self, row: bytes) -> bool:
        """Say whether bit 7 stands where frames begin, and nowhere else."""
        return all((byte >= 0x80) == (place % self._size == 0) for place, byte in enumerate(row))
