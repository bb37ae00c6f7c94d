"""What a computer says, as the pump hears it, and all that would change it: code of its own.

A real pump obeys only with a key that it has given. The simulated one is as a controller left it, with that key still
good, so that each write succeeds and shows.
"""

from dataclasses import dataclass, field
from typing import Final

_LONGEST: Final = 1024
_IGNORED: Final = -1.0  # in a command: leave it as it is

# Asking for control is a write too: it takes the pump from whoever has it.
WRITES: Final = frozenset({"CNTLREQ", "INFPAUS", "INFRESM", "INFPROG"})


@dataclass(frozen=True, slots=True)
class Command:
    """A good line."""

    verb: str
    arguments: tuple[str, ...]


@dataclass(slots=True)
class Programme:
    """What commands have changed on one channel; None: as the bedside has it."""

    is_running: bool | None = None
    rate: float | None = None
    vtbi: float | None = None
    bolus_volume: float | None = None
    bolus_rate: float | None = None

    def obey(self, values: tuple[str, ...]) -> None:
        """Take rate, VTBI, bolus volume and bolus rate."""
        rate, vtbi, bolus_volume, bolus_rate = (_number(text) for text in values)
        self.rate = self.rate if rate is None else rate
        self.vtbi = self.vtbi if vtbi is None else vtbi
        self.bolus_volume = self.bolus_volume if bolus_volume is None else bolus_volume
        self.bolus_rate = self.bolus_rate if bolus_rate is None else bolus_rate


@dataclass(slots=True)
class Control:
    """Who controls the pump, and what has become of it."""

    key: str
    serials: tuple[str, str]
    is_taken: bool = False
    channels: tuple[Programme, Programme] = field(default_factory=lambda: (Programme(), Programme()))

    def obey(self, command: Command) -> bool:
        """Do what is said; whether it was allowed."""
        if command.verb == "CNTLREQ":
            self.is_taken = True
            return True
        if not command.arguments or command.arguments[0] != self.key:
            return False
        return self._obey(command.verb, command.arguments[1:])

    def _obey(self, verb: str, arguments: tuple[str, ...]) -> bool:
        """Each channel's part begins with its serial number."""
        size = 5 if verb == "INFPROG" else 2
        parts = arguments[:size], arguments[size:]
        if tuple(part[0] for part in parts if part) != self.serials or any(len(part) != size for part in parts):
            return False
        for programme, (_, *values) in zip(self.channels, parts, strict=True):
            if verb == "INFPROG":
                programme.obey(tuple(values))
            elif values == ["1"]:
                programme.is_running = verb == "INFRESM"
        return True


class Ear:
    """Cuts a byte stream into commands; a text says why there is none."""

    def __init__(self) -> None:
        self._line = bytearray()

    def hear(self, data: bytes) -> list[Command | str]:
        """Take bytes in; give back what they completed."""
        heard: list[Command | str] = []
        for byte in data:
            if byte == ord("!") and self._line:
                heard.append("line cut short")
                self._line.clear()
            self._line.append(byte)
            if byte == ord("\n") or len(self._line) >= _LONGEST:
                heard.append(_command(bytes(self._line)))
                self._line.clear()
        return heard


def line(payload: str) -> bytes:
    """Frame a payload."""
    data = b"!" + payload.encode("latin-1", "replace") + b"|"
    return data + f"{sum(data) % 65536:04X}".encode() + b"\r\n"


def _command(text: bytes) -> Command | str:
    payload, mark, _ = text.rpartition(b"|")
    if not mark or not text.startswith(b"!"):
        return "no line of this protocol"
    if text != line(payload[1:].decode("latin-1")):
        return "wrong checksum"
    verb, *arguments = payload[1:].decode("latin-1").split("^")
    return Command(verb, tuple(arguments))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if value == _IGNORED else max(0.0, value)
