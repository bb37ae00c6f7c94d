from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.masimo.codec import (
    FORMS,
    INCOMPLETE,
    LIMIT,
    MALFORMED,
    MANDATORY,
    NO_CLOCK,
    REPEATED,
    TOO_LONG,
    TREND,
    Decoder,
    TextLine,
    number,
)
from tests.captures import Capture, load_all

CAPTURES = {capture.path.stem: capture for capture in load_all(Path(__file__).parent / "captures")}
TREND_LINE = CAPTURES.pop("08_ascii2_trend").frames[0]
GOOD = CAPTURES["01_rad8"].frames[0] + b"\r\n"
START = b"02/24/18 04:48:53 "


def decode(*data: bytes) -> list[TextLine | Damage]:
    decoder = Decoder()
    return [frame for piece in data for frame in decoder.feed(piece)]


def values() -> st.SearchStrategy[dict[str, str]]:
    """Each form of each key, with digits or dashes, in any order."""
    places = {"9": "0123456789", "+": "+-", "F": "0123456789ABCDEF"}

    def text(form: str) -> st.SearchStrategy[str]:
        digits = st.tuples(*(st.sampled_from(places.get(place, place)) for place in form)).map("".join)
        return digits if "F" in form else digits | st.just(form.replace("9", "-"))

    forms = {key: st.one_of(*map(text, forms)) for key, forms in FORMS.items()}
    narrow = {"SPO2": st.integers(0, 100).map("{:03d}%".format), "BPM": st.integers(0, 250).map("{:03d}".format)}
    forms |= narrow | {"PVI": st.integers(0, 100).map("{:03d}".format)}
    some = st.fixed_dictionaries(
        {key: forms[key] for key in MANDATORY}, optional={key: forms[key] for key in FORMS.keys() - MANDATORY}
    )
    return some.flatmap(lambda chosen: st.permutations(list(chosen.items()))).map(dict)


def lines() -> st.SearchStrategy[TextLine]:
    century = datetime(2000, 1, 1, tzinfo=UTC).timestamp(), datetime(2099, 12, 31, tzinfo=UTC).timestamp()
    clocks = st.integers(*map(int, century)).map(lambda at: datetime.fromtimestamp(at, UTC).replace(tzinfo=None))
    return st.builds(TextLine, clocks, values())


noise = st.binary(max_size=700) | st.sampled_from([GOOD, GOOD[40:], TREND_LINE + b"\r\n", b"\r\n", b"\n", b"\0"])


@pytest.mark.parametrize("capture", CAPTURES.values(), ids=CAPTURES.keys())
def test_foreign_lines_are_read_and_said_again_to_the_byte(capture: Capture) -> None:
    for line in capture.frames:
        (frame,) = decode(line + b"\r\n")
        assert isinstance(frame, TextLine)
        assert frame.encode() == line + b"\r\n"


def test_the_rad8_line_as_logged() -> None:
    assert decode(GOOD) == [
        TextLine(
            datetime.fromisoformat("2018-02-24T04:48:53"),
            {
                "SN": "0000145838",
                "SPO2": "097%",
                "BPM": "080",
                "PI": "04.96%",
                "SPCO": "--.-%",
                "SPMET": "--.-%",
                "DESAT": "--",
                "PIDELTA": "+--",
                "ALARM": "0000",
                "EXC": "000800",
            },
        )
    ]


def test_the_ascii_2_trend_line_of_the_manual_is_damage_that_says_so() -> None:
    assert decode(TREND_LINE + b"\r\n") == [Damage(TREND, len(TREND_LINE) + 2)]


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("SPO2", "097%", 97),
        ("SPO2", "---%", None),
        ("SPO2", "-97%", None),
        ("SPO2", "0-7%", None),
        ("BPM", "---%", None),
        ("PI", "04.96%", 4.96),
        ("PI", "00.55", 0.55),
        ("PI", "--.--%", None),
        ("SPCO", "--%", None),
        ("PIDELTA", "-02", -2),
        ("PIDELTA", "+02", 2),
        ("PIDELTA", "+--", None),
        ("PIDELTA", "---", None),
        ("PIDELTA", "-0-", None),
    ],
)
def test_a_dash_in_the_place_of_a_digit_is_no_number(key: str, text: str, expected: float | None) -> None:
    assert number(key, text) == expected


