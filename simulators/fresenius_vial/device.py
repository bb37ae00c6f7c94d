"""A base with up to five modules, or one pump: sessions, handshake, ENQ, and what commands would change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from drivers.fresenius_vial.codec import ALONE, BASE, MODULES, Answer, Enquiry, Fault, Kind, Taken
from simulators.api import Bedside, PumpView, Source
from simulators.fresenius_vial.hearing import Command, Ear, Noise, Receipt, Sign

_ENQUIRY_S: Final = 10.0  # the manual says "from time to time"
_PATIENCE_S: Final = 1.0  # for DC4 and for ACK

# Commands that would change the device, and what of it they change here.
_WRITES: Final = {
    "MO": "mode",
    "RZ": "reset",
    "OF": "off",
    "SI": "silence",
    "EP": "drug",
    "AP": "display",
    "EN": "id",
    "PR": "rate",
    "PO": "pause",
    "PB": "bolus",
    "PF": "empty",
    "PV": "limit",
    "RV": "volume",
    "PP": "pressure",
    "PS": "dynamic",
}


@dataclass(frozen=True, slots=True)
class VialDeviceSettings:
    """How it is built."""

    layout: Literal["base", "alone"] = "base"

    def __post_init__(self) -> None:
        if self.layout not in ("base", "alone"):
            raise ValueError(f"layout {self.layout!r}: take base or alone")


@dataclass
class Seat:
    """One address: its session, and what commands have changed."""

    is_open: bool = False
    letters: str = ""  # variables that are sent when they change (DE)
    said: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)


class VialDevice:
    """Answers as the protocol wants it, and sends variables by itself where it was told to."""

    def __init__(self, bedside: Bedside, settings: VialDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._layout = settings.layout
        self._seats = {address: Seat() for address in (BASE, *MODULES)} if self._is_base else {ALONE: Seat()}
        self._is_connected = False
        self._ear = Ear()
        self._enquire_at = float("inf")
        self._present_by: float | None = None
        self._ack_by: float | None = None
        self._sent = b""
        self._repeats = 0
        self._commands: Mapping[str, Callable[[Command, Seat, float], str | None]] = {
            "DC": self._open,
            "FC": self._close,
            "LE": self._variables,
            "LF": lambda *_: "PILOTE C",
            "LP": self._drug,
            "LN": lambda _command, seat, _now: seat.changed.get("id", "0001"),
            "LM": lambda _command, seat, _now: ";".join(f"{name}{value}" for name, value in seat.changed.items()),
            "DE": self._enable,
            "AE": self._disable,
            "DM": lambda *_: None,
            "AM": lambda *_: None,
        }

    @property
    def _is_base(self) -> bool:
        return self._layout == "base"

    @property
    def wake_at(self) -> float | None:
        """At the next ENQ, or when patience for DC4 or ACK is over."""
        if not self._is_connected:
            return None
        return min(at for at in (self._enquire_at, self._present_by, self._ack_by) if at is not None)

    def changed(self, address: str) -> dict[str, str]:
        """Give what commands have changed at an address."""
        return dict(self._seats[address].changed)

    def is_open(self, address: str) -> bool:
        """Say whether a session is open."""
        return self._seats[address].is_open

    def open(self, now: float) -> Sequence[bytes]:
        """A host has opened the port."""
        self._forget()
        self._is_connected, self._enquire_at = True, now + _ENQUIRY_S
        return []

    def close(self, _now: float) -> None:
        """The host is gone; sessions end, pumps go on."""
        self._is_connected = False
        self._end_sessions()

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Take what the host said."""
        return [piece for heard in self._ear.hear(data) for piece in self._hear(heard, now)]

    def tick(self, now: float) -> Sequence[bytes]:
        """Ask with ENQ, say a frame again, send what has changed."""
        said: list[bytes] = []
        if self._present_by is not None and self._present_by <= now:
            self._present_by = None
            self.violations.append("ENQ without DC4")
            self._end_sessions()
        if self._ack_by is not None and self._ack_by <= now:
            said += self._repeat(now)
        if self._enquire_at <= now:
            self._enquire_at, self._present_by = now + _ENQUIRY_S, now + _PATIENCE_S
            said += [Enquiry().encode(), *self._spontaneous(now)]
        return said

    def _forget(self) -> None:
        self._ear = Ear()
        self._enquire_at = float("inf")
        self._present_by = self._ack_by = None
        self._sent, self._repeats = b"", 0

    def _end_sessions(self) -> None:
        for seat in self._seats.values():
            seat.is_open, seat.letters = False, ""

    # --- hearing

    def _hear(self, heard: Command | Receipt | Noise | Sign, now: float) -> list[bytes]:
        match heard:
            case Command():
                return [Taken().encode(), *self._say(self._answer(heard, now), now)]
            case Receipt():
                return [Taken().encode()]
            case Noise(error=""):
                self.violations.append(heard.reason)
                return []
            case Noise():
                self.violations.append(heard.reason)
                return [Fault(heard.error).encode()]
            case Sign(name="NAK"):
                return [self._sent] if self._ack_by is not None else []
            case Sign(name="ACK"):
                self._ack_by = None
            case Sign():
                self._present_by = None
        return []

    def _say(self, answer: Answer | None, now: float) -> list[bytes]:
        if answer is None:
            return []
        self._sent, self._ack_by, self._repeats = answer.encode(), now + _PATIENCE_S, 0
        return [self._sent]

    def _repeat(self, now: float) -> list[bytes]:
        self._repeats += 1
        self._ack_by = now + _PATIENCE_S if self._repeats == 1 else None
        if self._repeats == 1:
            return [self._sent]
        self.violations.append("frame without ACK")
        return []

    def _answer(self, command: Command, now: float) -> Answer | None:
        seat = self._seats.get(command.address)
        if seat is None:
            self.violations.append(f"address {command.address!r}")
        if command.verb in _WRITES:
            self._obey(command, seat)
        if seat is None or "off" in seat.changed:
            return None
        if refusal := self._refusal(command, seat):
            return Answer(command.address, Kind.REFUSED, refusal)
        do = self._commands.get(command.verb)
        return Answer(command.address, Kind.DONE, do(command, seat, now) if do else None)

    def _refusal(self, command: Command, seat: Seat) -> str:
        if command.verb not in self._commands and command.verb not in _WRITES:
            self.violations.append(f"unknown command {command.verb}")
            return "01"
        if command.address not in (BASE, ALONE):
            if not self._seats[BASE].is_open:
                return "0D"
            if command.address not in self._modules():
                return "0E"
        if command.verb != "DC" and not seat.is_open:
            return "1E" if command.address in MODULES else "0D"
        return ""

    def _obey(self, command: Command, seat: Seat | None) -> None:
        """The latch trips on the attempt; the pump changes where a session is open."""
        self.tampered = True
        self.violations.append(f"write {command.address}{command.verb};{command.arguments}"[:40])
        if seat is not None and not self._refusal(command, seat):
            seat.changed[_WRITES[command.verb]] = command.arguments

    # --- commands

    def _open(self, _command: Command, seat: Seat, _now: float) -> None:
        seat.is_open = True

    def _close(self, command: Command, seat: Seat, _now: float) -> None:
        if command.address == BASE:
            self._end_sessions()
        seat.is_open, seat.letters = False, ""

    def _enable(self, command: Command, seat: Seat, now: float) -> None:
        seat.letters, seat.said = command.arguments, {}

    def _disable(self, _command: Command, seat: Seat, _now: float) -> None:
        seat.letters = ""

    def _drug(self, command: Command, seat: Seat, now: float) -> str:
        text = seat.changed.get("drug", self._pump(command.address, now).drug)
        return "".join(letter for letter in text if " " <= letter <= "}")[:70]

    def _variables(self, command: Command, seat: Seat, now: float) -> str:
        said = self._all_variables(command.address, seat, now)
        return ";".join(f"{letter}{said[letter]}" for letter in command.arguments if letter in said)

    def _spontaneous(self, now: float) -> list[bytes]:
        """One frame for the first seat whose enabled variables have changed."""
        for address, seat in self._seats.items():
            said = {k: v for k, v in self._all_variables(address, seat, now).items() if k in seat.letters}
            if said and said != seat.said:
                seat.said = said
                return self._say(Answer(address, Kind.VARIABLE, ";".join(k + v for k, v in said.items())), now)
        return []

    # --- the pumps

    def _modules(self) -> dict[str, Source[PumpView]]:
        return dict(zip(MODULES, self._bedside.pumps.values(), strict=False))

    def _pump(self, address: str, now: float) -> PumpView:
        source = next(iter(self._bedside.pumps.values()), None) if address == ALONE else self._modules().get(address)
        return source.at(now) if source else PumpView()

    def _all_variables(self, address: str, seat: Seat, now: float) -> dict[str, str]:
        if address == BASE:
            found = self._modules()
            return {"i": f"{len(found):X}", "b": f"{sum(1 << MODULES.index(m) for m in found):02X}"}
        pump, changed = self._pump(address, now), seat.changed
        rate = 0 if "pause" in changed else _hex(changed.get("rate"), round(pump.rate * 10))
        return {
            "a": f"{len(pump.alarms):02X}",  # the real coding is not known
            "e": "00",
            "m": changed.get("mode", "1"),
            "d": f"{rate:04X}",
            "r": "00000000" if "volume" in changed else f"{round(pump.volume_infused * 1000):08X}",
            "k": f"{round(pump.bolus_rate * 10):04X}",
            "s": f"{_hex(changed.get('bolus'), round(pump.bolus_volume * 1000)):08X}",
        }


def _hex(text: str | None, otherwise: int) -> int:
    try:
        return otherwise if text is None else int(text, 16)
    except ValueError:
        return otherwise
