"""Frames: bytes made by hand, round trips, splits, garbage."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.bbraun_dianet.codec import (
    ADDRESSES,
    LAYOUTS,
    Crc,
    Decoder,
    ReadIdent,
    Reply,
    Segment,
    data_of,
    fields,
    recognise,
)
from simulators.bbraun_dianet.commands import CRCS, Command, Ear, frame
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"
REPLIES = {crc: load(CAPTURES / f"replies_{crc.value}.hex").frames for crc in Crc}
IDENT, STATUS, ACTUAL, REFUSED, SET, DOSE, OCCLUDED, STUFFED = REPLIES[Crc.BRAUN]
IDENT_QUESTIONS, OTHER_QUESTIONS = (load(CAPTURES / "questions.hex").frames[n::1][:2] for n in (0, 2))

acks = st.sampled_from(Segment).flatmap(
    lambda segment: st.builds(
        Reply,
        st.sampled_from(sorted(ADDRESSES)),
        st.just(int(segment)),
        st.just(True),
        st.binary(min_size=sum(LAYOUTS[segment].values()), max_size=sum(LAYOUTS[segment].values())),
    )
)
refusals = st.builds(
    Reply, st.sampled_from(sorted(ADDRESSES)), st.integers(0, 255), st.just(False), st.binary(min_size=1, max_size=1)
)
replies = st.one_of(acks, refusals)


def test_the_usual_crc_gives_its_published_check_value() -> None:
    assert Crc.CCITT_FALSE.over(b"123456789") == CRCS["ccitt_false"](b"123456789") == 0x29B1


def test_brauns_register_gives_the_check_value_of_its_augmented_kin() -> None:
    """With two zero bytes behind the data it is CRC-16/SPI-FUJITSU, whose check value is published."""
    assert Crc.BRAUN.over(b"123456789\x00\x00") == CRCS["braun"](b"123456789\x00\x00") == 0xE5CC
    assert Crc.BRAUN.over(b"123456789") == CRCS["braun"](b"123456789") == 0xA69D


@given(st.binary(max_size=80))
@settings(max_examples=100)
def test_driver_and_simulator_compute_the_same(data: bytes) -> None:
    assert {crc.value: crc.over(data) for crc in Crc} == {name: over(data) for name, over in CRCS.items()}


def test_ident_is_all_that_can_be_asked() -> None:
    assert [ReadIdent(crc).encode() for crc in Crc] == IDENT_QUESTIONS
    assert [recognise(data) for data in IDENT_QUESTIONS] == [ReadIdent(crc) for crc in Crc]
    for data in OTHER_QUESTIONS:
        (command,) = Ear().hear(data)
        assert isinstance(command, Command)
        assert (command.address, command.segment, command.is_write) == (0x41, 0x02, False)
        assert recognise(data) is None


@pytest.mark.parametrize("crc", Crc)
def test_what_the_replies_hold(crc: Crc) -> None:
    found = [Decoder([crc]).feed(data) for data in REPLIES[crc]]
    assert found[:4] == [
        [Reply(0, 1, True, bytes.fromhex("0FEC3039 000E 464D20322E3334202020 FFFFFFFF"))],
        [Reply(0x41, 2, True, bytes.fromhex("00 00000000 00000092 0000001E FFFFFFFF FFFF"))],
        [Reply(0x41, 3, True, bytes.fromhex("23 000001DC 0061 FFFF FFFF FFFF 0032 FFFF FFFF FFFF"))],
        [Reply(0x41, 2, False, b"\x08")],
    ]
    assert found[7] == [Reply(0x41, 8, False, b"\x7d")]
    for data, frames in zip(REPLIES[crc], found, strict=True):
        (reply,) = frames
        assert isinstance(reply, Reply)
        assert reply.encode(crc) == data
        assert Decoder().feed(data) == [reply]


def test_with_one_crc_set_the_other_is_damage() -> None:
    for crc in Crc:
        for other in Crc:
            assert isinstance(Decoder([crc]).feed(REPLIES[other][1])[0], Reply) == (crc is other)


def test_every_capture_has_an_origin() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"constructed"}


def test_the_layouts_have_the_sizes_of_the_header() -> None:
    assert {segment.name: sum(layout.values()) for segment, layout in LAYOUTS.items()} == {
        "IDENT": 20, "STATUS": 19, "ISTWERT": 21, "SOLLWERT": 39, "PROPOSAL": 24, "LIMITS": 49, "DOSIS": 21,
        "HISTORY": 62, "RELOAD": 9,
    }  # fmt: skip


@given(replies, st.sampled_from(Crc))
@settings(max_examples=200)
def test_round_trip(reply: Reply, crc: Crc) -> None:
    assert Decoder().feed(reply.encode(crc)) == [reply]
    assert not {0x80, 0x7E} & set(reply.encode(crc)[1:-1])


@given(acks)
@settings(max_examples=100)
def test_fields_round_trip(reply: Reply) -> None:
    assert data_of(Segment(reply.segment), fields(Segment(reply.segment), reply.data)) == reply.data


def test_what_is_not_given_is_not_there() -> None:
    assert data_of(Segment.STATUS, {"rate": 1}) == b"\xff" * 9 + b"\x00\x00\x00\x01" + b"\xff" * 6


pieces = st.one_of(
    st.sampled_from([STATUS, IDENT, STATUS[:9], STATUS[:5] + STATUS, STUFFED, b"~", b"~~", b"~A\x02~", b"}", b"\x80"]),
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"~", b"}", b"\x80", b"}\x5e", b"A", b"\x06", b"\x00" * 70]), max_size=12).map(b"".join),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.data())
@settings(max_examples=200)
def test_any_split_gives_the_same_replies_and_damage(stream: bytes, drawn: st.DataObject) -> None:
    at = drawn.draw(st.integers(0, len(stream)))
    whole, split = Decoder(), Decoder()
    once, twice = whole.feed(stream), [*split.feed(stream[:at]), *split.feed(stream[at:])]
    assert [x for x in once if isinstance(x, Reply)] == [x for x in twice if isinstance(x, Reply)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in twice if isinstance(x, Damage))
    assert whole.kept == split.kept < 136


@given(streams)
@settings(max_examples=100)
def test_after_any_garbage_the_next_good_frame_is_found(garbage: bytes) -> None:
    decoder = Decoder()
    decoder.feed(garbage)
    assert decoder.feed(STATUS)[-1] == Decoder().feed(STATUS)[0]


@pytest.mark.parametrize("filler", [b"x", b"~", b"~A", b"}", b"~" + b"A" * 2000, b"\x80"])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(3):
        decoder.feed(filler * (20_000 // len(filler)))
        assert decoder.kept < 136
    assert decoder.feed(STATUS)[-1] == Decoder().feed(STATUS)[0]


@pytest.mark.parametrize("crc", Crc)
def test_every_single_changed_byte_is_noticed(crc: Crc) -> None:
    for good in REPLIES[crc][:3]:
        for position in range(len(good)):
            for value in set(range(256)) - {good[position]}:
                changed = good[:position] + bytes([value]) + good[position + 1 :]
                assert not any(isinstance(found, Reply) for found in Decoder([crc]).feed(changed)), changed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "bytes between frames"),
        (STATUS.replace(b"\x1e", b"\x1f"), "wrong CRC"),
        (STATUS[:10] + STATUS, "wrong CRC"),
        (b"~" * 2, "empty frame"),
        (b"~A}x\x06~", "wrong stuffing"),
        (b"~A\x80\x06~", "wrong stuffing"),
        (b"~" + b"A" * 200, "frame too long"),
        (frame(0x41, 0x02), "no reply"),
        (frame(0x31, 0x02, b"\x15\x08"), "no reply"),
        (frame(0x41, 0x02, b"\x06\x00"), "wrong length"),
        (frame(0x41, 0x02, b"\x15"), "wrong length"),
        (frame(0x41, 0x10, b"\x06\x00"), "wrong length"),
        (frame(0x41, 0x0A, b"\x06\x00\x00"), "segment not known"),
    ],
)
def test_damage_says_why(data: bytes, reason: str) -> None:
    first = Decoder().feed(data)[0]
    assert isinstance(first, Damage)
    assert first.reason == reason


def test_a_reply_within_a_broken_frame_is_found() -> None:
    assert Decoder().feed(STATUS[:10] + STATUS)[1] == Decoder().feed(STATUS)[0]


def test_frames_may_share_a_flag_after_a_broken_one() -> None:
    assert Decoder().feed(b"~xyz" + STATUS)[-1] == Decoder().feed(STATUS)[0]
