"""The oximeter on its port: it talks unasked, and it has commands that change it for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Final

from drivers.nonin.codec import Format
from drivers.nonin.packets import Packet, PacketFormat
from simulators.api import Bedside
from simulators.nonin.voices import packet, second_of_averages, second_of_text, spot_check

WRITES_PER_S: Final = 15  # of five frames each: a serial line is read in pieces of about this size
BYTES_PER_WRITE: Final = 25
LONGEST_DELAY_S: Final = 1  # what a slow computer may be behind without losing frames
SPOT_EVERY_S: Final = 60
SETTLED_S: Final = 5.0  # after connecting, select format is neither taken nor answered any more

ACK: Final = b"\x06"
GET_TIME: Final = bytes.fromhex("02 72 00 03")
GET_SERIAL: Final = bytes.fromhex("02 74 02 02 02 03")  # its answer's form is unknown, so there is none
SELECT: Final = bytes.fromhex("02 70")
FORMATS: Final[dict[int, Format]] = {0x02: "df2", 0x07: "df7", 0x08: "df8", 0x0D: "df13"}


@dataclass(frozen=True, slots=True)
class NoninDeviceSettings:
    """The format that it speaks; `clock`: an 8600, whose lines begin with the time."""

    format: Format = "df2"
    clock: bool = False


class NoninDevice:
    """One oximeter. It may be asked for its time and serial number; all else would change it."""

    def __init__(self, bedside: Bedside, settings: NoninDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._format = settings.format
        self._has_clock = settings.clock
        self._heard = b""
        self._opened_at = 0.0
        self._step: int | None = None  # the next write, counted from the epoch
        self._packet: tuple[int, bytes] = (-1, b"")  # the one being said

    @property
    def wake_at(self) -> float | None:
        """The next write."""
        return None if self._step is None else self._step / self._steps_per_s

    @property
    def _steps_per_s(self) -> float:
        if self._format in ("df2", "df7"):
            return WRITES_PER_S
        return 1 / SPOT_EVERY_S if self._format == "df13" else 1

    def open(self, now: float) -> Sequence[bytes]:
        """Who opens the port comes in the middle."""
        self._opened_at, self._heard = now, b""
        self._step = floor(now * self._steps_per_s) + 1
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer what may be asked; change, and remember it, for anything else."""
        self._heard += data
        said: list[bytes] = []
        while self._heard and not self._is_unfinished():
            said += self._obey(now)
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        """Say what is due."""
        if self._step is None:
            return []
        last = floor(now * self._steps_per_s + 1e-6)
        first = max(self._step, last - floor(LONGEST_DELAY_S * self._steps_per_s))
        self._step = last + 1
        return [said for step in range(first, last + 1) if (said := self._say(step))]

    def close(self, _now: float) -> None:
        """Talk on, unheard."""
        self._step = None

    def _say(self, step: int) -> bytes:
        now = step / self._steps_per_s
        match self._format:
            case "df2" | "df7":
                return self._fifth(step, self._format)
            case "df8":
                return second_of_averages(self._bedside, now).encode()
            case "ascii":
                return second_of_text(self._bedside, now, has_clock=self._has_clock).encode()
            case "df13":
                spot = spot_check(self._bedside, now)
                return spot.encode() if spot else b""

    def _fifth(self, step: int, kind: PacketFormat) -> bytes:
        """Say a fifth of a packet."""
        third, part = divmod(step, 5)
        if self._packet[0] != third:
            said: Packet = packet(self._bedside, third, kind)
            self._packet = third, said.encode()
        return self._packet[1][part * BYTES_PER_WRITE : (part + 1) * BYTES_PER_WRITE]

    def _is_unfinished(self) -> bool:
        return any(read.startswith(self._heard) and read != self._heard for read in (GET_TIME, GET_SERIAL))

    def _obey(self, now: float) -> list[bytes]:
        for read in (GET_TIME, GET_SERIAL):
            if self._format != "ascii" and self._heard.startswith(read):
                self._heard = self._heard[len(read) :]
                return [self._time(now)] if read == GET_TIME else []
        command, self._heard = self._heard, b""
        self.tampered = True
        self.violations.append(f"{len(command)} bytes to a device that only talks: {command[:16].hex(' ')}")
        return self._select(command, now)

    def _select(self, command: bytes, now: float) -> list[bytes]:
        chosen = FORMATS.get(command[4]) if command.startswith(SELECT) and len(command) > 4 else None
        if chosen is None or self._format == "ascii" or now - self._opened_at > SETTLED_S:
            return []
        self._format = chosen
        self._step = None if self._step is None else floor(now * self._steps_per_s) + 1
        return [ACK]

    def _time(self, now: float) -> bytes:
        clock = self._bedside.device_time(now)
        fields = (clock.year % 100, clock.month, clock.day, clock.hour, clock.minute, clock.second)
        return bytes((0x02, 0xF2, len(fields), *fields, 0x03))
