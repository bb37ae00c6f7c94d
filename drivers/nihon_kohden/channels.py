"""What Nihon Kohden's numbers mean, as far as messages that others published show it.

A number in NUMBERS was seen with one meaning in several sources: it goes by number. One in NAMED was seen in a single
message: number and name must both be as seen there. All else is unmapped, `072007 rPR(spo2)` too: nobody says what
the r stands for. The gateway of that message writes 0 where it measures nothing (QT, QRSd): a zero is in doubt then,
also where a patient could have it.
"""

from functools import lru_cache
from typing import Final

from drivers.common.vendor_hl7.rows import GOOD_STATUS, Channel, Dialect, Reader
from drivers.nihon_kohden.codec import parameter_of
from drivers.vocabulary import Metric

NUMBERS: Final = {
    "001000": Channel(Metric.HEART_RATE),
    "007000": Channel(Metric.SPO2),
    "007001": Channel(Metric.PULSE_RATE),
    "009000": Channel(Metric.NIBP_SYSTOLIC),
    "009001": Channel(Metric.NIBP_DIASTOLIC),
    "009002": Channel(Metric.NIBP_MEAN),
}
NAMED: Final = {
    ("004073", "RR/CO2"): Channel(Metric.RESPIRATION_RATE_CO2, "RR"),
    ("073000", "CO2/RR"): Channel(Metric.RESPIRATION_RATE_CO2, "CO2"),
    ("073001", "EtCO2"): Channel(Metric.ETCO2, "CO2"),
    ("011000", "Tskin"): Channel(Metric.TEMPERATURE, "Tskin"),
    ("012000", "Tskin2"): Channel(Metric.TEMPERATURE, "Tskin2"),
    ("037000", "Delta-T"): Channel(Metric.TEMPERATURE_DIFFERENCE, may_be_zero=True, may_be_negative=True),
    ("044000", "ART-S"): Channel(Metric.IBP_SYSTOLIC, "ART"),
    ("044001", "ART-D"): Channel(Metric.IBP_DIASTOLIC, "ART"),
    ("044002", "ART-M"): Channel(Metric.IBP_MEAN, "ART"),
    ("044006", "ART/PR"): Channel(Metric.IBP_PULSE_RATE, "ART"),
    ("136000", "QT"): Channel(Metric.QT_INTERVAL),
    ("136001", "QTc"): Channel(Metric.QTC_INTERVAL),
}


@lru_cache(maxsize=1024)
def channel_of(code: str, _place: str) -> Channel | None:
    """Say what an OBX-3 is; None: unmapped."""
    parameter = parameter_of(code)
    return NUMBERS.get(parameter.number) or NAMED.get(parameter)


# One generation writes O in OBX-11 beside good values. OBR-7 is when a cuff measured in a group of its own only.
DIALECT: Final = Dialect(
    "Nihon Kohden", "Nihon Kohden", channel_of, good_status=GOOD_STATUS | {"O"}, cuff_groups=frozenset({"NIBP"})
)
READER: Final = Reader(DIALECT)
