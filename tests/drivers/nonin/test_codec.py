from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.nonin import averages, packets, spot, text
from drivers.nonin.codec import Averages, Decoder, Format, Frame, Heading, Packet, Spot, TextLine
from drivers.nonin.packets import PacketFormat, floats
from tests.captures import load_all

CAPTURES = {capture.path.stem: capture.frames for capture in load_all(Path(__file__).parent / "captures")}
LOG = CAPTURES["01_df2_log"]
FORMATS: tuple[Format, ...] = ("df2", "df7", "df8", "df13", "ascii")


def decode(kind: Format, *data: bytes) -> list[Frame | Damage]:
    decoder = Decoder(kind)
    found = [frame for piece in data for frame in decoder.feed(piece)]
    return [*found, *decoder.settle()]


def packet(kind: PacketFormat = "df2", hr: int = 72, spo2: int = 97, status: int = 0, pleth: int = 60) -> Packet:
    statuses = bytes([0x81 | status] + [0x80 | status] * 24)
    laid = floats({packets.SPO2: spo2, packets.SREV: 0x30, packets.SPO2_D: spo2}, {packets.HR: hr, packets.HR_D: hr})
    return Packet(kind, statuses, tuple(range(pleth, pleth + 25)), laid)


GOOD: dict[Format, Frame] = {
    "df2": packet(),
    "df7": packet("df7", pleth=30_000),
    "df8": Averages(0, 72, 97, 0),
    "df13": Spot(datetime.fromisoformat("2026-11-22T09:30:15"), spot.SMART_POINT, 72, 97),
    "ascii": TextLine("097", "072"),
}


def said(frame: Frame) -> bytes:
    assert not isinstance(frame, Heading)
    return frame.encode()


def frames(kind: Format) -> st.SearchStrategy[Frame]:
    """Whatever the format can say."""
    hr, spo2 = st.integers(0, 511), st.integers(0, 127)
    match kind:
        case "df2" | "df7":
            most = 255 if kind == "df2" else 65_535
            middle = st.lists(st.sampled_from(range(0x80, 0x100, 2)), min_size=24, max_size=24)
            statuses = st.tuples(st.sampled_from(range(0x81, 0x100, 2)), middle)
            pleth = st.lists(st.integers(0, most), min_size=25, max_size=25).map(tuple)
            joined = statuses.map(lambda pair: bytes([pair[0], *pair[1]]))
            return st.builds(Packet, st.just(kind), joined, pleth, st.binary(min_size=25, max_size=25))
        case "df8":
            return st.builds(Averages, st.integers(0, 31).map(lambda bits: bits << 2), hr, spo2, spo2)
        case "df13":
            clocks = st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1))  # noqa: DTZ001  the device says no zone
            taken = st.none() | clocks.map(lambda clock: clock.replace(microsecond=0))
            added = st.binary(max_size=50)
            return st.builds(Spot, taken, st.integers(0, 0xFFFF), hr, spo2, st.integers(0, 255), added)
        case "ascii":
            numbers = (
                st.just("---") | st.integers(0, 999).map("{:03d}".format) | st.integers(0, 999).map("{:3d}".format)
            )
            clocks_8600 = st.just("") | st.times().map("{:%H:%M:%S}".format)
            return st.builds(TextLine, numbers, numbers, clocks_8600, st.booleans(), st.booleans())


def test_the_public_log_is_one_packet_with_what_its_bytes_mean() -> None:
    found = decode("df2", b"".join(LOG))
    assert len(found) == 1
    (frame,) = found
    assert isinstance(frame, Packet)
    assert frame.encode() == b"".join(LOG[4:29])
    assert (frame.rate(packets.HR), frame.saturation(packets.SPO2)) == (74, 96)
    assert (frame.rate(packets.HR_D), frame.saturation(packets.SPO2_D)) == (74, 96)
    assert (frame.rate(packets.E_HR), frame.rate(packets.E_HR_D)) == (74, 74)
    assert [frame.saturation(place) for place in (packets.E_SPO2, packets.E_SPO2_D)] == [96, 96]
    assert [frame.saturation(place) for place in (packets.SPO2_FAST, packets.SPO2_BB)] == [96, 96]
    assert (frame.floats[packets.SREV], frame.rate(packets.TIMER)) == (0x94, 0x17)
    assert frame.floats[packets.STAT2] == 0x04, "a reserved bit"
    assert frame.pleth[:3] == (0x43, 0x43, 0x43)


