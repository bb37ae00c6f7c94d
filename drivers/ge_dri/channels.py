"""What the words of a record mean: groups by class, their fields, and what their status and label bits say.

Offsets are those of the manual's C structures, as two public programs have them; the groups that were active in the
public raw logs (ECG, NIBP, SpO2, CO2, O2, N2O, AA, flow, arrhythmia, 12-lead ST, entropy) agree with those too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from drivers.vocabulary import Metric, Priority, Reason

_M = Metric

LOWEST_VALUE: Final = -32000  # below it stand no values

# What stands instead of a value. Others below LOWEST_VALUE have no known meaning.
SPECIAL: Final = {
    -32767: Reason.NOT_AVAILABLE,
    -32766: Reason.NOT_AVAILABLE,  # not updated
    -32765: Reason.NOT_AVAILABLE,  # discontinuity
    -32764: Reason.UNDER_RANGE,
    -32763: Reason.OVER_RANGE,
    -32762: Reason.CALIBRATING,  # not calibrated
}

PRESENT: Final = 0x1  # in each group's status
ACTIVE: Final = 0x2


class Doubt(NamedTuple):
    """A status bit that casts doubt on a group's values, or only tells why there is none."""

    bits: int
    reason: Reason
    only_explains: bool = False


Rule: TypeAlias = Literal["", "hr", "st", "rr", "pressure", "ptc", "co2"]


@dataclass(frozen=True, eq=False)
class Field:
    """One i16. `divisor` gives the unit; `rule`: the metric also depends on the group's status or label."""

    name: str
    metric: Metric = _M.UNMAPPED
    unit: str | None = None
    divisor: int = 1
    doubt: Reason | None = None  # that no bit can clear
    rule: Rule = ""
    source: str = ""  # where one group has several


@dataclass(frozen=True, eq=False)
class Group:
    """Consecutive fields behind a header of status and label; `offset` in bytes inside the class's block."""

    name: str
    offset: int
    fields: Sequence[Field | None]  # None: reserved, or said elsewhere
    source: str = ""
    doubts: tuple[Doubt, ...] = ()
    labels: Sequence[str] = ()  # words for the label's number
    is_episodic: bool = False  # the last measurement, repeated: said when it changes
    is_confirmed: bool = True  # False: the offset is UNVERIFIED

    @property
    def first(self) -> int:
        """Where the fields begin, in words."""
        return self.offset // 2 + 3


def unscaled(*names: str) -> tuple[Field, ...]:
    """Fields whose scale is not known."""
    return tuple(Field(name, doubt=Reason.UNIT_UNKNOWN) for name in names)


_HG = "mm[Hg]"
_H2O = "cm[H2O]"
PRESSURE: Final = (
    Field("sys", unit=_HG, divisor=100, rule="pressure"),
    Field("dia", unit=_HG, divisor=100, rule="pressure"),
    Field("mean", unit=_HG, divisor=100, rule="pressure"),
    Field("hr", unit="/min", rule="pressure"),
)
PRESSURE_LABELS: Final = (
    *("", "ART", "CVP", "PA", "RAP", "RVP", "LAP", "ICP", "ABP", "P1", "P2", "P3", "P4", "P5", "P6", "SP"),
    *("FEM", "UAC", "UVC", "ICP2", "P7", "P8", "FEMV"),
)
TEMPERATURE_LABELS: Final = ("", "ESO", *[""] * 9, "T1", "T2")  # the others' words are not known
AGENTS: Final = ("", "none", "HAL", "ENF", "ISO", "DES", "SEV")

# What a pressure is depends on its label; all other pressures have no metric of their own here.
PRESSURE_METRICS: Final = {
    **{
        (label, name): metric
        for label in ("ART", "ABP")
        for name, metric in (
            ("sys", _M.IBP_SYSTOLIC),
            ("dia", _M.IBP_DIASTOLIC),
            ("mean", _M.IBP_MEAN),
            ("hr", _M.IBP_PULSE_RATE),
        )
    },
    ("CVP", "mean"): _M.CVP_MEAN,
}

