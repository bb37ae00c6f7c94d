from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.common.scanning import Scanner

NOISE = "noise"
ODD = "odd"


def look(buffer: bytes, at: int) -> tuple[bytes | str, int] | None:
    """A frame is A and two bytes; O is odd; all else is noise."""
    if buffer[at : at + 1] == b"O":
        return ODD, at + 1
    if buffer[at : at + 1] != b"A":
        return NOISE, at + 1
    return (buffer[at : at + 3], at + 3) if len(buffer) >= at + 3 else None


def scan(*data: bytes, grace: int = 0) -> list[bytes | Damage]:
    scanner: Scanner[bytes] = Scanner(look, grace)
    return [found for piece in data for found in scanner.feed(piece)]


def test_runs_of_one_reason_are_one_damage() -> None:
    assert scan(b"A12xxxA34OOxA56") == [
        b"A12",
        Damage(NOISE, 3),
        b"A34",
        Damage(ODD, 2),
        Damage(NOISE, 1),
        b"A56",
    ]


def test_an_unfinished_frame_is_kept_and_nothing_else() -> None:
    scanner: Scanner[bytes] = Scanner(look)
    assert scanner.feed(b"xA1") == [Damage(NOISE, 1)]
    assert scanner.rest == b"A1"
    assert scanner.feed(b"2") == [b"A12"]
    assert scanner.rest == b""


def test_bytes_before_the_first_frame_are_pardoned_up_to_the_grace() -> None:
    assert scan(b"xxA12xxA12", grace=2) == [b"A12", Damage(NOISE, 2), b"A12"]
    assert scan(b"xxxxA12", grace=3) == [Damage(NOISE, 1), b"A12"]
    assert scan(b"xA12xA12", grace=9) == [b"A12", Damage(NOISE, 1), b"A12"]


@given(st.text("AOx1", max_size=40).map(str.encode), st.lists(st.integers(0, 40), max_size=5), st.integers(0, 5))
@settings(max_examples=100)
def test_any_split_gives_the_same(data: bytes, cuts: list[int], grace: int) -> None:
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    split, whole = scan(*(data[a:b] for a, b in pairwise(places)), grace=grace), scan(data, grace=grace)
    for kind in (bytes, Damage):
        assert _sum([f for f in split if isinstance(f, kind)]) == _sum([f for f in whole if isinstance(f, kind)])


def _sum(found: list[bytes | Damage]) -> tuple[list[bytes], int]:
    return [f for f in found if isinstance(f, bytes)], sum(f.size for f in found if isinstance(f, Damage))
