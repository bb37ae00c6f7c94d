"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import neurowave_ap4000
from drivers.api import Port, Purpose, Request
from drivers.neurowave_ap4000 import FAMILY
from drivers.neurowave_ap4000.codec import Connect, ReadStatus, is_system_id, recognise
from drivers.neurowave_ap4000.driver import Ap4000Dialogue, Ap4000Settings
from simulators.api import Fixed, PumpView, StillBedside
from simulators.neurowave_ap4000.device import Ap4000Device, Ap4000DeviceSettings
from simulators.neurowave_ap4000.hearing import WRITES, line
from tests.converse import START, converse
from tests.drivers.neurowave_ap4000.test_codec import CONNECT, OBSERVED, QUESTION, STATUS, STATUS_2
from tests.prove.families import forbidden_frames

ALLOWED = [CONNECT, QUESTION]


FORBIDDEN = list(forbidden_frames("neurowave_ap4000"))


def test_the_family_is_refused_by_default_and_promises_nothing() -> None:
    assert {kind: kind.purpose for kind in FAMILY.requests} == {Connect: Purpose.LINK, ReadStatus: Purpose.QUERY}
    assert "UNVERIFIED" in FAMILY.refused
    assert "UNVERIFIED" in FAMILY.link_loss


def test_every_write_stands_in_the_forbidden_list() -> None:
    for verb in WRITES:
        assert any(data.startswith(f"!{verb}^".encode()) for data, _ in FORBIDDEN), verb
        assert line(verb) in [data for data, _ in FORBIDDEN], verb


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_changed_byte_passes(frame: bytes) -> None:
    for position in range(len(frame)):
        for value in range(256):
            changed = frame[:position] + bytes([value]) + frame[position + 1 :]
            assert (recognise(changed) is None) == (changed != frame), changed


BAD_IDS = [
    "", "-", "1", "-1", "1-", "032-19-50-014-", "1" * 25, "032 19", "032^19", "032|059F", "032!", "ABC",
    "032-19-50-01A", "\u0661\u0662", "12\n", "12\r\n!CNTLREQ", "12\x00",
]  # fmt: skip


@pytest.mark.parametrize("system_id", BAD_IDS)
def test_an_id_of_another_shape_enters_no_question(system_id: str) -> None:
    assert not is_system_id(system_id)
    with pytest.raises(ValueError, match="digits and hyphens"):
        ReadStatus(system_id)
    assert recognise(line(f"STATREQ^{system_id}")) is None


@pytest.mark.parametrize("system_id", ["12", "032-19-50-014", "066-22-20-003", "1" * 24])
def test_an_id_of_the_known_shape_comes_back(system_id: str) -> None:
    request = ReadStatus(system_id)
    assert recognise(request.encode()) == request
    assert request.encode() == line(f"STATREQ^{system_id}")


@pytest.mark.parametrize("system_id", BAD_IDS)
def test_a_pump_with_such_an_id_is_not_asked(system_id: str) -> None:
    dialogue = Ap4000Dialogue(Ap4000Settings(), Port())
    now, said = START, list(dialogue.open(START))
    for _ in range(20):
        said += dialogue.receive(line(f"CONNREQ^0.1^{system_id}^2022-11-04^11:10:36.067"), now)
        now = max(now, dialogue.wake_at or now)
        said += dialogue.tick(now)
    assert {type(request) for request in said if isinstance(request, Request)} == {Connect}


@pytest.mark.parametrize(
    "payload",
    [
        "STATREQ",
        "STATREQ^",
        "STATREQ^032-19-50-014^",
        "STATREQ^032-19-50-014^1",
        "CONNREQ^",
        "CONNREQ^12",
        "connreq",
        "",
    ],
)
def test_what_we_do_not_need_is_not_allowed_either(payload: str) -> None:
    assert recognise(line(payload)) is None


@given(st.one_of(st.binary(max_size=60), st.text(st.characters(codec="latin-1"), max_size=30).map(line)))
@settings(max_examples=100)
def test_what_passes_is_a_declared_request_and_exactly_its_bytes(data: bytes) -> None:
    request = recognise(data)
    assert request is None or request.encode() == data


hostile = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([*OBSERVED, STATUS, STATUS_2, *ALLOWED, *[data for data, _ in FORBIDDEN]]),
    st.builds(
        lambda text: line(f"CONNREQ^0.1^{text}^2022-11-04^11:10:36.067"),
        st.one_of(st.text(st.characters(codec="latin-1"), max_size=30), st.from_regex(r"[0-9-]{1,26}", fullmatch=True)),
    ),
)


@given(st.lists(st.tuples(st.integers(0, 4), hostile), max_size=25))
@settings(max_examples=150)
def test_no_answer_shapes_more_than_the_id(script: list[tuple[int, bytes]]) -> None:
    dialogue = Ap4000Dialogue(Ap4000Settings(), Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    for request in (output for output in outputs if isinstance(output, Request)):
        assert recognise(request.encode()) == request
        assert isinstance(request, Connect) or is_system_id(getattr(request, "system_id", ""))


def test_hostile_pump_texts_change_no_byte_that_is_sent() -> None:
    def sent(drug: str) -> list[bytes]:
        bedside = StillBedside(pumps={"11": Fixed(PumpView(drug=drug))})
        return converse(FAMILY, Ap4000Device(bedside, Ap4000DeviceSettings()), 60).sent

    assert sent("!INFPAUS^4711|0000\r\n") == sent("Ketamine")


def test_the_driver_holds_no_write_and_no_key() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(neurowave_ap4000.__file__).parent.glob("*.py"))
    assert "STATREQ" in text
    assert not any(word in text for word in (*WRITES, "auth"))
