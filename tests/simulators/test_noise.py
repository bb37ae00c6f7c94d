from itertools import pairwise
from math import exp
from statistics import fmean, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.noise import GRID_S, SlowNoise

moments = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12)


@given(moments)
@settings(max_examples=30, deadline=None)
def test_the_answer_depends_on_the_moment_and_not_on_the_order(seconds: list[float]) -> None:
    one, other = SlowNoise("a", 2), SlowNoise("a", 2)
    forwards = {second: one.at(second) for second in seconds}
    backwards = {second: other.at(second) for second in reversed(seconds)}
    assert forwards == backwards


def test_another_seed_is_another_noise() -> None:
    assert SlowNoise("a", 1).at(100.0) != SlowNoise("b", 1).at(100.0)


def test_channels_differ() -> None:
    first, second = SlowNoise("a", 2).at(100.0)
    assert first != second


def test_variance_is_one_and_memory_lasts_a_minute() -> None:
    noise = SlowNoise("long", 1)
    values = [noise.at(GRID_S * number)[0] for number in range(40_000)]
    assert fmean(values) == pytest.approx(0.0, abs=0.1)
    assert pstdev(values) == pytest.approx(1.0, abs=0.05)
    for lag in (6, 12, 24):
        together = fmean(a * b for a, b in zip(values, values[lag:], strict=False))
        assert together == pytest.approx(exp(-lag * GRID_S / 60.0), abs=0.06)


def test_it_moves_slowly_even_from_one_block_to_the_next() -> None:
    noise = SlowNoise("steps", 1)
    values = [noise.at(0.5 * number)[0] for number in range(10_000)]
    assert max(abs(b - a) for a, b in pairwise(values)) < 0.3
