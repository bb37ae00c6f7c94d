from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.contec_cms50.codec import (
    CUT_SHORT,
    NO_PACKET,
    TOO_LONG,
    Decoder,
    Frame,
    KeepAlive,
    OldPacket,
    Other,
    Protocol,
    Realtime,
    StartRealtime,
    StopRealtime,
    pack,
)
from tests.captures import load_all

CAPTURES = {capture.path.stem: capture.frames for capture in load_all(Path(__file__).parent / "captures")}
LOG = CAPTURES["01_cms50e_log"]
PROTOCOLS: tuple[Protocol, ...] = ("v7", "old")
GOOD: dict[Protocol, Frame] = {"v7": Realtime(4, 53, 6, 72, 97, 325), "old": OldPacket(4, 53, 6, 72, 97)}
LENGTHS = {
    **dict.fromkeys((0x01, 0x04, 0x05, 0x11, 0x15), 9),
    **dict.fromkeys((0x07, 0x08, 0x0F, 0x12), 8),
    0x09: 6,
    0x0A: 4,
    0x0B: 4,
    0x0C: 2,
    0x0D: 3,
    0x0E: 3,
    0x10: 3,
}


def decode(protocol: Protocol, *data: bytes) -> list[Frame | Damage]:
    decoder = Decoder(protocol)
    return [*(frame for piece in data for frame in decoder.feed(piece)), *decoder.settle()]


def frames(protocol: Protocol) -> st.SearchStrategy[Frame]:
    byte = st.integers(0, 255)
    if protocol == "v7":
        return st.builds(Realtime, byte, byte, byte, byte, byte, st.integers(0, 0xFFFF))
    seven = st.integers(0, 127)
    return st.builds(OldPacket, seven, seven, st.integers(0, 63), byte, seven)


def noise(protocol: Protocol) -> st.SearchStrategy[bytes]:
    good = GOOD[protocol].encode()
    return st.binary(max_size=120) | st.sampled_from([good, good[:-1], good[1:], LOG[0], b"\x01", b"\x80", b"\xff" * 9])


def test_the_log_of_a_cms50e_is_read_and_said_again_to_the_byte() -> None:
    found = decode("v7", b"".join(LOG))
    assert [frame.encode() for frame in found if isinstance(frame, Realtime)] == LOG
    assert found[0] == Realtime(status=4, wave=19, bar=0x12, pulse=60, spo2=99, pi=0xFFFF)
    assert [frame.wave for frame in found[5:9] if isinstance(frame, Realtime)] == [0x28, 0x3E, 0x46, 0x48]
    assert [frame.status for frame in found[9:13] if isinstance(frame, Realtime)] == [4, 0x44, 0x44, 4]


def test_packets_by_hand() -> None:
    expected = [Realtime(4, 53, 6, 72, 97, 325), Realtime(0x80, 0x40, 0x10, 0xFF, 0x7F, 0xFFFF)]
    assert decode("v7", b"".join(CAPTURES["02_v7_by_hand"])) == expected
    assert [frame.encode() for frame in expected] == CAPTURES["02_v7_by_hand"]
    assert decode("old", CAPTURES["03_old_by_hand"][0]) == [GOOD["old"]]
    assert GOOD["old"].encode() == CAPTURES["03_old_by_hand"][0]


def test_requests_as_another_program_sends_them() -> None:
    said = [StartRealtime().encode(), KeepAlive().encode(), StopRealtime().encode()]
    assert said == CAPTURES["04_requests"]


def test_each_high_bit_belongs_to_the_byte_of_its_number() -> None:
    for place in range(7):
        data = bytes(0x80 if i == place else 0 for i in range(7))
        assert pack(0x01, data)[1] == 0x80 | 1 << place
        assert pack(0x01, data)[2:] == b"\x80" * 7
    numbers = Realtime(0x80, 0, 0, 0, 0, 0), Realtime(0, 0x80, 0, 0, 0, 0), Realtime(0, 0, 0, 0, 0, 0x8000)
    assert [frame.encode()[1] for frame in numbers] == [0x81, 0x82, 0xC0]


def test_the_old_pulse_has_its_eighth_bit_in_another_byte() -> None:
    assert decode("old", bytes.fromhex("84 35 46 48 61")) == [OldPacket(4, 53, 6, 200, 97)]
    assert OldPacket(4, 53, 6, 200, 97).encode() == bytes.fromhex("84 35 46 48 61")


@pytest.mark.parametrize(("kind", "size"), LENGTHS.items())
def test_each_type_has_its_length(kind: int, size: int) -> None:
    good = GOOD["v7"].encode()
    packet = bytes((kind, *[0x85] * (size - 1)))
    assert len(packet) == size
    found = decode("v7", good + packet + good)
    assert len(found) == 3
    assert decode("v7", good + packet[:-1] + good)[1] == Damage(CUT_SHORT, size - 1)
    assert decode("v7", good + packet + b"\x85" + good)[1] == Damage(TOO_LONG, size + 1)


