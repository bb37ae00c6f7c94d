"""What the pump's answers mean (NE-1000 User's Manual).

Data only. An answer doesn't say what it answers, but no two have the same shape.
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.api import Alarm
from drivers.vocabulary import AlarmCode, InfusionState, Metric

M = Metric
S = InfusionState
A = AlarmCode

OWN_ADDRESS: Final = "00"  # who is asked without an address

# At most four digits and a point, at most three of them behind it.
_NUMBER: Final = r"((?=[0-9.]{1,5}(?![0-9.]))(?![0-9]{5})(?=\.?[0-9])[0-9]*\.?[0-9]{0,3})"


@dataclass(frozen=True, slots=True)
class Shape:
    """How an answer to one verb looks: the groups are its figures and texts, the last one may be a unit."""

    verb: str
    pattern: re.Pattern[str]


SHAPES: Final = (
    Shape("VER", re.compile(r"(NE[0-9A-Z]{1,8}?)V([0-9]{1,3}\.[0-9]{1,5}[0-9A-Z-]{0,8})")),
    Shape("DIS", re.compile(rf"I{_NUMBER}W{_NUMBER}(ML|UL)")),
    Shape("RAT", re.compile(rf"{_NUMBER}(UM|MM|UH|MH)")),
    Shape("VOL", re.compile(rf"{_NUMBER}(ML|UL)")),
    Shape("DIR", re.compile(r"(INF|WDR)")),
    Shape("PHN", re.compile(r"([0-9]{1,2})")),
    Shape("DIA", re.compile(rf"(?=[0-9]+\.){_NUMBER}")),
)
REFUSAL: Final = re.compile(r"\?(?:NA|OOR|COM|IGN)?")

# The unit is read with each answer: the pump changes it with the syringe's diameter.
UNITS: Final = {"UM": "uL/min", "MM": "mL/min", "UH": "uL/h", "MH": "mL/h", "ML": "mL", "UL": "uL"}

# Withdrawing is neither infusing nor resting, and there is no word for it. While an alarm is reported its letter stands
# in the status letter's place.
INFUSES: Final = "I"
STATES: Final = {
    INFUSES: S.INFUSING,
    "W": S.UNKNOWN,
    "S": S.STOPPED,
    "P": S.PAUSED,
    "T": S.PAUSED,  # a phase that waits for its time
    "U": S.PAUSED,  # a phase that waits for the user
    "X": S.PURGE,
}

ALARMS: Final = {
    "A?R": Alarm(A.POWER_LOSS, "reset", raw="A?R"),  # the pump was without power
    "A?S": Alarm(A.FLOW, "stall", raw="A?S"),  # the motor can't go on: a closed line, or the end of the syringe
    "A?T": Alarm(A.REMOTE_LINK, "safe mode timeout", raw="A?T"),
    "A?E": Alarm(A.MALFUNCTION, "program error", raw="A?E"),
    "A?O": Alarm(A.MALFUNCTION, "program phase", raw="A?O"),
}
