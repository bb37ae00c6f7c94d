"""The conversation with a MEDIBUS device: a table of states and events, and echoes for what the device asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

from drivers.api import Alarm, Damage, Identity, Output, Port, Report
from drivers.common.rounds import SECOND_CHANCE
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
_OVERSLEPT_S: Final = 1.0  # behind a due time we stood still, and the device has given up


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
    (S.READY, E.SILENCE): S.LOST,
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
        self._rounds = 0
        self._pages: dict[int, tuple[Alarm, ...]] = {}
        self._has_page_2 = False  # belongs to a set of alarms
        self._heard_page_2 = False  # has been answered in this communication
        self._failures = 0  # of page 2, in a row
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
        has_overslept = self._has_overslept(now)
        outputs = self._move(E.SILENCE, now) if has_overslept else []
        for frame in self._decoder.feed(data):
            if isinstance(frame, Damage):
                outputs.append(frame)
            elif not (has_overslept and isinstance(frame, DeviceCommand)):  # nobody waits for that answer any more
                outputs += self._take(frame, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Give up waiting, begin a round, or keep the communication."""
        if self._state is S.CLOSED or now < self._due_at:
            return []
        if self._has_overslept(now):
            return self._move(E.SILENCE, now)
        if self._state in WAITING:
            return self._miss(now)
        is_round = self._state is S.LOST or now >= self._round_at + self._settings.poll_s
        return self._move(E.DUE if is_round else E.QUIET, now)

    def close(self, _now: float) -> Sequence[Output]:
        """Stop the communication, if there is one."""
        was, self._state = self._state, S.CLOSED
        return [StopCommunication()] if was in (S.NAMING, S.READY, S.READING) else []

    def _has_overslept(self, now: float) -> bool:
        """Say whether the gateway stood still in a communication: then begin anew, and ask nothing of the old one."""
        return self._state not in (S.CLOSED, S.LOST) and now > self._due_at + _OVERSLEPT_S

    def _take(self, frame: Frame, now: float) -> list[Output]:
        match frame:
            case Measured():
                return [Report(readings(frame)), *self._answered(frame.code, now)]
            case Alarms():
                self._keep(frame)
                return [*self._say_alarms(), *self._answered(frame.code, now)]
            case DeviceCommand():
                return self._obey(frame, now)
            case Answer(code=code) if code == REFUSAL:
                return self._refused(now)
            case Answer(code=code, data=data):
                return [*(self._introduce(data) if code == IDENTIFICATION else []), *self._answered(code, now)]

    def _obey(self, command: DeviceCommand, now: float) -> list[Output]:
        """Say its code again: that much the device wants, whatever it wants, in a communication."""
        if self._state in (S.CLOSED, S.LOST):
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

    def _keep(self, said: Alarms) -> None:
        """Page 1 begins a set: what is left of an earlier one is too old for it."""
        if said.page == 1:
            self._pages = {}
        self._pages[said.page] = alarms(said)
        if said.page == 2:
            self._has_page_2, self._heard_page_2, self._failures = True, True, 0

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

    def _miss(self, now: float) -> list[Output]:
        """An answer has stayed away."""
        self._missed += 1
        if self._state is not S.READING or self._missed >= _MISSED_AT_MOST:
            return self._move(E.SILENCE, now)
        return self._fail_page_2(now) if self._asked == ReadAlarms2() else self._move(E.MISSED, now)

    def _refused(self, now: float) -> list[Output]:
        if self._asked != ReadAlarms2():
            return self._move(E.REFUSED, now)
        return self._fail_page_2(now, is_refused=True)

    def _fail_page_2(self, now: float, *, is_refused: bool = False) -> list[Output]:
        """Do without a page that was never there. One that was there may hold alarms, and a refusal may mean a harmed
        request: its alarms are not over, so nothing is said, and after two of these all begins anew.
        """
        self._failures += 1
        is_over = self._failures >= _MISSED_AT_MOST
        if self._heard_page_2:
            return self._move(E.SILENCE if is_over else E.MISSED, now)
        if not is_refused and not is_over:
            return self._move(E.MISSED, now)
        self._has_page_2 = False  # until its second chance
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
        self._rounds += 1
        wants_page_2 = self._has_page_2 or self._rounds % SECOND_CHANCE == 0
        self._left = [question for question in ROUND if wants_page_2 or question != ReadAlarms2()]

    def _ask(self, question: Question, now: float) -> list[Output]:
        self._asked, self._due_at = question, now + _ANSWER_WITHIN_S
        return [question]

    def _rest(self, now: float) -> None:
        if self._round_at == float("-inf"):
            self._has_page_2, self._pages = True, {}
        self._due_at = max(now, min(self._round_at + self._settings.poll_s, now + _QUIET_AT_MOST_S))

    def _lose(self, rest_s: float, now: float) -> None:
        self._left, self._pages, self._round_at, self._missed = [], {}, float("-inf"), 0
        self._rounds, self._failures, self._heard_page_2 = 0, 0, False
        self._due_at = now + rest_s
