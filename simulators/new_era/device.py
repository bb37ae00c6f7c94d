"""A New Era syringe pump at the end of its serial cable, at address 0."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from drivers.new_era.codec import Answer
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import Bedside, PumpView
from simulators.new_era.commands import Command, Ear, Programme

_S, _A = InfusionState, AlarmCode

# The pump's programme: phase 1 is the infusion; KVO and a bolus are further phases, for it knows neither by name.
_PHASES: Final = {_S.KVO: 2, _S.BOLUS: 3}
_FLOWING: Final = frozenset({_S.INFUSING, _S.KVO, _S.BOLUS})
_LETTERS: Final = {**dict.fromkeys(_FLOWING, "I"), _S.PURGE: "X", _S.PAUSED: "P"}
# What the pump has no sensor for, it can't say. A closed line or an empty syringe shows as a stalled motor.
_STALLS: Final = frozenset({_A.OCCLUSION, _A.EMPTY})
_ML_H_PER: Final = {"MH": 1.0, "MM": 60.0, "UM": 0.06, "UH": 0.001}
_MICROLITRES_UP_TO: Final = 14.0  # mm


@dataclass(frozen=True, slots=True)
class NewEraDeviceSettings:
    """What differs between two pumps."""

    version: str = "NE1000V3.928"
    diameter_mm: float = 26.59
    rate_unit: Literal["MH", "MM", "UM", "UH"] = "MH"
    alarm_with_data: bool = False  # whether an answer that reports an alarm holds the data as well

    def __post_init__(self) -> None:
        if not self.version.isascii() or not self.version.isprintable() or not 1 <= len(self.version) <= 30:
            raise ValueError(f"version {self.version!r}: write it in 1 to 30 plain letters")
        if not 0.1 <= self.diameter_mm <= 80:
            raise ValueError(f"diameter_mm {self.diameter_mm}: set it between 0.1 and 80")


class NewEraDevice:
    """Answers questions at once, obeys commands, and forgets an alarm when it has reported it."""

    def __init__(self, bedside: Bedside, settings: NewEraDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self.programme = Programme()
        self.pending = ""  # the letter of the alarm that nobody has been told
        self._bedside = bedside
        self._settings = settings
        self._ear = Ear()
        self._heard_at = float("-inf")
        self._known: frozenset[AlarmCode] = frozenset()
        self._uptime_s = 0.0
        self._was_off = False
        self._answers: dict[str, Callable[[PumpView], str]] = {
            "": lambda _pump: "",
            "VER": lambda _pump: settings.version,
            "RAT": self._rate,
            "VOL": self._volume,
            "DIA": lambda _pump: figure(self._diameter()),
            "DIR": lambda _pump: self.programme.direction,
            "DIS": self._dispensed,
            "PHN": lambda pump: str(self.programme.phase or _PHASES.get(pump.state, 1)),
            "SAF": lambda _pump: str(self.programme.safe_s),
        }

    @property
    def wake_at(self) -> float | None:
        """When the watchdog of safe mode bites."""
        return self._heard_at + self.programme.safe_s if self.programme.safe_s else None

    def open(self, _now: float) -> Sequence[bytes]:
        """A cable is plugged in; nothing happens."""
        self._ear = Ear()
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer each line."""
        return [said for command in self._ear.hear(data, now) for said in self._react(command, now)]

    def tick(self, now: float) -> Sequence[bytes]:
        """Stop, if safe mode has heard nothing for too long."""
        if (wake_at := self.wake_at) is not None and now >= wake_at:
            self.pending, self.programme.is_running, self._heard_at = "T", False, now
        return []

    def close(self, _now: float) -> None:
        """The controller is gone; the pump goes on."""

    def at(self, now: float) -> PumpView:
        """Say what the pump does: the bedside's pump, and what commands have made of it."""
        pump = next(iter(self._bedside.pumps.values())).at(now)
        self._notice(pump)
        programme = self.programme
        infused = max(0.0, pump.volume_infused - (programme.cleared or 0.0))
        pump = replace(pump, volume_infused=infused, rate_set=programme.rate or pump.rate_set)
        if programme.is_purging:
            return replace(pump, state=_S.PURGE)
        if programme.is_running is not None:
            return replace(pump, state=_S.INFUSING if programme.is_running else _S.STOPPED)
        return pump

    def _notice(self, pump: PumpView) -> None:
        """An alarm stays until somebody has been told."""
        active = frozenset(signal.code for signal in pump.alarms)
        if (active - self._known) & _STALLS:
            self.pending = "S"
        is_off = pump.state is _S.OFF
        if not is_off and (self._was_off or pump.uptime_s < self._uptime_s):
            self.pending = "R"
        self._known, self._uptime_s, self._was_off = active, pump.uptime_s, is_off

    def _react(self, command: Command, now: float) -> list[bytes]:
        pump = self.at(now)
        if pump.state is _S.OFF:
            return []
        if command.is_write:
            self.tampered = True
            self.violations.append(f"write {command.verb!r} {command.argument!r}, address {command.address}")
        if command.address or command.is_burst or (self.programme.safe_s and not command.is_safe):
            return []  # for another pump, or in the other mode's framing
        self._heard_at = now
        if command.is_write:
            self.programme.obey(command, pump.volume_infused)
            return [self._said(self.at(now), "")]
        if not command.is_known:
            self.violations.append(f"unknown line {command.verb!r}")
            return [self._said(pump, "?")]
        if command.is_out_of_range:
            self.violations.append(f"{command.verb!r} with {command.argument!r}")
            return [self._said(pump, "?OOR")]
        return [self._said(pump, self._answers[command.verb](pump))]

    def _said(self, pump: PumpView, data: str) -> bytes:
        status = self._letter(pump)
        if self.pending:
            status, self.pending = f"A?{self.pending}", ""
            data = data if self._settings.alarm_with_data else ""
        return Answer("00", status, data, is_safe=self.programme.safe_s > 0).encode()

    def _letter(self, pump: PumpView) -> str:
        letter = _LETTERS.get(pump.state, "S")
        return "W" if letter == "I" and self.programme.direction == "WDR" else letter

    def _diameter(self) -> float:
        return self.programme.diameter or self._settings.diameter_mm

    def _in_ml(self) -> bool:
        return self._diameter() > _MICROLITRES_UP_TO

    def _rate(self, pump: PumpView) -> str:
        """A setting of the phase: of the one that runs, or of the first."""
        if self.programme.rate is not None:
            return figure(self.programme.rate) + (self.programme.rate_unit or self._settings.rate_unit)
        ml_h = pump.rate if pump.state in _PHASES else pump.rate_set or pump.rate
        return figure(ml_h / _ML_H_PER[self._settings.rate_unit]) + self._settings.rate_unit

    def _volume(self, pump: PumpView) -> str:
        """0 in a phase without an end."""
        millilitres = 0.0 if pump.state in _PHASES else pump.vtbi or 0.0
        if self.programme.volume is not None:
            millilitres = self.programme.volume
        return self._with_unit("{}", millilitres)

    def _dispensed(self, pump: PumpView) -> str:
        return self._with_unit("I{}W0.000", pump.volume_infused)

    def _with_unit(self, text: str, millilitres: float) -> str:
        shown = millilitres if self._in_ml() else millilitres * 1000.0
        return text.format(figure(shown)) + ("ML" if self._in_ml() else "UL")


def figure(value: float) -> str:
    """Write a number as the pump does: four digits and a point, at most three behind it."""
    for places in (3, 2, 1):
        text = f"{value:.{places}f}"
        if len(text) <= 5:
            return text
    return f"{min(value, 9999.0):.0f}."
