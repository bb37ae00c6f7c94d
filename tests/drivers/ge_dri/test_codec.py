from itertools import pairwise
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.ge_dri import codec, framing
from drivers.ge_dri.codec import HEADER as HEADER_STRUCT
from drivers.ge_dri.codec import AlarmLine, AlarmStatus, Block, Decoder, Frame, Physiology, Stamp, Wave, Waves
from drivers.ge_dri.framing import LIMIT, checksum, unwrap, wrap
from tests.drivers.ge_dri.records import HEADER, NO_DATA, TRAILER, WAVE_HEAD, WAVE_HEADER, block, real_words, record

GOOD = record(block(0, real_words()), block(1), block(2), block(3), number=0xB1)


def decode(*data: bytes) -> list[Frame | Damage]:
    decoder = Decoder()
    return [frame for piece in data for frame in decoder.feed(piece)]


def payload_of(frame: bytes) -> bytes:
    payload = unwrap(frame[1:-1])
    assert isinstance(payload, bytes)
    return payload


# --- foreign bytes


def test_the_header_of_record_900_is_written_as_the_monitor_wrote_it() -> None:
    assert payload_of(GOOD)[:40] == HEADER
    assert payload_of(GOOD)[40:44] == HEADER[6:10], "a class begins with the record's own time"
    assert payload_of(GOOD)[40 + 274 : 40 + 278] == TRAILER
    assert len(payload_of(GOOD)) == 1152


def test_record_900_is_opened() -> None:
    (frame,) = decode(GOOD)
    assert isinstance(frame, Physiology)
    assert frame.stamp == Stamp(number=0xB1, level=10, plug_id=0, time_s=0x5B631900, subnet=0)
    assert [(b.class_number, b.kind, b.level, b.time_s) for b in frame.blocks] == [
        (number, 1, 10, 0x5B631900) for number in range(4)
    ]
    assert frame.blocks[0].words[:8] == (0x4B, 0, 0x1200, 81, NO_DATA, NO_DATA, NO_DATA, 18)


def test_the_wave_record_is_written_and_opened_as_the_monitor_wrote_it() -> None:
    samples = (21, 24, 27, 28, 29, *range(95))
    said = Waves(Stamp(0x2B, 10, 0, 0x5B63157D), (Wave(8, 0x0632, 0, samples), Wave(32, 0x0632, 0, (0,) * 100)))
    payload = payload_of(said.encode())
    assert payload[:40] == WAVE_HEADER
    assert payload[40 : 40 + len(WAVE_HEAD)] == WAVE_HEAD
    assert len(payload) == 452
    assert decode(said.encode()) == [said]


def test_the_escape_of_the_logs() -> None:
    """Record 900 has the checksum 7E, sent as 7D 5E."""
    payload = bytes([0x7E - 0x7D % 0x7E, 0x7D])
    assert checksum(payload) == 0x7E
    assert wrap(payload) == b"\x7e\x01\x7d\x5d\x7d\x5e\x7e"


def test_escapes_are_undone_in_any_neighbourhood() -> None:
    for payload in (b"\x7d\x5e", b"\x7d\x5d\x5e", b"\x7d\x7d\x7e\x7e", b"\x5e\x7d", b"\x7e\x5d\x7d\x5d"):
        assert unwrap(wrap(payload)[1:-1]) == payload


# --- what is no record


@pytest.mark.parametrize("inside", [b"\x7d", b"\x01\x7d\x11\x02", b"\x7d\x7d\x5e", b"\x01\x01\x7d"])
def test_a_broken_escape_is_damage(inside: bytes) -> None:
    assert unwrap(inside) == framing.ESCAPE


def test_a_lost_zero_byte_passes_the_checksum_and_fails_the_length() -> None:
    payload = payload_of(GOOD)
    place = payload.index(b"\0\0", 40)
    assert decode(wrap(payload[:place] + payload[place + 1 :])) == [Damage(codec.WRONG_LENGTH, len(GOOD) - 1)]
    assert decode(wrap(payload[:place] + b"\0" + payload[place:])) == [Damage(codec.WRONG_LENGTH, len(GOOD) + 1)]


