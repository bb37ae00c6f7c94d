"""A patient monitor's rows: what the sensors find, and what sounds."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from simulators.api import Cuff, Signal, Vitals
from simulators.ihe_pcd.writer import Obx

ABOUT: Final = "182777000^monitoring of patient^SCT"
MDS: Final = "69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC"
MODEL: Final = "67880^MDC_ATTR_ID_MODEL^MDC"

BEATS: Final = "264864^MDC_DIM_BEAT_PER_MIN^MDC"
PULSES: Final = "264896^MDC_DIM_PULS_PER_MIN^MDC"
BREATHS: Final = "264928^MDC_DIM_RESP_PER_MIN^MDC"
PERCENT: Final = "262688^MDC_DIM_PERCENT^MDC"
ONE: Final = "262656^MDC_DIM_DIMLESS^MDC"
MMHG: Final = "266016^MDC_DIM_MMHG^MDC"
CELSIUS: Final = "268192^MDC_DIM_DEGC^MDC"

PROBE: Final = {"off": "OFF", "none": "NAV", "searching": "BUSY"}


class Continuous(NamedTuple):
    """A parameter that is measured all the time."""

    code: str
    place: str
    unit: str
    digits: int
    value: Callable[[Vitals], float]
    why_not: Callable[[Vitals], str]  # OBX-8 of a missing value; empty: it is there
    doubt: Callable[[Vitals], str] = lambda vitals: ""


def _ecg(vitals: Vitals) -> str:
    return "" if vitals.leads else "OFF"


def _oximeter(vitals: Vitals) -> str:
    return PROBE.get(vitals.probe, "")


def _co2(vitals: Vitals) -> str:
    return "" if vitals.co2_line else "NAV"


def _always(_vitals: Vitals) -> str:
    return ""


def _shaky(vitals: Vitals) -> str:
    return "QUES" if vitals.motion or vitals.low_perfusion else ""


CONTINUOUS: Final = (
    Continuous("147842^MDC_ECG_HEART_RATE^MDC", "1.1.1.1", BEATS, 0, lambda v: v.heart_rate, _ecg),
    Continuous("150456^MDC_PULS_OXIM_SAT_O2^MDC", "1.2.1.1", PERCENT, 0, lambda v: v.spo2, _oximeter, _shaky),
    Continuous("149530^MDC_PULS_OXIM_PULS_RATE^MDC", "1.2.1.2", PULSES, 0, lambda v: v.pulse_rate, _oximeter, _shaky),
    Continuous("150448^MDC_PULS_OXIM_PERF_REL^MDC", "1.2.1.3", ONE, 2, lambda v: v.perfusion_index, _oximeter),
    Continuous("151728^MDC_AWAY_CO2_ET^MDC", "1.4.1.1", MMHG, 0, lambda v: v.etco2, _co2),
    Continuous("151570^MDC_AWAY_RESP_RATE^MDC", "1.4.1.2", BREATHS, 0, lambda v: v.respiration_rate, _co2),
    Continuous("151736^MDC_AWAY_CO2_INSP^MDC", "1.4.1.3", MMHG, 0, lambda v: v.fico2, _co2),
    Continuous("150344^MDC_TEMP^MDC", "1.5.1.1", CELSIUS, 1, lambda v: v.temperature, _always),
)
CUFF: Final[tuple[tuple[str, str, str, Callable[[Cuff], int]], ...]] = (
    ("150021^MDC_PRESS_BLD_NONINV_SYS^MDC", "1.3.1.1", MMHG, lambda cuff: cuff.systolic),
    ("150022^MDC_PRESS_BLD_NONINV_DIA^MDC", "1.3.1.2", MMHG, lambda cuff: cuff.diastolic),
    ("150023^MDC_PRESS_BLD_NONINV_MEAN^MDC", "1.3.1.3", MMHG, lambda cuff: cuff.mean),
    ("149546^MDC_PULS_RATE_NON_INV^MDC", "1.3.1.4", BEATS, lambda cuff: cuff.pulse_rate),
)

# Where an alarm's facets stand, by the first word of its text.
ALARM_PLACES: Final = {
    "HR": "1.1.1.1", "ECG": "1.1.1.1", "SpO2": "1.2.1.1", "NIBP": "1.3.1.1", "EtCO2": "1.4.1.1", "CO2": "1.4.1.1",
    "RR": "1.4.1.2", "APNOEA": "1.4.1.2",
}  # fmt: skip
OTHER_PLACE: Final = "1.6.1.1"


def rows(vitals: Vitals, equipment: str, clock: Callable[[float], datetime]) -> list[Obx]:
    """Say what a monitor shows; the cuff's last result is repeated, with its time, until there is another."""
    tree = [Obx(MDS, "1.0.0.0", equipment=equipment), Obx(MODEL, "1.0.0.1", "Simulated monitor", kind="ST")]
    return [*tree, *(_continuous(row, vitals) for row in CONTINUOUS), *_cuff(vitals, clock)]


def _continuous(row: Continuous, vitals: Vitals) -> Obx:
    why_not = "NAV" if vitals.standby else row.why_not(vitals)
    if why_not:
        return Obx(row.code, row.place, None, row.unit, flags=why_not)
    return Obx(row.code, row.place, row.value(vitals), row.unit, flags=row.doubt(vitals), digits=row.digits)


def _cuff(vitals: Vitals, clock: Callable[[float], datetime]) -> list[Obx]:
    cuff = vitals.cuff
    if cuff is None or vitals.cuff_state == "failed" or vitals.standby:
        flags = "INV" if vitals.cuff_state == "failed" else "NAV"
        return [Obx(code, place, None, unit, flags=flags) for code, place, unit, _ in CUFF]
    ended = clock(cuff.ended)
    return [Obx(code, place, value(cuff), unit, time=ended) for code, place, unit, value in CUFF]


def place_of(alarm: Signal) -> str:
    """Say which metric an alarm is about."""
    return ALARM_PLACES.get(alarm.text.partition(" ")[0], OTHER_PLACE)
