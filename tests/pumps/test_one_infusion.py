"""The same infusion reads the same from every pump, as far as its protocol can say it."""

import pytest

from tests.prove.families import NAMES, simulator_of
from tests.pumps.page import PAGE, page
from tests.pumps.promises import PROMISES
from tests.pumps.visits import VISITS, as_it_was, as_told, unmatched

LATE_S = 16.0  # two rounds of questions, one of them repeated


def test_every_pump_family_has_a_promise() -> None:
    assert {name for name in NAMES if simulator_of(name).kind == "pump"} <= {promise.family for promise in PROMISES}


@pytest.mark.parametrize("visit", VISITS)
@pytest.mark.parametrize("number", range(len(PROMISES)), ids=lambda number: f"{number}-{PROMISES[number].family}")
def test_a_visit_is_told_as_it_was(number: int, visit: str) -> None:
    promise = PROMISES[number]
    told, true = as_told(number, visit), as_it_was(promise, VISITS[visit])
    assert unmatched(told.infusion, true.infusion, LATE_S) == []
    assert unmatched(told.alarms, true.alarms, LATE_S) == []
    assert told.damage == 0
    assert told.violations == []
    assert not told.tampered
    if promise.counts:
        assert told.volume == pytest.approx(true.volume, abs=promise.ml)
    else:
        assert told.volume is None


def test_the_page_for_readers_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make pumps"
