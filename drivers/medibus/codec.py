"""Frames of MEDIBUS, both directions (after three public programs: OpenICE, VSCaptureDrgVent, icu_devices).

    command  ESC code arguments CS CR
    answer   SOH code data CS CR

CS is the sum of all bytes before it, modulo 256, as two hexadecimal digits. Both sides send commands, and each has to
be answered. Bytes with bit 7 set belong to the realtime stream and may stand anywhere, even inside a frame.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple, TypeAlias

from drivers.api import Damage, Purpose, Request

# Start, code, 251 bytes of arguments at most, checksum, CR.
MAX_FRAME: Final = 1 + 1 + 251 + 2 + 1

_ESC: Final = b"\x1b"
_SOH: Final = b"\x01"
_CR: Final = b"\r"
_REALTIME: Final = bytes(range(0x80, 0x100))
_FLOW: Final = b"\x11\x13"  # DC1 and DC3, from devices that are set to flow control
_MARK: Final = re.compile(rb"[\x1b\x01\r]")
_START: Final = re.compile(rb"[\x1b\x01]")

MEASURED: Final = {0x24: 1, 0x2B: 2}  # code: page
ALARMS: Final = {0x27: 1, 0x2E: 2, 0x23: 3}
IDENTIFICATION: Final = 0x52
REFUSAL: Final = 0x15
# What a device may say of itself and wants to hear again: NOP, time changed, initialise, identify, stop, new realtime.
ECHOED: Final = frozenset({0x30, 0x49, 0x51, 0x52, 0x55, 0x56})

BETWEEN: Final = "bytes between frames"
CUT_SHORT: Final = "frame cut short"
TOO_LONG: Final = "frame too long"
TOO_SHORT: Final = "frame too short"
CHECKSUM: Final = "wrong checksum"
UNPRINTABLE: Final = "text not printable"
RECORDS: Final = "records do not fit"
UNASKED_STREAM: Final = "realtime data that nobody asked for"


def _frame(start: bytes, code: int, data: bytes = b"") -> bytes:
    text = start + bytes([code]) + data
    return text + _checksum(text) + _CR


def _checksum(text: bytes) -> bytes:
    return b"%02X" % (sum(text) % 256)


@dataclass(frozen=True, slots=True)
class _Command(Request):
    """What the commands share: a code and no arguments."""

    code: ClassVar[int]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(_ESC, self.code)


@dataclass(frozen=True, slots=True)
class InitialiseCommunication(_Command):
    """51h, ICC: begin."""

    purpose = Purpose.LINK
    code = 0x51


@dataclass(frozen=True, slots=True)
class IdentifyDevice(_Command):
    """52h: ask who it is."""

    purpose = Purpose.QUERY
    code = 0x52


@dataclass(frozen=True, slots=True)
class ReadMeasured(_Command):
    """24h: ask for the measured values of page 1."""

    purpose = Purpose.QUERY
    code = 0x24


@dataclass(frozen=True, slots=True)
class ReadAlarms1(_Command):
    """27h: ask for the alarms of page 1."""

    purpose = Purpose.QUERY
    code = 0x27


@dataclass(frozen=True, slots=True)
class ReadAlarms2(_Command):
    """2Eh: ask for the alarms of page 2."""

    purpose = Purpose.QUERY
    code = 0x2E


@dataclass(frozen=True, slots=True)
class NoOperation(_Command):
    """30h: keep the communication."""

    purpose = Purpose.LINK
    code = 0x30


@dataclass(frozen=True, slots=True)
class StopCommunication(_Command):
    """55h: the orderly end."""

    purpose = Purpose.LINK
    code = 0x55


@dataclass(frozen=True, slots=True)
class Echo(Request):
    """Answer a command of the device with its own code and nothing else."""

    purpose = Purpose.LINK
    code: int

    def __post_init__(self) -> None:
        if self.code not in ECHOED:
            raise ValueError(f"code {self.code:02X}h: not one that a device may want to hear again")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(_SOH, self.code)


class Value(NamedTuple):
    """One record of measured values: two hexadecimal digits and four characters."""

    code: str
    text: str


class AlarmRecord(NamedTuple):
    """One record of alarms: a character, two hexadecimal digits, twelve characters."""

    priority: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Answer 24h, or 2Bh for page 2."""

    values: tuple[Value, ...]
    page: int = 1

    @property
    def code(self) -> int:
        """The code of the command that it answers."""
        return next(code for code, page in MEASURED.items() if page == self.page)

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(_SOH, self.code, "".join(code + text for code, text in self.values).encode("ascii"))