@pytest.mark.parametrize(
    "token",
    [
        *("SN=145838", "SN=000014583A", "SPO2=97%", "SPO2=097", "SPO2=09.7%", "SPO2=101%", "SPO2=+97%", "SPO2="),
        *("BPM=80", "BPM=0080", "BPM=+80", "BPM=251", "BPM=251%", "PI=4.96%", "PI=04.9", "PI=04,96%", "PI=004.96%"),
        *("SPCO=1.0%", "SPCO=01.0", "SPCO=1%", "SPMET=01%", "SPMET=01.0", "SPHB=12", "SPHB=12.5%", "SPOC=5"),
        *("RESVD=--", "DESAT=1", "DESAT=001", "PIDELTA=02", "PIDELTA=02-", "PIDELTA=+2", "PVI=27", "PVI=101", "SPO2"),
        *("ALARM=0", "ALARM=000", "ALARM=00g0", "ALARM=----", "EXC=0800", "EXC=0008a0", "EXC=---", "EXC1=0000000"),
        *("spo2=097%", "=097", "NAME=JANEDOE", "X=1=2", "X=12345678901", "LONGKEY99=1", "BPM=\u0668\u0660", "\0"),
    ],
)  # fmt: skip
def test_a_form_that_no_model_has_damages_the_whole_line(token: str) -> None:
    key = token.partition("=")[0]
    others = [pair for pair in ("SPO2=097%", "BPM=080", "EXC=000800") if not pair.startswith(f"{key}=")]
    line = START + " ".join([token, *others]).encode() + b"\r\n"
    assert decode(line) == [Damage(MALFORMED, len(line))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"SPO2=097% BPM=080 EXC=000800", NO_CLOCK),
        (b"02/30/18 04:48:53 SPO2=097% BPM=080 EXC=000800", NO_CLOCK),
        (b"02/24/18 24:00:00 SPO2=097% BPM=080 EXC=000800", NO_CLOCK),
        (b"02/24/18 04:48:5 SPO2=097% BPM=080 EXC=000800", NO_CLOCK),
        (b"02/24/18  04:48:53 SPO2=097% BPM=080 EXC=000800", NO_CLOCK),
        (b" 02/24/18 04:48:53 SPO2=097% BPM=080 EXC=000800", NO_CLOCK),
        (b"02/24/18 04:48:53", NO_CLOCK),
        (START, MALFORMED),
        (START + b"SPO2=097%  BPM=080 EXC=000800", MALFORMED),
        (START + b"SPO2=097% BPM=080 EXC=000800 ", MALFORMED),
        (START + b"SPO2=097% BPM=080\rEXC=000800", MALFORMED),
        (START + b"SPO2=097% BPM=080 EXC=00\xb08\xb00", MALFORMED),
        (START + b"SPO2=097% BPM=080 EXC=000800 BPM=081", REPEATED),
        (START + b"SPO2=097% BPM=080 EXC=000800 X9=1 X9=1", REPEATED),
        (START + b"BPM=080 EXC=000800", INCOMPLETE),
        (START + b"SPO2=097% EXC=000800", INCOMPLETE),
        (START + b"SPO2=097% BPM=080 ALARM=0000", INCOMPLETE),
    ],
)
def test_a_line_that_fails_one_test_is_dropped_whole(line: bytes, reason: str) -> None:
    assert decode(GOOD, line + b"\r\n", GOOD)[1:] == [Damage(reason, len(line) + 2), *decode(GOOD)]


def test_a_key_that_no_known_model_has_is_kept() -> None:
    (frame,) = decode(START + b"SPO2=097% BPM=080 RRA=14 EXC=000800 EXC2=0F\r\n")
    assert isinstance(frame, TextLine)
    assert (frame.values["RRA"], frame.values["EXC2"]) == ("14", "0F")


