"""A Sapphire pump at the end of its service cable: it says a batch after the other, and obeys."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from drivers.sapphire.codec import BATCH, Message
from drivers.vocabulary import InfusionState
from simulators.api import Bedside, PumpView
from simulators.pump import INTO_PATIENT
from simulators.sapphire.commands import Command, Ear, Programme

_S = InfusionState
_LISTENER_S: Final = 30.0  # the document: "this is PC" in intervals no greater than this
_BOLUS_RATE: Final = 125.0
_LEAST: Final = 171


@dataclass(frozen=True, slots=True)
class SapphireDeviceSettings:
    """What differs between two pumps, and who else is at the cable."""

    serial: int = 0x00BB65BB  # holds the byte that begins a message
    software: int = 15_000
    batch_s: float = 0.1
    batch_bytes: int = 200
    needs_pc: bool = False  # silent until somebody says that a PC listens; else another PC does

    def __post_init__(self) -> None:
        if not 0 <= self.serial < 1 << 32 or not 0 <= self.software < 1 << 32:
            raise ValueError("serial and software: set them between 0 and 4294967295")
        if not 0.05 <= self.batch_s <= 10:
            raise ValueError(f"batch_s {self.batch_s}: set it between 0.05 and 10 s (0.1 is usual)")
        if not 0 <= self.batch_bytes <= 1024:
            raise ValueError(f"batch_bytes {self.batch_bytes}: set it between 0 and 1024 (171 at least to be read)")


class SapphireDevice:
    """Speaks while a PC listens; nothing it is told is answered."""

    def __init__(self, bedside: Bedside, settings: SapphireDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self.programme = Programme()
        self._bedside = bedside
        self._settings = settings
        self._ear = Ear()
        self._number = 0
        self._heard_at = float("-inf")
        self._due_at: float | None = None

    @property
    def wake_at(self) -> float | None:
        """When the next batch is due."""
        return self._due_at

    def open(self, now: float) -> Sequence[bytes]:
        """A cable is plugged in."""
        self._ear = Ear()
        self._due_at = now + self._settings.batch_s
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Take note, or obey."""
        for heard in self._ear.hear(data):
            if isinstance(heard, Command):
                self._react(heard, now)
            else:
                self.violations.append(heard)
        return []

    def tick(self, now: float) -> Sequence[bytes]:
        """Say a batch, if anybody listens."""
        if self._due_at is None or now < self._due_at:
            return []
        self._due_at = max(self._due_at + self._settings.batch_s, now)
        pump = self.at(now)
        if pump.state is _S.OFF or (self._settings.needs_pc and now - self._heard_at > _LISTENER_S):
            return []
        number, self._number = self._number, (self._number + 1) % 256
        return [Message(BATCH, number, self._batch(pump)).encode()]

    def close(self, _now: float) -> None:
        """The PC is gone."""
        self._due_at = None

    def at(self, now: float) -> PumpView:
        """Say what the pump does: the bedside's pump, and what commands have made of it."""
        pump = next(iter(self._bedside.pumps.values())).at(now)
        programme = self.programme
        if programme.rate is not None and pump.rate:
            pump = replace(pump, rate=programme.rate)
        if programme.volume is not None:
            pump = replace(pump, vtbi=programme.volume, volume_left=programme.volume)
        if programme.is_running is not None:
            rate = programme.rate or pump.rate or pump.rate_set or 1.0
            running = replace(pump, state=_S.INFUSING, rate=rate)
            pump = running if programme.is_running else replace(pump, state=_S.PAUSED, rate=0.0)
        if programme.is_bolus:
            pump = replace(pump, state=_S.BOLUS, rate=_BOLUS_RATE)
        if programme.is_locked and now - self._heard_at > _LISTENER_S:  # as a public driver's author saw it
            pump = replace(pump, state=_S.STOPPED, rate=0.0)
        return pump

    def _react(self, command: Command, now: float) -> None:
        self._heard_at = now
        if command.is_this_is_pc:
            return
        words = f"type {command.kind} to {command.target}, data {command.data.hex()}"
        self.violations.append(f"{'write' if command.is_write else 'question'} of {words}")
        if command.is_write:
            self.tampered = True
            self.programme.obey(command)

    def _batch(self, pump: PumpView) -> bytes:
        """What isn't known is 0. A rate is shown while it flows into the patient; why none does isn't said."""
        settings = self._settings
        rate = pump.rate if pump.state in INTO_PATIENT else 0.0
        data = bytearray(max(_LEAST, settings.batch_bytes))
        data[34:38] = settings.software.to_bytes(4, "little")
        data[38:42] = settings.serial.to_bytes(4, "little")
        data[45:47] = (20).to_bytes(2, "little")
        data[47:49] = min(0xFFFE, round(rate * 10)).to_bytes(2, "little")
        data[163:167] = _hundredths(pump.volume_left or 0.0)
        data[167:171] = _hundredths(pump.volume_infused)
        return bytes(data[: settings.batch_bytes])


def _hundredths(millilitres: float) -> bytes:
    return min(0xFFFFFFFE, max(0, round(millilitres * 100))).to_bytes(4, "little")
