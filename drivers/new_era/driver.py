"""The conversation with one NE-1000: seven fixed questions in rounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from drivers.api import Output, Port, Request
from drivers.common.polling import OTHER_QUESTION, Polled, check_pace, pace, unused
from drivers.common.rounds import Rounds
from drivers.new_era.channels import OWN_ADDRESS
from drivers.new_era.codec import (
    Answer,
    Decoder,
    ReadDiameter,
    ReadDirection,
    ReadDispensed,
    ReadPhase,
    ReadRate,
    ReadVersion,
    ReadVolume,
)
from drivers.new_era.readings import identity, is_refusal, report, verb_of

Question = type[
    ReadVersion | ReadDispensed | ReadRate | ReadVolume | ReadDirection | ReadPhase | ReadDiameter
]  # fmt: skip

# Who it is comes before anything else.
OPENING: Final[tuple[Question, ...]] = (ReadVersion,)
POLLED: Final[tuple[Question, ...]] = (ReadDispensed, ReadRate, ReadVolume, ReadDirection, ReadPhase, ReadDiameter)
NOT_KNOWN: Final = "answer not known"
VITAL: Final[frozenset[Question]] = frozenset({ReadVersion, ReadDispensed})


@dataclass(frozen=True, slots=True)
class NewEraSettings:
    """How often and how patiently to ask."""

    poll_s: float = 5.0
    timeout_s: float = 1.0
    retries: int = 1

    def __post_init__(self) -> None:
        check_pace(self)
        if not 0 <= self.retries <= 2:
            raise ValueError(f"retries {self.retries}: set it between 0 and 2 (1 is usual)")


class NewEraDialogue(Polled[Question, Answer]):
    """One conversation with one pump at address 0."""

    def __init__(self, settings: NewEraSettings, port: Port) -> None:
        decoder = Decoder()
        super().__init__(decoder, Rounds(OPENING, POLLED, VITAL, pace(settings)))
        self._give_up = decoder.give_up
        self._is_file = port.kind == "file"

    def tick(self, now: float) -> Sequence[Output]:
        """Ask the next question, or give up waiting. A question ends the answer that was begun before it."""
        asked = super().tick(now)
        return [*self._give_up(), *asked] if asked else asked

    def _request(self, question: Question) -> Request:
        return question()

    def _take(self, answer: Answer, now: float) -> list[Output]:
        if reason := self._misfit(answer):
            return [unused(reason, answer)]
        verb = verb_of(answer.data)
        if reason := self._unasked(answer, verb):
            return [unused(reason, answer), report(replace(answer, data=""))]
        self._settle(answer, verb, now)
        said = identity(answer.data) if verb == ReadVersion.verb else None
        return [said, report(answer)] if said else [report(answer)]

    def _misfit(self, answer: Answer) -> str:
        """Say why nothing of an answer is used."""
        if answer.is_safe:
            return "the pump is in safe mode"  # somebody else keeps it there, and stands by its watchdog
        if answer.address != OWN_ADDRESS:
            return "answer of another address"
        is_alarm = answer.status.startswith("A?")  # it is acknowledged now, and won't be said again
        return "" if is_alarm or not answer.data or is_refusal(answer.data) or verb_of(answer.data) else NOT_KNOWN

    def _unasked(self, answer: Answer, verb: str) -> str:
        """Say why an answer's data aren't used. One altered bit in a unit makes a rate of a volume."""
        if not verb:
            return NOT_KNOWN if answer.data and not is_refusal(answer.data) else ""
        asked = self._rounds.asked
        is_awaited = self._is_file or (asked is not None and asked.verb == verb)
        return "" if is_awaited else OTHER_QUESTION

    def _settle(self, answer: Answer, verb: str, now: float) -> None:
        """An alarm may take the answer's place: then the question is asked again."""
        asked = self._rounds.asked
        if asked is None:
            return
        if verb == asked.verb:
            self._rounds.answered(now)
        elif is_refusal(answer.data) or (not answer.data and answer.status.startswith("A?")):
            self._rounds.failed(now)
