"""A pump's answers as readings."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from drivers.api import Reading
from drivers.fresenius_vial.channels import CHANNELS, INVENTORY, MASK, Channel
from drivers.fresenius_vial.codec import MODULES
from drivers.vocabulary import InfusionState, Metric, Reason, Validity

_HEX: Final = re.compile(r"[0-9A-Fa-f]{1,12}")
_VARIABLE: Final = re.compile(r"([a-z])([!-:<-}]*)")  # a letter and its text


@lru_cache(maxsize=1024)  # most answers repeat the one before
def variables(text: str) -> dict[str, str] | None:
    """Take an answer apart; None: it holds something else than variables, or one of them twice."""
    parts = [_VARIABLE.fullmatch(part) for part in text.split(";")]
    said = {part[1]: part[2] for part in parts if part}
    return said if len(said) == len(parts) else None


@lru_cache(maxsize=1024)
def readings(text: str) -> tuple[Reading, ...]:
    """Give what an answer says of a pump."""
    said = variables(text) or {}
    return tuple(reading for letter, raw in said.items() if letter not in INVENTORY for reading in _say(letter, raw))


def modules(text: str) -> tuple[str, ...] | None:
    """Give the addresses of the modules that a base holds; None: it doesn't say."""
    mask = (variables(text) or {}).get(MASK, "")
    if not _HEX.fullmatch(mask) or int(mask, 16) >= 1 << len(MODULES):
        return None
    return tuple(address for bit, address in enumerate(MODULES) if int(mask, 16) >> bit & 1)


def drug(text: str | None) -> Reading:
    """Give the drug's name as the pump writes it."""
    name = (text or "").strip()
    if not name:
        return Reading(Metric.DRUG_NAME, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, "LP")
    return Reading(Metric.DRUG_NAME, name, name="LP", raw=text or "")


def _say(letter: str, raw: str) -> Iterator[Reading]:
    if not (channel := CHANNELS.get(letter)):
        yield _unmapped(letter, raw)
        return
    number = _number(channel, letter, raw)
    if channel.metric is Metric.INFUSION_RATE:
        yield _state(number)
    yield number


def _unmapped(letter: str, raw: str) -> Reading:
    if not raw:
        return Reading(Metric.UNMAPPED, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, letter)
    return Reading(Metric.UNMAPPED, raw, name=letter, raw=raw)


def _number(channel: Channel, letter: str, raw: str) -> Reading:
    if not raw:
        return Reading(channel.metric, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, letter)
    if not _HEX.fullmatch(raw):
        return Reading(channel.metric, None, None, Validity.INVALID, Reason.NOT_A_NUMBER, letter, raw)
    value = int(raw, 16) / channel.parts
    if value > channel.highest:
        return Reading(channel.metric, value, None, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE, letter, raw)
    return Reading(channel.metric, value, name=letter, raw=raw)


def _state(rate: Reading) -> Reading:
    """A rate above 0 shows that it pumps; 0 looks alike for stopped, paused, KVO and alarm."""
    is_pumping = rate.validity is Validity.VALID and isinstance(rate.value, float) and rate.value > 0
    state = InfusionState.INFUSING if is_pumping else InfusionState.UNKNOWN
    return Reading(Metric.INFUSION_STATE, state.value, name=rate.name, raw=rate.raw)
