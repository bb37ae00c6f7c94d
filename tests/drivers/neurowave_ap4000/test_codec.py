"""Lines: foreign bytes, round trips, splits, garbage."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.neurowave_ap4000.codec import LENGTHS, Answer, Connect, Decoder, ReadStatus, checksum, recognise
from simulators.neurowave_ap4000.hearing import line
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"


def lines(name: str) -> list[bytes]:
    return [frame + b"\r\n" for frame in load(CAPTURES / name).frames]


OBSERVED = lines("observed.txt")
(CONNECT,) = lines("queries.txt")
QUESTION, STATUS, STATUS_2 = lines("constructed.txt")
GOOD = OBSERVED[0]

fields = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="^|"), max_size=12)


def answers_to(verb: str) -> st.SearchStrategy[Answer]:
    return st.sampled_from(list(LENGTHS[verb])[:5]).flatmap(
        lambda size: st.lists(fields, min_size=size - 1, max_size=size - 1).map(lambda said: Answer((verb, *said)))
    )


answers = st.sampled_from(sorted(LENGTHS)).flatmap(answers_to)


def test_the_checksum_is_a_sum_of_16_bits() -> None:
    assert checksum(b"!CONNREQ|") == 0x02B3
    assert checksum(b"\xff" * 300) == 300 * 255 - 0x10000


def test_questions_are_the_lines_that_others_send() -> None:
    assert (Connect().encode(), ReadStatus("032-19-50-014").encode()) == (CONNECT, QUESTION)
    assert (recognise(CONNECT), recognise(QUESTION)) == (Connect(), ReadStatus("032-19-50-014"))


def test_what_real_pumps_said() -> None:
    assert [Decoder().feed(data) for data in OBSERVED] == [
        [Answer(("CONNREQ", "0.1", "032-19-50-014", "2022-11-04", "11:10:36.067"))],
        [Answer(("CONNREQ", "v0.2", "066-22-20-003", "v0.1.0.8218", "v1.0", "2022-11-04", "11:59:44.217"))],
    ]


@pytest.mark.parametrize("data", [*OBSERVED, STATUS, STATUS_2])
def test_a_foreign_line_encodes_back_to_the_same_bytes(data: bytes) -> None:
    (answer,) = Decoder().feed(data)
    assert isinstance(answer, Answer)
    assert answer.encode() == data == line("^".join(answer.fields))


def test_fields_stand_where_the_public_program_numbers_them() -> None:
    (answer,) = Decoder().feed(STATUS)
    assert isinstance(answer, Answer)
    assert [answer.fields[place] for place in (0, 3, 12, 34, 37, 61, 67, 94)] == [
        "STATREQ", "2022-11-04", "2", "AP1-0101", "Ketamine", "75", "AP1-0102", "0"
    ]  # fmt: skip


def test_every_capture_has_an_origin() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"library", "real", "constructed"}


@given(answers)
@settings(max_examples=100)
def test_round_trip(answer: Answer) -> None:
    assert Decoder().feed(answer.encode()) == [answer]


pieces = st.one_of(
    st.sampled_from([GOOD, STATUS, GOOD[:40], GOOD[:20] + GOOD, GOOD[:-1], b"!" * 20, b"\n" * 5, CONNECT]),
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"!", b"|", b"\r", b"\n", b"0B8B", b"CONNREQ", b"x" * 900]), max_size=12).map(b"".join),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.data())
@settings(max_examples=150)
def test_any_split_gives_the_same_lines_and_damage(stream: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(stream)))
    whole, split = Decoder(), Decoder()
    once, twice = whole.feed(stream), [*split.feed(stream[:at]), *split.feed(stream[at:])]
    assert [x for x in once if isinstance(x, Answer)] == [x for x in twice if isinstance(x, Answer)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in twice if isinstance(x, Damage))
    assert whole.kept == split.kept < 4096


@given(streams)
@settings(max_examples=150)
def test_after_any_garbage_the_next_good_line_is_found(garbage: bytes) -> None:
    decoder = Decoder()
    decoder.feed(garbage)
    assert decoder.feed(GOOD)[-1] == Decoder().feed(GOOD)[0]


@pytest.mark.parametrize("filler", [b"x", b"!", b"!x", b"\r", b"!" + b"x" * 5000, b"|0B8B\r\n"])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(3):
        decoder.feed(filler * (40_000 // len(filler)))
        assert decoder.kept < 4096
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
        (GOOD.replace(b"036", b"037").replace(b"067", b"068"), "wrong checksum"),
        (GOOD.replace(b"0B8B", b"0b8b"), "no line of this protocol"),
        (GOOD.replace(b"\r\n", b"\n"), "no line of this protocol"),
        (GOOD.replace(b"\r\n", b" \r\n"), "no line of this protocol"),
        (b"!" + b"x" * 5000, "line too long"),
        (CONNECT, "wrong number of fields"),  # a cable that gives back what we say
        (QUESTION, "wrong number of fields"),
        (line("CONNREQ^0.1^032-19-50-014^2022-11-04^11:10:36.067^x"), "wrong number of fields"),
        (line("STATREQ^" + "^" * 94), "wrong number of fields"),
        (line("STATREQ^" + "^" * 256), "wrong number of fields"),
        (line("CNTLREQ^1^2^3"), "answer not known"),
        (line("PING"), "answer not known"),
        (line("CONNREQ^\t"), "no line of this protocol"),
    ],
)
def test_damage_says_why(data: bytes, reason: str) -> None:
    first = Decoder().feed(data)[0]
    assert isinstance(first, Damage)
    assert first.reason == reason


def test_a_good_line_within_a_broken_one_is_found() -> None:
    assert Decoder().feed(GOOD[:20] + GOOD) == [Damage("wrong checksum", 20), *Decoder().feed(GOOD)]
    assert Decoder().feed(GOOD[:-1] + GOOD) == [
        Damage("no line of this protocol", len(GOOD) - 1),
        *Decoder().feed(GOOD),
    ]


def test_an_exclamation_mark_in_a_drug_name_does_not_cut_the_line() -> None:
    said = Answer(("CONNREQ", "!", "!KETAMINE!", "", ""))
    assert Decoder().feed(said.encode()) == [said]
