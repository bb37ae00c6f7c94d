"""Frames: foreign bytes, round trips, splits, garbage."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.baxter_as50.codec import Decoder, Frame, ReadRate, ReadStatus, Resend, checksum, recognise
from simulators.baxter_as50.hearing import crc, sealed
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"
QUERIES, ANSWERS = load(CAPTURES / "queries.hex").frames, load(CAPTURES / "answers.hex").frames
(RESEND,) = load(CAPTURES / "resend.hex").frames
GOOD = ANSWERS[1]
BRACKET_IN_CRC = Frame("BOLST").encode()  # its checksum is 5B 6A

texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="[]"), max_size=60)
frames = st.builds(Frame, texts)


def test_the_checksum_is_xmodem() -> None:
    assert checksum(b"123456789") == crc(b"123456789") == 0x31C3
    assert checksum(b"[RESEND]") == 219 << 8 | 107  # the maker's own example


def test_the_questions_are_those_that_others_send() -> None:
    assert [ReadStatus().encode(), ReadRate().encode()] == QUERIES[:2]
    assert Resend().encode() == RESEND
    assert [recognise(data) for data in (*QUERIES, RESEND)] == [
        ReadStatus(), ReadRate(), None, None, None, None, Resend()
    ]  # fmt: skip


@pytest.mark.parametrize("data", [*QUERIES, RESEND, *ANSWERS])
def test_a_foreign_frame_decodes_and_encodes_back_to_the_same_bytes(data: bytes) -> None:
    (frame,) = Decoder().feed(data)
    assert isinstance(frame, Frame)
    assert frame.encode() == data


def test_constructed_answers() -> None:
    assert Decoder().feed(b"".join(ANSWERS)) == [Frame("PRIRATE=5.0"), Frame("PRIRATE=12.5"), Frame("ACK")]


def test_every_capture_has_an_origin() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"library", "constructed"}


@given(frames)
@settings(max_examples=100)
def test_round_trip(frame: Frame) -> None:
    assert Decoder().feed(frame.encode()) == [frame]


@pytest.mark.parametrize("ends", [0x5D, 0x5B, 0x0D, 0x0A])
def test_a_checksum_may_hold_brackets_and_line_ends(ends: int) -> None:
    found = [Frame(f"PRIRATE={tenths / 10}") for tenths in range(20_000)]
    frame = next(frame for frame in found if frame.encode()[-1] == ends)
    other = next(frame for frame in found if frame.encode()[-2] == ends)
    assert Decoder().feed(frame.encode() + other.encode() + GOOD) == [frame, other, Frame("PRIRATE=12.5")]


pieces = st.one_of(
    st.sampled_from([GOOD, RESEND, BRACKET_IN_CRC, GOOD[:6], GOOD[:14], GOOD[:6] + GOOD, b"[" * 20, b"[]]]"]),
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"[", b"]", b"\x13\xbc", b"PRIRATE", b"=", b"x" * 70]), max_size=12).map(b"".join),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.data())
@settings(max_examples=150)
def test_any_split_gives_the_same_frames_and_damage(stream: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(stream)))
    whole, split = Decoder(), Decoder()
    once, twice = whole.feed(stream), [*split.feed(stream[:at]), *split.feed(stream[at:])]
    assert [x for x in once if isinstance(x, Frame)] == [x for x in twice if isinstance(x, Frame)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in twice if isinstance(x, Damage))
    assert whole.kept == split.kept <= 66


@given(streams)
@settings(max_examples=150)
def test_after_any_garbage_the_next_good_frame_is_found(garbage: bytes) -> None:
    decoder = Decoder()
    decoder.feed(garbage)
    assert decoder.feed(GOOD + GOOD)[-1] == Frame("PRIRATE=12.5")


@pytest.mark.parametrize("filler", [b"x", b"[", b"[x", b"]", b"[" + b"x" * 2000, b"[]"])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(3):
        decoder.feed(filler * (20_000 // len(filler)))
        assert decoder.kept <= 66
    assert decoder.feed(GOOD)[-1] == Frame("PRIRATE=12.5")


def test_every_single_changed_byte_is_noticed() -> None:
    for position in range(len(GOOD)):
        for value in range(256):
            changed = GOOD[:position] + bytes([value]) + GOOD[position + 1 :]
            if changed != GOOD:
                assert not any(isinstance(found, Frame) for found in Decoder().feed(changed)), changed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "bytes between frames"),
        (GOOD.replace(b"12.5", b"82.5"), "wrong checksum"),
        (b"[PRIRATE=5\r\n]", "no frame of this protocol"),
        (b"[PRIRATE=5.0", None),
        (b"[PRI[", "no frame of this protocol"),
        (b"[" + b"x" * 70, "frame too long"),
        (sealed(b"[PRI\xb5]"), "no frame of this protocol"),
    ],
)
def test_damage_says_why(data: bytes, reason: str | None) -> None:
    found = Decoder().feed(data)
    assert [said.reason for said in found[:1] if isinstance(said, Damage)] == ([reason] if reason else [])


def test_a_good_frame_within_a_broken_one_is_found() -> None:
    assert Decoder().feed(GOOD[:6] + GOOD) == [Damage("no frame of this protocol", 6), Frame("PRIRATE=12.5")]
    assert Decoder().feed(b"[x]" + GOOD) == [Damage("wrong checksum", 3), Frame("PRIRATE=12.5")]
