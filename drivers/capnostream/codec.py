"""Frames of the Capnostream, both directions (Oridion, Capnostream Data Transfer Protocols, D006045C).

    85 | length | code | data ... | checksum

Length counts code and data; the checksum is the XOR of length, code and data. Both are made before stuffing: among
what follows the header, 85 is sent as 80 05 and 80 as 80 00. So a bare 85 is a header, wherever it stands.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import ClassVar, Final, TypeAlias

from drivers.api import Damage, Purpose, Request

# One length byte, 255 bytes of body at most, one checksum; each may be stuffed into two.
MAX_FRAME: Final = 1 + 2 * (1 + 255 + 1)

_HEADER: Final = b"\x85"
_RUN: Final = re.compile(rb"(?:[^\x80\x85]|\x80[\x00\x05])*")
_UNIT: Final = re.compile(rb"[^\x80]|\x80.", re.DOTALL)

BETWEEN: Final = "bytes between frames"
CUT_SHORT: Final = "frame cut short"
BROKEN_STUFFING: Final = "broken stuffing"
EMPTY: Final = "length zero"
CHECKSUM: Final = "wrong checksum"
LENGTH: Final = "length does not fit the code"
UNKNOWN_CODE: Final = "code not documented"


def _frame(code: int, data: bytes) -> bytes:
    body = bytes([len(data) + 1, code]) + data
    return _HEADER + _stuff(body + bytes([reduce(xor, body)]))


def _stuff(plain: bytes) -> bytes:
    return plain.replace(b"\x80", b"\x80\x00").replace(b"\x85", b"\x80\x05")


def _unstuff(stuffed: bytes) -> bytes:
    return stuffed.replace(b"\x80\x05", b"\x85").replace(b"\x80\x00", b"\x80") if b"\x80" in stuffed else stuffed


@dataclass(frozen=True, slots=True)
class _Command(Request):
    """What all commands share: a code and no data."""

    code: ClassVar[int]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(self.code, b"")


@dataclass(frozen=True, slots=True)
class Enable(_Command):
    """Enable communication; repeated until the monitor answers, since it hunts for the rate."""

    purpose = Purpose.LINK
    code = 1


@dataclass(frozen=True, slots=True)
class Disable(_Command):
    """Disable communication: the orderly end."""

    purpose = Purpose.LINK
    code = 2


@dataclass(frozen=True, slots=True)
class StartRealTime(_Command):
    """Ask for the CO2 wave each 50 ms and numerics each second."""

    purpose = Purpose.QUERY
    code = 4


@dataclass(frozen=True, slots=True)
class StopRealTime(_Command):
    """Ask for no more of them."""

    purpose = Purpose.LINK
    code = 5


@dataclass(frozen=True, slots=True)
class LinkIsActive(_Command):
    """Keep the link of a later revision (one public program sends it each 5 s)."""

    purpose = Purpose.LINK
    code = 6


@dataclass(frozen=True, slots=True)
class Co2Wave:
    """Code 0, each 50 ms. `co2` is in 1/256 mmHg, or in 1/2560 kPa or Vol%."""

    counter: int
    co2: int
    status: int  # fast status

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(0, struct.pack(">BHB", self.counter, self.co2, self.status))


@dataclass(frozen=True, slots=True)
class Numerics:
    """Code 1, each second; bytes as numbered in the protocol, FF where a value is invalid."""

    seconds: int  # bytes 1-4
    etco2: int
    fico2: int
    rr: int
    spo2: int
    pulse: int
    status: int  # 10: slow status
    events: bytes  # 11-13
    co2_alarms: int
    spo2_alarms: int
    no_breath_s: int
    limits: bytes  # 17-25: EtCO2, RR (high, low), FiCO2 high, SpO2, PR (high, low)
    unit: int  # 26
    co2_status: int  # 27: extended CO2 status
    more: bytes = b""  # what newer monitors add

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(1, _NUMERICS.pack(*(getattr(self, name) for name in _NUMERIC_FIELDS)) + self.more)


_NUMERICS: Final = struct.Struct(">I6B3s3B9s2B")
_NUMERIC_FIELDS: Final = tuple(Numerics.__dataclass_fields__)[:-1]


@dataclass(frozen=True, slots=True)
class PatientId:
    """Codes 2 and 12: identity. All 00: discharged or none."""

    seconds: int
    text: bytes = field(repr=False)  # 24 ASCII characters, or 48 bytes in the Unicode form

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(2 if len(self.text) == 24 else 12, struct.pack(">I", self.seconds) + self.text)


@dataclass(frozen=True, slots=True)
class NumericItem:
    """Code 3, the answer to an inquiry: FF invalid, 00 not supported."""

    value: int

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(3, bytes([self.value]))


@dataclass(frozen=True, slots=True)
class DeviceId:
    """Code 4, the first thing a monitor says: `Vxx.xx mm/dd/yyyy zzrrnnnnnn` and two blanks."""

    text: bytes

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(4, self.text)


@dataclass(frozen=True, slots=True)
class Other:
    """A documented message that nothing here asks for; what it holds may name a person."""

    code: int
    data: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(self.code, self.data)


Frame: TypeAlias = Co2Wave | Numerics | PatientId | NumericItem | DeviceId | Other


def _numerics(data: bytes) -> Numerics:
    fields = (*_NUMERICS.unpack_from(data), data[_NUMERICS.size :])
    return Numerics(*fields)


def _patient_id(data: bytes) -> PatientId:
    return PatientId(int.from_bytes(data[:4], "big"), data[4:])


# By code: the least and the most bytes of data, and what they become. Newer monitors add to the numerics.
_LAYOUTS: Final[dict[int, tuple[int, int, Callable[[bytes], Frame]]]] = {
    0: (4, 4, lambda data: Co2Wave(*struct.unpack(">BHB", data))),
    1: (_NUMERICS.size, 254, _numerics),
    2: (28, 28, _patient_id),
    3: (1, 1, lambda data: NumericItem(data[0])),
    4: (30, 30, DeviceId),
    12: (52, 52, _patient_id),
}
# Protocol revision, configurable message, event list, trends, patient of a trend, echo of a setting.
_OTHERS: Final = frozenset({9, 10, 21, 22, 55, 57, 58, 60})

_REQUESTS: Final = {
    request.encode(): request for request in (Enable(), Disable(), StartRealTime(), StopRealTime(), LinkIsActive())
}


def recognise(data: bytes) -> Request | None:
    """Say which one command all these bytes are."""
    return _REQUESTS.get(data)


class Decoder:
    """Turns the monitor's bytes into frames. Keeps less than MAX_FRAME bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back what they completed."""
        text, at = self._rest + data, 0
        found: list[Frame | Damage] = []
        while at < len(text):
            if text[at] != 0x85:
                start = text.find(_HEADER, at)
                start = len(text) if start < 0 else start
                found.append(Damage(BETWEEN, start - at))
                at = start
                continue
            frame, size = _take(text, at)
            if frame is None:
                break
            found.append(frame)
            at += size
        self._rest = text[at:]
        return found


