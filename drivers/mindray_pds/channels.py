"""What the ids mean (Mindray Patient Data Share guide, as public clients use it). An id that isn't here is unmapped."""

import re
from typing import Final, Literal, NamedTuple, TypeAlias

from drivers.vocabulary import AlarmCode, Metric, Reason, Validity

Group: TypeAlias = Literal["pressure", "co2", "gas", "st", "output", "weight", "height"]


class Channel(NamedTuple):
    """One id: a unit, or the group whose unit the monitor's menu sets, as none stands on the wire."""

    metric: Metric
    unit: str | Group | None = None  # None: the metric's only unit
    source: str = ""  # tells parameters of one metric apart
    is_episodic: bool = False
    may_be_negative: bool = False


GROUPS: Final = frozenset({"pressure", "co2", "gas", "st", "output", "weight", "height"})


def _st(metric: Metric) -> Channel:
    return Channel(metric, "st", may_be_negative=True)


def _nibp(metric: Metric, unit: Group | None = "pressure") -> Channel:
    return Channel(metric, unit, is_episodic=True)


def _ibp(metric: Metric, source: str) -> Channel:
    return Channel(metric, "pressure", source, may_be_negative=True)


_ST_LEADS: Final = (
    Metric.ST_I, Metric.ST_II, Metric.ST_III, Metric.ST_AVR, Metric.ST_AVL, Metric.ST_AVF, Metric.ST_V1, Metric.ST_V2,
    Metric.ST_V3, Metric.ST_V4, Metric.ST_V5, Metric.ST_V6,
)  # fmt: skip

CHANNELS: Final = {
    "101": Channel(Metric.HEART_RATE),
    "102": Channel(Metric.PVC_RATE),
    **{str(number): _st(metric) for number, metric in enumerate(_ST_LEADS, start=105)},
    "151": Channel(Metric.RESPIRATION_RATE),
    "160": Channel(Metric.SPO2),
    "161": Channel(Metric.PULSE_RATE),
    "162": Channel(Metric.PERFUSION_INDEX, "%"),
    "170": _nibp(Metric.NIBP_SYSTOLIC),
    "171": _nibp(Metric.NIBP_DIASTOLIC),
    "172": _nibp(Metric.NIBP_MEAN),
    "173": _nibp(Metric.NIBP_PULSE_RATE, None),
    "200": Channel(Metric.TEMPERATURE, "Cel", "T1"),
    "201": Channel(Metric.TEMPERATURE, "Cel", "T2"),
    "202": Channel(Metric.TEMPERATURE_DIFFERENCE, may_be_negative=True),
    "210": Channel(Metric.CARDIAC_OUTPUT, "output", is_episodic=True),
    "250": Channel(Metric.ETCO2, "co2"),
    "251": Channel(Metric.FICO2, "co2"),
    "253": Channel(Metric.ETO2, "gas"),
    "254": Channel(Metric.FIO2, "gas"),
    "256": Channel(Metric.N2O_END_TIDAL, "gas"),
    "257": Channel(Metric.N2O_INSPIRED, "gas"),
    "280": Channel(Metric.RESPIRATION_RATE_CO2),
    "500": _ibp(Metric.IBP_SYSTOLIC, "ART"),
    "501": _ibp(Metric.IBP_MEAN, "ART"),  # mean before diastolic, unlike NIBP
    "502": _ibp(Metric.IBP_DIASTOLIC, "ART"),
    "566": _ibp(Metric.IBP_MEAN, "566"),
    "600": Channel(Metric.PULSE_RATE, source="600"),
    "605": _ibp(Metric.CVP_MEAN, ""),
}
# Kind 103 also has these; everything else in it is about the person.
OF_THE_PATIENT: Final = {"51": Channel(Metric.BODY_WEIGHT, "weight"), "52": Channel(Metric.BODY_HEIGHT, "height")}
ZERO_IS_NOT_ENTERED: Final = frozenset({Metric.BODY_WEIGHT, Metric.BODY_HEIGHT})

INVALID: Final = frozenset({-100, -1000, -10000})  # with or without decimals

# OBX-11; F is good.
STATUS: Final = {
    "X": (Validity.ABSENT, Reason.NOT_AVAILABLE),
    "W": (Validity.INVALID, Reason.DISOWNED),
    "D": (Validity.INVALID, Reason.DISOWNED),
}

ALARM_IDS: Final = {"54": "2", "56": "4"}  # kind -> id of its alarm rows

# Only what the text itself says in plain words; the numbers before it are in no document.
ALARM_WORDS: Final = (
    (re.compile(r"\bTOO HIGH\s*$", re.IGNORECASE), AlarmCode.LIMIT_HIGH),
    (re.compile(r"\bTOO LOW\s*$", re.IGNORECASE), AlarmCode.LIMIT_LOW),
    (re.compile(r"\bSENSOR OFF\s*$", re.IGNORECASE), AlarmCode.SENSOR_OFF),
    (re.compile(r"\bLEAD OFF\s*$", re.IGNORECASE), AlarmCode.LEAD_OFF),
)
