"""Writes PCD messages: hl7apy builds and validates each shape of message once, then only its values are filled in.

A shape holds everything but numbers, times and the control id. hl7apy gets valid stand-ins for those (a number where a
number will stand, a time for a time), so what it has validated stays valid as long as the same kinds of value are
filled in, and `number` and `moment` write nothing else. The tests let hl7apy read filled messages again, and look at
the numbers themselves, as hl7apy doesn't look into OBX-5.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message, Segment
from hl7apy.parser import parse_message

VERSION: Final = "2.6"
STRUCTURE: Final = "ORU_R01"  # hl7apy knows no ORU_R40: of an alarm it validates the segments

_STRICT: Final = VALIDATION_LEVEL.STRICT
_ESCAPES: Final = str.maketrans(
    {"\\": r"\E" "\\", "|": r"\F" "\\", "^": r"\S" "\\", "&": r"\T" "\\", "~": r"\R" "\\", "\r": " ", "\n": " "}
)

# Stand-ins: each is found once in a template; rows are counted from 1.
_CONTROL_ID: Final = "CONTROLID"
_NUMBER: Final = "9{:07d}.25"
_TIME: Final = "1900010100{:04d}+0000"  # row 0: the message's own
_STAND_IN: Final = re.compile(r"(CONTROLID|19000101[0-9]{6}\+0000|9[0-9]{7}\.25)")

_SOME_NUMBER: Final = 0.0
_SOME_TIME: Final = datetime(1900, 1, 1, tzinfo=UTC)


class Obx(NamedTuple):
    """One row. A number is filled in, a text stands as it is in OBX-5; None: no value, and OBX-11 is X."""

    code: str
    place: str
    value: str | float | None = None
    unit: str = ""
    kind: str = "NM"
    flags: str = ""
    time: datetime | None = None
    equipment: str = ""
    digits: int = 0  # of a number, after the point


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the rows."""

    application: str
    trigger: str
    structure: str
    profile: str
    about: str  # OBR-4
    bed: str
    answers: tuple[str, str]  # MSH-15, MSH-16


def write(head: Head, rows: Sequence[Obx], control_id: str, sent_at: datetime) -> bytes:
    """Write one message."""
    said = {_CONTROL_ID: control_id, _TIME.format(0): moment(sent_at)}
    shape: list[Obx] = []
    for place, row in enumerate(rows, start=1):
        if isinstance(row.value, int | float):
            said[_NUMBER.format(place)] = number(row.value, row.digits)
            row = row._replace(value=_SOME_NUMBER, digits=0)
        if row.time is not None:
            said[_TIME.format(place)] = moment(row.time)
            row = row._replace(time=_SOME_TIME)
        shape.append(row)
    return _filled(_template(head, tuple(shape)), said)


def _filled(template: Sequence[str], said: Mapping[str, str]) -> bytes:
    return "".join(said.get(piece, piece) for piece in template).encode()


@lru_cache(maxsize=256)
def _template(head: Head, rows: tuple[Obx, ...]) -> tuple[str, ...]:
    """Build and validate a shape; give literal text and stand-ins in turn. A few milliseconds for each row."""
    segments = [_msh(head), _segment("PID", {3: "UNKNOWN^^^SIMULATED^PI", 5: "^^^^^^U"})]
    segments.append(_segment("PV1", {2: "O", 3: f"INFUSION^^{escape(head.bed)}"}))
    segments.append(_segment("OBR", _obr(head)))
    segments += [_segment("OBX", _obx(place, row)) for place, row in enumerate(rows, start=1)]
    text = "".join(segment + "\r" for segment in segments)
    if head.structure == STRUCTURE:
        parse_message(text, validation_level=_STRICT).validate()
    return tuple(_STAND_IN.split(text))


def _msh(head: Head) -> str:
    msh = Message(STRUCTURE, version=VERSION, validation_level=_STRICT).msh
    said = {
        3: head.application, 4: "SIMULATED", 7: _TIME.format(0), 9: f"ORU^{head.trigger}^{head.structure}",
        10: _CONTROL_ID, 11: "P", 12: VERSION, 15: head.answers[0], 16: head.answers[1], 18: "UNICODE UTF-8",
        21: f"^^{head.profile}^ISO",
    }  # fmt: skip
    return _written(msh, said)


def _obr(head: Head) -> dict[int, str]:
    instance = f"{_CONTROL_ID}^{head.application}"
    return {1: "1", 2: instance, 3: instance, 4: head.about, 7: _TIME.format(0)}


def _obx(place: int, row: Obx) -> dict[int, str]:
    value = _NUMBER.format(place) if isinstance(row.value, int | float) else row.value or ""
    return {
        1: str(place),
        2: row.kind if row.value is not None else "",
        3: row.code,
        4: row.place,
        5: value,
        6: row.unit,
        8: row.flags,
        11: "R" if row.value is not None else "X",
        14: _TIME.format(place) if row.time else "",
        18: row.equipment,
    }


def _segment(name: str, said: Mapping[int, str]) -> str:
    return _written(Segment(name, version=VERSION, validation_level=_STRICT), said)


def _written(segment: Segment, said: Mapping[int, str]) -> str:
    for place, text in said.items():
        if text:
            setattr(segment, f"{segment.name}_{place}".lower(), text)
    segment.validate()
    return str(segment.to_er7())


def number(value: float, digits: int) -> str:
    """Write a number as NM has it."""
    return f"{value:.{digits}f}"


def moment(time: datetime) -> str:
    """Write a time with seconds and offset, as IHE demands."""
    return time.strftime("%Y%m%d%H%M%S%z")


def escape(text: str) -> str:
    """Write free text so that it holds no separator."""
    return text.translate(_ESCAPES)
