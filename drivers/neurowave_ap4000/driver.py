"""The conversation with an AP-4000: who it is, then its status in rounds."""

from dataclasses import dataclass, replace
from typing import Final

from drivers.api import Alarm, Departed, Identity, Output, Port, Report, Request
from drivers.common.polling import OTHER_QUESTION, Polled, check_pace, pace, unused
from drivers.common.rounds import Rounds
from drivers.neurowave_ap4000.channels import MORE_ALARMS, SOFTWARE, SYSTEM, VERSION, VERSIONS, WITH_SOFTWARE
from drivers.neurowave_ap4000.codec import Answer, Connect, Decoder, ReadStatus, is_system_id
from drivers.neurowave_ap4000.readings import serials, status

Question = type[Connect | ReadStatus]

# Who it is comes before anything else.
OPENING: Final[tuple[Question, ...]] = (Connect,)
POLLED: Final[tuple[Question, ...]] = (ReadStatus,)

_MOST_ALARMS: Final = 64  # that are told at once; the pump has about as many codes


@dataclass(frozen=True, slots=True)
class Ap4000Settings:
    """How often and how patiently to ask."""

    poll_s: float = 3.0
    timeout_s: float = 2.0
    retries: int = 1

    def __post_init__(self) -> None:
        check_pace(self)


class Ap4000Dialogue(Polled[Question, Answer]):
    """One conversation with one pump of two channels."""

    def __init__(self, settings: Ap4000Settings, port: Port) -> None:
        super().__init__(Decoder(), Rounds(OPENING, POLLED, frozenset({Connect, ReadStatus}), pace(settings)))
        self._is_file = port.kind == "file"
        self._system_id = ""
        self._serials: tuple[str, ...] = ()
        self._alarms: tuple[Alarm, ...] = ()  # told last

    def _request(self, question: Question) -> Request:
        """A status is asked for only after an answer has told the id."""
        if question is ReadStatus:
            return ReadStatus(self._system_id)
        self._serials = ()
        return Connect()

    def _take(self, answer: Answer, now: float) -> list[Output]:
        """A status that comes late is taken too, and moves nothing."""
        if answer.verb == "STATREQ":
            return self._take_status(answer, now)
        if self._rounds.asked is not Connect and not self._is_file:
            return [unused(OTHER_QUESTION, answer)]
        return self._meet(answer, now)

    def _meet(self, answer: Answer, now: float) -> list[Output]:
        version, system_id = answer.fields[VERSION], answer.fields[SYSTEM]
        if VERSIONS.get(version) != len(answer.fields):
            self._rounds.failed(now)
            return [unused("protocol version not known", answer)]
        if not is_system_id(system_id):
            self._rounds.failed(now)
            return [unused("system id of another shape", answer)]
        if system_id != self._system_id:
            self._alarms = ()
        self._system_id = system_id
        self._rounds.answered(now)
        firmware = answer.fields[SOFTWARE] if version in WITH_SOFTWARE else ""
        return [Identity("", "NeuroWave", "AP-4000", system_id, firmware, version)]

    def _take_status(self, answer: Answer, now: float) -> list[Output]:
        is_asked = self._rounds.asked is ReadStatus
        gone: list[Output] = []
        if self._is_another(serials(answer.fields)):
            self._serials, self._alarms = (), ()
            self._rounds.restart(now)
            gone = [Departed(reason="other serial numbers answer")]
            if not self._is_file:
                return gone
        report = status(answer.fields)
        if report is None:
            if is_asked:
                self._rounds.failed(now)
            return [unused("status of another layout", answer)]
        self._serials = serials(answer.fields)
        if is_asked:
            self._rounds.answered(now)
        return [*gone, self._held(report)]

    def _held(self, report: Report) -> Report:
        """Beside more alarms than are named, one that was told and isn't named any more may still stand."""
        if (active := report.alarms) is None:
            return report
        if any(alarm.text == MORE_ALARMS for alarm in active):
            named = {(alarm.code, alarm.text, alarm.source) for alarm in active}
            lost = (alarm for alarm in self._alarms if (alarm.code, alarm.text, alarm.source) not in named)
            active = (*active, *lost)[:_MOST_ALARMS]
        self._alarms = active
        return replace(report, alarms=active)

    def _is_another(self, said: tuple[str, ...]) -> bool:
        """Another pump may have been plugged to the cable; a channel that is silent about itself is no other."""
        return any(old and new and old != new for old, new in zip(self._serials, said, strict=False))
