"""The conversation with an AS50: its status once, then the primary rate in rounds, as the public program has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.api import Damage, Output, Port, Report, Request
from drivers.baxter_as50.channels import ACCEPTED, RATE, REFUSED, SAY_AGAIN, STATUS
from drivers.baxter_as50.codec import WRONG_CHECKSUM, Decoder, Frame, ReadRate, ReadStatus, Resend
from drivers.baxter_as50.readings import rate, refused, status
from drivers.common.polling import OTHER_QUESTION, Polled, check_pace, pace, unused
from drivers.common.rounds import Rounds

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
        check_pace(self)


class As50Dialogue(Polled[Question, Frame]):
    """One conversation with one pump. Its goodbye is not said: that ends a control that was never taken."""

    def __init__(self, settings: As50Settings, _port: Port) -> None:
        super().__init__(Decoder(), Rounds(OPENING, POLLED, frozenset(NAMES), pace(settings)))
        self._resends = 0  # since the last good answer

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take bytes; publish what they completed; have said again what the cable harmed."""
        outputs = super().receive(data, now)
        is_harmed = any(isinstance(said, Damage) and said.reason == WRONG_CHECKSUM for said in outputs)
        return [*outputs, *self._once_more()] if is_harmed else outputs

    def _request(self, question: Question) -> Request:
        return question()

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
            return [unused(OTHER_QUESTION, frame)]
        if text == SAY_AGAIN:
            self._rounds.failed(now)
            return []
        if text.startswith(REFUSED):
            self._note(asked, now)
            return [Report([refused(NAMES[asked], text)])]
        if asked is ReadStatus:  # whatever it looks like
            self._note(asked, now)
            return [Report([status(text)])]
        return [unused(OTHER_QUESTION, frame)]

    def _note(self, answered: Question, now: float) -> None:
        self._resends = 0
        if self._rounds.asked is answered:
            self._rounds.answered(now)
