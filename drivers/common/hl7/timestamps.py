"""HL7 timestamps (DTM), as the standard has them and as devices write them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

# YYYYMMDDHHMM[SS[.SSSS]][+ZZZZ]; and 17 digits, with milliseconds but no dot (Mindray). Coarser ones tell no moment.
_DTM: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:\.(\d{1,6})\d{0,6}|(\d{3}))?)?([+-])?(?(9)(\d\d)([0-5]\d))", re.ASCII
)
_LONGEST: Final = 32


def parse(text: str) -> datetime | None:
    """Read a timestamp; naive where it says no offset, None where there is no time (empty, zeros, no such day)."""
    return _parse(text) if 12 <= len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _parse(text: str) -> datetime | None:
    found = _DTM.fullmatch(text)
    if found is None:
        return None
    *parts, second, fraction, milliseconds, sign, hours, minutes = found.groups()
    year, month, day, hour, minute = (int(part) for part in parts)
    micros = int((fraction or milliseconds or "").ljust(6, "0"))
    try:
        zone = _zone(sign, hours, minutes) if sign else None
        return datetime(year, month, day, hour, minute, int(second or 0), micros, zone)
    except ValueError:
        return None


def _zone(sign: str, hours: str, minutes: str) -> timezone:
    """-0000 says that UTC is known and the local offset isn't: UTC all the same."""
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset) if offset else UTC


def of(moment: datetime) -> str:
    """Write a moment with seconds and, where it is known, the offset, as IHE demands."""
    return moment.strftime("%Y%m%d%H%M%S%z")


@lru_cache(maxsize=4)
def of_second(second: int) -> str:
    """Write a second of UTC."""
    return of(datetime.fromtimestamp(second, UTC))
