"""An OBX row of a vendor's dialect: what it is by the dialect's table, and what it is worth.

A parameter that isn't in the table is `unmapped`, whatever its name says.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from drivers.api import Alarm, Code, Reading
from drivers.common.hl7 import timestamps, values
from drivers.common.hl7.ack import AckStructure
from drivers.common.hl7.message import component
from drivers.common.hl7.values import CODED, Value
from drivers.common.vendor_hl7.decoder import fields
from drivers.vocabulary import TERMS, Metric, Reason, Validity, units_of

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
_ZERO_IF_NOT_ENTERED: Final = frozenset({Metric.BODY_WEIGHT, Metric.BODY_HEIGHT, Metric.PATIENT_WEIGHT})


class Unit(NamedTuple):
    """What an OBX-6 means."""

    ucum: str | None  # None: not known
    is_contradictory: bool = False  # its code and its text say different things


def named_unit(said: str) -> Unit:
    """Read an OBX-6 by its words."""
    words = (word.strip().lower() for word in said.split("^"))
    return Unit(next((UNITS[word] for word in words if word in UNITS), None))


class Channel(NamedTuple):
    """What one of a vendor's parameters is."""

    metric: Metric
    source: str = ""
    may_be_zero: bool = False  # else a zero is in doubt: some senders write it for `none`
    may_be_negative: bool = False  # else a number below zero is a sentinel
    unit: str | None = None  # UCUM where a row says none; empty: not known; None: the metric's own, if evident
    is_text: bool = False
    code: Code | None = None  # if OBX-3 itself is a registered code


def is_personal(kind: str, code: str) -> bool:
    """Say whether a row that isn't in the table may name a person."""
    return kind in PERSON_TYPES or PERSON_WORDS.search(code.upper()) is not None


def _as_it_is(channel: Channel, _method: str) -> Channel:
    return channel


def _nothing(*_said: object) -> None:
    """Say that a vendor has no such thing."""


@dataclass(frozen=True)
class Dialect:
    """A vendor's words."""

    name: str
    manufacturer: str
    channel_of: Callable[[str, str], Channel | None]  # of OBX-3 and OBX-4
    flags: Mapping[str, State] = field(default_factory=dict)  # of OBX-8
    good_status: frozenset[str] = GOOD_STATUS
    missing: frozenset[float] = frozenset()  # numbers that stand for no value
    is_personal: Callable[[str, str], bool] = is_personal  # of OBX-2 and OBX-3
    episodic: frozenset[Metric] = EPISODIC  # what nobody can tell the age of without a time of its own
    status: Mapping[str, State] = field(default_factory=lambda: STATUS)  # of OBX-11
    unit_of: Callable[[str], Unit] = named_unit  # of OBX-6
    by_method: Callable[[Channel, str], Channel] = _as_it_is  # what OBX-17 adds
    alarm_of: Callable[[Sequence[str]], Alarm | None] = _nothing  # of a row's fields; None: no alarm
    is_demo: Callable[[Reading], object] = _nothing  # does it say that the message is a demonstration?
    cuff_groups: frozenset[str] | None = None  # OBR-4 whose OBR-7 tells when a cuff measured; None: each does
    model_of: Callable[[str], str | None] = _nothing  # of MSH-3
    ack_structure: AckStructure = ""


class Row(NamedTuple):
    """One row and its own time, if it says one."""

    reading: Reading
    time: datetime | None
    is_episodic: bool
    is_simulated: bool


def is_simulated(flags: str) -> bool:
    """Say whether an OBX-8 calls its row made up."""
    return bool(flags) and any(component(flag, 1).strip().upper() in SIMULATED_FLAGS for flag in flags.split("~"))


