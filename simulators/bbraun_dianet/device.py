"""A B. Braun pump of the fm kind at its Dianet Star interface, alone or with a controller that isn't heard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from drivers.bbraun_dianet.codec import LAYOUTS, Crc, Reply, Segment, data_of
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import Bedside, PumpView, Signal
from simulators.bbraun_dianet.commands import (
    AKTION,
    CC_MODE,
    DOKU,
    LAST_ACTION,
    LENGTHS,
    MONITOR_EXPECTED,
    REMOTE,
    REMOTE_MODES,
    SOLLWERT_SET,
    Command,
    Ear,
    Noise,
    Programme,
)
from simulators.bbraun_dianet.voice import segment_values

_S = InfusionState
_BOLUS_RATE: Final = 800.0
_CC_TIMEOUT_S: Final = 1.2
_ADDRESSES: Final = range(ord("A"), ord("Z") + 1)
_PROTOCOL: Final = 0x000E
_ASKED: Final = (Segment.IDENT, Segment.STATUS, Segment.ISTWERT, Segment.SOLLWERT, Segment.DOSIS)
_CRC, _NO_SEGMENT, _IDENT, _RANGE, _LENGTH, _ADDRESS, _MODE = 0x01, 0x03, 0x05, 0x06, 0x07, 0x08, 0x09


@dataclass(frozen=True, slots=True)
class DianetDeviceSettings:
    """What differs between two pumps, and whether a controller asks this one."""

    crc: Literal["any", "braun", "ccitt_false"] = "any"  # any: answers with the one that it was asked with
    asked_every_s: float = 0.0  # by a controller that has given the pump the address A; 0: there is none
    type: int = 1019
    serial: int = 12345
    software: str = "FM 2.34"

    def __post_init__(self) -> None:
        if self.crc not in ("any", "braun", "ccitt_false"):
            raise ValueError(f"crc {self.crc!r}: take any, braun or ccitt_false")
        if self.asked_every_s and not 0.1 <= self.asked_every_s <= 3600:
            raise ValueError(f"asked_every_s {self.asked_every_s}: set it between 0.1 and 3600 s, or to 0 for never")
        if not 0 < self.serial < 1 << 18 or not 0 < self.type < (1 << 14) - 1:
            raise ValueError("write a serial number from 1 to 262143, and a type from 1 to 16382")
        if len(self.software) > 10 or not self.software.isascii() or not self.software.isprintable():
            raise ValueError(f"software {self.software!r}: write at most ten plain characters")


class DianetDevice:
    """Answers frames, without an address only IDENT. The latch trips on each attempt to change something."""

    def __init__(self, bedside: Bedside, settings: DianetDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self.programme = Programme()
        self._bedside = bedside
        self._settings = settings
        self._ear = Ear()
        self._heard_at = float("-inf")
        self._is_timed_out = False
        self._asked_at: float | None = None

    @property
    def wake_at(self) -> float | None:
        """When the controller asks next."""
        return self._asked_at

    def open(self, now: float) -> Sequence[bytes]:
        """Somebody listens."""
        self._ear = Ear()
        if every_s := self._settings.asked_every_s:
            self._asked_at = now + every_s
            self.programme.mode, self.programme.address = REMOTE, _ADDRESSES[0]
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer each frame."""
        said: list[bytes] = []
        for heard in self._ear.hear(data):
            self._note_silence(now)
            if isinstance(heard, Noise):
                said += self._refuse_noise(heard)
            elif self.at(now).state is not _S.OFF:
                said += self._react(heard, now)
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        """Answer the controller."""
        if self._asked_at is None or now < self._asked_at:
            return []
        self._asked_at = now + self._settings.asked_every_s
        if self.at(now).state is _S.OFF:
            return []
        self._heard_at = now
        return [self._answer(segment, self.programme.address, now).encode(self._crc()) for segment in _ASKED]

    def close(self, _now: float) -> None:
        """The listener is gone; the pump goes on."""
        self._asked_at = None

    def at(self, now: float) -> PumpView:
        """Say what the pump's display shows: the bedside's pump, and what commands have made of it."""
        self._note_silence(now)
        return self._changed(next(iter(self._bedside.pumps.values())).at(now))

    def _crc(self, command: Command | None = None) -> Crc:
        name = self._settings.crc
        if name == "any":
            name = "ccitt_false" if command and "braun" not in command.crcs else "braun"
        return Crc(name)

    def _refuse_noise(self, noise: Noise) -> list[bytes]:
        self.violations.append(noise.reason)
        self.tampered = self.tampered or noise.is_monitor
        return [] if noise.error is None else [Reply(0, 0, False, bytes((noise.error,))).encode(self._crc())]

    def _react(self, command: Command, now: float) -> list[bytes]:
        if command.is_write:
            self.tampered = True
            self.violations.append(f"write {command.segment:02X} {command.data.hex()}"[:60])
        return [self._reply(command, now).encode(self._crc(command))]

    def _reply(self, command: Command, now: float) -> Reply:
        if self._settings.crc not in ("any", *command.crcs):
            return self._refuse(command, _CRC)
        if command.segment == CC_MODE or (command.segment == Segment.IDENT and command.address == 0):
            self._heard_at = now
            return self._switch(command) if command.segment == CC_MODE else self._read(command, now)
        if not self.programme.address or command.address != self.programme.address:
            return self._refuse(command, _ADDRESS)
        self._heard_at = now
        return self._write(command, now) if command.is_write else self._read(command, now)

    def _read(self, command: Command, now: float) -> Reply:
        if command.segment not in tuple(LAYOUTS):
            return self._refuse(command, _NO_SEGMENT)
        if command.data:
            return self._refuse(command, _LENGTH)
        return self._answer(Segment(command.segment), command.address, now)

    def _refuse(self, command: Command, error: int) -> Reply:
        if not command.is_write:
            self.violations.append(f"segment {command.segment:02X} refused with {error:02X}")
        return Reply(command.address, command.segment, False, bytes((error,)))

    def _switch(self, command: Command) -> Reply:
        """The ident has to come back inverted; if it is wrong, the pump goes to documentation."""
        data = command.data
        if len(data) != LENGTHS[CC_MODE]:
            return self._refuse(command, _LENGTH)
        if int.from_bytes(data[:4], "big") ^ 0xFFFFFFFF != self._ident:
            self.programme.mode = DOKU
            return self._refuse(command, _IDENT)
        if data[4] > MONITOR_EXPECTED or data[5] not in _ADDRESSES:
            return self._refuse(command, _RANGE)
        self.programme.switch(data)
        self.programme.written[CC_MODE] = data
        self._is_timed_out = False
        return Reply(command.address, CC_MODE, True)

    def _write(self, command: Command, now: float) -> Reply:
        data, pump = command.data, self.at(now)
        if self.programme.mode not in REMOTE_MODES:
            return self._refuse(command, _MODE)
        if len(data) != LENGTHS[command.segment]:
            return self._refuse(command, _LENGTH)
        if command.segment == AKTION:
            if data[0] > LAST_ACTION or data[1] > 1:
                return self._refuse(command, _RANGE)
            self.programme.act(data[0], bool(data[1]), pump.volume_infused, pump.infusing_s)
        if command.segment == SOLLWERT_SET:
            self.programme.set(data)
        self.programme.written[command.segment] = data
        return Reply(command.address, command.segment, True)

    @property
    def _ident(self) -> int:
        return self._settings.type << 18 | self._settings.serial

    def _answer(self, segment: Segment, address: int, now: float) -> Reply:
        if segment is Segment.IDENT:
            values: dict[str, int | bytes] = {
                "identnr": self._ident,
                "protovers": _PROTOCOL,
                "swvers": self._settings.software.ljust(10).encode("ascii"),
                "unixtime": int(self._bedside.device_time(now).timestamp()),
            }
        else:
            values = segment_values(segment, self.at(now), self.programme.mode)
        return Reply(address, segment, True, data_of(segment, values))

    def _note_silence(self, now: float) -> None:
        """Under remote control, silence ends the control and alarms (a controller that we simulate is never silent)."""
        is_silent = now - self._heard_at > _CC_TIMEOUT_S and not self._settings.asked_every_s
        if self.programme.mode in REMOTE_MODES and is_silent:
            self.programme.mode, self._is_timed_out = DOKU, True

    def _changed(self, pump: PumpView) -> PumpView:
        programme = self.programme
        rate = pump.rate_set or pump.rate if programme.rate is None else programme.rate
        if programme.rate is not None:
            pump = replace(pump, rate_set=rate, rate=rate if pump.rate else 0.0)
        if programme.is_running is not None:
            running = replace(pump, state=_S.INFUSING, rate=rate)
            pump = running if programme.is_running else replace(pump, state=_S.STOPPED, rate=0.0)
        if programme.is_standby:
            pump = replace(pump, state=_S.STANDBY, rate=0.0)
        if programme.is_bolus:
            pump = replace(pump, state=_S.BOLUS, rate=_BOLUS_RATE)
        if programme.vtbd is not None:
            pump = replace(pump, vtbi=programme.vtbd)
        pump = replace(
            pump,
            volume_infused=max(0.0, pump.volume_infused - programme.cleared_volume),
            infusing_s=max(0.0, pump.infusing_s - programme.cleared_s),
        )
        link = (Signal(AlarmCode.REMOTE_LINK, "communication"),) if self._is_timed_out else ()
        return replace(pump, alarms=(*link, *pump.alarms)) if link else pump
