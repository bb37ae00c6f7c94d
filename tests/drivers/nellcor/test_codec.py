from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.common.text_lines import TOO_LONG
from drivers.nellcor.codec import (
    COLUMN_NAMES,
    COLUMNS,
    LIMIT,
    MOST,
    NO_CLOCK,
    NO_DATA,
    OUT_OF_RANGE,
    PATIENT_MODE,
    Decoder,
    Frame,
    Heading,
    Model,
    TextLine,
    number,
)
from tests.captures import Capture, load_all

CAPTURES = {capture.path.stem: capture for capture in load_all(Path(__file__).parent / "captures")}
GOOD = CAPTURES["02_n560_desaturation"].frames[3] + b"\r\n"
START = "29-Dec-17 07:19:01"


def decode(*data: bytes) -> list[Frame | Damage]:
    decoder = Decoder()
    return [frame for piece in data for frame in decoder.feed(piece)]


def lines() -> st.SearchStrategy[TextLine]:
    """Any values; codes in the order of their columns, one in each."""
    clocks = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31))  # noqa: DTZ001  the device says no zone

    def value(most: int) -> st.SearchStrategy[str]:
        numbers = st.integers(0, most).map(str) | st.just("---")
        return st.builds(str.__add__, numbers, st.sampled_from(["", "*"]))

    by_column = [[code for code, at in COLUMNS.items() if at == column] for column in sorted(set(COLUMNS.values()))]
    codes = st.tuples(*(st.sampled_from(["", *codes]) for codes in by_column)).map(
        lambda said: tuple(filter(None, said))
    )
    return st.builds(
        TextLine,
        clocks.map(lambda clock: clock.replace(microsecond=0)),
        value(MOST["%SpO2"]),
        value(MOST["BPM"]),
        (st.integers(0, 999).map(str) | st.just("---")),
        codes,
    )


frames = lines() | st.sampled_from([Model("N-560", "1.61.00"), PATIENT_MODE, COLUMN_NAMES])
noise = st.binary(max_size=300) | st.sampled_from(
    [GOOD, GOOD[30:], GOOD[:30], b"\r", b"\r\n", b"\n", b"\0", b"x" * 260]
)


@pytest.mark.parametrize("name", ["01_n560_motion", "02_n560_desaturation", "03_n560_sensor"])
def test_real_lines_are_read_and_said_again_to_the_byte(name: str) -> None:
    capture: Capture = CAPTURES[name]
    for line in capture.frames:
        (frame,) = decode(line + b"\r\n")
        assert not isinstance(frame, Damage), line
        if isinstance(frame, TextLine):
            assert frame.encode() == line + b"\r\n"
    assert len(decode(b"\r\n".join([*capture.frames, b""]))) == len(capture.frames)


def test_the_header_as_logged() -> None:
    model, mode, columns = CAPTURES["02_n560_desaturation"].frames[6:9]
    assert decode(model + b"\r\n") == [Model("N-560", "1.56.00")]
    assert Model("N-560", "1.56.00").encode() == model + b"\r\n"
    assert decode(mode + b"\r\n") == [PATIENT_MODE]
    assert PATIENT_MODE.encode() == mode + b"\r\n"
    assert decode(columns + b"\r\n") == [COLUMN_NAMES]
    assert COLUMN_NAMES.encode() == columns + b"\r\n"


def test_the_header_of_an_n595_is_no_damage() -> None:
    model, mode, columns = CAPTURES["05_n595_header"].frames
    assert decode(GOOD, model + b"\r\n")[1] == Model("NPB-595", "1.2.3.4")
    for line in (mode, columns):
        assert decode(GOOD, line + b"\r\n")[1] == Heading(line.decode())


def test_the_line_of_the_silenced_alarm_in_full() -> None:
    clock = datetime.fromisoformat("2017-12-29T07:19:01")
    assert decode(GOOD) == [TextLine(clock, "79*", "66", "18", ("MO", "SL", "AS"))]


@pytest.mark.parametrize(
    ("line", "expected"), list(enumerate([("97", "72", "41"), ("88*", "121*", "30"), ("---",) * 3]))
)
def test_lines_by_hand(line: int, expected: tuple[str, str, str]) -> None:
    (frame,) = decode(CAPTURES["04_by_hand"].frames[line] + b"\n")
    assert isinstance(frame, TextLine)
    assert (frame.spo2, frame.bpm, frame.pa) == expected
    assert frame.codes == ((), ("SL", "PH"), ("SD",))[line]


