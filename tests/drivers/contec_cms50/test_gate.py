"""Reads only: what the gate lets through, and that nothing else can come out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Purpose, Request
from drivers.contec_cms50 import FAMILY
from drivers.contec_cms50.codec import KeepAlive, Protocol, StartRealtime, StopRealtime, pack, recognise
from drivers.contec_cms50.driver import Cms50Dialogue, Cms50Settings
from simulators.api import StillBedside
from simulators.contec_cms50.oximeter import Cms50Device, Cms50DeviceSettings
from tests.converse import START
from tests.prove.families import forbidden_frames

ALLOWED = {kind().encode(): kind() for kind in (StartRealtime, StopRealtime, KeepAlive)}
PROTOCOLS: tuple[Protocol, ...] = ("v7", "old")


FORBIDDEN = list(forbidden_frames("contec_cms50"))


def test_only_the_start_asks_for_data() -> None:
    assert {kind for kind in FAMILY.requests if kind.purpose is Purpose.QUERY} == {StartRealtime}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("data", "words"), FORBIDDEN)
def test_a_forbidden_frame_is_refused_and_would_have_changed_the_device(
    data: bytes, words: str, protocol: Protocol
) -> None:
    assert recognise(data) is None, words
    for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
        device = Cms50Device(StillBedside(), Cms50DeviceSettings(protocol))
        device.open(START)
        for piece in pieces:
            device.receive(piece, START)
        assert device.tampered, words
        assert device.violations, words


@pytest.mark.parametrize("command", sorted(set(range(256)) - {0xA1, 0xA2, 0xAF}))
def test_no_other_command_passes(command: int) -> None:
    assert recognise(pack(0x7D, bytes((command, 0, 0, 0, 0, 0, 0)))) is None


hostile = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([*ALLOWED, *(data for data, _ in FORBIDDEN), pack(1, bytes(7)), b"\x0d\x80\x80"]),
)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(script=st.lists(st.tuples(st.integers(0, 4), hostile), max_size=20))
@settings(max_examples=60)
def test_no_answer_shapes_what_we_send(protocol: Protocol, script: list[tuple[int, bytes]]) -> None:
    dialogue = Cms50Dialogue(Cms50Settings(protocol), Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    outputs += dialogue.close(now)
    requests = [output for output in outputs if isinstance(output, Request)]
    assert all(ALLOWED.get(request.encode()) == request for request in requests)
    assert protocol == "v7" or not requests


def test_the_simulator_answers_what_it_knows_and_refuses_what_it_does_not() -> None:
    def answer(command: int) -> tuple[list[bytes], bool, int]:
        device = Cms50Device(StillBedside(), Cms50DeviceSettings())
        device.open(START)
        said = list(device.receive(pack(0x7D, bytes((command, 0, 0, 0, 0, 0, 0))), START))
        return said, device.tampered, len(device.violations)

    assert answer(0xAC) == ([bytes.fromhex("0E 80 81")], False, 0)
    assert answer(0xAD) == ([bytes.fromhex("10 80 81")], False, 0)
    assert answer(0xAB) == ([bytes.fromhex("0B 81 AB 85")], False, 0)
    assert answer(0xC0) == ([bytes.fromhex("0B 81 C0 85")], False, 1)
    assert answer(0xAE) == ([bytes.fromhex("0B 81 AE 80")], True, 1)
    assert answer(0xA1) == ([], False, 0)


def test_a_command_cut_short_is_a_violation_and_the_next_one_is_understood() -> None:
    device = Cms50Device(StillBedside(), Cms50DeviceSettings())
    device.open(START)
    device.receive(StartRealtime().encode()[:5] + b"" + StartRealtime().encode(), START)
    assert device.wake_at is not None
    assert (len(device.violations), device.tampered) == (1, False)
