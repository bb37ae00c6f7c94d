"""The conversation with a MEDIBUS device: a table of states and events, and echoes for what the device asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

from drivers.api import Alarm, Damage, Identity, Output, Port, Report
from drivers.medibus.codec import (
    ECHOED,
    IDENTIFICATION,
    REFUSAL,
    Alarms,
    Answer,
    Decoder,
    DeviceCommand,
    Echo,
    Frame,
    IdentifyDevice,
    InitialiseCommunication,
    Measured,
    NoOperation,
    ReadAlarms1,
    ReadAlarms2,
    ReadMeasured,
    StopCommunication,
)
from drivers.medibus.readings import alarms, identity, readings

_QUIET_AT_MOST_S: Final = 2.0  # the device gives up after about 3 s without traffic (UNVERIFIED)
_ANSWER_WITHIN_S: Final = _QUIET_AT_MOST_S
_MISSED_AT_MOST: Final = 2  # answers in a row, until the communication counts as lost
_PAUSE_S: Final = 0.5  # after silence: the device, if it is there, hears something before it gives up
_REST_S: Final = 3.0  # after a refusal or its stop


@dataclass(frozen=True, slots=True)
class MedibusSettings:
    """How often to ask."""

    poll_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0.5 <= self.poll_s <= 60:
            raise ValueError(f"poll_s {self.poll_s}: set it between 0.5 and 60 s (1 is usual)")


class State(Enum):
    """Where the conversation stands."""

    CLOSED = auto()
    GREETING = auto()  # ICC is out
    NAMING = auto()  # the request for identification is out
    READY = auto()  # until the next round
    READING = auto()  # one of a round's requests is out
    LOST = auto()  # until the next attempt


class Event(Enum):
    """What moves it."""

    OPENED = auto()
    ANSWERED = auto()  # with the code that was asked for, and the round goes on
    DONE = auto()  # the same, and the round is over
    REFUSED = auto()  # 15h
    MISSED = auto()  # one answer stays away or is damaged
    SILENCE = auto()
    STOPPED = auto()  # the device ends the communication
    DUE = auto()  # the next round
    QUIET = auto()  # long before the next round


S, E = State, Event
Question: TypeAlias = InitialiseCommunication | IdentifyDevice | ReadMeasured | ReadAlarms1 | ReadAlarms2
ROUND: Final[tuple[Question, ...]] = (ReadMeasured(), ReadAlarms1(), ReadAlarms2())

# Where an event leads. An event without an entry moves nothing: a late answer is published all the same.
STEPS: Final = {
    (S.CLOSED, E.OPENED): S.GREETING,
    (S.GREETING, E.DONE): S.NAMING,
    (S.GREETING, E.REFUSED): S.LOST,
    (S.GREETING, E.SILENCE): S.LOST,
    (S.NAMING, E.DONE): S.READY,
    (S.NAMING, E.REFUSED): S.READY,
    (S.NAMING, E.SILENCE): S.LOST,
    (S.NAMING, E.STOPPED): S.LOST,
    (S.READY, E.DUE): S.READING,
    (S.READY, E.QUIET): S.READY,
    (S.READY, E.STOPPED): S.LOST,
    (S.READING, E.ANSWERED): S.READING,
    (S.READING, E.DONE): S.READY,
    (S.READING, E.REFUSED): S.LOST,
    (S.READING, E.MISSED): S.READY,
    (S.READING, E.SILENCE): S.LOST,
    (S.READING, E.STOPPED): S.LOST,
    (S.LOST, E.DUE): S.GREETING,
}
WAITING: Final = frozenset({S.GREETING, S.NAMING, S.READING})


class MedibusDialogue:
    """One conversation with one device."""

    def __init__(self, settings: MedibusSettings, _port: Port) -> None:
        self._settings = settings
        self._decoder = Decoder()
        self._state = S.CLOSED
        self._asked: Question | None = None
        self._left: list[Question] = []  # of this round
        self._missed = 0  # answers in a row
        self._due_at = 0.0
        self._round_at = float("-inf")
        self._pages: dict[int, tuple[Alarm, ...]] = {}
        self._has_page_2 = False
        self._identity: Identity | None = None

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return None if self._state is S.CLOSED else self._due_at

    def open(self, now: float) -> Sequence[Output]:
        """Begin."""
        return self._move(E.OPENED, now)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the device says."""
        outputs: list[Output] = []
        for frame in self._decoder.feed(data):
            outputs += [frame] if isinstance(frame, Damage) else self._take(frame, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Give up waiting, begin a round, or keep the communication."""
        if self._state is S.CLOSED or now < self._due_at:
            return []
        if self._state in WAITING:
            self._missed += 1
            is_missed = self._state is S.READING and self._missed < _MISSED_AT_MOST
            return self._move(E.MISSED if is_missed else E.SILENCE, now)
        is_round = self._state is S.LOST or now >= self._round_at + self._settings.poll_s
        return self._move(E.DUE if is_round else E.QUIET, now)

    def close(self, _now: float) -> Sequence[Output]:
        """Stop the communication, if there is one."""
        was, self._state = self._state, S.CLOSED
        return [StopCommunication()] if was in (S.NAMING, S.READY, S.READING) else []

    def _take(self, frame: Frame, now: float) -> list[Output]:
        match frame:
            case Measured():
                return [Report(readings(frame)), *self._answered(frame.code, now)]
            case Alarms():
                self._pages[frame.page] = alarms(frame)
                return [*self._say_alarms(), *self._answered(frame.code, now)]
            case DeviceCommand():
                return self._obey(frame, now)
            case Answer(code=code) if code == REFUSAL:
                return self._refused(now)
            case Answer(code=code, data=data):
                return [*(self._introduce(data) if code == IDENTIFICATION else []), *self._answered(code, now)]

    def _obey(self, command: DeviceCommand, now: float) -> list[Output]:
        """Say its code again: that much the device wants, whatever it wants."""
        if self._state is S.CLOSED:
            return []
        if command.code not in ECHOED:
            return [Damage("command not expected of a device", len(command.encode()))]
        stopped = self._move(E.STOPPED, now) if command.code == StopCommunication.code else []
        return [Echo(command.code), *stopped]

    def _introduce(self, data: bytes) -> list[Output]:
        if (said := identity(data)) == self._identity:
            return []
        self._identity = said
        return [said]

    def _say_alarms(self) -> list[Output]:
        """All pages of one round together are what is active; of half a set nothing is said."""
        wanted = {1, 2} if self._has_page_2 else {1}
        if not wanted <= self._pages.keys():
            return []
        pages, self._pages = self._pages, {}
        return [Report([], alarms=tuple(alarm for page in sorted(pages) for alarm in pages[page]))]

    def _answered(self, code: int, now: float) -> list[Output]:
        if self._asked is None or code != self._asked.code:
            return []
        self._missed = 0
        return self._move(E.ANSWERED if self._left else E.DONE, now)

    def _refused(self, now: float) -> list[Output]:
        if self._asked != ReadAlarms2():
            return self._move(E.REFUSED, now)
        self._has_page_2 = False  # until the next beginning
        return [*self._say_alarms(), *self._move(E.DONE, now)]

    def _move(self, event: Event, now: float) -> list[Output]:
        if (state := STEPS.get((self._state, event))) is None:
            return []
        was, self._state, self._asked = self._state, state, None
        match state:
            case S.GREETING:
                return self._ask(InitialiseCommunication(), now)
            case S.NAMING:
                return self._ask(IdentifyDevice(), now)
            case S.LOST:
                self._lose(_PAUSE_S if event is E.SILENCE else _REST_S, now)
            case S.READY:
                self._rest(now)
                return [NoOperation()] if event is E.QUIET else []
            case S.READING:
                if was is S.READY:
                    self._begin_round(now)
                return self._ask(self._left.pop(0), now)
        return []

    def _begin_round(self, now: float) -> None:
        self._round_at, self._pages = now, {}
        self._left = [question for question in ROUND if self._has_page_2 or question != ReadAlarms2()]

    def _ask(self, question: Question, now: float) -> list[Output]:
        self._asked, self._due_at = question, now + _ANSWER_WITHIN_S
        return [question]

    def _rest(self, now: float) -> None:
        if self._round_at == float("-inf"):
            self._has_page_2, self._pages = True, {}
        self._due_at = max(now, min(self._round_at + self._settings.poll_s, now + _QUIET_AT_MOST_S))

    def _lose(self, rest_s: float, now: float) -> None:
        self._left, self._pages, self._round_at, self._missed = [], {}, float("-inf"), 0
        self._due_at = now + rest_s
