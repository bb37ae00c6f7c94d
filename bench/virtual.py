"""Time that passes as fast as it can be computed: an event loop whose clock jumps to its next timer."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs in virtual time. While `is_waiting` says that another thread is at work, no time passes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.is_waiting: Callable[[], bool] = lambda: False
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or (timeout > 0 and self._loop.is_waiting()):
            return super().select(None)
        self._loop.now += max(0.0, timeout)
        return super().select(0)
