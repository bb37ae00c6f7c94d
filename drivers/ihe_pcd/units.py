"""OBX-6: the unit, by number, REFID or text. Where they contradict each other nothing is converted."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from drivers.common.mdc import UNITS
from drivers.ihe_pcd.channels import UNIT_REFIDS, UNIT_TEXTS, VENDOR_UNITS
from drivers.vocabulary import Metric, Reason, units_of

UNKNOWN: Final = ""  # not the metric's usual unit, which None stands for
_BY_NUMBER: Final = UNITS | VENDOR_UNITS
_REFID: Final = "MDC_DIM_"
_SCALES: Final = frozenset({"KILO", "CENTI", "MILLI", "MICRO", "NANO", "HR", "MIN", "SEC", "DAY"})
_UCUM: Final = re.compile(r"[A-Za-z0-9/.%\[\]{}*^'_-]{1,32}", re.ASCII)

# Parameters that come in one of these are never said in another, so that a sender may leave the unit out.
_SELF_EVIDENT: Final = frozenset({"/min", "%", "1"})


class Unit(NamedTuple):
    """A unit as a `Reading` has it, and what is wrong with it."""

    ucum: str | None
    doubt: Reason | None = None


@lru_cache(maxsize=4096)
def unit_of(field: str, metric: Metric) -> Unit:
    """Say what an OBX-6 means for a metric."""
    usual = units_of(metric)
    claims = _claims(field)
    if len(claims) > 1:
        return Unit(claims[0], Reason.UNIT_CONFLICT)
    if claims:
        return Unit(None if usual == (claims[0],) else claims[0])
    if not usual or (not field and _SELF_EVIDENT.issuperset(usual)):
        return Unit(None)
    return Unit(UNKNOWN, Reason.UNIT_UNKNOWN)


def _claims(field: str) -> list[str]:
    """List the different units that a field names, the number's first."""
    parts = [part.strip() for part in field.split("^", 6)[:6]]
    parts += [""] * (6 - len(parts))
    claims: dict[str, None] = {}
    for code, name, system in (parts[:3], parts[3:]):
        by_number = _BY_NUMBER.get(int(code)) if system in ("MDC", "") and re.fullmatch("[0-9]{6}", code) else None
        by_refid = UNIT_REFIDS.get(name.removeprefix(_REFID)) if name.startswith(_REFID) else None
        known = [by_number, by_refid, *(UNIT_TEXTS.get(text.lower()) for text in (code, name))]
        if system == "UCUM" and not any(known) and _UCUM.fullmatch(code):
            known.append(code)
        if by_number and not by_refid and name.startswith(_REFID) and not _is_same_scale(name, by_number):
            known.append(f"?{name}")
        claims |= dict.fromkeys(claim for claim in known if claim)
    return list(claims)


def _is_same_scale(refid: str, ucum: str) -> bool:
    """Hold a REFID that isn't in the table against those that are: milli and micro, hour and minute must agree."""
    known = [_scale(name) for name, unit in UNIT_REFIDS.items() if unit == ucum]
    return not known or _scale(refid) in known


def _scale(refid: str) -> frozenset[str]:
    return _SCALES & frozenset(refid.split("_"))
