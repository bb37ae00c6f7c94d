"""Frames of MEDIBUS: foreign bytes, round trips, splits, garbage."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.medibus.codec import (
    ALARMS,
    ECHOED,
    MAX_FRAME,
    MEASURED,
    AlarmRecord,
    Alarms,
    Answer,
    Decoder,
    DeviceCommand,
    Echo,
    Frame,
    IdentifyDevice,
    InitialiseCommunication,
    Measured,
    NoOperation,
    ReadAlarms1,
    ReadAlarms2,
    ReadMeasured,
    StopCommunication,
    Value,
    recognise,
)
from tests.captures import load

CAPTURES = Path(__file__).parent / "captures"
COMMANDS = load(CAPTURES / "01_commands.hex").frames
SESSION = load(CAPTURES / "02_session.hex").frames
(MEASURED_ANSWER,) = load(CAPTURES / "03_measured.hex").frames
(EVITA,) = load(CAPTURES / "04_evita4_alarms.hex").frames

text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=1)
codes = st.integers(0, 255).map("{:02X}".format)


def words(size: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=size, max_size=size)


data7 = st.binary(max_size=251).map(
    lambda data: bytes(byte & 0x7F for byte in data).translate(None, b"\x01\x1b\r\x11\x13")
)
frames: st.SearchStrategy[Frame] = st.one_of(
    st.builds(Measured, st.lists(st.builds(Value, codes, words(4)), max_size=40).map(tuple), st.sampled_from([1, 2])),
    st.builds(
        Alarms,
        st.lists(st.builds(AlarmRecord, words(1), codes, words(12)), max_size=16).map(tuple),
        st.sampled_from([1, 2, 3]),
    ),
    st.builds(Answer, st.sampled_from([0x15, 0x28, 0x29, 0x30, 0x51, 0x52, 0x55]), data7),
    st.builds(DeviceCommand, st.sampled_from([0x24, 0x30, 0x49, 0x51, 0x52, 0x55]), data7),
)


def decode(*pieces: bytes) -> list[Frame | Damage]:
    decoder = Decoder()
    return [found for piece in pieces for found in decoder.feed(piece)]


def framed(body: bytes) -> bytes:
    """Add checksum and CR, in code that is not the codec's."""
    total = 0
    for value in body:
        total = (total + value) % 256
    return body + f"{total:02X}".encode() + b"\x0d"


def test_the_commands_are_the_bytes_of_a_public_program() -> None:
    ours = (
        InitialiseCommunication(),
        IdentifyDevice(),
        ReadMeasured(),
        ReadAlarms1(),
        ReadAlarms2(),
        NoOperation(),
        StopCommunication(),
    )
    for request in ours:
        assert request.encode() in [*COMMANDS, SESSION[4]]
        assert request.encode() == framed(bytes([0x1B, request.code]))
    assert {data for data in COMMANDS if recognise(data)} == {request.encode() for request in ours} - {SESSION[4]}


def test_each_foreign_command_has_a_right_checksum() -> None:
    for data in COMMANDS:
        assert decode(data) == [DeviceCommand(data[1])]


def test_what_the_session_answers_say() -> None:
    confirmed, nop, stopped, identified, said = (frame for data in SESSION for frame in decode(data))
    assert said == DeviceCommand(NoOperation.code)
    assert NoOperation().encode() == SESSION[4]
    assert (confirmed, nop, stopped) == (Answer(0x51), Answer(0x30), Answer(0x55))
    assert identified == Answer(0x52, b"0161'Evita4'01.03:06.00")
    assert [Answer(0x51).encode(), Answer(0x30).encode(), Answer(0x55).encode()] == SESSION[:3]
    assert Echo(0x51).encode() == SESSION[0]


def test_what_the_measured_answer_says() -> None:
    (frame,) = decode(MEASURED_ANSWER)
    assert frame == Measured(
        (Value("E6", "  38"), Value("D6", "  14"), Value("EB", "  97"), Value("E1", "  72")), page=1
    )
    assert frame.encode() == MEASURED_ANSWER


def test_the_alarms_of_a_real_evita_4() -> None:
    (frame,) = decode(EVITA)
    assert isinstance(frame, Alarms)
    assert len(frame.records) == 9
    assert frame.records[0] == AlarmRecord("1", "19", "MIN VOL LOW ")
    assert frame.records[6] == AlarmRecord("A", "A4", "VOL ERR     ")
    assert frame.encode() == EVITA == framed(EVITA[:-3])


@given(frames)
@settings(max_examples=100)
def test_round_trip(frame: Frame) -> None:
    assert decode(frame.encode()) == [frame]


pieces = st.one_of(
    st.sampled_from([MEASURED_ANSWER, EVITA, *SESSION, MEASURED_ANSWER[:10], b"\r", b"\x01", b"\x1b", b"\r\n"]),
    st.binary(max_size=40),
    frames.map(lambda frame: frame.encode()),
)
streams = st.lists(pieces, max_size=8).map(b"".join)


