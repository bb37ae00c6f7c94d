"""A NeuroWave AP-4000 at the end of its serial cable: the bedside's first two pumps are its channels."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from drivers.neurowave_ap4000.codec import Answer, is_system_id
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.answering import Answering
from simulators.api import Bedside, PumpView
from simulators.neurowave_ap4000.hearing import WRITES, Command, Control, Ear, line

_A, _S = AlarmCode, InfusionState
_FIELDS: Final = 100  # of a status: what is known ends with the 97th; both channels have 33
_SHIFTS: Final = (0, 33)
_SLOTS: Final = 4  # alarms that a status names

# Persons, as a status names them: nobody may ever read them.
_PERSONS: Final = ("OPERATOR SMITH", "CASE-JONES-17", "70", "170", "40", "F", "II")

_CODES: Final = {
    _A.OCCLUSION: ("PA.02", "HIGH", "HP_PUMP"),
    _A.AIR_IN_LINE: ("PA.01", "HIGH", "HP_PUMP"),
    _A.NEAR_END: ("PA.07", "LOW", "LP_PUMP"),
    _A.EMPTY: ("PA.08", "HIGH", "HP_PUMP"),
    _A.INFUSION_COMPLETE: ("PA.08", "HIGH", "HP_PUMP"),
    _A.KVO_END: ("PA.08", "HIGH", "HP_PUMP"),
    _A.POWER_LOSS: ("BA.01", "LOW", "LP_POW"),
    _A.BATTERY_LOW: ("BA.02", "MEDIUM", "MP_POW"),
    _A.BATTERY_EMPTY: ("BA.03", "HIGH", "HP_POW"),
    _A.PUMP_UNATTENDED: ("PA.09", "LOW", "LP_PUMP"),
}
_OTHER: Final = ("PE.06", "HIGH", "HP_PUMP")


@dataclass(frozen=True, slots=True)
class Ap4000DeviceSettings:
    """What differs between two pumps."""

    version: Literal["0.1", "v0.2"] = "0.1"
    system_id: str = "032-19-50-014"
    serial_1: str = "AP1-0101"
    serial_2: str = "AP1-0102"
    key: str = "4711"  # of the controller before

    def __post_init__(self) -> None:
        if self.version not in ("0.1", "v0.2"):
            raise ValueError(f"version {self.version!r}: take 0.1 or v0.2")
        if not is_system_id(self.system_id):
            raise ValueError(f"system_id {self.system_id!r}: write 2 to 24 digits and hyphens")
        for text in (self.serial_1, self.serial_2, self.key):
            if not text.isascii() or not text.isprintable() or set(text) & set("!|^"):
                raise ValueError(f"{text!r}: write it in plain letters, without ! | and ^")


class Ap4000Device(Answering[Command]):
    """Answers questions at once, and obeys commands."""

    def __init__(self, bedside: Bedside, settings: Ap4000DeviceSettings) -> None:
        super().__init__(bedside, Ear)
        self.control = Control(settings.key, (settings.serial_1, settings.serial_2))
        self._settings = settings

    def at(self, now: float) -> tuple[PumpView, PumpView]:
        """Say what both channels' displays show: the bedside's pumps, and what commands have made of them."""
        found = [pump.at(now) for pump in self._bedside.pumps.values()][:2]
        first, second = (*found, *[PumpView(state=_S.OFF)] * (2 - len(found)))
        return self._changed(0, first), self._changed(1, second)

    def _changed(self, channel: int, pump: PumpView) -> PumpView:
        programme = self.control.channels[channel]
        rate = pump.rate_set if programme.rate is None else programme.rate
        is_flowing = pump.state is _S.INFUSING if programme.is_running is None else programme.is_running
        pump = replace(pump, rate_set=rate, vtbi=pump.vtbi if programme.vtbi is None else programme.vtbi)
        if programme.is_running is not None:
            pump = replace(pump, state=_S.INFUSING if is_flowing else _S.PAUSED, rate=rate if is_flowing else 0.0)
        elif programme.rate is not None and is_flowing:
            pump = replace(pump, rate=rate)
        if programme.bolus_volume and programme.bolus_rate:
            pump = replace(pump, state=_S.BOLUS, rate=programme.bolus_rate)
        return pump

    def _react(self, command: Command, now: float) -> list[bytes]:
        pumps = self.at(now)
        if all(pump.state is _S.OFF for pump in pumps):
            return []
        match (command.verb, command.arguments):
            case ("CONNREQ", ()):
                return [Answer(self._greeting(now)).encode()]
            case ("STATREQ", (self._settings.system_id,)):
                return [Answer(self._status(pumps, now)).encode()]
            case (verb, _) if verb in WRITES:
                return self._obey(command)
        self.violations.append(f"unknown line {'^'.join((command.verb, *command.arguments))[:60]!r}")
        return []

    def _obey(self, command: Command) -> list[bytes]:
        """The latch trips on the attempt; the pump changes where the key is right."""
        self.tampered = True
        self.violations.append(f"write {command.verb}")
        if not self.control.obey(command):
            return []
        if command.verb == "CNTLREQ":
            return [line("^".join(("CNTLREQ", self._settings.system_id, _PERSONS[1], self.control.key)))]
        return [line("^".join((command.verb, *command.arguments)))]

    def _greeting(self, now: float) -> tuple[str, ...]:
        date, time = _clock(self._bedside.device_time(now), ".")
        versions = () if self._settings.version == "0.1" else ("v0.1.0.8218", "v1.0")
        return ("CONNREQ", self._settings.version, self._settings.system_id, *versions, date, time)

    def _status(self, pumps: tuple[PumpView, PumpView], now: float) -> tuple[str, ...]:
        """Fields that nobody knows stay empty."""
        said = [""] * _FIELDS
        said[0] = "STATREQ"
        said[3:5] = _clock(self._bedside.device_time(now), "." if self._settings.version == "0.1" else ":")
        said[5:12] = _PERSONS
        alarms = _alarms(pumps)
        said[12:14] = [str(len(alarms) or -1), "1"]
        for slot, alarm in enumerate(alarms):
            said[14 + 4 * slot : 18 + 4 * slot] = alarm
        for shift, serial, pump in zip(_SHIFTS, self.control.serials, pumps, strict=True):
            for place, text in _channel(serial, pump).items():
                said[place + shift] = text
        return tuple(said)


def _channel(serial: str, pump: PumpView) -> dict[int, str]:
    if pump.state is _S.OFF:
        return {34: serial, 38: "0", **dict.fromkeys((42, 56, 58, 61, 62, 63), "-1")}
    drug = "".join(letter for letter in pump.drug if " " <= letter <= "~" and letter not in "!|^")
    concentration = pump.concentration
    return {
        34: serial,
        37: drug,
        38: "0" if concentration is None else f"{concentration:.3f}",
        39: "" if concentration is None else "mg/mL",
        42: _or_not_set(pump.vtbi),
        56: f"{pump.volume_infused:.2f}",
        58: _or_not_set(pump.volume_left),
        61: f"{pump.rate:.2f}",
        62: f"{pump.bolus_volume:.2f}",
        63: f"{pump.bolus_volume:.2f}",
    }


def _or_not_set(value: float | None) -> str:
    return "-1" if value is None else f"{value:.2f}"


def _alarms(pumps: tuple[PumpView, PumpView]) -> list[tuple[str, str, str, str]]:
    """Both channels' alarms, worst first; a status names four."""
    on = [(number, pump) for number, pump in enumerate(pumps, 1) if pump.state is not _S.OFF]
    stopping = [(number, signal) for number, pump in on for signal in pump.alarms]
    coming = [(number, signal) for number, pump in on for signal in pump.prealarms]
    named = ((f"PUMP{number}", _CODES.get(signal.code, _OTHER)) for number, signal in (*stopping, *coming))
    return [(code, device, priority, sound) for device, (code, priority, sound) in named][:_SLOTS]


def _clock(now: datetime, mark: str) -> tuple[str, str]:
    return f"{now:%Y-%m-%d}", f"{now:%H:%M:%S}{mark}{now.microsecond // 1000:03}"
