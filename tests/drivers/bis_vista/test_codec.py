"""Frames of the BIS Vista: foreign bytes, round trips, splits, garbage."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.bis_vista.codec import (
    ACK,
    MAX_PACKET,
    NAK,
    Control,
    Decoder,
    Frame,
    Other,
    Processed,
    RawEeg,
    StartProcessed,
    StartRawEeg,
    StopProcessed,
    StopRawEeg,
    Trend,
    recognise,
)
from tests.captures import load

CAPTURES = Path(__file__).parent / "captures"
(ANSWER,) = load(CAPTURES / "05_processed.hex").frames

i16 = st.integers(-0x8000, 0x7FFF)
i32 = st.integers(-0x80000000, 0x7FFFFFFF)
u16 = st.integers(0, 0xFFFF)
forms = st.sampled_from([0, 12])
processed = forms.flatmap(
    lambda more: st.builds(
        Processed,
        st.tuples(*[st.builds(Trend, *[i16] * 8, i32, i32, st.binary(min_size=more, max_size=more)) for _ in range(3)]),
        st.binary(min_size=48, max_size=48),
        st.sampled_from([b"", bytes(244), b"\xba\xab" * 122]),
    )
)
eeg = st.integers(1, 4).flatmap(
    lambda channels: st.builds(
        RawEeg,
        st.integers(1, 1024),
        st.integers(1, 40).flatmap(
            lambda n: st.tuples(*[st.lists(i16, min_size=n, max_size=n).map(tuple) for _ in range(channels)])
        ),
    )
)
frames: st.SearchStrategy[Frame] = st.one_of(
    processed,
    eeg,
    st.builds(Control, st.sampled_from([ACK, NAK]), st.binary(max_size=12)),
    st.builds(Other, st.sampled_from([0x33, 0x36, 0x73, 0x99]), st.binary(max_size=100)),
)


def decode(*pieces: bytes) -> list[Frame | Damage]:
    decoder = Decoder()
    return [found for piece in pieces for found in decoder.feed(piece)]


def framed(packet: bytes, kind: int = 1) -> bytes:
    """Frame a packet by the rule, in code that is not the codec's."""
    body = bytes([0, 0, len(packet) % 256, len(packet) // 256, kind, 0]) + packet
    total = sum(body) % 65536
    return b"\xba\xab" + body + bytes([total % 256, total // 256])


def message(number: int, data: bytes, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return framed(bytes([4, 0, 0, 0, number, 0, 0, 0, 0, 0, size % 256, size // 256]) + data)


def test_starts_are_the_bytes_of_a_public_program() -> None:
    processed_, raw = load(CAPTURES / "01_requests.hex").frames
    assert StartProcessed().encode() == processed_
    assert StartRawEeg().encode() == raw
    assert processed_ == message(0x73, b"\x00")


def test_stops_are_completed_to_their_own_length() -> None:
    processed_, raw = load(CAPTURES / "02_stops.hex").frames
    assert StopProcessed().encode() == processed_
    assert StopRawEeg().encode() == raw
    assert processed_ == message(0x74, b"")


def test_another_program_sends_whole_stops_too() -> None:
    stop, stop_raw, spectra = load(CAPTURES / "03_other_program.hex").frames
    assert decode(stop, stop_raw, spectra) == [Other(0x74, b""), Other(0x70, b""), Other(0x73, b"\x01")]
    assert [recognise(data) for data in (stop, stop_raw, spectra)] == [None] * 3
    for data, ours in ((stop, StopProcessed()), (stop_raw, StopRawEeg())):
        assert len(data) == len(ours.encode())
        assert data[6:16] == ours.encode()[6:16]


def test_the_short_stops_of_the_first_program_are_not_ours() -> None:
    for data in load(CAPTURES / "04_short_stops.hex").frames:
        assert recognise(data) is None
        assert len(data) == 21


def test_what_the_constructed_answer_says() -> None:
    (frame,) = decode(ANSWER)
    assert isinstance(frame, Processed)
    first, second, combined = frame.trends
    assert first == Trend(125, 2250, 0, 412, 0, 0, 6200, 3810, 870, 0)
    assert (second.bis, second.sqi) == (-32768, -327680)
    assert (combined.bis, combined.sqi) == (408, 900)
    assert frame.encode(sequence=7) == ANSWER


@pytest.mark.parametrize(("size", "number"), [(120, 0x34), (156, 0x34), (364, 0x35), (400, 0x35)])
def test_the_four_documented_sizes_are_read(size: int, number: int) -> None:
    (frame,) = decode(message(number, bytes(size)))
    assert isinstance(frame, Processed)
    assert frame.encode() == message(number, bytes(size))


@given(frames)
@settings(max_examples=100)
def test_round_trip(frame: Frame) -> None:
    assert decode(frame.encode(sequence=5)) == [frame]


pieces = st.one_of(
    st.sampled_from([ANSWER, ANSWER[:30], ANSWER[:9], b"\xba", b"\xab", b"\xba\xab", b"\xba\xba\xab"]),
    st.binary(max_size=40),
    frames.map(lambda frame: frame.encode()),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.data())
@settings(max_examples=100)
def test_any_split_gives_the_same_frames_and_damage(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    once = decode(stream)
    often = decode(*(stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])))
    assert [x for x in once if not isinstance(x, Damage)] == [x for x in often if not isinstance(x, Damage)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in often if isinstance(x, Damage))


@given(streams, frames)
@settings(max_examples=100)
def test_after_any_garbage_a_good_frame_is_found(garbage: bytes, frame: Frame) -> None:
    """A false length may hold back what follows it, up to its own size; nothing of that is lost."""
    filler = bytes(MAX_PACKET + 10)
    assert decode(garbage, frame.encode(), filler).count(frame) >= 1


@given(streams)
@settings(max_examples=100)
def test_no_byte_is_lost_uncounted(stream: bytes) -> None:
    decoder = Decoder()
    found = decoder.feed(stream)
    sizes = sum(x.size if isinstance(x, Damage) else len(x.encode()) for x in found)
    assert sizes + decoder.pending == len(stream)


@pytest.mark.parametrize("filler", [b"x", b"\xba", b"\xba\xab", b"\xba\xab\x00\x00\xff\x07\x01\x00", ANSWER[:50]])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(1000):
        decoder.feed(filler)
        assert decoder.pending <= MAX_PACKET + 10


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "bytes between frames"),
        (b"\xba\xab\x00\x00\x0c\x00\x04\x00", "no frame header"),
        (b"\xba\xab\x00\x00\x01\x08\x01\x00", "no frame header"),
        (ANSWER[:-1] + b"\xee", "wrong checksum"),
        (framed(b"\x04\x00"), "packet length does not fit"),
        (message(0x34, bytes(120), 119), "packet length does not fit"),
        (message(0x34, bytes(119)), "message of unknown form"),
        (message(0x35, bytes(120)), "message of unknown form"),
        (message(0x35, bytes(532)), "message of unknown form"),
        (message(0x34, b""), "message of unknown form"),
        (message(0x32, b""), "message of unknown form"),
        (message(0x32, b"\x02\x00\x80\x00\x01\x00"), "message of unknown form"),
        (message(0x32, b"\x00\x00\x80\x00\x01\x00"), "message of unknown form"),
        (message(0x32, b"\x01\x00\x00\x00\x01\x00"), "message of unknown form"),
        (message(0x32, b"\x01\x00\x80\x00\x01"), "message of unknown form"),
    ],
)
def test_damage_says_why(data: bytes, reason: str) -> None:
    found = decode(data)[0]
    assert isinstance(found, Damage)
    assert found.reason == reason


def test_the_start_mark_may_stand_in_data() -> None:
    frame = Other(0x99, b"\xba\xab\x00\x00\x0c\x00\x01\x00")
    assert decode(frame.encode() * 2) == [frame, frame]


def test_every_single_changed_byte_is_noticed() -> None:
    for place in range(len(ANSWER)):
        for value in range(0, 256, 5):
            changed = ANSWER[:place] + bytes([value]) + ANSWER[place + 1 :]
            if changed != ANSWER and place not in (2, 3):
                assert not any(isinstance(x, Processed) for x in decode(changed)), place
