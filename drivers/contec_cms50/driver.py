"""Listens to a CMS50. V7.0 is asked to begin, and kept going: a table of states and events. The old one just talks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from drivers.api import Damage, Departed, Identity, Output, Port, Request
from drivers.contec_cms50.codec import (
    DISCONNECT,
    Decoder,
    Frame,
    KeepAlive,
    Other,
    Protocol,
    StartRealtime,
    StopRealtime,
)
from drivers.contec_cms50.pleth import PACKETS_PER_S, Pleth
from drivers.contec_cms50.readings import Moment, moment, report

_ANSWER_S: Final = 1.0  # V7.0: a command without reply for one second is lost
_SILENCE_S: Final = 2.0  # between packets; our choice
_KEEP_ALIVE_S: Final = 5.0  # V7.0
_LONGEST_REST_S: Final = 4.0  # who returns is heard within five seconds
_SETTLE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Cms50Settings:
    """Which of the two protocols the device has; the old one needs 19200 baud and odd parity."""

    protocol: Protocol = "v7"


class State(Enum):
    """Where the conversation stands."""

    LISTENING = auto()  # to the old protocol: nothing is ever said
    CLOSED = auto()
    STARTING = auto()  # A1 is out
    RUNNING = auto()
    LOST = auto()  # until the next attempt


class Event(Enum):
    """What moves it."""

    OPENED = auto()
    DATA = auto()
    SILENCE = auto()
    LEFT = auto()  # the device has said that it drops the link
    DUE = auto()


class Step(NamedTuple):
    """Where an event leads, and what is said on the way."""

    state: State
    say: type[Request] | None = None


# What isn't here moves nothing.
STEPS: Final = {
    (State.CLOSED, Event.OPENED): Step(State.STARTING, StartRealtime),
    (State.STARTING, Event.DATA): Step(State.RUNNING),
    (State.STARTING, Event.SILENCE): Step(State.LOST),
    (State.STARTING, Event.LEFT): Step(State.LOST),
    (State.RUNNING, Event.SILENCE): Step(State.LOST),
    (State.RUNNING, Event.LEFT): Step(State.LOST),
    (State.RUNNING, Event.DUE): Step(State.RUNNING, KeepAlive),
    (State.LOST, Event.DATA): Step(State.RUNNING),
    (State.LOST, Event.DUE): Step(State.STARTING, StartRealtime),
}


class Cms50Dialogue:
    """One oximeter on one port."""

    def __init__(self, settings: Cms50Settings, _port: Port) -> None:
        self._protocol = settings.protocol
        self._decoder = Decoder(settings.protocol)
        self._pleth = Pleth()
        self._state = State.LISTENING if settings.protocol == "old" else State.CLOSED
        self._due_at = 0.0  # of the state's own DUE
        self._silent_at = 0.0  # of its SILENCE
        self._settle_at: float | None = None
        self._failures = 0
        self._is_known = False
        self._said: Moment | None = None
        self._packets = 0  # since the last report

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return min((at for at in (*self._appointments(), self._settle_at) if at is not None), default=None)

    def open(self, now: float) -> Sequence[Output]:
        """Ask a V7.0 device to begin."""
        return self._move(Event.OPENED, now)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the device says."""
        self._pleth.begin(now)
        outputs = self._take_all(self._decoder.feed(data), now)
        self._settle_at = now + _SETTLE_S if self._decoder.is_waiting else None
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Keep the device going, begin again, or take note of silence."""
        outputs: list[Output] = []
        if self._settle_at is not None and now >= self._settle_at:
            self._settle_at = None
            outputs += self._take_all(self._decoder.settle(), now)
        if self._state in (State.STARTING, State.RUNNING) and now >= self._silent_at:
            return [*outputs, *self._move(Event.SILENCE, now)]
        if self._state in (State.RUNNING, State.LOST) and now >= self._due_at:
            outputs += self._move(Event.DUE, now)
        return outputs

    def close(self, _now: float) -> Sequence[Output]:
        """Leave the device as it was found."""
        return [StopRealtime()] if self._state in (State.STARTING, State.RUNNING) else []

    def _appointments(self) -> tuple[float, ...]:
        """Give what the state waits for."""
        match self._state:
            case State.STARTING:
                return (self._silent_at,)
            case State.RUNNING:
                return (self._due_at, self._silent_at)
            case State.LOST:
                return (self._due_at,)
            case _:
                return ()

    def _take_all(self, frames: Sequence[Frame | Damage], now: float) -> list[Output]:
        outputs: list[Output] = []
        for frame in frames:
            match frame:
                case Damage():
                    outputs += [frame, *self._pleth.end()]
                case Other():
                    outputs += self._notice(frame, now)
                case _:
                    said = moment(frame)
                    outputs += self._report(said, frame.status, now)
                    outputs += self._pleth.add(frame.wave, said.fault)
        return outputs

    def _report(self, said: Moment, status: int, now: float) -> list[Output]:
        """Report once a second, and at once what has changed."""
        outputs = self._move(Event.DATA, now)
        self._silent_at = now + _SILENCE_S
        if not self._is_known:
            self._is_known = True
            dialect = "V7.0" if self._protocol == "v7" else "old protocol"
            outputs.append(Identity(manufacturer="Contec", dialect=dialect))
        self._packets += 1
        if said == self._said and self._packets < PACKETS_PER_S:
            return outputs
        self._said, self._packets = said, 0
        return [*outputs, report(said, status)]

    def _notice(self, packet: Other, now: float) -> list[Output]:
        """Other packets answer what we never ask; some name a user."""
        if packet.kind != DISCONNECT:
            return []
        self._said = None
        left = Departed("", f"the device has dropped the link (reason {packet.reason})")
        return [*self._pleth.end(), left, *self._move(Event.LEFT, now)]

    def _move(self, event: Event, now: float) -> list[Output]:
        if not (step := STEPS.get((self._state, event))):
            return []
        self._state = step.state
        match step.state:
            case State.STARTING:
                self._silent_at = now + _ANSWER_S
            case State.RUNNING:
                self._failures = 0
                self._due_at = now + _KEEP_ALIVE_S
            case State.LOST:
                self._failures += 1
                self._due_at = now + rest_s(self._failures)
        return [step.say()] if step.say else []


def rest_s(failures: int) -> float:
    """Give the pause before the next attempt: doubling, up to four seconds."""
    return min(_LONGEST_REST_S, float(1 << min(failures, 10) - 1))
