"""What a controller says, as the pump hears it, and all that would change it: code of its own.

The pump strips blanks and control characters and ignores case before it reads a line.
"""

import re
from dataclasses import dataclass, field
from typing import Final

_STX, _ETX, _CR = 0x02, 0x03, 0x0D
_LONGEST: Final = 512
BETWEEN_BYTES_S: Final = 0.5  # of a packet of safe mode

_NUMBER: Final = r"[0-9]+\.?[0-9]*|\.[0-9]+"
# Verbs that ask when nothing follows them, and the arguments with which they write.
QUERIES: Final = {
    "VER": "",
    "DIS": "",
    "RAT": rf"[A-Z]?({_NUMBER})(UM|MM|UH|MH)?|UM|MM|UH|MH",
    "VOL": rf"({_NUMBER})(ML|UL)?|ML|UL",
    "DIA": _NUMBER,
    "DIR": "INF|WDR|REV",
    "PHN": "[0-9]{1,2}",
    "SAF": "[0-9]{1,3}",
}
# Verbs that act, or of which the reading form isn't known.
WRITES: Final = ("RUN", "STP", "PUR", "CLD", "FUN", "ADR", "BUZ", "LOC", "PF", "LN", "AL", "ROM")

_LINE: Final = re.compile(r"([0-9]{0,2})(.*)")


@dataclass(frozen=True, slots=True)
class Command:
    """A line, as the pump reads it."""

    address: int
    verb: str  # empty: the status is asked for; what isn't known stands here whole
    argument: str
    is_safe: bool
    is_burst: bool = False  # for several pumps at once

    @property
    def is_known(self) -> bool:
        """Whether the pump has such a verb."""
        return not self.verb or self.verb in QUERIES or self.verb in WRITES

    @property
    def is_write(self) -> bool:
        """Whether it would change a pump."""
        return self.is_burst or self.verb in WRITES or bool(self.argument and self._is_argument)

    @property
    def is_out_of_range(self) -> bool:
        """Whether the verb doesn't take what follows it."""
        return bool(self.argument) and not self.is_write

    @property
    def _is_argument(self) -> bool:
        return re.fullmatch(QUERIES.get(self.verb, ""), self.argument) is not None


def understand(text: bytes, *, is_safe: bool) -> Command:
    """Read a line as the pump does."""
    plain = "".join(chr(byte) for byte in text if 0x20 < byte < 0x7F).upper()
    is_burst = "*" in plain
    parts = _LINE.fullmatch(plain)
    address, rest = (parts[1], parts[2]) if parts else ("", plain)
    verb = next((verb for verb in (*QUERIES, *WRITES) if rest.startswith(verb)), rest)
    return Command(int(address or 0), verb, rest[len(verb) :], is_safe, is_burst)


class Ear:
    """Cuts a byte stream into lines and packets of safe mode."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._heard_at = float("-inf")

    def hear(self, data: bytes, now: float) -> list[Command]:
        """Take bytes in; give back what they completed. A packet that comes too slowly is none."""
        if now - self._heard_at > BETWEEN_BYTES_S:
            self._bytes = self._bytes.replace(b"\x02", b"")
        self._heard_at = now
        heard: list[Command] = []
        for byte in data:
            self._bytes.append(byte)
            if (packet := self._packet()) is not None:
                heard.append(understand(packet, is_safe=True))
                self._bytes.clear()
            elif byte == _CR and not self._is_in_packet():
                heard.append(understand(bytes(self._bytes), is_safe=False))
                self._bytes.clear()
            elif len(self._bytes) > _LONGEST:
                self._bytes.clear()
        return heard

    def _packet(self) -> bytes | None:
        """Give the text of a good packet at the end of what was heard."""
        start = self._bytes.rfind(_STX)
        while start >= 0:
            packet = self._bytes[start:]
            if len(packet) >= 5 and packet[1] == len(packet) - 1 and packet[-1] == _ETX:
                text = bytes(packet[2:-3])
                if crc(text).to_bytes(2, "big") == packet[-3:-1]:
                    return text
            start = self._bytes.rfind(_STX, 0, start)
        return None

    def _is_in_packet(self) -> bool:
        """A CR may stand in a packet's checksum."""
        start = self._bytes.find(_STX)
        return start >= 0 and start + 1 < len(self._bytes) and len(self._bytes) - start <= self._bytes[start + 1] < 0x30


def crc(data: bytes) -> int:
    """CRC-16/XMODEM, bit by bit: not the driver's code."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


@dataclass(slots=True)
class Programme:
    """What commands have changed on the pump; None: as the bedside has it."""

    is_running: bool | None = None
    is_purging: bool = False
    rate: float | None = None
    rate_unit: str = ""
    volume: float | None = None
    diameter: float | None = None
    direction: str = "INF"
    phase: int | None = None
    cleared: float | None = None  # the volume that stood there
    safe_s: int = 0  # the watchdog of safe mode; 0: basic mode
    written: dict[str, str] = field(default_factory=dict)  # everything, by verb

    def obey(self, command: Command, volume_infused: float) -> None:
        """Do what is said."""
        self.written[command.verb] = command.argument
        number = _number(command.argument)
        match command.verb:
            case "RUN":
                self.is_running, self.is_purging = True, False
            case "STP":
                self.is_running, self.is_purging = False, False
            case "PUR":
                self.is_purging = True
            case "RAT":
                self.rate = number
                self.rate_unit = command.argument[-2:] if command.argument[-1:].isalpha() else ""
            case "VOL":
                self.volume = number
            case "DIA":
                self.diameter = number
            case "DIR":
                self.direction = command.argument
            case "PHN":
                self.phase = int(number or 0)
            case "CLD":
                self.cleared = volume_infused
            case "SAF":
                self.safe_s = int(number or 0)


def _number(text: str) -> float | None:
    found = re.search(_NUMBER, text)
    return float(found[0]) if found else None
