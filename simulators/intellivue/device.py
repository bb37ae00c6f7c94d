"""A monitor that grants one association at a time and answers polls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from drivers.api import Damage
from drivers.intellivue import codec, export, session
from drivers.intellivue.export import EventReport, Link, Observed, PollReply, Refused
from drivers.intellivue.mib import Frames, framed
from drivers.intellivue.session import Accepted, Asked, End, Ended, UserInformation
from simulators.api import Bedside
from simulators.intellivue.commands import Change, Confirmation, Get, Noise, Poll, understand
from simulators.intellivue.numerics import alerts, numerics, system_object
from simulators.intellivue.waves import BLOCK_S, CO2, ECG_I, ECG_II, ECG_III, PLETH, waves

_SECOND: Final = 1.024  # what "each second" means to the monitor: 8192 ticks
_SILENCE_S: Final = 10.0  # from the client; then the association is over (UNVERIFIED)
_WAVES_LATE_S: Final = 1.0
_MTU: Final = 996
_OPTIONS: Final = 0x8E000000
_UP_S: Final = 5000.0  # the monitor was switched on before anyone came
_CLASSES: Final = frozenset({export.MDS, export.NUMERIC, export.WAVE, export.ALERT_MONITOR, 0x0005, 0x0023, 0x002A})


@dataclass(frozen=True, slots=True)
class IntellivueDeviceSettings:
    """How this monitor is set up."""

    demo: bool = False
    offers_waves: bool = True  # by itself, before a client says which


@dataclass(slots=True)
class _Stream:
    poll: Poll
    next_at: float
    ends_at: float
    sequence: int = 0


@dataclass(slots=True)
class _Association:
    granted: UserInformation
    heard_at: float
    is_confirmed: bool = False
    streams: dict[int, _Stream] = field(default_factory=dict)


class IntellivueDevice:
    """One monitor; whether it sits on a LAN or a serial line is known by the first byte that it hears."""

    def __init__(self, bedside: Bedside, settings: IntellivueDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        self._frames: Frames | None = None
        self._is_known = False  # LAN or line
        self._on_since: float | None = None
        self._association: _Association | None = None
        self._labels = (0x20000 | PLETH, *(0x20000 | lead for lead in (ECG_I, ECG_II, ECG_III)), 0x20000 | CO2)
        if not settings.offers_waves:
            self._labels = ()

    @property
    def wake_at(self) -> float | None:
        """The next answer of an extended poll, or the end of patience."""
        if self._association is None:
            return None
        due = [stream.next_at for stream in self._association.streams.values()]
        return min([self._association.heard_at + _SILENCE_S, *due])

    def open(self, now: float) -> Sequence[bytes]:
        """Somebody is there; the monitor waits to be asked. An earlier association may still live."""
        self._frames, self._is_known = None, False
        if self._association is not None and now >= self._association.heard_at + _SILENCE_S:
            self._association = None  # given up meanwhile
        self._on_since = now - _UP_S if self._on_since is None else self._on_since
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Understand each message, and answer it."""
        if not self._is_known and data:
            self._is_known, self._frames = True, Frames() if data[:1] == b"\xc0" else None
        said: list[bytes] = []
        for message in [data] if self._frames is None else self._frames.feed(data):
            if isinstance(message, Damage):
                self.violations.append(message.reason)
            elif message:
                said += self._hear(message, now)
        return self._framed(said)

    def tick(self, now: float) -> Sequence[bytes]:
        """Go on with the extended polls; give up a client that says nothing."""
        association = self._association
        if association is None:
            return []
        if now >= association.heard_at + _SILENCE_S:
            self._association = None
            return self._framed([session.ABORT])
        said: list[bytes] = []
        for stream in [stream for stream in association.streams.values() if stream.next_at <= now]:
            said += self._answer(stream.poll, now, stream.sequence)
            stream.sequence = (stream.sequence + 1) & 0xFFFF
            stream.next_at += BLOCK_S if stream.poll.subject == export.WAVE else _SECOND
            if stream.next_at >= stream.ends_at:
                del association.streams[stream.poll.subject]
        return self._framed(said)

    def close(self, _now: float) -> None:
        """The client is gone, and the monitor doesn't know."""

    def _framed(self, said: Iterable[bytes]) -> list[bytes]:
        return list(said) if self._frames is None else [framed(message) for message in said]

    def _hear(self, message: bytes, now: float) -> list[bytes]:
        if message[:1] != b"\xe1":
            return self._control(message, now)
        command = understand(message)
        if isinstance(command, Change):
            return self._obey(command)
        if self._association is None:
            self.violations.append("data export without an association")
            return []
        self._association.heard_at = now
        match command:
            case Confirmation():
                self._association.is_confirmed = True
            case Poll():
                return self._poll(command, now)
            case Get():
                return [self._wave_list(command.invoke_id, 3)]
            case Noise():
                self.violations.append(command.reason)
        return []

    def _control(self, message: bytes, now: float) -> list[bytes]:
        heard = codec.parse(message)
        match heard:
            case Asked() if self._association is not None and self._association.is_confirmed:
                return [Ended(End.REFUSED).encode()]
            case Asked():
                return self._grant(heard.information, now)
            case Ended(end=End.RELEASE):
                self._association = None
                return [session.RELEASED]
            case Ended(end=End.ABORT):
                self._association = None
                return []
        self.violations.append("no message of the protocol")
        return []

    def _grant(self, asked: UserInformation, now: float) -> list[bytes]:
        ticks = max(asked.min_poll_ticks, 0x0FA0)
        granted = UserInformation(0x00800000, 0x80000000, ticks, _MTU, _MTU, asked.options & _OPTIONS)
        self._association = _Association(granted, now)
        created = system_object(self._bedside.device_time(now), self._ticks(now))
        return [
            Accepted(granted).encode(),
            EventReport(export.MDS_CREATE, self._ticks(now), created, invoke_id=1).encode(),
        ]

    def _obey(self, change: Change) -> list[bytes]:
        """A client has changed something: here, at best, which waves are sent."""
        self.tampered = True
        self.violations.append(change.words)
        if change.labels is None:
            return [Refused(change.invoke_id, 9).encode()]
        self._labels = change.labels
        return [self._wave_list(change.invoke_id, 5)] if change.command == 5 else []

    def _poll(self, poll: Poll, now: float) -> list[bytes]:
        association = self._association
        assert association is not None
        if poll.subject not in _CLASSES:
            return [Refused(poll.invoke_id, 0).encode()]
        if poll.action == export.SINGLE_POLL:
            return self._answer(poll, now, None)
        option = 0x08000000 if poll.subject == export.WAVE else 0x80000000
        if not association.granted.options & option:
            return [Refused(poll.invoke_id, 2).encode()]
        if poll.active_s:
            step = BLOCK_S if poll.subject == export.WAVE else _SECOND
            association.streams[poll.subject] = _Stream(poll, now + step, now + poll.active_s, sequence=1)
        return self._answer(poll, now, 0)

    def _answer(self, poll: Poll, now: float, sequence: int | None) -> list[bytes]:
        at = now - _WAVES_LATE_S if poll.subject == export.WAVE else now
        objects = self._objects(poll.subject, at)
        pieces = _pieces(objects)
        reply = PollReply(poll.invoke_id, poll.poll_no, self._ticks(at), poll.subject, (), sequence, None, poll.group)
        if len(pieces) == 1:
            return [_with(reply, pieces[0], None).encode()]
        links = [Link(1 if n == 1 else 3 if n == len(pieces) else 2, n) for n in range(1, len(pieces) + 1)]
        said = [_with(reply, piece, link).encode() for piece, link in zip(pieces, links, strict=True)]
        return [*said, reply.encode()]

    def _objects(self, subject: int, at: float) -> tuple[Observed, ...]:
        vitals = self._bedside.patient.at(at)
        match subject:
            case export.NUMERIC:
                measured = self._bedside.device_time(vitals.cuff.ended) if vitals.cuff else None
                return numerics(vitals, measured, at, self._settings.demo)
            case export.WAVE:
                state = 0x0400 if self._settings.demo else 0
                return () if vitals.standby else waves(vitals, self._labels, at, state)
            case export.ALERT_MONITOR:
                return alerts(vitals.alarms, self._settings.demo)
            case export.MDS:
                return (Observed(0, 0, system_object(self._bedside.device_time(at), self._ticks(at))),)
        return ()

    def _wave_list(self, invoke_id: int, command: int) -> bytes:
        labels = b"".join(label.to_bytes(4, "big") for label in self._labels)
        value = len(self._labels).to_bytes(2, "big") + len(labels).to_bytes(2, "big") + labels
        body = bytes.fromhex("0021 0000 0000 0001") + (len(value) + 4).to_bytes(2, "big")
        body += b"\xf2\x3a" + len(value).to_bytes(2, "big") + value
        head = b"".join(word.to_bytes(2, "big") for word in (2, len(body) + 6, invoke_id, command, len(body)))
        return export.EXPORT + head + body

    def _ticks(self, now: float) -> int:
        return int((now - (self._on_since or 0.0)) * 8000) & 0xFFFFFFFF


def _with(reply: PollReply, objects: tuple[Observed, ...], link: Link | None) -> PollReply:
    return PollReply(
        reply.invoke_id, reply.poll_no, reply.time, reply.subject, objects, reply.sequence, link, reply.group
    )


def _pieces(objects: Sequence[Observed]) -> list[tuple[Observed, ...]]:
    """Spread the objects over messages no longer than the MTU."""
    pieces: list[tuple[Observed, ...]] = []
    room = 0
    for observed in objects:
        size = 6 + sum(4 + len(value) for value in observed.attributes.values())
        if size > room:
            pieces.append(())
            room = _MTU - 64
        pieces[-1] += (observed,)
        room -= size
    return pieces or [()]
