"""Serial ASCII 1: one line of text a second, and nothing in the other direction.

    02/24/18 04:48:53 SN=0000145838 SPO2=097% BPM=080 PI=04.96% ... ALARM=0000 EXC=000800<CR><LF>

There is no checksum and no length: a line counts only if all of it has the known form, else it is dropped whole.
Sources: Rad-8 operator's manual, sections 4 and 7; lines and programs that their owners made public (README).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from drivers.api import Damage

LIMIT: Final = 512  # bytes without a line end; the longest known line has 177, its end included

# The forms in which the models say each KEY. 9: digit or dash, +: sign, F: hexadecimal digit.
FORMS: Final = {
    "SN": ("9999999999",),
    "SPO2": ("999%",),
    "BPM": ("999", "999%"),  # one program quotes a Rad-8 line with the percent sign
    "PI": ("99.99%", "99.99"),
    "SPCO": ("99.9%", "99%"),
    "SPMET": ("99.9%",),
    "SPHB": ("99.9",),
    "SPOC": ("99",),
    "RESVD": ("999",),
    "DESAT": ("99",),
    "PIDELTA": ("+99",),
    "PVI": ("999",),
    "ALARM": ("FF", "FFFF", "FFFFFF"),
    "EXC": ("FFF", "FFFFFF", "FFFFFFF"),
    "EXC1": ("FFFFFFFF",),
}
MOST: Final = {"SPO2": 100, "BPM": 250, "PVI": 100}
MANDATORY: Final = frozenset({"SPO2", "BPM", "EXC"})
SIGNED: Final = frozenset({"PIDELTA"})

TOO_LONG: Final = "line too long"
NO_CLOCK: Final = "no date and time"
TREND: Final = "ASCII 2 trend line"
MALFORMED: Final = "malformed value"
REPEATED: Final = "repeated key"
INCOMPLETE: Final = "missing key"

_PLACES: Final = {"9": "[0-9-]", "+": "[+-]", "F": "[0-9A-F]", ".": r"\."}
_VALUES: Final = {
    key: re.compile("|".join("".join(_PLACES.get(place, place) for place in form) for form in forms))
    for key, forms in FORMS.items()
}
# A key that no known model has: short and without letters that could spell a name.
_OTHER: Final = re.compile(r"[A-Z][A-Z0-9]{0,7}=[-+.0-9A-F]{1,10}%?")
_CLOCK: Final = re.compile(rb"(\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d) ")
_CLOCK_SIZE: Final = len("MM/DD/YY HH:MM:SS ")


@dataclass(frozen=True, slots=True)
class TextLine:
    """What the oximeter says in one second: its own clock, and each KEY with its text, in the device's order."""

    clock: datetime
    values: Mapping[str, str]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        pairs = " ".join(f"{key}={text}" for key, text in self.values.items())
        return f"{self.clock:%m/%d/%y %H:%M:%S} {pairs}\r\n".encode("ascii")


def number(key: str, text: str) -> int | float | None:
    """Give a value's number; None where a dash stands in the place of a digit."""
    digits = text.removesuffix("%")
    if "-" in (digits[1:] if key in SIGNED else digits):
        return None
    return float(digits) if "." in digits else int(digits)


class Decoder:
    """Turns the oximeter's bytes into lines. Keeps at most LIMIT bytes."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_first = True  # nearly always cut off: we came in its middle
        self._is_overlong = False  # the line's beginning has been given up already

    def feed(self, data: bytes) -> list[TextLine | Damage]:
        """Take bytes in; give back the lines that they completed."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        frames = [frame for line in lines if (frame := self._frame(line)) is not None]
        if len(self._rest) > LIMIT:
            frames.append(self._give_up_the_beginning())
        return frames

    def _give_up_the_beginning(self) -> Damage:
        """Give up whole blocks only, so that what is counted so far doesn't depend on how the bytes came."""
        size = len(self._rest) - len(self._rest) % (LIMIT + 1)
        self._rest, self._is_overlong = self._rest[size:], True
        return Damage(TOO_LONG, size)

    def _frame(self, line: bytes) -> TextLine | Damage | None:
        is_first, self._is_first = self._is_first, False
        is_overlong, self._is_overlong = self._is_overlong, False
        size = len(line) + 1
        if is_overlong or len(line) > LIMIT:
            return Damage(TOO_LONG, size)
        text = line.strip(b"\r\0")  # CR LF, LF or LF CR; a program for the Radical-7 meets NULs before its lines
        if not text or (is_first and not _CLOCK.match(text)):
            return None
        frame = _decode(text)
        return frame if isinstance(frame, TextLine) else Damage(frame, size)


def _decode(text: bytes) -> TextLine | str:
    """Give the line, or the reason why it is none."""
    if (clock := _clock(text[:_CLOCK_SIZE])) is None:
        return NO_CLOCK
    tokens = text[_CLOCK_SIZE:].split(b" ")
    pairs = [pair for token in tokens if (pair := _pair(token)) is not None]
    if len(pairs) < len(tokens):
        return TREND if tokens[0].startswith(b"SpO2=") else MALFORMED
    values = dict(pairs)
    if len(values) < len(pairs):
        return REPEATED
    return TextLine(clock, values) if values.keys() >= MANDATORY else INCOMPLETE


@lru_cache(maxsize=256)
def _clock(text: bytes) -> datetime | None:
    if (found := _CLOCK.fullmatch(text)) is None:
        return None
    month, day, year, hour, minute, second = map(int, found.groups())
    try:
        return datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001  the device says no zone
    except ValueError:
        return None


@lru_cache(maxsize=8_192)
def _pair(token: bytes) -> tuple[str, str] | None:
    """Take KEY=VALUE apart, if the value has the key's form and range."""
    key, _, text = token.decode("ascii", "replace").partition("=")
    if key not in FORMS:
        return (key, text) if _OTHER.fullmatch(f"{key}={text}") else None
    if not _VALUES[key].fullmatch(text):
        return None
    return (key, text) if key not in MOST or (number(key, text) or 0) <= MOST[key] else None
