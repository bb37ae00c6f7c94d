from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.common.text_lines import TOO_LONG, Line, LineSplitter


def split(*data: bytes) -> list[Line | Damage]:
    splitter = LineSplitter(10)
    return [line for piece in data for line in splitter.feed(piece)]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\r", b"\r\n\r\n"])
def test_any_end_ends_a_line_and_empty_lines_are_nothing(end: bytes) -> None:
    assert split(end + b"one" + end + b"two" + end) == [Line(b"one", 4), Line(b"two", 4)]


def test_a_line_without_its_end_is_kept() -> None:
    assert split(b"one") == []
    assert split(b"o", b"ne", b"\r") == [Line(b"one", 4)]


def test_a_line_of_the_limit_is_one_and_a_longer_one_is_none() -> None:
    assert split(b"0123456789\n") == [Line(b"0123456789", 11)]
    assert split(b"0123456789x\n") == [Damage(TOO_LONG, 12)]
    assert split(b"0123456789x", b"rest\nnext\n") == [Damage(TOO_LONG, 11), Damage(TOO_LONG, 5), Line(b"next", 5)]


@given(st.text("ab\r\n", max_size=60).map(str.encode), st.lists(st.integers(0, 60), max_size=5))
@settings(max_examples=100)
def test_any_split_gives_the_same(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    pieces, whole = split(*(data[a:b] for a, b in pairwise(places))), split(data)
    assert [f for f in pieces if isinstance(f, Line)] == [f for f in whole if isinstance(f, Line)]
    assert sum(f.size for f in pieces if isinstance(f, Damage)) == sum(f.size for f in whole if isinstance(f, Damage))


def test_an_endless_line_is_counted_alike_however_it_comes() -> None:
    assert split(b"x" * 12) == split(b"x" * 11, b"x") == [Damage(TOO_LONG, 11)]
    assert split(b"x" * 25) == [Damage(TOO_LONG, 22)]
    assert split(*[b"x"] * 25, b"\n") == [Damage(TOO_LONG, 11), Damage(TOO_LONG, 11), Damage(TOO_LONG, 4)]
