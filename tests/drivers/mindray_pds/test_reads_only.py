"""Three constant frames can leave, and nothing else, whatever a monitor says."""

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Purpose, Request
from drivers.mindray_pds import FAMILY
from drivers.mindray_pds.codec import Heartbeat, Query, recognise
from simulators.api import StillBedside
from simulators.mindray_pds.device import MindrayPdsDevice, MindrayPdsDeviceSettings
from tests.converse import START
from tests.drivers.mindray_pds.monitors import NOW, dialogue, message
from tests.prove.families import listed_requests

ALLOWED = [Heartbeat().encode(), Query().encode(), Query(by_id=True).encode()]


def test_the_three_frames_are_listed() -> None:
    assert [row.data for row in listed_requests("mindray_pds")] == ALLOWED
    assert {kind.purpose for kind in FAMILY.requests} == {Purpose.LINK, Purpose.QUERY}


def test_requests_are_recognised_as_themselves_and_hold_a_yes_or_no_at_most() -> None:
    for request in (Heartbeat(), Query(), Query(by_id=True)):
        assert recognise(request.encode()) == request
        assert {field.type for field in fields(request)} <= {bool}


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
