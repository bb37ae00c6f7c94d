from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.wire import Faults, Wire

START = 1000.0
LINE = b"SPO2=098% BPM=072\r\n"


def carried(faults: Faults, *, lines: int = 1, every: float = 1.0, is_stream: bool = True) -> list[tuple[float, bytes]]:
    wire = Wire(faults, "seed", START, is_stream)
    return [item for number in range(lines) for item in wire.carry(LINE, START + every * number)]


def test_a_good_cable_changes_nothing() -> None:
    assert carried(Faults(), lines=2) == [(START, LINE), (START + 1.0, LINE)]


def test_bytes_come_one_at_a_time_with_time_between() -> None:
    found = carried(Faults(byte_at_a_time=True))
    assert [data for _, data in found] == [bytes([byte]) for byte in LINE]
    assert all(b > a for (a, _), (b, _) in pairwise(found))


def test_a_slow_line_takes_its_time_and_falls_behind() -> None:
    found = carried(Faults(baud=300), lines=3, every=0.1)
    assert b"".join(data for _, data in found) == LINE * 3
    assert found[-1][0] == pytest.approx(START + 3 * len(LINE) * 10 / 300)


def test_a_line_that_is_far_behind_loses_what_comes_next() -> None:
    found = carried(Faults(baud=10), lines=1000, every=0.0)
    assert found[-1][0] <= START + 60.0 + 16.0
    assert sum(len(data) for _, data in found) < 100


def test_delay_and_jitter_make_late_but_keep_the_order() -> None:
    found = carried(Faults(delay_s=0.5, jitter_s=0.4), lines=200, every=0.1)
    delays = [due - (START + 0.1 * number) for number, (due, _) in enumerate(found)]
    assert all(0.5 <= delay <= 0.9 + 1e-9 for delay in delays)
    assert [due for due, _ in found] == sorted(due for due, _ in found)
    assert len({round(delay, 3) for delay in delays}) > 10


def test_loss_and_corruption_are_as_frequent_as_said() -> None:
    lost = b"".join(data for _, data in carried(Faults(loss=0.1), lines=500))
    assert len(lost) == pytest.approx(500 * len(LINE) * 0.9, rel=0.02)
    struck = b"".join(data for _, data in carried(Faults(corruption=0.1), lines=500))
    wrong = [got ^ sent for got, sent in zip(struck, LINE * 500, strict=True) if got != sent]
    assert len(wrong) == pytest.approx(500 * len(LINE) * 0.1, rel=0.1)
    assert all(bits.bit_count() == 1 for bits in wrong)


def test_a_datagram_is_lost_as_a_whole() -> None:
    found = carried(Faults(loss=0.5, byte_at_a_time=True), lines=100, is_stream=False)
    assert {data for _, data in found} == {LINE}
    assert 30 < len(found) < 70


def test_nothing_passes_while_the_cable_is_out() -> None:
    found = carried(Faults(out=((2.0, 4.0), (6.0, 7.0))), lines=9)
    assert [round(due - START) for due, _ in found] == [0, 1, 4, 5, 7, 8]


def test_bytes_are_harmed_only_in_their_times() -> None:
    found = carried(Faults(corruption=1.0, harmed=((2.0, 4.0),)), lines=6)
    assert [data == LINE for _, data in found] == [True, True, False, False, True, True]
    lost = carried(Faults(loss=1.0, harmed=((2.0, 4.0),)), lines=6)
    assert len(lost) == 4


def test_the_other_direction_is_late_but_whole() -> None:
    faults = Faults(delay_s=0.1, baud=9600, loss=0.5, corruption=0.5, out=((5.0, 6.0),))
    assert faults.harmless() == Faults(delay_s=0.1, baud=9600, out=((5.0, 6.0),))


chances = st.floats(0.0, 1.0)
any_faults = st.builds(
    Faults,
    byte_at_a_time=st.booleans(),
    delay_s=st.floats(0.0, 5.0),
    jitter_s=st.floats(0.0, 1.0),
    baud=st.sampled_from([0, 1200, 115_200]),
    loss=chances,
    corruption=chances,
)
writes = st.lists(st.tuples(st.floats(0.0, 1.0), st.binary(max_size=40)), max_size=10)


@given(any_faults, writes)
@settings(max_examples=100)
def test_the_same_bytes_at_the_same_times_arrive_alike_in_order_and_never_early(
    faults: Faults, said: list[tuple[float, bytes]]
) -> None:
    wires = [Wire(faults, "seed", START) for _ in range(2)]
    results: list[list[tuple[float, bytes]]] = [[], []]
    now = START
    for wait, data in said:
        now += wait
        for wire, result in zip(wires, results, strict=True):
            arrived = wire.carry(data, now)
            assert all(due >= now and piece for due, piece in arrived)
            result += arrived
    assert results[0] == results[1]
    assert [due for due, _ in results[0]] == sorted(due for due, _ in results[0])
    assert sum(len(piece) for _, piece in results[0]) <= sum(len(data) for _, data in said)
