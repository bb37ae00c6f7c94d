"""Frames: foreign bytes, round trips, splits, garbage."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.new_era.codec import Answer, Decoder, checksum, safe
from simulators.new_era.commands import crc
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"


def frames(name: str) -> list[bytes]:
    return load(CAPTURES / name).frames


LIBRARY, RESTING = frames("01_library_answers.hex"), frames("02_library_resting.hex")
BY_HAND = frames("04_by_hand.hex")
STOPPED, RUNNING, STALLED, VOLUME, DISPENSED, DIAMETER, PHASE, VERSION, DIRECTION, SAFE = BY_HAND

LETTERS = ("I", "W", "S", "P", "T", "U", "X", "A?R", "A?S", "A?T", "A?E", "A?O", "A?Z")
texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
answers = st.builds(
    Answer, st.from_regex(r"[0-9]{2}", fullmatch=True), st.sampled_from(LETTERS), texts, st.booleans()
)  # fmt: skip


def test_the_checksum_is_xmodem() -> None:
    assert checksum(b"123456789") == crc(b"123456789") == 0x31C3


@pytest.mark.parametrize(
    ("text", "digits"),
    [("SAF0", "5543"), ("RAT", "1422"), ("VOL", "78D4"), ("DIS", "1CAF"), ("VER", "64E0"), ("DIA", "2EDC")],
)
def test_checksums_of_safe_mode(text: str, digits: str) -> None:
    assert f"{checksum(text.encode()):04X}" == f"{crc(text.encode()):04X}" == digits


def test_the_manuals_packet_of_safe_mode() -> None:
    assert [safe(b"SAF0")] == frames("03_manual_safe_mode.hex") == [bytes.fromhex("02 08 53 41 46 30 55 43 03")]


def test_what_other_programs_read() -> None:
    assert [found for data in (*LIBRARY, *RESTING) for found in Decoder().feed(data)] == [
        Answer("00", "A?S"),
        Answer("00", "P", "0.21MM"),
        Answer("00", "S"),
        Answer("00", "P", "?"),
        Answer("00", "P", "?COM"),
        Answer("00", "I", "WDR"),
        Answer("00", "S", "0.000ML"),
        Answer("00", "S", "I0.000W0.000ML"),
    ]


def test_what_the_manual_describes() -> None:
    assert [found for data in BY_HAND for found in Decoder().feed(data)] == [
        Answer("00", "S"),
        Answer("00", "I", "5.00MH"),
        Answer("00", "A?S"),
        Answer("00", "I", "5.000ML"),
        Answer("00", "I", "I0.000W0.000ML"),
        Answer("00", "S", "26.59"),
        Answer("00", "S", "1"),
        Answer("00", "S", "NE1000V3.928"),
        Answer("00", "S", "INF"),
        Answer("00", "I", "5.00MH", is_safe=True),
    ]


@pytest.mark.parametrize("data", [*LIBRARY, *RESTING, *BY_HAND])
def test_a_foreign_frame_encodes_back_to_the_same_bytes(data: bytes) -> None:
    (answer,) = Decoder().feed(data)
    assert isinstance(answer, Answer)
    assert answer.encode() == data


def test_every_capture_has_an_origin() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"library", "printed", "constructed"}


@given(answers)
@settings(max_examples=100)
def test_round_trip(answer: Answer) -> None:
    assert Decoder().feed(answer.encode()) == [answer]


pieces = st.one_of(
    st.sampled_from(
        [*LIBRARY, *BY_HAND, RUNNING[:4], SAFE[:6], b"\x02" * 9, b"\x02\x2c", b"\x02\x07", SAFE[:-1] + b"x"]
    ),
    answers.map(Answer.encode),
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"\x02", b"\x03", b"00", b"S", b"\r", b"x" * 50]), max_size=12).map(b"".join),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.lists(st.integers(0, 300), max_size=4))
@settings(max_examples=150)
def test_any_split_gives_the_same_frames_and_damage(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    whole, split = Decoder(), Decoder()
    once = whole.feed(stream)
    parts = [stream[a:b] for a, b in pairwise(places)]
    twice = [found for part in parts for found in split.feed(part)]
    assert [x for x in once if isinstance(x, Answer)] == [x for x in twice if isinstance(x, Answer)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in twice if isinstance(x, Damage))
    assert whole.kept == split.kept < 45


@given(streams)
@settings(max_examples=150)
def test_after_any_garbage_the_next_good_frame_is_found(garbage: bytes) -> None:
    """Behind a false length the next frames must come first, or the silence that ends a wait."""
    decoder, other = Decoder(), Decoder()
    decoder.feed(garbage)
    assert decoder.feed(RUNNING * 8)[-1] == Answer("00", "I", "5.00MH")
    other.feed(garbage)
    other.give_up()
    assert other.feed(RUNNING) == [Answer("00", "I", "5.00MH")]


@pytest.mark.parametrize("filler", [b"x", b"\x02", b"\x02\x2c", b"\x02" + b"0" * 3000, b"\x03", b"\x020"])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(3):
        decoder.feed(filler * (20_000 // len(filler)))
        assert decoder.kept < 45
    assert decoder.feed(RUNNING * 8)[-1] == Answer("00", "I", "5.00MH")


def test_every_single_changed_byte_of_safe_mode_is_noticed() -> None:
    for position in range(len(SAFE)):
        for value in range(256):
            changed = SAFE[:position] + bytes([value]) + SAFE[position + 1 :]
            if changed != SAFE:
                assert not any(isinstance(found, Answer) for found in Decoder().feed(changed)), changed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "bytes between frames"),
        (RUNNING[:5] + STOPPED, "frame cut short"),
        (b"\x0200S5.0\xb0MH\x03", "frame cut short"),
        (b"\x0200" + b"x" * 60, "frame too long"),
        (b"\x0200Z\x03", "no answer of this protocol"),
        (b"\x0200A\x03", "no answer of this protocol"),
        (b"\x020S\x03", "no answer of this protocol"),
        (b"\x0200s\x03", "no answer of this protocol"),
        (b"\x02\x03", "no answer of this protocol"),
        (safe(b"SAF0"), "no answer of this protocol"),
        (SAFE[:-2] + b"\x00\x03", "wrong checksum"),
        (SAFE[:-1] + b"\x04", "wrong checksum"),
    ],
)
def test_damage_says_why(data: bytes, reason: str) -> None:
    first = Decoder().feed(data)[0]
    assert isinstance(first, Damage)
    assert first.reason == reason


def test_a_good_frame_within_a_broken_one_is_found() -> None:
    assert Decoder().feed(RUNNING[:5] + STALLED) == [Damage("frame cut short", 5), Answer("00", "A?S")]


def test_what_waits_too_long_is_damage() -> None:
    decoder = Decoder()
    assert decoder.give_up() == []
    assert decoder.feed(RUNNING[:5]) == []
    assert decoder.give_up() == [Damage("frame cut short", 5)]
    assert (decoder.give_up(), decoder.kept) == ([], 0)
