"""What the parameters of BCC mean (BCC 3.25/3.26 specification, version 4, and its 3.3x additions).

Data only. A parameter that stands nowhere in here is published as `unmapped`: some have a known meaning but no metric
(INBOCNT and INAVRT count since the last request only, INP1 is a level), of others only the name is documented (TCIPLA).
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from drivers.vocabulary import AlarmCode, InfusionState, Metric, Validity

M = Metric


@dataclass(frozen=True, slots=True)
class Channel:
    """One parameter: what it measures and what it can be."""

    metric: Metric
    unit: str | None = None  # None: the metric's only unit
    kind: Literal["number", "text", "choice"] = "number"
    choices: dict[str, str] = field(default_factory=dict)
    lowest: float = 0.0  # a number outside is questionable: no pump delivers less than nothing
    highest: float = 1e9
    saturates_at: float = 1e9  # where the counter stops counting
    saturated: Validity = Validity.ABSENT  # what it then is; its reason is `over range`


CHANNELS: Final = {
    "INRT": Channel(M.INFUSION_RATE, highest=1800),
    "INVTB": Channel(M.VOLUME_TO_BE_INFUSED),
    "INVI": Channel(M.VOLUME_INFUSED, saturates_at=9999.9, saturated=Validity.QUESTIONABLE),  # at least so much
    "INVOLACT": Channel(M.SYRINGE_VOLUME, highest=60),  # what is left, not what was infused
    "INSYR": Channel(M.SYRINGE_SIZE),
    "VOLREMAIN": Channel(M.VOLUME_REMAINING),
    "INRMT": Channel(M.TIME_REMAINING, "s", saturates_at=65535),
    "TIMEOFINF": Channel(M.TIME_PROGRAMMED, "min"),
    "INAKKU": Channel(M.BATTERY_TIME_REMAINING),
    "INSTBY": Channel(M.STANDBY_REMAINING),
    "INBORT": Channel(M.BOLUS_RATE),
    "INBOVAL": Channel(M.BOLUS_VOLUME),
    "BOVAL": Channel(M.BOLUS_VOLUME),
    "BOCNT": Channel(M.BOLUS_COUNT),
    "INSOL": Channel(M.DRUG_NAME, kind="text"),
    "INSOLID": Channel(M.DRUG_ID, kind="text"),
    "INPATW": Channel(M.PATIENT_WEIGHT, lowest=0.001),  # up to 3.26
    "PATW": Channel(M.PATIENT_WEIGHT, lowest=0.001),  # from 3.3x
    "INP2": Channel(M.LINE_PRESSURE, "%"),  # of the alarm level
    "INM8": Channel(M.POWER_STATE, kind="choice", choices={"0": "battery", "1": "mains"}),
    "OPMODE": Channel(
        M.PUMP_MODE,
        kind="choice",
        choices={
            "0": "continuous",
            "1": "ramp/taper",
            "2": "programming",
            "3": "piggyback",
            "4": "PCA",
            "5": "TCI",
            "7": "interval bolus",
        },
    ),
    "TCIMODEL": Channel(
        M.TCI_MODEL,
        kind="choice",
        choices={"1": "Marsh", "2": "Schnider", "3": "Kataria", "4": "Minto", "5": "Gepts"},
    ),
}

MISSING: Final = frozenset({"_NV", "_NA", ""})


@dataclass(frozen=True, slots=True)
class Dose:
    """A figure whose unit is a parameter of its own."""

    metric: Metric
    unit: str


# Left-overs while INDOCAL or INDCON is 0.
DOSES: Final = {
    "INDCON": Dose(M.DRUG_CONCENTRATION, "INDCONU"),
    "INDORT": Dose(M.DOSE_RATE_SET, "INDORTU"),  # as configured: it stays when the pump stops
    "DORT": Dose(M.DOSE_RATE, "DORTU"),  # being delivered, from 3.36
}
DOSE_UNITS: Final = frozenset(dose.unit for dose in DOSES.values())


def _per_time(first: int, mass: str) -> dict[int, str]:
    return {first + n: f"{mass}/{time}" for n, time in enumerate(("min", "h", "d"))}


# The codes that the specification gives a ketamine clinic; UCUM.
UNITS: Final = {
    1: "mL/h",
    2: "mL",
    22: "kg",
    23: "ng",
    24: "mg",
    25: "ug",
    26: "g",
    29: "[IU]",
    30: "ng/mL",
    31: "mg/mL",
    32: "ug/mL",
    33: "g/mL",
    38: "mg/kg",
    39: "ug/kg",
    **_per_time(44, "ng"),
    **_per_time(47, "mg"),
    **_per_time(50, "ug"),
    **_per_time(53, "g"),
    **_per_time(62, "[IU]"),
    **_per_time(65, "ng/kg"),
    **_per_time(68, "mg/kg"),
    **_per_time(71, "ug/kg"),
    **_per_time(74, "g/kg"),
    86: "mm[Hg]",
    94: "h",
    155: "mL/kg/h",
}


@dataclass(frozen=True, slots=True)
class StateRow:
    """What a state shows by: a flag that is 1, or a bit that is set, of either set of parameters."""

    state: InfusionState
    flag: str
    status: tuple[int, ...]
    run: tuple[int, ...] = ()


# The first row that applies. `off` comes before all of them (DSSTATUS 00050, STATUS1 bit 0 clear).
STATES: Final = (
    StateRow(InfusionState.PURGE, "INM14", (4,)),
    StateRow(InfusionState.BOLUS, "INM2", (10, 11)),
    StateRow(InfusionState.KVO, "INM10", (13,), (3,)),
    StateRow(InfusionState.INFUSING, "INM3", (7,), (1,)),
    StateRow(InfusionState.STANDBY, "INM6", (2,)),
)
OFF: Final = "00050"  # DSSTATUS
ON_BIT, MAINS_BIT, STARTED_BIT = 0, 1, 8  # STATUS1
STOP_BIT = 0  # RUNSTATE

A = AlarmCode

# 1 means alarm, or pre-alarm.
ALARM_FLAGS: Final = {
    "INA1": (A.BATTERY_EMPTY, "battery empty"),
    "INA2": (A.EMPTY, "syringe empty"),
    "INA3": (A.OCCLUSION, "pressure"),
    "INA4": (A.UNKNOWN, "INA4"),  # always 0
    "INA5": (A.STANDBY_OVER, "standby over"),
    "INA6": (A.UNKNOWN, "CC alarm"),
    "INA7": (A.INFUSION_COMPLETE, "volume done"),
    "INA8": (A.INFUSION_COMPLETE, "time done"),
    "INA9": (A.SYRINGE, "syringe"),
    "INA13": (A.DOOR, "door"),  # _NV so far
    "INA14": (A.FLOW, "drop"),
    "INA15": (A.AIR_IN_LINE, "air"),
    "INA16": (A.KVO_END, "KVO end"),
}
PREALARM_FLAGS: Final = {
    "INA11": (A.BATTERY_LOW, "battery pre-alarm"),
    "INA12": (A.NEAR_END, "syringe pre-alarm"),
}

# Bit 0 means no alarm and starts none.
ALARM_BITS: Final = {
    "ALARM1": {
        1: (A.UNKNOWN, "calibration"),
        2: (A.UNKNOWN, "battery"),
        3: (A.UNKNOWN, "therapy data"),
        4: (A.UNKNOWN, "therapy and settings data"),
        5: (A.BATTERY_LOW, "battery voltage low"),
        6: (A.UNKNOWN, "no battery"),
        7: (A.BATTERY_EMPTY, "battery flat at power-on"),
        8: (A.UNKNOWN, "battery cover"),
        9: (A.EMPTY, "syringe empty"),
        10: (A.OCCLUSION, "pressure high"),
        11: (A.OCCLUSION, "pressure high, drive blocked"),
        12: (A.STANDBY_OVER, "standby over"),
        13: (A.INFUSION_COMPLETE, "volume infused"),
        14: (A.INFUSION_COMPLETE, "time over"),
        15: (A.SYRINGE, "claw"),
        16: (A.SENSOR_FAULT, "pressure sensor"),
        17: (A.SYRINGE, "syringe holder open"),
        18: (A.SYRINGE, "syringe not inserted"),
        19: (A.KVO_END, "KVO end"),
        20: (A.OCCLUSION, "upstream pressure"),
        21: (A.UNKNOWN, "dummy"),
        22: (A.FLOW, "drops"),
        23: (A.FLOW, "no drops"),
        24: (A.FLOW, "few drops"),
        25: (A.FLOW, "many drops"),
        26: (A.FLOW, "free flow"),
        27: (A.FLOW, "drop sensor needed"),
        28: (A.AIR_IN_LINE, "air"),
        29: (A.AIR_IN_LINE, "air bubble over 0.3 ml"),
        30: (A.AIR_IN_LINE, "air rate over 4 ml/h"),
        31: (A.UNKNOWN, "air sensor test"),
    },
    "ALARM2": {
        1: (A.UNKNOWN, "data lock tampered"),
        2: (A.UNKNOWN, "PCA hour limit"),
        3: (A.UNKNOWN, "SGC end"),
        4: (A.UNKNOWN, "takeover syringe end"),
        5: (A.UNKNOWN, "takeover failed"),
        6: (A.UNKNOWN, "takeover slave"),
        7: (A.FLOW, "danger of free flow"),
    },
}
PREALARM_BITS: Final = {
    "PREALARM": {
        1: (A.UNKNOWN, "disposable not inserted"),
        2: (A.NEAR_END, "volume near end"),
        3: (A.NEAR_END, "time near end"),
        4: (A.BATTERY_LOW, "battery"),
        5: (A.UNKNOWN, "KVO"),
        6: (A.UNKNOWN, "data lock"),
        7: (A.UNKNOWN, "CAN"),
        8: (A.UNKNOWN, "piggyback done"),
        9: (A.UNKNOWN, "SGC"),
        10: (A.OCCLUSION, "occlusion (IDPG)"),
        11: (A.UNKNOWN, "leap high"),
        12: (A.UNKNOWN, "leap low"),
        13: (A.UNKNOWN, "TOM syringe"),
        14: (A.UNKNOWN, "TOM slave"),
        15: (A.UNKNOWN, "battery defective"),
    },
}

# Said in other words: state, alarms, identity, device time, presence.
CONSUMED: Final = frozenset(
    {"DSSTATUS", "STATUS1", "ALARM1", "ALARM2", "PREALARM", "INDOCAL", *(row.flag for row in STATES)}
    | {*ALARM_FLAGS, *PREALARM_FLAGS}
    | {"GNMODEL", "GNNEW", "INSERNUM", "COMSERIALNO", "COMSWVERSION", "GNACK", "GNERR"}
)

# Who is treated, by whom, on which order; whose name DISPNAME is, is not documented. All of PAT* goes but the weight.
IDENTIFYING: Final = frozenset({"NURSEID", "DRUGORDERNO", "DISPNAME"})
IDENTIFYING_PREFIX: Final = "PAT"

# GNERR. What ends the readings of the pump at its address, of all pumps, or says nothing about any pump.
ERRORS_OF_ONE: Final = frozenset({39, *range(40, 50)})
ERRORS_OF_ALL: Final = frozenset({11, *range(50, 60)})
ERRORS: Final = {
    11: "no pumps",
    39: "pump removed or unreachable",
    **dict.fromkeys(range(40, 50), "communication fault"),
    **dict.fromkeys(range(50, 60), "rack topology invalid"),
    68: "syntax or checksum of the request",
    811: "no such slot",
}
