"""What a gateway says, as a monitor hears it: code of its own, so that it can't share a mistake with the driver.

The public command set only starts and stops transmission. Whatever else stands in a good frame is taken for a write.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_LONGEST: Final = 4096  # no request comes near; more is noise
_HEADER: Final = 40


@dataclass(frozen=True, slots=True)
class NumericsOrder:
    """Send numerics: each interval, once (-1) or no more (0)."""

    level: int
    record_type: int
    interval_s: int
    classes: int


@dataclass(frozen=True, slots=True)
class WavesOrder:
    """Send these waves (0), or no more (1)."""

    level: int
    command: int
    kinds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AlarmsOrder:
    """Send the alarms once (0), or on change (2), or not on change any more (3)."""

    level: int
    command: int


@dataclass(frozen=True, slots=True)
class Noise:
    """What is no order, and whether it was a good frame all the same."""

    reason: str
    is_frame: bool = False


Heard = NumericsOrder | WavesOrder | AlarmsOrder | Noise


class Ear:
    """Cuts a byte stream into orders and noise."""

    def __init__(self) -> None:
        self._inside: bytearray | None = None

    def hear(self, data: bytes) -> Iterator[Heard]:
        """Take bytes in; give back what they completed."""
        for byte in data:
            if byte == 0x7E:
                if self._inside:
                    yield _order(bytes(self._inside))
                self._inside = bytearray()
            elif self._inside is None:
                yield Noise(f"byte {byte:02X} outside of a frame")
            elif len(self._inside) < _LONGEST:
                self._inside.append(byte)


def _order(inside: bytes) -> Heard:
    plain = bytearray()
    is_escaped = False
    for byte in inside:
        if byte == 0x7D and not is_escaped:
            is_escaped = True
            continue
        plain.append(byte | 0x20 if is_escaped else byte)
        is_escaped = False
    payload = bytes(plain[:-1])
    if is_escaped or sum(payload) % 256 != plain[-1]:
        return Noise("wrong checksum")
    if len(payload) < _HEADER or int.from_bytes(payload[:2], "little") != len(payload):
        return Noise("wrong length")
    return _meaning(payload)


def _meaning(payload: bytes) -> Heard:
    level, main_type, first, body = payload[3], _word(payload, 14), payload[16:19], payload[_HEADER:]
    if first != b"\0\0\0" or payload[21] != 0xFF:
        return Noise("not one subrecord of type 0", is_frame=True)
    if main_type == 0 and len(body) == 9 and body[0] in (1, 2, 3, 4):
        return NumericsOrder(level, body[0], _word(body, 1), int.from_bytes(body[3:7], "little"))
    if main_type == 1 and len(body) == 32 and _word(body, 0) in (0, 1, 2):
        return WavesOrder(level, _word(body, 0), tuple(body[4:12].partition(b"\xff")[0]))
    if main_type == 4 and len(body) == 12 and _word(body, 0) in (0, 2, 3):
        return AlarmsOrder(level, _word(body, 0))
    return Noise(f"main type {main_type} with {len(body)} bytes: {body[:4].hex(' ')}", is_frame=True)


def _word(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 2], "little", signed=True)
