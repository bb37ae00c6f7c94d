"""The waveform: sixty samples a second, in blocks without a gap."""

from typing import Final

from drivers.api import Waveform
from drivers.contec_cms50.channels import HEALTHY, WAVE_BITS, Fault
from drivers.vocabulary import Metric, Validity

PACKETS_PER_S: Final = 60  # V7.0: give or take two
_PAUSE_S: Final = 0.5  # nothing for so long is a gap; our choice

_WORST: Final = (Validity.VALID, Validity.QUESTIONABLE, Validity.INVALID)


class Pleth:
    """Collects samples until they are a second's worth, or something breaks their row."""

    def __init__(self) -> None:
        self._samples: list[float | None] = []
        self._worst = 0
        self._heard_at = 0.0

    def begin(self, now: float) -> None:
        """Bytes come: after a pause, what was collected is too old to be published as if it were new."""
        if now - self._heard_at > _PAUSE_S:
            self._samples, self._worst = [], 0
        self._heard_at = now

    def add(self, wave: int, fault: Fault) -> list[Waveform]:
        """Take a sample; what was sampled without a finger is none."""
        is_lost = fault.validity is Validity.INVALID
        self._samples.append(None if is_lost else wave & WAVE_BITS)
        if fault is not HEALTHY:
            self._worst = max(self._worst, _WORST.index(fault.validity))
        return self.end() if len(self._samples) == PACKETS_PER_S else []

    def end(self) -> list[Waveform]:
        """Give what has been collected."""
        if not self._samples:
            return []
        samples, validity = tuple(self._samples), _WORST[self._worst]
        self._samples, self._worst = [], 0
        return [Waveform(Metric.PLETH, samples, 1 / PACKETS_PER_S, "pleth", unit="1", validity=validity)]
