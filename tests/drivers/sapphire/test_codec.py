"""Messages: bytes made by hand, round trips, splits, garbage."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.sapphire.codec import NO_MESSAGE, NONE_RIGHT, WRONG_CHECKSUM, Decoder, Message, ThisIsPc, checksum
from simulators.sapphire.commands import message, total
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"


def frames(name: str) -> list[bytes]:
    return load(CAPTURES / name).frames


RUNNING, RESTING, TRICKY, SHORT = BATCHES = frames("02_batches.hex")
GOOD = Message(1, 7, b"\xbb\x67\x00\x65").encode()

messages = st.builds(Message, st.integers(0, 27), st.integers(0, 255), st.binary(max_size=300))


def test_the_checksum_is_the_low_byte_of_the_sum() -> None:
    assert checksum(bytes.fromhex("65 00 67 03 00 01 00 16")) == 0xE6
    assert checksum(b"123456789") == total(b"123456789") == 0xDD


def test_this_is_pc_as_described() -> None:
    assert [ThisIsPc(number).encode() for number in (0, 1)] == frames("01_this_is_pc.hex")
    assert ThisIsPc(0).encode() == message(101, 3, 0, b"\x16")


def test_batches_as_described() -> None:
    found = [message for data in BATCHES for message in Decoder().feed(data)]
    assert [(m.kind, m.number, len(m.data)) for m in found if isinstance(m, Message)] == [
        (1, 0, 171), (1, 1, 171), (1, 0xBB, 200), (1, 3, 170)
    ]  # fmt: skip
    (running,) = Decoder().feed(RUNNING)
    assert isinstance(running, Message)
    assert running.data[47:49] == bytes.fromhex("32 00")
    assert running.data[167:171] == bytes.fromhex("39 30 00 00")


@pytest.mark.parametrize("data", BATCHES)
def test_a_batch_encodes_back_to_the_same_bytes(data: bytes) -> None:
    (found,) = Decoder().feed(data)
    assert isinstance(found, Message)
    assert found.encode() == data


def test_every_capture_has_an_origin() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"constructed"}


@given(messages)
@settings(max_examples=100)
def test_round_trip(message: Message) -> None:
    assert Decoder().feed(message.encode()) == [message]


pieces = st.one_of(
    st.sampled_from(
        [*BATCHES, GOOD, RUNNING[:40], RUNNING[:-1] + b"\x00", b"\xbb" * 5, b"\xbb\x67\x00\x65\x01\x00\x20"]
    ),
    messages.map(Message.encode),
    st.binary(max_size=40),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.lists(st.integers(0, 1500), max_size=4))
@settings(max_examples=150)
def test_any_split_gives_the_same_messages_and_damage(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    whole, split = Decoder(), Decoder()
    once = whole.feed(stream)
    twice = [found for a, b in pairwise(places) for found in split.feed(stream[a:b])]
    assert [x for x in once if isinstance(x, Message)] == [x for x in twice if isinstance(x, Message)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in twice if isinstance(x, Damage))
    assert whole.kept == split.kept < 1033


@given(streams)
@settings(max_examples=150)
def test_after_any_garbage_the_next_good_message_is_found(garbage: bytes) -> None:
    """Behind a false size the next messages must come first, or the silence that ends a wait."""
    decoder, other = Decoder(), Decoder()
    decoder.feed(garbage)
    assert Message(1, 7, b"\xbb\x67\x00\x65") in decoder.feed(GOOD * 90)
    other.feed(garbage + GOOD)
    other.give_up()
    assert other.kept == 0
    assert other.feed(GOOD) == [Message(1, 7, b"\xbb\x67\x00\x65")]


@pytest.mark.parametrize(
    "filler", [b"x", b"\xbb", b"\xbb\x67\x00\x65\x01\x04\x00\x00", b"\xbb\x67\x00\x65\x01\xff\xff"]
)
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(3):
        decoder.feed(filler * (20_000 // len(filler)))
        assert decoder.kept < 1033
    decoder.give_up()
    assert decoder.feed(GOOD)[-1] == Message(1, 7, b"\xbb\x67\x00\x65")


def test_every_single_changed_byte_is_noticed() -> None:
    for position in range(len(GOOD)):
        for value in range(256):
            changed = GOOD[:position] + bytes([value]) + GOOD[position + 1 :]
            if changed != GOOD:
                decoder = Decoder()
                assert not any(isinstance(x, Message) for x in (*decoder.feed(changed), *decoder.give_up())), changed


def test_two_changed_bytes_may_hide_each_other() -> None:
    """The limit of a sum, so that nobody forgets it."""
    swapped = bytearray(RUNNING)
    swapped[8 + 47], swapped[8 + 48] = swapped[8 + 48], swapped[8 + 47]
    assert len(Decoder().feed(bytes(swapped))) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"\xbb\x65\x00\x67\x03\x00\x01\x00\x16\xe6",  # what a PC says
        b"\xbb\x67\x01\x65\x01\x00\x00\x00",
        b"\xbb\x67\x00\x64\x01\x00\x00\x00",
        b"\xbb\x67\x00\x65\x1c\x00\x00\x00",
        b"\xbb\x67\x00\x65\x01\x04\x01\x00",  # 1025 bytes
    ],
)
def test_what_has_no_header_is_no_message(data: bytes) -> None:
    assert Decoder().feed(data) == [Damage(NO_MESSAGE, len(data))]


def test_if_every_checksum_is_wrong_the_damage_says_so() -> None:
    """The receiving direction's checksum is UNVERIFIED."""
    wrong = Message(1, 0, bytes(171)).encode()[:-1] + b"\x00"
    decoder = Decoder()
    reasons = {found.reason for _ in range(5) for found in decoder.feed(wrong) if isinstance(found, Damage)}
    assert reasons == {NONE_RIGHT, NO_MESSAGE}
    decoder.feed(GOOD)
    reasons = {found.reason for _ in range(5) for found in decoder.feed(wrong) if isinstance(found, Damage)}
    assert reasons == {WRONG_CHECKSUM, NO_MESSAGE}


def test_a_good_message_within_a_false_one_is_found() -> None:
    false = b"\xbb\x67\x00\x65\x01\x00\x20\x00"
    decoder = Decoder()
    assert decoder.feed(false + GOOD) == []
    found = decoder.give_up()
    assert [x for x in found if isinstance(x, Message)] == [Message(1, 7, b"\xbb\x67\x00\x65")]
    assert sum(x.size for x in found if isinstance(x, Damage)) == len(false)
