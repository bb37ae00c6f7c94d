"""Replies as readings."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from drivers.api import Alarm, Identity, Reading, Report
from drivers.bbraun_dianet.channels import (
    ALARMS,
    BOLUS,
    CHANNELS,
    CONSUMED,
    DOSES,
    DRIVE_MOVES,
    DRUG,
    INTERNATIONAL,
    KVO,
    MAINS,
    NO_UNIT,
    PER,
    PER_MASK,
    QUANTITIES,
    QUANTITY_MASK,
    RUNNING,
    SERIAL_BITS,
    STANDBY,
    STATES,
    TEXTS,
    THOUSANDTHS,
    TIME_MASK,
    TIMES,
    TYPES,
    Channel,
    Dose,
)
from drivers.bbraun_dianet.codec import LAYOUTS, UNASSIGNED, Reply, Segment, fields
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity

_LONGEST_NUMBER: Final = 4  # bytes; what is longer is text or not taken apart
_FLOW: Final = RUNNING | BOLUS | KVO


def key(reply: Reply) -> str:
    """Give a pump's key on the line: its address, none without one."""
    return "" if reply.address == UNASSIGNED else chr(reply.address)


def identity(reply: Reply) -> Identity:
    """Say who an IDENT reply comes from."""
    said = fields(Segment.IDENT, reply.data)
    number, version = _number(said["identnr"]), _number(said["protovers"])
    return Identity(
        device=key(reply),
        manufacturer="B. Braun",
        model="" if number is None else TYPES.get(number >> SERIAL_BITS, f"type {number >> SERIAL_BITS}"),
        serial="" if number is None else str(number & ((1 << SERIAL_BITS) - 1)),
        firmware=_text(said["swvers"]),
        dialect="Dianet Star" if version is None else f"Dianet Star {version:04X}",
    )


@lru_cache(maxsize=4096)
def report(reply: Reply) -> Report:
    """Give what a reply says of the infusion, or what time it is there."""
    segment = Segment(reply.segment)
    said = fields(segment, reply.data)
    if segment is Segment.IDENT:
        return Report(_unasked(reply), key(reply), device_time=_clock(said["unixtime"]))
    if segment is Segment.STATUS:
        return Report(_status(said), key(reply), alarms=_alarms(said["alarm"]))
    return Report(list(_readings(segment, said)), key(reply))


def _unasked(reply: Reply) -> list[Reading]:
    """A pump that can't be asked more than who it is says nothing of its infusion: that is what stands there."""
    if reply.address != UNASSIGNED:
        return []
    return [Reading(Metric.INFUSION_STATE, InfusionState.UNKNOWN.value, name=Segment.IDENT.name, raw=_hex(reply.data))]


def _status(said: dict[str, bytes]) -> list[Reading]:
    """A rate above 0 of a pump that says it doesn't run is no flow."""
    bits, rate = _number(said["zustand"]), _number(said["rate"])
    others = list(_readings(Segment.STATUS, said))
    if bits is None:
        return [
            Reading(Metric.INFUSION_STATE, InfusionState.UNKNOWN.value, name="zustand", raw=_hex(said["zustand"])),
            *others,
        ]
    if rate and not bits & _FLOW:
        others = [_doubt(r, Reason.IMPLAUSIBLE) if r.metric is Metric.INFUSION_RATE else r for r in others]
    raw = _hex(said["zustand"])
    power = "mains" if bits & MAINS else "battery"
    return [
        Reading(Metric.INFUSION_STATE, _state(bits, rate).value, name="zustand", raw=raw),
        Reading(Metric.POWER_STATE, power, name="zustand", raw=raw),
        *others,
    ]


def _state(bits: int, rate: int | None) -> InfusionState:
    if bits & _FLOW and bits & (STANDBY | DRIVE_MOVES):
        return InfusionState.UNKNOWN
    state = next((state for mask, state in STATES if bits & mask), InfusionState.STOPPED)
    is_contradicted = rate == 0 if state is InfusionState.INFUSING else bool(rate) and not bits & _FLOW
    return InfusionState.UNKNOWN if is_contradicted else state


