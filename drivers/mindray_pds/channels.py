"""What the ids mean (Patient Data Share, as several public clients use it). An id that isn't here is unmapped."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from drivers.common.vendor_hl7.rows import Channel, Dialect, is_personal
from drivers.vocabulary import AlarmCode, Metric


class Units(NamedTuple):
    """What the monitor's menu sets, as no unit stands on the wire (UCUM). Empty: not known."""

    pressure: str = "mm[Hg]"
    co2: str = "mm[Hg]"
    gas: str = ""
    st: str = ""
    output: str = ""
    venous: str = ""  # empty: as the other pressures


_ST: Final = (
    Metric.ST_I, Metric.ST_II, Metric.ST_III, Metric.ST_AVR, Metric.ST_AVL, Metric.ST_AVF, Metric.ST_V1, Metric.ST_V2,
    Metric.ST_V3, Metric.ST_V4, Metric.ST_V5, Metric.ST_V6,
)  # fmt: skip


def channels(units: Units) -> dict[str, Channel]:
    """List the ids (OBX-3.1) under one monitor's units."""
    pressure, co2, gas, st, output, venous = units
    return {
        "101": Channel(Metric.HEART_RATE, may_be_zero=True),
        "102": Channel(Metric.PVC_RATE, may_be_zero=True),
        **{str(105 + n): Channel(lead, "", True, True, st) for n, lead in enumerate(_ST)},
        "151": Channel(Metric.RESPIRATION_RATE, may_be_zero=True),
        "160": Channel(Metric.SPO2),
        "161": Channel(Metric.PULSE_RATE),
        "162": Channel(Metric.PERFUSION_INDEX, unit="%"),
        "170": Channel(Metric.NIBP_SYSTOLIC, unit=pressure),
        "171": Channel(Metric.NIBP_DIASTOLIC, unit=pressure),
        "172": Channel(Metric.NIBP_MEAN, unit=pressure),
        "173": Channel(Metric.NIBP_PULSE_RATE),
        "200": Channel(Metric.TEMPERATURE, "T1", unit="Cel"),
        "201": Channel(Metric.TEMPERATURE, "T2", unit="Cel"),
        "202": Channel(Metric.TEMPERATURE_DIFFERENCE, "", True, True, "Cel"),
        "210": Channel(Metric.CARDIAC_OUTPUT, unit=output),
        "250": Channel(Metric.ETCO2, may_be_zero=True, unit=co2),
        "251": Channel(Metric.FICO2, may_be_zero=True, unit=co2),
        "253": Channel(Metric.ETO2, unit=gas),
        "254": Channel(Metric.FIO2, unit=gas),
        "256": Channel(Metric.N2O_END_TIDAL, may_be_zero=True, unit=gas),
        "257": Channel(Metric.N2O_INSPIRED, may_be_zero=True, unit=gas),
        "280": Channel(Metric.RESPIRATION_RATE_CO2, may_be_zero=True),
        "500": Channel(Metric.IBP_SYSTOLIC, "ART", True, True, pressure),  # a line that is being zeroed says 0
        "501": Channel(Metric.IBP_MEAN, "ART", True, True, pressure),  # mean before diastolic, unlike NIBP
        "502": Channel(Metric.IBP_DIASTOLIC, "ART", True, True, pressure),
        "605": Channel(Metric.CVP_MEAN, "", True, True, venous or pressure),
    }


NO_VALUE: Final = frozenset({-100.0, -1000.0, -10000.0})  # with or without decimals
HARMLESS_TYPES: Final = frozenset({"NM", "SN", "CE", "CWE"})  # numbers and codes; free text may name a person
OF_THE_PATIENT: Final = frozenset({"51", "52", "2301", "2302", "2303", "2308"})  # kind 103, wherever they stand

ALARM_IDS: Final = {"54": "2", "56": "4"}  # kind of message -> id of its alarm rows
ALARM_SOURCES: Final = {"54": "physiological", "56": "technical"}

# Only what the text itself says in plain words; what the numbers before it mean is in no source.
ALARM_WORDS: Final = (
    (re.compile(r"\bTOO HIGH\s*$", re.IGNORECASE), AlarmCode.LIMIT_HIGH),
    (re.compile(r"\bTOO LOW\s*$", re.IGNORECASE), AlarmCode.LIMIT_LOW),
    (re.compile(r"\bSENSOR OFF\s*$", re.IGNORECASE), AlarmCode.SENSOR_OFF),
    (re.compile(r"\bLEAD OFF\s*$", re.IGNORECASE), AlarmCode.LEAD_OFF),
)


def _may_name_a_person(kind: str, code: str) -> bool:
    return kind not in HARMLESS_TYPES or code.partition("^")[0] in OF_THE_PATIENT or is_personal(kind, code)


def dialect(units: Units) -> Dialect:
    """Give the words of a monitor with these units."""
    table = channels(units)

    @lru_cache(maxsize=1024)
    def channel_of(code: str, _place: str) -> Channel | None:
        return table.get(code.partition("^")[0])

    return Dialect("Mindray PDS", "Mindray", channel_of, missing=NO_VALUE, is_personal=_may_name_a_person)
