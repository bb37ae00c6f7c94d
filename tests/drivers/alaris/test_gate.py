"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import alaris
from drivers.alaris import FAMILY
from drivers.alaris.codec import Answer, recognise
from drivers.alaris.driver import AlarisDialogue, AlarisSettings
from drivers.api import Port, Purpose, Request
from simulators.alaris.commands import BARE_WRITES, line
from simulators.alaris.device import AlarisDevice, AlarisDeviceSettings
from simulators.api import Fixed, PumpView, StillBedside
from tests.converse import START, converse
from tests.drivers.alaris.test_codec import CONSTRUCTED, OBSERVED, lines
from tests.prove.families import forbidden_frames

ALLOWED = lines("queries.txt")


FORBIDDEN = list(forbidden_frames("alaris"))


def test_all_are_queries_and_the_family_is_refused_by_default() -> None:
    assert {kind.purpose for kind in FAMILY.requests} == {Purpose.QUERY}
    assert "UNVERIFIED" in FAMILY.refused
    assert "UNVERIFIED" in FAMILY.link_loss


@pytest.mark.parametrize(("data", "words"), FORBIDDEN)
def test_a_forbidden_line_would_have_changed_the_pump(data: bytes, words: str) -> None:
    device = AlarisDevice(StillBedside(), AlarisDeviceSettings())
    device.open(START)
    device.receive(data, START)
    assert device.programme.written, words


def test_every_bare_write_stands_in_the_forbidden_list() -> None:
    assert {line(verb) for verb in BARE_WRITES} <= {data for data, _ in FORBIDDEN}


@pytest.mark.parametrize("verb", ["INF_RATE", "INF_VI", "INF_RATE_MAX_SYRINGE", "REMOTE_CTRL", "inf", "INF ", "", "IN"])
def test_a_question_that_we_do_not_need_is_not_allowed_either(verb: str) -> None:
    assert recognise(line(verb)) is None


@given(st.one_of(st.binary(max_size=60), st.text(max_size=20).map(line)))
@settings(max_examples=100)
def test_what_passes_is_one_of_seven_lines(data: bytes) -> None:
    assert (recognise(data) is None) == (data not in ALLOWED)


hostile = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([*OBSERVED, *CONSTRUCTED, *ALLOWED, *[data for data, _ in FORBIDDEN]]),
    st.sampled_from([line("INST_SERIALNO^!INF_STOP|CD57"), line("INST_SERIALNO^"), line("COMMS_RESPONSE_MAX^x^ms")]),
    st.builds(lambda text: Answer("INST_SERIALNO", (text,)).encode(), st.text(st.characters(codec="latin-1"))),
)


@given(st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25))
@settings(max_examples=100)
def test_no_answer_shapes_what_we_send(script: list[tuple[int, bytes]]) -> None:
    dialogue = AlarisDialogue(AlarisSettings(), Port())
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
    def sent(drug: str) -> list[bytes]:
        bedside = StillBedside(pumps={"11": Fixed(PumpView(drug=drug))})
        return converse(FAMILY, AlarisDevice(bedside, AlarisDeviceSettings()), 60).sent

    assert sent("!INF_STOP|CD57\r") == sent("Ketamine")


def test_the_driver_holds_no_write_verb_and_no_security_code() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(alaris.__file__).parent.glob("*.py"))
    assert "INF_VTBI" in text
    verbs = ("INF_START", "INF_STOP", "INF_VI_CLEAR", "INF_BOLUS", "PURGE_RATE", "CAP_RATE", "REMOTE_C", "REMQUERY")
    assert not any(verb in text for verb in verbs)
    driver = Path(alaris.__file__).parent / "driver.py"
    assert "checksum" not in driver.read_text(encoding="utf-8")  # the code is the serial number's
