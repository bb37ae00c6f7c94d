"""Waves: shapes, scales and states."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.intellivue.export import Observed
from drivers.intellivue.values import float_word
from drivers.intellivue.waves import Waves
from drivers.vocabulary import Metric, Validity

NAN = 0x007FFFFF


def shape(bits: int = 16, significant: int = 12, low: int = NAN, high: int = NAN, ticks: int = 64) -> dict[int, bytes]:
    return {
        2413: b"\x00\x20" + bytes((bits, significant)) + b"\0\0",
        2415: low.to_bytes(4, "big") + high.to_bytes(4, "big") + b"\x00\x00\x0f\xff",
        2445: ticks.to_bytes(4, "big"),
        2454: b"\x10\xb2",
    }


def array(code: int, *samples: int, state: int = 0) -> bytes:
    return b"".join(word.to_bytes(2, "big") for word in (code, state, 2 * len(samples), *samples))


def test_without_a_physical_scale_samples_are_parts_of_the_range() -> None:
    (block,) = Waves().read([Observed(0, 1, {**shape(), 2414: array(0x4BB4, 0, 4095, 1365)})], None)
    assert (block.name, block.metric, block.unit, block.period_s) == ("pleth", Metric.PLETH, "1", 0.008)
    assert block.samples == pytest.approx((0.0, 1.0, 1 / 3), abs=1e-4)
    assert block.validity is Validity.VALID


def test_several_leads_come_in_one_object() -> None:
    scaled = shape(significant=14, low=float_word(-0.5, 1), high=float_word(2.0, 1), ticks=32)
    arrays = array(257, 0, 0) + array(258, 4095, 4095) + array(317, 0, 4095)
    compound = b"\x00\x03" + len(arrays).to_bytes(2, "big") + arrays
    blocks = Waves().read([Observed(0, 1, {**scaled, 2407: compound})], None)
    assert [block.name for block in blocks] == ["ecg_i", "ecg_ii", "ecg_iii"]
    assert blocks[2].samples == pytest.approx((-0.5, 2.0), abs=1e-3)
    assert {(block.unit, block.period_s) for block in blocks} == {("mV", 0.004)}


def test_the_shape_is_kept_from_the_first_whole_answer() -> None:
    waves = Waves()
    bare = Observed(0, 1, {2414: array(0x4BB4, 4095)})
    assert waves.read([bare], None) == []
    assert len(waves.read([Observed(0, 1, {**shape(), 2414: array(0x4BB4, 0)})], None)) == 1
    assert waves.read([bare], None)[0].samples == (1.0,)
    assert waves.read([Observed(0, 2, {2414: array(0x4BB4, 0)})], None) == []  # another wave's


def test_samples_of_eight_bits() -> None:
    narrow = shape(bits=8, significant=8)
    narrow[2415] = NAN.to_bytes(4, "big") * 2 + b"\x00\x00\x00\xff"
    data = b"\x50\x00\x00\x00\x00\x03" + b"\x00\x33\xff"
    (block,) = Waves().read([Observed(0, 1, {**narrow, 2414: data})], None)
    assert block.name == "resp"
    assert block.samples == pytest.approx((0.0, 0.2, 1.0), abs=1e-3)


@pytest.mark.parametrize("state", [0x8000, 0x2000, 0x1000, 0x8001])
def test_a_disowned_wave_has_no_samples(state: int) -> None:
    (block,) = Waves().read([Observed(0, 1, {**shape(), 2414: array(0x4BB4, 1, 2, state=state)})], None)
    assert (block.samples, block.validity) == ((None, None), Validity.INVALID)


@pytest.mark.parametrize("state", [0x4000, 0x0800, 0x0400])
def test_a_doubtful_wave_is_questionable(state: int) -> None:
    (block,) = Waves().read([Observed(0, 1, {**shape(), 2414: array(0x4BB4, 1, state=state)})], None)
    assert block.validity is Validity.QUESTIONABLE
    assert block.simulated == (state != 0x4000)


def test_bits_above_the_significant_ones_are_no_part_of_a_sample_and_raise_doubt() -> None:
    (block,) = Waves().read([Observed(0, 1, {**shape(), 2414: array(0x4BB4, 0x8FFF, 0)})], None)
    assert (block.samples, block.validity) == ((1.0, 0.0), Validity.QUESTIONABLE)


def test_a_long_array_comes_in_blocks() -> None:
    blocks = Waves().read([Observed(0, 1, {**shape(), 2414: array(0x4BB4, *range(1200))})], None)
    assert [len(block.samples) for block in blocks] == [512, 512, 176]


def test_an_unknown_wave_is_named_by_its_code() -> None:
    (block,) = Waves().read([Observed(0, 1, {**shape(), 2414: array(0x1234, 0)})], None)
    assert (block.name, block.metric) == ("wave_1234", Metric.UNMAPPED)


@pytest.mark.parametrize(
    "harm",
    [{2413: b"\0\0\x0c\x0c\0\0"}, {2413: b""}, {2415: b"\0" * 12}, {2445: b"\0\0\0\0"}, {2413: b"\0\0\x10\0\0\0"}],
)
def test_a_shape_that_makes_no_sense_gives_no_samples(harm: dict[int, bytes]) -> None:
    assert Waves().read([Observed(0, 1, {**shape(), **harm, 2414: array(0x4BB4, 1)})], None) == []


@given(
    st.lists(st.dictionaries(st.sampled_from([2407, 2413, 2414, 2415, 2445, 2454]), st.binary(max_size=30)), max_size=5)
)
@settings(max_examples=100)
def test_no_attribute_raises(said: list[dict[int, bytes]]) -> None:
    waves = Waves()
    for attributes in said:
        for block in waves.read([Observed(0, 1, {**shape(), **attributes})], None):
            assert 0 < len(block.samples) <= 512
