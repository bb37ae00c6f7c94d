"""Return records: bytes made by hand, round trips, splits, garbage."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.graseby.codec import Crc, Decoder, Reply
from simulators.graseby.commands import CRCS, Command, Ear, checksum, record
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"
REPLIES = {crc: load(CAPTURES / f"replies_{crc.name.lower()}.txt").frames for crc in Crc}
ON_HOLD, RUNNING, OCCLUDED, KVO, CLOCK, MODEL, SERIAL, REFUSED = REPLIES[Crc.X25]

data = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="<>"), max_size=40)
replies = st.builds(Reply, st.sampled_from("0123AMPC?"), st.binary(min_size=3, max_size=3), data)


@pytest.mark.parametrize(
    ("crc", "check", "status", "infusion", "clock", "serial", "enable"),
    [
        (Crc.X25, 0x906E, 0x9381, 0xC42C, 0xF6B7, 0x0F48, 0xCD9A),
        (Crc.MCRF4XX, 0x6F91, 0x6C7E, 0x3BD3, 0x0948, 0xF0B7, 0x3265),
        (Crc.KERMIT, 0x2189, 0x6F5F, 0x38F2, 0x0A69, 0xF396, 0x3A15),
    ],
)
def test_the_candidates_give_their_published_check_values(
    crc: Crc, check: int, status: int, infusion: int, clock: int, serial: int, enable: int
) -> None:
    for text, value in (
        (b"123456789", check),
        (b"<09A", status),
        (b"<09D", infusion),
        (b"<09G", clock),
        (b"<09Y", serial),
        (b"<0BI30", enable),
    ):
        assert crc.over(text) == checksum(text, crc.name.lower()) == value


def test_the_table_begins_as_printed() -> None:
    """The register of KERMIT begins with 0, so that one byte gives the table's entry."""
    assert [Crc.KERMIT.over(bytes([n])) for n in range(4)] == [0x0000, 0x1189, 0x2312, 0x329B]


def test_what_the_records_hold() -> None:
    assert [Decoder().feed(frame) for frame in REPLIES[Crc.X25]] == [
        [Reply("0", b"\x40\xc0\x0a")],
        [Reply("0", b"\x40\xc2\x0a", "0012.30050.0052.5")],
        [Reply("0", b"\x69\xc0\x0a")],
        [Reply("0", b"\x66\xc6\x0a", "0050.00050.0052.5")],
        [Reply("0", b"\x40\xc0\x0a", "260101123456")],
        [Reply("0", b"\x40\xc0\x0a", "30003F")],
        [Reply("0", b"\x40\xc0\x0a", "GR0012345")],
        [Reply("1", b"\x40\xc0\x0a")],
    ]


@pytest.mark.parametrize("crc", Crc)
def test_each_record_encodes_back_to_the_same_bytes(crc: Crc) -> None:
    for frame in REPLIES[crc]:
        (reply,) = Decoder([crc]).feed(frame)
        assert isinstance(reply, Reply)
        assert reply.encode(crc) == frame
        assert Decoder().feed(frame) == [reply]


def test_a_record_with_another_candidate_is_damage_if_one_is_set() -> None:
    for crc in Crc:
        for other in Crc:
            found = Decoder([crc]).feed(RUNNING if other is Crc.X25 else REPLIES[other][1])
            assert isinstance(found[0], Reply) == (crc is other)


def test_the_requests_are_heard_by_the_simulator_and_are_no_answers() -> None:
    for frame in load(CAPTURES / "requests.txt").frames:
        (command,) = Ear().hear(frame)
        assert isinstance(command, Command)
        assert command.letter in "ADGY"
        assert len(command.crcs) == 1
        assert record(command.letter, *command.crcs) == frame
        assert {type(found) for found in Decoder().feed(frame)} == {Damage}


def test_a_host_that_sets_the_time_is_no_pump_that_says_how_it_does() -> None:
    """Its twelve digits stand where a return record has alarm bytes and a model."""
    host = record("E261208123456")
    assert [(found.reason, found.size) for found in Decoder().feed(host) if isinstance(found, Damage)] == [
        ("no return record", len(host))
    ]
    assert isinstance(Decoder().feed(Reply("E", b"\x40\xc2\x0a", "30003F").encode(Crc.X25))[0], Reply)


def test_every_capture_has_an_origin() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"constructed"}


@given(replies, st.sampled_from(Crc))
@settings(max_examples=100)
def test_round_trip(reply: Reply, crc: Crc) -> None:
    assert Decoder().feed(reply.encode(crc)) == [reply]
    assert Decoder([crc]).feed(reply.encode(crc)) == [reply]


pieces = st.one_of(
    st.sampled_from(
        [RUNNING, ON_HOLD, RUNNING[:20], RUNNING[:5] + RUNNING, b"<09A9381>", b"<", b"<F", b"<37", b"<0F<20"]
    ),
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"<", b">", b"0F", b"20", b"37", b"FF", b"0", b"A" * 30]), max_size=12).map(b"".join),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.data())
@settings(max_examples=200)
def test_any_split_gives_the_same_records_and_damage(stream: bytes, drawn: st.DataObject) -> None:
    at = drawn.draw(st.integers(0, len(stream)))
    whole, split = Decoder(), Decoder()
    once, twice = whole.feed(stream), [*split.feed(stream[:at]), *split.feed(stream[at:])]
    assert [x for x in once if isinstance(x, Reply)] == [x for x in twice if isinstance(x, Reply)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in twice if isinstance(x, Damage))
    assert whole.kept == split.kept < 55


@given(streams)
@settings(max_examples=100)
def test_after_any_garbage_the_next_good_record_is_found(garbage: bytes) -> None:
    decoder = Decoder()
    decoder.feed(garbage)
    assert decoder.feed(RUNNING)[-1] == Decoder().feed(RUNNING)[0]


@pytest.mark.parametrize("filler", [b"x", b"<", b"<37", b"<FF", b">", b"<37" + b"A" * 2000])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(3):
        decoder.feed(filler * (20_000 // len(filler)))
        assert decoder.kept < 55
    assert decoder.feed(RUNNING)[-1] == Decoder().feed(RUNNING)[0]


@pytest.mark.parametrize("crc", Crc)
def test_every_single_changed_byte_is_noticed(crc: Crc) -> None:
    frame = REPLIES[crc][1]
    for position in range(len(frame)):
        for value in set(range(256)) - {frame[position]}:
            changed = frame[:position] + bytes([value]) + frame[position + 1 :]
            assert not any(isinstance(found, Reply) for found in Decoder([crc]).feed(changed)), changed


@pytest.mark.parametrize(
    ("harmed", "reason"),
    [
        (b"hello", "bytes between records"),
        (RUNNING.replace(b"052.5", b"152.5"), "wrong CRC"),
        (RUNNING[:10] + RUNNING, "record cut short"),
        (b"<zz", "no record"),
        (b"<09A9381>", "no return record"),
        (b"<FF" + b"x" * 260, "no return record"),
        (RUNNING[:-1] + b"?", "no record"),
        (RUNNING.replace(b"40C20A", b"40C2zz"), "no record"),
    ],
)
def test_damage_says_why(harmed: bytes, reason: str) -> None:
    first = Decoder().feed(harmed)[0]
    assert isinstance(first, Damage)
    assert first.reason == reason


def test_the_two_ears_know_the_same_candidates() -> None:
    assert {crc.name.lower(): crc.value for crc in Crc} == CRCS
