"""A cable without a kernel: a device at its far end, and a transport that the gateway's inbox takes for a port."""

import asyncio
from collections.abc import Callable, Iterable

from simulators.api import Device

LEAST_S = 0.001  # a device that wants to be woken at once, again and again, must not stop virtual time


class FarEnd:
    """Hands a device what the gateway says, and brings what it says, as soon as it says it."""

    def __init__(self, device: Device, say: Callable[[bytes], object], now: Callable[[], float]) -> None:
        self.device = device
        self._say = say
        self._now = now
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._speak(self.device.open(self._now()))

    def hear(self, data: bytes) -> None:
        self._speak(self.device.receive(data, self._now()))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.device.close(self._now())

    def _speak(self, said: Iterable[bytes]) -> None:
        for data in said:
            self._say(data)
        wake_at = self.device.wake_at
        if wake_at is None:
            return
        loop = asyncio.get_running_loop()
        at = loop.time() + max(LEAST_S, wake_at - self._now())
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        wake_at = self.device.wake_at
        is_due = wake_at is not None and wake_at <= self._now() + LEAST_S / 2
        self._speak(self.device.tick(self._now()) if is_due else ())


class StreamEnd(asyncio.Transport):
    """The gateway's end of a line or a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.hear: Callable[[bytes], None] = lambda _data: None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.hear(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class DatagramEnd(asyncio.DatagramTransport):
    """The gateway's end of a datagram socket."""

    def __init__(self) -> None:
        super().__init__()
        self.hear: Callable[[bytes], None] = lambda _data: None

    def sendto(self, data: bytes | bytearray | memoryview, addr: object = None) -> None:
        self.hear(bytes(data))

    def is_closing(self) -> bool:
        return False