def test_the_first_line_after_opening_is_dropped_silently_wherever_it_is_cut() -> None:
    for cut in range(1, len(GOOD)):
        assert decode(GOOD[cut:] + GOOD) == decode(GOOD), cut


def test_a_cut_line_later_on_is_damage() -> None:
    assert decode(GOOD, GOOD[40:], GOOD)[1] == Damage(NO_CLOCK, len(GOOD) - 40)


def test_a_first_line_with_a_date_is_judged_like_any_other() -> None:
    assert decode(START + b"SPO2=097%\r\n") == [Damage(INCOMPLETE, 29)]


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\n\r", b"\r\n\r\n", b"\n\n", b"\r\n\0\0"])
def test_line_ends_empty_lines_and_nuls_between_lines_are_nothing(end: bytes) -> None:
    assert decode(end + (GOOD[:-2] + end) * 3) == decode(GOOD) * 3


def test_a_line_of_512_bytes_is_judged_and_a_longer_one_is_not() -> None:
    fits = (START + b"SPO2=097% BPM=080 EXC=000800" + b" A=1" * 200)[:LIMIT]
    assert decode(fits, b"\n") == [Damage(MALFORMED, LIMIT + 1)]
    assert decode(fits + b"x\n") == [Damage(TOO_LONG, LIMIT + 2)]
    assert decode(fits, b"x", b"\n") == [Damage(TOO_LONG, LIMIT + 1), Damage(TOO_LONG, 1)]


def test_what_follows_a_long_beginning_is_no_line_however_good_it_looks() -> None:
    long = b"x" * (LIMIT + 1)
    for pieces in ((long, GOOD), (long + GOOD,), (long[:9], long[9:] + GOOD[:50], GOOD[50:])):
        assert _summary(decode(*pieces)) == ([], len(long) + len(GOOD))
        assert decode(*pieces, GOOD)[-1:] == decode(GOOD)


def test_a_stream_without_line_ends_is_given_up_as_it_comes() -> None:
    decoder = Decoder()
    given_up = 0
    for fed in range(100, 100_001, 100):
        given_up += sum(frame.size for frame in decoder.feed(b"\x55" * 100) if isinstance(frame, Damage))
        assert fed - given_up <= LIMIT
    assert decoder.feed(b"\n" + GOOD)[-1:] == decode(GOOD)


@given(st.lists(lines(), max_size=4))
@settings(max_examples=60)
def test_what_is_encoded_is_decoded(said: list[TextLine]) -> None:
    assert decode(b"".join(line.encode() for line in said)) == said


@given(st.lists(noise, max_size=6), st.lists(st.integers(0, 3_000), max_size=8))
@example([b"x" * 600], [300, 550])  # given up before its end has come
@settings(max_examples=100)
def test_any_split_gives_the_same_lines_and_as_many_damaged_bytes(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    split = decode(*(data[a:b] for a, b in pairwise(places)))
    assert _summary(split) == _summary(decode(data))


@given(st.lists(noise, max_size=6))
@settings(max_examples=100)
def test_after_any_garbage_the_next_whole_line_is_found(pieces: list[bytes]) -> None:
    assert decode(*pieces, b"\n", GOOD)[-1:] == decode(GOOD)


@given(st.integers(0, len(GOOD) - 3), st.binary(min_size=1, max_size=1))
@settings(max_examples=100)
def test_a_changed_byte_never_leaves_a_value_outside_its_form(place: int, byte: bytes) -> None:
    for frame in decode(GOOD, GOOD[:place] + byte + GOOD[place + 1 :])[1:]:
        if isinstance(frame, TextLine):
            assert frame.values.keys() >= MANDATORY
            assert 0 <= (number("SPO2", frame.values["SPO2"]) or 0) <= 100
            assert 0 <= (number("BPM", frame.values["BPM"]) or 0) <= 250


def _summary(frames: list[TextLine | Damage]) -> tuple[list[TextLine], int]:
    lines = [frame for frame in frames if isinstance(frame, TextLine)]
    return lines, sum(frame.size for frame in frames if isinstance(frame, Damage))
