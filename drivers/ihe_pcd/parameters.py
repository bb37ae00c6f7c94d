"""OBX-3: which parameter a row is about. The number counts; private ones and typos are found by REFID."""

from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from drivers.api import Code
from drivers.common.hl7.message import unescape
from drivers.ihe_pcd.channels import (
    ATTRIBUTE_REFIDS,
    CHANNEL_REFIDS,
    CHANNELS,
    CLOCK_ROWS,
    EPISODIC,
    EVENT_CONDITION,
    EVENT_SOURCE,
    MAY_BE_NEGATIVE,
    MODEL,
    OBJECTS,
    PERSON_WORDS,
    PRIVATE_NUMBERS,
    SECOND_REFIDS,
    STATUS_ROWS,
    SYSTEM_ID,
    SYSTEMS,
    VENDOR_BUGS,
    ZERO_IS_NOT_ENTERED,
)
from drivers.vocabulary import TERM_BY_CODE, TERMS, Metric, Reason, Term, units_of

MAX_NAME: Final = 128  # characters; registered REFIDs have at most 64
LOWEST_CODE: Final = 65536  # partition 1 begins here
BARE: Final = "bare numbers"  # instead of a coding system: none is named, and the number is none of 11073's


class Role(Enum):
    """What a row is for."""

    READING = "a parameter"
    EVENT = "what happened (PCD-10)"
    EVENT_SOURCE = "the channel it happened to"
    MODEL = "the device's model"
    SYSTEM_ID = "the device's number"
    NONE = "the device's clock"


_ROLES: Final = {
    EVENT_CONDITION: Role.EVENT,
    EVENT_SOURCE: Role.EVENT_SOURCE,
    MODEL: Role.MODEL,
    SYSTEM_ID: Role.SYSTEM_ID,
    **dict.fromkeys(CLOCK_ROWS, Role.NONE),
}


class Coded(NamedTuple):
    """A coded element: number (None if it isn't one), REFID or text, coding system."""

    number: int | None
    refid: str
    system: str


class Parameter(NamedTuple):
    """What is known of a row from its OBX-3 alone."""

    role: Role
    metric: Metric
    name: str  # as sent: `code^refid`
    system: str  # the coding system
    code: Code | None
    doubt: Reason | None  # number and REFID contradict each other
    is_number: bool
    is_episodic: bool
    is_status: bool  # of a pump: says what the infusion does
    is_object: bool  # a device, VMD or channel rather than a metric
    is_personal: bool  # its name suggests that the text may name a person
    may_be_negative: bool
    zero_is_none: bool
    channel: str  # a pump's channel that this row opens


def plain(refid: str) -> str:
    """Give a REFID without the spelling that changed between drafts."""
    return refid.upper().replace("MDC_DEV_PUMP_", "MDC_PUMP_")


_TERM_BY_REFID: Final[dict[str, Term]] = {
    **{plain(term.refid): term for term in TERMS if term.refid},
    **{refid: TERM_BY_CODE[code] for refid, code in SECOND_REFIDS.items()},
}


def coded(field: str) -> Coded:
    """Read a coded element; of a primary and an alternate code, the one of 11073."""
    parts = [*field.partition("~")[0].split("^", 6), "", "", "", "", "", ""]
    number, refid, system = parts[3:6] if parts[5] == "MDC" != parts[2] else parts[:3]
    if number.isascii() and number.isdigit() and len(number) <= 10:
        return Coded(int(number), refid[:MAX_NAME], system)
    return Coded(None, (number or refid)[:MAX_NAME], system)  # `MDC_ECG_HEART_RATE^..^MDC`: the REFID stands first


@lru_cache(maxsize=4096)
def parameter_of(field: str) -> Parameter:
    """Say what an OBX-3 means."""
    said = coded(field)
    attribute = said.number if said.number in _ROLES else ATTRIBUTE_REFIDS.get(said.refid)
    metric, code, doubt = _metric(said)
    number = code.code if code and code.code else said.number or 0
    channel = CHANNELS.get(number) or CHANNELS.get(CHANNEL_REFIDS.get(plain(said.refid), 0), "")
    name = unescape("^".join(field.split("^", 2)[:2]))[:MAX_NAME]
    return Parameter(
        role=_ROLES.get(attribute, Role.READING) if attribute else Role.READING,
        metric=metric,
        name=name,
        system=BARE if _is_bare(said) else said.system[:MAX_NAME],
        code=code,
        doubt=doubt,
        is_number=bool(units_of(metric)),
        is_episodic=metric in EPISODIC,
        is_status=metric in STATUS_ROWS,
        is_object=bool(channel) or any(number in objects for objects in OBJECTS),
        is_personal=PERSON_WORDS.search(name.upper()) is not None,
        may_be_negative=metric in MAY_BE_NEGATIVE,
        zero_is_none=metric in ZERO_IS_NOT_ENTERED,
        channel=channel,
    )


def _is_bare(said: Coded) -> bool:
    return not said.system and said.number is not None and 0 < said.number < LOWEST_CODE


def _metric(said: Coded) -> tuple[Metric, Code | None, Reason | None]:
    number, refid, system = said
    if system not in SYSTEMS:
        return Metric.UNMAPPED, None, None
    by_refid = _TERM_BY_REFID.get(plain(refid))
    if number is None or number in PRIVATE_NUMBERS:
        if by_refid:
            return by_refid.metric, Code(by_refid.code, refid), None
        return Metric.UNMAPPED, Code(None, refid) if refid else None, None
    if bug := VENDOR_BUGS.get((number, refid)):
        return bug, Code(number, refid), None
    if by_number := TERM_BY_CODE.get(number):
        differs = by_refid is not None and by_refid.metric is not by_number.metric
        return by_number.metric, Code(number, refid or by_number.refid), Reason.CODE_CONFLICT if differs else None
    if by_refid:
        return by_refid.metric, Code(by_refid.code, refid), Reason.CODE_CONFLICT
    return Metric.UNMAPPED, Code(number, refid) if number >= LOWEST_CODE else None, None
