"""Three constant frames can leave, and nothing else, whatever a monitor says."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Purpose, Request
from drivers.mindray_pds import FAMILY
from drivers.mindray_pds.codec import Heartbeat, Query, recognise
from simulators.api import StillBedside
from simulators.mindray_pds.device import MindrayPdsDevice, MindrayPdsDeviceSettings
from tests.converse import START
from tests.drivers.mindray_pds.monitors import FOLDER, NOW, dialogue, message


def lines(name: str) -> list[list[str]]:
    text = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in text if line and not line.startswith("#")]


FORBIDDEN = [(bytes.fromhex(data), words) for data, words in lines("forbidden.txt")]
ALLOWED = [Heartbeat().encode(), Query().encode(), Query(by_id=True).encode()]


def test_the_inventory_is_what_the_code_declares() -> None:
    listed = lines("requests.txt")
    assert {(name, purpose, effect) for name, purpose, effect, _, _ in listed} == {
        (kind.__name__, kind.purpose.name, kind.effect or "-") for kind in FAMILY.requests
    }
    assert [bytes.fromhex(data) for *_, data in listed] == ALLOWED
    assert {kind.purpose for kind in FAMILY.requests} == {Purpose.LINK, Purpose.QUERY}


def test_requests_are_recognised_as_themselves_and_hold_a_yes_or_no_at_most() -> None:
    for request in (Heartbeat(), Query(), Query(by_id=True)):
        assert recognise(request.encode()) == request
        assert {field.type for field in fields(request)} <= {bool}


@pytest.mark.parametrize(("data", "words"), FORBIDDEN, ids=[words for _, words in FORBIDDEN])
def test_the_gate_refuses_and_the_latch_trips(data: bytes, words: str) -> None:
    assert recognise(data) is None
    device = MindrayPdsDevice(StillBedside(), MindrayPdsDeviceSettings())
    device.open(START)
    device.receive(data, START)
    assert device.tampered, words
    assert device.violations


def test_allowed_frames_trip_nothing() -> None:
    device = MindrayPdsDevice(StillBedside(), MindrayPdsDeviceSettings())
    device.open(START)
    for data in ALLOWED:
        device.receive(data, START)
    assert not device.tampered
    assert device.violations == []


def test_a_client_without_heartbeats_gets_no_more_data() -> None:
    device = MindrayPdsDevice(StillBedside(), MindrayPdsDeviceSettings())
    device.open(START)
    assert device.receive(Query().encode(), START)
    for second in range(1, 12):
        said = device.tick(START + second)
    assert device.violations == ["no heartbeat"]
    assert len(said) == 1


@pytest.mark.parametrize("request_bytes", ALLOWED)
def test_mutations_truncations_and_concatenations_are_refused(request_bytes: bytes) -> None:
    for at in range(len(request_bytes)):
        assert recognise(request_bytes[:at]) is None
        assert recognise(request_bytes[:at] + bytes([request_bytes[at] ^ 1]) + request_bytes[at + 1 :]) is None
    for other in ALLOWED:
        assert recognise(request_bytes + other) is None


hostile = st.binary(max_size=200) | st.text(max_size=60).map(lambda text: message("204", f"OBX||ST|1^{text}||{text}"))


@given(st.lists(hostile, max_size=6))
@settings(max_examples=80)
def test_nothing_a_monitor_says_shapes_what_leaves(said: list[bytes]) -> None:
    talk = dialogue()
    outputs = [output for data in said for output in talk.receive(data, NOW)]
    assert not any(isinstance(output, Request) for output in outputs)
    for second in range(1, 40):
        for output in talk.tick(NOW + second):
            if isinstance(output, Request):
                assert output.encode() in ALLOWED
