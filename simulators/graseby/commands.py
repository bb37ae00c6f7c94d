"""What a host says, as the pump hears it, and what of it would change the pump: code of its own."""

import re
from dataclasses import dataclass, field
from typing import Final

MONITOR: Final = frozenset("ADGMY")
ENABLE: Final = "I"  # listed as a monitor command, but it opens control
CONTROL: Final = frozenset("BCEFKLNOPRSTX")

# What may follow the letter. The manual's ranges for E, F, K, N and P are not public: anything is taken.
_PARAMETERS: Final = {
    "B": r"",
    "C": r"",
    "I": r"00|0[5-9]|[1-5][0-9]|60",
    "L": r"[0-9]{4}|[0-9]{3}\.[0-9]",
    "O": r"",
    "R": r"[0-9]{3}|[0-9]{2}\.[0-9]",
    "S": r"",
    "T": r"[0-9]{3}|[0-9]{2}\.[0-9]",
    "X": r"[012].{0,16}",
}
# What the CRC begins with, and what it is inverted with at the end: three candidates.
CRCS: Final = {"x25": (0xFFFF, 0xFFFF), "mcrf4xx": (0xFFFF, 0), "kermit": (0, 0)}

_SHORTEST, _LONGEST = 9, 49  # without parameters, and with 40 characters of them


@dataclass(frozen=True, slots=True)
class Command:
    """A record of the right length; `crcs` are those that it fits."""

    letter: str
    parameters: str
    crcs: frozenset[str]

    @property
    def is_control(self) -> bool:
        """Whether it would change the pump, or open the way to that."""
        return self.letter in CONTROL or self.letter == ENABLE

    @property
    def is_well_formed(self) -> bool:
        """Whether the parameters are those of the letter."""
        return re.fullmatch(_PARAMETERS.get(self.letter, r".*"), self.parameters) is not None


@dataclass(slots=True)
class Programme:
    """What commands have changed on the pump; None: as the bedside has it."""

    enabled_until: float = float("-inf")
    timeout_s: float = 0.0
    is_running: bool | None = None
    is_on: bool | None = None
    rate: float | None = None
    vtbi: float | None = None
    cleared_volume: float = 0.0
    written: dict[str, str] = field(default_factory=dict)  # every command that was obeyed, by letter

    def is_enabled(self, now: float) -> bool:
        """Whether control is open."""
        return now < self.enabled_until

    def heard(self, now: float) -> None:
        """Any good record starts the time-out anew."""
        if self.is_enabled(now):
            self.enabled_until = now + self.timeout_s

    def obey(self, command: Command, now: float, volume: float) -> None:
        """Do what is said."""
        self.written[command.letter] = text = command.parameters
        match command.letter:
            case "I":
                self.timeout_s = float(text)
                self.enabled_until = now + self.timeout_s if self.timeout_s else float("-inf")
            case "C":
                self.cleared_volume = volume
            case "L":
                self.vtbi = float(text)
            case "O":
                self.is_running = True
            case "S":
                self.is_running = False
            case "R" | "T":
                self.rate = float(text)
            case "F":
                self.is_on = text != "0"


class Ear:
    """Cuts a byte stream into commands; a text says why there is none."""

    def __init__(self) -> None:
        self._record: bytearray | None = None

    def hear(self, data: bytes) -> list[Command | str]:
        """Take bytes in, in any split."""
        heard: list[Command | str] = []
        for byte in data:
            if byte == 0x3C:
                heard += ["record cut short"] if self._record else []
                self._record = bytearray(b"<")
            elif self._record is None:
                heard.append(f"byte {byte:02X} between records")
            else:
                self._record.append(byte)
                heard += self._end()
        return heard

    def _end(self) -> list[Command | str]:
        record = bytes(self._record or b"")
        if record[-1] != 0x3E and len(record) < _LONGEST:
            return []
        self._record = None
        return [_command(record)]


def record(text: str, crc: str = "x25") -> bytes:
    """Frame a command letter with its parameters."""
    head = f"<{_SHORTEST - 1 + len(text):02X}{text}".encode("ascii")
    return head + f"{checksum(head, crc):04X}>".encode("ascii")


def checksum(data: bytes, crc: str) -> int:
    """CRC-16 of the reflected polynomial 8408h, bit by bit: not the driver's code."""
    value, inverted = CRCS[crc]
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x8408 if value & 1 else 0)
    return value ^ inverted


def _command(data: bytes) -> Command | str:
    parts = re.fullmatch(rb"<([0-9A-F]{2})([A-Za-z])([ -~]*)([0-9A-F]{4})>", data)
    if not parts or int(parts[1], 16) != len(data):
        return f"no command: {data[:12]!r}"
    fitting = frozenset(crc for crc in CRCS if checksum(data[:-5], crc) == int(parts[4], 16))
    return Command(parts[2].decode().upper(), parts[3].decode(), fitting)
