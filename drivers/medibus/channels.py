"""What the codes of MEDIBUS mean, page 1 (after OpenICE's maps, VSCaptureDrgVent and icu_devices). Data only.

The lists are those that matter in a room for sedation; a ventilator says many more, which become `unmapped`.
"""

from typing import Final, NamedTuple

from drivers.vocabulary import AlarmCode, Metric, Reason

M = Metric


class Channel(NamedTuple):
    """One measured value; a number outside can't be."""

    words: str
    metric: Metric
    unit: str | None = None  # None: the metric's only unit
    least: float = 0.0
    most: float = 100.0
    doubt: Reason | None = None


# The order of the units of inspired CO2 is UNVERIFIED.
_UNSURE: Final = Channel("inspired CO2", M.FICO2, "", most=200, doubt=Reason.UNIT_UNKNOWN)

CHANNELS: Final = {
    "D6": Channel("respiratory rate", M.RESPIRATION_RATE, most=200),
    "D5": Channel("RR from CO2", M.RESPIRATION_RATE_CO2, most=200),
    "DB": Channel("etCO2", M.ETCO2, "%"),
    "E3": Channel("etCO2", M.ETCO2, "kPa"),
    "E6": Channel("etCO2", M.ETCO2, "mm[Hg]", most=200),
    "DA": _UNSURE,
    "FF": _UNSURE,
    "E5": _UNSURE,
    "EB": Channel("SpO2", M.SPO2, least=1),
    "E1": Channel("pulse", M.PULSE_RATE, least=1, most=400),
    "F0": Channel("FiO2", M.FIO2),
    "C1": Channel("airway temperature", M.UNMAPPED, "Cel"),  # not the patient's
}

A = AlarmCode


class Bell(NamedTuple):
    """One alarm of page 1."""

    code: AlarmCode
    source: str = ""


BELLS: Final = {
    "01": Bell(A.LOW_SIGNAL, "spo2"),  # no SpO2 pulse for 10 s
    "07": Bell(A.LIMIT_LOW, "spo2"),
    "0D": Bell(A.APNOEA, "co2"),
    "27": Bell(A.UNKNOWN, "etco2"),  # a limit of etCO2; which one, its text says
    "28": Bell(A.UNKNOWN, "etco2"),
}
UNLISTED: Final = Bell(A.UNKNOWN)
MANUFACTURER: Final = "Dräger"
