"""What MEDIBUS records say, in canonical words."""

import re
from functools import lru_cache
from typing import Final

from drivers.api import Alarm, Identity, Reading
from drivers.medibus.channels import BELLS, CHANNELS, MANUFACTURER, UNLISTED, Channel
from drivers.medibus.codec import Alarms, Measured
from drivers.vocabulary import Metric, Reason, Validity

_NUMBER: Final = re.compile(r" *(-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)) *")
_NOTHING: Final = re.compile(r"[ .\-]*")
_IDENTIFICATION: Final = re.compile(r"([0-9A-Za-z]{4})'([^']{0,64})'([ -~]{0,64})")


def readings(said: Measured) -> list[Reading]:
    """Give one reading for each record, in the device's order."""
    return [reading(said.page, code, text) for code, text in said.values]


@lru_cache(maxsize=16_384)
def reading(page: int, code: str, text: str) -> Reading:
    """Say one record; blanks and dashes are no value."""
    channel = CHANNELS.get(code) if page == 1 else None
    name = f"{code} {channel.words}" if channel else f"{code} (page {page})"
    metric, unit = (channel.metric, channel.unit) if channel else (Metric.UNMAPPED, None)
    if _NOTHING.fullmatch(text):
        return Reading(metric, None, unit, Validity.ABSENT, Reason.NOT_AVAILABLE, name, text)
    if channel is None:
        return Reading(metric, text.strip(), unit, name=name, raw=text)
    return _number(channel, name, text)


def _number(channel: Channel, name: str, text: str) -> Reading:
    found = _NUMBER.fullmatch(text)
    if not found:
        return Reading(channel.metric, None, channel.unit, Validity.INVALID, Reason.NOT_A_NUMBER, name, text)
    value = float(found[1]) if "." in found[1] else int(found[1])
    if not channel.least <= value <= channel.most:
        return Reading(channel.metric, None, channel.unit, Validity.INVALID, Reason.IMPLAUSIBLE, name, text)
    validity = Validity.QUESTIONABLE if channel.doubt else Validity.VALID
    return Reading(channel.metric, value, channel.unit, validity, channel.doubt, name, text)


def alarms(said: Alarms) -> tuple[Alarm, ...]:
    """List what one page shows."""
    return tuple(_alarm(said.page, *record) for record in said.records)


@lru_cache(maxsize=1_024)
def _alarm(page: int, priority: str, code: str, text: str) -> Alarm:
    """What the priority's character stands for is not documented: it is kept in `raw` only."""
    bell = BELLS.get(code, UNLISTED) if page == 1 else UNLISTED
    return Alarm(bell.code, text.strip(), source=bell.source, raw=f"page {page}: {priority}{code}{text}")


def identity(data: bytes) -> Identity:
    """Say who the device is: `0161'Evita4'01.03:06.00`."""
    found = _IDENTIFICATION.fullmatch(data.decode("ascii", "replace"))
    number, name, version = found.groups() if found else ("", "", "")
    model = f"{name.strip()} ({number})" if found else ""
    return Identity(manufacturer=MANUFACTURER, model=model, firmware=version.strip(), dialect="MEDIBUS")
