"""One frame can leave, for a bed of the configuration, whatever a gateway says."""

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Purpose, Request
from drivers.edan import FAMILY
from drivers.edan.codec import Query, recognise
from simulators.api import StillBedside
from simulators.edan.device import EdanDevice, EdanDeviceSettings
from tests.converse import START
from tests.drivers.edan.gateways import NOW, answer, dialogue
from tests.prove.families import listed_requests

EXAMPLE = Query(1).encode()


def test_one_query_is_all() -> None:
    assert [row.data for row in listed_requests("edan")] == [EXAMPLE]
    assert FAMILY.requests == {Query}
    assert Query.purpose is Purpose.QUERY


def test_the_query_trips_nothing() -> None:
    device = EdanDevice(StillBedside(), EdanDeviceSettings())
    device.open(START)
    for at in range(len(EXAMPLE)):
        device.receive(EXAMPLE[at : at + 1], START)
    assert (device.tampered, device.violations) == (False, [])


def test_only_a_bed_may_differ_and_is_a_number_up_to_9999() -> None:
    for at in range(len(EXAMPLE)):
        for flip in (0x01, 0x02, 0x20, 0x80):
            found = recognise(EXAMPLE[:at] + bytes([EXAMPLE[at] ^ flip]) + EXAMPLE[at + 1 :])
            assert found is None or (at == len(EXAMPLE) - 3 and found.bed != 1)
    for bed in (b"0", b"01", b"10000", b"1&2", b"1^1", b"", b"1\r", b" 1", "\u0661".encode()):
        assert recognise(EXAMPLE.replace(b"||||1\x1c", b"||||" + bed + b"\x1c")) is None


hostile = st.binary(max_size=200) | st.text(max_size=60).map(
    lambda text: answer(f"QRF|MON||||{text}", f"PV1||I|{text}", f"OBX||ST|1^{text}^EHC||{text}")
)


@given(st.lists(hostile, max_size=6))
@settings(max_examples=80)
def test_nothing_a_gateway_says_shapes_what_leaves(said: list[bytes]) -> None:
    talk = dialogue()
    outputs = [output for data in said for output in talk.receive(data, NOW)]
    assert not any(isinstance(output, Request) for output in outputs)
    for second in range(1, 60):
        for output in talk.tick(NOW + second):
            if isinstance(output, Request):
                assert output.encode() == EXAMPLE
