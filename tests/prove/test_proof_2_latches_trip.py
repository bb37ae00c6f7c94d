"""Proof 2: each forbidden frame, sent raw, trips the simulator's latch. Without this, proof 1 would prove nothing."""

from simulators.api import StillBedside
from tests.converse import START
from tests.prove.families import forbidden_frames, simulator_of


def test_each_forbidden_frame_trips_the_latch(name: str) -> None:
    simulator = simulator_of(name)
    count = 0
    for data, words in forbidden_frames(name):
        device = simulator.device(StillBedside(), simulator.settings())
        device.open(START)
        assert (device.tampered, device.violations) == (False, [])
        device.receive(data, START + 0.1)
        assert device.tampered, f"the latch did not trip on: {words}"
        assert device.violations, f"no violation is noted for: {words}"
        count += 1
    assert count, "no forbidden frame: silence would prove nothing"


def test_a_tripped_latch_stays(name: str) -> None:
    simulator = simulator_of(name)
    device = simulator.device(StillBedside(), simulator.settings())
    device.open(START)
    data, _ = next(forbidden_frames(name))
    device.receive(data, START + 0.1)
    device.close(START + 1.0)
    device.open(START + 2.0)
    device.tick(START + 3.0)
    assert device.tampered
