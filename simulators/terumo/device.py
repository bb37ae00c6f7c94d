"""A Terumo pump at the end of its cable."""

from dataclasses import dataclass
from typing import Final, Literal

from drivers.terumo.codec import CommandReply, DeviceIdReply, Status
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.answering import Answering
from simulators.api import Bedside, PumpView
from simulators.terumo.hearing import Ear, Heard

_A, _S = AlarmCode, InfusionState

_NIBBLES: Final = {
    _S.INFUSING: 0x10,
    _S.KVO: 0x10,  # the manual has no word of its own for it
    _S.STANDBY: 0x20,
    _S.PURGE: 0x30,
    _S.BOLUS: 0x50,
}
_BITS: Final = {
    _A.REMOTE_LINK: 1,
    _A.INFUSION_COMPLETE: 2,
    _A.KVO_END: 2,
    _A.EMPTY: 2,
    _A.OCCLUSION: 3,
    _A.SYRINGE: 4,
    _A.NEAR_END: 8,
    _A.POWER_LOSS: 15,
    _A.BATTERY_LOW: 19,
    _A.BATTERY_EMPTY: 0,
    _A.PUMP_UNATTENDED: 20,
    _A.STANDBY_OVER: 20,
}
_OTHER_BIT: Final = 23
_SYRINGES: Final = {5: 2, 10: 3, 20: 4, 30: 5, 50: 6, 60: 6}
_SOFTWARE: Final = {"syringe": 0x0301, "infusion": 0x0301}
_FULL_BATTERY_MIN: Final = 480
_UNKNOWN, _SHORT, _LONG = 0x11, 0x13, 0x14
_OFF_24, _OFF_16 = 0xEEEEEE, 0xFFFF


@dataclass(frozen=True, slots=True)
class TerumoDeviceSettings:
    """What differs between two pumps."""

    device_id: str = "000100700000001201000001"  # the manual's example
    pump: Literal["syringe", "infusion"] = "syringe"

    def __post_init__(self) -> None:
        if not self.device_id or not self.device_id.isascii() or set(self.device_id) & set("<>&"):
            raise ValueError(f"device_id {self.device_id!r}: write it in plain letters and digits")
        if self.pump not in _SOFTWARE:
            raise ValueError(f"pump {self.pump!r}: take syringe or infusion")


class TerumoDevice(Answering[Heard]):
    """Answers what is meant for it; to anything else it is silent, as the manual says."""

    def __init__(self, bedside: Bedside, settings: TerumoDeviceSettings) -> None:
        super().__init__(bedside, Ear)
        self._settings = settings

    def _react(self, heard: Heard, now: float) -> list[bytes]:
        pump = next(iter(self._bedside.pumps.values())).at(now)
        if pump.state is _S.OFF:
            return []
        if not heard.device_id:
            return self._introduce(heard)
        if heard.device_id != self._settings.device_id:
            self.violations.append("another device's id")
            return []
        if heard.command is None:
            self.violations.append("an id, and no command")
            return []
        return [self._obey(heard, heard.command, pump).encode()]

    def _introduce(self, heard: Heard) -> list[bytes]:
        """Without an id any command is passed over."""
        if heard.command is not None:
            self.violations.append("a command without an id")
        return [DeviceIdReply(self._settings.device_id).encode()]

    def _obey(self, heard: Heard, command: bytes, pump: PumpView) -> CommandReply:
        if heard.may_act:
            self.tampered = True
            self.violations.append(f"command {command.hex()}"[:40])
        head = command[:4].ljust(4, b"\0")
        if len(command) < 4:
            return self._reply(head, _SHORT, bytes(3))
        if head[1:] != b"\x01\x00\x00":
            return self._reply(head, _UNKNOWN, head[1:])
        if len(command) > 4:
            return self._reply(head, _LONG, head[1:])
        return self._reply(head, 0, self._status(pump).encode())

    def _reply(self, head: bytes, result: int, data: bytes) -> CommandReply:
        return CommandReply(self._settings.device_id, head[0], head[1], int.from_bytes(head[2:4], "big"), result, data)

    def _status(self, pump: PumpView) -> Status:
        """As the manual's stopped pump, with what the pump shows. The set rate stands while it rests."""
        is_syringe = self._settings.pump == "syringe"
        rate = _parts(pump.rate if pump.state is _S.KVO else pump.rate_set or pump.rate, 100)
        return Status(
            software=_SOFTWARE[self._settings.pump],
            status=_NIBBLES.get(pump.state, 0),
            reserved=0,
            alarms=_word(pump),
            power=0x40 | (0x10 if pump.on_mains else 0) | _bars(pump.battery_min),
            monitor=_quarter(pump.pressure_percent) | (0x08 if pump.alarms else 0),
            syringe=_SYRINGES.get(round(pump.syringe_size), 0) if is_syringe else 0,
            rate=rate,
            delivered=_parts(pump.volume_infused, 100),
            vtbi=_OFF_24 if pump.vtbi is None else _parts(pump.vtbi, 10),
            dose=rate if pump.dose_rate is None else _parts(pump.dose_rate, 100),
            dose_unit=0x00 if pump.dose_rate is None else 0x08,
            weight=_OFF_16 if pump.weight_kg is None else _parts(pump.weight_kg, 10),
            dilution=_parts(pump.concentration or 0.0, 100),
            rest=bytes(17),
        )


def _word(pump: PumpView) -> int:
    word = 0
    for signal in (*pump.alarms, *pump.prealarms):
        word |= 1 << _BITS.get(signal.code, _OTHER_BIT)
    return word | (1 << _BITS[_A.INFUSION_COMPLETE] if pump.state is _S.KVO else 0)


def _bars(minutes: int) -> int:
    return max(1, min(5, -(-5 * minutes // _FULL_BATTERY_MIN)))


def _quarter(percent: float) -> int:
    return max(0, min(3, int(percent // 25)))


def _parts(value: float, parts: int) -> int:
    return max(0, min(0xE00000, round(value * parts)))
