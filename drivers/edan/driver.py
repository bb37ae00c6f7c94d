"""The conversation with Edan's gateway: one question for one bed, its answer, and the same again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from drivers.api import Damage, Identity, Output, Port, Report
from drivers.common.hl7.message import Message
from drivers.common.vendor_hl7.reports import observe
from drivers.common.vendor_hl7.rows import EPISODIC
from drivers.edan.channels import DIALECT, READER
from drivers.edan.codec import HIGHEST_BED, Decoder, Query, fields

ANSWERS: Final = ("ORF", "ORU")  # which of the two it is hasn't been seen
REFUSALS: Final = ("AE", "AR")  # MSA-1
TIMEOUT_S: Final = 10.0
OLD_AFTER: Final = timedelta(seconds=60)  # by the gateway's own clock
LONGEST_REST_S: Final = 60.0  # the rest after a refusal doubles up to this
SHORTEST_REST_S: Final = 2.0  # after silence: who returns is heard within two periods


@dataclass(frozen=True, slots=True)
class EdanSettings:
    """Which bed is asked for. One link is one bed: no answer can then be taken for another bed's."""

    bed: int = 1
    poll_s: float = 10.0

    def __post_init__(self) -> None:
        if not 1 <= self.bed <= HIGHEST_BED:
            raise ValueError(f"bed {self.bed}: set it between 1 and {HIGHEST_BED}")
        if not 2 <= self.poll_s <= 3600:
            raise ValueError(f"poll_s {self.poll_s}: set it between 2 and 3600 s (10 is usual)")


class EdanDialogue:
    """One connection. All it ever says is the query for its bed."""

    def __init__(self, settings: EdanSettings, port: Port) -> None:
        self._is_file = port.kind == "file"
        self._query = Query(settings.bed)
        self._decoder = Decoder()
        self._poll_s = settings.poll_s
        self._is_asked = False  # and not answered yet
        self._failures = 0  # in a row
        self._asked_at = 0.0
        self._due_at: float | None = None  # of the next question, or of giving up the one that is out; None: closed
        self._frame_due_at: float | None = None
        self._told: set[str] = set()  # kinds of repair
        self._is_known = False

    @property
    def wake_at(self) -> float | None:
        """When to ask, or to give up waiting."""
        dues = [at for at in (self._due_at, self._frame_due_at) if at is not None]
        return min(dues, default=None)

    def open(self, now: float) -> Sequence[Output]:
        """Ask."""
        return self._ask(now)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the gateway says."""
        outputs = self._take(self._decoder.feed(data), now)
        wait_s = self._decoder.wait_s
        self._frame_due_at = None if wait_s is None else now + wait_s
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Ask again, or give up what nobody goes on with."""
        outputs: list[Output] = []
        if self._frame_due_at is not None and now >= self._frame_due_at:
            self._frame_due_at = None
            outputs += self._take(self._decoder.pause(), now)
        if self._due_at is None or now < self._due_at:
            return outputs
        if self._is_asked:
            self._is_asked, self._due_at = False, max(now + SHORTEST_REST_S, self._asked_at + self._poll_s)
            return outputs
        return [*outputs, *self._ask(now)]

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        self._is_asked, self._due_at, self._frame_due_at = False, None, None
        return []

    def _ask(self, now: float) -> list[Output]:
        self._is_asked, self._asked_at, self._due_at = True, now, now + TIMEOUT_S
        return [self._query]

    def _answered(self, now: float) -> None:
        self._is_asked, self._failures = False, 0
        self._due_at = max(now, self._asked_at + self._poll_s)

    def _refused(self, now: float) -> None:
        rest_s = self._poll_s * 2 ** min(self._failures, 10)
        self._is_asked, self._due_at = False, now + max(self._poll_s, min(rest_s, LONGEST_REST_S))
        self._failures += 1

    def _take(self, said: Iterable[Message | Damage], now: float) -> list[Output]:
        outputs: list[Output] = []
        for message in said:
            outputs += [message] if isinstance(message, Damage) else self._message(message, now)
        return outputs

    def _message(self, message: Message, now: float) -> list[Output]:
        if fault := self._fault(message):
            return [Damage(fault, message.size)]
        if _is_refusal(message):
            self._refused(now)
            return [Damage("query refused", message.size)]
        self._answered(now)
        said = [_dated(output) for output in observe(_without_place(message), READER, "", "")]
        return [*self._introduced(said), *said, *self._repaired(message)]

    def _fault(self, message: Message) -> str:
        """Say why a message is no answer about our bed: another patient's values would be the worst of errors."""
        if message.kind not in (*ANSWERS, "ACK"):
            return "unsupported message type"
        if not (self._is_asked or self._is_file):
            return "answer that nobody waits for"
        if any(fields(row)[5].partition("^")[0] != str(self._query.bed) for row in _rows(message, "QRF")):
            return "answer about another bed"
        if len(_rows(message, "PID")) > 1 or len({fields(row)[3] for row in _rows(message, "PV1")}) > 1:
            return "answer about more than one patient"
        return "answer without values" if message.kind == "ACK" and not _is_refusal(message) else ""

    def _introduced(self, said: Sequence[Output]) -> list[Output]:
        if self._is_known or not any(isinstance(output, Report) for output in said):
            return []
        self._is_known = True
        return [Identity(manufacturer=DIALECT.manufacturer, dialect=DIALECT.name)]

    def _repaired(self, message: Message) -> list[Output]:
        """Tell each kind of repair once in a connection."""
        news = [repair for repair in message.repairs if repair not in self._told]
        self._told.update(news)
        return [Damage(repair, 0) for repair in news]


def _dated(output: Output) -> Output:
    """Mark what the gateway still says of a monitor that has long been silent."""
    if not isinstance(output, Report):
        return output
    times = [reading.device_time for reading in output.readings if reading.metric not in EPISODIC]
    is_old = bool(times) and all(_is_old(time, output.device_time) for time in times)
    return replace(output, late=True) if is_old else output


def _is_old(time: datetime | None, now: datetime | None) -> bool:
    if time is None or now is None or (time.tzinfo is None) != (now.tzinfo is None):
        return False
    return now - time > OLD_AFTER


def _rows(message: Message, name: str) -> list[str]:
    return [segment for segment in message.segments if segment[:4] == f"{name}|"]


def _is_refusal(message: Message) -> bool:
    return any(fields(row)[1] in REFUSALS for row in _rows(message, "MSA"))


def _without_place(message: Message) -> Message:
    """Leave only the rows and their groups: the bed is known by the question, the person is nobody's business.

    Without MSH-10 as well: what the gateway puts there isn't known, and the same values are the same news anyhow.
    """
    header = (*message.header[:10], "", *message.header[11:])
    segments = tuple(segment for segment in message.segments if segment[:4] in ("OBR|", "OBX|"))
    return message._replace(header=header, segments=segments)
