"""A dialogue led by hand: what it is told, and the time that passes, step by step."""

from drivers.api import Dialogue, Output
from tests.converse import START


class ByHand:
    """A dialogue that hears only what a test tells it. A family's test adds the way to its first answer."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.now = START

    def open(self) -> list[Output]:
        return list(self.dialogue.open(self.now))

    def hear(self, *pieces: bytes, after: float = 0.0) -> list[Output]:
        self.now += after
        return [output for data in pieces for output in self.dialogue.receive(data, self.now)]

    def wait(self) -> list[Output]:
        """Go to where it wants to be woken."""
        wake = self.dialogue.wake_at
        assert wake is not None
        self.now = wake
        return list(self.dialogue.tick(self.now))

    def pass_time(self, seconds: float) -> list[Output]:
        """Let time pass, and wake it as often as it wants."""
        end = self.now + seconds
        said: list[Output] = []
        while (wake := self.dialogue.wake_at) is not None and wake <= end:
            self.now = wake
            said += self.dialogue.tick(self.now)
        self.now = end
        return said
