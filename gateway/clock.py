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

END_OF_TIME: Final = 253_402_300_800.0  # UTC seconds of the year 10000
HALF_AN_HOUR_S: Final = 1800.0
STEP_S: Final = 0.5  # a larger difference between wall and monotonic clock is a step, not slewing
STALL_S: Final = 5.0  # what was read after so long a standstill of the gateway is not news
CATCH_UP_S: Final = 3.0  # nor what is read shortly after it: it waited in the sockets
OFFSET_WINDOW: Final = 32  # samples; transport delay makes a device's time look early, so the latest-looking one counts
JUMP_S: Final = 5.0  # a device clock that moves by more than this has been set
JUMP_SAMPLES: Final = 3  # and says so this many times in a row, over this long, always by the same amount:
JUMP_SPAN_S: Final = 3.0  # late messages are late by less and less
JUMP_SPREAD_S: Final = 1.5  # a clock that shows whole seconds, and some transport delay


class Clock:
    """UTC seconds: `steady` for dialogues and time-outs, `utc` for what is published."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._anchor = wall() - monotonic()
        self._correction = 0.0
        self._started = self._anchor + monotonic()
        self._last_beat = monotonic()
        self._stalled_until = -1.0

    def steady(self) -> float:
        """UTC at start plus the monotonic clock; never steps."""
        return self._anchor + self._monotonic()

    def utc(self, steady: float) -> float:
        """Give the published time of a steady moment."""
        return steady + self._correction

    def beat(self) -> float | None:
        """Call about once a second; gives the size of a clock step (s), if there was one."""
        now = self._monotonic()
        if now - self._last_beat > STALL_S:
            self._stalled_until = now + CATCH_UP_S
        self._last_beat = now
        step = self._wall() - (self.steady() + self._correction)
        if abs(step) < STEP_S:
            return None
        self._correction += step
        return step

    def dated_anew(self, at: float, step_s: float) -> float:
        """Give a moment of this run by the clock as it was just set; what a former run has noted stays (UTC)."""
        before = self._correction - step_s
        is_of_this_run = self._started + before <= at <= self.steady() + before
        return at + step_s if is_of_this_run else at

    def is_stalled(self) -> bool:
        """Say whether the gateway stood still: what is read now may have waited for us."""
        now = self._monotonic()
        return now - self._last_beat > STALL_S or now < self._stalled_until


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
        self._strays: list[tuple[float, float]] = []  # received, sample

    def take(self, device_utc: float, received_utc: float) -> Jump | None:
        """Take one pair of clocks."""
        sample = device_utc - received_utc
        if self.offset is not None and abs(sample - self.offset) > JUMP_S:
            return self._stray(sample, received_utc)
        self._strays.clear()
        self._samples.append(sample)
        self.offset = max(self._samples)
        return None

    @property
    def is_sure(self) -> bool:
        """False while the device's clock says something else than it used to."""
        return self.offset is not None and not self._strays

    def shift(self, step_s: float) -> None:
        """The gateway's own clock was set by so much: every device's offset moves the other way."""
        if self.offset is not None:
            self.offset -= step_s
        self._samples = deque((sample - step_s for sample in self._samples), maxlen=OFFSET_WINDOW)
        self._strays.clear()

    def _stray(self, sample: float, received_utc: float) -> Jump | None:
        """A late message is no jump, nor is a backlog; a row of messages that agree with each other is."""
        if self._strays and abs(sample - self._strays[0][1]) > JUMP_SPREAD_S:
            self._strays.clear()
        self._strays.append((received_utc, sample))
        if len(self._strays) < JUMP_SAMPLES or received_utc - self._strays[0][0] < JUMP_SPAN_S:
            return None
        jump = Jump(self.offset or 0.0, max(sample for _, sample in self._strays))
        self._samples.clear()
        self._samples.extend(sample for _, sample in self._strays)
        self._strays.clear()
        self.offset = jump.after
        return jump


@lru_cache(maxsize=64)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).isoformat()[:19]


def iso(utc: float) -> str:
    """Write UTC seconds as the contract does: microseconds and Z."""
    micros = round(utc * 1_000_000)
    return f"{_second(micros // 1_000_000)}.{micros % 1_000_000:06d}Z"


def utc_seconds(moment: datetime, zone: tzinfo, near: float | None = None) -> float | None:
    """Give UTC seconds of a device's time; one without zone is read in the configured one. None: no such moment.

    In the hour that comes twice a year, the reading nearer to `near` (UTC seconds) is taken.
    """
    try:
        if moment.tzinfo is not None:
            return moment.timestamp()
        first = moment.replace(tzinfo=zone)
        seconds = first.timestamp()
        if near is None or abs(seconds - near) < HALF_AN_HOUR_S:
            return seconds
        second = first.replace(fold=1 - first.fold).timestamp()
        return min(seconds, second, key=lambda at: abs(at - near))
    except (ValueError, OverflowError, OSError):
        return None