_ZEROING = (Doubt(0x4, Reason.CALIBRATING),)
_GAS_BENCH = (Doubt(0x4, Reason.CALIBRATING), Doubt(0x8, Reason.OFF))

NIBP: Final = Group(
    "nibp",
    72,
    (
        Field("sys", _M.NIBP_SYSTOLIC, divisor=100),
        Field("dia", _M.NIBP_DIASTOLIC, divisor=100),
        Field("mean", _M.NIBP_MEAN, divisor=100),
        Field("hr", _M.NIBP_PULSE_RATE),
    ),
)

ECG: Final = Group(
    "ecg",
    0,
    (
        Field("hr", _M.HEART_RATE, rule="hr"),
        *(Field(f"st{channel}", unit="mm", divisor=100, rule="st") for channel in (1, 2, 3)),
        Field("imp_rr", _M.RESPIRATION_RATE_IMPEDANCE),
    ),
    doubts=(
        Doubt(0x080, Reason.INTERFERENCE),  # noise
        Doubt(0x100, Reason.INTERFERENCE),  # artefact
        Doubt(0x200, Reason.SEARCHING),  # learning
        Doubt(0x3800, Reason.SENSOR_OFF, only_explains=True),  # channels 1 to 3 off; one off leaves two
    ),
)
ASYSTOLE: Final = 0x4  # in the ECG's status

CO2: Final = Group(
    "co2",
    132,
    (
        Field("et", _M.ETCO2, "%", 100, rule="co2"),
        Field("fi", _M.FICO2, "%", 100, rule="co2"),
        Field("rr", rule="rr"),
        None,  # the ambient pressure has an air of its own: AMBIENT
    ),
    source="CO2",
    doubts=(
        Doubt(0x08, Reason.CALIBRATING),
        Doubt(0x10, Reason.CALIBRATING),  # zeroing
        Doubt(0x20, Reason.SENSOR_FAULT),  # occlusion
        Doubt(0x40, Reason.SENSOR_FAULT),  # air leak
    ),
)
APNOEA: Final = 0x4  # in the CO2's status; a public log has it set for minutes beside a moving etCO2
RATE_METRICS: Final = {1: _M.RESPIRATION_RATE_CO2, 2: _M.RESPIRATION_RATE_IMPEDANCE}  # by the label's bits 0 to 2
RATE_WORD: Final = 132 // 2 + 3 + 2

# Said without a CO2 module too: the monitor has a barometer.
AMBIENT: Final = Field("co2.amb_press", unit=_HG, divisor=10)
AMBIENT_WORD: Final = 132 // 2 + 3 + 3

# These three have no header: they belong to the ECG group.
ECG_EXTRA_WORD: Final = 226 // 2
ECG_EXTRA: Final = tuple(Field(f"ecg_extra.{name}", unit="/min") for name in ("hr_ecg", "hr_max", "hr_min"))

