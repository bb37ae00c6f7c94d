"""An OBX row of a vendor's dialect: what it is by the dialect's table, and what it is worth.

A parameter that isn't in the table is `unmapped`, whatever its name says.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from drivers.api import Reading
from drivers.common.hl7 import timestamps, values
from drivers.common.hl7.values import CODED, Value
from drivers.common.vendor_hl7.decoder import fields
from drivers.vocabulary import Metric, Reason, Validity, units_of

State = tuple[Validity, Reason]

LONGEST_FIELD: Final = 256
EPISODIC: Final = frozenset(
    {Metric.NIBP_SYSTOLIC, Metric.NIBP_DIASTOLIC, Metric.NIBP_MEAN, Metric.NIBP_PULSE_RATE, Metric.CARDIAC_OUTPUT}
)

# OBX-11, HL7 table 0085. What is in no table is `questionable`.
GOOD_STATUS: Final = frozenset({"", "F", "R", "C", "U"})
STATUS: Final = {
    "X": (Validity.ABSENT, Reason.NOT_AVAILABLE),  # no result
    "N": (Validity.ABSENT, Reason.NOT_AVAILABLE),  # not asked for
    "O": (Validity.ABSENT, Reason.NOT_AVAILABLE),  # order only, no result
    "I": (Validity.ABSENT, Reason.NOT_AVAILABLE),  # pending
    "D": (Validity.INVALID, Reason.DISOWNED),  # delete
    "W": (Validity.INVALID, Reason.DISOWNED),  # wrong
}
DOUBT: Final = (Validity.QUESTIONABLE, Reason.OTHER)
SIMULATED_FLAGS: Final = frozenset({"DEMO", "TEST"})  # OBX-8

# Unmapped rows whose text may name a person keep neither value nor raw text.
PERSON_TYPES: Final = frozenset(
    {"XPN", "XCN", "XON", "CX", "PN", "CN", "CNN", "NDL", "XAD", "AD", "XTN", "TN", "ED", "RP"}
)
PERSON_WORDS: Final = re.compile(
    r"NAME|PATIENT|\bPT\b|PERSON|NURSE|CLINICIAN|PHYSICIAN|DOCTOR|STAFF|OPERATOR|OBSERVER|USER|CAREGIVER|BIRTH|DOB"
    r"|SSN|MRN|ADDR|PHONE|E?MAIL|\bID\b|ORDER|VISIT|ADMI|ACCOUNT|COMMENT|NOTE|REMARK"
)

UNITS: Final = {
    "bpm": "/min", "rpm": "/min", "/min": "/min", "1/min": "/min", "br/m": "/min", "pvc/min": "/min", "%": "%",
    "percent": "%", "mmhg": "mm[Hg]", "kpa": "kPa", "c": "Cel", "degc": "Cel", "°c": "Cel", "cel": "Cel",
    "f": "[degF]", "degf": "[degF]", "°f": "[degF]", "sec": "s", "s": "s", "ms": "ms", "mv": "mV",
}  # fmt: skip
_SELF_EVIDENT: Final = frozenset({"/min", "%"})  # a parameter in one of these is never said in another


class Channel(NamedTuple):
    """What one of a vendor's parameters is."""

    metric: Metric
    source: str = ""
    may_be_zero: bool = False  # else a zero is in doubt: some senders write it for `none`
    may_be_negative: bool = False  # else a number below zero is a sentinel


@dataclass(frozen=True)
class Dialect:
    """A vendor's words."""

    name: str
    manufacturer: str
    channel_of: Callable[[str, str], Channel | None]  # of OBX-3 and OBX-4
    flags: Mapping[str, State] = field(default_factory=dict)  # of OBX-8
    good_status: frozenset[str] = GOOD_STATUS


class Row(NamedTuple):
    """One row and its own time, if it says one."""

    reading: Reading
    time: datetime | None
    is_episodic: bool
    is_simulated: bool