@pytest.mark.parametrize(
    ("text", "expected"), [("97", 97), ("97*", 97), ("0", 0), ("---", None), ("---*", None), ("", None), ("*", None)]
)
def test_a_star_is_no_part_of_the_number(text: str, expected: int | None) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("30-Feb-17 07:19:01   97      72       41", NO_CLOCK),
        ("29-Dez-17 07:19:01   97      72       41", NO_CLOCK),
        ("29-Dec-17 24:19:01   97      72       41", NO_CLOCK),
        ("00-Dec-17 07:19:01   97      72       41", NO_CLOCK),
        (f"{START}   101      72       41", OUT_OF_RANGE),
        (f"{START}   97      301       41", OUT_OF_RANGE),
        (f"{START}   97      72", NO_DATA),
        (f"{START}   97      72       41   1", NO_DATA),
        (f"{START}   97      72       41   SLX", NO_DATA),
        (f"{START}   97      72       41   sl", NO_DATA),
        (f"{START}   9 7      72       41   SL", NO_DATA),
        (f"{START}   97%      72       41", NO_DATA),
        (f"{START}   97**      72       41", NO_DATA),
        (f"{START}   --      72       41", NO_DATA),
        (f"{START}   -97      72       41", NO_DATA),
        (f"{START}   97      7229-Dec-17 07:19:03   97      72       41", NO_DATA),
        (f" {START}   97      72       41", NO_DATA),
        (f"{START}  97", NO_DATA),
        ("1) Dump Instrument Info", NO_DATA),
        ("N-560 VERSION", NO_DATA),
        ("NAME: JANE DOE", NO_DATA),
        (f"{START}   97      72       4\xb9", NO_DATA),
    ],
)
def test_a_line_that_fails_one_test_is_dropped_whole(line: str, reason: str) -> None:
    data = line.encode("latin-1") + b"\r\n"
    assert decode(GOOD, data, GOOD) == [*decode(GOOD), Damage(reason, len(data) - 1), *decode(GOOD)]


def test_the_first_line_after_opening_is_dropped_silently_where_it_is_cut() -> None:
    for cut in range(1, len(GOOD)):
        assert decode(GOOD[cut:] + GOOD) == decode(GOOD), cut


def test_a_cut_line_later_on_is_damage() -> None:
    assert decode(GOOD, GOOD[20:], GOOD)[1] == Damage(NO_DATA, len(GOOD) - 21)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\n\r", b"\r\n\r\n", b"\r\r\n", b"\r\n\0\0", b"\r\n   \r\n"])
def test_any_line_end_will_do(end: bytes) -> None:
    assert decode(end + (GOOD[:-2] + end) * 3) == decode(GOOD) * 3


def test_a_long_line_is_given_up_and_what_follows_it_is_no_line() -> None:
    long = b"x" * (LIMIT + 1)
    for pieces in ((long, GOOD), (long + GOOD,), (long[:9], long[9:] + GOOD[:50], GOOD[50:])):
        found = decode(*pieces)
        assert {frame.reason for frame in found if isinstance(frame, Damage)} == {TOO_LONG}
        assert _summary(found) == ([], len(long) + len(GOOD) - 1)
        assert decode(*pieces, GOOD)[-1:] == decode(GOOD)


def test_a_stream_without_line_ends_is_given_up_as_it_comes() -> None:
    decoder = Decoder()
    given_up = 0
    for fed in range(100, 100_001, 100):
        given_up += sum(frame.size for frame in decoder.feed(b"\x55" * 100) if isinstance(frame, Damage))
        assert fed - given_up <= LIMIT
    assert decoder.feed(b"\n" + GOOD)[-1:] == decode(GOOD)


@given(st.lists(frames, max_size=4))
@settings(max_examples=60)
def test_what_is_encoded_is_decoded(said: list[TextLine | Model | Heading]) -> None:
    assert decode(b"".join(frame.encode() for frame in said)) == said


def test_codes_that_want_one_column_are_all_said() -> None:
    line = TextLine(datetime.fromisoformat("2026-11-22T09:30:15"), "97", "72", "41", ("MO", "PS", "XX"))
    assert decode(line.encode()) == [line]


@given(st.lists(noise, max_size=6), st.lists(st.integers(0, 2_000), max_size=8))
@example([b"\0" * 258], [257])  # given up before its end has come
@settings(max_examples=80)
def test_any_split_gives_the_same_lines_and_as_many_damaged_bytes(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    split = decode(*(data[a:b] for a, b in pairwise(places)))
    assert _summary(split) == _summary(decode(data))


@given(st.lists(noise, max_size=6))
@settings(max_examples=80)
def test_after_any_garbage_the_next_whole_line_is_found(pieces: list[bytes]) -> None:
    assert decode(*pieces, b"\n", GOOD)[-1:] == decode(GOOD)


@given(st.integers(0, len(GOOD) - 3), st.binary(min_size=1, max_size=1))
@settings(max_examples=80)
def test_a_changed_byte_never_leaves_a_value_outside_its_range(place: int, byte: bytes) -> None:
    for frame in decode(GOOD, GOOD[:place] + byte + GOOD[place + 1 :])[1:]:
        if isinstance(frame, TextLine):
            assert 0 <= (number(frame.spo2) or 0) <= 100
            assert 0 <= (number(frame.bpm) or 0) <= 300


def _summary(found: list[Frame | Damage]) -> tuple[list[Frame], int]:
    whole = [frame for frame in found if not isinstance(frame, Damage)]
    return whole, sum(frame.size for frame in found if isinstance(frame, Damage))
