"""All that may be said to the monitor. Each request starts, stops or asks for transmission; none changes the monitor.

header 40, its list naming one subrecord of type 0 | numerics: record type u8, interval i16, classes u32, i16 0
                                                   | waves: command i16, i16 0, 8 types ended by FF, ten i16 0
                                                   | alarms: command i16, five i16 0
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from drivers.api import Purpose, Request
from drivers.ge_dri.codec import ALARM, DISPLAYED, END, HEADER, MOST_SUBRECORDS, PHYSIOLOGY, WAVE
from drivers.ge_dri.framing import MARK, unwrap, wrap

# Some monitors answer only a request that carries their own level, others take 0: 0 first, then the newest downwards.
LEVELS: Final = (0, 11, 10, 9, 8, 7)
SLOWEST_S: Final = 60
CLASS_BITS: Final = {"basic": 0, "ext1": 2, "ext2": 4, "ext3": 8}  # bit 0 set would deny the basic class
_ALL_CLASSES: Final = sum(CLASS_BITS.values())

# Samples per second of the waves whose rate is known. FLOW, P5 to P8, VOL, BIS and the second PLETH are not asked for.
WAVE_RATES: Final = {
    **dict.fromkeys((1, 2, 3), 300),  # ECG
    **dict.fromkeys((4, 5, 6, 7), 100),  # P1 to P4
    8: 100,  # PLETH
    **dict.fromkeys((9, 10, 11, 12, 13, 15), 25),  # CO2, O2, N2O, AA, AWP, RESP
    **dict.fromkeys((18, 19, 20, 21), 100),  # EEG
    22: 500,  # ECG12
    32: 100,  # entropy
    39: 100,  # RESP
}
MOST_SAMPLES_S: Final = 600
MOST_WAVES: Final = 7  # the monitor's limit is 8, but then no FF would end the list

_NUMERICS: Final = Struct("<BhIh")
_WAVES: Final = Struct("<hh8s20x")
_ALARMS: Final = Struct("<h10x")
_START, _STOP = 0, 1
_SEND_STATUS: Final = 0


@dataclass(frozen=True, slots=True)
class _Leveled(Request):
    """What all requests share."""

    level: int = 0

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"level {self.level}: take one of {LEVELS}")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _request(self.level, *self._body())

    def _body(self) -> tuple[int, bytes]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class StartNumerics(_Leveled):
    """Ask for displayed values each interval."""

    interval_s: int = 5
    classes: int = _ALL_CLASSES
    purpose = Purpose.QUERY

    def __post_init__(self) -> None:
        _Leveled.__post_init__(self)
        if not 1 <= self.interval_s <= SLOWEST_S:
            raise ValueError(f"interval_s {self.interval_s}: take 1 to {SLOWEST_S} (5 is the documented minimum)")
        if self.classes & ~_ALL_CLASSES:
            raise ValueError(f"classes {self.classes:#x}: take bits out of {_ALL_CLASSES:#x} only")

    def _body(self) -> tuple[int, bytes]:
        return PHYSIOLOGY, _NUMERICS.pack(DISPLAYED, self.interval_s, self.classes, 0)


@dataclass(frozen=True, slots=True)
class StopNumerics(_Leveled):
    """End what StartNumerics began."""

    purpose = Purpose.LINK

    def _body(self) -> tuple[int, bytes]:
        return PHYSIOLOGY, _NUMERICS.pack(DISPLAYED, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class StartWaves(_Leveled):
    """Ask for samples of these waves, continuously."""

    kinds: tuple[int, ...] = (8,)
    purpose = Purpose.QUERY

    def __post_init__(self) -> None:
        _Leveled.__post_init__(self)
        if not are_waves(self.kinds):
            raise ValueError(
                f"waves {self.kinds}: take 1 to {MOST_WAVES} known ones, {MOST_SAMPLES_S} samples/s in all"
            )

    def _body(self) -> tuple[int, bytes]:
        return WAVE, _WAVES.pack(_START, 0, bytes([*self.kinds, END]))


@dataclass(frozen=True, slots=True)
class StopWaves(_Leveled):
    """End what StartWaves began."""

    purpose = Purpose.LINK

    def _body(self) -> tuple[int, bytes]:
        return WAVE, _WAVES.pack(_STOP, 0, bytes([END]))


@dataclass(frozen=True, slots=True)
class AskAlarms(_Leveled):
    """Ask once for what the monitor shows as alarms. UNVERIFIED on a serial line."""

    purpose = Purpose.QUERY

    def _body(self) -> tuple[int, bytes]:
        return ALARM, _ALARMS.pack(_SEND_STATUS)


REQUESTS: Final[frozenset[type[Request]]] = frozenset({StartNumerics, StopNumerics, StartWaves, StopWaves, AskAlarms})


def are_waves(kinds: Sequence[int]) -> bool:
    """Say whether these waves may be asked for together."""
    is_known = all(kind in WAVE_RATES for kind in kinds)
    is_few = 1 <= len(kinds) <= MOST_WAVES and len(set(kinds)) == len(kinds)
    return is_known and is_few and sum(WAVE_RATES[kind] for kind in kinds) <= MOST_SAMPLES_S


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are."""
    if not (data.startswith(MARK) and data.endswith(MARK)) or MARK in data[1:-1]:
        return None
    payload = unwrap(data[1:-1])
    if isinstance(payload, str) or len(payload) < HEADER.size:
        return None
    try:
        request = _guess(payload)
    except ValueError:
        return None
    return request if request and request.encode() == data else None


def _guess(payload: bytes) -> Request | None:
    """Give the only request that these bytes can be; whether they are, its own bytes decide."""
    level, body = payload[3], payload[HEADER.size :]
    kind = HEADER.unpack_from(payload)[8], len(body)
    if kind == (PHYSIOLOGY, _NUMERICS.size):
        _, interval_s, classes, _ = _NUMERICS.unpack(body)
        return StartNumerics(level, interval_s, classes) if interval_s else StopNumerics(level)
    if kind == (WAVE, _WAVES.size):
        command, _, kinds = _WAVES.unpack(body)
        return StartWaves(level, tuple(kinds.partition(b"\xff")[0])) if command == _START else StopWaves(level)
    return AskAlarms(level) if kind == (ALARM, _ALARMS.size) else None


def _request(level: int, main_type: int, body: bytes) -> bytes:
    entries = [0, 0, 0, END, *([0, 0] * (MOST_SUBRECORDS - 2))]
    head = HEADER.pack(HEADER.size + len(body), 0, level, 0, 0, 0, 0, 0, main_type, *entries)
    return wrap(head + body)
