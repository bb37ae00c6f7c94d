"""The conversation with a Capnostream: enable, start, listen; a table of states and events."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from drivers.api import Announcement, Damage, Identity, Output, Port, Report, Request
from drivers.capnostream.channels import MANUFACTURER, QUICK_EVENT
from drivers.capnostream.codec import (
    Co2Wave,
    Decoder,
    DeviceId,
    Disable,
    Enable,
    Frame,
    LinkIsActive,
    Numerics,
    StartRealTime,
    StopRealTime,
)
from drivers.capnostream.readings import Alarms, disowned, readings
from drivers.capnostream.wave import Gatherer
from drivers.vocabulary import EventKind

_ENABLE_EACH_S: Final = 1.0  # the monitor hunts for the rate and has to be called again and again
_START_WITHIN_S: Final = 3.0
_NUMERICS_WITHIN_S: Final = 3.0  # three messages
_FRESH_S: Final = 1.0  # how long a wave's status speaks of the numbers beside it
_JUMP: Final = 20  # % SpO2 from one second to the next
_DEVICE_ID: Final = re.compile(rb"V([0-9.]{5}) [0-9/ ]{10} ([A-Z0-9]{10}) *")
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  the monitor's wall clock; no zone is said


@dataclass(frozen=True, slots=True)
class CapnostreamSettings:
    """What depends on the monitor's software."""

    link_active_s: float = 0.0  # 0: never; later revisions may want to hear 6, Link is active (5 s in a public program)

    def __post_init__(self) -> None:
        if self.link_active_s != 0 and not 1 <= self.link_active_s <= 60:
            raise ValueError(f"link_active_s {self.link_active_s}: set it to 0 (never) or between 1 and 60 s")


class State(Enum):
    """Where the conversation stands."""

    CLOSED = auto()
    ENABLING = auto()  # Enable is out, and goes out again
    STARTING = auto()  # Start real-time is out
    LIVE = auto()


class Event(Enum):
    """What moves it."""

    OPENED = auto()
    DEVICE_ID = auto()
    NUMERICS = auto()
    SILENCE = auto()


S, E = State, Event

# Where an event leads, and what is said on the way. Numerics may come before we have asked: from a conversation
# that we left without a goodbye, or from a file. An event without an entry moves nothing.
STEPS: Final[dict[tuple[State, Event], tuple[State, Request | None]]] = {
    (S.CLOSED, E.OPENED): (S.ENABLING, Enable()),
    (S.ENABLING, E.DEVICE_ID): (S.STARTING, StartRealTime()),
    (S.ENABLING, E.NUMERICS): (S.LIVE, None),
    (S.ENABLING, E.SILENCE): (S.ENABLING, Enable()),
    (S.STARTING, E.NUMERICS): (S.LIVE, None),
    (S.STARTING, E.SILENCE): (S.ENABLING, Enable()),
    (S.LIVE, E.NUMERICS): (S.LIVE, None),
    (S.LIVE, E.SILENCE): (S.ENABLING, Enable()),
}
PATIENCE_S: Final = {
    S.ENABLING: _ENABLE_EACH_S,
    S.STARTING: _START_WITHIN_S,
    S.LIVE: _NUMERICS_WITHIN_S,
}


class CapnostreamDialogue:
    """One conversation with one monitor."""

    def __init__(self, settings: CapnostreamSettings, _port: Port) -> None:
        self._settings = settings
        self._decoder = Decoder()
        self._gatherer = Gatherer()
        self._alarms = Alarms()
        self._state = S.CLOSED
        self._due_at = 0.0
        self._link_at = float("inf")
        self._fast = (0, float("-inf"))  # status of the last wave, and when it came
        self._last: tuple[Numerics, float] | None = None
        self._identity: Identity | None = None

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return None if self._state is S.CLOSED else min(self._due_at, self._link_at)

    def open(self, now: float) -> Sequence[Output]:
        """Enable communication."""
        return self._move(E.OPENED, now)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the monitor says."""
        outputs: list[Output] = []
        for frame in self._decoder.feed(data):
            outputs += [frame] if isinstance(frame, Damage) else self._take(frame, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Say Enable again, or that the link is active."""
        if self._state is S.CLOSED:
            return []
        if self._due_at <= now:
            return self._move(E.SILENCE, now)
        if self._link_at <= now:
            self._link_at = now + self._settings.link_active_s
            return [LinkIsActive()]
        return []

    def close(self, _now: float) -> Sequence[Output]:
        """Stop, then disable. The pause between them that the protocol likes can't be made here."""
        has_started = self._state in (S.STARTING, S.LIVE)
        self._state = S.CLOSED
        return [StopRealTime(), Disable()] if has_started else []

    def _take(self, frame: Frame, now: float) -> list[Output]:
        match frame:
            case Co2Wave():
                self._fast = frame.status, now
                return list(self._gatherer.take(frame))
            case Numerics():
                return [*self._numerics(frame, now), *self._move(E.NUMERICS, now)]
            case DeviceId():
                return [*self._introduce(frame), *self._move(E.DEVICE_ID, now)]
            case _:  # nothing that was asked for, and some of it names the patient
                return []

    def _numerics(self, said: Numerics, now: float) -> list[Output]:
        last, self._last = self._last, (said, now)
        if last and now - last[1] <= _NUMERICS_WITHIN_S and _is_shifted(said, last[0]):
            self._last = last
            return [Report(disowned(said))]
        status, at = self._fast
        report = Report(
            readings(said, status if now - at <= _FRESH_S else 0),
            device_time=_EPOCH + timedelta(seconds=said.seconds),
            alarms=self._alarms.take(said),
        )
        marks = _announce(said.events, last[0].events if last else b"")
        return [report, *marks, *self._gatherer.measure_in(said.unit)]

    def _introduce(self, said: DeviceId) -> list[Output]:
        found = _DEVICE_ID.fullmatch(said.text)
        firmware, serial = (part.decode() for part in found.groups()) if found else ("", "")
        identity = Identity(
            manufacturer=MANUFACTURER, model="Capnostream", serial=serial, firmware=firmware, dialect="D006045C"
        )
        if identity == self._identity:
            return []
        self._identity = identity
        return [identity]

    def _move(self, event: Event, now: float) -> list[Output]:
        if not (step := STEPS.get((self._state, event))):
            return []
        was, (self._state, said) = self._state, step
        self._due_at = now + PATIENCE_S[self._state]
        if self._state is S.ENABLING:
            self._link_at = float("inf")
            self._gatherer.forget()
        elif was is S.ENABLING and self._settings.link_active_s:
            self._link_at = now + self._settings.link_active_s
        return [said] if said else []


def _is_shifted(said: Numerics, last: Numerics) -> bool:
    """Say whether the payload has slipped by a byte, as a public program saw it, with a right checksum."""
    both_measured = 0xFF not in (last.rr, last.spo2, said.spo2)
    return both_measured and said.spo2 == last.rr and abs(said.spo2 - last.spo2) > _JUMP


def _announce(marks: bytes, before: bytes) -> list[Output]:
    """Announce the marks that didn't stand in the message before."""
    return [
        Announcement(
            EventKind.DEVICE_EVENT, text="quick event" if index == QUICK_EVENT else f"event {index}", raw=f"{index:02x}"
        )
        for index in (Counter(marks) - Counter(before)).elements()
        if index
    ]
