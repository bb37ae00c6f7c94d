from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.common.sync_bit import CUT_SHORT, TOO_LONG, SyncBitDecoder

A, B, C, D = b"\x80\x01\x02", b"\x81\x03\x04", b"\xff\x00\x00", b"\x90\x7f\x7f"


def decode(*data: bytes) -> list[bytes | Damage]:
    decoder = SyncBitDecoder(3)
    return [found for piece in data for found in decoder.feed(piece)]


def test_three_frames_in_a_row_show_each_other_right() -> None:
    decoder = SyncBitDecoder(3)
    assert decoder.feed(A + B) == []
    assert decoder.is_waiting
    assert decoder.feed(C) == [A, B]
    assert decoder.is_waiting
    assert decoder.feed(D[:1]) == [C]
    assert not decoder.is_waiting


def test_silence_shows_a_frame_right() -> None:
    decoder = SyncBitDecoder(3)
    assert decoder.feed(A[:2]) == decoder.settle() == []
    assert decoder.feed(A[2:]) == []
    assert decoder.settle() == [A]
    assert decoder.feed(B[:1]) == decoder.settle() == []
    assert decoder.feed(B[1:]) == []
    assert decoder.settle() == [B]


def test_a_byte_too_many_never_shifts_what_follows_it() -> None:
    for place in range(1, 4):
        found = decode(A * 3 + B[:place] + b"\x05" + B[place:] + C * 4)
        assert {frame for frame in found if isinstance(frame, bytes)} == {A, C}, place
        assert sum(frame.size for frame in found if isinstance(frame, Damage)) == 4
    assert decode(A * 3 + B + b"\x05" + C * 4)[3:5] == [Damage(TOO_LONG, 4), C]


def test_two_frames_and_a_stranger_are_none() -> None:
    found = decode(A + B + b"\x01" + A + B + C + D)
    assert [frame for frame in found if isinstance(frame, bytes)] == [A, B, C]
    assert sum(frame.size for frame in found if isinstance(frame, Damage)) == 7 - 2  # pardoned, before the first


def test_after_damage_trust_begins_anew() -> None:
    found = decode(A * 3 + B[:2] + C)
    assert found == [A, A, A, Damage(CUT_SHORT, 2)]
    assert decode(A * 3 + B[:2] + C * 3) == [A, A, A, Damage(CUT_SHORT, 2), C, C]


@given(st.lists(st.sampled_from([A, B, C, D, A[:1], A[1:], b"\x00"]), max_size=12), st.lists(st.integers(0, 36)))
@settings(max_examples=100)
def test_any_split_gives_the_same(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    split, whole = decode(*(data[a:b] for a, b in pairwise(places))), decode(data)
    assert [f for f in split if isinstance(f, bytes)] == [f for f in whole if isinstance(f, bytes)]
    assert sum(f.size for f in split if isinstance(f, Damage)) == sum(f.size for f in whole if isinstance(f, Damage))
