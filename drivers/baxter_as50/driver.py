"""The conversation with an AS50: its status once, then the primary rate in rounds, as the public program has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.api import Damage, Output, Port, Report
from drivers.baxter_as50.channels import ACCEPTED, RATE, REFUSED, SAY_AGAIN, STATUS
from drivers.baxter_as50.codec import WRONG_CHECKSUM, Decoder, Frame, ReadRate, ReadStatus, Resend
from drivers.baxter_as50.readings import rate, refused, status
from drivers.common.rounds import Pace, Rounds

Question = type[ReadStatus | ReadRate]

OPENING: Final[tuple[Question, ...]] = (ReadStatus,)
POLLED: Final[tuple[Question, ...]] = (ReadRate,)
NAMES: Final[dict[Question, str]] = {ReadStatus: STATUS, ReadRate: RATE}

_RESENDS: Final = 3  # in a row, until a good answer


@dataclass(frozen=True, slots=True)
class As50Settings:
    """How often and how patiently to ask."""

    poll_s: float = 5.0
    timeout_s: float = 2.0
    retries: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.poll_s <= 3600:
            raise ValueError(f"poll_s {self.poll_s}: set it between 1 and 3600 s (5 is usual)")
        if not 0.5 <= self.timeout_s <= 60:
            raise ValueError(f"timeout_s {self.timeout_s}: set it between 0.5 and 60 s (2 is usual)")
        if not 0 <= self.retries <= 2:
            raise ValueError(f"retries {self.retries}: set it between 0 and 2 (1 is usual)")


class As50Dialogue:
    """One conversation with one pump."""

    def __init__(self, settings: As50Settings, _port: Port) -> None:
        self._decoder = Decoder()
        pace = Pace(settings.poll_s, settings.timeout_s, settings.retries)
        self._rounds: Rounds[Question] = Rounds(OPENING, POLLED, frozenset(NAMES), pace)
        self._resends = 0  # since the last good answer

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return self._rounds.wake_at

    def open(self, now: float) -> Sequence[Output]:
        """Ask for the status."""
        return [self._rounds.begin(now)()]

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take bytes; publish what they completed."""
        outputs: list[Output] = []
        for found in self._decoder.feed(data):
            outputs += [found] if isinstance(found, Damage) else self._take(found, now)
        is_harmed = any(isinstance(said, Damage) and said.reason == WRONG_CHECKSUM for said in outputs)
        return [*outputs, *self._once_more()] if is_harmed else outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Ask the next question, or give up waiting."""
        question = self._rounds.tick(now)
        return [question()] if question else []

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing: the protocol's goodbye ends a control that was never taken."""
        self._rounds.close()
        return []

    def _once_more(self) -> list[Output]:
        """Only for what was asked and not yet answered, so that noise makes nobody speak."""
        if self._rounds.asked is None or self._resends >= _RESENDS:
            return []
        self._resends += 1
        return [Resend()]

    def _take(self, frame: Frame, now: float) -> list[Output]:
        text = frame.text
        name, mark, value = text.partition("=")
        if name == RATE and mark:  # also a late one: it moves nothing then
            self._note(ReadRate, now)
            return [Report(rate(value))]
        asked = self._rounds.asked
        if asked is None or text == ACCEPTED or text.endswith("?"):  # a question: a cable that gives back what we say
            return [Damage("answer to another question", len(frame.encode()))]
        if text == SAY_AGAIN:
            self._rounds.failed(now)
            return []
        if text.startswith(REFUSED):
            self._note(asked, now)
            return [Report([refused(NAMES[asked], text)])]
        if asked is ReadStatus:  # whatever it looks like
            self._note(asked, now)
            return [Report([status(text)])]
        return [Damage("answer to another question", len(frame.encode()))]

    def _note(self, answered: Question, now: float) -> None:
        self._resends = 0
        if self._rounds.asked is answered:
            self._rounds.answered(now)
