"""A dialect's ways to say that there is no value, where numbers and flags alone don't give them away."""

from datetime import datetime
from typing import Final

from drivers.api import Reading
from drivers.common.hl7 import values
from drivers.ihe_pcd.dialects import Dialect
from drivers.ihe_pcd.groups import Group
from drivers.ihe_pcd.rows import Row
from drivers.vocabulary import Reason, Validity

_ABSENT: Final = (Validity.ABSENT, Reason.NOT_AVAILABLE)


def sift(group: Group, dialect: Dialect) -> None:
    """Take out of a group what isn't a value in this dialect, and doubt what may be none."""
    group.rows = [_sifted(row, dialect, group.time) for row in group.rows]
    group.special = [row for row in group.rows if not row.is_plain]
    group.is_sifted = True


def _sifted(row: Row, dialect: Dialect, time: datetime | None) -> Row:
    reading = row.reading
    if reading is None or reading.value is None:
        return row
    said = values.number(reading.value).value if isinstance(reading.value, str) else reading.value
    if said in dialect.nothing:
        validity, reason = _ABSENT
        return row._replace(reading=reading._replace(value=None, validity=validity, reason=reason))
    if said in dialect.doubtful:
        return row._replace(reading=_doubted(reading, Reason.OTHER))
    if row.parameter.is_episodic and not dialect.says_cuff_time and row.time == time:
        return row._replace(reading=_doubted(reading, Reason.AGE_UNKNOWN))
    return row


def _doubted(reading: Reading, reason: Reason) -> Reading:
    """Keep the value; a doubt that it had before weighs more."""
    if reading.validity is not Validity.VALID:
        return reading
    return reading._replace(validity=Validity.QUESTIONABLE, reason=reason)