@dataclass(frozen=True, slots=True)
class Alarms:
    """Answer 27h, or 2Eh and 23h for pages 2 and 3."""

    records: tuple[AlarmRecord, ...]
    page: int = 1

    @property
    def code(self) -> int:
        """The code of the command that it answers."""
        return next(code for code, page in ALARMS.items() if page == self.page)

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(_SOH, self.code, "".join(map("".join, self.records)).encode("ascii"))


@dataclass(frozen=True, slots=True)
class Answer:
    """Any other answer: identification, confirmation, refusal."""

    code: int
    data: bytes = b""

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(_SOH, self.code, self.data)


@dataclass(frozen=True, slots=True)
class DeviceCommand:
    """What the device wants of the host."""

    code: int
    arguments: bytes = b""

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(_ESC, self.code, self.arguments)


Frame: TypeAlias = Measured | Alarms | Answer | DeviceCommand

_COMMANDS: Final[tuple[Request, ...]] = (
    InitialiseCommunication(),
    IdentifyDevice(),
    ReadMeasured(),
    ReadAlarms1(),
    ReadAlarms2(),
    NoOperation(),
    StopCommunication(),
    *(Echo(code) for code in sorted(ECHOED)),
)
_REQUESTS: Final = {request.encode(): request for request in _COMMANDS}


def recognise(data: bytes) -> Request | None:
    """Say which one command or echo all these bytes are."""
    return _REQUESTS.get(data)


class Decoder:
    """Turns the device's bytes into frames. Keeps less than MAX_FRAME bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back what they completed."""
        plain = data.translate(None, _REALTIME)
        found: list[Frame | Damage] = []
        if len(plain) < len(data):
            found.append(Damage(UNASKED_STREAM, len(data) - len(plain)))
        text, at = self._rest + plain.translate(None, _FLOW), 0
        while at < len(text):
            taken, size = _take(text, at)
            if not size:
                break
            found += [taken] if taken else []
            at += size
        self._rest = text[at:]
        return found


def _take(text: bytes, at: int) -> tuple[Frame | Damage | None, int]:
    """Give what stands here and its size; size 0: the rest isn't here yet."""
    if text[at] not in b"\x1b\x01":
        start = _START.search(text, at)
        gap = (start.start() if start else len(text)) - at
        strange = len(text[at : at + gap].strip(_CR + b"\n"))
        return (Damage(BETWEEN, strange) if strange else None), gap
    end = _MARK.search(text, at + 1, at + MAX_FRAME)
    if end is None:
        return (Damage(TOO_LONG, MAX_FRAME), MAX_FRAME) if len(text) - at >= MAX_FRAME else (None, 0)
    if end[0] != _CR:
        size = end.start() - at
        return Damage(CUT_SHORT, size), size
    return _judge(text[at : end.end()]), end.end() - at


@lru_cache(maxsize=1_024)  # a device's answers repeat
def _judge(frame: bytes) -> Frame | Damage:
    if len(frame) < 5:
        return Damage(TOO_SHORT, len(frame))
    if frame[-3:-1] != _checksum(frame[:-3]):
        return Damage(CHECKSUM, len(frame))
    code, data = frame[1], frame[2:-3]
    if frame[:1] == _ESC:
        return DeviceCommand(code, data)
    if code not in MEASURED and code not in ALARMS:
        return Answer(code, data)
    text = data.decode("ascii")
    if not text.isprintable():
        return Damage(UNPRINTABLE, len(frame))
    return (_measured(code, text) if code in MEASURED else _alarms(code, text)) or Damage(RECORDS, len(frame))


def _measured(code: int, text: str) -> Measured | None:
    parts = [text[at : at + 6] for at in range(0, len(text), 6)]
    if not all(re.fullmatch("[0-9A-F]{2}.{4}", part) for part in parts):
        return None
    return Measured(tuple(Value(part[:2], part[2:]) for part in parts), MEASURED[code])


def _alarms(code: int, text: str) -> Alarms | None:
    parts = [text[at : at + 15] for at in range(0, len(text), 15)]
    if not all(re.fullmatch(".[0-9A-F]{2}.{12}", part) for part in parts):
        return None
    return Alarms(tuple(AlarmRecord(part[0], part[1:3], part[3:]) for part in parts), ALARMS[code])
