"""A batch as readings."""

from dataclasses import replace

from drivers.api import Identity, Reading, Report
from drivers.sapphire.channels import CHANNELS, LEAST_SIZE, RATE, SERIAL_NUMBER, SOFTWARE, Channel, Field
from drivers.vocabulary import InfusionState, Metric, Reason, Validity


def is_readable(data: bytes) -> bool:
    """Say whether a batch has the layout that is known."""
    return len(data) >= LEAST_SIZE


def rate_of(data: bytes) -> bytes:
    """Give the rate's bytes: what changes them is told at once."""
    return _raw(data, RATE.field)


def agree(before: bytes, data: bytes) -> bool:
    """Say whether two batches are one pump's, one after the other."""
    return (
        len(before) == len(data)
        and identity(before) == identity(data)
        and all(abs(_number(data, c.field) - _number(before, c.field)) <= c.moves for c in CHANNELS)
    )


def doubtful(said: Report) -> Report:
    """Give the same, with no value as valid."""
    return replace(said, readings=[_doubted(reading) for reading in said.readings])


def report(data: bytes) -> Report:
    """Give what a batch says. Its alarms are not known, so none are named and none are denied."""
    return Report([_state(data), *(_reading(data, channel) for channel in CHANNELS)])


def identity(data: bytes) -> Identity:
    """Give who a batch says it is from."""
    serial, software = (
        str(_number(data, field)) if _is_said(data, field) else "" for field in (SERIAL_NUMBER, SOFTWARE)
    )
    return Identity(manufacturer="Q Core", model="Sapphire", serial=serial, firmware=software)


def _doubted(reading: Reading) -> Reading:
    if reading.validity is not Validity.VALID:
        return reading
    return reading._replace(validity=Validity.QUESTIONABLE, reason=Reason.OTHER)


def _state(data: bytes) -> Reading:
    """A rate of 0 doesn't say why: paused, stopped, an alarm and the end look alike. A doubtful one proves nothing."""
    is_flowing = 0 < _number(data, RATE.field) / RATE.per <= RATE.highest
    state = InfusionState.INFUSING if is_flowing else InfusionState.UNKNOWN
    return Reading(Metric.INFUSION_STATE, state, name=RATE.name, raw=_raw(data, RATE.field).hex())


def _reading(data: bytes, channel: Channel) -> Reading:
    raw = _raw(data, channel.field).hex()
    if not _is_said(data, channel.field):
        return Reading(
            channel.metric, None, channel.unit, Validity.INVALID, Reason.IMPLAUSIBLE, channel.name, raw
        )  # fmt: skip
    number = _number(data, channel.field)
    value = number if channel.per == 1 else number / channel.per
    said = Reading(channel.metric, value, channel.unit, name=channel.name, raw=raw)
    if value > channel.highest:
        return said._replace(validity=Validity.QUESTIONABLE, reason=Reason.IMPLAUSIBLE)
    return said


def _is_said(data: bytes, field: Field) -> bool:
    """All bits set is no number of a pump's."""
    return _raw(data, field) != b"\xff" * field.size


def _number(data: bytes, field: Field) -> int:
    return int.from_bytes(_raw(data, field), "little")


def _raw(data: bytes, field: Field) -> bytes:
    return data[field.offset : field.offset + field.size]
