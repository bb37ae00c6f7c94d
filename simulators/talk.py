"""One simulated device on one cable: hands it bytes and time, and brings what it says to whoever listens."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from simulators.api import Device
from simulators.wire import Faults, Wire

CLEAN: Final = Faults()


def steady_clock() -> Callable[[], float]:
    """Give a clock of UTC seconds that never steps: UTC at start plus the monotonic clock."""
    anchor = time.time() - time.monotonic()
    return lambda: anchor + time.monotonic()


class Talk:
    """What passes between a device and a port, in both directions, from opening to leaving and again."""

    def __init__(
        self,
        device: Device,
        clock: Callable[[], float],
        faults: Faults = CLEAN,
        seed: str = "",
        is_stream: bool = True,
    ) -> None:
        self.device = device
        self._clock = clock
        started = clock()
        self._to_gateway = Wire(faults, f"{seed}/out", started, is_stream)
        self._to_device = Wire(faults.harmless(), f"{seed}/in", started, is_stream)
        self._outward: deque[tuple[float, bytes]] = deque()
        self._inward: deque[tuple[float, bytes]] = deque()
        self._woken = asyncio.Event()
        self._is_over = False

    def hear(self, data: bytes) -> None:
        """Take what the gateway said."""
        self._inward.extend(self._to_device.carry(data, self._clock()))
        self._woken.set()

    def hang_up(self) -> None:
        """Take note that the gateway is gone."""
        self._is_over = True
        self._woken.set()

    async def run(self, write: Callable[[bytes], None]) -> None:
        """Talk from the moment when a gateway has opened the port until it is gone."""
        self._is_over = False
        self._say(self.device.open(self._clock()))
        try:
            while not self._is_over:
                await self._sleep(self._step(write))
        finally:
            self.device.close(self._clock())
            self._outward.clear()
            self._inward.clear()

    def _step(self, write: Callable[[bytes], None]) -> float | None:
        """Do what is due; give the seconds until something will be."""
        now = self._clock()
        while self._inward and self._inward[0][0] <= now:
            self._say(self.device.receive(self._inward.popleft()[1], now))
        if (wake_at := self.device.wake_at) is not None and wake_at <= now:
            self._say(self.device.tick(now))
        while self._outward and self._outward[0][0] <= now:
            write(self._outward.popleft()[1])
        dues = [queue[0][0] for queue in (self._inward, self._outward) if queue]
        if (wake_at := self.device.wake_at) is not None:
            dues.append(wake_at)
        return max(0.0, min(dues) - now) if dues else None

    def _say(self, writes: Iterable[bytes]) -> None:
        now = self._clock()
        for data in writes:
            self._outward.extend(self._to_gateway.carry(data, now))

    async def _sleep(self, seconds: float | None) -> None:
        handle = None
        if seconds is not None:
            handle = asyncio.get_running_loop().call_later(seconds, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            if handle is not None:
                handle.cancel()
        self._woken.clear()
