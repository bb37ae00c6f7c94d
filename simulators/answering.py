"""A device that speaks only when spoken to."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from simulators.api import Bedside

Heard = TypeVar("Heard")
Heard_co = TypeVar("Heard_co", covariant=True)


class Ear(Protocol[Heard_co]):
    """Finds what is said to a device."""

    def hear(self, data: bytes) -> Iterable[Heard_co | str]:
        """Take bytes in; give back what they completed, and in words what may not be said."""


class Answering(ABC, Generic[Heard]):
    """One device at the end of its cable. What it heard half is forgotten when a cable is plugged in."""

    def __init__(self, bedside: Bedside, ear: Callable[[], Ear[Heard]]) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._new_ear = ear
        self._ear = ear()

    @property
    def wake_at(self) -> float | None:
        """Never: it speaks when spoken to."""
        return None

    def open(self, _now: float) -> Sequence[bytes]:
        """A cable is plugged in; nothing happens."""
        self._ear = self._new_ear()
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer what is good; to anything else it is silent."""
        said: list[bytes] = []
        for heard in self._ear.hear(data):
            if isinstance(heard, str):
                self.violations.append(heard)
            else:
                said += self._react(heard, now)
        return said

    def tick(self, _now: float) -> Sequence[bytes]:
        """Nothing happens by itself."""
        return []

    def close(self, _now: float) -> None:
        """The gateway is gone; the device goes on."""

    @abstractmethod
    def _react(self, heard: Heard, now: float) -> list[bytes]:
        """Answer, or obey."""
