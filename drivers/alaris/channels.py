"""What the pump's fields mean (order after the public observations; the manual's text is not public).

Data only. Fields are numbered after the verb, from 0.
"""

from dataclasses import dataclass
from typing import Final

from drivers.vocabulary import AlarmCode, InfusionState, Metric

M = Metric
A = AlarmCode


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and, in another field, its unit."""

    metric: Metric
    field: int
    unit_field: int
    name: str
    lowest: float = 0.0
    highest: float = 9999.0  # mL; no syringe comes near


SERIAL_NUMBER, ALARM_MARK, MODE, RATE, DRUG, TIME_LEFT = 0, 1, 2, 3, 5, 10  # of INF

# Of INF, all of one instant.
FIGURES: Final = (
    Figure(M.INFUSION_RATE, RATE, 4, "rate", highest=1200.0),  # the largest that a syringe was seen to allow
    Figure(M.VOLUME_INFUSED, 6, 7, "volume infused"),
    Figure(M.LINE_PRESSURE, 8, 9, "pressure", lowest=-1000.0, highest=2000.0),  # mmHg; -50.00 was seen
)
RATE_ALONE, VOLUME_ALONE, LARGEST_RATE = "INF_RATE", "INF_VI", "INF_RATE_MAX_SYRINGE"  # at their own time
SINGLES: Final = {RATE_ALONE: FIGURES[0], VOLUME_ALONE: FIGURES[1]}
LOG: Final = ((11, "log type"), (12, "log id"))

VTBI: Final = Figure(M.VOLUME_TO_BE_INFUSED, 1, 2, "INF_VTBI")
VTBI_SET, VTBI_NOT_SET = "ACTIV", "DEACT"
SYRINGE_CONFIRMED: Final = "CONF"

UNITS: Final = {"ml/h": "mL/h", "ml": "mL", "mmHg": "mm[Hg]"}
UNIT_OF: Final = {
    M.INFUSION_RATE: "mL/h",
    M.VOLUME_INFUSED: "mL",
    M.VOLUME_TO_BE_INFUSED: "mL",
    M.LINE_PRESSURE: "mm[Hg]",
}

# By mode and whether the rate is above 0; everything else is unknown. SET alone says nothing about running, and other
# modes (purge, bolus) are not documented.
STATES: Final = {
    ("SET", True): InfusionState.INFUSING,
    ("HLD", False): InfusionState.STOPPED,
}

NO_ALARM: Final = "AL_NOALM"

# Meanings are inferred from the names.
ALARMS: Final = {
    "AL_OCCLU": (A.OCCLUSION, "occlusion"),
    "AL_ACDIS": (A.POWER_LOSS, "AC disconnected"),
    "AL_LWBAT": (A.BATTERY_LOW, "low battery"),
    "AL_EMBAT": (A.BATTERY_EMPTY, "empty battery"),
    "AL_LBTAC": (A.BATTERY_LOW, "low battery with AC?"),
    "AL_DRDIS": (A.SYRINGE, "drive disengaged"),
    "AL_SYRCO": (A.SYRINGE, "syringe"),
    "AL_EOIKV": (A.INFUSION_COMPLETE, "end of infusion, KVO"),
    "AL_EOIST": (A.INFUSION_COMPLETE, "end of infusion, stop"),
    "AL_NEOIN": (A.NEAR_END, "near end of infusion"),
    "AL_VTBIC": (A.INFUSION_COMPLETE, "VTBI done, continue"),
    "AL_VTBIK": (A.INFUSION_COMPLETE, "VTBI done, KVO"),
    "AL_VTBIS": (A.INFUSION_COMPLETE, "VTBI done, stop"),
    "AL_CALLB": (A.PUMP_UNATTENDED, "call-back"),
    "AL_COMTO": (A.REMOTE_LINK, "communication timeout"),
    "AL_LDSCN": (A.UNKNOWN, "line disconnect?"),
    "AL_PRDSC": (A.UNKNOWN, "pressure disc"),
    "AL_RHIGH": (A.UNKNOWN, "rate high"),
    "AL_FAULT": (A.MALFUNCTION, "fault"),
    "AL_TITCA": (A.UNKNOWN, "titration"),
    "AL_TITNC": (A.UNKNOWN, "titration"),
    "AL_TCITG": (A.UNKNOWN, "TCI"),
}

# While one of these stands, what flows is KVO and no therapy.
KVO_ALARMS: Final = frozenset({"AL_EOIKV", "AL_VTBIK"})

# By their names the infusion goes on under these. Beside any other one, a rate is not yet a flow.
RUNNING_ALARMS: Final = frozenset({"AL_ACDIS", "AL_LWBAT", "AL_LBTAC", "AL_NEOIN", "AL_VTBIC"})
