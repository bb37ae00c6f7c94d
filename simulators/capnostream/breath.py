"""A capnogram: CO2 over one breath, and how far in it the patient is."""

from typing import Final, NamedTuple

# Parts of a breath: inspiration, the steep rise, the plateau that climbs to its end, the fall.
_RISE: Final = 0.45
_PLATEAU: Final = 0.52
_FALL: Final = 0.95
_PLATEAU_BEGINS: Final = 0.88  # of the end-tidal value


class Sample(NamedTuple):
    """50 ms of a capnogram."""

    co2: float
    ends_breath: bool


class Breath:
    """The place in the breath moves on with the rate of the moment, so that the wave never jumps."""

    def __init__(self) -> None:
        self._place = 0.0

    def go_on(self, seconds: float, rate: float, etco2: float, fico2: float) -> Sample:
        """Breathe on for so long."""
        before, self._place = self._place, (self._place + seconds * rate / 60.0) % 1.0
        height = _shape(self._place) if rate > 0 else 0.0
        return Sample(fico2 + (etco2 - fico2) * height, before < _FALL <= self._place)


def _shape(place: float) -> float:
    if place < _RISE:
        return 0.0
    if place < _PLATEAU:
        return _PLATEAU_BEGINS * (place - _RISE) / (_PLATEAU - _RISE)
    if place < _FALL:
        return _PLATEAU_BEGINS + (1 - _PLATEAU_BEGINS) * (place - _PLATEAU) / (_FALL - _PLATEAU)
    return (1 - place) / (1 - _FALL)
