"""What the fields of a status mean, and the alarm codes (after a public program and its list of alarms). Data only.

Fields are numbered with the verb as 0. Fields 5 to 11 (operator, case, weight, height, age, gender and the patient's
state) are about persons and are not read. Fields that aren't here are not known.
"""

from dataclasses import dataclass
from typing import Final

from drivers.vocabulary import AlarmCode, Metric, Priority

M = Metric
A = AlarmCode


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of one channel."""

    metric: Metric
    field: int  # of channel 1
    name: str
    unit: str = "mL"


# Of the answer to CONNREQ; by version, how many fields it has.
VERSION, SYSTEM, SOFTWARE = 1, 2, 3
VERSIONS: Final = {"0.1": 5, "v0.2": 7}
WITH_SOFTWARE: Final = frozenset({"v0.2"})

DATE, TIME, ALARM_COUNT, AUDIO, FIRST_ALARM = 3, 4, 12, 13, 14
NO_ALARMS: Final = -1
ALARM_SLOTS, ALARM_FIELDS = 4, 4  # code, device, priority, sound
MORE_ALARMS: Final = "more alarms than are named"

CHANNELS: Final = {"1": 0, "2": 33}  # by number: how much further its fields stand
SERIAL, DRUG, CONCENTRATION, CONCENTRATION_UNIT = 34, 37, 38, 39
NO_CONCENTRATION: Final = 0.0  # the public program shows it as not available

RATE: Final = Figure(M.INFUSION_RATE, 61, "DEV_STATUS_INFRATE_ACTUAL", "mL/h")
VTBI: Final = Figure(M.VOLUME_TO_BE_INFUSED, 42, "DEV_PROG_CONT_VTBI")
REMAINING: Final = Figure(M.VOLUME_REMAINING, 58, "DEV_STATUS_VTBIr")
FIGURES: Final = (
    RATE,
    VTBI,
    Figure(M.VOLUME_INFUSED, 56, "DEV_STATUS_TVI"),
    REMAINING,
    Figure(M.BOLUS_VOLUME, 62, "DEV_STATUS_BOL_INFUSED"),
)
NOT_SET: Final = -1.0  # what the protocol writes where there is no number
HIGHEST: Final = 9999.0  # mL, mL/h

# Published as they are: it is not known what time that is, and our words have no sum of boluses.
UNMAPPED: Final = ((54, "time"), (63, "DEV_STATUS_ACC_BOL_VOL"))

UNITS: Final = {"mg/ml": "mg/mL", "mcg/ml": "ug/mL", "ug/ml": "ug/mL", "\u00b5g/ml": "ug/mL"}  # in small letters

DEVICES: Final = {"PUMP1": "1", "PUMP2": "2"}  # as an example in the public program names them

PRIORITIES: Final = {
    **dict.fromkeys(("HIGH", "HP"), Priority.HIGH),
    **dict.fromkeys(("MEDIUM", "MP"), Priority.MEDIUM),
    **dict.fromkeys(("LOW", "LP"), Priority.LOW),
    **dict.fromkeys(("NONE", "0P"), Priority.NONE),
}

# By their names the infusion goes on under these. Beside any other one, what flows may be KVO, priming, or nothing.
RUNNING_ALARMS: Final = frozenset(
    {"BA.01", "BA.02", "BE.01", "BE.02", "BE.03", "PA.07", *(f"SN.{number:02}" for number in range(1, 12))}
)

ALARMS: Final = {
    "BA.01": (A.POWER_LOSS, "System on battery"),
    "BA.02": (A.BATTERY_LOW, "Battery low"),
    "BA.03": (A.BATTERY_EMPTY, "Battery depleted"),
    "BE.01": (A.MALFUNCTION, "Battery pack failure"),
    "BE.02": (A.MALFUNCTION, "Battery communication failure"),
    "BE.03": (A.MALFUNCTION, "Battery backup not available"),
    "SE.01C": (A.MALFUNCTION, "Internal data corruption"),
    "SE.01S": (A.MALFUNCTION, "Internal data corruption (standby)"),
    "SE.02C": (A.MALFUNCTION, "System process timeout"),
    "SE.02S": (A.MALFUNCTION, "System process timeout (standby)"),
    "SE.03": (A.MALFUNCTION, "Main application corruption"),
    "SE.11": (A.MALFUNCTION, "Data archive write failure"),
    "SE.12": (A.MALFUNCTION, "Archive access failure"),
    "SE.21C": (A.MALFUNCTION, "Memory insufficient"),
    "SE.21S": (A.MALFUNCTION, "Memory insufficient (standby)"),
    "SE.22C": (A.MALFUNCTION, "Memory overflow"),
    "SE.22S": (A.MALFUNCTION, "Memory overflow (standby)"),
    "SE.23C": (A.MALFUNCTION, "Memory allocation failure"),
    "SE.23S": (A.MALFUNCTION, "Memory allocation failure (standby)"),
    "SE.24C": (A.MALFUNCTION, "Memory access violation"),
    "SE.24S": (A.MALFUNCTION, "Memory access violation (standby)"),
    "SE.41": (A.MALFUNCTION, "Auditory alarm verification failure"),
    "SE.99C": (A.MALFUNCTION, "General software error"),
    "SE.99S": (A.MALFUNCTION, "General software error (standby)"),
    "SN.01": (A.REMOTE_LINK, "Remote data access closed"),
    "SN.02": (A.UNKNOWN, "No network connection"),
    "SN.03": (A.UNKNOWN, "Output port overwritten"),
    "SN.04": (A.UNKNOWN, "Low disk space"),
    "SN.05": (A.UNKNOWN, "Insufficient space on USB storage"),
    "SN.06": (A.UNKNOWN, "No USB storage found"),
    "SN.07": (A.UNKNOWN, "Multiple USB storage found"),
    "SN.08": (A.UNKNOWN, "Write to USB storage failed"),
    "SN.09": (A.UNKNOWN, "Wrong software upgrade package"),
    "SN.10": (A.UNKNOWN, "No software upgrade package found"),
    "SN.11": (A.UNKNOWN, "Touchscreen calibration failure"),
    "PA.01": (A.AIR_IN_LINE, "Air-in-line fault"),
    "PA.02": (A.OCCLUSION, "Downstream occlusion fault"),
    "PA.03": (A.OCCLUSION, "Upstream occlusion fault"),
    "PA.04": (A.MALFUNCTION, "Motor stall fault"),
    "PA.05": (A.UNKNOWN, "Administration set not installed"),
    "PA.06": (A.UNKNOWN, "Administration set cartridge disengaged"),
    "PA.07": (A.NEAR_END, "Reservoir nearly depleted"),
    "PA.08": (A.INFUSION_COMPLETE, "End of infusion"),
    "PA.09": (A.PUMP_UNATTENDED, "No action with the pump"),
    "PA.10": (A.UNKNOWN, "Priming incomplete"),
    "PE.01": (A.MALFUNCTION, "Bolus pump error"),
    "PE.02": (A.MALFUNCTION, "High/low ambient temperature"),
    "PE.03": (A.MALFUNCTION, "High motor temperature"),
    "PE.04": (A.MALFUNCTION, "Excessive power usage"),
    "PE.05": (A.MALFUNCTION, "Communication error"),
    "PE.06": (A.MALFUNCTION, "Internal error"),
    "PE.07": (A.MALFUNCTION, "Mechanical error"),
    "PE.08": (A.MALFUNCTION, "Motor speed error"),
    "DAE.01": (A.MALFUNCTION, "Internal data corruption"),
    "DAE.02": (A.MALFUNCTION, "System process timeout"),
    "DAE.03": (A.MALFUNCTION, "Device application corruption"),
    "DAE.04": (A.MALFUNCTION, "Incorrect device application version"),
    "DAE.05": (A.MALFUNCTION, "Failure to launch"),
    "DAE.06": (A.MALFUNCTION, "Failure to close"),
    "DAE.11": (A.MALFUNCTION, "Data archive write failure"),
    "DAE.12": (A.MALFUNCTION, "Archive access failure"),
    "DAE.21": (A.MALFUNCTION, "Memory insufficient"),
    "DAE.22": (A.MALFUNCTION, "Memory overflow"),
    "DAE.23": (A.MALFUNCTION, "Memory allocation failure"),
    "DAE.24": (A.MALFUNCTION, "Memory access violation"),
    "DAE.99": (A.MALFUNCTION, "General device application error"),
    "PSE.01": (A.MALFUNCTION, "Pump communication error"),
    "PSE.02": (A.MALFUNCTION, "Power-on self-test failure"),
    "PSE.03": (A.MALFUNCTION, "Wrong pump identifiers"),
    "PSE.04": (A.MALFUNCTION, "Disconnected pump error"),
    "PSE.05": (A.MALFUNCTION, "Missing pumps error"),
}
