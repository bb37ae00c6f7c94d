"""The pump's answers as readings."""

from functools import lru_cache

from drivers.api import Alarm, Identity, Reading, Report
from drivers.new_era.channels import ALARMS, INFUSES, REFUSAL, SHAPES, STATES, UNITS
from drivers.new_era.codec import Answer
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity


def verb_of(data: str) -> str:
    """Say what an answer's data answer, by their shape; empty: nothing that is known."""
    return next((shape.verb for shape in SHAPES if shape.pattern.fullmatch(data)), "")


def is_refusal(data: str) -> bool:
    """Say whether the pump doesn't know or doesn't take what was asked."""
    return REFUSAL.fullmatch(data) is not None


def report(answer: Answer) -> Report:
    """Give what an answer says. Its status speaks for all alarms: there is one or none."""
    state = STATES.get(answer.status, InfusionState.UNKNOWN)
    said = Reading(Metric.INFUSION_STATE, state, name="status", raw=answer.status)
    return Report([said, *_flow(answer), *_values(answer.data)], alarms=_alarms(answer.status))


def _flow(answer: Answer) -> tuple[Reading, ...]:
    """A phase's rate is what flows while the same answer says that the pump infuses."""
    if answer.status != INFUSES or verb_of(answer.data) != "RAT":
        return ()
    number, unit = _parts("RAT", answer.data)
    return (_figure(Metric.INFUSION_RATE, number, unit, "RAT", answer.data),)


def identity(data: str) -> Identity:
    """Give what an answer to VER says."""
    model, firmware = _parts("VER", data)
    return Identity(manufacturer="New Era", model=model, firmware=firmware)


def _alarms(status: str) -> tuple[Alarm, ...]:
    if status in STATES:
        return ()
    return (ALARMS.get(status) or Alarm(AlarmCode.UNKNOWN, status, raw=status),)


@lru_cache(maxsize=4096)
def _values(data: str) -> tuple[Reading, ...]:
    verb = verb_of(data)
    parts = _parts(verb, data)
    match verb:
        case "RAT":
            return (_figure(Metric.INFUSION_RATE_SET, parts[0], parts[1], "RAT", data),)
        case "VOL":
            return (_to_be_infused(parts[0], parts[1], data),)
        case "DIS":
            infused, withdrawn, unit = parts
            return (
                _figure(Metric.VOLUME_INFUSED, infused, unit, "DIS", data),
                _figure(Metric.UNMAPPED, withdrawn, unit, "DIS withdrawn", data),
            )
        case "DIR":
            return (Reading(Metric.UNMAPPED, data, name="DIR", raw=data),)
        case "PHN":
            return (Reading(Metric.UNMAPPED, int(data), name="PHN", raw=data),)
        case "DIA":
            return (Reading(Metric.UNMAPPED, float(data), "mm", name="DIA", raw=data),)
        case _:
            return ()


def _to_be_infused(number: str, unit: str, data: str) -> Reading:
    """A volume of 0 is a pump without an end."""
    said = _figure(Metric.VOLUME_TO_BE_INFUSED, number, unit, "VOL", data)
    return said if said.value else said._replace(value=None, validity=Validity.ABSENT, reason=Reason.NOT_IN_USE)


def _figure(metric: Metric, number: str, unit: str, name: str, raw: str) -> Reading:
    return Reading(metric, float(number), UNITS[unit], name=name, raw=raw)


def _parts(verb: str, data: str) -> tuple[str, ...]:
    found = next((shape.pattern.fullmatch(data) for shape in SHAPES if shape.verb == verb), None)
    return found.groups() if found else ()