@given(streams, st.data())
@settings(max_examples=100)
def test_any_split_gives_the_same_frames(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    once = decode(stream)
    often = decode(*(stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])))
    assert [x for x in once if not isinstance(x, Damage)] == [x for x in often if not isinstance(x, Damage)]
    lost = [sum(x.size for x in found if isinstance(x, Damage)) for found in (once, often)]
    ends = stream.count(b"\r") + stream.count(b"\n")  # a line end beside a gap is no loss, and may fall to either side
    assert abs(lost[0] - lost[1]) <= ends


@given(streams, frames)
@settings(max_examples=100)
def test_after_any_garbage_the_next_good_frame_is_found(garbage: bytes, frame: Frame) -> None:
    assert decode(garbage, frame.encode())[-1] == frame


@given(frames, st.data())
@settings(max_examples=100)
def test_realtime_bytes_may_stand_anywhere(frame: Frame, data: st.DataObject) -> None:
    wire = frame.encode()
    place = data.draw(st.integers(0, len(wire)))
    stream = data.draw(st.binary(min_size=1, max_size=20).map(lambda raw: bytes(byte | 0x80 for byte in raw)))
    damage, found = decode(wire[:place] + stream + wire[place:])
    assert found == frame
    assert damage == Damage("realtime data that nobody asked for", len(stream))


@pytest.mark.parametrize("filler", [b"x", b"\x01", b"\x1b$", b"\r", b"\xd0\x80", b"\x01" + b"x" * 1000])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(1000):
        decoder.feed(filler)
        assert len(decoder._rest) < MAX_FRAME
    assert decoder.feed(MEASURED_ANSWER)[-1] == decode(MEASURED_ANSWER)[0]


def test_the_longest_frame_passes_and_a_longer_one_does_not() -> None:
    longest = framed(b"\x01\x29" + b"x" * 251)
    assert decode(longest) == [Answer(0x29, b"x" * 251)]
    assert len(longest) == MAX_FRAME
    found = decode(framed(b"\x01\x29" + b"x" * 252))
    assert found[0] == Damage("frame too long", MAX_FRAME)


def test_flow_control_is_ignored() -> None:
    assert decode(b"\x11" + MEASURED_ANSWER[:7] + b"\x13" + MEASURED_ANSWER[7:]) == decode(MEASURED_ANSWER)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "bytes between frames"),
        (MEASURED_ANSWER[:12] + MEASURED_ANSWER, "frame cut short"),
        (b"\x01\x51\r", "frame too short"),
        (b"\x01\r", "frame too short"),
        (b"\x01\x51\x35\x33\r", "wrong checksum"),
        (framed(b"\x01\x51").lower().replace(b"2", b"3"), "wrong checksum"),
        (framed(b"\x01\x24E6  3"), "records do not fit"),
        (framed(b"\x01\x24G6  38"), "records do not fit"),
        (framed(b"\x01\x24e6  38"), "records do not fit"),
        (framed(b"\x01\x24E6 \t38"), "text not printable"),
        (framed(b"\x01\x27119MIN VOL LOW"), "records do not fit"),
        (framed(b"\x01\x271X9MIN VOL LOW "), "records do not fit"),
    ],
)
def test_damage_says_why(data: bytes, reason: str) -> None:
    found = decode(data)[0]
    assert isinstance(found, Damage)
    assert found.reason == reason


def test_line_ends_between_frames_are_no_damage() -> None:
    assert decode(b"\r\n" + MEASURED_ANSWER + b"\n\r" + MEASURED_ANSWER) == decode(MEASURED_ANSWER) * 2


def test_an_empty_answer_is_an_empty_table() -> None:
    assert decode(framed(b"\x01\x24")) == [Measured(())]
    assert decode(framed(b"\x01\x27")) == [Alarms(())]


def test_pages_and_codes_belong_together() -> None:
    assert [Measured((), page).code for page in MEASURED.values()] == list(MEASURED)
    assert [Alarms((), page).code for page in ALARMS.values()] == list(ALARMS)


@pytest.mark.parametrize("code", sorted(set(range(256)) - ECHOED))
def test_only_a_few_commands_are_echoed(code: int) -> None:
    with pytest.raises(ValueError, match="hear again"):
        Echo(code)


def test_every_single_changed_byte_is_noticed() -> None:
    for place in range(len(MEASURED_ANSWER)):
        for value in range(256):
            changed = MEASURED_ANSWER[:place] + bytes([value]) + MEASURED_ANSWER[place + 1 :]
            if changed != MEASURED_ANSWER:
                assert not any(isinstance(x, Measured) for x in decode(changed)), changed
