"""The codec against foreign bytes, and what must hold for any bytes."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.intellivue.codec import Decoder, parse
from drivers.intellivue.export import (
    CONNECT_INDICATION,
    MDS_CREATE,
    NUMERIC,
    EventReport,
    Link,
    Observed,
    PollReply,
    Refused,
)
from drivers.intellivue.identity import identity
from drivers.intellivue.mib import Frames, fcs, framed
from drivers.intellivue.requests import Associate, Created, FollowNumerics, FollowWaves, ReadNumerics, Release
from drivers.intellivue.session import ABORT, RELEASED, Accepted, Asked, End, Ended, UserInformation
from drivers.intellivue.values import (
    Special,
    bcd_time,
    float_value,
    float_word,
    narrow_texts,
    time_bcd,
    wide_bytes,
    wide_text,
)
from tests.captures import load

HERE = Path(__file__).parent / "captures"

ASKED, CREATED, NUMERICS, WAVES, RELEASE = load(HERE / "client_requests.hex").frames
LONG_FORM = load(HERE / "other_client.hex").frames[0]


# --- foreign bytes


def test_our_requests_are_those_of_a_public_client() -> None:
    assert Associate().encode() == ASKED
    assert Created(1, 0, 0, 0x000ABD00).encode() == CREATED
    assert FollowNumerics().encode() == NUMERICS
    assert FollowWaves().encode() == WAVES
    assert Release().encode() == RELEASE


def test_requests_as_described() -> None:
    bare, serial, extended, release = load(HERE / "requests.hex").frames
    assert ReadNumerics().encode() == bare
    assert ReadNumerics(is_framed=True).encode() == serial
    assert FollowNumerics().encode() == extended
    assert Release(is_framed=True).encode() == release


def test_the_connect_indication_of_a_real_monitor() -> None:
    (data,) = load(HERE / "connect_indication.hex").frames
    (report,) = Decoder(is_stream=False).feed(data)
    assert isinstance(report, EventReport)
    assert (report.event, report.managed, report.time) == (CONNECT_INDICATION, 0x23, 0x09457F00)
    assert (report.is_indication, report.is_confirmed, report.invoke_id) == (True, False, 0)
    assert len(report.attributes) == 16
    assert report.attributes[0x0986] == bytes.fromhex("0001114D")
    assert report.encode() == data


def test_the_same_monitor_says_who_it_is() -> None:
    (report,) = Decoder(is_stream=False).feed(load(HERE / "connect_indication.hex").frames[0])
    assert isinstance(report, EventReport)
    said = identity(report.attributes)
    assert (said.manufacturer, said.model, said.firmware) == ("Philips", "866062", "L.01.18")
    assert said.serial == "0009fbffff88c1bd"


def test_the_protocol_support_of_the_real_monitor_names_the_port() -> None:
    (report,) = Decoder(is_stream=False).feed(load(HERE / "connect_indication.hex").frames[0])
    assert isinstance(report, EventReport)
    entries = report.attributes[0xF101]
    rows = [tuple(int.from_bytes(entries[at + n : at + n + 2], "big") for n in (0, 2, 4, 6)) for at in range(4, 44, 8)]
    assert rows[3] == (5, 1, 24105, 0)


def test_released_and_abort_as_a_client_knows_them() -> None:
    released, abort = load(HERE / "session_ends.hex").frames
    assert (released, abort) == (RELEASED, ABORT)
    assert parse(released) == Ended(End.RELEASED)
    assert parse(abort) == Ended(End.ABORT)


def test_the_long_form_of_the_request_for_association() -> None:
    asked = parse(LONG_FORM)
    assert isinstance(asked, Asked)
    assert len(LONG_FORM) == 300
    assert asked.information == UserInformation(0x80000000, 0x20000000, 0x0FA0, 0x05B0, 0x05B0, 0x8E000000)


def test_the_short_form_reads_back() -> None:
    assert parse(ASKED) == Asked()


@pytest.mark.parametrize(("place", "data", "escaped"), [(0, "3A71", "9B26"), (1, "3A91", "957DE1")])
def test_check_sequences_of_openice(place: int, data: str, escaped: str) -> None:
    """These frames have no header: what they show is the check sequence, its order and the escaping."""
    frame = load(HERE / "check_sequences.hex").frames[place]
    assert frame == bytes.fromhex(f"C0{data}{escaped}C1")
    said = fcs(bytes.fromhex(data)).to_bytes(2, "little")
    assert said.replace(b"\xc1", b"\x7d\xe1") == bytes.fromhex(escaped)


def test_the_check_value_of_crc_16_x_25() -> None:
    assert fcs(b"123456789") == 0x906E


def test_a_receiver_run_over_data_and_fcs_leaves_the_published_residue() -> None:
    data = bytes.fromhex("1101") + b"anything"
    assert fcs(data + fcs(data).to_bytes(2, "little")) ^ 0xFFFF == 0xF0B8


# --- FLOAT, times, texts


@pytest.mark.parametrize(
    ("word", "value"),
    [
        (0xFD007D00, 32.0),
        (0xFF000140, 32.0),
        (0x01000140, 3200),
        (0x02000020, 3200),
        (0x00000061, 97),
        (0xFF000170, 36.8),
        (0x00FFFFFF, -1),
        (0xFFFFFFFF, -0.1),
        (0x007FFFFF, Special.NAN),
        (0x00800000, Special.NOT_AT_THIS_RESOLUTION),
        (0x00800001, Special.RESERVED),
        (0x007FFFFE, Special.OVER_RANGE),
        (0x00800002, Special.UNDER_RANGE),
        (0xFF7FFFFF, Special.NAN),  # whatever the exponent
    ],
)
def test_float(word: int, value: object) -> None:
    assert float_value(word) == value


@given(st.integers(0, 0xFFFFFFFF))
@settings(max_examples=100)
def test_every_float_is_a_finite_number_or_special(word: int) -> None:
    value = float_value(word)
    assert isinstance(value, Special) or abs(value) < 1e140


@given(st.integers(-8_000_000, 8_000_000), st.integers(0, 3))
@settings(max_examples=100)
def test_a_float_comes_back(number: int, digits: int) -> None:
    assert float_value(float_word(number / 10**digits, digits)) == number / 10**digits


@pytest.mark.parametrize(
    ("data", "moment"),
    [
        ("20260102 03040550", datetime.fromisoformat("2026-01-02T03:04:05.5")),
        ("FFFFFFFF FFFFFFFF", None),
        ("20261302 03040550", None),
        ("20260102 03046A50", None),
        ("00000000 00000000", None),
        ("202601", None),
        ("", None),
    ],
)
def test_a_time_in_bcd_is_a_time_or_unknown(data: str, moment: datetime | None) -> None:
    assert bcd_time(bytes.fromhex(data)) == moment
    if moment:
        assert time_bcd(moment) == bytes.fromhex(data)


def test_labels_are_padded_closed_and_may_hold_a_subscript() -> None:
    assert wide_text(wide_bytes("SpO\u2082  ")) == "SpO\u2082"
    assert wide_text(b"\x00\x03\x00") == "\ufffd"
    assert wide_text(b"") == ""
    assert wide_text(wide_bytes("x" * 500)) == "x" * 64
    assert wide_text(wide_bytes("a\x1b[31m")) == "a[31m"


def test_narrow_texts_stand_one_after_another() -> None:
    assert narrow_texts(bytes.fromhex("0008 5068696C69707300 0008 3836363036320000")) == ["Philips", "866062"]
    assert narrow_texts(b"\xff\xff" + b"a" * 10) == ["a" * 10]


# --- round trip


WORD = st.integers(0, 0xFFFF)
ATTRIBUTES = st.dictionaries(WORD, st.binary(max_size=20), max_size=4)
OBJECTS = st.lists(st.builds(Observed, st.integers(0, 2), WORD, ATTRIBUTES), max_size=5).map(
    lambda objects: tuple(sorted(objects, key=lambda o: o.context))
)
REPLIES = st.builds(
    PollReply,
    invoke_id=WORD,
    poll_no=WORD,
    time=st.integers(0, 0xFFFFFFFF),
    subject=WORD,
    objects=OBJECTS,
    sequence=st.none() | WORD,
    link=st.none() | st.builds(Link, st.integers(1, 3), st.integers(0, 255)),
    group=WORD,
    absolute=st.binary(min_size=8, max_size=8),
)
EVENTS = st.builds(
    EventReport,
    event=st.sampled_from([MDS_CREATE, CONNECT_INDICATION, 0x0D01]),
    time=st.integers(0, 0xFFFFFFFF),
    attributes=ATTRIBUTES,
    invoke_id=WORD,
    is_confirmed=st.booleans(),
    context=WORD,
    handle=WORD,
    managed=WORD,
    is_indication=st.booleans(),
)
LONG = st.integers(0, 0xFFFFFFFF)
INFORMATION = st.builds(UserInformation, LONG, LONG, LONG, LONG, LONG, LONG)
MESSAGES = st.one_of(
    REPLIES,
    EVENTS,
    st.builds(Refused, WORD, WORD),
    st.builds(Accepted, INFORMATION),
    st.builds(Asked, INFORMATION),
    st.builds(Ended, st.sampled_from(End)),
)


@given(MESSAGES)
@settings(max_examples=100)
def test_what_is_said_is_what_is_heard(message: PollReply) -> None:
    assert Decoder(is_stream=False).feed(message.encode()) == [message]
    assert Decoder(is_stream=True).feed(framed(message.encode())) == [message]


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_any_message_survives_its_frame(message: bytes) -> None:
    frame = framed(message)
    assert frame[0] == 0xC0
    assert frame[-1] == 0xC1
    assert not {0xC0, 0xC1} & set(frame[1:-1])
    assert Frames().feed(frame) == [message]


# --- splits, garbage, damage

GOOD = framed(Refused(7, 2).encode())
STREAM = st.lists(
    st.one_of(st.just(GOOD), REPLIES.map(lambda r: framed(r.encode())), st.binary(max_size=40)), max_size=6
).map(b"".join)


def _sorted_out(found: list[object]) -> tuple[list[object], int]:
    return [f for f in found if not isinstance(f, Damage)], sum(f.size for f in found if isinstance(f, Damage))


@given(STREAM, st.integers(0, 2000))
@settings(max_examples=100)
def test_any_split_is_the_same(data: bytes, at: int) -> None:
    whole: list[object] = list(Decoder(is_stream=True).feed(data))
    decoder = Decoder(is_stream=True)
    halves: list[object] = [*decoder.feed(data[:at]), *decoder.feed(data[at:])]
    assert _sorted_out(halves) == _sorted_out(whole)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
@settings(max_examples=100)
def test_after_any_garbage_the_next_frame_is_found(garbage: bytes, cuts: list[int]) -> None:
    decoder = Decoder(is_stream=True)
    places = [0, *sorted(cuts), len(garbage)]
    for start, end in pairwise(places):
        decoder.feed(garbage[start:end])
    assert decoder.feed(GOOD)[-1] == Refused(7, 2)


@given(st.binary(max_size=400))
@settings(max_examples=100)
def test_any_datagram_is_a_message_or_damage(data: bytes) -> None:
    for candidate in (data, b"\xe1\x00\x00\x02" + data, b"\x0e" + data, b"\x00\x00\x01\x00" + data):
        found = Decoder(is_stream=False).feed(candidate)
        assert len(found) <= 1
        if found and isinstance(found[0], Damage):
            assert found[0].size == len(candidate)


@given(REPLIES, st.data())
@settings(max_examples=100)
def test_a_harmed_answer_never_raises(reply: PollReply, data: st.DataObject) -> None:
    whole = reply.encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    harmed = whole[:at] + bytes((data.draw(st.integers(0, 255)),)) + whole[at + 1 :]
    assert len(Decoder(is_stream=False).feed(harmed)) == 1
    assert isinstance(parse(whole[:at]), Damage)


def test_memory_is_bounded() -> None:
    frames = Frames()
    found = [damage for _ in range(100) for damage in frames.feed(b"\xc0" + b"A" * 9999)]
    assert len(frames._pending) <= 8192
    assert sum(damage.size for damage in found if isinstance(damage, Damage)) + len(frames._pending) == 1_000_000
    assert frames.feed(GOOD)[-1] == Refused(7, 2).encode()


def _with(frame: bytes, at: int, value: int) -> bytes:
    return frame[:at] + bytes((value,)) + frame[at + 1 :]


def _framed_raw(plain: bytes) -> bytes:
    return b"\xc0" + plain + fcs(plain).to_bytes(2, "little") + b"\xc1"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"noise" + GOOD, "bytes between frames"),
        (_with(GOOD, 12, 0x55), "wrong FCS"),
        (b"\xc0\xc1", "wrong FCS"),
        (GOOD[:-1] + b"\x7d\xc1", "frame taken back"),
        (GOOD[:9] + GOOD, "frame cut short"),
        (b"\xc0" + b"A" * 9000 + GOOD, "frame too long"),
        (_framed_raw(b"\x12\x01\x00\x01A"), "frame of another protocol"),
        (_framed_raw(b"\x11\x01\x00\x02A"), "wrong length"),
        (framed(b"A"), "no message of the protocol"),
        (framed(b""), "no message of the protocol"),
    ],
)
def test_damage_on_the_line_says_why(data: bytes, reason: str) -> None:
    found = Decoder(is_stream=True).feed(data)
    assert isinstance(found[0], Damage)
    assert found[0].reason == reason


REPLY = PollReply(1, 1, 5, NUMERIC, (Observed(0, 1, {2384: b"0123456789"}),)).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (REPLY[:-1], "message of wrong length"),
        (REPLY + b"\0", "message of wrong length"),
        (b"\xe1\x00\x00\x02\x00", "message cut short"),
        (b"\xe1\x00\x00\x02\x00\x09\x00\x00", "message of another kind"),
        (b"\xe1\x00\x00\x02\x00\x03\x00\x00", "message cut short"),
        (_with(REPLY, 11, 3), "message of another kind"),  # the answer to a GET
        (_with(REPLY, 23, 1), "message of wrong length"),
        (_with(REPLY, 47, 0xFF), "list longer than its message"),
        (_with(REPLY, 51, 0), "list of wrong length"),
        (_with(REPLY, 57, 9), "message cut short"),
        (ReadNumerics().encode(), "message of another kind"),
        (b"\x0e\x05\x00", "session message of wrong length"),
        (b"\x0e\x02\x00\x00", "association not understood"),
        (b"\x0e\x06\xbe\x80\x28\x80\x81\x02", "association not understood"),
        (b"", "no message of the protocol"),
    ],
)
def test_damage_in_a_message_says_why(data: bytes, reason: str) -> None:
    assert parse(data) == Damage(reason, len(data))
