"""Limits of what a device may say: whatever it calls a text, messages stay small and states bounded."""

import hashlib
from collections import Counter
from dataclasses import asdict, replace
from typing import Final

from drivers.api import Alarm, Identity, Report
from gateway.alarms import ALARMS_LIMIT

TEXT_LIMIT: Final = 4096  # characters; no device of any manual says more in one value
SOURCE_LIMIT: Final = 128  # characters of a channel's name, by which states are kept


def short(text: str) -> str:
    """Keep a message small and writable, whatever a device calls a text."""
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def channel(text: str) -> str:
    """Keep a channel's name short enough to keep states by, and still a name of its own."""
    if len(text) <= SOURCE_LIMIT:
        return short(text)
    digest = hashlib.blake2s(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return short(f"{text[: SOURCE_LIMIT - 17]}…{digest}")


def bounded(report: Report, counters: Counter[str]) -> Report:
    """Shorten what states would keep."""
    if not report.alarms:
        for reading in report.readings:  # no generator: this runs for every message
            if len(reading.source) > SOURCE_LIMIT:
                break
        else:
            return report
    readings = [reading._replace(source=channel(reading.source)) for reading in report.readings]
    if report.alarms is None:
        return replace(report, readings=readings)
    if (over := len(report.alarms) - ALARMS_LIMIT) > 0:
        counters["alarms left out"] += over
    return replace(report, readings=readings, alarms=tuple(map(_bounded_alarm, report.alarms[:ALARMS_LIMIT])))


def _bounded_alarm(alarm: Alarm) -> Alarm:
    return alarm._replace(text=short(alarm.text), source=channel(alarm.source), raw=short(alarm.raw))


def bounded_identity(said: Identity) -> Identity:
    """Shorten what stands in every status."""
    return Identity(**{name: short(text) for name, text in asdict(said).items()})
