"""The oximeter on its port. V7.0 waits to be asked, and stops when nobody says that he is still there."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Final

from drivers.contec_cms50.codec import Protocol, pack
from simulators.api import Bedside
from simulators.contec_cms50.voices import PACKETS_PER_S, packet

WRITES_PER_S: Final = 10  # of six packets each: what a USB port brings at a time
LONGEST_DELAY_S: Final = 1  # what a slow computer may be behind without losing packets
PATIENCE_S: Final = 10.0  # without a keep-alive: our guess, twice what the document asks for

COMMAND: Final = 0x7D
COMMAND_SIZE: Final = 9
START, STOP, KEEP_ALIVE = 0xA1, 0xA2, 0xAF
USER_COUNT, PI_SUPPORT = 0xAD, 0xAC
READS: Final = frozenset({0xAA, 0xAB, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xB0, 0xB6})  # what this one has no answer for
WRITES: Final = {0xAE: "delete storage", 0xB1: "set time", 0xB2: "set date"}
OLD_DOWNLOADS: Final = frozenset({0xF5, 0xF6})

DISCONNECT: Final = pack(0x0D, b"\x01")


@dataclass(frozen=True, slots=True)
class Cms50DeviceSettings:
    """Which of the two protocols it has."""

    protocol: Protocol = "v7"


class Cms50Device:
    """One oximeter."""

    def __init__(self, bedside: Bedside, settings: Cms50DeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._protocol = settings.protocol
        self._heard = b""
        self._step: int | None = None  # the next write, counted from the epoch; None: it is silent
        self._kept_at = 0.0

    @property
    def wake_at(self) -> float | None:
        """The next write."""
        return None if self._step is None else self._step / WRITES_PER_S

    def open(self, now: float) -> Sequence[bytes]:
        """The old one talks already, V7.0 waits."""
        self._heard = b""
        self._step = floor(now * WRITES_PER_S) + 1 if self._protocol == "old" else None
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Obey what the document knows, and remember what it doesn't."""
        if self._protocol == "old":
            return self._refuse(data, "bytes to a device that only talks", tampers=True) if data else []
        self._heard += data
        said: list[bytes] = []
        while self._heard and (size := self._size()):
            frame, self._heard = self._heard[:size], self._heard[size:]
            said += self._obey(frame, now)
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        """Say what is due, or leave."""
        if self._step is None:
            return []
        if self._protocol == "v7" and now - self._kept_at > PATIENCE_S:
            self._step = None
            return [DISCONNECT]
        last = floor(now * WRITES_PER_S + 1e-6)
        first = max(self._step, last - LONGEST_DELAY_S * WRITES_PER_S)
        self._step = last + 1
        return [self._write(step) for step in range(first, last + 1)]

    def close(self, _now: float) -> None:
        """The gateway is gone."""
        self._step = None

    def _write(self, step: int) -> bytes:
        vitals = self._bedside.patient.at(step / WRITES_PER_S)
        count = PACKETS_PER_S // WRITES_PER_S
        moments = [(step * count + place) / PACKETS_PER_S for place in range(count)]
        return b"".join(packet(vitals, moment, self._protocol).encode() for moment in moments)

    def _size(self) -> int:
        """Give the bytes that the next thing heard has; 0: not all are here."""
        if self._heard[0] >= 0x80:
            return 1
        rest = self._heard[1:COMMAND_SIZE]
        cut = next((place for place, byte in enumerate(rest, 1) if byte < 0x80), 0)
        if cut:
            return cut
        if self._heard[0] != COMMAND:
            return len(self._heard)
        return COMMAND_SIZE if len(rest) == COMMAND_SIZE - 1 else 0

    def _obey(self, frame: bytes, now: float) -> list[bytes]:
        if frame[0] != COMMAND:
            is_order = frame[0] < 0x80 or frame[0] in OLD_DOWNLOADS
            return self._refuse(frame, "not a command", tampers=is_order)
        if len(frame) < COMMAND_SIZE:
            return self._refuse(frame, "a command cut short", tampers=False)
        command = frame[2] & 0x7F | (frame[1] & 1) << 7
        if command in (START, STOP, KEEP_ALIVE):
            return self._keep(command, now)
        if command in (PI_SUPPORT, USER_COUNT):
            return [pack(0x0E if command == PI_SUPPORT else 0x10, b"\x01")]
        if command in WRITES:
            self._refuse(frame, WRITES[command], tampers=True)
            return [_feedback(command, 0)]
        if command not in READS:
            self._refuse(frame, "unknown command", tampers=False)
        return [_feedback(command, 5)]

    def _keep(self, command: int, now: float) -> list[bytes]:
        self._kept_at = now
        if command == START and self._step is None:
            self._step = floor(now * WRITES_PER_S) + 1
        elif command == STOP:
            self._step = None
        return []

    def _refuse(self, frame: bytes, words: str, *, tampers: bool) -> list[bytes]:
        self.tampered = self.tampered or tampers
        self.violations.append(f"{words}: {frame[:16].hex(' ')}")
        return []


def _feedback(command: int, reason: int) -> bytes:
    """Say what became of a command; which of the two bytes comes first is UNVERIFIED."""
    return pack(0x0B, bytes((command, reason)))
