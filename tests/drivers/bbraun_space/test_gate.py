"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import bbraun_space
from drivers.api import Port, Purpose, Request
from drivers.bbraun_space import FAMILY
from drivers.bbraun_space.codec import Ack, Alive, Nak, ReadAll, Version, is_bed_id, recognise
from drivers.bbraun_space.driver import SpaceDialogue, SpaceSettings
from simulators.api import PumpView
from simulators.bbraun_space.device import SpaceDevice, SpaceDeviceSettings
from tests.captures import load
from tests.converse import START, converse
from tests.drivers.bbraun_space.pumps import VISIT, Rack
from tests.drivers.bbraun_space.test_codec import framed
from tests.prove.families import forbidden_frames

HERE = Path(__file__).parent
ANSWERS = load(HERE / "captures" / "answers.hex").frames
ALLOWED = [
    kind(bed_id, stuffing).encode()
    for kind in (Alive, Version, ReadAll)
    for bed_id in ("1", "ComSystem", "/1/1", "Ed")
    for stuffing in (False, True)
]


FORBIDDEN = list(forbidden_frames("bbraun_space"))


def test_only_reading_everything_has_an_effect_and_the_family_says_so() -> None:
    assert [kind for kind in FAMILY.requests if kind.effect] == [ReadAll]
    assert "uses up" in FAMILY.refused
    assert {kind for kind in FAMILY.requests if kind.purpose is Purpose.QUERY} == {Version, ReadAll}


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_changed_byte_passes(frame: bytes) -> None:
    for position in range(len(frame)):
        for value in range(256):
            changed = frame[:position] + bytes([value]) + frame[position + 1 :]
            assert (recognise(changed) is None) == (changed != frame), changed


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_truncation_and_no_addition_passes(frame: bytes) -> None:
    for end in range(len(frame)):
        assert recognise(frame[:end]) is None
        assert recognise(frame[end + 1 :]) is None
    for other in (*ALLOWED, *(data for data, _ in FORBIDDEN), b"\x06", b"\x15", b"\x00", b"\r", b"\n"):
        assert recognise(frame + other) is None
        assert recognise(other + frame) is None


def test_single_bytes_are_ack_and_nak_or_nothing() -> None:
    passed = {value: recognise(bytes([value])) for value in range(256)}
    assert {value: found for value, found in passed.items() if found} == {0x06: Ack(), 0x15: Nak()}
    assert recognise(b"") is None
    assert recognise(b"\x06\x06") is None
    assert recognise(b"\x06\x15") is None


@given(st.binary(max_size=60))
@settings(max_examples=100)
def test_what_passes_is_what_it_is_taken_for(data: bytes) -> None:
    for candidate in (data, framed(data), framed(data + b"/1/1>MEM:GET"), framed(b"1/1/1>" + data)):
        found = recognise(candidate)
        assert found is None or (found.encode() == candidate and type(found) in FAMILY.requests)


@pytest.mark.parametrize(
    "bad", [b"", b"a b", b"a>b", b"x" * 16, "\u00e4".encode(), b"a\x1eb", b"a@b", b"1\x03", b"a.b\n"]
)
def test_no_other_bed_id_passes(bad: bytes) -> None:
    assert recognise(framed(bad + b"/1/1>MEM:GET")) is None


@pytest.mark.parametrize("words", [b"MEM:GETSLOT#13", b"MEM:GETSLOT#1A", b"MEM:GET\x1eMEM:GET"])
def test_requests_that_we_do_not_need_are_not_allowed_either(words: bytes) -> None:
    assert recognise(framed(b"1/1/1>" + words)) is None


def test_a_stuffed_request_passes_in_one_form_only() -> None:
    half_stuffed = Alive("Ed", stuffing=True).encode().replace(b"EEex", b"Eex")
    assert recognise(half_stuffed) is None
    assert recognise(Alive("Ed").encode().replace(b"ADMIN", b"AEXMIN")) is None


hostile_bed_ids = st.one_of(
    st.binary(min_size=1, max_size=20), st.sampled_from([b"1/1/1>MEM:SET", b"a\x03", b"ok", b"ComSystem", b"x" * 15])
)
hostile_words = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"1,50100,GNACK,0", b"1,50100,V3.30", b"1,50113,INSOL,MEM:SET", b"1,50100,GNERR,68", b"MEM:SET"]),
)
hostile = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda bed, words: framed(bed + b"/1/1>" + words), hostile_bed_ids, hostile_words),
    st.sampled_from([*ANSWERS, *ALLOWED, *[data for data, _ in FORBIDDEN]]),
)


@given(st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25), st.booleans())
@settings(max_examples=100)
def test_no_answer_shapes_what_we_send(script: list[tuple[int, bytes]], stuffing: bool) -> None:
    dialogue = SpaceDialogue(SpaceSettings(stuffing=stuffing), Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    for request in (output for output in outputs if isinstance(output, Request)):
        assert recognise(request.encode()) == request
        assert type(request) in FAMILY.requests
        assert isinstance(request, Ack | Nak) or (
            isinstance(request, Alive | Version | ReadAll) and is_bed_id(request.bed_id)
        )


def test_hostile_pump_texts_change_no_byte_that_is_sent() -> None:
    def sent(drug: str) -> list[bytes]:
        course = VISIT.__class__(VISIT.phases, PumpView(drug=drug))
        return converse(FAMILY, SpaceDevice(Rack({"11": course}), SpaceDeviceSettings()), 60).sent

    assert sent("MEM:SET#11,INRT,999") == sent("Ketamine") == sent("x/1/1>ADMIN:STOP")


def test_the_driver_holds_no_write_verb() -> None:
    sources = Path(bbraun_space.__file__).parent.glob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert "MEM:GET" in text
    assert not any(verb in text for verb in ("MEM:SET", "MEM:PUT", "GETSLOT#", "ADMIN:RESET", "ADMIN:STOP"))
