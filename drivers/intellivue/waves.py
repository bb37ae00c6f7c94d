"""Waves as blocks of samples. Range, width and period come with the first whole answer and are kept."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import floor, log10
from struct import Struct, error
from typing import Final

from drivers.api import Waveform
from drivers.intellivue.channels import DISOWNED, TEST, WAVES, Attribute, WaveChannel, unit_of
from drivers.intellivue.export import Observed
from drivers.intellivue.values import TICKS_PER_S, Special, float_value
from drivers.vocabulary import Validity

_ARRAY: Final = Struct(">HHH")  # identifier, state, length of the samples
_LIST: Final = Struct(">HH")
_SPECIFICATION: Final = Struct(">HBBH")  # samples in an array, bits of a sample, significant bits, flags
_SCALE: Final = Struct(">IIHH")  # what lower and upper sample stand for
_PERIOD: Final = Struct(">I")
_UNIT: Final = Struct(">H")
_BLOCK: Final = 512
_MAX_SHAPES: Final = 64  # handles; a monitor offers a dozen waves
_DISOWNED: Final = sum(mark.bits for mark in DISOWNED)
_QUESTIONABLE: Final = 0x4000


@dataclass(frozen=True, slots=True)
class Shape:
    """How a wave's samples are to be read: value = offset + factor * sample."""

    is_wide: bool
    mask: int
    offset: float
    factor: float
    digits: int
    unit: str
    period_s: float


class Waves:
    """Reads waves."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], dict[int, bytes]] = {}

    def read(self, objects: Iterable[Observed], device_time: datetime | None) -> list[Waveform]:
        """Read the objects of one answer; a wave whose range was never said is left out."""
        blocks: list[Waveform] = []
        for observed in objects:
            attributes = observed.attributes
            shape = self._shape(observed)
            if shape is None:
                continue
            if (single := attributes.get(Attribute.SAMPLES)) is not None:
                blocks += _blocks(single, 0, 1, shape, device_time)
            elif (compound := attributes.get(Attribute.COMPOUND_SAMPLES)) is not None and len(compound) >= 4:
                blocks += _blocks(compound, 4, _LIST.unpack_from(compound)[0], shape, device_time)
        return blocks

    def _shape(self, observed: Observed) -> Shape | None:
        key = (observed.context, observed.handle)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MAX_SHAPES:
                return None
            known = self._known[key] = {}
        for attribute in _SHAPING:
            if attribute in observed.attributes:
                known[attribute] = observed.attributes[attribute]
        if len(known) < len(_NEEDED) or not known.keys() >= _NEEDED:
            return None
        return _shape_of(*(known.get(attribute, b"") for attribute in _SHAPING))


_SHAPING: Final = (Attribute.SAMPLE_SPECIFICATION, Attribute.SCALE, Attribute.SAMPLE_PERIOD, Attribute.UNIT)
_NEEDED: Final = frozenset(_SHAPING[:3])


@lru_cache(maxsize=256)
def _shape_of(specification: bytes, scale: bytes, period: bytes, unit: bytes) -> Shape | None:
    """Give the shape; None: it can't be understood. Without a physical scale samples are parts of the range."""
    try:
        _, bits, significant, _ = _SPECIFICATION.unpack(specification)
        low_word, high_word, low, high = _SCALE.unpack(scale)
        (ticks,) = _PERIOD.unpack(period)
    except error:
        return None
    if bits not in (8, 16) or not 0 < significant <= bits or low == high or not 0 < ticks <= 10 * TICKS_PER_S:
        return None
    bottom, top = float_value(low_word), float_value(high_word)
    if isinstance(bottom, Special) or isinstance(top, Special):
        bottom, top, text = 0, 1, "1"
    else:
        text = (unit_of(_UNIT.unpack(unit)[0]) if len(unit) == _UNIT.size else None) or ""
    factor = (top - bottom) / (high - low)
    digits = min(max(1 - floor(log10(abs(factor))), 0), 12) if factor else 0
    return Shape(bits == 16, (1 << significant) - 1, bottom - low * factor, factor, digits, text, ticks / TICKS_PER_S)


def _blocks(data: bytes, at: int, count: int, shape: Shape, device_time: datetime | None) -> Iterator[Waveform]:
    for _ in range(count):
        if at + _ARRAY.size > len(data):
            return
        identifier, state, size = _ARRAY.unpack_from(data, at)
        at += _ARRAY.size + size
        if at > len(data):
            return
        channel = WAVES.get(identifier) or WaveChannel(f"wave_{identifier:04x}")
        numbers = _numbers(data[at - size : at], shape.is_wide)
        for start in range(0, len(numbers), _BLOCK):
            yield _block(channel, state, numbers[start : start + _BLOCK], shape, device_time)


def _block(
    channel: WaveChannel, state: int, numbers: Sequence[int], shape: Shape, device_time: datetime | None
) -> Waveform:
    samples: tuple[float | None, ...]
    if state & _DISOWNED:
        samples, validity = (None,) * len(numbers), Validity.INVALID
    else:
        mask, offset, factor, digits = shape.mask, shape.offset, shape.factor, shape.digits
        samples = tuple([round(offset + (number & mask) * factor, digits) for number in numbers])
        # A bit above the significant ones marks a sample; with what meaning is said in an attribute that is skipped.
        is_doubted = state & (_QUESTIONABLE | TEST) or max(numbers) > mask
        validity = Validity.QUESTIONABLE if is_doubted else Validity.VALID
    return Waveform(
        channel.metric, samples, shape.period_s, channel.name, shape.unit, "", device_time, validity,
        simulated=bool(state & TEST),
    )  # fmt: skip


def _numbers(data: bytes, is_wide: bool) -> Sequence[int]:
    return _wide(len(data) // 2).unpack_from(data) if is_wide else data


@lru_cache(maxsize=1024)
def _wide(count: int) -> Struct:
    return Struct(f">{count}H")
