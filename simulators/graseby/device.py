"""A Graseby volumetric pump whose answers to another system can be overheard, and which answers a host by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from drivers.graseby.codec import Crc, Reply
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import Bedside, PumpView
from simulators.graseby.commands import ENABLE, MONITOR, Command, Ear, Programme

_S, _A = InfusionState, AlarmCode
_FLOWING: Final = (_S.INFUSING, _S.BOLUS, _S.KVO)
_ROUNDS_OF_STATUS: Final = 12  # then the other system asks again who it is and what time

# The real return codes are not known; these are the simulator's own.
ACCEPTED, INVALID_MODE, INVALID_PARAMETER, INVALID_CRC = "A", "M", "P", "C"

_NUMBERS: Final = {
    _A.BATTERY_LOW: 0x01,
    _A.INFUSION_COMPLETE: 0x06,
    _A.EMPTY: 0x08,
    _A.OCCLUSION: 0x09,
    _A.AIR_IN_LINE: 0x0A,
    _A.DOOR: 0x0B,
    _A.BATTERY_EMPTY: 0x0F,
}
_WARNING: Final = 0x10  # an alarm that the pump has no number for; such a pre-alarm is not shown


@dataclass(frozen=True, slots=True)
class GrasebyDeviceSettings:
    """What differs between two pumps, and how often another system asks this one."""

    crc: Literal["x25", "mcrf4xx", "kermit"] = "x25"  # which one a real pump takes is not known
    asked_every_s: float = 5.0  # by another system, whose questions are not heard; 0: by none
    model: Literal["3000", "3100"] = "3000"
    software: int = 68  # hundredths
    serial: str = "GR0012345"

    def __post_init__(self) -> None:
        if self.crc not in ("x25", "mcrf4xx", "kermit") or self.model not in ("3000", "3100"):
            raise ValueError("take crc x25, mcrf4xx or kermit, and model 3000 or 3100")
        if self.asked_every_s and not 0.1 <= self.asked_every_s <= 3600:
            raise ValueError(f"asked_every_s {self.asked_every_s}: set it between 0.1 and 3600 s, or to 0 for never")
        if len(self.serial) != 9 or not self.serial.isalnum() or not self.serial.isascii():
            raise ValueError(f"serial {self.serial!r}: write nine letters or digits")
        if not 0 <= self.software <= 0xFF:
            raise ValueError(f"software {self.software}: set it between 0 and 255 hundredths")


class GrasebyDevice:
    """Answers records. Control needs to be opened first, but the latch trips on each attempt."""

    def __init__(self, bedside: Bedside, settings: GrasebyDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self.programme = Programme()
        self._bedside = bedside
        self._settings = settings
        self._crc = Crc[settings.crc.upper()]
        self._ear = Ear()
        self._asked_at: float | None = None
        self._rounds = 0

    @property
    def wake_at(self) -> float | None:
        """When the other system asks next."""
        return self._asked_at

    def open(self, now: float) -> Sequence[bytes]:
        """Somebody listens."""
        self._ear, self._rounds = Ear(), 0
        self._asked_at = now + self._settings.asked_every_s if self._settings.asked_every_s else None
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer each record; anything else gets no answer."""
        said: list[bytes] = []
        for heard in self._ear.hear(data):
            if isinstance(heard, Command):
                said.append(self._react(heard, now).encode(self._crc))
            else:
                self.violations.append(heard)
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        """Answer the other system."""
        if self._asked_at is None or now < self._asked_at:
            return []
        self._asked_at = now + self._settings.asked_every_s
        letters = "MYGAD" if self._rounds % _ROUNDS_OF_STATUS == 0 else "AD"
        self._rounds += 1
        return [self._answer(letter, now).encode(self._crc) for letter in letters]

    def close(self, _now: float) -> None:
        """The listener is gone; the pump goes on."""
        self._asked_at = None

    def at(self, now: float) -> PumpView:
        """Say what the pump's display shows: the bedside's pump, and what commands have made of it."""
        return self._changed(next(iter(self._bedside.pumps.values())).at(now))

    def _react(self, command: Command, now: float) -> Reply:
        if command.is_control:
            self.tampered = True  # whichever CRC it has: the pump's own is not known
            self.violations.append(f"control {command.letter}{command.parameters}")
        if self._settings.crc not in command.crcs:
            self.violations.append("wrong CRC")
            return self._reply(INVALID_CRC, now)
        self.programme.heard(now)
        if command.is_control:
            return self._control(command, now)
        if command.letter not in MONITOR or command.parameters:
            self.violations.append(f"unknown command {command.letter}{command.parameters}")
            return self._reply(INVALID_PARAMETER if command.letter in MONITOR else INVALID_MODE, now)
        return self._answer(command.letter, now)

    def _control(self, command: Command, now: float) -> Reply:
        pump = self.at(now)
        is_open = self.programme.is_enabled(now)
        if not (is_open or (command.letter == ENABLE and pump.state not in _FLOWING)):
            return self._reply(INVALID_MODE, now)
        if not command.is_well_formed:
            return self._reply(INVALID_PARAMETER, now)
        self.programme.obey(command, now, pump.volume_infused)
        return self._answer("D", now)

    def _answer(self, letter: str, now: float) -> Reply:
        pump, settings = self.at(now), self._settings
        match letter:
            case "D":
                data = _infusion(pump)
            case "G":
                data = self._bedside.device_time(now).strftime("%y%m%d%H%M%S")
            case "M":
                data = f"{settings.model}{settings.software:02X}"
            case "Y":
                data = settings.serial
            case _:
                data = ""
        return self._reply(ACCEPTED, now, data)

    def _reply(self, code: str, now: float, data: str = "") -> Reply:
        return Reply(code, _alarm_bytes(self.at(now), self.programme.is_enabled(now)), data)

    def _changed(self, pump: PumpView) -> PumpView:
        programme = self.programme
        if programme.rate is not None:
            pump = replace(
                pump, rate_set=programme.rate, rate=programme.rate if pump.state is _S.INFUSING else pump.rate
            )
        if programme.is_running is not None:
            rate = (pump.rate_set or pump.rate) if programme.is_running else 0.0
            pump = replace(pump, state=_S.INFUSING if programme.is_running else _S.STOPPED, rate=rate)
        if programme.is_on is False:
            pump = replace(pump, state=_S.OFF, rate=0.0)
        vtbi = pump.vtbi if programme.vtbi is None else programme.vtbi
        return replace(pump, vtbi=vtbi, volume_infused=max(0.0, pump.volume_infused - programme.cleared_volume))


