"""What to ask a monitor for, and whether its line can carry it."""

from dataclasses import dataclass
from typing import Final

from drivers.ge_dri.codec import CLASSES
from drivers.ge_dri.requests import CLASS_BITS, MOST_SAMPLES_S, MOST_WAVES, SLOWEST_S, WAVE_RATES, are_waves
from drivers.ge_dri.traces import WAVE_NUMBERS

_LINE_BYTES_S: Final = 19_200 // 11  # 8E1: eleven bits for a byte
_RECORD_BYTES: Final = 44  # header, checksum and marks
_BLOCK_BYTES: Final = 278
_WAVE_HEAD_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class DriSettings:
    """What to ask for. The serial line carries 1745 bytes/s, so fast numerics leave less room for waves."""

    interval_s: int = 5  # 1 works in public logs; the document is said to demand 5
    classes: tuple[str, ...] = CLASSES
    waves: tuple[str, ...] = ()  # names as in the link's `waveforms`
    alarms: bool = False  # ask for alarm texts: UNVERIFIED on a serial line

    def __post_init__(self) -> None:
        if not 1 <= self.interval_s <= SLOWEST_S:
            raise ValueError(f"interval_s {self.interval_s}: set it between 1 and {SLOWEST_S} s (5 is usual)")
        if "basic" not in self.classes or not set(self.classes) <= set(CLASSES):
            raise ValueError(f"classes {self.classes}: take basic and any of ext1, ext2, ext3")
        if unknown := [name for name in self.waves if name not in WAVE_NUMBERS]:
            raise ValueError(f"waves {unknown}: take names out of {', '.join(WAVE_NUMBERS)}")
        if self.waves and not are_waves(self.wave_numbers):
            raise ValueError(
                f"waves {self.waves}: at most {MOST_WAVES} different ones, {MOST_SAMPLES_S} samples/s in all"
            )
        if self.bytes_s > _LINE_BYTES_S:
            raise ValueError(
                f"{self.bytes_s:.0f} bytes/s asked for, the line carries {_LINE_BYTES_S}: raise interval_s "
                "or leave out classes or waves"
            )

    @property
    def wave_numbers(self) -> tuple[int, ...]:
        """The waves as the request names them."""
        return tuple(WAVE_NUMBERS[name] for name in self.waves)

    @property
    def class_bits(self) -> int:
        """The classes as the request names them."""
        return sum(CLASS_BITS[name] for name in set(self.classes))

    @property
    def bytes_s(self) -> float:
        """What the line must carry, without escapes."""
        numerics = (_RECORD_BYTES + _BLOCK_BYTES * len(set(self.classes))) / self.interval_s
        waves = sum(2 * WAVE_RATES[number] + _WAVE_HEAD_BYTES for number in self.wave_numbers)
        return numerics + waves + (_RECORD_BYTES if self.waves else 0)
