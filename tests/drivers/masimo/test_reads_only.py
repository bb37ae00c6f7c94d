"""The oximeter is never spoken to."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Request, recognise_nothing
from drivers.masimo import FAMILY
from simulators.api import NoSettings, StillBedside
from simulators.masimo.oximeter import MasimoDevice, MasimoSettings

HERE = Path(__file__).parent


def rows(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]


def test_no_request_is_declared_or_listed() -> None:
    assert FAMILY.requests == frozenset()
    assert FAMILY.recognise is recognise_nothing
    assert rows("requests.txt") == []


@pytest.mark.parametrize("row", rows("forbidden.txt"))
def test_forbidden_bytes_are_refused_and_trip_the_latch(row: str) -> None:
    data = bytes.fromhex(row.partition("|")[0])
    assert FAMILY.recognise(data) is None
    device = MasimoDevice(StillBedside(), MasimoSettings())
    device.open(0.0)
    assert (device.tampered, device.violations) == (False, [])
    assert list(device.receive(data, 0.0)) == []
    assert device.tampered
    assert len(device.violations) == 1


@given(st.lists(st.binary(max_size=300) | st.text(max_size=80).map(str.encode), max_size=8))
@settings(max_examples=100)
def test_nothing_that_the_device_says_makes_us_speak(pieces: list[bytes]) -> None:
    dialogue = FAMILY.dialogue(NoSettings(), Port())
    outputs = [*dialogue.open(0.0), *(output for piece in pieces for output in dialogue.receive(piece + b"\n", 0.0))]
    outputs += [*dialogue.tick(1.0), *dialogue.close(2.0)]
    assert dialogue.wake_at is None
    assert not any(isinstance(output, Request) for output in outputs)
