"""The conversation with an AP-4000: who it is, then its status in rounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.api import Damage, Departed, Identity, Output, Port, Request
from drivers.common.rounds import Pace, Rounds
from drivers.neurowave_ap4000.channels import SOFTWARE, SYSTEM, VERSION, VERSIONS, WITH_SOFTWARE
from drivers.neurowave_ap4000.codec import Answer, Connect, Decoder, ReadStatus, is_system_id
from drivers.neurowave_ap4000.readings import serials, status

Question = type[Connect | ReadStatus]

# Who it is comes before anything else.
OPENING: Final[tuple[Question, ...]] = (Connect,)
POLLED: Final[tuple[Question, ...]] = (ReadStatus,)


@dataclass(frozen=True, slots=True)
class Ap4000Settings:
    """How often and how patiently to ask."""

    poll_s: float = 3.0
    timeout_s: float = 2.0
    retries: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.poll_s <= 3600:
            raise ValueError(f"poll_s {self.poll_s}: set it between 1 and 3600 s (3 is usual)")
        if not 0.5 <= self.timeout_s <= 60:
            raise ValueError(f"timeout_s {self.timeout_s}: set it between 0.5 and 60 s (2 is usual)")
        if not 0 <= self.retries <= 2:
            raise ValueError(f"retries {self.retries}: set it between 0 and 2 (1 is usual)")


class Ap4000Dialogue:
    """One conversation with one pump of two channels."""

    def __init__(self, settings: Ap4000Settings, port: Port) -> None:
        self._is_file = port.kind == "file"
        self._decoder = Decoder()
        pace = Pace(settings.poll_s, settings.timeout_s, settings.retries)
        self._rounds: Rounds[Question] = Rounds(OPENING, POLLED, frozenset({Connect, ReadStatus}), pace)
        self._system_id = ""
        self._serials: tuple[str, ...] = ()

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return self._rounds.wake_at

    def open(self, now: float) -> Sequence[Output]:
        """Ask who it is."""
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
        """Say nothing: no goodbye is known."""
        self._rounds.close()
        return []

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
            return [Damage("answer to another question", len(answer.encode()))]
        return self._meet(answer, now)

    def _meet(self, answer: Answer, now: float) -> list[Output]:
        version, system_id = answer.fields[VERSION], answer.fields[SYSTEM]
        if VERSIONS.get(version) != len(answer.fields):
            self._rounds.failed(now)
            return [Damage("protocol version not known", len(answer.encode()))]
        if not is_system_id(system_id):
            self._rounds.failed(now)
            return [Damage("system id of another shape", len(answer.encode()))]
        self._system_id = system_id
        self._rounds.answered(now)
        firmware = answer.fields[SOFTWARE] if version in WITH_SOFTWARE else ""
        return [Identity("", "NeuroWave", "AP-4000", system_id, firmware, version)]

    def _take_status(self, answer: Answer, now: float) -> list[Output]:
        is_asked = self._rounds.asked is ReadStatus
        gone: list[Output] = []
        if self._is_another(serials(answer.fields)):
            self._serials = ()
            self._rounds.restart(now)
            gone = [Departed(reason="other serial numbers answer")]
            if not self._is_file:
                return gone
        report = status(answer.fields)
        if report is None:
            if is_asked:
                self._rounds.failed(now)
            return [Damage("status of another layout", len(answer.encode()))]
        self._serials = serials(answer.fields)
        if is_asked:
            self._rounds.answered(now)
        return [*gone, report]

    def _is_another(self, said: tuple[str, ...]) -> bool:
        """Another pump may have been plugged to the cable; a channel that is silent about itself is no other."""
        return any(old and new and old != new for old, new in zip(self._serials, said, strict=False))
