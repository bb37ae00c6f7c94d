"""Numerics as readings: each with the validity of its own state and FLOAT."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from drivers.api import Code, Reading
from drivers.intellivue.channels import (
    DISOWNED,
    DOUBTED,
    EARLY,
    EPISODIC,
    ONGOING,
    SCADA,
    TEST,
    Attribute,
    Mark,
    metric_of,
    unit_of,
)
from drivers.intellivue.export import Attributes, Observed
from drivers.intellivue.values import Special, bcd_time, float_value, wide_text
from drivers.vocabulary import TERM_BY_CODE, Reason, Validity

_VALUE: Final = Struct(">HHHI")  # identifier, state, unit, FLOAT
_EPISODIC: Final = frozenset(identifier.to_bytes(2, "big") for identifier in EPISODIC)
_MAX_NAMES: Final = 512  # handles; a monitor has a hundred or so objects
_NO_NUMBER: Final = {
    Special.NAN: Reason.NOT_A_NUMBER,
    Special.NOT_AT_THIS_RESOLUTION: Reason.NOT_A_NUMBER,
    Special.RESERVED: Reason.NOT_A_NUMBER,
    Special.OVER_RANGE: Reason.OVER_RANGE,
    Special.UNDER_RANGE: Reason.UNDER_RANGE,
}


class Found(NamedTuple):
    """What an answer holds: the patient's values, those that the monitor marks as test or demo, and what was harmed."""

    readings: list[Reading]
    simulated: list[Reading]
    harmed: int


class Numerics:
    """Reads numerics. Remembers labels, which may come once only, and the measurements that were said already."""

    def __init__(self) -> None:
        self._names: dict[tuple[int, int], str] = {}
        self._said: dict[tuple[int, int, bytes], tuple[bytes, Reading]] = {}
        self._measuring: set[tuple[int, int, bytes]] = set()

    def read(self, objects: Iterable[Observed]) -> Found:
        """Read the objects of one answer. An object without a value is not measured, and says nothing."""
        readings: list[Reading] = []
        simulated: list[Reading] = []
        harmed = 0
        for observed in objects:
            values = _values(observed.attributes)
            if not values:
                continue
            name, stamp = self._name(observed), observed.attributes.get(Attribute.VALUE_TIME, b"")
            for value in values:
                if len(value) != _VALUE.size:
                    harmed += 1
                    continue
                said = reading(value, name)
                if stamp or value[:2] in _EPISODIC:
                    key = (observed.context, observed.handle, value[:2])
                    episode = self._episode(key, stamp, value, said)
                    if episode is None:
                        continue
                    said = episode
                (simulated if value[2] & TEST >> 8 else readings).append(said)
        return Found(readings, simulated, harmed)

    def _name(self, observed: Observed) -> str:
        key = (observed.context, observed.handle)
        label = observed.attributes.get(Attribute.LABEL_TEXT)
        if label is not None and (len(self._names) < _MAX_NAMES or key in self._names):
            self._names[key] = wide_text(label)
        return self._names.get(key, "")

    def _episode(self, key: tuple[int, int, bytes], stamp: bytes, value: bytes, said: Reading) -> Reading | None:
        """Say a measurement once; without a time of its own only what was seen to change, or measured, is new."""
        before = self._said.get(key)
        moment = bcd_time(stamp) if stamp else None
        was_measured = self._has_ended(key, value[3])
        if value[3] & EARLY:
            return None
        if value[3] & ONGOING:
            said = reading(value[:3] + bytes((value[3] & ~ONGOING,)) + value[4:], said.name)._replace(raw=said.raw)
        is_same = before is not None and _meaning(before[1]) == _meaning(said)
        is_again = said.value is not None and (was_measured if moment is None else before is None or before[0] != stamp)
        if is_same and not is_again:
            return None
        if before is not None or len(self._said) < 4 * _MAX_NAMES:
            self._said[key] = (stamp, said)
        if said.value is None:
            return said
        if moment is not None:
            return said._replace(device_time=moment)
        if before is None and not was_measured and said.validity is Validity.VALID:
            return said._replace(validity=Validity.QUESTIONABLE, reason=Reason.AGE_UNKNOWN)
        return said

    def _has_ended(self, key: tuple[int, int, bytes], state: int) -> bool:
        """Say whether a measurement that was seen going on does so no more."""
        if state & (ONGOING | EARLY):
            if len(self._measuring) < 4 * _MAX_NAMES:
                self._measuring.add(key)
            return False
        was_measuring = key in self._measuring
        self._measuring.discard(key)
        return was_measuring


def _meaning(said: Reading) -> tuple[object, ...]:
    return said.value, said.unit, said.validity, said.reason


def _values(attributes: Attributes) -> Sequence[bytes]:
    """Give the values of one object; a compound's stand after count and length, and a rest at its end is harmed."""
    if (value := attributes.get(Attribute.NUMERIC)) is not None:
        return (value,)
    compound = attributes.get(Attribute.COMPOUND_NUMERIC)
    if compound is None:
        return ()
    return [compound[at : at + _VALUE.size] for at in range(4, len(compound), _VALUE.size)]


@lru_cache(maxsize=16_384)  # equal readings are equal tuples, and cost nothing the second time
def reading(data: bytes, name: str) -> Reading:
    """Say one value of ten bytes in canonical words."""
    identifier, state, unit_code, word = _VALUE.unpack(data)
    number = float_value(word)
    unit = unit_of(unit_code)
    code = _code(identifier)
    name = name or f"{identifier:04X}"
    said = Reading(metric_of(identifier), None, unit or "", name=name, raw=data.hex(), source=name, code=code)
    if mark := _first(DISOWNED, state):
        return said._replace(validity=mark.validity, reason=mark.reason)
    if isinstance(number, Special):
        return said._replace(validity=Validity.ABSENT, reason=_NO_NUMBER[number])
    said = said._replace(value=number)
    if mark := _first(DOUBTED, state):
        return said._replace(validity=mark.validity, reason=mark.reason)
    if unit is None:
        return said._replace(validity=Validity.QUESTIONABLE, reason=Reason.UNIT_UNKNOWN)
    return said


def _first(marks: Iterable[Mark], state: int) -> Mark | None:
    return next((mark for mark in marks if state & mark.bits), None)


def _code(identifier: int) -> Code:
    term = TERM_BY_CODE.get(SCADA + identifier)
    return Code(SCADA + identifier, term.refid if term else "")
