"""What MDIL codes mean (Philips, Efficia CM Series Data Export Guide, "MDIL Coding"): arithmetic, and what is left.

A parameter is one of partition 2 whose 11073 number is in the vocabulary. From 0xf000 on, and in partition 0401, codes
are Philips' own: of those only two temperatures are known. All else is unmapped, whatever its label says.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from drivers.api import Alarm, Code, Reading
from drivers.common.hl7.message import component, unescape
from drivers.common.hl7.values import MAX_TEXT, NOTHING, label
from drivers.common.mdc import UNITS
from drivers.common.vendor_hl7.rows import GOOD_STATUS, STATUS, Channel, Dialect, Reader, Unit, named_unit
from drivers.philips_mdil.codec import ALERTS, Term, term_of
from drivers.vocabulary import TERM_BY_CODE, AlarmCode, Metric, Priority, Reason, Validity

SCADA: Final = 0x0002
DIMENSIONS: Final = 0x0004
PRIVATE: Final = 0xF000

# Philips' own codes, without a registered number. 0007 stands so in an example of the guide.
TEMPERATURES: Final = {Term(SCADA, 0xF0C7): "T1", Term(SCADA, 0xF0C8): "T2", Term(0x0007, 0xF0C7): "T1"}
# The number is that of a count, but Philips says it per minute.
SAID_OTHERWISE: Final = {0x4261: Metric.PVC_RATE}
# Where one patient may have several of a metric at once: which one it is.
SITES: Final = {
    0x4A11: "ART", 0x4A12: "ART", 0x4A13: "ART", 0x4A15: "ABP", 0x4A16: "ABP", 0x4A17: "ABP", 0x5012: "airway",
    0x506A: "pleth", 0x4B5C: "body", 0x4B60: "core", 0x4B64: "oesophagus", 0x4B74: "skin", 0x4B78: "eardrum",
    0xE004: "rectal", 0xE008: "oral", 0xE00C: "ear", 0xE050: "axillary",
}  # fmt: skip
TEXTS: Final = frozenset({Metric.ECG_RHYTHM, Metric.ECG_ECTOPIC})

# No value is an empty field, so that a zero has been measured: asystole, apnoea, no CO2, a pressure at zero.
_ST: Final = frozenset(metric for metric in Metric if metric.value.startswith("st_"))
_LINES: Final = frozenset({Metric.IBP_SYSTOLIC, Metric.IBP_DIASTOLIC, Metric.IBP_MEAN, Metric.CVP_MEAN})
MAY_BE_NEGATIVE: Final = _ST | _LINES | {Metric.TEMPERATURE_DIFFERENCE}
MAY_BE_ZERO: Final = MAY_BE_NEGATIVE | {
    Metric.HEART_RATE, Metric.PVC_RATE, Metric.RESPIRATION_RATE, Metric.RESPIRATION_RATE_CO2,
    Metric.RESPIRATION_RATE_IMPEDANCE, Metric.ETCO2, Metric.FICO2, Metric.IMCO2,
}  # fmt: skip

CUFF_TERMS: Final = range(0x4A04, 0x4A08)  # NBP, and its three values

# MDIL-ALERT. How urgent inoperative conditions (5 hard, 6 soft) are isn't said.
PRIORITIES: Final = {"1": Priority.HIGH, "2": Priority.MEDIUM}
# `HR Low, HR=55 /min`, `SpO2 High, SpO2=98 %`: as printed. Other languages and texts are `unknown`.
ALARM_WORDS: Final = (
    (re.compile(r"\S+ High, \S+ ?= ?.+"), AlarmCode.LIMIT_HIGH),
    (re.compile(r"\S+ Low, \S+ ?= ?.+"), AlarmCode.LIMIT_LOW),
)

MODE: Final = "0402-f8f5"  # of the monitor, as an Information Center says it


@lru_cache(maxsize=1024)
def channel_of(code: str, _place: str) -> Channel | None:
    """Say what an OBX-3 is; None: unmapped. MDIL states every unit: without one, a value is in doubt."""
    term = term_of(code)
    if term is None:
        return None
    if site := TEMPERATURES.get(term):
        return Channel(Metric.TEMPERATURE, site, unit="")
    known = TERM_BY_CODE.get(term.mdc)
    if known is None or term.partition != SCADA or term.code >= PRIVATE:
        return None
    metric = SAID_OTHERWISE.get(term.code, known.metric)
    mdc = Code(known.code, known.refid)
    if metric in TEXTS:
        return Channel(metric, is_text=True, code=mdc)
    site = SITES.get(term.code, "")
    return Channel(metric, site, metric in MAY_BE_ZERO, metric in MAY_BE_NEGATIVE, unit="", code=mdc)


def by_method(channel: Channel, method: str) -> Channel:
    """Take in what a rate or a temperature was measured by (OBX-17): a cuff's pulse is as old as the cuff's result."""
    words = label(method)
    if not words:
        return channel
    term = term_of(method)
    is_cuff = words.upper().startswith("NBP") or (term and term.partition == SCADA and term.code in CUFF_TERMS)
    if channel.metric is Metric.PULSE_RATE and is_cuff:
        channel = channel._replace(metric=Metric.NIBP_PULSE_RATE)
    return channel._replace(source=f"{channel.source} {words}".strip())


@lru_cache(maxsize=1024)
def unit_of(said: str) -> Unit:
    """Read an OBX-6: its number counts, and its text must not say otherwise."""
    term = term_of(said)
    if term is None:
        return named_unit(said)
    coded = UNITS.get(term.mdc) if term.partition == DIMENSIONS else None
    named = named_unit(component(said, 2)).ucum
    return Unit(coded, coded is not None and named is not None and coded != named)


def alarm_of(row: Sequence[str]) -> Alarm | None:
    """Read an alarm row; None if it is none, or says nothing."""
    if component(row[3], 3) != ALERTS or row[5] in NOTHING or row[11] not in GOOD_STATUS:
        return None
    text = unescape(row[5]).strip()[:MAX_TEXT]
    code = next((code for words, code in ALARM_WORDS if words.fullmatch(text)), AlarmCode.UNKNOWN)
    return Alarm(code, text, PRIORITIES.get(component(row[3], 1)), raw=f"{row[3]} {row[5]}"[:MAX_TEXT])


def is_demo(reading: Reading) -> bool:
    """Say whether a row calls its message a demonstration."""
    return reading.name.startswith(MODE) and isinstance(reading.value, str) and "DEMO" in reading.value.upper()


def model_of(application: str) -> str:
    """Give the model that MSH-3 names: `^EfficiaCM`, `^SureSignsVS`."""
    return (component(application, 2) or component(application, 1))[:64]


DIALECT: Final = Dialect(
    "Philips MDIL",
    "Philips",
    channel_of,
    status={**STATUS, "X": (Validity.INVALID, Reason.DISOWNED)},  # the monitor shows `?`
    unit_of=unit_of,
    by_method=by_method,
    alarm_of=alarm_of,
    is_demo=is_demo,
    cuff_groups=frozenset({"SPOTCHECK"}),  # in MONITOR, OBR-7 is the moment of the trend record
    model_of=model_of,
    ack_structure="ACK_ALL",
)
READER: Final = Reader(DIALECT)
