"""What the numbers of the coding system EHC mean, as two public programs use them. They are no 11073 codes.

Number, name and system must all be as seen there; all else is unmapped.
"""

from functools import lru_cache
from typing import Final

from drivers.common.hl7.message import component
from drivers.common.vendor_hl7.rows import Channel, Dialect, Reader
from drivers.vocabulary import Metric

SYSTEM: Final = "EHC"  # OBX-3.3

# OBX-3.1 and OBX-3.2.
CHANNELS: Final = {
    ("131072", "ECG_HR"): Channel(Metric.HEART_RATE, may_be_zero=True),
    ("327680", "SPO2_SPO2"): Channel(Metric.SPO2),
    ("327681", "SPO2_PR"): Channel(Metric.PULSE_RATE),
    ("393216", "NIBP_SYS"): Channel(Metric.NIBP_SYSTOLIC),
    ("393217", "NIBP_DIA"): Channel(Metric.NIBP_DIASTOLIC),
    ("393218", "NIBP_MEAN"): Channel(Metric.NIBP_MEAN),
    ("393219", "NIBP_PR"): Channel(Metric.NIBP_PULSE_RATE),
    ("458752", "TEMP_T1"): Channel(Metric.TEMPERATURE, "T1"),
    ("524288", "SPEEDY_TEMP"): Channel(Metric.TEMPERATURE, "quick"),
}


@lru_cache(maxsize=1024)
def channel_of(code: str, _place: str) -> Channel | None:
    """Say what an OBX-3 is; None: unmapped."""
    return CHANNELS.get((component(code, 1), component(code, 2))) if component(code, 3) == SYSTEM else None


# The values come out of a server: without a time of its own, nobody can tell how old any of them is. OBR-7 may be the
# answer's: then it would make a new cuff result of the old one with each answer.
DIALECT: Final = Dialect("Edan EHC", "Edan", channel_of, episodic=frozenset(Metric), cuff_groups=frozenset())
READER: Final = Reader(DIALECT)
