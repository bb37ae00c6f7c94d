"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import baxter_as50
from drivers.api import Port, Purpose, Request
from drivers.baxter_as50 import FAMILY
from drivers.baxter_as50.codec import Frame, ReadRate, ReadStatus, Resend, recognise
from drivers.baxter_as50.driver import As50Dialogue, As50Settings
from simulators.api import StillBedside
from simulators.baxter_as50.device import As50Device, As50DeviceSettings
from simulators.baxter_as50.hearing import ACTING, SETTABLE
from tests.converse import START, converse
from tests.drivers.baxter_as50.test_codec import ANSWERS, QUERIES, RESEND
from tests.prove.families import forbidden_frames

ALLOWED = [ReadStatus().encode(), ReadRate().encode(), Resend().encode()]


FORBIDDEN = list(forbidden_frames("baxter_as50"))


def test_the_family_is_refused_by_default_and_promises_nothing() -> None:
    assert {kind.purpose for kind in FAMILY.requests} == {Purpose.QUERY, Purpose.LINK}
    assert "UNVERIFIED" in FAMILY.refused
    assert "UNVERIFIED" in FAMILY.link_loss
    assert FAMILY.evidence == "documents"


@pytest.mark.parametrize(("data", "words"), FORBIDDEN)
def test_a_forbidden_frame_would_have_changed_the_pump(data: bytes, words: str) -> None:
    device = As50Device(StillBedside(), As50DeviceSettings())
    device.open(START)
    device.receive(data, START)
    assert device.programme.written, words


def test_every_write_stands_in_the_forbidden_list() -> None:
    for name in SETTABLE:
        assert any(data.startswith(f"[{name}=".encode()) for data, _ in FORBIDDEN), name
    for text in ACTING:
        assert Frame(text).encode() in [data for data, _ in FORBIDDEN]


@pytest.mark.parametrize(
    "text",
    ["DEV?", "PRIVTBI?", "BOLRAT?", "BOLSIZ?", "LBOLUS?", "ACK", "REJECT", "prirate?", "PRIRATE", "PRIRATE? ", ""],
)
def test_what_we_do_not_need_is_not_allowed_either(text: str) -> None:
    assert recognise(Frame(text).encode()) is None


letters = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


@given(st.one_of(st.binary(max_size=40), letters.map(lambda text: Frame(text).encode())))
@settings(max_examples=100)
def test_what_passes_is_one_of_three_frames(data: bytes) -> None:
    assert (recognise(data) is None) == (data not in ALLOWED)


hostile = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([*ANSWERS, *QUERIES, RESEND, *[data for data, _ in FORBIDDEN], Frame("REJECT").encode()]),
    st.builds(lambda text: Frame(f"STATUS={text}").encode(), letters),
)


@given(st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25))
@settings(max_examples=100)
def test_no_answer_shapes_what_we_send(script: list[tuple[int, bytes]]) -> None:
    dialogue = As50Dialogue(As50Settings(), Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    for request in (output for output in outputs if isinstance(output, Request)):
        assert request.encode() in ALLOWED
        assert recognise(request.encode()) == request


def test_hostile_pump_texts_change_no_byte_that_is_sent() -> None:
    def sent(status: str) -> list[bytes]:
        return converse(FAMILY, As50Device(StillBedside(), As50DeviceSettings(status)), 60).sent

    assert sent("BOLST") == sent("PRIRATE=99") == sent("NOT KNOWN")


def test_the_driver_holds_no_write() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(baxter_as50.__file__).parent.glob("*.py"))
    assert "PRIRATE?" in text
    assert not any(word in text for word in ("PRIRATE=", "PRIVTBI", "BOLSIZ", "BOLRAT", "BOLST", "EXIT", "LBOLUS"))