def test_a_notice_keeps_its_reason_and_other_packets_keep_nothing() -> None:
    assert decode("v7", bytes.fromhex("0D 80 81")) == [Other(0x0D, 1)]
    assert Other(0x0D, 1).encode() == bytes.fromhex("0D 80 81")
    assert decode("v7", pack(0x05, b"\x01JaneDoe"[:7])) == [Other(0x05)]


@pytest.mark.parametrize("kind", sorted(set(range(0x80)) - LENGTHS.keys()))
def test_an_unknown_type_is_skipped(kind: int) -> None:
    good = GOOD["v7"].encode()
    strange = bytes((kind, 0x80, 0x81, 0x82))
    assert decode("v7", good + strange + good) == [GOOD["v7"], Damage(NO_PACKET, 4), GOOD["v7"]]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_who_comes_in_the_middle_hears_of_no_damage(protocol: Protocol) -> None:
    good = GOOD[protocol].encode()
    for cut in range(1, len(good)):
        assert decode(protocol, good[cut:] + good * 3) == [GOOD[protocol]] * 3, cut


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_lost_byte_costs_its_packet_and_a_lost_first_byte_the_one_before_too(protocol: Protocol) -> None:
    good = GOOD[protocol].encode()
    for lost in range(len(good)):
        found = decode(protocol, good * 3 + good[:lost] + good[lost + 1 :] + good * 3)
        whole, size = _summary(found)
        assert whole == [GOOD[protocol]] * (6 if lost else 5)
        assert size == len(good) * (1 if lost else 2) - 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_byte_too_many_never_puts_one_number_into_anothers_place(protocol: Protocol) -> None:
    good = GOOD[protocol].encode()
    for place in range(1, len(good) + 1):
        for byte in (b"\x48", b"\xc8"):
            found = decode(protocol, good * 3 + good[:place] + byte + good[place:] + good * 3)
            assert {(f.pulse, f.spo2) for f in found if isinstance(f, Realtime | OldPacket)} == {(72, 97)}, (
                place,
                byte,
            )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_gap_never_puts_one_number_into_anothers_place(protocol: Protocol) -> None:
    """From one packet into another; where it ends at the place at which it began, both halves are whole again."""
    good = GOOD[protocol].encode()
    for begin in range(len(good)):
        for end in range(len(good)):
            found = decode(protocol, good * 3 + good[:begin] + good[end:] + good * 3)
            assert set(_summary(found)[0]) == {GOOD[protocol]}, (begin, end)


def test_a_packet_counts_when_the_next_one_or_silence_follows() -> None:
    decoder, good = Decoder("v7"), GOOD["v7"].encode()
    assert (decoder.feed(good[:-1]), decoder.is_waiting, decoder.settle()) == ([], False, [])
    assert (decoder.feed(good[-1:]), decoder.is_waiting) == ([], True)
    assert decoder.feed(good) == [GOOD["v7"]]
    assert (decoder.settle(), decoder.is_waiting) == ([GOOD["v7"]], False)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(data=st.data())
@settings(max_examples=50)
def test_what_is_encoded_is_decoded(protocol: Protocol, data: st.DataObject) -> None:
    said = data.draw(st.lists(frames(protocol), max_size=5))
    assert decode(protocol, b"".join(frame.encode() for frame in said)) == said


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(data=st.data())
@settings(max_examples=60)
def test_any_split_gives_the_same_packets_and_as_many_damaged_bytes(protocol: Protocol, data: st.DataObject) -> None:
    stream = b"".join(data.draw(st.lists(noise(protocol), max_size=6)))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    split = decode(protocol, *(stream[a:b] for a, b in pairwise(sorted({0, len(stream), *cuts}))))
    assert _summary(split) == _summary(decode(protocol, stream))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(data=st.data())
@settings(max_examples=60)
def test_after_any_garbage_the_next_good_packet_is_found(protocol: Protocol, data: st.DataObject) -> None:
    pieces = data.draw(st.lists(noise(protocol), max_size=6))
    assert decode(protocol, *pieces, GOOD[protocol].encode() * 3)[-1:] == [GOOD[protocol]]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("byte", [b"\x00", b"\x01", b"\x55", b"\x80", b"\xff"])
def test_memory_is_bounded(protocol: Protocol, byte: bytes) -> None:
    decoder = Decoder(protocol)
    fed = given_up = 0
    for _ in range(100):
        given_up += sum(frame.size for frame in decoder.feed(byte * 100) if isinstance(frame, Damage))
        fed += 100
    assert fed - given_up <= 15 + 8


def _summary(found: list[Frame | Damage]) -> tuple[list[Frame], int]:
    whole = [frame for frame in found if not isinstance(frame, Damage)]
    return whole, sum(frame.size for frame in found if isinstance(frame, Damage))