def harmed(place: int, data: bytes, base: bytes = GOOD) -> bytes:
    payload = payload_of(base)
    return wrap(payload[:place] + data + payload[place + len(data) :])


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (wrap(b"short"), codec.WRONG_LENGTH),
        (wrap(bytes(39)), codec.WRONG_LENGTH),
        (harmed(0, b"\x7f\x04"), codec.WRONG_LENGTH),
        (harmed(0, b"\xff\xff"), codec.WRONG_LENGTH),
        (harmed(14, b"\x05\x00"), codec.NOT_ASKED_FOR),
        (harmed(14, b"\x08\x00"), codec.NOT_ASKED_FOR),
        (harmed(14, b"\xff\xff"), codec.NOT_ASKED_FOR),
        (harmed(18, b"\xff"), codec.NO_LIST),
        (harmed(16, b"\xff\xff"), codec.OUTSIDE),
        (harmed(19, b"\x00\x00"), codec.OUTSIDE),
        (harmed(25, b"\x58\x04"), codec.OUTSIDE),
        (harmed(25, b"\x43\x03"), codec.OUTSIDE),
        (harmed(19, b"\x15\x01"), codec.OUTSIDE),
        (harmed(40 + 277, b"\x04"), codec.UNKNOWN_CLASS),
        (harmed(40 + 277, b"\x0f"), codec.UNKNOWN_CLASS),
        (harmed(40 + 277, b"\x01"), codec.REPEATED_CLASS),
    ],
)
def test_a_record_that_fails_one_test_is_dropped_whole(frame: bytes, reason: str) -> None:
    assert decode(GOOD, frame, GOOD)[1:] == [Damage(reason, len(frame)), *decode(GOOD)]


def test_the_class_comes_from_the_trailer_and_not_from_the_position() -> None:
    (frame,) = decode(record(block(3), block(0)))
    assert isinstance(frame, Physiology)
    assert [b.class_number for b in frame.blocks] == [3, 0]


@pytest.mark.parametrize("count", [-1, 101, 513, 32767])
def test_a_count_of_samples_that_does_not_fit_is_damage(count: int) -> None:
    waves = Waves(Stamp(), (Wave(8, 0, 0, (0,) * 100), Wave(9, 0, 0, (0,) * 25))).encode()
    frame = harmed(40, pack("<h", count), waves)
    assert decode(frame) == [Damage(codec.OUTSIDE, len(frame))]


def test_fewer_samples_than_room_are_taken_as_counted() -> None:
    frame = harmed(40, pack("<h", 99), Waves(Stamp(), (Wave(8, 0, 0, tuple(range(100))),)).encode())
    (found,) = decode(frame)
    assert isinstance(found, Waves)
    assert found.waves[0].samples == tuple(range(99))


def test_a_wave_without_a_head_is_damage() -> None:
    head = HEADER_STRUCT.pack(44, 0, 10, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0xFF, *[0] * 12)
    assert decode(wrap(head + bytes(4))) == [Damage(codec.OUTSIDE, 47)]


def test_an_alarm_record_of_another_size_is_not_read_shifted() -> None:
    line = AlarmLine(b"HR HIGH", 2)
    said = AlarmStatus(Stamp(), True, 0, (line,) * 5)
    assert decode(said.encode()) == [said]
    longer = payload_of(said.encode()) + bytes(2)
    frame = wrap(pack("<h", len(longer)) + longer[2:])
    assert decode(frame) == [Damage(codec.OUTSIDE, len(frame))]


def test_our_own_requests_are_no_records() -> None:
    request = wrap(HEADER_STRUCT.pack(49, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, *[0] * 12) + bytes(9))
    assert decode(request) == [Damage(codec.OUTSIDE, len(request))]


# --- framing


def test_two_frames_may_share_a_mark_or_have_one_each() -> None:
    assert decode(GOOD[:-1] + GOOD) == decode(GOOD) * 2
    assert decode(GOOD + b"\x7e\x7e" + GOOD) == decode(GOOD) * 2


def test_what_stood_before_the_first_mark_is_not_counted() -> None:
    for cut in range(2, len(GOOD), 37):
        assert decode(GOOD[cut:] + GOOD) == decode(GOOD), cut


