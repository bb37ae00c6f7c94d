"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Purpose, Request
from drivers.intellivue import FAMILY
from drivers.intellivue.driver import IntellivueDialogue, IntellivueSettings
from drivers.intellivue.export import MDS_CREATE, EventReport
from drivers.intellivue.mib import framed
from drivers.intellivue.requests import CONSTANT, Created, recognise
from drivers.intellivue.session import Accepted, UserInformation
from tests.captures import load
from tests.converse import START
from tests.prove.families import forbidden_frames

HERE = Path(__file__).parent


FORBIDDEN = list(forbidden_frames("intellivue"))
FIXED: list[Request] = [kind(is_framed) for kind in CONSTANT for is_framed in (False, True)]
WORD = st.integers(0, 0xFFFF)
ANSWERS = st.builds(Created, WORD, WORD, WORD, st.integers(0, 0xFFFFFFFF), st.booleans())
EXAMPLES = [*FIXED, Created(1, 0, 0, 0x000ABD00), Created(0xC0C1, 0x7D7D, 0, 0xC17DC0C0, is_framed=True)]


def test_what_keeps_the_association_waits_for_nothing() -> None:
    purposes = {kind.__name__: kind.purpose for kind in FAMILY.requests}
    assert {name for name, purpose in purposes.items() if purpose is Purpose.LINK} == {
        "Associate", "Release", "Created", "KeepAlive"
    }  # fmt: skip
    assert {name for name, purpose in purposes.items() if purpose is Purpose.QUERY} == {
        "ReadNumerics", "FollowNumerics", "FollowWaves"
    }  # fmt: skip


def test_no_word_sets() -> None:
    """The commands of all that can be said: confirm an event, or one of the two polls."""
    for request in EXAMPLES:
        data = request.encode()
        message = data if data[0] != 0xC0 else b""
        if message[:1] == b"\xe1":
            assert message[10:12] in (b"\x00\x01", b"\x00\x07")
            assert message[10:12] == b"\x00\x01" or message[24:26] in (b"\x0c\x16", b"\xf1\x3b")


@pytest.mark.parametrize("request_", FIXED)
def test_no_changed_byte_passes(request_: Request) -> None:
    frame = request_.encode()
    assert recognise(frame) == request_
    for position in range(len(frame)):
        for value in range(256):
            changed = frame[:position] + bytes([value]) + frame[position + 1 :]
            assert (recognise(changed) is None) == (changed != frame), changed


def test_a_changed_confirmation_is_another_confirmation_where_it_repeats_numbers_and_nothing_elsewhere() -> None:
    frame = Created(1, 2, 3, 4).encode()
    numbers = {8, 9, *range(16, 24)}  # invoke id, context, handle, time
    for position in range(len(frame)):
        for value in set(range(256)) - {frame[position]}:
            changed = frame[:position] + bytes([value]) + frame[position + 1 :]
            found = recognise(changed)
            assert (found is not None) == (position in numbers), changed
            assert found is None or (isinstance(found, Created) and found.encode() == changed)


def test_a_changed_byte_in_a_framed_confirmation_is_refused() -> None:
    frame = Created(1, 2, 3, 4, is_framed=True).encode()
    for position in range(len(frame)):
        for value in set(range(256)) - {frame[position]}:
            assert recognise(frame[:position] + bytes([value]) + frame[position + 1 :]) is None


@pytest.mark.parametrize("request_", EXAMPLES)
def test_no_truncation_and_no_addition_passes(request_: Request) -> None:
    frame = request_.encode()
    for end in range(len(frame)):
        assert recognise(frame[:end]) is None
        assert recognise(frame[end + 1 :]) is None
    others = [*(other.encode() for other in EXAMPLES), *(data for data, _ in FORBIDDEN), b"\x00", b"\xc0", b"\xc1"]
    for other in others:
        assert recognise(frame + other) is None
        assert recognise(other + frame) is None


@given(ANSWERS)
@settings(max_examples=100)
def test_a_confirmation_is_recognised_as_itself(request: Created) -> None:
    assert recognise(request.encode()) == request


@pytest.mark.parametrize("numbers", [(-1, 0, 0, 0), (0x10000, 0, 0, 0), (0, 0x10000, 0, 0), (0, 0, 0, 1 << 32)])
def test_a_confirmation_repeats_four_bounded_numbers(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="bits"):
        Created(*numbers)


@given(st.binary(max_size=60))
@settings(max_examples=100)
def test_what_passes_is_what_it_is_taken_for(data: bytes) -> None:
    for candidate in (data, framed(data), b"\xe1\x00\x00\x02" + data, framed(b"\xe1\x00\x00\x02" + data)):
        found = recognise(candidate)
        assert found is None or (found.encode() == candidate and type(found) in FAMILY.requests)


def test_the_same_bytes_escaped_without_need_are_refused() -> None:
    frame = framed(CONSTANT[2].message)
    assert recognise(frame) is not None
    assert recognise(frame.replace(b"\x36", b"\x7d\x16")) is None


def test_other_reads_that_we_do_not_need_are_refused_too() -> None:
    others = load(HERE / "captures" / "other_client.hex").frames
    assert [recognise(data) for data in others] == [None] * len(others)


CREATE = st.builds(
    EventReport,
    event=st.sampled_from([MDS_CREATE, 0x0D17, 0x0D05]),
    time=st.integers(0, 0xFFFFFFFF),
    attributes=st.dictionaries(WORD, st.binary(max_size=40), max_size=3),
    invoke_id=WORD,
    is_confirmed=st.booleans(),
    context=WORD,
    handle=WORD,
    managed=st.sampled_from([0x21, 0x23, 0xC0C1]),
)


@given(
    st.lists(CREATE.map(EventReport.encode) | st.binary(max_size=200), max_size=6),
    st.sampled_from(["stream", "datagrams"]),
)
@settings(max_examples=100)
def test_whatever_the_monitor_says_only_allowed_bytes_go_out(said: list[bytes], kind: str) -> None:
    port = Port("test", "stream" if kind == "stream" else "datagrams")
    dialogue = IntellivueDialogue(IntellivueSettings(waveforms=True), port)
    now, outputs = START, [*dialogue.open(START)]
    for data in [Accepted(UserInformation()).encode(), *said]:
        now += 0.5
        outputs += dialogue.receive(framed(data) if kind == "stream" else data, now)
        outputs += dialogue.tick(now + 2.0)
    outputs += dialogue.close(now + 3.0)
    for output in outputs:
        if isinstance(output, Request):
            assert type(output) in FAMILY.requests
            assert recognise(output.encode()) == output
