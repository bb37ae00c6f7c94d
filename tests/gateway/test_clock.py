from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clock import JUMP_S, OFFSET_WINDOW, OffsetEstimator, iso, utc_seconds
from tests.gateway.parts import START, Time

BERLIN = ZoneInfo("Europe/Berlin")


# The gateway's own clock


def test_it_is_utc_at_start_plus_the_monotonic_clock() -> None:
    time = Time()
    clock = time.clock()
    time.pass_by(12.5)
    assert clock.steady() == START + 12.5
    assert clock.utc(clock.steady()) == START + 12.5


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 0.7, -0.7])
def test_a_step_re_anchors_what_is_published_and_is_reported_once(step_s: float) -> None:
    time = Time()
    clock = time.clock()
    assert clock.beat() is None
    time.wall_s += step_s
    time.pass_by(1.0)
    assert clock.beat() == pytest.approx(step_s)
    assert clock.beat() is None
    assert clock.utc(clock.steady()) == pytest.approx(time.wall_s)


@given(st.lists(st.floats(-1e6, 1e6), max_size=20))
@settings(max_examples=50, deadline=None)
def test_the_steady_clock_never_steps_whatever_the_wall_clock_does(steps: list[float]) -> None:
    time = Time()
    clock = time.clock()
    for step in steps:
        before = clock.steady()
        time.wall_s += step
        time.pass_by(1.0)
        clock.beat()
        assert clock.steady() - before == pytest.approx(1.0)


def test_what_ntp_slews_is_no_step() -> None:
    time = Time()
    clock = time.clock()
    for _ in range(4):
        time.wall_s += 0.1
        time.pass_by(1.0)
        assert clock.beat() is None


def test_small_steps_do_not_add_up_unseen() -> None:
    time = Time()
    clock = time.clock()
    for _ in range(10):
        time.wall_s += 0.4
        time.pass_by(1.0)
        clock.beat()
    assert abs(clock.utc(clock.steady()) - time.wall_s) <= 0.5


def test_a_gateway_that_beats_is_not_stalled() -> None:
    time = Time()
    clock = time.clock()
    for _ in range(60):
        time.pass_by(1.0)
        assert not clock.is_stalled()
        clock.beat()


def test_a_gateway_that_stood_still_says_so() -> None:
    time = Time()
    clock = time.clock()
    clock.beat()
    time.pass_by(6.0)
    assert clock.is_stalled()


def test_the_first_beat_after_a_standstill_does_not_make_news_of_what_still_waits_in_the_sockets() -> None:
    # A datagram socket gives one datagram a turn of the loop: the beat comes before most of the backlog is read.
    time = Time()
    clock = time.clock()
    clock.beat()
    time.pass_by(60.0)
    clock.beat()
    assert clock.is_stalled(), "data that waited a minute would be published as news"
    for _ in range(10):
        time.pass_by(1.0)
        clock.beat()
    assert not clock.is_stalled()


# A device's clock


def fed(estimator: OffsetEstimator, offsets: list[float], start: float = START, every_s: float = 1.0) -> list[object]:
    return [estimator.take(start + n * every_s + offset, start + n * every_s) for n, offset in enumerate(offsets)]


def test_a_clock_that_is_24_minutes_wrong_is_24_minutes_wrong() -> None:
    estimator = OffsetEstimator()
    assert fed(estimator, [-1440.0] * 10) == [None] * 10
    assert estimator.offset == -1440.0


def test_transport_delay_is_no_offset() -> None:
    estimator = OffsetEstimator()
    fed(estimator, [100.0 - delay for delay in (0.8, 0.3, 0.05, 2.0, 0.4)])
    assert estimator.offset == pytest.approx(99.95)


def test_a_clock_that_drifts_is_followed() -> None:
    estimator = OffsetEstimator()
    offsets = [-0.01 * n for n in range(2000)]
    assert not any(fed(estimator, offsets))
    assert estimator.offset == pytest.approx(offsets[-1], abs=0.01 * OFFSET_WINDOW)


@pytest.mark.parametrize("late_s", [6.0, 60.0, 86_400.0])
@pytest.mark.parametrize("number", [1, 2])
def test_late_messages_are_no_jump_and_do_not_move_the_estimate(late_s: float, number: int) -> None:
    estimator = OffsetEstimator()
    fed(estimator, [0.0] * 5)
    assert fed(estimator, [-late_s] * number, START + 5) == [None] * number
    assert estimator.offset == 0.0
    assert fed(estimator, [0.0] * 5, START + 10) == [None] * 5


def test_a_backlog_that_comes_at_once_is_no_jump() -> None:
    # Ten minutes of messages that a monitor or the network held back arrive within a second: each is late by less.
    estimator = OffsetEstimator()
    fed(estimator, [0.0] * 5)
    arrived = START + 700.0
    jumps = [estimator.take(START + 10 + n, arrived + n * 0.001) for n in range(600)]
    assert jumps == [None] * 600, "a clock that nobody set is reported as set"


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, JUMP_S + 1, -JUMP_S - 1])
def test_a_clock_that_was_set_is_reported_once_with_before_and_after(jump_s: float) -> None:
    estimator = OffsetEstimator()
    fed(estimator, [1.0] * 40)
    jumps = [jump for jump in fed(estimator, [1.0 + jump_s] * 60, START + 40) if jump]
    assert len(jumps) == 1
    assert (jumps[0].before, jumps[0].after) == (1.0, 1.0 + jump_s)  # type: ignore[attr-defined]
    assert estimator.offset == pytest.approx(1.0 + jump_s)


def test_an_offset_from_before_a_restart_is_used() -> None:
    estimator = OffsetEstimator(-1440.0)
    assert estimator.offset == -1440.0
    assert fed(estimator, [-1440.2] * 5) == [None] * 5


# Writing times


@pytest.mark.parametrize(
    ("utc", "text"),
    [
        (START, "2026-01-01T00:00:00.000000Z"),
        (START + 0.25, "2026-01-01T00:00:00.250000Z"),
        (START + 0.9999999, "2026-01-01T00:00:01.000000Z"),
        (START - 0.000001, "2025-12-31T23:59:59.999999Z"),
    ],
)
def test_times_are_utc_with_microseconds(utc: float, text: str) -> None:
    assert iso(utc) == text


@given(st.integers(-62_135_596_800, 253_402_300_799), st.integers(0, 999_999))
@settings(max_examples=100, deadline=None)
def test_a_time_is_written_so_that_it_can_be_read(second: int, micro: int) -> None:
    written = datetime.fromisoformat(iso(second + micro / 1_000_000))
    assert abs((written - datetime.fromtimestamp(second, UTC)).total_seconds() - micro / 1_000_000) < 1e-3


def test_a_time_without_zone_is_read_in_the_configured_one() -> None:
    assert utc_seconds(datetime(2026, 1, 1, 1), BERLIN) == START  # noqa: DTZ001
    assert utc_seconds(datetime(2026, 7, 1, 2), BERLIN) == datetime(2026, 7, 1, tzinfo=UTC).timestamp()  # noqa: DTZ001


def test_a_time_with_zone_keeps_it() -> None:
    moment = datetime(2026, 1, 1, 5, tzinfo=timezone(timedelta(hours=5)))
    assert utc_seconds(moment, BERLIN) == START
