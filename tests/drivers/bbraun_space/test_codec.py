"""BCC frames: foreign bytes, round trips, splits, garbage."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage, Request
from drivers.bbraun_space.codec import Ack, Alive, Block, Decoder, Entry, Nak, ReadAll, Version, recognise
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"
ANSWERS = load(CAPTURES / "answers.hex").frames
GOOD = ANSWERS[2]

bed_ids = st.text(st.sampled_from([chr(n) for n in (*range(47, 58), *range(65, 123))]), min_size=1, max_size=15)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
names = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=","), min_size=1, max_size=12)
addresses = st.sampled_from(["50100", "50111", "50113", "5011A", "5013O", "501112", "501224"])
entries = st.builds(Entry, st.integers(0, 9_999_999_999), addresses, names, texts)
blocks = st.builds(Block, bed_ids, st.lists(entries, min_size=1, max_size=8).map(tuple), st.booleans())


def decode(data: bytes, stuffing: bool = False) -> list[Block | Damage]:
    return Decoder(stuffing).feed(data)


def framed(text: bytes, end: bytes = b"\x03") -> bytes:
    """Wrap anything by the specification's rule, in code that is not the codec's."""
    body = b"\x01" + str(len(text) + 14).zfill(5).encode() + b"\x02" + text + end
    return body + str(sum(body) & 0xFF).zfill(5).encode() + b"\x04"


def test_alive_is_the_request_printed_in_the_specification() -> None:
    (printed,) = load(CAPTURES / "spec_alive.hex").frames
    assert Alive().encode() == printed
    assert recognise(printed) == Alive()
    assert printed[-6:-1] == b"00061"


def test_alive_stuffed() -> None:
    (stuffed,) = load(CAPTURES / "stuffed_alive.hex").frames
    assert Alive(stuffing=True).encode() == stuffed
    assert recognise(stuffed) == Alive(stuffing=True)


def test_the_constructed_requests() -> None:
    version, read_all, slot, read_all_named, slot_named = load(CAPTURES / "requests.hex").frames
    assert Version().encode() == version
    assert ReadAll().encode() == read_all
    assert ReadAll("ComSystem").encode() == read_all_named
    assert recognise(slot) is None
    assert recognise(slot_named) is None


def test_every_capture_has_an_origin() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"printed", "constructed"}


@pytest.mark.parametrize("frame", ANSWERS)
def test_an_answer_encodes_back_to_the_same_bytes(frame: bytes) -> None:
    (block,) = decode(frame)
    assert isinstance(block, Block)
    assert block.bed_id == "ComSystem"
    assert block.encode() == frame
    assert frame == framed(frame[7:-7], frame[-7:-6])


def test_what_the_constructed_answers_say() -> None:
    said = [decode(frame)[0] for frame in ANSWERS]
    assert said[0] == Block("ComSystem", (Entry(2000, "50100", "GNACK", "0"),))
    assert said[1] == Block("ComSystem", (Entry(2001, "50100", "GNERR", "11"),))
    assert said[2] == Block(
        "ComSystem",
        (
            Entry(2000, "50113", "INRT", "0.30"),
            Entry(2000, "50113", "INVI", "1.4"),
            Entry(2000, "50113", "INM3", "1"),
        ),
    )
    assert said[3] == Block("ComSystem", (Entry(2003, "50113", "INSOL", "Ketamine"),))
    assert said[5] == Block("ComSystem", (Entry(2013, "50100", "V3.30", None),))
    assert [isinstance(block, Block) and block.is_last for block in said] == [True] * 6 + [False] + [True] * 3


@given(blocks, st.booleans())
@settings(max_examples=100)
def test_round_trip(block: Block, stuffing: bool) -> None:
    assert decode(block.encode(stuffing), stuffing) == [block]


@given(bed_ids, st.booleans(), st.sampled_from([Alive, Version, ReadAll]))
@settings(max_examples=100)
def test_every_request_is_recognised_as_itself(
    bed_id: str, stuffing: bool, kind: type[Alive] | type[Version] | type[ReadAll]
) -> None:
    request: Request = kind(bed_id, stuffing)
    assert recognise(request.encode()) == request


def test_ack_and_nak_are_bare_bytes() -> None:
    assert (Ack().encode(), Nak().encode()) == (b"\x06", b"\x15")
    assert (recognise(b"\x06"), recognise(b"\x15")) == (Ack(), Nak())


pieces = st.one_of(
    st.sampled_from([GOOD, ANSWERS[6], GOOD[:40], GOOD[:30] + b"?" + GOOD[31:], b"\x06", b"\x15"]),
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"\x01", b"\x04", b"\x02", b"\x06", b"E", b"D", b"X"]), max_size=20).map(b"".join),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.data(), st.booleans())
@settings(max_examples=100)
def test_any_split_gives_the_same_frames_and_damage(stream: bytes, data: st.DataObject, stuffing: bool) -> None:
    at = data.draw(st.integers(0, len(stream)))
    whole, split = Decoder(stuffing), Decoder(stuffing)
    once, twice = whole.feed(stream), [*split.feed(stream[:at]), *split.feed(stream[at:])]
    assert [x for x in once if isinstance(x, Block)] == [x for x in twice if isinstance(x, Block)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in twice if isinstance(x, Damage))
    assert whole.is_within_frame == split.is_within_frame


@given(streams, st.booleans())
@settings(max_examples=100)
def test_after_any_garbage_the_next_good_frame_is_found(garbage: bytes, stuffing: bool) -> None:
    block = Block("Bed", (Entry(1, "50111", "INSOL", "DdEe"),))
    decoder = Decoder(stuffing)
    decoder.feed(garbage)
    assert decoder.feed(block.encode(stuffing))[-1] == block


@pytest.mark.parametrize("filler", [b"x", b"\x01", b"\x01x", b"\x01" + b"x" * 20_000, b"\x06", b"\x04"])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(5):
        decoder.feed(filler * (50_000 // len(filler)))
        assert len(decoder._pending) < 16_384
    assert [found for found in decoder.feed(GOOD) if isinstance(found, Block)] == decode(GOOD)


def test_a_frame_at_the_limit_is_damage_however_it_comes() -> None:
    long = framed(b"B/1/1>" + b"x" * 17_000)
    byte_by_byte = Decoder()
    assert next(f for n in range(len(long)) for f in byte_by_byte.feed(long[n : n + 1])) == decode(long)[0]
    assert decode(long)[0] == Damage("frame too long", 16_384)


def test_every_single_changed_byte_is_noticed() -> None:
    for position in range(len(GOOD)):
        for value in range(256):
            changed = GOOD[:position] + bytes([value]) + GOOD[position + 1 :]
            if changed != GOOD:
                assert not any(isinstance(found, Block) for found in decode(changed)), changed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "bytes between frames"),
        (GOOD[:20] + GOOD, "frame cut short"),
        (b"\x01\x04", "no BCC frame"),
        (GOOD.replace(b"00086", b"00087"), "wrong length"),
        (GOOD.replace(b"00177", b"00178"), "wrong checksum"),
        (framed(b"a b/1/1>1,50111,INRT,1"), "bed id not allowed"),
        (framed(b"a:b/1/1>1,50111,INRT,1"), "bed id not allowed"),
        (framed(b"/1/1>1,50111,INRT,1"), "bed id not allowed"),
        (framed(b"abcdefghijklmnop/1/1>1,50111,INRT,1"), "bed id not allowed"),
        (framed("Bett\u00e4/1/1>1,50111,INRT,1".encode()), "bed id not allowed"),
        (framed(b"Bed/1/2>1,50111,INRT,1"), "no BCC frame"),
        (framed(b"Bed/1/1>"), "quadruple not understood"),
        (framed(b"Bed/1/1>1,50111"), "quadruple not understood"),
        (framed(b"Bed/1/1>x,50111,INRT,1"), "quadruple not understood"),
        (framed(b"Bed/1/1>-1,50111,INRT,1"), "quadruple not understood"),
        (framed(b"Bed/1/1>1,50211,INRT,1"), "quadruple not understood"),
        (framed(b"Bed/1/1>1,50141,INRT,1"), "quadruple not understood"),
        (framed(b"Bed/1/1>1,5011P,INRT,1"), "quadruple not understood"),
        (framed(b"Bed/1/1>1,501125,INRT,1"), "quadruple not understood"),
        (framed(b"Bed/1/1>1,50111,IN RT,1"), "quadruple not understood"),
        (framed(b"Bed/1/1>1,50111,INSOL,\xff"), "quadruple not understood"),
        (framed(b"Bed/1/1>1,50111,INSOL," + b"x" * 500), "quadruple not understood"),
        (
            Block("Bed", (Entry(1, "50111", "INSOL", "DE"),)).encode(stuffing=True),
            "stuffed: compare the stuffing setting",
        ),
    ],
)
def test_damage_says_why(data: bytes, reason: str) -> None:
    found = decode(data)
    assert isinstance(found[0], Damage)
    assert found[0].reason == reason


def test_one_bad_quadruple_does_not_take_the_others_with_it() -> None:
    assert decode(framed(b"Bed/1/1>1,50111,INRT,5\x1ewhat\x1e1,50111,INVI,2")) == [
        Damage("quadruple not understood", 4),
        Block("Bed", (Entry(1, "50111", "INRT", "5"), Entry(1, "50111", "INVI", "2"))),
    ]


@pytest.mark.parametrize("bed_id", ["a/1/1", "/", "/1/1", "^_`[]\\", "ABCDEFGHIJ12345"])
def test_a_bed_id_may_look_like_the_fixed_part(bed_id: str) -> None:
    (block,) = decode(framed(f"{bed_id}/1/1>1,50111,INSOL,5>3".encode()))
    assert block == Block(bed_id, (Entry(1, "50111", "INSOL", "5>3"),))


def test_a_value_may_hold_commas() -> None:
    (block,) = decode(framed(b"Bed/1/1>1,50111,INSOL,Ketamin, 1,5 mg/ml"))
    assert block == Block("Bed", (Entry(1, "50111", "INSOL", "Ketamin, 1,5 mg/ml"),))


def test_the_length_counts_utf8_bytes_and_pump_glyphs_pass() -> None:
    (block,) = decode(framed("Bed/1/1>1,50111,INSOL,µ\ue021g".encode()))
    assert block == Block("Bed", (Entry(1, "50111", "INSOL", "µ\ue021g"),))


@pytest.mark.parametrize(("address", "slot"), [("50113", "13"), ("5011A", "1A"), ("501112", "112"), ("5013O", "3O")])
def test_an_address_has_five_or_six_characters(address: str, slot: str) -> None:
    (block,) = decode(framed(f"Bed/1/1>1,{address},INRT,1".encode()))
    assert isinstance(block, Block)
    assert block.entries[0].slot == slot


def test_a_stray_ack_or_nak_between_frames_says_nothing() -> None:
    assert decode(b"\x06\x15" + GOOD + b"\x15\x06\x06" + GOOD) == decode(GOOD) * 2


def test_stuffing_is_undone_from_left_to_right() -> None:
    plain = framed(b"Bed/1/1>1,50111,INSOL,EX ex EEX DdEe")
    stuffed = plain.replace(b"E", b"EE").replace(b"D", b"EX").replace(b"e", b"ee").replace(b"d", b"ex")
    assert decode(stuffed, stuffing=True) == decode(plain)
    (block,) = decode(plain)
    assert isinstance(block, Block)
    assert block.encode(stuffing=True) == stuffed


@pytest.mark.parametrize("letter", [b"E", b"e"])
@pytest.mark.parametrize("other", [b"A", b"x", b"X", b"\x03"])
def test_an_unpaired_e_is_damage(letter: bytes, other: bytes) -> None:
    if letter + other in (b"EX", b"ex"):
        other = b"?"
    stuffed = Block("Bed", (Entry(1, "50111", "INRT", "1"),)).encode(stuffing=True)
    broken = stuffed.replace(b"INRT", letter + other + b"RT")
    assert decode(broken, stuffing=True) == [Damage("broken stuffing", len(broken))]


def test_the_stuffing_setting_shows_when_it_is_wrong() -> None:
    plain = framed(b"Bed/1/1>1,50111,INSOL,x")
    assert decode(plain, stuffing=True) == [Damage("not stuffed: compare the stuffing setting", len(plain))]


@pytest.mark.parametrize("bed_id", ["", "a b", "a>b", "a:b", "\u00e4", "x" * 16, "a\x03", "a@b"])
def test_no_request_carries_another_bed_id(bed_id: str) -> None:
    with pytest.raises(ValueError, match="take 1 to 15 characters"):
        ReadAll(bed_id)
