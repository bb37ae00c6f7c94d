"""The waves: their names as topic segments, and their scale where it is known."""

from dataclasses import dataclass
from typing import Final

from drivers.vocabulary import Metric


@dataclass(frozen=True, eq=False)
class Trace:
    """One wave; the unit is None where the scale is not known."""

    name: str  # topic segment
    unit: str | None = None
    divisor: int = 1
    metric: Metric = Metric.UNMAPPED


TRACES: Final = {
    **{number: Trace(f"ecg_{number}", "uV") for number in (1, 2, 3)},
    **{number + 3: Trace(f"p{number}", "mm[Hg]", 100) for number in (1, 2, 3, 4)},
    8: Trace("pleth", "%", 100, Metric.PLETH),
    **{9 + place: Trace(name, "%", 100) for place, name in enumerate(("co2", "o2", "n2o", "aa"))},
    13: Trace("awp", "cm[H2O]", 10),
    15: Trace("resp", metric=Metric.RESPIRATION_IMPEDANCE),
    **{number + 17: Trace(f"eeg_{number}") for number in (1, 2, 3, 4)},
    22: Trace("ecg_12"),
    32: Trace("entropy"),
    39: Trace("resp_100", metric=Metric.RESPIRATION_IMPEDANCE),
}
WAVE_NUMBERS: Final = {trace.name: number for number, trace in TRACES.items()}
WAVE_LEAD_OFF: Final = 0x8  # one public table; bits 4 to 9 count the records
