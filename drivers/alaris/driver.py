"""The conversation with an Alaris syringe pump: seven fixed questions in rounds."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.alaris.channels import LARGEST_RATE, RATE_ALONE, SERIAL_NUMBER, VOLUME_ALONE
from drivers.alaris.codec import (
    Answer,
    Decoder,
    ReadAlarm,
    ReadInfusion,
    ReadProtocol,
    ReadResponseMax,
    ReadSerialNumber,
    ReadSyringe,
    ReadVtbi,
)
from drivers.alaris.readings import alarm, infusion, single, syringe, vtbi
from drivers.api import Damage, Departed, Identity, Output, Port, Report
from drivers.common.rounds import Pace, Rounds

Question = type[ReadSerialNumber | ReadProtocol | ReadResponseMax | ReadInfusion | ReadVtbi | ReadSyringe | ReadAlarm]

# Who it is comes before anything else; the alarm comes just before the infusion data, to tell KVO.
OPENING: Final[tuple[Question, ...]] = (ReadSerialNumber, ReadProtocol, ReadResponseMax)
POLLED: Final[tuple[Question, ...]] = (ReadAlarm, ReadInfusion, ReadVtbi, ReadSyringe)
VITAL: Final[frozenset[Question]] = frozenset({ReadSerialNumber, ReadInfusion})

_LONGEST_RESPONSE_S: Final = 10.0  # 4 s was seen
_MILLISECONDS: Final = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class AlarisSettings:
    """How often and how patiently to ask."""

    poll_s: float = 5.0
    timeout_s: float = 4.0  # until the pump has said how slow it may be; never less
    retries: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.poll_s <= 3600:
            raise ValueError(f"poll_s {self.poll_s}: set it between 1 and 3600 s (5 is usual)")
        if not 0.5 <= self.timeout_s <= 60:
            raise ValueError(f"timeout_s {self.timeout_s}: set it between 0.5 and 60 s (4 is usual)")
        if not 0 <= self.retries <= 2:
            raise ValueError(f"retries {self.retries}: set it between 0 and 2 (1 is usual)")


class AlarisDialogue:
    """One conversation with one pump."""

    def __init__(self, settings: AlarisSettings, port: Port) -> None:
        self._settings = settings
        self._is_file = port.kind == "file"
        self._decoder = Decoder()
        pace = Pace(settings.poll_s, settings.timeout_s, settings.retries)
        self._rounds: Rounds[Question] = Rounds(OPENING, POLLED, VITAL, pace)
        self._serial = ""
        self._alarm = ""  # the code that was named last, this round
        self._takers: dict[str, Callable[[Answer, float], list[Output]]] = {
            ReadSerialNumber.verb: self._meet,
            ReadProtocol.verb: self._note_protocol,
            ReadResponseMax.verb: self._note_patience,
            ReadInfusion.verb: self._take_infusion,
            ReadVtbi.verb: lambda answer, _now: [vtbi(answer.fields)],
            ReadSyringe.verb: lambda answer, _now: [syringe(answer.fields)],
            ReadAlarm.verb: self._take_alarm,
        }
        if self._is_file:
            for verb in (RATE_ALONE, VOLUME_ALONE, LARGEST_RATE):
                self._takers[verb] = self._take_single

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return self._rounds.wake_at

    def open(self, now: float) -> Sequence[Output]:
        """Ask who it is."""
        return [self._rounds.begin(now)()]

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take bytes; publish what they completed."""
        outputs: list[Output] = []
        for found in self._decoder.feed(data):
            outputs += [found] if isinstance(found, Damage) else self._take(found, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Ask the next question, or give up waiting."""
        question = self._rounds.tick(now)
        if question is ReadAlarm:
            self._alarm = ""
        return [question()] if question else []

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing: the protocol has no goodbye that is not a write."""
        self._rounds.close()
        return []

    def _take(self, answer: Answer, now: float) -> list[Output]:
        asked = self._rounds.asked
        is_asked = asked is not None and answer.verb == asked.verb
        taker = self._takers.get(answer.verb)
        if taker is None or not (is_asked or self._is_file):
            return [Damage("answer to another question", len(answer.encode()))]
        if is_asked:
            self._rounds.answered(now)
        return taker(answer, now)

    def _meet(self, answer: Answer, now: float) -> list[Output]:
        serial = answer.fields[0].strip()
        if not serial:
            self._rounds.restart(now)
            return [Damage("no serial number", len(answer.encode()))]
        self._serial = serial
        return [Identity(manufacturer="Alaris", serial=serial)]

    def _note_protocol(self, answer: Answer, _now: float) -> list[Output]:
        return [Identity(manufacturer="Alaris", serial=self._serial, dialect=answer.fields[0].strip())]

    def _note_patience(self, answer: Answer, _now: float) -> list[Output]:
        value, unit = (field.strip() for field in answer.fields)
        if unit == "ms" and _MILLISECONDS.fullmatch(value):
            self._rounds.timeout_s = max(self._settings.timeout_s, min(_LONGEST_RESPONSE_S, int(value) / 1000))
        return []

    def _take_infusion(self, answer: Answer, now: float) -> list[Output]:
        """Another pump may have been plugged to the cable: then nothing of this line is used."""
        is_another = answer.fields[SERIAL_NUMBER].strip() != self._serial
        if self._is_file:
            return [*(self._meet(answer, now) if is_another else []), self._infusion_of_file(answer)]
        if is_another:
            self._rounds.restart(now)
            return [Departed(reason="another serial number answers")]
        return [infusion(answer.fields, self._alarm, not self._rounds.is_given_up(ReadAlarm))]

    def _infusion_of_file(self, answer: Answer) -> Report:
        """Which alarms stand is told by ALARM since the last line of this kind, else by the line's own mark."""
        alarm_code, self._alarm = self._alarm, ""
        return infusion(answer.fields, alarm_code, bool(alarm_code))

    def _take_single(self, answer: Answer, _now: float) -> list[Output]:
        return [single(answer.verb, answer.fields)]

    def _take_alarm(self, answer: Answer, _now: float) -> list[Output]:
        self._alarm = answer.fields[0].strip()
        report: Report = alarm(answer.fields)
        return [report]
