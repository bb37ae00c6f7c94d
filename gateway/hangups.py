"""What a broker hangs up on: before MQTT 5 it has no other word for a publication that it can't stand.

Sent again with the next connection, it would keep everything else out. After some hang-ups in a row one thing is in
flight at a time; what was so twice when the broker hung up is to blame, and waits until the broker has been calm.
"""

import time
from collections.abc import Sequence
from typing import Final

from gateway.store import Message

CALM_S: Final = 10.0  # a connection that has stood for so long is calm
PATIENCE: Final = 3  # hang-ups in a row before we look for what is to blame
ALL_LIMIT: Final = 10  # with more to blame in a row, and nothing taken between them, it is the broker
RETRY_S: Final = (15.0, 300.0)  # first and longest wait before what was to blame is tried again
SUSPECTS_LIMIT: Final = 1000


class HangUps:
    """Finds what is to blame, and says when it may be tried again."""

    def __init__(self) -> None:
        self._count = 0  # in a row
        self._began_at = 0.0
        self._in_a_row = 0  # to blame, with nothing taken between them
        self._suspects: set[int | bytes] = set()
        self._due: float | None = None  # None: nothing is set aside
        self._wait_s = RETRY_S[0]
        self.muted: set[bytes] = set()  # topics of statuses

    @property
    def is_careful(self) -> bool:
        """Say whether one thing is to be in flight at a time."""
        return self._count >= PATIENCE

    @property
    def is_the_broker(self) -> bool:
        """Say whether it hangs up whatever is said: then nothing is to blame, and nothing waits."""
        return self._in_a_row > ALL_LIMIT

    def began(self) -> None:
        """A connection stands."""
        self._began_at = time.monotonic()

    def hung_up(self, flying: Sequence[Message | bytes]) -> Message | bytes | None:
        """The broker has hung up; gives what is to blame for it. bytes: a status's topic."""
        was_careful = self.is_careful and not self.is_the_broker
        self._count = 1 if time.monotonic() - self._began_at >= CALM_S else self._count + 1
        if not was_careful or self._count == 1 or len(flying) != 1:
            return None
        (said,) = flying
        name = said.n if isinstance(said, Message) else said
        if name not in self._suspects:
            if len(self._suspects) >= SUSPECTS_LIMIT:
                self._suspects.clear()
            self._suspects.add(name)
            return None
        self._suspects.discard(name)
        self._in_a_row += 1
        if self.is_the_broker:
            self._release()
            return None
        self._due = time.monotonic() + self._wait_s
        if isinstance(said, bytes):
            self.muted.add(said)
        return said

    def taken(self, said: Message | bytes) -> None:
        """The broker has taken it: it is not to blame."""
        self._suspects.discard(said.n if isinstance(said, Message) else said)
        self._in_a_row = 0

    def calmed(self) -> bool:
        """Call about once a second while connected; True: what was set aside may be tried again."""
        now = time.monotonic()
        if now - self._began_at < CALM_S:
            return False
        self._count = self._in_a_row = 0
        self._suspects.clear()
        if self._due is None:
            self._wait_s = RETRY_S[0]  # what was tried again has been taken
        elif self._due <= now:
            self._wait_s = min(RETRY_S[1], self._wait_s * 2)
            self._release()
            return True
        return False

    def _release(self) -> None:
        self._due = None
        self.muted.clear()
