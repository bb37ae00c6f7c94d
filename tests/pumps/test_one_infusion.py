"""The same infusion reads the same from every pump, as far as its protocol can say it."""

import pytest

from simulators.api import Simulator
from tests.prove.families import NAMES, simulator_of
from tests.pumps.promises import PROMISES, Promise
from tests.pumps.visits import VISITS, as_it_was, as_told, unmatched

LATE_S = 16.0  # two rounds of questions, one of them repeated


def is_pump(simulator: Simulator) -> bool:
    return simulator.kind == "pump"


def test_every_pump_family_has_a_promise() -> None:
    assert {name for name in NAMES if is_pump(simulator_of(name))} <= {promise.family for promise in PROMISES}


@pytest.mark.parametrize("visit", VISITS)
@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: f"{promise.family}-{promise.note or 'plain'}")
def test_a_visit_is_told_as_it_was(promise: Promise, visit: str) -> None:
    told, true = as_told(promise, VISITS[visit]), as_it_was(promise, VISITS[visit])
    assert unmatched(told.infusion, true.infusion, LATE_S) == []
    assert unmatched(told.alarms, true.alarms, LATE_S) == []
    assert told.damage == 0
    assert told.violations == []
    assert not told.tampered
    if promise.counts:
        assert told.volume == pytest.approx(true.volume, abs=promise.ml)
    else:
        assert told.volume is None