class Reader:
    """Reads rows of one dialect; what a row says beside its time is kept, as values repeat."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._kept = lru_cache(maxsize=4096)(self._reading)

    def read(self, segment: str) -> Row | None:
        """Read an OBX; None if it names no parameter."""
        row = fields(segment)
        if not row[3]:
            return None
        said = [part[:LONGEST_FIELD] for part in (row[2], row[3], row[4], row[5], row[6], row[8], row[11], row[17])]
        reading = self._kept(*said)
        return Row(reading, timestamps.parse(row[14]), reading.metric in self.dialect.episodic, is_simulated(row[8]))

    def _reading(
        self, kind: str, code: str, place: str, said: str, unit: str, flags: str, status: str, method: str
    ) -> Reading:
        channel = self.dialect.channel_of(code, place)
        if channel is not None:
            channel = self.dialect.by_method(channel, method)
        metric = channel.metric if channel else Metric.UNMAPPED
        ucum, doubt = _unit(unit, channel, self.dialect.unit_of(unit))
        if channel is None and self.dialect.is_personal(kind, code):
            value, said = Value(None, Validity.ABSENT, Reason.MASKED), ""
        else:
            value = self._weighed(_value(kind, said, channel, self.dialect.missing), flags, status)
        if doubt and value.validity is Validity.VALID:
            value = Value(value.value, Validity.QUESTIONABLE, doubt)
        source = channel.source if channel else place
        mdc = channel.code if channel else None
        return Reading(metric, value.value, ucum, value.validity, value.reason, code, said, source, code=mdc)

    def _weighed(self, value: Value, flags: str, status: str) -> Value:
        """The worst counts: what flags and status say, then what the text is."""
        states = [self.dialect.flags[flag] for flag in flags.split("~") if flag in self.dialect.flags]
        if status not in self.dialect.good_status:
            states.append(self.dialect.status.get(status, DOUBT))
        for validity, reason in states:
            if validity in (Validity.INVALID, Validity.ABSENT):
                return Value(None, validity, reason)
        if states and value.validity is Validity.VALID:
            return Value(value.value, *states[0])
        return value


def _value(kind: str, said: str, channel: Channel | None, missing: frozenset[float]) -> Value:
    if channel is None and kind not in ("NM", "SN"):
        return values.text(kind, said)
    if channel is not None and channel.is_text:
        return values.text(kind, said)
    if channel is not None and kind in CODED:
        return Value(None, Validity.INVALID, Reason.NOT_A_NUMBER)
    value = values.number(said)
    if value.value in missing:
        return Value(None, Validity.ABSENT, Reason.NOT_AVAILABLE)
    if channel is not None and isinstance(value.value, int | float):
        if value.value < 0 and not channel.may_be_negative:
            return Value(None, Validity.ABSENT, Reason.IMPLAUSIBLE)
        if value.value == 0 and channel.metric in _ZERO_IF_NOT_ENTERED:
            return Value(None, Validity.ABSENT, Reason.NOT_AVAILABLE)
        if value.value == 0 and not channel.may_be_zero:
            return Value(value.value, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE)
    return value


def _unit(said: str, channel: Channel | None, unit: Unit) -> tuple[str | None, Reason | None]:
    """Say in what a row is: by its own word, else by the dialect's table."""
    if channel is None or channel.unit is None or said:
        return _judged_unit(unit, channel.metric if channel else Metric.UNMAPPED, is_said=any(said.split("^")))
    if not channel.unit:
        return "", Reason.UNIT_UNKNOWN
    return (None if units_of(channel.metric) == (channel.unit,) else channel.unit), None


def _judged_unit(unit: Unit, metric: Metric, *, is_said: bool) -> tuple[str | None, Reason | None]:
    """Give a unit as a `Reading` has it, and what is wrong with it for this metric. Nothing is converted."""
    usual, found = units_of(metric), unit.ucum
    if unit.is_contradictory:
        return found, Reason.UNIT_CONFLICT
    if metric is Metric.UNMAPPED:
        return found, None
    if found in usual or found in _EVERY_UNIT[metric]:
        return (None if usual == (found,) else found), None
    if found:
        return found, Reason.UNIT_CONFLICT if not _is_convertible(found, usual) else None
    if not usual or (not is_said and _SELF_EVIDENT.issuperset(usual)):
        return None, None
    return "", Reason.UNIT_UNKNOWN


# Every unit that a code of the metric goes by: CO2 is said as a pressure or in %.
_EVERY_UNIT: Final = {
    metric: frozenset(unit for term in TERMS if term.metric is metric for unit in term.units) for metric in Metric
}
_SCALES: Final = (frozenset({"mm[Hg]", "kPa"}), frozenset({"Cel", "[degF]"}))


def _is_convertible(unit: str, usual: tuple[str, ...]) -> bool:
    """Say whether a unit measures the same as the metric's own do: kPa for mmHg."""
    return any(unit in scale and not scale.isdisjoint(usual) for scale in _SCALES)
