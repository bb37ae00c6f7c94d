"""Frames of the Fresenius Vial serial protocol, both directions (Pilote, Injectomat, Base A, Base Primea, Module DPS).

    STX [address] payload CC ETX

Address 0 is the base, 1 to 5 its modules; a pump that stands alone has none. CC is FFh less the sum of address and
payload modulo 256, as two hex digits. Between frames stand ACK, NAK with one error character, ENQ and DC4.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final

from drivers.api import Damage, Purpose, Request
from drivers.common.scanning import Scanner

BASE: Final = "0"
ALONE: Final = ""
MODULES: Final = ("1", "2", "3", "4", "5")
ADDRESSES: Final = (ALONE, BASE, *MODULES)
WRONG_CHECKSUM: Final = "wrong checksum"

_STX, _ETX, _ENQ, _ACK, _DC4, _NAK = (bytes([n]) for n in (0x02, 0x03, 0x05, 0x06, 0x14, 0x15))

_LONGEST: Final = 83  # address, 80 characters of payload, CC
_NO_TEXT: Final = re.compile(rb"[^\x20-\x7d]")  # what no payload holds
_START: Final = re.compile(rb"[\x02\x05\x06\x15]")
_FAULTS: Final = b"1245678"
_HEAD: Final = re.compile(r"([0-5]?)([CIEM])(?:;(.*))?")


class Kind(Enum):
    """What a frame from the pump is."""

    DONE = "C"  # the answer to a command
    REFUSED = "I"  # with an error code
    VARIABLE = "E"  # spontaneous
    ADJUSTMENT = "M"  # spontaneous


class Letters(Enum):
    """The variables that we ask for together."""

    RATES = "dr"
    STATE = "aem"
    BOLUS = "ks"
    MODULES = "ib"  # of a base only


@dataclass(frozen=True, slots=True)
class Answer:
    """One frame from the base or a pump; `text` is what follows the first semicolon, None without one."""

    address: str
    kind: Kind
    text: str | None = None

    def encode(self) -> bytes:
        """Give the wire bytes."""
        text = "" if self.text is None else f";{self.text}"
        return _frame(f"{self.address}{self.kind.value}{text}")


@dataclass(frozen=True, slots=True)
class Enquiry:
    """The pump asks whether we are there (ENQ)."""

    def encode(self) -> bytes:
        """Give the wire byte."""
        return _ENQ


@dataclass(frozen=True, slots=True)
class Taken:
    """The pump has our frame (ACK)."""

    def encode(self) -> bytes:
        """Give the wire byte."""
        return _ACK


@dataclass(frozen=True, slots=True)
class Fault:
    """The pump could not read our frame (NAK and one error character)."""

    error: str

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _NAK + self.error.encode("ascii")


Frame = Answer | Enquiry | Taken | Fault


@dataclass(frozen=True, slots=True)
class _Addressed(Request):
    """What all framed requests share."""

    address: str = BASE
    words: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.address not in ADDRESSES:
            raise ValueError(f"address {self.address!r}: take one of 0 to 5, or none")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(f"{self.address}{self.words}")


@dataclass(frozen=True, slots=True)
class OpenSession(_Addressed):
    """Open the session: the base's first, then each module's."""

    purpose = Purpose.LINK
    words = "DC"


@dataclass(frozen=True, slots=True)
class CloseSession(_Addressed):
    """Close the session in good order."""

    purpose = Purpose.LINK
    words = "FC"


@dataclass(frozen=True, slots=True)
class ReadVariables(_Addressed):
    """Ask for some variables; `ib` of the base, the others of a pump."""

    letters: Letters = Letters.MODULES
    purpose = Purpose.QUERY

    def __post_init__(self) -> None:
        if self.address not in ADDRESSES or (self.address == BASE) != (self.letters is Letters.MODULES):
            raise ValueError(f"address {self.address!r} has no variables {self.letters.value}")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(f"{self.address}LE;{self.letters.value}")


@dataclass(frozen=True, slots=True)
class _OfPump(_Addressed):
    """What may be asked of a pump, never of a base."""

    address: str = ALONE

    def __post_init__(self) -> None:
        if self.address not in (ALONE, *MODULES):
            raise ValueError(f"address {self.address!r}: take one of 1 to 5, or none")


@dataclass(frozen=True, slots=True)
class ReadType(_OfPump):
    """Ask what device it is."""

    purpose = Purpose.QUERY
    words = "LF;b"


@dataclass(frozen=True, slots=True)
class ReadDrug(_OfPump):
    """Ask for the drug's name."""

    purpose = Purpose.QUERY
    words = "LP"


