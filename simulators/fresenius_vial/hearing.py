"""What a base or a pump hears, by code of its own."""

import re
from dataclasses import dataclass
from typing import Final

_COMMAND: Final = re.compile(r"([0-5]?)([A-Z]{2})(?:;(.*))?")
_RECEIPT: Final = re.compile(r"([0-5]?)([EM])")
_LONGEST: Final = 83


@dataclass(frozen=True, slots=True)
class Command:
    """Address, two letters, arguments."""

    address: str
    verb: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The host has taken a spontaneous frame."""

    address: str
    kind: str


@dataclass(frozen=True, slots=True)
class Noise:
    """What was neither; `error` is the character after NAK, empty where nothing is answered."""

    reason: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """ACK, NAK or DC4."""

    name: str


_SIGNS: Final = {0x06: "ACK", 0x14: "DC4"}
Heard = Command | Receipt | Noise | Sign


class Ear:
    """Turns the host's bytes into what it said, byte by byte."""

    def __init__(self) -> None:
        self._frame: bytearray | None = None
        self._is_after_nak = False

    def hear(self, data: bytes) -> list[Heard]:
        """Take bytes in, in any split."""
        return [heard for byte in data if (heard := self._byte(byte)) is not None]

    def _byte(self, byte: int) -> Heard | None:
        if self._is_after_nak:
            self._is_after_nak = False
            return Sign("NAK") if chr(byte) in "1245678" else Noise("NAK without its error")
        if byte == 0x02:
            self._frame = bytearray()
            return None
        return self._outside(byte) if self._frame is None else self._inside(self._frame, byte)

    def _outside(self, byte: int) -> Heard | None:
        if byte == 0x15:
            self._is_after_nak = True
            return None
        return Sign(_SIGNS[byte]) if byte in _SIGNS else Noise("bytes between frames")

    def _inside(self, frame: bytearray, byte: int) -> Heard | None:
        if byte == 0x03:
            self._frame = None
            return _frame(bytes(frame))
        frame.append(byte)
        if 0x20 <= byte <= 0x7D and len(frame) <= _LONGEST:
            return None
        self._frame = None
        return Noise("frame too long", "7") if len(frame) > _LONGEST else Noise("control code in a frame", "8")


def _frame(text: bytes) -> Heard:
    body, said = text[:-2].decode("ascii"), text[-2:].decode("ascii")
    if said != f"{~sum(text[:-2]) & 0xFF:02X}":
        return Noise("wrong checksum", "2")
    if parts := _COMMAND.fullmatch(body):
        return Command(parts[1], parts[2], parts[3] or "")
    if parts := _RECEIPT.fullmatch(body):
        return Receipt(parts[1], parts[2])
    return Noise(f"no command: {body[:8]!r}", "1")