def _take(text: bytes, at: int) -> tuple[Frame | Damage | None, int]:
    """Give the frame that begins here and its size on the wire; None: the rest isn't here yet."""
    run = _RUN.match(text, at + 1, at + MAX_FRAME)
    assert run is not None  # it may be empty, but always matches
    stuffed = run[0]
    plain = _unstuff(stuffed)
    if plain and len(plain) >= plain[0] + 2:
        needed = plain[0] + 2
        size = 1 + (needed if len(plain) == len(stuffed) else sum(map(len, _UNIT.findall(stuffed)[:needed])))
        return _judge(plain[:needed], size), size
    end = run.end()
    if end == len(text) or (end == len(text) - 1 and text[end] == 0x80):
        return None, 0
    size = end - at
    return Damage(CUT_SHORT if text[end] == 0x85 else BROKEN_STUFFING, size), size


def _judge(plain: bytes, size: int) -> Frame | Damage:
    if reduce(xor, plain):
        return Damage(CHECKSUM, size)
    if plain[0] == 0:
        return Damage(EMPTY, size)
    code, data = plain[1], plain[2:-1]
    if code in _OTHERS:
        return Other(code, data)
    if code not in _LAYOUTS:
        return Damage(UNKNOWN_CODE, size)
    least, most, decode = _LAYOUTS[code]
    return decode(data) if least <= len(data) <= most else Damage(LENGTH, size)
