"""What the server's names mean (Welch Allyn Connectivity Server, Programmer's Guide 2.5x, tables 10 to 13).

Labels can be changed on the server; one that isn't here is unmapped, whatever it says.
"""

from functools import lru_cache
from typing import Final

from drivers.common.hl7.message import component
from drivers.common.vendor_hl7.rows import Channel, Dialect, Reader
from drivers.vocabulary import Metric, Reason, Validity

SYSTEM: Final = "WAP"  # OBX-3.3

# OBX-3.1 and OBX-4.
TAGS: Final = {
    ("Heart Rate", ""): Channel(Metric.HEART_RATE, may_be_zero=True),
    ("NIBP", "SYS"): Channel(Metric.NIBP_SYSTOLIC),
    ("NIBP", "DIA"): Channel(Metric.NIBP_DIASTOLIC),
    ("NIBP", "MEAN"): Channel(Metric.NIBP_MEAN),
    ("Temperature", "1"): Channel(Metric.TEMPERATURE, "1"),
    ("Temperature", "2"): Channel(Metric.TEMPERATURE, "2"),
}

# OBX-8, table 13: what stands in OBX-5 then is no value.
FLAGS: Final = {
    "<": (Validity.INVALID, Reason.UNDER_RANGE),
    ">": (Validity.INVALID, Reason.OVER_RANGE),
    "?": (Validity.INVALID, Reason.DISOWNED),
}


@lru_cache(maxsize=1024)
def channel_of(code: str, place: str) -> Channel | None:
    """Say what a row is; None: unmapped."""
    return TAGS.get((component(code, 1), place)) if component(code, 3) == SYSTEM else None


DIALECT: Final = Dialect("Welch Allyn WAP", "Welch Allyn", channel_of, FLAGS)
READER: Final = Reader(DIALECT)
