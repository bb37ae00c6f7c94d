"""Writes docs/pumps.md from the promises and from visits at the simulators: `python -m tests.pumps.page`."""

from collections.abc import Iterator, Sequence
from typing import Final

from drivers.vocabulary import AlarmCode, InfusionState, Metric
from tests.prove.families import ROOT, family_of
from tests.pumps.promises import PROMISES, Promise
from tests.pumps.visits import VISITS, Story, as_told

PAGE: Final = ROOT / "docs" / "pumps.md"
TOLD: Final = ("S1", "S3a", "S3b", "S4")

_HEAD = """\
# One infusion, whatever the pump

The same infusion reads the same from every pump, as far as its protocol can say it. This page says how far that is: it
is written by visits at the simulated pumps (`make pumps`), and a test compares each visit with the pump's model. It
shows what a protocol has words for, not what a certain model and firmware does: see each family's README for what is
unconfirmed.

*Infusing* is decided by delivery status. Where a protocol has none, a rate above 0 is `infusing` and 0 is `unknown`,
because stopped, paused and alarmed look alike; `unknown` makes no event. KVO and purge are no therapy. Volumes, rates
and doses are the pump's own figures: nothing is recomputed, and a counter that is set back is an event,
`counter_reset`.
"""
FIGURES: Final = (
    ("rate", (Metric.INFUSION_RATE,)),
    ("rate set", (Metric.INFUSION_RATE_SET,)),
    ("volume infused", (Metric.VOLUME_INFUSED,)),
    ("VTBI", (Metric.VOLUME_TO_BE_INFUSED,)),
    ("volume left", (Metric.VOLUME_REMAINING,)),
    ("time left", (Metric.TIME_REMAINING,)),
    ("drug", (Metric.DRUG_NAME,)),
    ("concentration", (Metric.DRUG_CONCENTRATION,)),
    ("dose rate", (Metric.DOSE_RATE,)),
    ("dose rate set", (Metric.DOSE_RATE_SET,)),
    ("bolus volume", (Metric.BOLUS_VOLUME,)),
    ("pressure", (Metric.LINE_PRESSURE,)),
    ("syringe", (Metric.SYRINGE_SIZE, Metric.SYRINGE_TYPE, Metric.SYRINGE_VOLUME)),
    ("battery, mains", (Metric.BATTERY_TIME_REMAINING, Metric.BATTERY_STATUS, Metric.POWER_STATE)),
)
STATES: Final = tuple(state for state in InfusionState if state is not InfusionState.UNKNOWN)


def page() -> str:
    """Give the whole page."""
    stories = [{visit: as_told(number, visit) for visit in TOLD} for number in range(len(PROMISES))]
    parts = [_HEAD, *_states(), *_figures(stories), *_alarms(), *_visits(stories)]
    return "\n".join(parts) + "\n"


def _name(promise: Promise) -> str:
    note = f", {promise.note}" if promise.note else ""
    refused = " *" if family_of(promise.family).refused else ""
    return f"[`{promise.family}`](../drivers/{promise.family}/README.md){note}{refused}"


def _states() -> Iterator[str]:
    yield "## States: what is said of what the pump does\n"
    yield "Live use of a family with * needs `accept_risk`.\n"
    yield f"| pump | {' | '.join(STATES)} |\n|---|{'---|' * len(STATES)}"
    for promise in PROMISES:
        yield f"| {_name(promise)} | {' | '.join(_said(promise, state) for state in STATES)} |"
    yield ""


def _said(promise: Promise, state: InfusionState) -> str:
    if not promise.has_status:
        flows = state in (InfusionState.INFUSING, InfusionState.BOLUS, InfusionState.KVO, InfusionState.PURGE)
        return "infusing" if flows else "unknown"
    said = promise.states.get(state, state)
    return "yes" if said is state else said


def _figures(stories: Sequence[dict[str, Story]]) -> Iterator[str]:
    yield "## Figures that are given\n"
    yield f"| pump | {' | '.join(label for label, _ in FIGURES)} |\n|---|{'---|' * len(FIGURES)}"
    for promise, told in zip(PROMISES, stories, strict=True):
        given = {metric for story in told.values() for metric in story.metrics}
        cells = ("yes" if given.intersection(metrics) else "–" for _, metrics in FIGURES)
        yield f"| {_name(promise)} | {' | '.join(cells)} |"
    yield ""


def _alarms() -> Iterator[str]:
    codes = tuple(dict.fromkeys(code for promise in PROMISES for code in promise.alarms))
    yield "## Alarms, and in which word\n"
    yield f"| pump | {' | '.join(codes)} |\n|---|{'---|' * len(codes)}"
    for promise in PROMISES:
        yield f"| {_name(promise)} | {' | '.join(_word(promise, code) for code in codes)} |"
    yield ""


def _word(promise: Promise, code: AlarmCode) -> str:
    said = promise.alarms.get(code)
    return "–" if said is None else "yes" if said is code else said


def _visits(stories: Sequence[dict[str, Story]]) -> Iterator[str]:
    yield "## Visits: the events of the infusion, and the volume in the end\n"
    yield "Minutes and seconds from the planned start. [What happens in each scenario](simulators.md#scenarios).\n"
    for visit in TOLD:
        yield f"### {visit}: {VISITS[visit].title}\n"
        yield "| pump | events | volume, mL |\n|---|---|---|"
        for promise, told in zip(PROMISES, stories, strict=True):
            story = told[visit]
            events = "; ".join(f"{_clock(moment.at)} {moment.words}" for moment in story.infusion)
            volume = "–" if story.volume is None else f"{story.volume:g}"
            yield f"| {_name(promise)} | {events or '–'} | {volume} |"
        yield ""


def _clock(at: float) -> str:
    minutes, seconds = divmod(round(at) - 180, 60)
    return f"{minutes}:{seconds:02}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
