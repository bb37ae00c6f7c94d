"""A visit at a simulated pump, told twice: by the pump's model in the words a family has, and by the family itself."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from zoneinfo import ZoneInfo

from drivers.api import Alarm, Announcement, Reading, Report
from drivers.vocabulary import EventKind, InfusionState, Metric, Reason, Validity
from gateway.events import of_announcement, of_report
from gateway.states import Happening, States
from simulators.api import PumpView
from simulators.bedside import Chair, Timeline
from simulators.scenario import SCENARIOS, Scenario
from tests.converse import START
from tests.over_wire import over_wire
from tests.prove.families import family_of, simulator_of
from tests.pumps.promises import PROMISES, Promise

BEGIN_MIN = -3.0  # the pump is programmed, and waits
STEP_S = 1.0
VISITS = {
    f"{name}{'abc'[number] if len(kinds) > 1 else ''}": scenario
    for name, kinds in SCENARIOS.items()
    if name in ("S1", "S3", "S4", "S15")
    for number, scenario in enumerate(kinds)
}


@dataclass(frozen=True)
class Moment:
    """One event, and when it happened, in seconds since the beginning."""

    at: float
    words: str


@dataclass
class Story:
    """What a visit comes to: events of the infusion and of alarms, the volume in the end, what was told at all."""

    infusion: list[Moment] = field(default_factory=list)
    alarms: list[Moment] = field(default_factory=list)
    volume: float | None = None
    metrics: set[Metric] = field(default_factory=set)
    damage: int = 0
    violations: list[str] = field(default_factory=list)
    tampered: bool = False

    def note(self, at: float, happened: list[Happening]) -> None:
        for one in happened:
            if one.event is EventKind.ALARM:
                self.alarms.append(Moment(at, f"{one.code} {one.phase}"))
            elif one.event in _INFUSION:
                words = _words(one)
                if not self.infusion or (self.infusion[-1].at, self.infusion[-1].words) != (at, words):
                    self.infusion.append(Moment(at, words))  # a total and its only source change together


_INFUSION = {
    EventKind.INFUSION_STARTED, EventKind.INFUSION_PAUSED, EventKind.INFUSION_RESUMED, EventKind.INFUSION_STOPPED,
    EventKind.INFUSION_COMPLETED, EventKind.INFUSION_BOLUS, EventKind.INFUSION_RATE_CHANGED, EventKind.COUNTER_RESET,
}  # fmt: skip


def _words(one: Happening) -> str:
    match one.event:
        case EventKind.INFUSION_RATE_CHANGED:
            return f"rate {float(one.from_ or 0):.0f} to {float(one.to or 0):.0f}"
        case EventKind.INFUSION_BOLUS:
            return f"bolus {one.phase}"
        case _:
            return one.event.removeprefix("infusion_")


def length_s(scenario: Scenario) -> float:
    """Give how long to listen: until people have left the pump alone, before it is switched off."""
    return (scenario.over_min + 28.0 - BEGIN_MIN) * 60.0


def _chair(scenario: Scenario) -> Chair:
    return Chair((scenario,), Timeline(START, BEGIN_MIN), "pumps", ZoneInfo("UTC"))


@cache
def as_told(number: int, visit: str) -> Story:
    """Let the family of a promise, by its place in the table, tell a visit."""
    promise, scenario = PROMISES[number], VISITS[visit]
    family, simulator = family_of(promise.family), simulator_of(promise.family)
    device = simulator.device(_chair(scenario), simulator.settings(**promise.simulator))
    course = over_wire(family, device, length_s(scenario))
    states: dict[str, States] = defaultdict(States)
    story = Story(damage=len(course.damage), violations=device.violations, tampered=device.tampered)
    for told in course.told:
        at = told.at - START
        if isinstance(told.output, Report):
            report = told.output
            story.note(at, of_report(states[report.device], report, None))
            for reading in report.readings if report.device == promise.key else ():
                if reading.value is not None and reading.validity is Validity.VALID:
                    story.metrics.add(reading.metric)
                    if reading.metric is Metric.VOLUME_INFUSED:
                        story.volume = float(reading.value)
        elif isinstance(told.output, Announcement):
            story.note(at, of_announcement(states[told.output.device], told.output, None))
    return story


def as_it_was(promise: Promise, scenario: Scenario) -> Story:
    """Let the model tell the visit, in no more words than the family has."""
    pump, states, story = _chair(scenario).pumps["11"], States(), Story()
    before: InfusionState | None = None
    known: tuple[Alarm, ...] = ()
    for step in range(int(length_s(scenario) / STEP_S)):
        at = step * STEP_S
        view = pump.at(START + at)
        if before is not None and (also := promise.announces.get((before, view.state))) is not None:
            story.note(at, [Happening(also)])
        before = view.state
        report = _report(promise, view)
        shown = report.alarms or ()
        if promise.forgets_alarms:
            report = replace(report, alarms=tuple(alarm for alarm in shown if alarm not in known))
        known = shown
        story.note(at, of_report(states, report, None))
        story.volume = view.volume_infused
    return story


def _report(promise: Promise, view: PumpView) -> Report:
    left = Reading(Metric.VOLUME_REMAINING, None, validity=Validity.ABSENT, reason=Reason.NOT_AVAILABLE)
    if promise.says_left and view.volume_left is not None:
        left = Reading(Metric.VOLUME_REMAINING, round(view.volume_left, 3))
    readings = [
        left,
        Reading(Metric.INFUSION_STATE, str(_state(promise, view))),
        Reading(Metric.INFUSION_RATE, view.rate if promise.says_rate else None),
        Reading(Metric.VOLUME_INFUSED, view.volume_infused),
    ]
    shown = dict.fromkeys(promise.alarms[signal.code] for signal in _signals(view) if signal.code in promise.alarms)
    if promise.kvo_alarm and view.state is InfusionState.KVO:
        shown[promise.kvo_alarm] = None
    return Report(readings, alarms=tuple(Alarm(code) for code in shown))


def _signals(view: PumpView) -> Iterator[Alarm]:
    for signal in (*view.alarms, *view.prealarms):
        yield Alarm(signal.code)


def _state(promise: Promise, view: PumpView) -> InfusionState:
    if promise.has_status:
        return promise.states.get(view.state, view.state)
    return InfusionState.INFUSING if view.rate > 0 else InfusionState.UNKNOWN


def unmatched(told: list[Moment], true: list[Moment], within_s: float) -> list[str]:
    """Give what only one of them says; what happens at one moment may be told in any order."""
    left = list(told)
    missing = []
    for moment in true:
        found = next((one for one in left if one.words == moment.words and _fits(one, moment, within_s)), None)
        if found is None:
            missing.append(f"not told: {moment.words} at {moment.at:.0f} s")
        else:
            left.remove(found)
    return [*missing, *(f"told, but not so: {one.words} at {one.at:.0f} s" for one in left)]


def _fits(told: Moment, true: Moment, within_s: float) -> bool:
    return true.at - STEP_S <= told.at <= true.at + within_s
