"""The pump's answers as readings."""

import re
from functools import lru_cache
from typing import Final

from drivers.api import Reading
from drivers.baxter_as50.channels import METRICS, RATE, STATUS
from drivers.vocabulary import InfusionState, Metric, Reason, Validity

_NUMBER: Final = re.compile(r"-?[0-9]{1,5}(?:\.[0-9]{1,4})?")
_UNIT: Final = ""  # the answer names none


@lru_cache(maxsize=256)
def rate(raw: str) -> tuple[Reading, ...]:
    """Give what a PRIRATE answer says: never that something flows."""
    state = Reading(Metric.INFUSION_STATE, InfusionState.UNKNOWN, name=RATE, raw=raw)
    return state, _number(raw)


def status(text: str) -> Reading:
    """Give the status answer as it is: its fields are not known."""
    value = text.removeprefix(STATUS).removeprefix("=").strip()
    if not value:
        return Reading(Metric.UNMAPPED, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, STATUS, text)
    return Reading(Metric.UNMAPPED, value, name=STATUS, raw=text)


def refused(name: str, text: str) -> Reading:
    """Give what there is when the pump refuses an answer."""
    return Reading(METRICS[name], None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, name, text)


def _number(raw: str) -> Reading:
    metric = METRICS[RATE]
    if not raw.strip():
        return Reading(metric, None, _UNIT, Validity.ABSENT, Reason.NOT_AVAILABLE, RATE, raw)
    if not _NUMBER.fullmatch(raw.strip()):
        return Reading(metric, None, _UNIT, Validity.INVALID, Reason.NOT_A_NUMBER, RATE, raw)
    value = float(raw)
    reason = Reason.UNIT_UNKNOWN if value >= 0 else Reason.IMPLAUSIBLE
    return Reading(metric, value, _UNIT, Validity.QUESTIONABLE, reason, RATE, raw)