def test_the_test_frames_of_another_project_are_said_to_the_byte() -> None:
    frame = Packet("df2", b"\x81" + b"\x80" * 24, (1,) * 25, bytes(25))
    first, later = CAPTURES["02_df2_test_frames"]
    assert frame.encode() == first + later * 24
    assert decode("df2", first + later * 24) == [frame]


def test_frames_of_formats_2_and_7_as_made_by_hand() -> None:
    good, out = CAPTURES["03_df2_frames"][:4], CAPTURES["03_df2_frames"][4:]
    assert said(packet())[:20] == b"".join(good)
    lost = packet(hr=511, spo2=127, status=packets.SENSOR_ALARM)
    assert said(Packet("df2", lost.statuses, (0,) * 25, lost.floats))[:15] == b"".join(out)
    assert (lost.rate(packets.HR), lost.saturation(packets.SPO2)) == (511, 127)
    seven = Packet("df7", packet().statuses, tuple(range(30_000, 30_250, 10)), packet().floats)
    assert said(seven)[:15] == b"".join(CAPTURES["04_df7_frames"])


def test_frames_of_format_8_as_made_by_hand() -> None:
    expected = [
        Averages(0, 72, 97, 0),
        Averages(averages.LOW_PERFUSION, 150, 93, 0),
        Averages(averages.OUT_OF_TRACK, 511, 127, averages.SENSOR_ALARM),
    ]
    assert decode("df8", b"".join(CAPTURES["05_df8_frames"])) == expected
    assert [frame.encode() for frame in expected] == CAPTURES["05_df8_frames"]


def test_the_spot_measurement_as_made_by_hand() -> None:
    (data,) = CAPTURES["06_df13_spot"]
    assert decode("df13", data) == [GOOD["df13"]]
    assert said(GOOD["df13"]) == data


def test_lines_as_in_the_operators_manuals() -> None:
    expected = [
        TextLine("097", "072"),
        TextLine("097", "072", is_fast=True),
        TextLine("097", "072", has_event=True),
        TextLine("---", "---"),
        TextLine("097", "072", clock="09:30:15"),
    ]
    for line, frame in zip(CAPTURES["07_ascii"], expected, strict=True):
        assert decode("ascii", line + b"\r\n") == [frame]
        assert frame.encode() == line + b"\r\n"


def test_nine_bits_of_the_rate_and_seven_of_the_saturation() -> None:
    for hr in (0, 127, 128, 255, 256, 321, 510, 511):
        (frame,) = decode("df2", said(packet(hr=hr)))
        assert isinstance(frame, Packet)
        assert frame.rate(packets.HR_D) == hr
        assert decode("df8", Averages(0, hr, 97, 0).encode()) == [Averages(0, hr, 97, 0)]
        assert decode("df13", Spot(None, 0, hr, 97).encode()) == [Spot(None, 0, hr, 97)]


def test_a_wrong_checksum_costs_the_packet_and_no_other() -> None:
    good = said(GOOD["df2"])
    for place in range(4, 125, 5):
        harmed = bytearray(good)
        harmed[place] ^= 0x10
        assert decode("df2", good + bytes(harmed) + good) == [
            GOOD["df2"],
            Damage(packets.CHECKSUM, 125),
            GOOD["df2"],
        ]


@pytest.mark.parametrize("kind", ["df2", "df7"])
def test_a_frame_too_few_or_too_many_is_frame_loss(kind: Format) -> None:
    good = said(GOOD[kind])
    for harmed in (good[:60] + good[65:], good[:60] + good[55:]):
        found = decode(kind, good + harmed + good + good)
        assert found[0] == found[-1] == GOOD[kind]
        (damage,) = (frame for frame in found if isinstance(frame, Damage))
        assert (damage.reason, damage.size) == (packets.FRAME_LOSS, len(harmed))


