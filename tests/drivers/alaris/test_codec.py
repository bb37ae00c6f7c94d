"""Lines: foreign bytes, round trips, splits, garbage."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.alaris.codec import FIELDS, QUESTIONS, Answer, Decoder, checksum, recognise
from drivers.api import Damage
from simulators.alaris.commands import crc, line
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"


def lines(name: str) -> list[bytes]:
    return [frame + b"\r" for frame in load(CAPTURES / name).frames]


OBSERVED, CONSTRUCTED = lines("observed.txt"), lines("constructed.txt")
GOOD = OBSERVED[8]

fields = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="^"), max_size=20)
answers = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda verb: st.builds(
        Answer, st.just(verb), st.lists(fields, min_size=FIELDS[verb], max_size=FIELDS[verb]).map(tuple)
    )
)


def test_the_checksum_is_ccitt_false() -> None:
    assert checksum(b"123456789") == crc(b"123456789") == 0x29B1
    assert checksum(b"INF") == 0x4961


def test_every_question_is_the_line_that_others_send() -> None:
    sent = lines("queries.txt")
    assert {kind().encode() for kind in QUESTIONS} == set(sent)
    for data in sent:
        request = recognise(data)
        assert request is not None
        assert request.encode() == data


def test_what_real_pumps_said() -> None:
    found = [Decoder().feed(data) for data in OBSERVED]
    assert found == [
        [Answer("INST_SERIALNO", ("8002-51740",))],
        [Answer("INST_SERIALNO", ("8002-51733",))],
        [Answer("COMMS_PROTOCOL", ("Asena Rev 2.1.5",))],
        [Answer("COMMS_RESPONSE_MAX", ("4000", "ms"))],
        [Answer("SYRINGE_STATUS", ("BD PLASTIPAK", " 50", "CONF"))],
        [Answer("SYRINGE_STATUS", ("BD PERFUSOR", " 50", "CONF"))],
        [Answer("INF_RATE_MAX_SYRINGE", ("1200.00", "ml/h"))],
        [Answer("ALARM", ("AL_NOALM", " ", " "))],
        [
            Answer(
                "INF",
                ("8002-51733", "A", "HLD", "0.00", "ml/h", "", "0.969", "ml", "530.15", "mmHg", "00:04:09", "EVENT",
                 "214725"),
            )
        ],
    ]  # fmt: skip


def test_answers_to_a_controller_are_not_ours() -> None:
    for data in lines("remote_control.txt"):
        assert Decoder().feed(data) == [Damage("answer not known", len(data))]


@pytest.mark.parametrize("data", [*OBSERVED, *CONSTRUCTED])
def test_a_foreign_line_encodes_back_to_the_same_bytes(data: bytes) -> None:
    (answer,) = Decoder().feed(data)
    assert isinstance(answer, Answer)
    assert answer.encode() == data


def test_every_capture_has_an_origin() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"library", "real", "constructed"}


@given(answers)
@settings(max_examples=100)
def test_round_trip(answer: Answer) -> None:
    assert Decoder().feed(answer.encode()) == [answer]


pieces = st.one_of(
    st.sampled_from([GOOD, CONSTRUCTED[0], GOOD[:40], GOOD[:30] + b"\x1b", GOOD[:20] + GOOD, b"!" * 20]),
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"!", b"|", b"\r", b"\x1b", b"4961", b"INF", b"x" * 300]), max_size=12).map(b"".join),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.data())
@settings(max_examples=100)
def test_any_split_gives_the_same_lines_and_damage(stream: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(stream)))
    whole, split = Decoder(), Decoder()
    once, twice = whole.feed(stream), [*split.feed(stream[:at]), *split.feed(stream[at:])]
    assert [x for x in once if isinstance(x, Answer)] == [x for x in twice if isinstance(x, Answer)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in twice if isinstance(x, Damage))
    assert whole.kept == split.kept < 512


@given(streams)
@settings(max_examples=100)
def test_after_any_garbage_the_next_good_line_is_found(garbage: bytes) -> None:
    decoder = Decoder()
    decoder.feed(garbage)
    assert decoder.feed(GOOD)[-1] == Decoder().feed(GOOD)[0]


@pytest.mark.parametrize("filler", [b"x", b"!", b"!x", b"\r", b"!" + b"x" * 2000, b"|4961\r"])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(3):
        decoder.feed(filler * (20_000 // len(filler)))
        assert decoder.kept < 512
    assert decoder.feed(GOOD)[-1] == Decoder().feed(GOOD)[0]


def test_every_single_changed_byte_is_noticed() -> None:
    for position in range(len(GOOD)):
        for value in range(256):
            changed = GOOD[:position] + bytes([value]) + GOOD[position + 1 :]
            if changed != GOOD:
                assert not any(isinstance(found, Answer) for found in Decoder().feed(changed)), changed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "bytes between lines"),
        (GOOD.replace(b"0.969", b"9.969"), "wrong checksum"),
        (GOOD.replace(b"DB9D", b"db9d"), "no line of this protocol"),
        (b"!INF|4961 \r", "no line of this protocol"),
        (GOOD[:30] + b"\x1b", "line broken off"),
        (b"!" + b"x" * 600, "line too long"),
        (line("INF"), "wrong number of fields"),
        (line("INF^8002-51733^-^SET^3.50^ml/h"), "wrong number of fields"),
        (line("INF_VI^1^ml^"), "wrong number of fields"),
        (line("PING^1"), "answer not known"),
    ],
)
def test_damage_says_why(data: bytes, reason: str) -> None:
    first = Decoder().feed(data)[0]
    assert isinstance(first, Damage)
    assert first.reason == reason


def test_blanks_are_covered_by_the_checksum() -> None:
    assert Decoder().feed(OBSERVED[7].replace(b"^ ^ ", b"^^")) == [Damage("wrong checksum", len(OBSERVED[7]) - 2)]


def test_a_good_line_within_a_broken_one_is_found() -> None:
    cut = GOOD[:40] + OBSERVED[7]
    assert Decoder().feed(cut) == [Damage("wrong checksum", 40), Answer("ALARM", ("AL_NOALM", " ", " "))]


def test_an_exclamation_mark_in_a_drug_name_does_not_cut_the_line() -> None:
    drug = Answer("INF_VI", ("!KETAMINE!", "ml"))
    assert Decoder().feed(drug.encode()) == [drug]
