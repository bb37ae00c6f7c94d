"""What a pump does, from its status rows; new model (158005, 184519) and old (184508)."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from drivers.api import Reading
from drivers.ihe_pcd.channels import (
    DELIVERY_STATES,
    INFUSING_STATES,
    NOT_DELIVERING,
    OF_THE_SOURCE_NOW,
    PUMP_STATES,
    SOURCES,
    STATE_ROWS,
    WORD_PREFIXES,
)
from drivers.vocabulary import InfusionState, Metric, Reason, Validity

FLOWING: Final = frozenset({InfusionState.INFUSING, InfusionState.KVO})


class Status(NamedTuple):
    """A status row: its channel's place and name (empty where the sender left channel rows out), and what it says."""

    place: str
    channel: str
    reading: Reading


def word_of(text: object) -> str:
    """Give a status word without what pumps put before it; words are compared without case."""
    said = str(text).strip().lower()
    for prefix in WORD_PREFIXES:
        said = said.removeprefix(prefix)
    return said


def active_sources(rows: Iterable[Status]) -> frozenset[str]:
    """List the sources that the pump calls active; empty: not said, or in words that we don't know."""
    said = [row.reading.value for row in rows if row.reading.metric is Metric.ACTIVE_SOURCES]
    words = {word_of(word) for value in said if value is not None for word in str(value).split(", ")}
    return frozenset(words) if words <= SOURCES else frozenset()


def is_waiting(channel: str, active: frozenset[str]) -> bool:
    """Say whether a channel is a source that waits for its turn."""
    return channel in SOURCES and bool(active) and channel not in active


def waiting(reading: Reading) -> Reading:
    """Mark what a waiting source says of its programme: it isn't what flows."""
    if reading.metric not in OF_THE_SOURCE_NOW or reading.value is None:
        return reading
    return reading._replace(validity=Validity.QUESTIONABLE, reason=Reason.WAITING_SOURCE)


def state_of(rows: Iterable[Status], source: str) -> Reading | None:
    """Say the state of one VMD's infusion; None if no row tells it."""
    rows = list(rows)
    telling = [row for row in rows if row.reading.metric in STATE_ROWS]
    if not telling:
        return None
    known = [row for row in telling if row.reading.value is not None]
    if not known:
        worst = telling[0].reading
        return Reading(
            Metric.INFUSION_STATE, None, None, worst.validity, worst.reason, worst.name, worst.raw, source
        )  # fmt: skip
    active = active_sources(rows)
    reasons = {row.place: row.reading.value for row in rows if row.reading.metric is Metric.NOT_DELIVERING_REASON}
    counted = [row for row in known if not is_waiting(row.channel, active)]
    state = _state(counted, reasons)
    doubted = next((row.reading for row in counted if row.reading.validity is Validity.QUESTIONABLE), None)
    return Reading(
        metric=Metric.INFUSION_STATE,
        value=state,
        validity=Validity.QUESTIONABLE if doubted else Validity.VALID,
        reason=doubted.reason if doubted else None,
        name=", ".join(row.reading.name for row in counted),
        raw=", ".join(row.reading.raw for row in counted),
        source=source,
    )


def _state(rows: Iterable[Status], reasons: Mapping[str, object]) -> InfusionState:
    """Weigh the sources against the pump as a whole; where they contradict each other, nothing is known."""
    sources: set[InfusionState] = set()
    whole: set[InfusionState] = set()
    for place, _, reading in rows:
        word = word_of(reading.value)
        if reading.metric is Metric.DELIVERY_STATUS:
            sources.add(_source_state(word, reasons.get(place)))
        else:
            table = PUMP_STATES if reading.metric is Metric.PUMP_STATUS else INFUSING_STATES
            whole.add(table.get(word, InfusionState.UNKNOWN))
    if InfusionState.UNKNOWN in sources or len(whole) > 1:
        return InfusionState.UNKNOWN
    if not sources:
        return next(iter(whole), InfusionState.UNKNOWN)
    state = _strongest(sources)
    return state if _agree(state, whole) else InfusionState.UNKNOWN


def _source_state(word: str, reason: object) -> InfusionState:
    state = DELIVERY_STATES.get(word, InfusionState.UNKNOWN)
    if state is InfusionState.STOPPED and reason is not None:
        return NOT_DELIVERING.get(word_of(reason), state)
    return state


def _strongest(states: set[InfusionState]) -> InfusionState:
    """One source that delivers is an infusion, whatever the others do."""
    order = (InfusionState.INFUSING, InfusionState.KVO, InfusionState.STOPPED, InfusionState.STANDBY, InfusionState.OFF)
    return next((state for state in order if state in states), InfusionState.UNKNOWN)


def _agree(state: InfusionState, whole: set[InfusionState]) -> bool:
    """KVO may be called infusing or not; off and standby are ways not to infuse."""
    if not whole or state is InfusionState.KVO or InfusionState.KVO in whole:
        return True
    return (state in FLOWING) == bool(whole & FLOWING)