@pytest.mark.parametrize("reply", [b"\x06", b"\x15", bytes.fromhex("02 F2 06 1A 0B 16 09 1E 0F 03")])
@pytest.mark.parametrize("kind", ["df2", "df7"])
def test_replies_to_somebody_elses_commands_are_no_frames(kind: Format, reply: bytes) -> None:
    good = said(GOOD[kind])
    found = decode(kind, good * 3 + reply + good * 3)
    assert [frame for frame in found if not isinstance(frame, Damage)] == [GOOD[kind]] * 6
    assert _summary(found)[1] == len(reply)


@pytest.mark.parametrize("reply", [b"\x06", b"\x15", bytes.fromhex("02 F2 06 1A 0B 16 09 1E 0F 03")])
def test_a_reply_in_the_silence_of_format_8_costs_no_frame(reply: bytes) -> None:
    decoder, good = Decoder("df8"), said(GOOD["df8"])
    found = [frame for piece in (good, reply, good) for frame in [*decoder.feed(piece), *decoder.settle()]]
    assert found[0] == found[-1] == GOOD["df8"]
    assert _summary(found) == ([GOOD["df8"]] * 2, len(reply))


def test_a_byte_too_many_never_makes_a_saturation_of_something_else() -> None:
    good = said(GOOD["df8"])
    for place in range(1, len(good) + 1):
        for byte in (b"\x20", b"\x60", b"\x80"):
            found = decode("df8", good * 3 + good[:place] + byte + good[place:], good * 3)
            assert set(_summary(found)[0]) == {GOOD["df8"]}, (place, byte)


@pytest.mark.parametrize("kind", FORMATS)
def test_who_comes_in_the_middle_hears_of_no_damage(kind: Format) -> None:
    good = said(GOOD[kind])
    for cut in range(1, len(good)):
        found = decode(kind, good[cut:] + good * 3)
        assert [frame for frame in found if not isinstance(frame, Heading)] == [GOOD[kind]] * 3, cut


@pytest.mark.parametrize("kind", ["df2", "df7"])
def test_a_packet_format_is_never_taken_for_format_8(kind: PacketFormat) -> None:
    stream = b"".join(said(packet(kind, hr, pleth=10 * hr)) for hr in range(20, 24))
    stream += b"".join(LOG) * (kind == "df2")
    for start in range(5):
        for end in range(len(stream) - 5, len(stream)):
            decoder = Decoder("df8")
            assert [f for f in decoder.feed(stream[start:end]) if isinstance(f, Averages)] == []


@given(st.data())
@settings(max_examples=60)
def test_no_stream_of_formats_2_and_7_looks_like_format_8(data: st.DataObject) -> None:
    kind: PacketFormat = data.draw(st.sampled_from(("df2", "df7")))
    stream = b"".join(said(data.draw(frames(kind))) for _ in range(2))
    found = Decoder("df8").feed(stream[data.draw(st.integers(0, 124)) :])
    assert [frame for frame in found if isinstance(frame, Averages)] == []


def test_three_byte_frames_of_an_older_format_are_damage() -> None:
    found = decode("df8", bytes.fromhex("80 48 61") * 10)
    assert {type(frame) for frame in found} == {Damage}


def test_a_frame_of_format_8_counts_when_silence_or_two_more_follow() -> None:
    decoder, good = Decoder("df8"), said(GOOD["df8"])
    assert (decoder.feed(good), decoder.is_waiting) == ([], True)
    assert (decoder.settle(), decoder.is_waiting) == ([GOOD["df8"]], False)
    assert (decoder.feed(good), decoder.settle()) == ([], [GOOD["df8"]])
    assert decoder.feed(b"\x00" + good) == [Damage("no frame", 1)]
    assert decoder.feed(good) == []
    assert decoder.feed(good) == [GOOD["df8"]] * 2
    assert decoder.settle() == [GOOD["df8"]]


@pytest.mark.parametrize("size", [0, 13, 65, 0xFFFF])
def test_a_spot_frame_of_impossible_length_is_damage(size: int) -> None:
    good = said(GOOD["df13"])
    head = spot.HEAD + size.to_bytes(2, "big")
    found = decode("df13", good + head + good)
    assert [frame for frame in found if isinstance(frame, Spot)] == [GOOD["df13"]] * 2
    assert _summary(found)[1] == 6


