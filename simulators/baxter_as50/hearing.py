"""What a computer says, as the pump hears it, and all that would change it: code of its own."""

from dataclasses import dataclass, field
from typing import Final

_LONGEST: Final = 128
_BOLUS_RATE: Final = 100.0  # until one is set

# By what stands before `=`, or the whole text.
SETTABLE: Final = frozenset({"PRIRATE", "PRIVTBI", "BOLSIZ", "BOLRAT"})
ACTING: Final = frozenset({"BOLST", "EXIT"})


@dataclass(frozen=True, slots=True)
class Said:
    """A good frame's text."""

    text: str

    @property
    def name(self) -> str:
        """What stands before `=`, or the whole."""
        return self.text.partition("=")[0]

    @property
    def is_write(self) -> bool:
        """Whether it would change the pump."""
        return self.text in ACTING or (self.name in SETTABLE and "=" in self.text)


@dataclass(slots=True)
class Programme:
    """What commands have changed on the pump; None: as the bedside has it."""

    rate: float | None = None
    vtbi: float | None = None
    bolus_size: float | None = None
    bolus_rate: float = _BOLUS_RATE
    is_bolus: bool = False
    is_left: bool = False
    written: list[str] = field(default_factory=list)

    def obey(self, said: Said) -> None:
        """Do what is said."""
        self.written.append(said.text)
        value = _number(said.text.partition("=")[2])
        match said.name:
            case "PRIRATE":
                self.rate = value
            case "PRIVTBI":
                self.vtbi = value
            case "BOLSIZ":
                self.bolus_size = value
            case "BOLRAT":
                self.bolus_rate = value
            case "BOLST":
                self.is_bolus = True
            case "EXIT":
                self.is_left = True


class Ear:
    """Cuts a byte stream into frames; a text says why there is none."""

    def __init__(self) -> None:
        self._frame: bytearray | None = None
        self._closed_at = 0

    def hear(self, data: bytes) -> list[Said | str]:
        """Take bytes in; give back what they completed."""
        return [heard for byte in data if (heard := self._take(byte)) is not None]

    def _take(self, byte: int) -> Said | str | None:
        if byte == ord("[") and not self._closed_at:
            was_open, self._frame = bool(self._frame), bytearray(b"[")
            return "frame cut short" if was_open else None
        if self._frame is None:
            return f"byte {byte:02X} between frames"
        self._frame.append(byte)
        if not self._closed_at:
            self._closed_at = len(self._frame) if byte == ord("]") else 0
            return self._give_up() if len(self._frame) >= _LONGEST else None
        return self._judge() if len(self._frame) == self._closed_at + 2 else None

    def _give_up(self) -> str:
        self._frame, self._closed_at = None, 0
        return "frame too long"

    def _judge(self) -> Said | str:
        frame, self._frame, self._closed_at = bytes(self._frame or b""), None, 0
        body = frame[:-2]
        return Said(body[1:-1].decode("latin-1")) if frame == sealed(body) else "wrong checksum"


def sealed(body: bytes) -> bytes:
    """Put the checksum behind a text in brackets."""
    return body + bytes(divmod(crc(body), 256))


def crc(data: bytes) -> int:
    """CRC-16/XMODEM, bit by bit: not the driver's code."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def _number(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
