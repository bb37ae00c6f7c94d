"""A patient as the sensors find them, as a function of time: the body, slow noise, the cuff, and what falls off.

Seconds are the model's own.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, pi, sin
from random import Random
from typing import Final, Literal, NamedTuple, TypeAlias

from simulators.alarms import APNOEA_S, alarms_of
from simulators.api import Cuff, Vitals
from simulators.noise import SlowNoise
from simulators.pharmacokinetics import Infusion
from simulators.physiology import Body, Person, Trend

Flag: TypeAlias = Literal["probe", "low_perfusion", "motion", "leads", "co2_line", "standby", "cuff_state"]

RSA: Final = 1.5  # /min, respiratory sinus arrhythmia
CYCLE_S: Final = (20.0, 45.0)  # what a cuff takes
SYSTOLIC_SD: Final = 4.0
DIASTOLIC_SD: Final = 2.0  # both pressures move together
HEART_RATE_SD: Final = 2.5
_WIDEST: Final = 2.5  # standard deviations; beyond, a day's worth of noise would look like an event


@dataclass(frozen=True, slots=True)
class Shows:
    """A sensor's state, or the monitor's, for a time."""

    what: Flag
    value: str | bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Measure:
    """The cuff is inflated."""

    fails: bool = False


class _Cycle(NamedTuple):
    start: float
    end: float
    fails: bool


class Patient:
    """One patient during one visit."""

    def __init__(
        self,
        person: Person,
        seed: str,
        infusions: Sequence[Infusion] = (),
        story: Sequence[tuple[float, object]] = (),
        utc: Callable[[float], float] = lambda second: second,
    ) -> None:
        self.body = Body(person, infusions, story)
        self._person = person
        self._noise = SlowNoise(seed, channels=8)
        self._utc = utc
        self._shown = [(at, at + what.seconds, what) for at, what in story if isinstance(what, Shows)]
        self._cycles = self._measured(Random(f"{seed}/cuff"), story)
        self._cycle_starts = [cycle.start for cycle in self._cycles]
        self._cuffs: dict[float, Cuff] = {}  # as they are asked for

    def at(self, second: float) -> Vitals:
        """Say what the sensors find."""
        trend = self.body.at(second)
        vitals = self._sensed(trend, second)
        flags = self._flags(second)
        if flags:
            vitals = replace(vitals, **flags)  # type: ignore[arg-type]  # names are those of Flag, values a story's
        stopped = trend.respiration_rate < 1.0 and self.body.at(second - APNOEA_S).respiration_rate < 1.0
        signals = alarms_of(vitals, trend, stopped and vitals.co2_line)
        return replace(vitals, alarms=signals) if signals else vitals

    def _sensed(self, trend: Trend, second: float) -> Vitals:
        noise = [min(max(value, -_WIDEST), _WIDEST) for value in self._noise.at(second)]
        heart_rate = self._heart_rate(trend, noise, second)
        breathing = min(1.0, trend.respiration_rate / 8.0)  # who doesn't breathe doesn't breathe a little either
        return Vitals(
            heart_rate=heart_rate,
            pulse_rate=heart_rate + 0.6 * noise[2],
            spo2=min(100.0, trend.spo2 + 0.3 * noise[3]),
            perfusion_index=trend.perfusion_index * exp(0.12 * noise[4]),
            respiration_rate=max(0.0, trend.respiration_rate + min(max(noise[5], -2.0), 2.0) * breathing),
            etco2=max(0.0, trend.etco2 + 0.8 * noise[6] * breathing),
            temperature=trend.temperature + 0.04 * noise[7],
            cuff=self._last_cuff(second),
        )

    def _heart_rate(self, trend: Trend, noise: Sequence[float], second: float) -> float:
        breath = sin(2.0 * pi * self._person.respiration_rate * second / 60.0)
        return trend.heart_rate + RSA * breath + HEART_RATE_SD * noise[0]

    def _flags(self, second: float) -> dict[str, str | bool]:
        flags: dict[str, str | bool] = {}
        cycle = self._cycle(second)
        if cycle is not None and second < cycle.end:
            flags["cuff_state"] = "measuring"
            if self._person.same_arm:
                flags["probe"] = "searching"
        elif cycle is not None and cycle.fails:
            flags["cuff_state"] = "failed"
        for start, end, shows in self._shown:
            if start <= second < end:
                flags[shows.what] = shows.value
        return flags

    def _cycle(self, second: float) -> _Cycle | None:
        index = bisect_right(self._cycle_starts, second)
        return self._cycles[index - 1] if index else None

    def _last_cuff(self, second: float) -> Cuff | None:
        """Give the last measurement that ended with a result."""
        for cycle in reversed(self._cycles[: bisect_right(self._cycle_starts, second)]):
            if not cycle.fails and cycle.end <= second:
                if cycle.end not in self._cuffs:
                    self._cuffs[cycle.end] = self._cuff(cycle.end)
                return self._cuffs[cycle.end]
        return None

    def _measured(self, chance: Random, story: Sequence[tuple[float, object]]) -> list[_Cycle]:
        measures = sorted((at, what.fails) for at, what in story if isinstance(what, Measure))
        cycles = []
        for at, fails in measures:
            end = at + chance.uniform(*CYCLE_S)
            if not self._is_off(at):
                cycles.append(_Cycle(at, end, fails))
        return cycles

    def _is_off(self, second: float) -> bool:
        states = {(shows.what, shows.value) for start, end, shows in self._shown if start <= second < end}
        return bool(states & {("cuff_state", "off"), ("standby", True)})

    def _cuff(self, second: float) -> Cuff:
        trend = self.body.at(second)
        noise = [min(max(value, -_WIDEST), _WIDEST) for value in self._noise.at(second)]
        systolic = round(trend.systolic + SYSTOLIC_SD * noise[1])
        diastolic = round(trend.diastolic + DIASTOLIC_SD * noise[1])
        return Cuff(
            ended=self._utc(second),
            systolic=systolic,
            diastolic=diastolic,
            mean=round(diastolic + (systolic - diastolic) / 3.0),
            pulse_rate=round(self._heart_rate(trend, noise, second)),
        )