@pytest.mark.parametrize("clock", ["2026133100000000", "20261122093060ff", "0000000000000000", "2A26112209301500"])
def test_a_clock_that_says_no_date_is_none(clock: str) -> None:
    data = bytes.fromhex(clock) + bytes.fromhex("0200 0048 00 61")
    frame = spot.HEAD + b"\x00\x0e" + data + bytes((sum(data) & 0xFF, 3))
    assert decode("df13", frame) == [Spot(None, spot.SMART_POINT, 72, 97)]


@pytest.mark.parametrize(
    "line",
    [
        *(b"SPO2=97 HR=072", b"SPO2=097 HR=72", b"SPO2=0970 HR=072", b"SPO2=097  HR=072", b"SPO2=09- HR=072"),
        *(b"spo2=097 HR=072", b"SPO2=097 HR=072 G", b"SPO2=097", b" SPO2=097 HR=072", b"99:30:15 SPO2=097 HR=072"),
        *(b"SPO2=0 7 HR=072", b"SPO2=097 HR=+72", b"SPO2=097%HR=072", b"\x80\x81", b"SPO2=097 BPM=080 EXC=000800"),
    ],
)
def test_a_line_of_another_form_is_damage(line: bytes) -> None:
    good = said(GOOD["ascii"])
    assert decode("ascii", good, line + b"\r\n", good)[1:] == [Damage(text.MALFORMED, len(line) + 1), GOOD["ascii"]]


def test_a_power_up_line_is_neither_kept_nor_damage() -> None:
    assert decode("ascii", b"NONIN 7500 REV 1 22-NOV-26 09:30\r\n") == [Heading()]


@pytest.mark.parametrize("kind", FORMATS)
@given(data=st.data())
@settings(max_examples=30)
def test_what_is_encoded_is_decoded(kind: Format, data: st.DataObject) -> None:
    spoken = data.draw(st.lists(frames(kind), max_size=4))
    assert decode(kind, b"".join(map(said, spoken))) == spoken


def noise(kind: Format) -> st.SearchStrategy[bytes]:
    good = said(GOOD[kind])
    near = [good, good[:-1], good[1:], good[:7], *LOG[:3], b"\x01\x81", spot.HEAD, b"\x80\x81", b"\r\n", b"\x01" * 9]
    return st.binary(max_size=300) | st.sampled_from(near)


@pytest.mark.parametrize("kind", FORMATS)
@given(data=st.data())
@settings(max_examples=40)
def test_any_split_gives_the_same_frames_and_as_many_damaged_bytes(kind: Format, data: st.DataObject) -> None:
    stream = b"".join(data.draw(st.lists(noise(kind), max_size=6)))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    places = sorted({0, len(stream), *cuts})
    split = decode(kind, *(stream[a:b] for a, b in pairwise(places)))
    assert _summary(split) == _summary(decode(kind, stream))


@pytest.mark.parametrize("kind", FORMATS)
@given(data=st.data())
@settings(max_examples=40)
def test_after_any_garbage_the_next_good_frame_is_found(kind: Format, data: st.DataObject) -> None:
    pieces = data.draw(st.lists(noise(kind), max_size=6))
    end = {"ascii": b"\r\n", "df13": bytes(spot.LONGEST + 8)}.get(kind, b"")
    assert decode(kind, *pieces, end, said(GOOD[kind]) * 3)[-1:] == [GOOD[kind]]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("byte", [b"\x00", b"\x01", b"\x55", b"\x80", b"\x81", b"\xff", b"A"])
def test_memory_is_bounded(kind: Format, byte: bytes) -> None:
    decoder = Decoder(kind)
    for _ in range(200):
        decoder.feed(byte * 100)
    given_up = sum(frame.size for frame in decoder.feed(byte * 1_000) if isinstance(frame, Damage))
    assert given_up >= 1_000 - 128


def test_a_changed_byte_in_a_packet_or_spot_is_always_noticed() -> None:
    for kind in ("df2", "df7", "df13"):
        good = said(GOOD[kind])
        for place in range(len(good)):
            harmed = bytearray(good)
            harmed[place] ^= 0x04
            found = decode(kind, bytes(harmed))
            assert [frame for frame in found if not isinstance(frame, Damage)] == [], (kind, place)


def _summary(found: list[Frame | Damage]) -> tuple[list[Frame], int]:
    whole = [frame for frame in found if not isinstance(frame, Damage)]
    return whole, sum(frame.size for frame in found if isinstance(frame, Damage))
