"""Nellcor's ASCII printout: a line each two seconds, three header lines now and then, nothing in the other direction.

    N-560    VERSION 1.56.00    CRC:XXXX  SpO2 Limit: 90-100%    PR Limit: 60-170BPM
                                 ADULT            0SAT-S
    TIME                 %SpO2   BPM     PA     Status
    29-Dec-17 07:19:01    79*     66      18    MO SL       AS

No manufacturer's document was at hand: the form is that of lines which owners of an N-560 made public (README). There
is no checksum and no length: a line counts only if all of it has the known form, else it is dropped whole.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, TypeAlias

from drivers.api import Damage
from drivers.common.text_lines import Line, LineSplitter

LIMIT: Final = 256  # bytes without a line end; the longest known line has 83

# Each code stands in a column of its own, counted from the first status column. AO, AS, MO, PS, SD, SL and SO: from
# public lines; the others are our guess, and matter only for what the simulator says.
COLUMNS: Final = {
    **dict.fromkeys(("MO", "PS", "SD", "SO", "LP", "LM"), 0),
    **dict.fromkeys(("SL", "SH"), 3),
    **dict.fromkeys(("PL", "PH"), 6),
    "LB": 9,
    "AS": 12,
    "AO": 15,
}
_WIDTH: Final = 17

NO_DATA: Final = "no data line"
NO_CLOCK: Final = "no date and time"
OUT_OF_RANGE: Final = "value out of range"

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST: Final = {"%SpO2": 100, "BPM": 300}  # far enough for any pulse; a third digit too many is damage

_VALUE: Final = r"(\d{1,3}\*?|---\*?)"
_DATA: Final = re.compile(
    rf"(\d\d-[A-Z][a-z][a-z]-\d\d \d\d:\d\d:\d\d) +{_VALUE} +{_VALUE} +{_VALUE}((?: +[A-Z]{{2}}){{0,8}}) *"
)
_MODEL: Final = re.compile(r"([A-Z][A-Z0-9-]{1,11}) +VERSION +([0-9A-Z.]{1,16}) +CRC:\S{1,8} .*Limit:.*")
# An N-595 adds a response mode and says %SPO2 (after the MD PnP project's driver).
_HEADINGS: Final = re.compile(
    r" +[A-Z]+ +\d{1,3}SAT-S(?: +SPO2 RESP MODE: [A-Z]+)? *| *TIME +%S[pP]O2 +BPM +PA +Status *"
)


@dataclass(frozen=True, slots=True)
class TextLine:
    """What the oximeter says in two seconds: its own clock, three values as text, and the status codes."""

    clock: datetime
    spo2: str
    bpm: str
    pa: str
    codes: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Give the wire bytes, in an N-560's columns."""
        day = f"{self.clock:%d}-{MONTHS[self.clock.month - 1]}-{self.clock:%y %H:%M:%S}"
        values = "".join(f"{_aligned(value)}    " for value in (self.spo2, self.bpm))
        return f"{day}   {values}{self.pa:>3}    {_status(self.codes)}\r\n".encode("ascii")


@dataclass(frozen=True, slots=True)
class Model:
    """The first header line. The alarm limits beside it are not kept."""

    model: str
    version: str

    def encode(self) -> bytes:
        """Give the wire bytes, with an N-560's factory limits."""
        limits = "SpO2 Limit: 90-100%    PR Limit: 60-170BPM"
        return f"{self.model}    VERSION {self.version}    CRC:XXXX  {limits}\r\n".encode("ascii")


@dataclass(frozen=True, slots=True)
class Heading:
    """The second or third header line."""

    text: str

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return f"{self.text}\r\n".encode("ascii")


Frame: TypeAlias = TextLine | Model | Heading

PATIENT_MODE: Final = Heading("                             ADULT            0SAT-S ")
COLUMN_NAMES: Final = Heading("TIME                 %SpO2   BPM     PA     Status")


def number(text: str) -> int | None:
    """Give a value's number; a star behind it only says that it is outside its alarm limits."""
    digits = text.removesuffix("*")
    return int(digits) if digits.isdigit() else None


class Decoder:
    """Turns the oximeter's bytes into lines. Keeps at most LIMIT bytes."""

    def __init__(self) -> None:
        self._lines = LineSplitter(LIMIT)
        self._is_first = True  # nearly always cut off: we came in its middle

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back the lines that they completed."""
        return [frame for line in self._lines.feed(data) if (frame := self._frame(line)) is not None]

    def _frame(self, line: Line | Damage) -> Frame | Damage | None:
        was_first, self._is_first = self._is_first, False
        if isinstance(line, Damage):
            return line
        text = line.text.strip(b"\0").decode("ascii", "replace")
        if not text.strip(" "):
            return None
        frame = _decode(text)
        if isinstance(frame, str):
            return None if was_first and frame is NO_DATA else Damage(frame, line.size)
        return frame


def _decode(text: str) -> Frame | str:
    """Give the line, or the reason why it is none."""
    if found := _DATA.fullmatch(text):
        return _text_line(*found.groups())
    if found := _MODEL.fullmatch(text):
        return Model(found[1], found[2])
    return Heading(text) if _HEADINGS.fullmatch(text) else NO_DATA


def _text_line(clock: str, spo2: str, bpm: str, pa: str, codes: str) -> TextLine | str:
    if (at := _clock(clock)) is None:
        return NO_CLOCK
    if any((number(text) or 0) > MOST[name] for name, text in (("%SpO2", spo2), ("BPM", bpm))):
        return OUT_OF_RANGE
    return TextLine(at, spo2, bpm, pa, tuple(codes.split()))


@lru_cache(maxsize=256)
def _clock(text: str) -> datetime | None:
    day, month, year = text[:2], text[3:6], text[7:9]
    try:
        return datetime.fromisoformat(f"20{year}-{MONTHS.index(month) + 1:02d}-{day}T{text[10:]}")
    except ValueError:
        return None


def _aligned(value: str) -> str:
    """Put a value into three places, its star or a blank behind them."""
    return f"{value.removesuffix('*'):>3}{'*' if value.endswith('*') else ' '}"


def _status(codes: tuple[str, ...]) -> str:
    """Put each code into its column, or behind the last one."""
    places = bytearray(b" " * _WIDTH)
    for code in codes:
        at = COLUMNS.get(code, len(places) + 1)
        if places[at : at + 2].strip() or at > len(places):
            at = len(places) + 1
        places.extend(b" " * (at + 2 - len(places)))
        places[at : at + 2] = code.encode("ascii")
    return places.decode("ascii")