def _alarm_bytes(pump: PumpView, is_controlled: bool) -> bytes:
    numbers = [_NUMBERS.get(signal.code, _WARNING) for signal in pump.alarms]
    number = next(iter((*numbers, *(_NUMBERS[early.code] for early in pump.prealarms if early.code in _NUMBERS))), 0)
    runs, is_kvo = pump.state in _FLOWING, pump.state is _S.KVO
    is_low = any(signal.code in (_A.BATTERY_LOW, _A.BATTERY_EMPTY) for signal in (*pump.alarms, *pump.prealarms))
    return bytes(
        (
            number | 0x20 * bool(number) | 0x40 | 0x80 * is_controlled,
            0x02 * runs | 0x04 * is_kvo | 0x08 * (not pump.on_mains) | 0x10 * is_low | 0xC0,  # clip, cassette
            0x02 | 0x08 * (pump.state is not _S.OFF),  # 5 psi
        )
    )


def _infusion(pump: PumpView) -> str:
    """Tenths, cut to what the field holds; the rate is the programmed one, or the bolus's."""
    rate = pump.rate if pump.state in (_S.INFUSING, _S.BOLUS) else pump.rate_set
    return f"{_field(pump.volume_infused, 6)}{_field(pump.vtbi or 0.0, 6)}{_field(rate, 5)}"


def _field(value: float, width: int) -> str:
    return f"{min(value, 10 ** (width - 2) - 0.1):0{width}.1f}"
