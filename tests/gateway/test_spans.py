from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.spans import Span, Spans

spans = st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda said: (said[0], said[0] + said[1]))
deeds = st.lists(st.tuples(st.booleans(), spans), max_size=40)


def numbers(span: Span) -> set[int]:
    return set(range(span[0], span[1] + 1))


@given(deeds)
@settings(max_examples=100, deadline=None)
def test_it_is_a_set_of_whole_numbers(said: list[tuple[bool, Span]]) -> None:
    kept, expected = Spans(), set[int]()
    for is_added, span in said:
        (kept.add if is_added else kept.remove)(span)
        expected = expected | numbers(span) if is_added else expected - numbers(span)
        assert len(kept) == len(expected)
        assert bool(kept) == bool(expected)
        assert {n for n in range(80) if n in kept} == expected
        runs = list(kept)
        assert set().union(*map(numbers, runs)) == expected
        assert all(one[1] + 1 < other[0] for one, other in pairwise(runs)), "ascending, apart"
        assert kept.first()[0] == min(expected) if expected else not runs


@given(st.lists(spans, max_size=20))
@settings(max_examples=50, deadline=None)
def test_it_can_be_made_from_any_spans(said: list[Span]) -> None:
    assert set().union(*map(numbers, Spans(said))) == set().union(*map(numbers, said))


def test_a_million_in_a_row_is_one_span() -> None:
    kept = Spans()
    for n in range(0, 1_000_000, 50):
        kept.add((n, n + 49))
    assert list(kept) == [(0, 999_999)]
    assert len(kept) == 1_000_000


def test_an_empty_one_has_no_first() -> None:
    with pytest.raises(IndexError):
        Spans().first()
