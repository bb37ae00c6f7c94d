"""A SpaceCom with its rack of pumps."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from drivers.bbraun_space.codec import RACK, Block, Entry, is_bed_id
from drivers.vocabulary import InfusionState
from simulators.api import Bedside, PumpView
from simulators.bbraun_space.commands import ACK, Command, Ear, Noise
from simulators.bbraun_space.parameters import parameters

_FASTEST_POLL_S: Final = 0.5
_MODEL: Final = "688F030006"  # a Perfusor Space, as in the sample frames
_SLOTS: Final = re.compile(r"[1-3](?:[1-9A-O]|[0-2][0-9])")


@dataclass(frozen=True, slots=True)
class SpaceDeviceSettings:
    """What the device's web page would set."""

    bed_id: str = "ComSystem"
    stuffing: bool = False
    bitwords: bool = False  # STATUS1, ALARM1 ... instead of INMxx, INAxx
    version: str = "3.30"

    def __post_init__(self) -> None:
        if not is_bed_id(self.bed_id):
            raise ValueError(f"bed_id {self.bed_id!r}: take 1 to 15 characters out of / to 9 and A to z")
        if not re.fullmatch(r"[0-9]\.[0-9]{2}", self.version):
            raise ValueError(f"version {self.version!r}: write it as 3.30")


