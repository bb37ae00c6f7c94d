"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import fresenius_vial
from drivers.api import Port, Request
from drivers.fresenius_vial import FAMILY
from drivers.fresenius_vial.codec import (
    ADDRESSES,
    BASE,
    Ack,
    CloseSession,
    Kind,
    Letters,
    Nak,
    OpenSession,
    Present,
    ReadDrug,
    ReadType,
    ReadVariables,
    Receipt,
    recognise,
)
from drivers.fresenius_vial.driver import VialDialogue, VialSettings
from simulators.api import Fixed, PumpView, StillBedside
from simulators.fresenius_vial.device import VialDevice, VialDeviceSettings
from tests.captures import load
from tests.converse import START, converse
from tests.drivers.fresenius_vial.test_codec import framed
from tests.prove.families import forbidden_frames

HERE = Path(__file__).parent
ANSWERS = load(HERE / "captures" / "answers.hex").frames
PUMPS = [address for address in ADDRESSES if address != BASE]
BUILDABLE: list[Request] = [
    Ack(),
    Nak(),
    Present(),
    ReadVariables(BASE, Letters.MODULES),
    *(kind(address) for kind in (OpenSession, CloseSession) for address in ADDRESSES),
    *(Receipt(address, kind) for kind in (Kind.VARIABLE, Kind.ADJUSTMENT) for address in ADDRESSES),
    *(kind(address) for kind in (ReadType, ReadDrug) for address in PUMPS),
    *(ReadVariables(address, Letters(letters)) for letters in ("dr", "aem", "ks") for address in PUMPS),
]
ALLOWED = {request.encode() for request in BUILDABLE}


FORBIDDEN = list(forbidden_frames("fresenius_vial"))


@pytest.mark.parametrize("request_", BUILDABLE, ids=str)
def test_every_request_is_recognised_as_itself(request_: Request) -> None:
    assert recognise(request_.encode()) == request_


@pytest.mark.parametrize(
    "build",
    [
        lambda: OpenSession("6"),
        lambda: ReadVariables(BASE, Letters.RATES),
        lambda: ReadVariables("1", Letters.MODULES),
        lambda: ReadDrug(BASE),
        lambda: ReadType("x"),
        lambda: Receipt("1", Kind.DONE),
        lambda: Receipt("12", Kind.VARIABLE),
    ],
)
def test_no_other_request_can_be_built(build: object) -> None:
    assert callable(build)
    with pytest.raises(ValueError, match=r"address|spontaneous"):
        build()


def test_no_changed_byte_passes() -> None:
    for frame in ALLOWED:
        for position in range(len(frame)):
            for value in range(256):
                changed = frame[:position] + bytes([value]) + frame[position + 1 :]
                assert (recognise(changed) is None) == (changed not in ALLOWED), changed


def test_no_truncation_and_no_addition_passes() -> None:
    for frame in ALLOWED:
        for end in range(len(frame)):
            assert recognise(frame[:end]) is None
        for other in (*ALLOWED, *(data for data, _ in FORBIDDEN), b"\x00", b"\r"):
            assert recognise(frame + other) is None
            assert recognise(other + frame) is None


@pytest.mark.parametrize(
    "words", [b"1LN", b"1LM", b"1DE;dr", b"1AE", b"1DM", b"1AM", b"1LE", b"1LE;d", b"1LE;drx", b"1LF;a", b"0LP", b"1C"]
)
def test_what_we_do_not_need_is_not_allowed_either(words: bytes) -> None:
    assert recognise(framed(words)) is None


@given(st.binary(max_size=20))
@settings(max_examples=100)
def test_what_passes_is_what_it_is_taken_for(data: bytes) -> None:
    for candidate in (data, framed(data), framed(b"1LE;" + data), framed(b"1" + data)):
        found = recognise(candidate)
        assert found is None or (found.encode() == candidate and type(found) in FAMILY.requests)


hostile = st.one_of(
    st.binary(max_size=40),
    st.binary(max_size=20).map(framed),
    st.builds(
        lambda head, text: framed(head + text),
        st.sampled_from([b"0C;", b"1C;", b"1I;", b"1E;", b"1M;", b"0C", b"1C", b"E;"]),
        st.sampled_from([b"PR;0023", b"d0023;r0001", b"i1;b03", b"i1;bFF", b"0D", b"1E", b"0E", b"\x14", b"PB"]),
    ),
    st.sampled_from([*ANSWERS, *ALLOWED, *[data for data, _ in FORBIDDEN], b"\x05", b"\x06", b"\x152"]),
)


@given(st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25), st.sampled_from(["base", "alone"]))
@settings(max_examples=100)
def test_no_answer_shapes_what_we_send(script: list[tuple[int, bytes]], layout: str) -> None:
    dialogue = VialDialogue(VialSettings(layout), Port())  # type: ignore[arg-type]  # one of the two words
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    outputs += dialogue.close(now)
    for request in (output for output in outputs if isinstance(output, Request)):
        assert request.encode() in ALLOWED


def test_hostile_drug_names_change_no_byte_that_is_sent() -> None:
    def sent(drug: str) -> list[bytes]:
        bedside = StillBedside(pumps={"11": Fixed(PumpView(drug=drug))})
        return converse(FAMILY, VialDevice(bedside, VialDeviceSettings()), 120).sent

    assert sent("1PR;0023") == sent("Ketamine") == sent("C;d0;x") == sent("")


def test_the_driver_holds_no_write_verb() -> None:
    sources = Path(fresenius_vial.__file__).parent.glob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert "LE;" in text
    verbs = ["MO", "RZ", "OF", "SI", "EP", "AP", "EN", "PR", "PO", "PB", "PF", "PV", "RV", "PP", "PS"]
    assert not [verb for verb in verbs if f'"{verb}' in text or f"}}{verb}" in text]
