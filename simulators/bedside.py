"""One station: a patient, the pumps beside it and the devices' clocks, visit after visit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from math import floor
from typing import Any, Final, Generic, TypeVar

from simulators.api import PumpView, Source, Vitals
from simulators.patient import Patient
from simulators.physiology import Person, draw
from simulators.programme import pump
from simulators.pump import Act, Order, Pump, Setup
from simulators.scenario import BAG_ML, FIRST_MIN, LAST_MIN, Clock, Scenario

T = TypeVar("T")

_SPARE_ML: Final = 5.0  # for purging and for KVO
_VISIT_S: Final = (LAST_MIN - FIRST_MIN) * 60.0
_CARRIER: Final = Setup(drug="NaCl 0.9 %", concentration=None, weight_kg=None, filled=50.0)
_CARRIER_PROGRAMME: Final = (  # what the pumps in further slots do
    (-8 * 60.0, Order(Act.ON)),
    (-6 * 60.0, Order(Act.PROGRAM, rate=20.0)),
    (-5 * 60.0, Order(Act.START)),
    (88 * 60.0, Order(Act.STOP)),
    (90 * 60.0, Order(Act.OFF)),
)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Maps UTC to visits: at `started` the first visit has reached `begin_min`, and goes on `speed` times as fast."""

    started: float
    begin_min: float = 0.0
    speed: float = 1.0

    def locate(self, now: float) -> tuple[int, float]:
        """Give the visit's number and the second in it; 0 is the planned start of the infusion."""
        passed = (now - self.started) * self.speed + (self.begin_min - FIRST_MIN) * 60.0
        number = floor(passed / _VISIT_S)
        return number, passed - number * _VISIT_S + FIRST_MIN * 60.0

    def utc(self, number: int, second: float) -> float:
        """Give the moment of a second in a visit."""
        passed = number * _VISIT_S + second - self.begin_min * 60.0
        return self.started + passed / self.speed


@dataclass(frozen=True, slots=True)
class Visit:
    """One patient's time at the station. Everything in it counts seconds from the planned start of the infusion."""

    scenario: Scenario
    person: Person
    patient: Patient
    pumps: tuple[Pump, ...]
    clocks: tuple[tuple[float, float], ...]  # (second, how fast)


def visit(
    scenario: Scenario,
    person: Person,
    seed: str,
    pumps: int = 1,
    speed: float = 1.0,
    utc: Callable[[float], float] = lambda second: second,
) -> Visit:
    """Lay out one visit."""
    story = sorted(((minute * 60.0, what) for minute, what in scenario.story), key=lambda item: item[0])
    treatment = _treatment(scenario, person, story, speed)
    others = [pump(_CARRIER_PROGRAMME, _CARRIER, speed) for _ in range(pumps - 1)]
    patient = Patient(person, seed, treatment.delivered(), story, utc)
    clocks = tuple((second, what.fast_s) for second, what in story if isinstance(what, Clock))
    return Visit(scenario, person, patient, (treatment, *others)[:pumps], clocks)


def _treatment(scenario: Scenario, person: Person, story: Sequence[tuple[float, object]], speed: float) -> Pump:
    """Give the pump with the dose: drawn up to one volume, whatever the patient weighs."""
    setup = Setup(
        concentration=scenario.dose_mg_kg * person.weight_kg / BAG_ML,
        weight_kg=person.weight_kg,
        filled=BAG_ML + _SPARE_ML,
        kvo_rate=scenario.kvo_rate,
        battery_s=scenario.battery_min * 60.0,
    )
    program = Order(Act.PROGRAM, rate=BAG_ML / scenario.over_min * 60.0, volume=BAG_ML)
    orders = ((second, what) for second, what in story if isinstance(what, Order))
    return pump(((second, program if what.act is Act.PROGRAM else what) for second, what in orders), setup, speed)


class Chair:
    """A `Bedside` on which visits follow each other; the first is the scenario's own, later patients are drawn."""

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        timeline: Timeline,
        seed: str,
        zone: tzinfo,
        slots: Sequence[str] = ("11",),
        traits: Mapping[str, Any] | None = None,
        clock_fast_s: float = 0.0,
    ) -> None:
        self.timeline = timeline
        self.patient: Source[Vitals] = _View(self, lambda visit, second: visit.patient.at(second))
        self.pumps: Mapping[str, Source[PumpView]] = {slot: _pump_view(self, i) for i, slot in enumerate(slots)}
        self._scenarios = scenarios
        self._seed = seed
        self._zone = zone
        self._traits = traits or {}
        self._clock_fast_s = clock_fast_s
        self._visits: dict[int, Visit] = {}

    def device_time(self, now: float) -> datetime:
        """Give the devices' own local time."""
        at, second = self.locate(now)
        fast = [fast_s for since, fast_s in at.clocks if since <= second]
        return datetime.fromtimestamp(now + self._clock_fast_s + (fast[-1] if fast else 0.0), self._zone)

    def locate(self, now: float) -> tuple[Visit, float]:
        """Give the visit of a moment, and the second in it."""
        number, second = self.timeline.locate(now)
        if number not in self._visits:
            if len(self._visits) >= 2:  # the current one, and the one before for late questions
                del self._visits[min(self._visits)]
            self._visits[number] = self._visit(number)
        return self._visits[number], second

    def _visit(self, number: int) -> Visit:
        scenario = self._scenarios[number % len(self._scenarios)]
        seed = f"{self._seed}/{number}"
        is_first = 0 <= number < len(self._scenarios)
        person = replace(Person() if is_first else draw(seed), **{**scenario.traits, **self._traits})
        speed, timeline = self.timeline.speed, self.timeline
        pumps = len(self.pumps)
        return visit(scenario, person, seed, pumps, speed, lambda second: timeline.utc(number, second))


@dataclass(frozen=True, slots=True)
class _View(Generic[T]):
    """One model of the current visit, seen in UTC."""

    chair: Chair
    look: Callable[[Visit, float], T]

    def at(self, now: float) -> T:
        """Say what is true."""
        return self.look(*self.chair.locate(now))


def _pump_view(chair: Chair, index: int) -> _View[PumpView]:
    return _View(chair, lambda visit, second: visit.pumps[index].at(second))
