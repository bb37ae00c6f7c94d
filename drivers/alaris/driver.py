"""The conversation with an Alaris syringe pump: seven fixed questions in rounds."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
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
from drivers.api import Alarm, Departed, Identity, Output, Port, Report, Request
from drivers.common.polling import OTHER_QUESTION, Polled, check_pace, pace, unused
from drivers.common.rounds import Rounds

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
        check_pace(self)


class AlarisDialogue(Polled[Question, Answer]):
    """One conversation with one pump."""

    def __init__(self, settings: AlarisSettings, port: Port) -> None:
        super().__init__(Decoder(), Rounds(OPENING, POLLED, VITAL, pace(settings)))
        self._settings = settings
        self._is_file = port.kind == "file"
        self._serial = ""
        self._alarm = ""  # the code that was named last, this round
        self._named: tuple[Alarm, ...] = ()  # what ALARM named last
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

    def _request(self, question: Question) -> Request:
        if question is ReadAlarm:
            self._alarm = ""
        return question()

    def _take(self, answer: Answer, now: float) -> list[Output]:
        asked = self._rounds.asked
        is_asked = asked is not None and answer.verb == asked.verb
        taker = self._takers.get(answer.verb)
        if taker is None or not (is_asked or self._is_file):
            return [unused(OTHER_QUESTION, answer)]
        if is_asked:
            self._rounds.answered(now)
        return taker(answer, now)

    def _meet(self, answer: Answer, now: float) -> list[Output]:
        serial = answer.fields[0].strip()
        if not serial:
            self._rounds.restart(now)
            return [unused("no serial number", answer)]
        if serial != self._serial:
            self._serial, self._named = serial, ()
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
        return [self._with_named(infusion(answer.fields, self._alarm, not self._rounds.is_given_up(ReadAlarm)))]

    def _infusion_of_file(self, answer: Answer) -> Report:
        """Which alarms stand is told by ALARM since the last line of this kind, else by the line's own mark."""
        alarm_code, self._alarm = self._alarm, ""
        return self._with_named(infusion(answer.fields, alarm_code, bool(alarm_code)))

    def _with_named(self, report: Report) -> Report:
        """INF's mark says that an alarm stands, not which: while it stands, the one that was named hasn't ended."""
        if report.alarms is None:
            return report
        self._named = self._named if report.alarms else ()
        return replace(report, alarms=(*self._named, *report.alarms))

    def _take_single(self, answer: Answer, _now: float) -> list[Output]:
        return [single(answer.verb, answer.fields)]

    def _take_alarm(self, answer: Answer, _now: float) -> list[Output]:
        self._alarm = answer.fields[0].strip()
        report: Report = alarm(answer.fields)
        self._named = report.alarms or ()
        return [report]