@dataclass(frozen=True, slots=True)
class Ack(Request):
    """Take over a frame."""

    purpose = Purpose.ACKNOWLEDGE

    def encode(self) -> bytes:
        """Give the wire byte."""
        return _ACK


@dataclass(frozen=True, slots=True)
class Nak(Request):
    """Have a frame with a wrong checksum said again."""

    purpose = Purpose.LINK

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _NAK + b"2"


@dataclass(frozen=True, slots=True)
class Present(Request):
    """Say DC4: we are there, as the pump asked with ENQ."""

    purpose = Purpose.LINK

    def encode(self) -> bytes:
        """Give the wire byte."""
        return _DC4


@dataclass(frozen=True, slots=True)
class Receipt(_Addressed):
    """Answer a spontaneous frame with its own address and kind."""

    kind: Kind = Kind.VARIABLE
    purpose = Purpose.ACKNOWLEDGE

    def __post_init__(self) -> None:
        if self.address not in ADDRESSES or self.kind not in (Kind.VARIABLE, Kind.ADJUSTMENT):
            raise ValueError(f"nothing spontaneous: {self.address!r} {self.kind.value}")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(f"{self.address}{self.kind.value}")


def _frame(text: str) -> bytes:
    data = text.encode("ascii")
    return b"%b%b%b%b" % (_STX, data, checksum(data), _ETX)


def checksum(data: bytes) -> bytes:
    """FFh less the sum modulo 256, as two upper-case hex digits."""
    return b"%02X" % (0xFF - sum(data) % 256)


_PUMPS: Final = (ALONE, *MODULES)
_OF_A_PUMP: Final = (Letters.RATES, Letters.STATE, Letters.BOLUS)
_ALLOWED: Final[dict[bytes, Request]] = {
    request.encode(): request
    for request in (
        Ack(),
        Nak(),
        Present(),
        ReadVariables(BASE, Letters.MODULES),
        *(kind(address) for address in ADDRESSES for kind in (OpenSession, CloseSession)),
        *(Receipt(address, kind) for address in ADDRESSES for kind in (Kind.VARIABLE, Kind.ADJUSTMENT)),
        *(kind(address) for address in _PUMPS for kind in (ReadType, ReadDrug)),
        *(ReadVariables(address, letters) for address in _PUMPS for letters in _OF_A_PUMP),
    )
}


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are: each allowed frame stands in a table."""
    return _ALLOWED.get(bytes(data))


class Decoder:
    """Turns the pump's bytes into frames. Keeps less than 85 bytes."""

    def __init__(self) -> None:
        self._scanner: Scanner[Frame] = Scanner(_look, grace=_LONGEST + 1)

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back what they completed."""
        return self._scanner.feed(data)


def _look(buffer: bytes, at: int) -> tuple[Frame | str, int] | None:
    match buffer[at : at + 1]:
        case b"\x02":
            return _look_at_frame(buffer, at)
        case b"\x05":
            return Enquiry(), at + 1
        case b"\x06":
            return Taken(), at + 1
        case b"\x15":
            return _look_at_fault(buffer, at)
    found = _START.search(buffer, at)
    return "bytes between frames", found.start() if found else len(buffer)


def _look_at_fault(buffer: bytes, at: int) -> tuple[Frame | str, int] | None:
    error = buffer[at + 1 : at + 2]
    if not error:
        return None
    return (Fault(error.decode("ascii")), at + 2) if error in _FAULTS else ("NAK without its error", at + 1)


def _look_at_frame(buffer: bytes, at: int) -> tuple[Frame | str, int] | None:
    limit = at + _LONGEST + 2
    if not (found := _NO_TEXT.search(buffer, at + 1, limit)):
        return ("frame too long", limit) if len(buffer) >= limit else None
    if found[0] != _ETX:
        return "frame cut short", found.start()
    return _open(buffer[at + 1 : found.start()]), found.end()


def _open(text: bytes) -> Answer | str:
    if len(text) < 3 or checksum(text[:-2]) != text[-2:]:
        return WRONG_CHECKSUM
    if not (parts := _HEAD.fullmatch(text[:-2].decode("ascii"))):
        return "no answer"
    return Answer(parts[1], Kind(parts[2]), parts[3])
