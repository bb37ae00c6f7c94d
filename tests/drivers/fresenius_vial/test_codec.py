"""Frames of the Fresenius Vial protocol: made examples, round trips, splits, garbage."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.fresenius_vial.codec import (
    ADDRESSES,
    Answer,
    CloseSession,
    Decoder,
    Enquiry,
    Fault,
    Frame,
    Kind,
    Letters,
    OpenSession,
    ReadDrug,
    ReadVariables,
    Receipt,
    Taken,
    checksum,
)
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"
RATES, REFUSED, SPONTANEOUS = load(CAPTURES / "answers.hex").frames

texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7D), max_size=70)
answers = st.builds(Answer, st.sampled_from(ADDRESSES), st.sampled_from(Kind), st.none() | texts)
signs = st.one_of(st.just(Enquiry()), st.just(Taken()), st.builds(Fault, st.sampled_from(list("1245678"))))
frames: st.SearchStrategy[Frame] = st.one_of(answers, signs)


def decode(data: bytes) -> list[Frame | Damage]:
    return Decoder().feed(data)


def framed(text: bytes) -> bytes:
    """Wrap anything by the rule, in code that is not the codec's."""
    return b"\x02" + text + f"{(~sum(text)) & 255:02X}".encode() + b"\x03"


def test_the_checksum_of_the_worked_example() -> None:
    assert checksum(b"1LE;dr") == b"2C"


def test_requests_are_as_made_by_hand() -> None:
    assert [
        OpenSession("").encode(),
        OpenSession("0").encode(),
        OpenSession("1").encode(),
        ReadVariables("0", Letters.MODULES).encode(),
        ReadDrug("1").encode(),
        ReadVariables("1", Letters.RATES).encode(),
        CloseSession("1").encode(),
        Receipt("1", Kind.VARIABLE).encode(),
    ] == load(CAPTURES / "requests.hex").frames


def test_answers_are_as_made_by_hand() -> None:
    said = [decode(data) for data in (RATES, REFUSED, SPONTANEOUS)]
    assert said == [
        [Answer("1", Kind.DONE, "d0023;r0000BC14")],
        [Answer("1", Kind.REFUSED, "02")],
        [Answer("1", Kind.VARIABLE, "d0023")],
    ]
    assert [frame.encode() for (frame,) in said if isinstance(frame, Answer)] == [RATES, REFUSED, SPONTANEOUS]


def test_every_capture_says_that_it_was_made() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"constructed"}


def test_an_answer_without_data_and_one_of_a_pump_alone() -> None:
    assert decode(framed(b"1C") + framed(b"C;x;y")) == [Answer("1", Kind.DONE), Answer("", Kind.DONE, "x;y")]


@given(st.lists(frames, max_size=6))
@settings(max_examples=100)
def test_round_trip(said: list[Frame]) -> None:
    assert decode(b"".join(frame.encode() for frame in said)) == said


pieces = st.one_of(
    frames.map(lambda frame: frame.encode()),
    st.binary(max_size=30),
    st.sampled_from([b"\x02", b"\x15", b"\x02" + b"x" * 100, RATES[:9], RATES.replace(b"d", b"e"), b"\x03"]),
)
streams = st.lists(pieces, max_size=8).map(b"".join)


@given(streams, st.data())
@settings(max_examples=100)
def test_any_split_gives_the_same_frames_and_damage(stream: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(stream)))
    decoder = Decoder()
    once, twice = decode(stream), [*decoder.feed(stream[:at]), *decoder.feed(stream[at:])]
    assert [x for x in once if not isinstance(x, Damage)] == [x for x in twice if not isinstance(x, Damage)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in twice if isinstance(x, Damage))


@given(streams)
@settings(max_examples=100)
def test_after_any_garbage_the_next_good_frame_is_found(garbage: bytes) -> None:
    decoder = Decoder()
    decoder.feed(garbage)
    assert decoder.feed(RATES)[-1] == Answer("1", Kind.DONE, "d0023;r0000BC14")


@pytest.mark.parametrize("filler", [b"x", b"\x02", b"\x02" + b"x" * 500, b"\x15", b"\xff"])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(5):
        decoder.feed(filler * (20_000 // len(filler)))
        assert len(decoder._scanner.rest) < 85
    assert decoder.feed(RATES)[-1] == decode(RATES)[0]


def test_every_single_changed_byte_is_noticed() -> None:
    for position in range(len(RATES)):
        for value in range(256):
            changed = RATES[:position] + bytes([value]) + RATES[position + 1 :]
            if changed != RATES:
                assert not any(isinstance(found, Answer) for found in decode(changed)), changed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "bytes between frames"),
        (RATES[:5] + b"\x05", "frame cut short"),
        (RATES[:5] + b"\xc1\x03", "frame cut short"),
        (RATES.replace(b"D0", b"D1"), "wrong checksum"),
        (b"\x02\x03", "wrong checksum"),
        (framed(b"7C"), "no answer"),
        (framed(b"1LE;dr"), "no answer"),
        (b"\x15x", "NAK without its error"),
        (b"\x02" + b"x" * 90, "frame too long"),
    ],
)
def test_damage_says_why(data: bytes, reason: str) -> None:
    decoder = Decoder()
    decoder.feed(RATES)  # after the first frame nothing is pardoned
    found = decoder.feed(data)[0]
    assert isinstance(found, Damage)
    assert found.reason == reason


def test_nak_and_its_error_may_come_apart() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x15") == []
    assert decoder.feed(b"2\x05") == [Fault("2"), Enquiry()]
