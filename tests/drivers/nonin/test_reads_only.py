"""The oximeter is never spoken to."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Request, recognise_nothing
from drivers.nonin import FAMILY
from drivers.nonin.codec import Format
from drivers.nonin.driver import NoninSettings
from simulators.api import StillBedside
from simulators.nonin.oximeter import GET_SERIAL, GET_TIME, NoninDevice, NoninDeviceSettings
from tests.converse import START

HERE = Path(__file__).parent
FORMATS: tuple[Format, ...] = ("df2", "df7", "df8", "df13", "ascii")


def rows(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def test_no_request_is_declared_or_listed() -> None:
    assert FAMILY.requests == frozenset()
    assert FAMILY.recognise is recognise_nothing
    assert rows("requests.txt") == []


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("row", rows("forbidden.txt"))
def test_forbidden_bytes_are_refused_and_trip_the_latch(row: str, kind: Format) -> None:
    data = bytes.fromhex(row.partition("|")[0])
    assert FAMILY.recognise(data) is None
    for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
        device = NoninDevice(StillBedside(), NoninDeviceSettings(kind))
        device.open(START)
        assert (device.tampered, device.violations) == (False, [])
        for piece in pieces:
            device.receive(piece, START + 0.1)
        assert device.tampered
        assert device.violations


@pytest.mark.parametrize("kind", FORMATS)
@given(pieces=st.lists(st.binary(max_size=300) | st.text(max_size=80).map(str.encode), max_size=8))
@settings(max_examples=30)
def test_nothing_that_the_device_says_makes_us_speak(kind: Format, pieces: list[bytes]) -> None:
    dialogue = FAMILY.dialogue(NoninSettings(kind), Port())
    outputs = [*dialogue.open(0.0), *(output for piece in pieces for output in dialogue.receive(piece, 0.0))]
    outputs += [*dialogue.tick(1.0), *dialogue.close(2.0)]
    assert not any(isinstance(output, Request) for output in outputs)


def test_the_simulator_stores_a_selected_format_if_it_comes_in_time() -> None:
    def told(at: float) -> tuple[list[bytes], bytes]:
        device = NoninDevice(StillBedside(), NoninDeviceSettings("df13"))
        device.open(START)
        answer = list(device.receive(bytes.fromhex("02 70 02 02 08 03"), START + at))
        device.close(START + 10)
        device.open(START + 20)
        return answer, b"".join(device.tick(START + 21))

    assert told(1.0) == ([b"\x06"], bytes.fromhex("80 48 62 20"))
    assert told(6.0) == ([], b"")


def test_the_simulator_tells_other_readers_its_time() -> None:
    device = NoninDevice(StillBedside(), NoninDeviceSettings("df2"))
    device.open(START)
    assert list(device.receive(GET_TIME[:2], START)) == []
    assert list(device.receive(GET_TIME[2:] + GET_SERIAL, START)) == [bytes.fromhex("02 F2 06 1A 01 01 00 00 00 03")]
    assert (device.tampered, device.violations) == (False, [])
