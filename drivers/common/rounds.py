"""Who is asked what and when, of a device that is silent by itself: one question at a time.

An opening, then the same questions each period. A vital question that stays without an answer is repeated, then the
conversation begins anew after a rest; any other one is left out, and asked again now and then.
"""

from collections import Counter, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Generic, TypeVar

Question = TypeVar("Question", bound=Hashable)

LONGEST_REST_S: Final = 60.0
SECOND_CHANCE: Final = 60  # rounds; one that was only disturbed, of an alarm say, must not stay out for days


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast."""

    period_s: float
    timeout_s: float
    retries: int
    pause_s: float = 0.1  # between an answer and the next question


class State(Enum):
    """Where the conversation stands."""

    CLOSED = auto()
    ASKING = auto()  # until the answer
    PAUSING = auto()  # until the next question
    LOST = auto()  # until the next beginning


class Rounds(Generic[Question]):
    """Says which question is next. `timeout_s` may be changed when the device has said how slow it is."""

    def __init__(
        self, opening: Sequence[Question], polled: Sequence[Question], vital: frozenset[Question], pace: Pace
    ) -> None:
        self.state = State.CLOSED
        self.asked: Question | None = None  # nobody has answered it yet
        self.timeout_s = pace.timeout_s
        self._opening, self._polled, self._vital, self._pace = opening, polled, vital, pace
        self._queue: deque[Question] = deque()
        self._failures: Counter[Question] = Counter()
        self._losses = 0  # in a row
        self._rounds = 0
        self._began_at = float("-inf")  # this round
        self._due_at = 0.0

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called; None: before `begin` and after `close`."""
        return None if self.state is State.CLOSED else self._due_at

    def begin(self, now: float) -> Question:
        """Give the first question of all."""
        self._failures.clear()
        self._queue = deque(self._opening)
        return self._ask(self._queue.popleft(), now)

    def answered(self, now: float) -> None:
        """The device has answered what it was asked."""
        if self.asked is None:
            return
        del self._failures[self.asked]
        if self.asked in self._vital and self.asked in self._polled:
            self._losses = 0
        self._pause(now)

    def failed(self, now: float) -> None:
        """There is no answer, or a refusal."""
        if (asked := self.asked) is None:
            return
        self._failures[asked] += 1
        if asked in self._vital and self.is_given_up(asked):
            self._losses += 1
            # A period at most: who returns is heard soon, and who is silent is asked hardly more than who answers.
            self._lose(now, min(self._pace.period_s, rest_s(self._losses, self.timeout_s)))
            return
        if asked in self._vital:
            self._queue.appendleft(asked)
        self._pause(now)

    def restart(self, now: float) -> None:
        """Begin anew after a rest: this is not the device that it was."""
        self._lose(now, self.timeout_s)

    def tick(self, now: float) -> Question | None:
        """Give the next question, if there is one now."""
        if self.state is State.CLOSED or now < self._due_at:
            return None
        match self.state:
            case State.ASKING:
                self.failed(now)
                return None
            case State.LOST:
                return self.begin(now)
            case _:
                return self._next(now)

    def is_given_up(self, question: Question) -> bool:
        """Say whether a question is left out for now."""
        return self._failures[question] > self._pace.retries

    def close(self) -> None:
        """Ask nothing any more."""
        self.state, self.asked = State.CLOSED, None

    def _next(self, now: float) -> Question:
        if not self._queue:
            self._began_at = now
            self._rounds += 1
            is_second_chance = self._rounds % SECOND_CHANCE == 0
            self._queue.extend(q for q in self._polled if is_second_chance or not self.is_given_up(q))
        return self._ask(self._queue.popleft(), now)

    def _ask(self, question: Question, now: float) -> Question:
        self.state, self.asked = State.ASKING, question
        self._due_at = now + self.timeout_s
        return question

    def _pause(self, now: float) -> None:
        self.state, self.asked = State.PAUSING, None
        self._due_at = now + self._pace.pause_s
        if not self._queue:
            self._due_at = max(self._due_at, self._began_at + self._pace.period_s)

    def _lose(self, now: float, rest: float) -> None:
        self.state, self.asked = State.LOST, None
        self._due_at = now + rest


def rest_s(losses: int, timeout_s: float) -> float:
    """Give the rest before a new beginning: doubling, up to a minute."""
    return min(LONGEST_REST_S, timeout_s * (1 << min(max(losses, 1), 10)))