BASIC: Final = (
    ECG,
    *(Group(f"p{n}", 16 + 14 * (n - 1), PRESSURE, f"P{n}", _ZEROING, PRESSURE_LABELS) for n in (1, 2, 3, 4)),
    *(
        Group(f"t{n}", 86 + 8 * (n - 1), (Field("temp", _M.TEMPERATURE, "Cel", 100),), f"T{n}", (), TEMPERATURE_LABELS)
        for n in (1, 2, 3, 4)
    ),
    Group(
        "spo2",
        118,
        (
            Field("spo2", _M.SPO2, divisor=100),
            Field("pr", _M.PULSE_RATE),
            *unscaled("ir_amp"),
            Field("svo2", unit="%", divisor=100),
        ),
    ),
    CO2,
    Group("o2", 146, (Field("et", _M.ETO2, divisor=100), Field("fi", _M.FIO2, divisor=100))),
    Group(
        "n2o",
        156,
        (Field("et", _M.N2O_END_TIDAL, divisor=100), Field("fi", _M.N2O_INSPIRED, divisor=100)),
        doubts=_GAS_BENCH,
    ),
    Group(
        "aa",
        166,
        (
            Field("et", unit="%", divisor=100),
            Field("fi", unit="%", divisor=100),
            Field("mac_sum", unit="1", divisor=100),
        ),
        doubts=_GAS_BENCH,
        labels=AGENTS,
    ),
    Group(
        "flow",
        178,
        (
            Field("rr", _M.RESPIRATION_RATE),
            *(Field(name, unit=_H2O, divisor=100) for name in ("ppeak", "peep", "pplat")),
            *(Field(name, unit="mL", divisor=10) for name in ("tv_insp", "tv_exp")),
            Field("compliance", divisor=100, doubt=Reason.UNIT_UNKNOWN),
            Field("mv_exp", unit="L/min", divisor=100),
        ),
        source="flow",
    ),
    Group(
        "co_wedge",
        200,
        (
            Field("co", _M.CARDIAC_OUTPUT, "mL/min", doubt=Reason.AGE_UNKNOWN),
            *unscaled("blood_temp"),
            Field("ref", unit="%", doubt=Reason.AGE_UNKNOWN),
            Field("pcwp", unit=_HG, divisor=100, doubt=Reason.AGE_UNKNOWN),
        ),
        is_episodic=True,
    ),
    Group(
        "nmt",
        214,
        (
            Field("t1", unit="%", divisor=10),
            Field("tratio", unit="%", divisor=10),
            Field("ptc", rule="ptc"),
        ),
    ),
    Group("svo2", 232, (Field("svo2", unit="%", divisor=100),)),
    *(Group(f"p{n}", 240 + 14 * (n - 5), PRESSURE, f"P{n}", _ZEROING, PRESSURE_LABELS) for n in (5, 6)),
)

# The lead of each ECG channel: four bits of the label, channel 1 in bits 8 to 11 (seen to be so in the logs).
LEAD_SHIFTS: Final = {"st1": 8, "st2": 4, "st3": 0}
LEADS: Final = ("", "I", "II", "III", "aVR", "aVL", "aVF", "V")
LEAD_METRICS: Final = {
    "I": _M.ST_I,
    "II": _M.ST_II,
    "III": _M.ST_III,
    "aVR": _M.ST_AVR,
    "aVL": _M.ST_AVL,
    "aVF": _M.ST_AVF,
}


class Origin(NamedTuple):
    """What the displayed heart rate was counted from."""

    metric: Metric
    source: str = ""


# Bits 3 to 6 of the ECG's status. 9 stands in every record of the logs, where the value equals hr_ecg.
HR_ORIGINS: Final = {
    1: Origin(_M.HEART_RATE),
    9: Origin(_M.HEART_RATE),
    **{number: Origin(_M.IBP_PULSE_RATE, f"HR from P{number - 1}") for number in (2, 3, 4, 5)},
    6: Origin(_M.PULSE_RATE, "HR from pleth"),
    7: Origin(_M.IBP_PULSE_RATE, "HR from P5"),
    8: Origin(_M.IBP_PULSE_RATE, "HR from P6"),
}

NIBP_MEASURING: Final = 0x020  # in the NIBP's label
NIBP_OLD: Final = 0x100  # the value is older than 60 s
NIBP_DOUBTS: Final = (Doubt(0x040, Reason.OTHER), Doubt(0x080, Reason.CALIBRATING))  # stasis, calibrating


# The colours of alarm texts; 1 is shown white, 2 yellow, 3 red.
PRIORITIES: Final = {0: Priority.NONE, 1: Priority.LOW, 2: Priority.MEDIUM, 3: Priority.HIGH}
LEVEL_YEARS: Final = {
    2: "'95",
    3: "'97",
    4: "'98",
    5: "'99",
    6: "'00",
    7: "'01",
    8: "'03",
    9: "'05",
    10: "'09",
    11: "'15",
    12: "'19",
}
