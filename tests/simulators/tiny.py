"""The smallest device: greets, counts, repeats what it hears. Stands in where any family would do."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulators.api import Bedside, Simulator
from simulators.registry import Registry


@dataclass(frozen=True, slots=True)
class TinySettings:
    greeting: str = "hello"
    period_s: float = 0.0  # 0: silent until spoken to


class TinyDevice:
    def __init__(self, bedside: Bedside, settings: TinySettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self.bedside = bedside
        self.opened = 0
        self.closed = 0
        self.heard = b""
        self._settings = settings
        self._wake_at: float | None = None
        self._count = 0

    @property
    def wake_at(self) -> float | None:
        return self._wake_at

    def open(self, now: float) -> Sequence[bytes]:
        self.opened += 1
        if self._settings.period_s:
            self._wake_at = now + self._settings.period_s
        return [self._settings.greeting.encode() + b"\r\n"] if self._settings.greeting else []

    def receive(self, data: bytes, _now: float) -> Sequence[bytes]:
        self.heard += data
        if b"WRITE" in data:
            self.tampered = True
            self.violations.append("WRITE")
        return [b"=" + data]

    def tick(self, now: float) -> Sequence[bytes]:
        self._count += 1
        self._wake_at = now + self._settings.period_s
        return [b"%d\r\n" % self._count]

    def close(self, _now: float) -> None:
        self.closed += 1
        self._wake_at = None


TINY = Simulator("tiny", TinyDevice, "monitor", ("serial", "tcp", "udp", "dial"), TinySettings)
DEAF = Simulator("deaf", TinyDevice, "pump", ("tcp",), TinySettings)
REGISTRY = Registry({"tiny": lambda: TINY, "deaf": lambda: DEAF, "broken": lambda: object()})
