"""Desktop ASCII: one line a second (operator's manuals of 7500FO, Avant 9600, Avant 4100 and 8600V).

    SPO2=097 HR=072<CR><LF>         fast averaging: F behind it; event button: * at the end
    09:30:15 SPO2=--- HR=---        the 8600 says its time first

Lines with model, time and date come at power-up. Their form is UNVERIFIED: any other line that has no "=" is one.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from drivers.api import Damage
from drivers.common.text_lines import Line, LineSplitter

LIMIT: Final = 128  # bytes without a line end; the longest known line has 28
MALFORMED: Final = "malformed line"

_LINE: Final = re.compile(
    rb"(?:(?P<clock>[0-2]\d:[0-5]\d:[0-5]\d) )?SPO2=(?P<spo2>(?:  |\d\d| \d)\d|---) HR=(?P<hr>(?:  |\d\d| \d)\d|---)"
    rb"(?P<fast> F)?(?P<event> ?\*)? *"
)
_HEADING: Final = re.compile(rb"[\x20-\x3c\x3e-\x7e]+")


@dataclass(frozen=True, slots=True)
class TextLine:
    """One second, as it stands on the display: three places each."""

    spo2: str
    hr: str
    clock: str = ""  # without a date
    is_fast: bool = False
    has_event: bool = False

    def encode(self) -> bytes:
        """Give the wire bytes."""
        clock, fast, event = self.clock and self.clock + " ", " F" * self.is_fast, "*" * self.has_event
        return f"{clock}SPO2={self.spo2} HR={self.hr}{fast}{event}\r\n".encode("ascii")


@dataclass(frozen=True, slots=True)
class Heading:
    """A power-up line. Free text, so nothing of it is kept."""


TextFrame: TypeAlias = TextLine | Heading


class TextDecoder:
    """Turns bytes into lines. Keeps at most LIMIT bytes."""

    def __init__(self) -> None:
        self._lines = LineSplitter(LIMIT)
        self._is_first = True  # nearly always cut off: we came in its middle

    def feed(self, data: bytes) -> list[TextFrame | Damage]:
        """Take bytes in; give back the lines that they completed."""
        return [frame for line in self._lines.feed(data) if (frame := self._frame(line)) is not None]

    def _frame(self, line: Line | Damage) -> TextFrame | Damage | None:
        was_first, self._is_first = self._is_first, False
        if isinstance(line, Damage):
            return line
        if found := _LINE.fullmatch(line.text):
            return _text_line(found)
        if _HEADING.fullmatch(line.text):
            return Heading()
        return None if was_first else Damage(MALFORMED, line.size)


def number(text: str) -> int | None:
    """Give a value's number; None for dashes."""
    return None if "-" in text else int(text)


def _text_line(found: re.Match[bytes]) -> TextLine:
    said = {name: (text or b"").decode("ascii") for name, text in found.groupdict().items()}
    return TextLine(said["spo2"], said["hr"], said["clock"], bool(said["fast"]), bool(said["event"]))
