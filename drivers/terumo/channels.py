"""What the basic operating status means (manual, "Data Format": requesting basic operating status). Data only."""

from dataclasses import dataclass
from typing import Final

from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason

A, M, S = AlarmCode, Metric, InfusionState


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, in parts of a unit; `size` in bytes."""

    metric: Metric
    name: str  # the manual's
    parts: int
    size: int = 3
    unit: str | None = None
    lowest: float = 0.0
    highest: float = 9999.0  # above, it is questionable


# What the pump writes into three bytes instead of a number. Documented for the VTBI; no figure has them as a number.
MARKS: Final = {0xFFFFFF: Reason.OVER_RANGE, 0xEEEEEE: Reason.NOT_IN_USE}  # infinite; function disabled

RATE: Final = Figure(M.INFUSION_RATE_SET, "Flow rate", 100, highest=2000.0)  # the manual: the *set* flow rate
DELIVERED: Final = Figure(M.VOLUME_INFUSED, "Volume delivered", 100)
VTBI: Final = Figure(M.VOLUME_TO_BE_INFUSED, "VTBI", 10)
DOSE: Final = Figure(M.DOSE_RATE_SET, "Dosage rate", 100)  # of the set rate, as nothing else is said
WEIGHT: Final = Figure(M.PATIENT_WEIGHT, "Weight", 10, 2, lowest=0.1, highest=500.0)
DILUTION: Final = Figure(M.UNMAPPED, "Dilution", 100)  # its unit isn't given
WEIGHT_OFF: Final = 0xFFFF
DILUTION_OFF: Final = 0

# With mL/h the dosage repeats the flow rate and is no dose.
NO_DOSE_UNIT: Final = 0x00
DOSE_UNITS: Final = {0x04: "ug/kg/min", 0x08: "mg/kg/h"}

# The upper half of the status byte; what isn't here is reserved.
STATES: Final = {0: S.STOPPED, 1: S.INFUSING, 2: S.STANDBY, 3: S.PURGE, 4: S.BOLUS, 5: S.BOLUS}

COMPLETION: Final = 2  # bit of the alarm word

# By bit, least significant first. A word of ours stands where the manual's says the same, no further.
ALARMS: Final = {
    0: (A.UNKNOWN, "Shutdown Notice alarm"),
    1: (A.REMOTE_LINK, "Link Interruption alarm"),
    COMPLETION: (A.INFUSION_COMPLETE, "Completion alarm"),
    3: (A.OCCLUSION, "Occlusion alarm"),
    4: (A.SYRINGE, "Syringe Displacement alarm"),
    5: (A.SYRINGE, "Plunger Displacement alarm"),
    6: (A.SYRINGE, "Slider Displacement alarm"),
    7: (A.SYRINGE, "Syringe Barrel Detection alarm"),
    8: (A.NEAR_END, "Nearly Empty alarm"),
    13: (A.POWER_LOSS, "Power Failure alarm"),
    15: (A.POWER_LOSS, "AC power detector function"),
    16: (A.UNKNOWN, "No Flow Rate alarm"),
    17: (A.UNKNOWN, "Flow Rate/VTBI Volume Judgment alarm"),
    18: (A.UNKNOWN, "No VTBI alarm"),
    19: (A.BATTERY_LOW, "Battery alarm"),
    20: (A.PUMP_UNATTENDED, "Start Reminder"),
    21: (A.UNKNOWN, "Pressure alarm"),
    22: (A.UNKNOWN, "Maintenance timer"),
    23: (A.UNKNOWN, "Battery Replacement Time/Failure alarm"),
}
ALARM_BITS: Final = 24
SYRINGE_BITS: Final = frozenset({4, 5, 6, 7})  # an infusion pump has no syringe: there their meaning isn't confirmed

SYRINGES: Final = {2: 5.0, 3: 10.0, 4: 20.0, 5: 30.0}
SYRINGE_50_60: Final = 6  # one code for two sizes


@dataclass(frozen=True, slots=True)
class Choice:
    """A few bits of a byte, and what they say, by their number; None, or no entry: reserved."""

    metric: Metric
    name: str  # the manual's
    shift: int
    width: int
    says: tuple[str | float | None, ...]
    unit: str | None = None


POWER: Final = (
    Choice(M.BATTERY_STATUS, "Battery level", 0, 4, (None, "1 bar", "2 bars", "3 bars", "4 bars", "5 bars")),
    Choice(M.POWER_STATE, "Power type", 4, 2, ("battery", "mains")),
    Choice(M.UNMAPPED, "Sub-battery status", 6, 2, (None, "normal", "abnormal")),
)
MONITOR: Final = (
    Choice(M.LINE_PRESSURE, "Occlusion monitor", 0, 2, (0.0, 25.0, 50.0, 75.0), "%"),
    Choice(M.UNMAPPED, "Alarm sound status", 3, 1, ("Without sound", "With sound")),
    Choice(M.UNMAPPED, "Keypad lock status", 4, 1, ("Not locked", "Locked")),
    Choice(M.UNMAPPED, "Plunger status monitor", 5, 1, ("Set", "Not set")),
)

RESULTS: Final = {
    0x11: "command cannot be identified",
    0x12: "command cannot be executed",
    0x13: "short message",
    0x14: "long message",
    0x15: "parameter outside the range",
}