class SpaceDevice:
    """Answers the four requests of the specification, one block per pump."""

    def __init__(self, bedside: Bedside, settings: SpaceDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        major, minor = settings.version.split(".")
        self._version = int(major), int(minor)
        self._ear = Ear(settings.stuffing)
        self._blocks: list[bytes] = []  # still to be acknowledged; the first one is out
        self._is_first = True
        self._known: set[str] = set()  # slots that a request has shown
        self._uptimes: dict[str, float] = {}
        self._powered_at: float | None = None
        self._time_s = 0  # of the answer being given
        self._polled_at = float("-inf")
        self._requests: dict[str, Callable[[Command, float], list[bytes]]] = {
            "ADMIN:ALIVE": self._alive,
            "ADMIN:VERSION": self._say_version,
            "MEM:GET": self._all,
            "MEM:GETSLOT#": self._one,
        }

    @property
    def wake_at(self) -> float | None:
        """Never: it speaks when spoken to."""
        return None

    def open(self, now: float) -> Sequence[bytes]:
        """A gateway is there; the device waits for it to speak."""
        self._ear = Ear(self._settings.stuffing)
        self._blocks, self._is_first = [], True
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer each request; go on at ACK, repeat at NAK."""
        said: list[bytes] = []
        self._time_s = self._uptime_s(now)
        for heard in self._ear.hear(data):
            match heard:
                case Command():
                    self._blocks = self._answer(heard, now)
                    said += self._blocks[:1]
                case Noise() if heard.is_frame:
                    self._blocks = self._refuse(heard.reason, 68)
                    said += self._blocks[:1]
                case Noise():
                    self.violations.append(heard.reason)
                case _:
                    said += self._go_on(heard)
        return said

    def tick(self, _now: float) -> Sequence[bytes]:
        """Nothing happens by itself."""
        return []

    def close(self, _now: float) -> None:
        """The gateway is gone; the pumps go on."""
        self._blocks = []

    def _go_on(self, letter: bytes) -> list[bytes]:
        if not self._blocks:
            self.violations.append(f"{'ACK' if letter == ACK else 'NAK'} without a block")
        elif letter == ACK:
            del self._blocks[0]
        return self._blocks[:1]

    def _answer(self, command: Command, now: float) -> list[bytes]:
        is_first, self._is_first = self._is_first, False
        verb, mark, _slot = command.words.partition("#")
        answer = self._requests.get(verb + mark)
        if not answer:
            return self._obey(command)
        is_greeting = is_first or command.words == "ADMIN:ALIVE"
        if command.bed_id != self._settings.bed_id and not (command.bed_id == "1" and is_greeting):
            return self._refuse(f"bed id {command.bed_id!r}", 68)
        return answer(command, now)

    def _obey(self, command: Command) -> list[bytes]:
        """The specification has no such command; a device that had would change. Here all pumps stop."""
        self.tampered = True
        return self._refuse(f"command {command.words!r}", 68)

    def _refuse(self, reason: str, number: int) -> list[bytes]:
        self.violations.append(reason)
        return [self._block([self._rack("GNERR", str(number))])]

    def _alive(self, _command: Command, _now: float) -> list[bytes]:
        return [self._block([self._rack("GNACK", "0")])]

    def _say_version(self, _command: Command, _now: float) -> list[bytes]:
        return [self._block([self._rack(f"V{self._settings.version}", None)])]

    def _all(self, _command: Command, now: float) -> list[bytes]:
        if now - self._polled_at < _FASTEST_POLL_S - 1e-6:
            self.violations.append("MEM:GET again within 0.5 s")
        self._polled_at = now
        pumps = self._pumps(now)
        gone, self._known = self._known - pumps.keys(), self._known & pumps.keys()
        answers = [[self._entry(slot, "GNERR", "39")] for slot in sorted(gone)]
        answers += [self._pump(now, slot, pump) for slot, pump in pumps.items()]
        if not answers:
            return [self._block([self._rack("GNERR", "11")])]
        answers[0] = [*self._rack_values(), *answers[0]]
        return [self._block(answer, is_last=answer is answers[-1]) for answer in answers]

    def _one(self, command: Command, now: float) -> list[bytes]:
        slot = command.words.partition("#")[2]
        if not _SLOTS.fullmatch(slot):
            return self._refuse(f"slot {slot!r}", 811)
        pump = self._pumps(now).get(slot)
        return [self._block([*self._rack_values(), *(self._pump(now, slot, pump) if pump else [])])]

    def _pumps(self, now: float) -> dict[str, PumpView]:
        pumps = {slot: source.at(now) for slot, source in self._bedside.pumps.items()}
        if self.tampered:
            return {slot: replace(pump, state=InfusionState.STOPPED, rate=0.0) for slot, pump in pumps.items()}
        return pumps

    def _pump(self, now: float, slot: str, pump: PumpView) -> list[Entry]:
        said = parameters(
            pump,
            model=_MODEL,
            serial=f"{20000 + sum(map(ord, slot))}",
            clock=self._bedside.device_time(now),
            version=self._version,
            bitwords=self._settings.bitwords,
            is_new=slot not in self._known,
        )
        self._known.add(slot)
        return [self._entry(slot, name, value) for name, value in said.items()]

    def _rack_values(self) -> list[Entry]:
        said = {"FMNOR": "1", "FMSTAT": "00051", "FMRT": "FMS1NSNS", "COMSERIALNO": "10203", "COMSWVERSION": "3.34"}
        return [self._rack(name, value) for name, value in said.items()]

    def _rack(self, name: str, value: str | None) -> Entry:
        return Entry(self._time_s, RACK, name, value)

    def _entry(self, slot: str, name: str, value: str) -> Entry:
        return Entry(self._time_s, f"501{slot}", name, value)

    def _block(self, entries: Sequence[Entry], is_last: bool = True) -> bytes:
        return Block(self._settings.bed_id, tuple(entries), is_last).encode(self._settings.stuffing)

    def _uptime_s(self, now: float) -> int:
        """The rack was switched on with its oldest pump; when all have lost power at once, so has the rack."""
        uptimes = {slot: source.at(now).uptime_s for slot, source in self._bedside.pumps.items()}
        has_restarted = bool(uptimes) and all(up < self._uptimes.get(slot, 0.0) for slot, up in uptimes.items())
        if self._powered_at is None or has_restarted:
            self._powered_at = now - max(uptimes.values(), default=0.0)
        self._uptimes = uptimes
        return int(now - self._powered_at)
