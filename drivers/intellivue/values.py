"""The guide's small types: FLOAT, times in BCD, texts. All numbers are big-endian."""

from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Final

TICKS_PER_S: Final = 8000  # relative time counts eighths of a millisecond
UNKNOWN_TIME: Final = b"\xff" * 8
_MAX_TEXT: Final = 64  # characters; labels have 6, model names a few more
_POWERS: Final = tuple(int("1" + "0" * power) for power in range(7))  # up to which a value stays an integer


class Special(Enum):
    """A FLOAT that is no number."""

    NAN = 0x7FFFFF
    NOT_AT_THIS_RESOLUTION = 0x800000
    RESERVED = 0x800001  # ISO/IEEE 11073-20601; taken for no number
    OVER_RANGE = 0x7FFFFE
    UNDER_RANGE = 0x800002


_SPECIAL: Final = {special.value: special for special in Special}


@lru_cache(maxsize=8192)  # vital signs repeat
def float_value(word: int) -> int | float | Special:
    """Give what a FLOAT means: signed power of ten, signed 24-bit mantissa."""
    mantissa, exponent = word & 0xFFFFFF, word >> 24
    if mantissa in _SPECIAL:
        return _SPECIAL[mantissa]
    mantissa -= (mantissa & 0x800000) << 1
    exponent -= (exponent & 0x80) << 1
    if 0 <= exponent < len(_POWERS):
        return mantissa * _POWERS[exponent]
    return float(f"{mantissa}e{exponent}")


def float_word(value: float | None, digits: int = 0) -> int:
    """Give the FLOAT with so many digits after the point; None: not a number."""
    if value is None:
        return Special.NAN.value
    mantissa = round(value * 10.0**digits)
    return (-digits & 0xFF) << 24 | mantissa & 0xFFFFFF


@lru_cache(maxsize=1024)
def bcd_time(data: bytes) -> datetime | None:
    """Give a time of century, year, month, day, hour, minute, second, hundredths; None: unknown, or no time."""
    digits = data.hex()
    if len(digits) != 16 or not digits.isdigit():
        return None
    try:
        moment = datetime.fromisoformat(f"{digits[:8]}T{digits[8:14]}")
    except ValueError:
        return None
    return moment.replace(microsecond=int(digits[14:]) * 10_000)


def time_bcd(moment: datetime | None) -> bytes:
    """Give the eight bytes of a time."""
    if moment is None:
        return UNKNOWN_TIME
    return bytes.fromhex(f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 10_000:02d}")


@lru_cache(maxsize=4096)
def wide_text(data: bytes) -> str:
    """Give a text in UTF-16 after its length in bytes, without the blanks and the zero it is padded with."""
    size = int.from_bytes(data[:2], "big")
    return _clean(data[2 : 2 + size].decode("utf-16-be", "replace"))


def wide_bytes(text: str) -> bytes:
    """Give a text as the monitor does, with length and closing zero."""
    data = f"{text}\0".encode("utf-16-be")
    return len(data).to_bytes(2, "big") + data


def narrow_texts(data: bytes) -> list[str]:
    """List the texts in eight bits, each after its length, of which an attribute consists."""
    texts: list[str] = []
    at = 0
    while at + 2 <= len(data) and len(texts) < 8:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        texts.append(_clean(data[at + 2 : end].decode("latin-1")))
        at = end
    return texts


def narrow_bytes(text: str) -> bytes:
    """Give a text in eight bits, of even length, after its length."""
    data = text.encode("latin-1") + (b"\0\0" if len(text) % 2 == 0 else b"\0")
    return len(data).to_bytes(2, "big") + data


def _clean(text: str) -> str:
    text = text.partition("\0")[0].strip()[:_MAX_TEXT]
    return "".join(letter for letter in text if letter.isprintable())
