"""An Alaris syringe pump at the end of its serial cable."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from drivers.alaris.codec import Answer
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.alaris.commands import Command, Ear, Programme, line
from simulators.answering import Answering
from simulators.api import Bedside, PumpView, Signal

_S, _A = InfusionState, AlarmCode
_FLOWING: Final = (_S.INFUSING, _S.BOLUS, _S.KVO)
_PURGING: Final = "PURGE"  # how a pump says it is not known; a word of ours, so that no purge looks like an infusion
_BOLUS_RATE: Final = 500.0
_DAY_S: Final = 86400
_LINK_TIMEOUT_S: Final = 15.0  # directions for use: only for an infusion that was begun by a serial command

_CODES: Final = {
    _A.OCCLUSION: "AL_OCCLU",
    _A.POWER_LOSS: "AL_ACDIS",
    _A.BATTERY_LOW: "AL_LWBAT",
    _A.BATTERY_EMPTY: "AL_EMBAT",
    _A.SYRINGE: "AL_SYRCO",
    _A.EMPTY: "AL_EOIST",
    _A.KVO_END: "AL_EOIST",
    _A.INFUSION_COMPLETE: "AL_VTBIS",
    _A.NEAR_END: "AL_NEOIN",
    _A.PUMP_UNATTENDED: "AL_CALLB",
    _A.STANDBY_OVER: "AL_CALLB",
    _A.REMOTE_LINK: "AL_COMTO",
}


@dataclass(frozen=True, slots=True)
class AlarisDeviceSettings:
    """What differs between two pumps."""

    serial: str = "8002-51733"
    protocol: str = "Asena Rev 2.1.5"
    make: str = "BD PLASTIPAK"
    response_max_ms: int = 4000

    def __post_init__(self) -> None:
        for text in (self.serial, self.protocol, self.make):
            if not text.isascii() or not text.isprintable() or set(text) & set("!|^"):
                raise ValueError(f"{text!r}: write it in plain letters, without ! | and ^")
        if not 0 < self.response_max_ms <= 10000:
            raise ValueError(f"response_max_ms {self.response_max_ms}: set it between 1 and 10000")


class AlarisDevice(Answering[Command]):
    """Answers questions at once, and obeys commands."""

    def __init__(self, bedside: Bedside, settings: AlarisDeviceSettings) -> None:
        super().__init__(bedside, Ear)
        self.programme = Programme()
        self._settings = settings
        self._heard_at = float("-inf")
        self._is_timed_out = False
        self._answers: dict[str, Callable[[PumpView], tuple[str, ...]]] = {
            "INST_SERIALNO": lambda _pump: (settings.serial,),
            "COMMS_PROTOCOL": lambda _pump: (settings.protocol,),
            "COMMS_RESPONSE_MAX": lambda _pump: (str(settings.response_max_ms), "ms"),
            "INF": self._infusion,
            "INF_RATE": lambda pump: (f"{pump.rate:.2f}", "ml/h"),
            "INF_VI": lambda pump: (f"{pump.volume_infused:.3f}", "ml"),
            "INF_VTBI": self._vtbi,
            "INF_RATE_MAX_SYRINGE": lambda _pump: ("1200.00", "ml/h"),
            "SYRINGE_STATUS": lambda pump: (settings.make, f"{pump.syringe_size:3.0f}", "CONF"),
            "ALARM": lambda pump: (_alarm(pump), " ", " "),
        }

    def at(self, now: float) -> PumpView:
        """Say what the pump's display shows: the bedside's pump, and what commands have made of it."""
        self._note_silence(now)
        return self._changed(next(iter(self._bedside.pumps.values())).at(now))

    def _react(self, command: Command, now: float) -> list[bytes]:
        self._note_silence(now)
        self._heard_at = now
        if self.at(now).state is _S.OFF:
            return []
        if command.is_write:
            return self._obey(command, now)
        if not (answer := self._answers.get(command.verb)):
            self.violations.append(f"unknown verb {command.verb!r}")
            return []
        return [Answer(command.verb, answer(self.at(now))).encode()]

    def _obey(self, command: Command, now: float) -> list[bytes]:
        self.tampered = True
        self.violations.append(f"write {command.verb!r}")
        self.programme.obey(command, self.at(now).volume_infused)
        match (command.verb, command.arguments):
            case ("REMOTE_CTRL", (word, *_)):
                return [line(f"REMOTE_CTRL^{word}^****^PERMIT^0^ms")]
            case ("REMQUERY", (word, *_)):
                return [line(f"REMQUERY^{word}^^^^")]
            case _:
                return [line("^".join((command.verb, *command.arguments)))]

    def _note_silence(self, now: float) -> None:
        if self.programme.started_by_serial and now - self._heard_at > _LINK_TIMEOUT_S:
            self.programme.is_running, self.programme.started_by_serial, self._is_timed_out = False, False, True

    def _changed(self, pump: PumpView) -> PumpView:
        programme = self.programme
        rate = pump.rate if programme.rate is None else programme.rate
        pump = replace(pump, rate=rate, volume_infused=max(0.0, pump.volume_infused - programme.cleared_volume))
        if programme.is_running is not None:
            running = replace(pump, state=_S.INFUSING, rate=rate or 1.0)
            pump = running if programme.is_running else replace(pump, state=_S.STOPPED, rate=0.0)
        if programme.is_bolus:
            pump = replace(pump, state=_S.BOLUS, rate=_BOLUS_RATE)
        if programme.has_vtbi is not None:
            pump = replace(pump, vtbi=programme.vtbi if programme.has_vtbi else None)
        return replace(pump, alarms=(Signal(_A.REMOTE_LINK, "link"), *pump.alarms)) if self._is_timed_out else pump

    def _infusion(self, pump: PumpView) -> tuple[str, ...]:
        """Pressure: 20 to 100 % of an alarm level of 500 mmHg, as nothing else is known."""
        return (
            self._settings.serial,
            "A" if _alarm(pump) != "AL_NOALM" else "-",
            _mode(pump),
            f"{pump.rate:.2f}",
            "ml/h",
            "".join(letter for letter in pump.drug if letter.isprintable() and letter not in "!|^").upper(),
            f"{pump.volume_infused:.3f}",
            "ml",
            f"{pump.pressure_percent * 5:.2f}",
            "mmHg",
            _time_left(pump.time_left_s),
            "EVENT",
            "214725",
        )

    def _vtbi(self, pump: PumpView) -> tuple[str, ...]:
        return ("DEACT", "", "", "") if pump.vtbi is None else ("ACTIV", f"{pump.vtbi:.3f}", "ml", "STOP")


def _mode(pump: PumpView) -> str:
    if pump.state is _S.PURGE:
        return _PURGING
    return "SET" if pump.state in _FLOWING or pump.rate else "HLD"


def _alarm(pump: PumpView) -> str:
    """The protocol names one alarm at a time."""
    first = next(iter((*pump.alarms, *pump.prealarms)), None)
    if pump.state is _S.KVO and (first is None or first.code is _A.INFUSION_COMPLETE):
        return "AL_EOIKV" if first is None else "AL_VTBIK"
    return _CODES.get(first.code, "AL_FAULT") if first else "AL_NOALM"


def _time_left(seconds: float | None) -> str:
    if seconds is None or seconds >= _DAY_S:
        return "24+"
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
