"""Time on both sides: a gateway clock that never runs backwards unseen, and the estimate of each device's clock.

`received_at` is UTC at start plus the monotonic clock. A step of the system clock (NTP's first correction, an operator,
a suspended machine) re-anchors it and is reported; dialogues keep their own clock, which never steps.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final

STEP_S: Final = 0.5  # a larger difference between wall and monotonic clock is a step, not slewing
STALL_S: Final = 5.0  # what was read after so long a standstill of the gateway is not news
OFFSET_WINDOW: Final = 32  # samples; transport delay makes a device's time look early, so the latest-looking one counts
JUMP_S: Final = 5.0  # a device clock that moves by more than this has been set
JUMP_SAMPLES: Final = 3  # and says so this many times in a row: one late message is no jump


class Clock:
    """UTC seconds: `steady` for dialogues and time-outs, `utc` for what is published."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._anchor = wall() - monotonic()
        self._correction = 0.0
        self._last_beat = monotonic()

    def steady(self) -> float:
        """UTC at start plus the monotonic clock; never steps."""
        return self._anchor + self._monotonic()

    def utc(self, steady: float) -> float:
        """Give the published time of a steady moment."""
        return steady + self._correction

    def beat(self) -> float | None:
        """Call about once a second; gives the size of a clock step (s), if there was one."""
        self._last_beat = self._monotonic()
        step = self._wall() - (self.steady() + self._correction)
        if abs(step) < STEP_S:
            return None
        self._correction += step
        return step

    def is_stalled(self) -> bool:
        """Say whether the gateway stood still: what is read now may have waited for us."""
        return self._monotonic() - self._last_beat > STALL_S


@dataclass(slots=True)
class Jump:
    """A device clock that was set: offsets (s, device minus gateway) before and after."""

    before: float
    after: float


class OffsetEstimator:
    """How far a device's clock is from ours (s, device minus gateway)."""

    def __init__(self, offset: float | None = None) -> None:
        self.offset = offset
        self._samples: deque[float] = deque(maxlen=OFFSET_WINDOW)
        self._strays: list[float] = []

    def take(self, device_utc: float, received_utc: float) -> Jump | None:
        """Take one pair of clocks."""
        sample = device_utc - received_utc
        if self.offset is not None and abs(sample - self.offset) > JUMP_S:
            return self._stray(sample)
        self._strays.clear()
        self._samples.append(sample)
        self.offset = max(self._samples)
        return None

    def _stray(self, sample: float) -> Jump | None:
        """One late message is no jump; a row of messages that agree with each other is."""
        if self._strays and abs(sample - self._strays[-1]) > JUMP_S:
            self._strays.clear()
        self._strays.append(sample)
        if len(self._strays) < JUMP_SAMPLES:
            return None
        jump = Jump(self.offset or 0.0, max(self._strays))
        self._samples.clear()
        self._samples.extend(self._strays)
        self._strays.clear()
        self.offset = jump.after
        return jump


@lru_cache(maxsize=64)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso(utc: float) -> str:
    """Write UTC seconds as the contract does: microseconds and Z."""
    micros = round(utc * 1_000_000)
    return f"{_second(micros // 1_000_000)}.{micros % 1_000_000:06d}Z"


def utc_seconds(moment: datetime, zone: tzinfo) -> float:
    """Give UTC seconds of a device's time; one without zone is read in the configured one."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
