"""The monitor's two clocks: relative time in every answer, wall clock only when its system object is created."""

from datetime import datetime, timedelta
from typing import Final

from drivers.intellivue.values import TICKS_PER_S

_ROUND: Final = 1 << 32  # relative time begins again after 6.2 days


def ticks_between(earlier: int, later: int) -> int:
    """Give the difference of two relative times that lie within three days of each other."""
    return (later - earlier + _ROUND // 2) % _ROUND - _ROUND // 2


class MonitorClock:
    """Turns relative into wall-clock time, across the wrap of the relative one."""

    def __init__(self, wall: datetime | None, ticks: int) -> None:
        self._wall = wall
        self._ticks = ticks

    def at(self, ticks: int) -> datetime | None:
        """Give the wall-clock time, without zone; None: the monitor didn't say one."""
        if self._wall is None:
            return None
        passed = ticks_between(self._ticks, ticks)
        moment = self._wall + timedelta(microseconds=passed * 1_000_000 // TICKS_PER_S)
        if passed > _ROUND // 4:  # long before the half round where the difference would turn its sign
            self._wall, self._ticks = moment, ticks
        return moment
