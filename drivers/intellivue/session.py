"""Messages that open and close an association. Their first byte says which one; a length follows.

Everything around the user information is constant (ISO session and presentation layers) and never taken apart.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct, error
from typing import Final

from drivers.api import Damage

_SESSION: Final = bytes.fromhex("0508 1301 0016 0102 8000 1402 0002")
_OPENING: Final = bytes.fromhex("3180 A080 8001 0100 00A2 80A0 0300 0001")
_REQUESTED: Final = bytes.fromhex(
    "A480 3080 0201 0106 0452 0100 0130 8006 0251 0100 0000 0030 8002 0102 060C 2A86 48CE 1402 0100 0000 0101"
    "3080 060C 2A86 48CE 1402 0100 0000 0201 0000 0000 0000 6180 3080 0201 01A0 8060 80A1 8006 0C2A 8648 CE14"
    "0201 0000 0003 0100 00BE 8028 8006 0C2A 8648 CE14 0201 0000 0001 01"
)
# A result list in place of the request's contexts. Constructed: only its first two bytes and what follows BE 80 are
# known from a real accept.
_GRANTED: Final = bytes.fromhex(
    "A580 3080 8001 0081 0251 0100 0030 8080 0100 810C 2A86 48CE 1402 0100 0000 0201 0000 0000 6180 3080 0201"
    "01A0 8061 80A1 8006 0C2A 8648 CE14 0201 0000 0003 0100 00A2 0302 0100 A305 A103 0201 00BE 8028 80"
)
_CONTEXT: Final = bytes.fromhex("020102")
_USER_INFORMATION: Final = bytes.fromhex("BE802880")
_TRAILER: Final = bytes(16)
_INFORMATION: Final = Struct(">IIIII")
_PROFILE: Final = Struct(">IIIIII")
_PAIR: Final = Struct(">HH")
_WORD: Final = Struct(">I")
_POLL_PROFILE: Final = 0x0001
_EXTENDED: Final = 0xF001

RELEASE: Final = bytes.fromhex("0918 C116 6180 3080 0201 01A0 8062 8080 0100 0000 0000 0000 0000")
RELEASED: Final = bytes.fromhex("0A18 C116 6180 3080 0201 01A0 8063 8080 0100 0000 0000 0000 0000")
ABORT: Final = bytes.fromhex(
    "192E 1101 03C1 29A0 80A0 8030 8002 0101 0602 5101 0000 0000 6180 3080 0201 01A0 8064 8080 0101 0000 0000"
    "0000 0000 0000"
)
REFUSE: Final = bytes.fromhex("0C00")  # constructed: what stands in it is not known


class Options(IntEnum):
    """What an association may ask for, and be granted, beyond single polls."""

    NUMERICS_1_S = 0x80000000
    NUMERICS_12_S = 0x40000000
    NUMERICS_60_S = 0x20000000
    NUMERICS_300_S = 0x10000000
    WAVES = 0x08000000
    ENUMERATIONS = 0x04000000


@dataclass(frozen=True, slots=True)
class UserInformation:
    """What the two sides tell each other: who they are and what they can."""

    system_type: int = 0x80000000  # client; 00800000: server
    startup: int = 0x20000000  # cold
    min_poll_ticks: int = 0x09C4
    mtu_rx: int = 0x09C4
    mtu_tx: int = 0x03E8
    options: int = 0x8C000000

    def encode(self) -> bytes:
        """Give the bytes, with tag and length: protocol 1, one nomenclature, no options, the poll profile alone."""
        extended = bytes.fromhex("0001 000C F001 0008") + _WORD.pack(self.options) + bytes(4)
        profile = _PROFILE.pack(0x80000000, self.min_poll_ticks, self.mtu_rx, self.mtu_tx, 0xFFFFFFFF, 0x60000000)
        supported = _PAIR.pack(_POLL_PROFILE, len(profile + extended)) + profile + extended
        body = _INFORMATION.pack(0x80000000, 0x40000000, 0, self.system_type, self.startup)
        body += bytes(4) + _PAIR.pack(1, len(supported)) + supported
        return b"\x81" + bytes((len(body),)) + body


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for association (0D)."""

    information: UserInformation = UserInformation()

    def encode(self) -> bytes:
        """Give the message."""
        return _wrapped(0x0D, _OPENING + _REQUESTED + _CONTEXT + self.information.encode() + _TRAILER)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An association granted (0E)."""

    information: UserInformation

    def encode(self) -> bytes:
        """Give the message."""
        return _wrapped(0x0E, _OPENING + _GRANTED + _CONTEXT + self.information.encode() + _TRAILER)


class End(IntEnum):
    """The messages after which there is no association."""

    REFUSED = 0x0C
    RELEASE = 0x09
    RELEASED = 0x0A
    ABORT = 0x19


_ENDS: Final = {End.REFUSED: REFUSE, End.RELEASE: RELEASE, End.RELEASED: RELEASED, End.ABORT: ABORT}


@dataclass(frozen=True, slots=True)
class Ended:
    """An association refused, released or aborted; why is not read."""

    end: End

    def encode(self) -> bytes:
        """Give the message."""
        return _ENDS[self.end]


def parse(data: bytes) -> Asked | Accepted | Ended | Damage:
    """Read a session message."""
    head = _head(data)
    if head is None:
        return Damage("session message of wrong length", len(data))
    if data[0] in _ENDS:
        return Ended(End(data[0]))
    if (information := _information(data)) is None:
        return Damage("association not understood", len(data))
    return Asked(information) if data[0] == 0x0D else Accepted(information)


def _wrapped(kind: int, user_data: bytes) -> bytes:
    rest = _SESSION + b"\xc1" + _length(len(user_data)) + user_data
    return bytes((kind,)) + _length(len(rest)) + rest


def _length(size: int) -> bytes:
    return bytes((size,)) if size < 0xFF else b"\xff" + size.to_bytes(2, "big")


def _head(data: bytes) -> int | None:
    """Give where the message begins after its length; None: the length is wrong."""
    at = 4 if data[1:2] == b"\xff" else 2
    size = int.from_bytes(data[2:4], "big") if at == 4 else int.from_bytes(data[1:2], "big")
    return at if len(data) >= at and len(data) == at + size else None


def _information(data: bytes) -> UserInformation | None:
    """Find the user information: after BE 80 28 80, short elements, then tag 81 and an ASN.1 length."""
    at = data.find(_USER_INFORMATION)
    if at < 0:
        return None
    at += len(_USER_INFORMATION)
    while at + 1 < len(data) and data[at] != 0x81:
        at += 2 + data[at + 1]
    at += 2 + (data[at + 1] & 0x7F if data[at + 1 : at + 2] > b"\x80" else 0)
    try:
        return _read(data, at)
    except error:
        return None


def _read(data: bytes, at: int) -> UserInformation | None:
    *_, system_type, startup = _INFORMATION.unpack_from(data, at)
    at += _INFORMATION.size
    at += _PAIR.size + _PAIR.unpack_from(data, at)[1]
    profile = _find(data, at, _POLL_PROFILE)
    if profile is None:
        return None
    _, min_poll_ticks, mtu_rx, mtu_tx, _, _ = _PROFILE.unpack_from(data, profile)
    extended = _find(data, profile + _PROFILE.size, _EXTENDED)
    options = 0 if extended is None else int(_WORD.unpack_from(data, extended)[0])
    return UserInformation(system_type, startup, min_poll_ticks, mtu_rx, mtu_tx, options)


def _find(data: bytes, at: int, wanted: int) -> int | None:
    """Give where an attribute's value begins, in the list that stands here."""
    count, _ = _PAIR.unpack_from(data, at)
    at += _PAIR.size
    for _ in range(count):
        attribute, size = _PAIR.unpack_from(data, at)
        at += _PAIR.size
        if attribute == wanted:
            return at
        at += size
    return None
