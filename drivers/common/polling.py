"""What the conversations in rounds share: how fast is sensible, and what passes between rounds, decoder and gateway."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from drivers.api import Damage, Output, Request
from drivers.common.rounds import Pace, Question, Rounds

OTHER_QUESTION: Final = "answer to another question"

# Setting: least, most, unit.
LIMITS: Final[dict[str, tuple[float, float, str]]] = {
    "poll_s": (1, 3600, " s"),
    "timeout_s": (0.5, 60, " s"),
    "retries": (0, 2, ""),
}


class PollSettings(Protocol):
    """A family's settings, a frozen dataclass: how often and how patiently to ask. The defaults are what is usual."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def poll_s(self) -> float:
        """From the beginning of a round to the next."""

    @property
    def timeout_s(self) -> float:
        """Until an answer is late."""

    @property
    def retries(self) -> int:
        """How often a question is repeated."""


def check_pace(settings: PollSettings) -> None:
    """Raise `ValueError`, with the remedy, if it is too fast, too slow or too stubborn."""
    usual = {field.name: field.default for field in fields(settings)}
    for name, (least, most, unit) in LIMITS.items():
        value = getattr(settings, name)
        if not least <= value <= most:
            raise ValueError(f"{name} {value}: set it between {least} and {most}{unit} ({usual[name]:g} is usual)")


def pace(settings: PollSettings) -> Pace:
    """Give the pace that the settings ask for."""
    return Pace(settings.poll_s, settings.timeout_s, settings.retries)


class Frame(Protocol):
    """What a decoder found good."""

    def encode(self) -> bytes:
        """Give the wire bytes."""


Answer = TypeVar("Answer", bound=Frame)
Answer_co = TypeVar("Answer_co", bound=Frame, covariant=True)


class Decoder(Protocol[Answer_co]):
    """A family's decoder."""

    def feed(self, data: bytes) -> Sequence[Answer_co | Damage]:
        """Take bytes in; give back what they completed."""


def unused(reason: str, answer: Frame) -> Damage:
    """Count an answer of which nothing is used."""
    return Damage(reason, len(answer.encode()))


class Polled(ABC, Generic[Question, Answer]):
    """One conversation in rounds. A family says how a question is worded, and what an answer says."""

    def __init__(self, decoder: Decoder[Answer], rounds: Rounds[Question]) -> None:
        self._decoder = decoder
        self._rounds = rounds

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return self._rounds.wake_at

    def open(self, now: float) -> Sequence[Output]:
        """Ask the first question."""
        return [self._request(self._rounds.begin(now))]

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take bytes; publish what they completed."""
        outputs: list[Output] = []
        for found in self._decoder.feed(data):
            outputs += [found] if isinstance(found, Damage) else self._take(found, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Ask the next question, or give up waiting."""
        question = self._rounds.tick(now)
        return [self._request(question)] if question else []

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing: none of these protocols has a goodbye that only leaves."""
        self._rounds.close()
        return []

    @abstractmethod
    def _request(self, question: Question) -> Request:
        """Word a question that is asked now."""

    @abstractmethod
    def _take(self, answer: Answer, now: float) -> list[Output]:
        """Publish what an answer says, and tell the rounds whether it is the one they wait for."""
