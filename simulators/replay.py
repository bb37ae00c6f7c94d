"""A recording as a device: says again what a link once heard, with the times between."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from drivers.capture import Piece


class Recording:
    """Says the received pieces in order; the clock starts with the first opening. What nobody hears is gone."""

    def __init__(
        self, pieces: Iterable[Piece], speed: float = 1.0, when_done: Callable[[], None] = lambda: None
    ) -> None:
        self.violations: list[str] = []  # a recording judges nobody
        self.tampered = False
        self._pieces: Iterator[Piece] = iter(pieces)
        self._speed = speed
        self._when_done = when_done
        self._first: Piece | None = None
        self._next: Piece | None = None
        self._started = 0.0
        self._is_open = False

    @property
    def wake_at(self) -> float | None:
        """When the next piece was said."""
        return self._due(self._next) if self._next is not None and self._is_open else None

    def open(self, now: float) -> Sequence[bytes]:
        """Begin; or, opened again, go on where the time has come to."""
        self._is_open = True
        if self._first is None:
            self._started = now
            self._advance()
            self._first = self._next
        else:
            self._due_by(now)
        return []

    def receive(self, _data: bytes, _now: float) -> Sequence[bytes]:
        """Answer nothing: what was answered then comes at its time."""
        return []

    def tick(self, now: float) -> Sequence[bytes]:
        """Say what is due."""
        return self._due_by(now)

    def close(self, _now: float) -> None:
        """Nobody listens."""
        self._is_open = False

    def _due_by(self, now: float) -> list[bytes]:
        said = []
        while self._next is not None and self._due(self._next) <= now:
            said.append(self._next.data)
            self._advance()
        return said

    def _due(self, piece: Piece) -> float:
        return self._started + (piece.t - (self._first or piece).t) / self._speed

    def _advance(self) -> None:
        self._next = next((piece for piece in self._pieces if piece.dir == "rx"), None)
        if self._next is None:
            self._when_done()