def test_a_frame_that_lost_its_mark_costs_itself_only() -> None:
    assert decode(GOOD + GOOD[1:200] + GOOD + GOOD)[1:] == [Damage(framing.CHECKSUM, 199), *decode(GOOD) * 2]


def test_every_changed_byte_is_noticed() -> None:
    for place in range(1, len(GOOD) - 1, 3):
        changed = bytes([GOOD[place] ^ 0x01])
        frames = decode(GOOD[:place] + changed + GOOD[place + 1 :], GOOD)
        assert not any(isinstance(frame, Physiology) for frame in frames[:-1]), place
        assert frames[-1:] == decode(GOOD)


def test_a_stream_without_marks_is_given_up_as_it_comes() -> None:
    decoder = Decoder()
    given_up = 0
    for fed in range(100, 50_001, 100):
        given_up += sum(frame.size for frame in decoder.feed(b"\x55" * 100) if isinstance(frame, Damage))
        assert fed - given_up <= LIMIT
    assert decoder.feed(GOOD)[-1:] == decode(GOOD)


# --- properties

i16 = st.integers(-32768, 32767)
stamps = st.builds(
    Stamp,
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 255),
)
blocks = st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True).flatmap(
    lambda classes: st.tuples(
        *(
            st.builds(
                Block,
                st.integers(0, 0xFFFFFFFF),
                st.integers(0, 15),
                st.integers(0, 15),
                st.just(number),
                st.lists(i16, min_size=135, max_size=135).map(tuple),
            )
            for number in classes
        )
    )
)
waves = st.lists(
    st.builds(
        Wave, st.integers(0, 254), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.lists(i16, max_size=60).map(tuple)
    ),
    min_size=1,
    max_size=8,
).map(tuple)
lines = st.builds(
    AlarmLine,
    st.binary(max_size=80).map(lambda text: text.partition(b"\0")[0]),
    st.integers(0, 3),
    st.integers(0, 1),
    st.integers(0, 1),
)
frames_ = (
    st.builds(Physiology, stamps, blocks)
    | st.builds(Waves, stamps, waves)
    | st.builds(AlarmStatus, stamps, st.booleans(), st.integers(0, 7), st.tuples(*[lines] * 5))
)
noise = st.binary(max_size=400) | st.sampled_from(
    [GOOD, GOOD[300:], GOOD[:300], b"\x7e", b"\x7d", b"\x7e\x7e", bytes(4000)]
)


@given(st.lists(frames_, max_size=4))
@settings(max_examples=40, deadline=None)
def test_what_is_encoded_is_decoded(said: list[Frame]) -> None:
    assert decode(b"".join(frame.encode() for frame in said)) == said


@given(st.lists(noise, max_size=6), st.lists(st.integers(0, 5000), max_size=8))
@settings(max_examples=100, deadline=None)
def test_any_split_gives_the_same_frames_and_as_many_damaged_bytes(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    split = decode(*(data[a:b] for a, b in pairwise(places)))
    assert summary(split) == summary(decode(data))


@given(st.lists(noise, max_size=6))
@settings(max_examples=100, deadline=None)
def test_after_any_garbage_the_next_good_frame_is_found(pieces: list[bytes]) -> None:
    assert decode(*pieces, GOOD)[-1:] == decode(GOOD)


@given(st.binary(min_size=1, max_size=1500), st.integers(0, 8), st.sampled_from([0, 1, 4]))
@settings(max_examples=100, deadline=None)
def test_a_good_frame_with_any_content_never_raises(body: bytes, count: int, main_type: int) -> None:
    entries = [*[value for place in range(count) for value in (place * 278, 1)], *[0, 0xFF] * 8][:16]
    head = HEADER_STRUCT.pack(40 + len(body), 0, 10, 0, 0, 0, 0, 0, main_type, *entries)
    (found,) = decode(GOOD, wrap(head + body))[1:]
    assert isinstance(found, Damage | Physiology | Waves | AlarmStatus)


def summary(frames: list[Frame | Damage]) -> tuple[list[Frame], int]:
    good = [frame for frame in frames if not isinstance(frame, Damage)]
    return good, sum(frame.size for frame in frames if isinstance(frame, Damage))