class Reader:
    """Reads rows of one dialect; what a row says beside its time is kept, as values repeat."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._kept = lru_cache(maxsize=4096)(self._reading)

    def read(self, segment: str) -> Row | None:
        """Read an OBX; None if it names no parameter."""
        row = fields(segment)
        if not row[3]:
            return None
        said = [part[:LONGEST_FIELD] for part in (row[2], row[3], row[4], row[5], row[6], row[8], row[11])]
        reading = self._kept(*said)
        is_simulated = bool(row[8]) and not SIMULATED_FLAGS.isdisjoint(row[8].upper().split("~"))
        return Row(reading, timestamps.parse(row[14]), reading.metric in EPISODIC, is_simulated)

    def _reading(self, kind: str, code: str, place: str, said: str, unit: str, flags: str, status: str) -> Reading:
        channel = self._dialect.channel_of(code, place)
        metric = channel.metric if channel else Metric.UNMAPPED
        ucum, doubt = unit_of(unit, metric)
        if channel is None and _is_personal(kind, code):
            value, said = Value(None, Validity.ABSENT, Reason.MASKED), ""
        else:
            value = self._weighed(_value(kind, said, channel), flags, status)
        if doubt and value.validity is Validity.VALID:
            value = Value(value.value, Validity.QUESTIONABLE, doubt)
        source = channel.source if channel else place
        return Reading(metric, value.value, ucum, value.validity, value.reason, code, said, source)

    def _weighed(self, value: Value, flags: str, status: str) -> Value:
        """The worst counts: what flags and status say, then what the text is."""
        states = [self._dialect.flags[flag] for flag in flags.split("~") if flag in self._dialect.flags]
        if status not in self._dialect.good_status:
            states.append(STATUS.get(status, DOUBT))
        for validity, reason in states:
            if validity in (Validity.INVALID, Validity.ABSENT):
                return Value(None, validity, reason)
        if states and value.validity is Validity.VALID:
            return Value(value.value, *states[0])
        return value


def _is_personal(kind: str, code: str) -> bool:
    return kind in PERSON_TYPES or PERSON_WORDS.search(code.upper()) is not None


def _value(kind: str, said: str, channel: Channel | None) -> Value:
    if channel is None:
        return values.number(said) if kind in ("NM", "SN") else values.text(kind, said)
    if kind in CODED:
        return Value(None, Validity.INVALID, Reason.NOT_A_NUMBER)
    value = values.number(said)
    if isinstance(value.value, int | float):
        if value.value < 0 and not channel.may_be_negative:
            return Value(None, Validity.ABSENT, Reason.IMPLAUSIBLE)
        if value.value == 0 and not channel.may_be_zero:
            return Value(value.value, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE)
    return value


@lru_cache(maxsize=1024)
def unit_of(said: str, metric: Metric) -> tuple[str | None, Reason | None]:
    """Say what an OBX-6 means for a metric, as a `Reading` has it, and what is wrong with it. Nothing is converted."""
    usual = units_of(metric)
    words = [word.strip() for word in said.split("^")]
    found = next((UNITS[word.lower()] for word in words if word.lower() in UNITS), None)
    if metric is Metric.UNMAPPED:
        return found, None
    if found in usual:
        return (None if usual == (found,) else found), None
    if found:
        return found, Reason.UNIT_CONFLICT if not _is_convertible(found, usual) else None
    if not usual or (not any(words) and _SELF_EVIDENT.issuperset(usual)):
        return None, None
    return "", Reason.UNIT_UNKNOWN


_SCALES: Final = (frozenset({"mm[Hg]", "kPa"}), frozenset({"Cel", "[degF]"}))


def _is_convertible(unit: str, usual: tuple[str, ...]) -> bool:
    """Say whether a unit measures the same as the metric's own do: kPa for mmHg."""
    return any(unit in scale and not scale.isdisjoint(usual) for scale in _SCALES)
