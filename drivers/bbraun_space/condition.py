"""What a pump does, and which alarms it shows: from its flags (INMxx, INAxx) or its bit words, whichever it sends."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from drivers.api import Alarm, Reading
from drivers.bbraun_space.channels import (
    ALARM_BITS,
    ALARM_FLAGS,
    MAINS_BIT,
    MISSING,
    OFF,
    ON_BIT,
    PREALARM_BITS,
    PREALARM_FLAGS,
    STARTED_BIT,
    STATES,
    STOP_BIT,
    StateRow,
)
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Priority, Reason, Validity

Values = Mapping[str, str]

_WORD: Final = re.compile(r"0x([0-9A-Fa-f]{1,8})h")
_DECIMAL: Final = re.compile(r"[0-9]{1,3}")
_DECIDERS: Final = ("INM3", "STATUS1", "RUNSTATE")  # without one of them no state is said


def infusion_state(values: Values) -> Reading | None:
    """Give the state; None: nothing in this answer tells it."""
    if decider := _off(values):
        return _state(InfusionState.OFF, decider, values)
    for row in STATES:
        if decider := _shown_by(row, values):
            return _state(row.state, decider, values)
    return _at_rest(values)


def power_state(values: Values) -> Reading | None:
    """Give mains or battery as STATUS1 says it; the flag INM8 is a channel of its own."""
    status = _word(values, "STATUS1")
    if status is None:
        return None
    text = "mains" if _has(status, MAINS_BIT) else "battery"
    return Reading(Metric.POWER_STATE, text, name="STATUS1", raw=values["STATUS1"])


def alarms(values: Values) -> tuple[Alarm, ...] | None:
    """Give all that are active; None: this answer doesn't say."""
    if _word(values, "ALARM1") is None and not any(_flag(values, name) is not None for name in ALARM_FLAGS):
        return None
    return (
        *_flagged(values, ALARM_FLAGS, None),
        *_flagged(values, PREALARM_FLAGS, Priority.LOW),
        *_set_bits(values, ALARM_BITS, None),
        *_set_bits(values, PREALARM_BITS, Priority.LOW),
    )


def _off(values: Values) -> str:
    if values.get("DSSTATUS") == OFF:
        return "DSSTATUS"
    status = _word(values, "STATUS1")
    return "STATUS1" if status is not None and not _has(status, ON_BIT) else ""


def _shown_by(row: StateRow, values: Values) -> str:
    if _flag(values, row.flag):
        return row.flag
    if _has(_word(values, "STATUS1"), *row.status):
        return "STATUS1"
    return "RUNSTATE" if _has(_word(values, "RUNSTATE"), *row.run) else ""


def _at_rest(values: Values) -> Reading | None:
    """BCC has no word for paused: a therapy was started and something has been infused."""
    if not (decider := next((name for name in _DECIDERS if name in values), "")):
        return None
    status = _word(values, "STATUS1")
    if status is not None:
        has_run = _has(status, STARTED_BIT) and _is_positive(values.get("INVI", ""))
        return _state(InfusionState.PAUSED if has_run else InfusionState.STOPPED, "STATUS1", values)
    if _flag(values, "INM3") is False:
        return _state(InfusionState.STOPPED, "INM3", values)
    if _has(_word(values, "RUNSTATE"), STOP_BIT):
        return _state(InfusionState.STOPPED, "RUNSTATE", values)
    return _not_told(decider, values[decider])


def _not_told(name: str, raw: str) -> Reading:
    if raw in MISSING:
        return Reading(Metric.INFUSION_STATE, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, name, raw)
    return Reading(Metric.INFUSION_STATE, InfusionState.UNKNOWN, name=name, raw=raw)


def _state(state: InfusionState, decider: str, values: Values) -> Reading:
    return Reading(Metric.INFUSION_STATE, state, name=decider, raw=values[decider])


def _flagged(values: Values, table: Mapping[str, tuple[AlarmCode, str]], priority: Priority | None) -> Iterator[Alarm]:
    for name, (code, text) in table.items():
        if _flag(values, name):
            yield Alarm(code, text, priority, raw=f"{name} {values[name]}")


def _set_bits(
    values: Values, table: Mapping[str, Mapping[int, tuple[AlarmCode, str]]], priority: Priority | None
) -> Iterator[Alarm]:
    for name, meanings in table.items():
        word = _word(values, name) or 0
        for bit in range(1, 32):  # bit 0 means no alarm
            if _has(word, bit):
                code, text = meanings.get(bit, (AlarmCode.UNKNOWN, f"{name} bit {bit}"))
                yield Alarm(code, text, priority, raw=f"{name} bit {bit}")


def _flag(values: Values, name: str) -> bool | None:
    return {"0": False, "1": True}.get(values.get(name, ""))


def _word(values: Values, name: str) -> int | None:
    """RUNSTATE may be decimal or `0x...h`: which of them is not documented."""
    raw = values.get(name, "")
    if found := _WORD.fullmatch(raw):
        return int(found[1], 16)
    return int(raw) if name == "RUNSTATE" and _DECIMAL.fullmatch(raw) else None


def _has(word: int | None, *bits: int) -> bool:
    return word is not None and any(word >> bit & 1 for bit in bits)


def _is_positive(raw: str) -> bool:
    return any(digit in raw for digit in "123456789") and not raw.startswith("-")
