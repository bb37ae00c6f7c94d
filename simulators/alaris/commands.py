"""What a gateway says, as the pump hears it, and all that would change it: code of its own.

A pump obeys only under remote control; the simulated one is as a controller left it, with that control given, so that
each write succeeds and shows.
"""

from dataclasses import dataclass, field
from typing import Final

_LONGEST: Final = 1024

# Bare verbs that act although they look like questions, or that have no reading form.
BARE_WRITES: Final = frozenset(
    {"INF_START", "INF_STOP", "INF_VI_CLEAR", "INF_BOLUS", "INF_BOLUS_CAP_RATE", "INF_PURGE_RATE", "INF_CAP_RATE"}
)


@dataclass(frozen=True, slots=True)
class Command:
    """A good line."""

    verb: str
    arguments: tuple[str, ...]

    @property
    def is_write(self) -> bool:
        """Whether it would change the pump: any verb with `^`, and those that act bare."""
        return bool(self.arguments) or self.verb in BARE_WRITES


@dataclass(slots=True)
class Programme:
    """What commands have changed on the pump; None: as the bedside has it."""

    is_running: bool | None = None
    rate: float | None = None
    vtbi: float | None = None
    has_vtbi: bool | None = None
    cleared_volume: float = 0.0
    is_bolus: bool = False
    is_remote: bool = True
    started_by_serial: bool = False
    written: dict[str, tuple[str, ...]] = field(default_factory=dict)  # everything else, by verb

    def obey(self, command: Command, volume: float) -> None:
        """Do what is said."""
        self.written[command.verb] = command.arguments
        match (command.verb, command.arguments):
            case ("INF_START", _):
                self.is_running, self.started_by_serial = True, True
            case ("INF_STOP", _):
                self.is_running, self.started_by_serial = False, False
            case ("INF_VI_CLEAR", _):
                self.cleared_volume = volume
            case ("INF_BOLUS", _):
                self.is_bolus = True
            case ("INF_RATE", (rate, *_)):
                self.rate = _number(rate)
            case ("INF_VTBI", ("ACTIV", value, *_)):
                self.vtbi, self.has_vtbi = _number(value), True
            case ("INF_VTBI", _):
                self.has_vtbi = False
            case ("REMOTE_CTRL", (word, *_)):
                self.is_remote = word == "ENABLED"


class Ear:
    """Cuts a byte stream into commands; a text says why there is none."""

    def __init__(self) -> None:
        self._line: bytearray | None = None

    def hear(self, data: bytes) -> list[Command | str]:
        """Take bytes in; give back what they completed."""
        heard: list[Command | str] = []
        for byte in data:
            if byte == 0x21:
                heard += ["line cut short"] if self._line else []
                self._line = bytearray()
            elif self._line is None:
                heard.append(f"byte {byte:02X} between lines")
            elif byte in (0x0D, 0x1B) or len(self._line) >= _LONGEST:
                heard.append(_command(bytes(self._line)) if byte == 0x0D else "line broken off")
                self._line = None
            else:
                self._line.append(byte)
        return heard


def line(payload: str) -> bytes:
    """Frame a payload."""
    data = payload.encode("latin-1", "replace")
    return b"!" + data + b"|" + f"{crc(data):04X}".encode() + b"\r"


def crc(data: bytes) -> int:
    """CRC-16/CCITT-FALSE, bit by bit: not the driver's code."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def _command(text: bytes) -> Command | str:
    payload, mark, digits = text.rpartition(b"|")
    if not mark or digits != f"{crc(payload):04X}".encode():
        return "wrong checksum"
    verb, *arguments = payload.decode("latin-1").split("^")
    return Command(verb, tuple(arguments))


def _number(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
