"""Lines of New Era NE-1000 and NE-500 syringe pumps (NE-1000 User's Manual), both directions.

    to the pump    verb [argument] CR                          a verb alone asks, a verb with an argument writes
    basic mode     STX | address, 2 digits | status | data | ETX                            without a checksum
    safe mode      STX | length | address, status, data | CRC, 2 bytes | ETX                length: all but STX

The status is one letter, or `A?` and a letter for an alarm. The pump strips blanks and control characters and ignores
case before it reads a line; therefore the gate knows whole lines and no shapes. No request holds a digit, so none has
an address: if a CR is lost on the way, two requests run together, and must not become a verb with a number.
"""

import re
from binascii import crc_hqx
from dataclasses import dataclass
from typing import ClassVar, Final

from drivers.api import Damage, Purpose, Request
from drivers.common.scanning import Scanner

_STX, _ETX = 0x02, 0x03
_LONGEST: Final = (
    40  # address, status and data; the longest known answer has 19. More would be no length byte of safe mode
)
_SAFE_EXTRA: Final = 4  # length, CRC, ETX
_SHORTEST_SAFE: Final = 3 + _SAFE_EXTRA

_ANSWER: Final = re.compile(r"([0-9]{2})([IWSPTUX]|A\?[A-Z])([ -~]*)")
_NO_TEXT: Final = re.compile(rb"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the pump says. It doesn't repeat what was asked."""

    address: str
    status: str  # a letter, or A? and the alarm's letter
    data: str = ""
    is_safe: bool = False  # in the framing of safe mode

    def encode(self) -> bytes:
        """Give the wire bytes."""
        text = f"{self.address}{self.status}{self.data}".encode("ascii")
        return safe(text) if self.is_safe else bytes((_STX, *text, _ETX))


@dataclass(frozen=True, slots=True)
class _Question(Request):
    """What all requests share: a verb, and nothing that could be varied."""

    purpose = Purpose.QUERY
    effect = "an alarm that the pump shows is acknowledged by being reported in the answer"
    verb: ClassVar[str]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return self.verb.encode("ascii") + b"\r"


@dataclass(frozen=True, slots=True)
class ReadVersion(_Question):
    """Ask which model and firmware it is."""

    verb = "VER"


@dataclass(frozen=True, slots=True)
class ReadDispensed(_Question):
    """Ask what was infused and withdrawn."""

    verb = "DIS"


@dataclass(frozen=True, slots=True)
class ReadRate(_Question):
    """Ask for the rate of the selected phase."""

    verb = "RAT"


@dataclass(frozen=True, slots=True)
class ReadVolume(_Question):
    """Ask for the volume to be dispensed in the selected phase."""

    verb = "VOL"


@dataclass(frozen=True, slots=True)
class ReadDirection(_Question):
    """Ask whether the selected phase infuses or withdraws."""

    verb = "DIR"


@dataclass(frozen=True, slots=True)
class ReadPhase(_Question):
    """Ask which phase of the programme is selected."""

    verb = "PHN"


@dataclass(frozen=True, slots=True)
class ReadDiameter(_Question):
    """Ask for the syringe's inside diameter."""

    verb = "DIA"


QUESTIONS: Final = (ReadVersion, ReadDispensed, ReadRate, ReadVolume, ReadDirection, ReadPhase, ReadDiameter)

_ALLOWED: Final[dict[bytes, Request]] = {kind().encode(): kind() for kind in QUESTIONS}


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are: seven lines, compared whole."""
    return _ALLOWED.get(bytes(data))


def checksum(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 1021h, begins with 0, nothing reflected or inverted."""
    return crc_hqx(data, 0)


def safe(text: bytes) -> bytes:
    """Frame a text as in safe mode."""
    return bytes((_STX, len(text) + _SAFE_EXTRA, *text, *checksum(text).to_bytes(2, "big"), _ETX))


class Decoder:
    """Turns the pump's bytes into answers. Keeps less than one frame of 44 bytes."""

    def __init__(self) -> None:
        self._scanner: Scanner[Answer] = Scanner(_look)

    @property
    def kept(self) -> int:
        """How many bytes wait for more."""
        return len(self._scanner.rest)

    def feed(self, data: bytes) -> list[Answer | Damage]:
        """Take bytes in; give back what they completed."""
        return self._scanner.feed(data)

    def give_up(self) -> list[Damage]:
        """Drop what has waited too long for its end."""
        size, self._scanner.rest = self.kept, b""
        return [Damage("frame cut short", size)] if size else []


def _look(buffer: bytes, at: int) -> tuple[Answer | str, int] | None:
    """The byte behind STX tells the framings apart: a length is smaller than any digit."""
    if buffer[at] != _STX:
        return "bytes between frames", _next_start(buffer, at, len(buffer))
    if at + 1 == len(buffer):
        return None
    return (
        _look_safe(buffer, at)
        if _SHORTEST_SAFE <= buffer[at + 1] <= _LONGEST + _SAFE_EXTRA
        else _look_basic(buffer, at)
    )


def _look_basic(buffer: bytes, at: int) -> tuple[Answer | str, int] | None:
    limit = at + 1 + _LONGEST + 1
    end = _NO_TEXT.search(buffer, at + 1, limit)
    if end is None:
        return ("frame too long", _next_start(buffer, at, limit)) if len(buffer) >= limit else None
    if buffer[end.start()] != _ETX:
        return "frame cut short", end.start()
    answer = _answer(buffer[at + 1 : end.start()], is_safe=False)
    return answer, end.end()


def _look_safe(buffer: bytes, at: int) -> tuple[Answer | str, int] | None:
    end = at + 1 + buffer[at + 1]
    if end > len(buffer):
        return None
    text, crc = buffer[at + 2 : end - 3], int.from_bytes(buffer[end - 3 : end - 1], "big")
    if buffer[end - 1] != _ETX or crc != checksum(text):
        return "wrong checksum", _next_start(buffer, at, end)
    return _answer(text, is_safe=True), end


def _answer(text: bytes, *, is_safe: bool) -> Answer | str:
    parts = _ANSWER.fullmatch(text.decode("ascii", "replace"))
    return Answer(parts[1], parts[2], parts[3], is_safe) if parts else "no answer of this protocol"


def _next_start(buffer: bytes, at: int, end: int) -> int:
    """A good frame may begin within a broken one."""
    start = buffer.find(_STX, at + 1, end)
    return end if start < 0 else start