@lru_cache(maxsize=256)
def _alarms(raw: bytes) -> tuple[Alarm, ...] | None:
    if (bits := _number(raw)) is None:
        return None
    found = [bit for bit in range(32) if bits >> bit & 1]
    rows = [(bit, *ALARMS.get(bit, (AlarmCode.UNKNOWN, f"alarm bit {bit:02X}", None))) for bit in found]
    return tuple(Alarm(code, text, priority, raw=f"{1 << bit:08X}") for bit, code, text, priority in rows)


def _readings(segment: Segment, said: dict[str, bytes]) -> Iterator[Reading]:
    for name in LAYOUTS[segment]:
        if channel := CHANNELS.get((segment, name)):
            yield _figure(channel, name, said[name])
        elif dose := DOSES.get((segment, name)):
            yield _dose(dose, name, said[name], said[dose.unit_field])
        elif name in TEXTS:
            yield _words(Metric.DRUG_NAME if (segment, name) == DRUG else Metric.UNMAPPED, name, said[name])
        elif name not in CONSUMED:
            yield _unmapped(name, said[name])


def _figure(channel: Channel, name: str, raw: bytes) -> Reading:
    if (number := _number(raw)) is None:
        return Reading(channel.metric, None, channel.unit, Validity.ABSENT, Reason.NOT_AVAILABLE, name, _hex(raw))
    value = number / channel.parts
    said = Reading(channel.metric, value, channel.unit, name=name, raw=_hex(raw))
    return _doubt(said, Reason.IMPLAUSIBLE) if value > channel.highest else said


def _dose(dose: Dose, name: str, raw: bytes, unit_raw: bytes) -> Reading:
    code, both = unit_raw[0], _hex(raw + unit_raw)
    if (number := _number(raw)) is None or code in NO_UNIT:
        return Reading(dose.metric, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, name, both)
    if (unit := _unit(code)) is None:
        value = number / THOUSANDTHS
        return _doubt(Reading(dose.metric, value, "", name=name, raw=both), Reason.UNIT_UNKNOWN)
    if code & QUANTITY_MASK == INTERNATIONAL:
        return _doubt(Reading(dose.metric, float(number), unit, name=name, raw=both), Reason.OTHER)
    return Reading(dose.metric, number / THOUSANDTHS, unit, name=name, raw=both)


def _unit(code: int) -> str | None:
    quantity = QUANTITIES.get(code & QUANTITY_MASK)
    per, time = PER.get(code & PER_MASK), TIMES.get(code & TIME_MASK)
    return None if quantity is None or per is None or time is None else f"{quantity}{per}{time}"


def _unmapped(name: str, raw: bytes) -> Reading:
    """A number as it stands; bits, and what isn't taken apart, as hex."""
    number = _number(raw)
    if number is None and len(raw) <= _LONGEST_NUMBER:
        return Reading(Metric.UNMAPPED, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, name, _hex(raw))
    is_number = number is not None and name != "zustand"
    return Reading(Metric.UNMAPPED, str(number) if is_number else _hex(raw), name=name, raw=_hex(raw))


def _words(metric: Metric, name: str, raw: bytes) -> Reading:
    if text := _text(raw):
        return Reading(metric, text, name=name, raw=_hex(raw))
    return Reading(metric, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, name, _hex(raw))


def _doubt(reading: Reading, reason: Reason) -> Reading:
    return reading._replace(validity=Validity.QUESTIONABLE, reason=reason) if reading.reason is None else reading


def _number(raw: bytes) -> int | None:
    if len(raw) > _LONGEST_NUMBER or raw == b"\xff" * len(raw):
        return None
    return int.from_bytes(raw, "big")


def _text(raw: bytes) -> str:
    """Text is padded with blanks, or with FF where there is none; its character set is not documented."""
    text = raw.replace(b"\xff", b" ").decode("latin-1")
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _hex(raw: bytes) -> str:
    return raw.hex().upper()


def _clock(raw: bytes) -> datetime | None:
    seconds = _number(raw)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
