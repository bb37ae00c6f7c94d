"""Slow noise as a function of time: first-order, from a seed, the same in whatever order it is asked."""

from math import exp, sqrt
from random import Random
from typing import Final, TypeAlias

GRID_S: Final = 5.0
_BLOCK: Final = 128  # grid points, 640 s: ten time constants, so that what lies before the last block is forgotten
_KEPT: Final = 4  # blocks remembered

_Points: TypeAlias = list[tuple[float, ...]]


class SlowNoise:
    """Several independent channels of unit variance with one time constant."""

    def __init__(self, seed: str, channels: int, time_constant_s: float = 60.0) -> None:
        self._seed = seed
        self._channels = channels
        self._memory = exp(-GRID_S / time_constant_s)
        self._blocks: dict[int, _Points] = {}

    def at(self, second: float) -> list[float]:
        """Give each channel's value: on a straight line between two points of the grid."""
        place = second / GRID_S
        point = int(place // 1)
        share = place - point
        return [a + (b - a) * share for a, b in zip(self._point(point), self._point(point + 1), strict=True)]

    def _point(self, point: int) -> tuple[float, ...]:
        number, index = divmod(point, _BLOCK)
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) >= _KEPT:
                self._blocks.clear()
            block = self._blocks[number] = self._block(number)
        return block[index]

    def _block(self, number: int) -> _Points:
        """Filter the white noise of this block and of the one before."""
        gain = sqrt(1.0 - self._memory**2)
        value = (0.0,) * self._channels
        points: _Points = []
        for white in (*self._white(number - 1), *self._white(number)):
            value = tuple(self._memory * old + gain * new for old, new in zip(value, white, strict=True))
            points.append(value)
        return points[_BLOCK:]

    def _white(self, number: int) -> _Points:
        gauss = Random(f"{self._seed}/{number}").gauss
        return [tuple(gauss(0.0, 1.0) for _ in range(self._channels)) for _ in range(_BLOCK)]
