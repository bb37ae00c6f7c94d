"""OBX-5: numbers, bounds, coded and free text, and the many ways to say that there is no value."""

import re
from typing import Final, NamedTuple

from drivers.common.hl7.message import component, unescape
from drivers.vocabulary import Reason, Validity

MAX_TEXT: Final = 256  # characters of a value or its raw text: labels are shorter

NOTHING: Final = ("", '""')  # not sent; explicitly null
CODED: Final = ("CWE", "CNE", "CE", "CF")

# ISO/IEEE 11073 FLOAT specials that leak as integers.
SPECIALS: Final = {
    8388607: Reason.NOT_A_NUMBER,
    8388608: Reason.NOT_AVAILABLE,
    -8388608: Reason.NOT_AVAILABLE,
    8388606: Reason.OVER_RANGE,
    -8388606: Reason.UNDER_RANGE,
}
_BOUNDS: Final = {">": Reason.OVER_RANGE, ">=": Reason.OVER_RANGE, "<": Reason.UNDER_RANGE, "<=": Reason.UNDER_RANGE}

_DIGITS: Final = r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})"  # HL7 knows no exponent
_NUMBER: Final = re.compile(_DIGITS)
_BOUNDED: Final = re.compile(rf"([<>]=?|=?)\^?({_DIGITS})\^*")  # `>300` in an NM, `>^300` and `^5` in an SN
_PAIR: Final = re.compile(rf"\^?({_DIGITS})\^([-:/+])\^({_DIGITS})")  # ratio `1^:^2`, range `10^-^20`


class Value(NamedTuple):
    """What stands in OBX-5. Without a value there is a reason."""

    value: float | int | str | None
    validity: Validity = Validity.VALID
    reason: Reason | None = None


_NONE: Final = Value(None, Validity.ABSENT, Reason.NOT_AVAILABLE)


def number(text: str) -> Value:
    """Read a number; a bound or a range stays text, as it is no measurement."""
    if _NUMBER.fullmatch(text) is None:
        return _odd_number(text.strip())
    value = float(text) if "." in text else int(text)
    if value in SPECIALS:
        return Value(None, Validity.ABSENT, SPECIALS[int(value)])
    return Value(value)


def _odd_number(text: str) -> Value:
    if not any(letter.isalnum() for letter in text):  # empty, null, ---, ***, ?
        return _NONE
    if found := _BOUNDED.fullmatch(text):
        sign, digits = found.groups()
        if sign in _BOUNDS:
            return Value(sign + digits, Validity.QUESTIONABLE, _BOUNDS[sign])
        return number(digits)
    if found := _PAIR.fullmatch(text):
        return Value("".join(found.groups()), Validity.QUESTIONABLE, Reason.OTHER)
    first = text.partition("^")[0]
    if first != text and _NUMBER.fullmatch(first):  # `36.4^99.9^`
        value = number(first)
        return value._replace(validity=Validity.QUESTIONABLE, reason=Reason.OTHER) if value.reason is None else value
    return Value(None, Validity.INVALID, Reason.NOT_A_NUMBER)


def text(kind: str, said: str) -> Value:
    """Read a coded or free text; of a code, its text."""
    if said in NOTHING:
        return _NONE
    if kind in CODED:
        value = ", ".join(filter(None, map(label, said.split("~"))))
    elif "^" in said:  # a code, though OBX-2 says ST
        value = label(said)
    else:
        value = unescape(said).strip()
    return Value(value[:MAX_TEXT]) if value else _NONE


def label(code: str) -> str:
    """Give the text of a code: `197288^MDC_EVT_PUMP_DELIV_START^MDC`, `^pump-status-infusing`, `^^^^^^^^text`."""
    said = component(code, 2) or component(code, 9) or component(code, 1)
    return unescape(said).strip()
