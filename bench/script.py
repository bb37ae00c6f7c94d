"""What a simulated device said in a conversation, written down, to be said again without the cost of its model."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulators.api import Device


@dataclass(slots=True)
class Script:
    """One device's part. `moments` count from its opening, or from the gateway's first word if it waits for that."""

    waits: bool = True
    opening: list[bytes] = field(default_factory=list)
    answers: dict[bytes, list[list[bytes]]] = field(default_factory=lambda: defaultdict(list))  # by what was said
    moments: list[tuple[float, list[bytes]]] = field(default_factory=list)  # what it says by itself


class Scribe:
    """A device whose words are written down."""

    def __init__(self, device: Device) -> None:
        self.script = Script()
        self.pieces = 0
        self.violations = device.violations
        self.tampered = False
        self._device = device
        self._since: float | None = None

    @property
    def wake_at(self) -> float | None:
        return self._device.wake_at

    def open(self, now: float) -> Sequence[bytes]:
        self.script.opening = self._noted(self._device.open(now))
        self.script.waits = not self.script.opening and self._device.wake_at is None
        self._since = None if self.script.waits else now
        return self.script.opening

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        self._since = now if self._since is None else self._since
        said = self._noted(self._device.receive(data, now))
        self.script.answers[data].append(said)
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        said = self._noted(self._device.tick(now))
        if said and self._since is not None:
            self.script.moments.append((now - self._since, said))
        return said

    def close(self, now: float) -> None:
        self._device.close(now)

    def _noted(self, said: Sequence[bytes]) -> list[bytes]:
        self.pieces += len(said)
        return list(said)


class Player:
    """A device that says it all again: each answer in its turn, the last one as often as it is asked for."""

    def __init__(self, script: Script, late_s: float = 0.0) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._script = script
        self._late_s = late_s
        self._turns: dict[bytes, int] = defaultdict(int)
        self._next = 0
        self._since: float | None = None

    @property
    def wake_at(self) -> float | None:
        if self._since is None or self.is_over:
            return None
        return self._since + self._script.moments[self._next][0]

    @property
    def is_asked(self) -> bool:
        return self._since is not None

    @property
    def is_over(self) -> bool:
        return self._next >= len(self._script.moments)

    def open(self, now: float) -> Sequence[bytes]:
        if not self._script.waits:
            self._since = now + self._late_s
        return self._script.opening

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        if self._since is None:
            self._since = now + self._late_s
        answers = self._script.answers.get(data)
        if not answers:
            return []
        turn = self._turns[data]
        self._turns[data] += 1
        return answers[min(turn, len(answers) - 1)]

    def tick(self, _now: float) -> Sequence[bytes]:
        said = self._script.moments[self._next][1]
        self._next += 1
        return said

    def close(self, _now: float) -> None:
        pass
