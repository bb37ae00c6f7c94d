"""One frame can leave, for a bed of the configuration, whatever a gateway says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Purpose, Request
from drivers.edan import FAMILY
from drivers.edan.codec import Query, recognise
from simulators.api import StillBedside
from simulators.edan.device import EdanDevice, EdanDeviceSettings
from tests.converse import START
from tests.drivers.edan.gateways import FOLDER, NOW, answer, dialogue


def lines(name: str) -> list[list[str]]:
    text = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in text if line and not line.startswith("#")]


FORBIDDEN = [(bytes.fromhex(data), words) for data, words in lines("forbidden.txt")]
EXAMPLE = Query(1).encode()


def test_the_inventory_is_what_the_code_declares() -> None:
    ((name, purpose, effect, _, data),) = lines("requests.txt")
    assert (name, purpose, effect, bytes.fromhex(data)) == ("Query", "QUERY", "-", EXAMPLE)
    assert FAMILY.requests == {Query}
    assert Query.purpose is Purpose.QUERY


@pytest.mark.parametrize(("data", "words"), FORBIDDEN, ids=[words for _, words in FORBIDDEN])
def test_the_gate_refuses_and_the_latch_trips(data: bytes, words: str) -> None:
    assert recognise(data) is None
    assert recognise(EXAMPLE + data) is None
    assert recognise(data + EXAMPLE) is None
    device = EdanDevice(StillBedside(), EdanDeviceSettings())
    device.open(START)
    device.receive(data, START)
    assert device.tampered, words
    assert device.violations


def test_the_query_trips_nothing() -> None:
    device = EdanDevice(StillBedside(), EdanDeviceSettings())
    device.open(START)
    for at in range(len(EXAMPLE)):
        device.receive(EXAMPLE[at : at + 1], START)
    assert (device.tampered, device.violations) == (False, [])


def test_mutations_truncations_and_concatenations_are_refused() -> None:
    for at in range(len(EXAMPLE)):
        assert recognise(EXAMPLE[:at]) is None
        for flip in (0x01, 0x02, 0x20, 0x80):
            found = recognise(EXAMPLE[:at] + bytes([EXAMPLE[at] ^ flip]) + EXAMPLE[at + 1 :])
            assert found is None or (at == len(EXAMPLE) - 3 and found.bed != 1)
    assert recognise(EXAMPLE + EXAMPLE) is None
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
