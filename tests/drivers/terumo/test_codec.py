"""Packets: the manual's examples, round trips, splits, garbage."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.terumo.codec import (
    STATUS_SIZE,
    CommandReply,
    Decoder,
    DeviceIdReply,
    Frame,
    ReadDeviceId,
    ReadStatus,
    Status,
    checksum,
)
from simulators.terumo.hearing import crc, packet
from tests.captures import load, load_all

CAPTURES = Path(__file__).parent / "captures"
DEVICE_ID = "000100700000001201000001"
ALMOST = '<?xml version="1.0"?><REP><DEVID>A</DEVID>'


def packets(name: str) -> list[bytes]:
    return [b"\x02" + line + b"\x03" for line in load(CAPTURES / name).frames]


ASK_ID, SAID_ID, ASK_STATUS, STOPPED = packets("printed.txt")
(MISPRINTED,) = packets("misprinted.txt")
CONSTRUCTED = packets("constructed.txt")
ID_OF_730, RUNNING, OCCLUDED, DOSING, UNKNOWN_COMMAND, TOO_SHORT = CONSTRUCTED


def decode(*data: bytes) -> list[Frame | Damage]:
    decoder = Decoder()
    return [found for piece in data for found in decoder.feed(piece)]


def status_of(data: bytes) -> Status:
    (reply,) = decode(data)
    assert isinstance(reply, CommandReply)
    status = Status.decode(reply.data)
    assert status is not None
    return status


ids = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="<>&"), min_size=1, max_size=64)
bytes_ = st.integers(0, 255)
replies = st.builds(CommandReply, ids, bytes_, bytes_, st.integers(0, 0xFFFF), bytes_, st.binary(max_size=90))
frames: st.SearchStrategy[Frame] = st.builds(DeviceIdReply, ids) | replies


def test_the_checksum_is_xmodem() -> None:
    assert checksum(b"123456789") == crc(b"123456789") == 0x31C3


def test_questions_are_as_printed_in_the_manual() -> None:
    assert ReadDeviceId().encode() == ASK_ID
    assert ReadStatus(DEVICE_ID).encode() == ASK_STATUS
    assert ReadStatus("SS730-0001").encode() == packets("questions.txt")[0]


def test_answers_are_as_printed_in_the_manual() -> None:
    assert decode(SAID_ID) == [DeviceIdReply(DEVICE_ID)]
    (reply,) = decode(STOPPED)
    assert isinstance(reply, CommandReply)
    assert (reply.device_id, reply.sequence, reply.command, reply.subcommand, reply.result) == (DEVICE_ID, 0, 1, 0, 0)
    assert len(reply.data) == 82
    assert [frame.encode() for frame in (*decode(SAID_ID), reply) if not isinstance(frame, Damage)] == [
        SAID_ID,
        STOPPED,
    ]


def test_the_status_of_the_printed_te_ss830p() -> None:
    status = status_of(STOPPED)
    assert status[:-1] == (0x0403, 0x00, 0x1000, 0, 0x55, 0x00, 6, 0, 0, 0xEEEEEE, 0, 0x08, 0x02BC, 0x0003E8)
    assert len(status.rest) == 82 - STATUS_SIZE
    (reply,) = decode(STOPPED)
    assert isinstance(reply, CommandReply)
    assert status.encode() == reply.data


def test_the_example_with_the_misprinted_checksum_is_damage_and_its_content_is_a_te_ss730() -> None:
    assert decode(MISPRINTED) == [Damage("wrong checksum", len(MISPRINTED))]
    status = status_of(MISPRINTED.replace(b"85C8", b"9C1E"))
    assert status[:-1] == (0x0301, 0x00, 0, 0, 0x55, 0x40, 0, 0, 0, 0, 0, 0x00, 0xFFFF, 0)
    assert len(status.rest) == 46 - STATUS_SIZE


def test_answers_made_by_hand() -> None:
    assert decode(ID_OF_730) == [DeviceIdReply("SS730-0001")]
    assert status_of(RUNNING) == Status(0x0301, 0x10, 0, 0, 0x55, 0x40, 6, 350, 1234, 500, 350, 0, 0xFFFF, 0)
    assert status_of(OCCLUDED).alarms == 0x000008
    assert status_of(DOSING) == Status(0x0301, 0x10, 0, 0, 0x55, 0, 6, 350, 1234, 0xEEEEEE, 350, 8, 700, 1000)
    assert decode(UNKNOWN_COMMAND) == [CommandReply("SS730-0001", 3, 2, 0, 0x11, b"\x02\0\0")]
    assert decode(TOO_SHORT) == [CommandReply("SS730-0001", 4, 1, 0, 0x13, bytes(3))]


@pytest.mark.parametrize("data", [SAID_ID, STOPPED, *CONSTRUCTED])
def test_a_foreign_answer_encodes_back_to_the_same_bytes(data: bytes) -> None:
    (answer,) = decode(data)
    assert not isinstance(answer, Damage)
    assert answer.encode() == data


def test_every_capture_has_an_origin() -> None:
    assert {capture.evidence for capture in load_all(CAPTURES)} == {"printed", "constructed"}


@given(st.lists(frames, max_size=4))
@settings(max_examples=100)
def test_round_trip(said: list[Frame]) -> None:
    assert decode(b"".join(frame.encode() for frame in said)) == said


@given(st.binary(max_size=90))
@settings(max_examples=100)
def test_a_status_is_taken_apart_and_put_together_again(data: bytes) -> None:
    status = Status.decode(data)
    assert (status is None) == (len(data) < STATUS_SIZE)
    assert status is None or status.encode() == data


pieces = st.one_of(
    st.sampled_from([STOPPED, RUNNING, STOPPED[:60], STOPPED[60:], MISPRINTED, ASK_ID, b"\x02" * 20, b"\x03"]),
    st.binary(max_size=30),
    st.sampled_from([b"\x02" + b"x" * 600, b"x" * 600, b"\x02\x03", b"\x02" + ALMOST.encode() + b"\n", b"\x02\xff"]),
)
streams = st.lists(pieces, max_size=6).map(b"".join)


@given(streams, st.lists(st.integers(0, 2000), max_size=6))
@settings(max_examples=100)
def test_any_split_gives_the_same_frames_and_damage(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    once, split = decode(stream), decode(*(stream[a:b] for a, b in pairwise(places)))
    assert [x for x in once if not isinstance(x, Damage)] == [x for x in split if not isinstance(x, Damage)]
    assert sum(x.size for x in once if isinstance(x, Damage)) == sum(x.size for x in split if isinstance(x, Damage))


@given(streams)
@settings(max_examples=100)
def test_after_any_garbage_the_next_good_answer_is_found(garbage: bytes) -> None:
    assert decode(garbage, RUNNING)[-1:] == decode(RUNNING)


@pytest.mark.parametrize("filler", [b"x", b"\x02", b"\x02" + b"x" * 2000, b"\x03", b"\xff", RUNNING[:-1]])
def test_memory_stays_bounded(filler: bytes) -> None:
    decoder = Decoder()
    for _ in range(3):
        decoder.feed(filler * (20_000 // len(filler)))
        assert decoder.kept < 512
    assert decoder.feed(RUNNING)[-1:] == decode(RUNNING)


def test_every_single_changed_byte_is_noticed() -> None:
    for position in range(len(RUNNING)):
        for value in range(256):
            changed = RUNNING[:position] + bytes([value]) + RUNNING[position + 1 :]
            if changed != RUNNING:
                assert all(isinstance(found, Damage) for found in decode(changed)), changed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "bytes between packets"),
        (RUNNING[:40] + RUNNING, "packet cut short"),
        (RUNNING[:40] + b"\r\n", "packet cut short"),
        (b"\x02" + b"x" * 600, "packet too long"),
        (b"\x02\x03", "wrong checksum"),
        (RUNNING.replace(b"EFD6", b"efd6"), "wrong checksum"),
        (RUNNING.replace(b"EFD6", b""), "wrong checksum"),
        (ASK_STATUS, "no answer of this protocol"),  # an echo
        (packet(f"{ALMOST}</REP> "), "no answer of this protocol"),
        (packet(f" {ALMOST}</REP>"), "no answer of this protocol"),
        (packet(f"{ALMOST}<CMD>AQEAAAAD</CMD><CMD>AQEAAAAD</CMD></REP>"), "no answer of this protocol"),
        (packet(ALMOST.replace("A", "&amp;") + "</REP>"), "no answer of this protocol"),
        (packet(f'<!DOCTYPE x [<!ENTITY a "b">]>{ALMOST}</REP>'), "no answer of this protocol"),
        (packet(ALMOST.replace("A", "") + "</REP>"), "no answer of this protocol"),
        (packet(f"{ALMOST}<CMD>AQE</CMD></REP>"), "no base64"),
        (packet(f"{ALMOST}<CMD>A=QEAAAD</CMD></REP>"), "no base64"),
        (packet(f"{ALMOST}<CMD></CMD></REP>"), "no command in it"),
        (packet(f"{ALMOST}<CMD>AQEAAA==</CMD></REP>"), "no command in it"),
        (packet(f"{ALMOST}<CMD>AQEAAAAAAAB=</CMD></REP>"), "no command in it"),  # spare bits set
    ],
)
def test_damage_says_why(data: bytes, reason: str) -> None:
    first = decode(data)[0]
    assert isinstance(first, Damage)
    assert first.reason == reason
