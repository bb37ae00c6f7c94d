"""The CO2 wave, gathered into blocks of a second."""

from functools import lru_cache
from typing import Final

from drivers.api import Waveform
from drivers.capnostream.channels import FAST_FAULTS, UNITS, WAVE, WAVE_NAME, WAVE_PERIOD_S, Unit
from drivers.capnostream.codec import Co2Wave
from drivers.vocabulary import Validity

BLOCK: Final = 20  # samples: a second
_BRIDGED: Final = BLOCK  # lost frames that become empty samples; after more the block ends
_UNMEASURED: Final = sum(fault.bit for fault in FAST_FAULTS)


class Gatherer:
    """Puts 20 waves into a block; says nothing while the unit is not known."""

    def __init__(self) -> None:
        self._samples: list[float | None] = []
        self._counter: int | None = None
        self._unit: Unit | None = None

    def forget(self) -> None:
        """The monitor has fallen silent: what was begun would be said too late, joined to what comes after."""
        self._samples, self._counter = [], None

    def measure_in(self, code: int) -> list[Waveform]:
        """Take note of the unit; a change ends the block."""
        unit = UNITS.get(code)
        if unit == self._unit:
            return []
        block, self._unit = self._block(), unit
        return block

    def take(self, wave: Co2Wave) -> list[Waveform]:
        """Take one wave; give back the blocks that it ended."""
        lost = 0 if self._counter is None else (wave.counter - self._counter - 1) % 256
        self._counter = wave.counter
        if self._unit is None:
            return []
        blocks = self._block() if lost > _BRIDGED else []
        if self._samples and 0 < lost <= _BRIDGED:
            self._samples += [None] * lost
        self._samples.append(None if wave.status & _UNMEASURED else _sample(wave.co2, self._unit.divisor))
        return blocks + self._block() if len(self._samples) >= BLOCK else blocks

    def _block(self) -> list[Waveform]:
        samples, self._samples = tuple(self._samples), []
        if not samples or self._unit is None:
            return []
        validity = Validity.INVALID if all(sample is None for sample in samples) else Validity.VALID
        return [Waveform(WAVE, samples, WAVE_PERIOD_S, WAVE_NAME, self._unit.ucum, validity=validity)]


@lru_cache(maxsize=16_384)
def _sample(co2: int, divisor: int) -> float:
    return round(co2 / 256 / divisor, 4)
