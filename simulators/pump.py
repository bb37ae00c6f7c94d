"""A pump as a function of time: a programme of what people do at it, laid out once as stretches of even flow.

Seconds are the model's own. A volume is the exact integral of the rate: within a stretch everything grows linearly.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import Final

from drivers.vocabulary import AlarmCode, InfusionState, Priority
from simulators.api import PumpView, Signal
from simulators.pharmacokinetics import Infusion

INTO_PATIENT: Final = frozenset({InfusionState.INFUSING, InfusionState.BOLUS, InfusionState.KVO})
THERAPY: Final = frozenset({InfusionState.INFUSING, InfusionState.BOLUS})
RESTING_PRESSURE: Final = 20.0  # percent of the alarm level


class Act(Enum):
    """What a person does at the pump, or what happens to it."""

    ON = auto()
    OFF = auto()
    PROGRAM = auto()  # rate and volume to be infused
    START = auto()  # also resumes, and starts again after an alarm
    PAUSE = auto()
    STOP = auto()
    RATE = auto()  # while it runs
    BOLUS = auto()  # volume at a rate, then back to where it was
    PURGE = auto()  # volume at a rate, into the air
    STANDBY = auto()
    OCCLUDE = auto()  # the line is bent: pressure rises to the alarm within `seconds`
    AIR = auto()
    CONFIRM = auto()  # somebody takes note of the alarm
    CLEAR = auto()  # the infused volume back to 0
    MAINS_OFF = auto()
    MAINS_ON = auto()


@dataclass(frozen=True, slots=True)
class Order:
    """One act, with what it needs: mL/h, mL, s."""

    act: Act
    rate: float = 0.0
    volume: float = 0.0
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What is in the pump, and how it is configured."""

    drug: str = "Ketamine"
    concentration: float | None = 0.7  # mg/mL
    weight_kg: float | None = 70.0
    syringe_size: float = 60.0
    filled: float = 55.0  # mL
    kvo_rate: float = 3.0  # mL/h; 0: no KVO
    kvo_s: float = 1800.0
    near_end_s: float = 180.0
    battery_s: float = 480 * 60.0
    battery_low_s: float = 30 * 60.0


SIGNALS: Final = {
    AlarmCode.OCCLUSION: Signal(AlarmCode.OCCLUSION, "Pressure high", Priority.HIGH),
    AlarmCode.AIR_IN_LINE: Signal(AlarmCode.AIR_IN_LINE, "Air in line", Priority.HIGH),
    AlarmCode.EMPTY: Signal(AlarmCode.EMPTY, "Syringe empty", Priority.HIGH),
    AlarmCode.INFUSION_COMPLETE: Signal(AlarmCode.INFUSION_COMPLETE, "VTBI infused", Priority.MEDIUM),
    AlarmCode.KVO_END: Signal(AlarmCode.KVO_END, "KVO finished", Priority.HIGH),
    AlarmCode.BATTERY_EMPTY: Signal(AlarmCode.BATTERY_EMPTY, "Battery empty", Priority.HIGH),
    AlarmCode.NEAR_END: Signal(AlarmCode.NEAR_END, "VTBI near end", Priority.LOW),
    AlarmCode.BATTERY_LOW: Signal(AlarmCode.BATTERY_LOW, "Battery nearly empty", Priority.LOW),
}


@dataclass(slots=True)
class Stretch:
    """A time of even flow: how things stood when it began, and how fast they move."""

    start: float = -inf
    state: InfusionState = InfusionState.OFF
    flow: float = 0.0
    rate_set: float = 0.0
    infused: float = 0.0
    vtbi: float | None = None
    given: float = 0.0  # of the VTBI
    infusing_s: float = 0.0
    left: float = 0.0  # in the syringe
    bolus_rate: float = 0.0
    bolus_given: float = 0.0
    pressure: float = RESTING_PRESSURE
    pressure_rise: float = 0.0  # per second
    on_mains: bool = True
    battery_s: float = 0.0
    on_since: float = 0.0
    alarms: tuple[AlarmCode, ...] = ()
    prealarms: tuple[AlarmCode, ...] = ()

    def after(self, seconds: float) -> "Stretch":
        """Give what the next stretch begins with."""
        volume = self.flow * seconds / 3600.0
        inward = volume if self.state in INTO_PATIENT else 0.0
        therapy = self.state in THERAPY
        return Stretch(
            start=self.start + seconds,
            state=self.state,
            flow=self.flow,
            rate_set=self.rate_set,
            infused=self.infused + inward,
            vtbi=self.vtbi,
            given=self.given + (volume if therapy else 0.0),
            infusing_s=self.infusing_s + (seconds if therapy else 0.0),
            left=self.left - volume,
            bolus_rate=self.bolus_rate,
            bolus_given=self.bolus_given + (volume if self.state is InfusionState.BOLUS else 0.0),
            pressure=self.pressure + self.pressure_rise * seconds,
            pressure_rise=self.pressure_rise,
            on_mains=self.on_mains,
            battery_s=self.battery_s - (0.0 if self.on_mains or self.state is InfusionState.OFF else seconds),
            on_since=self.on_since,
            alarms=self.alarms,
            prealarms=self.prealarms,
        )


class Pump:
    """What one pump's display shows at each moment of a programme."""

    def __init__(self, stretches: Iterable[Stretch], setup: Setup, speed: float = 1.0) -> None:
        self._stretches = tuple(stretches)
        self._starts = [stretch.start for stretch in self._stretches]
        self._setup = setup
        self._speed = speed  # the pump's own uptime isn't hurried

    def at(self, second: float) -> PumpView:
        """Say what the display shows."""
        begun = self._stretches[bisect_right(self._starts, second) - 1]
        now = begun.after(second - begun.start) if begun.start > -inf else begun
        return self._view(now)

    def delivered(self) -> tuple[Infusion, ...]:
        """Give what the patient got, in minutes and mg/min."""
        mg_ml = self._setup.concentration or 0.0
        ends = (*self._starts[1:], inf)
        return tuple(
            Infusion(stretch.start / 60.0, end / 60.0, stretch.flow * mg_ml / 60.0)
            for stretch, end in zip(self._stretches, ends, strict=True)
            if stretch.state in INTO_PATIENT and stretch.flow > 0.0 and mg_ml > 0.0
        )

    def _view(self, now: Stretch) -> PumpView:
        setup = self._setup
        to_go = None if now.vtbi is None else max(0.0, now.vtbi - now.given)
        mg_h = None if setup.concentration is None else now.flow * setup.concentration
        return PumpView(
            state=now.state,
            rate=now.flow,
            rate_set=now.rate_set,
            volume_infused=now.infused,
            vtbi=now.vtbi,
            volume_left=to_go,
            time_left_s=None if to_go is None or not now.rate_set else to_go / now.rate_set * 3600.0,
            infusing_s=now.infusing_s,
            drug=setup.drug,
            concentration=setup.concentration,
            dose_rate=None if mg_h is None or not setup.weight_kg else mg_h / setup.weight_kg,
            weight_kg=setup.weight_kg,
            bolus_rate=now.bolus_rate,
            bolus_volume=now.bolus_given,
            syringe_size=setup.syringe_size,
            syringe_left=max(0.0, now.left),
            pressure_percent=now.pressure,
            battery_min=int(now.battery_s // 60),
            on_mains=now.on_mains,
            uptime_s=0.0 if now.state is InfusionState.OFF else (now.start - now.on_since) / self._speed,
            alarms=tuple(SIGNALS[code] for code in now.alarms),
            prealarms=tuple(SIGNALS[code] for code in now.prealarms),
        )
