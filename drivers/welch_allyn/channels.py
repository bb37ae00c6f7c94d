"""What the server's names mean (Welch Allyn Connectivity Server, Programmer's Guide 2.5x: page 29, tables 11 to 13).

Labels can be changed on the server; one that isn't here is unmapped, whatever it says: `IBP-1` and `IBP-2` too, as
nobody says in which vessel they lie.
"""

from functools import lru_cache
from typing import Final

from drivers.common.hl7.message import component
from drivers.common.vendor_hl7.rows import Channel, Dialect, Reader
from drivers.vocabulary import Metric, Reason, Validity

SYSTEM: Final = "WAP"  # OBX-3.3

# OBX-3.1 and OBX-4. What isn't measured has a flag: a zero has been measured, where a patient can have it.
TAGS: Final = {
    ("Heart Rate", ""): Channel(Metric.HEART_RATE, may_be_zero=True),
    ("SPO2", ""): Channel(Metric.SPO2),
    ("RR/BR", ""): Channel(Metric.RESPIRATION_RATE, may_be_zero=True),  # from impedance or from CO2: not said
    ("CO2 (Ex)", ""): Channel(Metric.ETCO2, may_be_zero=True),
    ("CO2 (In)", ""): Channel(Metric.FICO2, may_be_zero=True),
    ("PVC", ""): Channel(Metric.PVC_RATE, may_be_zero=True),
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


# OBR-7 is the moment that the values stand for; when a cuff measured, only its own OBX-14 can tell.
DIALECT: Final = Dialect("Welch Allyn WAP", "Welch Allyn", channel_of, FLAGS, cuff_groups=frozenset())
READER: Final = Reader(DIALECT)
