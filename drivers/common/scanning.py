"""Finds frames in a stream: the loop of a framing that is told by its bytes alone."""

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from drivers.api import Damage

Frame = TypeVar("Frame")

# Judges the bytes from a place on: the frame, or as text why there is none, and the place behind it. None: wait for
# more bytes. It must decide before a frame's length has come, or the memory isn't bounded.
Look: TypeAlias = Callable[[bytes, int], tuple[Frame | str, int] | None]


class Scanner(Generic[Frame]):
    """Feeds bytes to a look. Keeps what the look waits with, less than one frame.

    `grace`: so many bytes are no damage before the first frame, because whoever opens a port comes in its middle.
    """

    def __init__(self, look: Look[Frame], grace: int = 0) -> None:
        self._look = look
        self._grace = grace
        self.rest = b""

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back the frames that they completed, and runs of bytes that are none."""
        buffer, at = self.rest + data, 0
        found: list[Frame | Damage] = []
        while at < len(buffer) and (judged := self._look(buffer, at)) is not None:
            what, end = judged
            if isinstance(what, str):
                self._give_up(found, what, end - at)
            else:
                found.append(what)
                self._grace = 0
            at = end
        self.rest = buffer[at:]
        return found

    def _give_up(self, found: list[Frame | Damage], reason: str, size: int) -> None:
        pardoned = min(size, self._grace)
        self._grace -= pardoned
        if size == pardoned:
            return
        last = found[-1] if found else None
        if isinstance(last, Damage) and last.reason == reason:
            found[-1] = Damage(reason, last.size + size - pardoned)
        else:
            found.append(Damage(reason, size - pardoned))
