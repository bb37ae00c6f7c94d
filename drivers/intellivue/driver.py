"""The conversation with one monitor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from drivers.api import Damage, Departed, Output, Port, Report
from drivers.intellivue.alarms import Active, Alerts
from drivers.intellivue.channels import Attribute
from drivers.intellivue.clock import MonitorClock, ticks_between
from drivers.intellivue.codec import Decoder, Message
from drivers.intellivue.export import MDS, MDS_CREATE, EventReport, PollReply, Refused
from drivers.intellivue.groups import Answer, Groups
from drivers.intellivue.identity import identity
from drivers.intellivue.polls import DENIED_S, POLLS, SUBJECTS, Asked, Poll, asks, one_by_one, overheard
from drivers.intellivue.readings import Numerics
from drivers.intellivue.requests import INVOKE_IDS, Created, FollowNumerics, FollowWaves, KeepAlive, ReadNumerics
from drivers.intellivue.session import Accepted, End, Ended, UserInformation
from drivers.intellivue.states import PATIENCE, REFUSED_S, STEPS, Event, State, rest_s
from drivers.intellivue.values import bcd_time
from drivers.intellivue.waves import Waves

_ALARMS_KEPT: Final = 3  # questions for alarms without an answer; then what was active is not said again


@dataclass(frozen=True, slots=True)
class IntellivueSettings:
    """What is to be read."""

    waveforms: bool = False  # asking for waves may keep another client from them
    alarms_s: float = 2.0  # between two questions for alarms, which also keep the association

    def __post_init__(self) -> None:
        if not 1.0 <= self.alarms_s <= 4.0:
            raise ValueError(f"alarms_s {self.alarms_s}: set it between 1 and 4 s (2 is usual); silence ends the link")


class IntellivueDialogue:
    """One conversation with one monitor."""

    def __init__(self, settings: IntellivueSettings, port: Port) -> None:
        self._settings = settings
        self._is_framed = port.kind != "datagrams"
        self._is_file = port.kind == "file"
        self._decoder = Decoder(self._is_framed)
        self._state = State.CLOSED
        self._due_at = 0.0  # of the state's own DUE or SILENCE
        self._failures = 0
        self._granted = UserInformation()
        self._begin()

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        if self._state is State.CLOSED:
            return None
        return min([self._due_at, *[asked.due_at for asked in self._asked.values()]])

    def open(self, now: float) -> Sequence[Output]:
        """Ask for an association."""
        return self._move(Event.OPENED, now)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of the line's bytes, or one datagram."""
        outputs: list[Output] = []
        for found in self._decoder.feed(data):
            if isinstance(found, Damage):
                outputs.append(found)
                continue
            if self._state is State.ASSOCIATED:
                self._due_at = now + PATIENCE[State.ASSOCIATED]
            outputs += self._take(found, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Give up waiting, try again, or ask what is due."""
        if self._state is State.CLOSED:
            return []
        if self._due_at <= now:
            return self._move(Event.DUE if self._state is State.RESTING else Event.SILENCE, now)
        return self._ask_what_is_due(now)

    def close(self, now: float) -> Sequence[Output]:
        """Release the association."""
        return [] if self._state is State.CLOSED else self._move(Event.CLOSING, now)

    def _begin(self) -> None:
        """Forget what belonged to an earlier association."""
        self._asked: dict[Poll, Asked] = {}
        self._overheard: dict[int, Asked] = {}  # in a file, by invoke id: another client's questions have others
        self._groups, self._numerics, self._waves, self._alerts = Groups(), Numerics(), Waves(), Alerts()
        self._clock = MonitorClock(None, 0)
        self._active: Active | None = None
        self._active_until = 0.0

    def _move(self, event: Event, now: float) -> list[Output]:
        step = STEPS.get((self._state, event))
        if step is None:
            return [Damage("message out of turn", 0)]
        was, self._state = self._state, step.state
        outputs: list[Output] = [] if step.say is None else [step.say(self._is_framed)]
        if was is State.ASSOCIATED and step.state is State.RESTING:
            self._begin()
            outputs.append(Departed("", f"association over: {event.name.lower()}"))
        if step.state in PATIENCE:
            self._due_at = now + PATIENCE[step.state]
        elif was is not State.RESTING or event is Event.REFUSED:
            self._due_at = now + max(rest_s(self._failures), REFUSED_S if event is Event.REFUSED else 0.0)
            self._failures += 1
        return outputs

    def _take(self, message: Message, now: float) -> list[Output]:
        match message:
            case PollReply():
                return self._polled(message, now) if self._state is State.ASSOCIATED or self._is_file else []
            case EventReport() if message.event == MDS_CREATE and message.managed == MDS and message.is_confirmed:
                return self._created(message, now)
            case EventReport():
                return [identity(message.attributes)] if message.is_indication else []
            case Accepted():
                self._granted = message.information
                return self._move(Event.ACCEPTED, now)
            case Ended():
                return self._move(Event.REFUSED if message.end is End.REFUSED else Event.ENDED, now)
            case Refused():
                self._deny(message.invoke_id, now)
                return []
        return [Damage("our own words came back", len(message.encode()))]

    def _created(self, report: EventReport, now: float) -> list[Output]:
        """Confirm MDS create; the first one in an association says who the monitor is, and what time it has."""
        if (self._state, Event.CREATED) not in STEPS:
            return self._move(Event.CREATED, now)
        is_first = self._state is State.GRANTED
        outputs: list[Output] = [Created(report.invoke_id, report.context, report.handle, report.time, self._is_framed)]
        outputs += self._move(Event.CREATED, now)
        if not is_first:
            return outputs
        self._begin()
        self._failures = 0
        wall = bcd_time(report.attributes.get(Attribute.WALL_CLOCK, b""))
        relative = report.attributes.get(Attribute.RELATIVE_TIME, b"")
        self._clock = MonitorClock(wall, int.from_bytes(relative, "big") if len(relative) == 4 else report.time)
        self._asked = asks(self._granted, self._settings.waveforms, self._settings.alarms_s, now)
        return [*outputs, identity(report.attributes), *self._ask_what_is_due(now)]

    def _ask_what_is_due(self, now: float) -> list[Output]:
        outputs: list[Output] = []
        for poll, asked in self._asked.items():
            if asked.due_at <= now:
                for answer in self._groups.flush(INVOKE_IDS[poll]):
                    outputs += self._say(answer, poll, asked, now)
                asked.said(now)
                outputs.append(poll(self._is_framed))
        return outputs

    def _deny(self, invoke_id: int, now: float) -> None:
        """Waves that are refused (another client holds them) are tried again much later, numerics one by one."""
        poll = POLLS.get(invoke_id)
        if poll not in self._asked or poll is KeepAlive:
            return
        if poll is FollowNumerics:
            del self._asked[poll]
            self._asked[ReadNumerics] = one_by_one(self._granted, now)
        else:
            self._asked[poll].due_at = now + DENIED_S

    def _polled(self, piece: PollReply, now: float) -> list[Output]:
        poll = SUBJECTS.get(piece.subject) if self._is_file else POLLS.get(piece.invoke_id)
        if poll is None or not (self._is_file or poll in self._asked):
            return [Damage("answer to no question", 0)]
        asked = self._overheard.setdefault(piece.invoke_id, overheard()) if self._is_file else self._asked[poll]
        asked.heard(now)
        return [output for answer in self._groups.feed(piece) for output in self._say(answer, poll, asked, now)]

    def _say(self, answer: Answer, poll: Poll, asked: Asked, now: float) -> list[Output]:
        """Say an answer in canonical words; first, what was lost before or within it."""
        head = answer.head
        if asked.is_repeated(head):
            return []
        outputs: list[Output] = [] if answer.is_whole else [Damage("answer with a piece missing", 0)]
        outputs += [Damage("answer missing in the sequence", 0)] * min(asked.missing(head), 1)
        is_late = asked.time is not None and ticks_between(asked.time, head.time) < 0
        if not is_late:
            asked.time, asked.sequence = head.time, head.sequence
        return outputs + self._contents(answer, poll, is_late, now)

    def _contents(self, answer: Answer, poll: Poll, is_late: bool, now: float) -> list[Output]:
        device_time = bcd_time(answer.head.absolute) or self._clock.at(answer.head.time)
        if poll is FollowWaves:
            return list(self._waves.read(answer.objects, device_time))
        if poll is KeepAlive:
            found = self._alerts.read(answer.objects) if answer.is_whole and not is_late else None
            if isinstance(found, Active):
                return self._ring(found, device_time, now)
            return [] if found is None else [found]
        numerics = self._numerics.read(answer.objects)
        outputs: list[Output] = [Damage("numeric value of wrong length", 0)] * min(numerics.harmed, 1)
        alarms = self._active.alarms if self._active is not None and now <= self._active_until else None
        if numerics.readings:
            outputs.append(Report(numerics.readings, "", device_time, alarms=alarms, late=is_late))
        if numerics.simulated:
            outputs.append(Report(numerics.simulated, "", device_time, late=is_late, simulated=True))
        return outputs

    def _ring(self, found: Active, device_time: datetime | None, now: float) -> list[Output]:
        """Say at once what has changed. Else alarms go with numerics: alone they would make dead numerics look live."""
        before, self._active = self._active, found
        self._active_until = now + _ALARMS_KEPT * self._settings.alarms_s
        outputs: list[Output] = []
        if before is None or before.alarms != found.alarms:
            outputs.append(Report([], "", device_time, alarms=found.alarms))
        if found.simulated != (before.simulated if before else ()):
            outputs.append(Report([], "", device_time, alarms=found.simulated, simulated=True))
        return outputs
