"""Lines of text that end in CR, LF or both, and have no other framing."""

import re
from typing import Final, NamedTuple

from drivers.api import Damage

TOO_LONG: Final = "line too long"

_END: Final = re.compile(rb"[\r\n]")


class Line(NamedTuple):
    """One line that isn't empty, and its size on the wire."""

    text: bytes
    size: int


class LineSplitter:
    """Turns bytes into lines. Keeps at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""
        self._is_overlong = False  # the line's beginning has been given up already

    def feed(self, data: bytes) -> list[Line | Damage]:
        """Take bytes in; give back the lines that they completed."""
        *texts, self._rest = _END.split(self._rest + data)
        found = [line for text in texts if (line := self._line(text)) is not None]
        if len(self._rest) > self._limit:
            found.append(self._give_up_the_beginning())
        return found

    def _give_up_the_beginning(self) -> Damage:
        """Give up whole blocks only, so that what is counted so far doesn't depend on how the bytes came."""
        size = len(self._rest) - len(self._rest) % (self._limit + 1)
        self._rest, self._is_overlong = self._rest[size:], True
        return Damage(TOO_LONG, size)

    def _line(self, text: bytes) -> Line | Damage | None:
        was_overlong, self._is_overlong = self._is_overlong, False
        if was_overlong or len(text) > self._limit:
            return Damage(TOO_LONG, len(text) + 1)
        return Line(text, len(text) + 1) if text else None
