"""NIBP: each measurement once."""

import pytest

from drivers.api import Reading
from drivers.ge_dri.cuff import Cuff
from drivers.vocabulary import Metric, Reason, Validity
from tests.drivers.ge_dri.records import NO_DATA, group, real_words, with_groups

BASE = 0x0B  # adult, automatic
PUMPS, OLD = 0x20, 0x100
FIRST, SECOND = (8500, 6200, 7100), (9000, 6000, 7000)
BLANK = (NO_DATA, NO_DATA, NO_DATA)


def words(label: int, values: tuple[int, ...], status: int = 3) -> list[int]:
    return with_groups(0, at_72=group(status, BASE | label, *values, NO_DATA))


def heard(cuff: Cuff, *records: tuple[int, tuple[int, ...]]) -> list[tuple[int, object, Validity]]:
    """Give (record, systolic, validity) of what was said."""
    said: list[tuple[int, object, Validity]] = []
    for number, (label, values) in enumerate(records):
        said += [
            (number, r.value, r.validity) for r in cuff.take(words(label, values)) if r.metric is Metric.NIBP_SYSTOLIC
        ]
    return said


def watching(label: int = OLD, values: tuple[int, ...] = FIRST) -> Cuff:
    """Give a cuff that has said what stood there on connecting."""
    cuff = Cuff()
    assert heard(cuff, (label, values))[0][2] is Validity.QUESTIONABLE
    return cuff


V, Q = Validity.VALID, Validity.QUESTIONABLE


def test_what_stood_there_on_connecting_has_an_unknown_age() -> None:
    """Record 900 of the log: 85/62 (71), older than 60 s, and the cuff is pumping."""
    said = Cuff().take(real_words())
    assert said == [
        Reading(Metric.NIBP_SYSTOLIC, 85.0, None, Q, Reason.AGE_UNKNOWN, "nibp.sys", "3421"),
        Reading(Metric.NIBP_DIASTOLIC, 62.0, None, Q, Reason.AGE_UNKNOWN, "nibp.dia", "3818"),
        Reading(Metric.NIBP_MEAN, 71.0, None, Q, Reason.AGE_UNKNOWN, "nibp.mean", "bc1b"),
        Reading(Metric.NIBP_PULSE_RATE, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, "nibp.hr", "0180"),
    ]


def test_one_cycle_as_in_the_log_is_one_measurement() -> None:
    """Old values while it pumps; new ones with bit 8 clear; then bit 5 falls; then bit 8 rises."""
    cycle = [
        (OLD, FIRST),
        (OLD | PUMPS, FIRST),
        (OLD | PUMPS, FIRST),
        (PUMPS, SECOND),
        (PUMPS, SECOND),
        (0, SECOND),
        (0, SECOND),
        (OLD, SECOND),
        (OLD, SECOND),
    ]
    assert heard(watching(), *cycle) == [(3, 90.0, V)]


def test_the_same_values_measured_again_are_another_measurement() -> None:
    cycle = [(OLD, FIRST), (OLD | PUMPS, FIRST), (PUMPS, FIRST), (0, FIRST), (OLD, FIRST)]
    assert heard(watching(), *cycle, *cycle) == [(2, 85.0, V), (7, 85.0, V)]


def test_a_cycle_within_the_first_minute_counts_when_the_cuff_stops() -> None:
    cuff = watching()
    cycle = [(PUMPS, SECOND), (0, SECOND), (PUMPS, SECOND), (PUMPS, SECOND), (0, SECOND), (0, SECOND), (OLD, SECOND)]
    assert heard(cuff, (OLD | PUMPS, FIRST), *cycle) == [(1, 90.0, V), (5, 90.0, V)]


def test_a_slow_interval_that_misses_the_pumping_still_sees_the_measurement() -> None:
    assert heard(watching(), (OLD, FIRST), (0, SECOND), (OLD, SECOND), (0, SECOND)) == [(1, 90.0, V), (3, 90.0, V)]


def test_values_that_are_old_when_they_are_first_seen_have_an_unknown_age() -> None:
    assert heard(watching(), (OLD, SECOND)) == [(0, 90.0, Q)]


def test_a_cycle_without_a_result_says_nothing() -> None:
    assert heard(watching(), (OLD | PUMPS, FIRST), (OLD | PUMPS, FIRST), (OLD, FIRST)) == []


def test_values_blanked_while_the_cuff_pumps_are_waited_for() -> None:
    assert heard(watching(), (PUMPS, BLANK), (PUMPS, BLANK), (0, SECOND), (OLD, SECOND)) == [(2, 90.0, V)]


def test_before_the_first_measurement_there_is_none_and_then_one() -> None:
    cuff = Cuff()
    said = [(0, None, Validity.ABSENT), (3, 85.0, V)]
    assert heard(cuff, (0, BLANK), (PUMPS, BLANK), (PUMPS, BLANK), (PUMPS, FIRST), (0, FIRST), (OLD, FIRST)) == said


def test_after_an_interruption_new_values_have_an_unknown_age_and_old_ones_are_not_repeated() -> None:
    cuff = watching()
    cuff.lose_track()
    assert heard(cuff, (OLD, FIRST), (OLD, FIRST)) == []
    cuff.lose_track()
    assert heard(cuff, (0, SECOND), (0, SECOND)) == [(0, 90.0, Q)]
    cuff.lose_track()
    assert heard(cuff, (OLD, SECOND), (OLD | PUMPS, SECOND), (PUMPS, FIRST)) == [(2, 85.0, V)]


def test_a_value_missing_in_a_measurement_is_absent_and_the_others_stand() -> None:
    cuff = watching()
    cuff.take(words(OLD | PUMPS, FIRST))
    said = cuff.take(words(PUMPS, (9000, NO_DATA, 7000)))
    assert [(r.value, r.validity) for r in said[:3]] == [(90.0, V), (None, Validity.ABSENT), (70.0, V)]


@pytest.mark.parametrize(("label", "reason"), [(0x40, Reason.OTHER), (0x80, Reason.CALIBRATING)])
def test_stasis_and_calibration_leave_nothing_valid(label: int, reason: Reason) -> None:
    said = watching().take(words(label, SECOND))
    assert [(r.validity, r.reason) for r in said[:3]] == [(Q, reason)] * 3


def test_without_the_module_nothing_is_said() -> None:
    assert Cuff().take(words(0, FIRST, status=0)) == []
    said = watching().take(words(0, SECOND, status=1))
    assert {(r.validity, r.reason) for r in said[:3]} == {(Q, Reason.NOT_IN_USE)}
