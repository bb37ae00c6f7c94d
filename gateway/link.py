"""One conversation: a port and a dialogue, tied together. The only place that writes towards a device.

Every frame passes the gate with its final bytes: the family must recognise them as the very request that was asked for,
of a type that its manifest declares.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from drivers.api import Damage, Dialogue, Family, Output, Purpose, Request
from gateway.clock import Clock
from gateway.errors import ForbiddenRequestError, LinkError
from gateway.logs import fields
from gateway.transport import Inbox

log = logging.getLogger(__name__)

UNSAID_LIMIT: Final = 1000  # acknowledgements that wait for the disk; a sender this far ahead is left unanswered
UNSENT_LIMIT: Final = 256 * 1024  # bytes that the other side doesn't take
PAUSE_S: Final = 0.5  # how long reading pauses at a time while the disk is behind


def permit(family: Family, request: Request, data: bytes, *, accepts_effects: bool) -> None:
    """The gate. Raises ForbiddenRequestError unless these bytes are exactly this declared request."""
    if type(request) not in family.requests:
        raise ForbiddenRequestError(f"{family.name}: {type(request).__name__} is not in the manifest")
    if request.effect and not accepts_effects:
        raise ForbiddenRequestError(f"{family.name}: {type(request).__name__} has an effect ({request.effect})")
    if family.recognise(data) != request:
        raise ForbiddenRequestError(f"{family.name}: these {len(data)} bytes are not {type(request).__name__}")


class Listener(Protocol):
    """What takes a link's outputs."""

    def take(self, output: Output, now: float) -> bool:
        """Take one output that is no request; False if it could not be kept, and must not be acknowledged."""

    def spoke(self, request: Request) -> None:
        """A request has been sent."""


class Store(Protocol):
    """Where what was taken is kept."""

    @property
    def has_room(self) -> bool:
        """Say whether reading may go on."""

    async def room(self, timeout_s: float) -> None:
        """Wait for room, no longer than this."""

    def ticket(self) -> "asyncio.Future[bool]":
        """Give the promise that all taken so far is on disk."""

    def flush(self) -> None:
        """Say that nothing more comes right now."""


class Tap(Protocol):
    """What records the bytes."""

    def heard(self, data: bytes) -> None:
        """Bytes came in."""

    def said(self, data: bytes) -> None:
        """Bytes went out."""


class Link:
    """Carries bytes to a dialogue, and what it says to the listener and, through the gate, to the device."""

    def __init__(
        self,
        family: Family,
        dialogue: Dialogue,
        inbox: Inbox,
        listener: Listener,
        store: Store,
        clock: Clock,
        *,
        accepts_effects: bool,
        tap: Tap | None = None,
    ) -> None:
        self._family = family
        self._dialogue = dialogue
        self._inbox = inbox
        self._listener = listener
        self._store = store
        self._now: Callable[[], float] = clock.steady
        self._accepts_effects = accepts_effects
        self._tap = tap
        self._port = inbox.transport if family.requests else None  # a family that says nothing has no writer
        self._unsaid: deque[tuple[asyncio.Future[bool] | None, Request]] = deque()
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Talk until the port closes. Raises ForbiddenRequestError, or what the transport raised."""
        self._carry_out(self._dialogue.open(self._now()))
        while (data := await self._read()) != b"":
            if data is not None:
                if self._tap is not None:
                    self._tap.heard(data)
                self._carry_out(self._dialogue.receive(data, self._now()))
            wake_at = self._dialogue.wake_at
            if wake_at is not None and wake_at <= self._now():
                self._carry_out(self._dialogue.tick(self._now()))
        if self._failure is not None:
            raise self._failure
        if self._inbox.dropped:
            self._listener.take(Damage("datagrams dropped", self._inbox.dropped), self._now())

    async def _read(self) -> bytes | None:
        wake_at = self._dialogue.wake_at
        timeout_s = None if wake_at is None else wake_at - self._now()
        if not self._store.has_room:
            # A flood waits in the kernel; a disk that stands still holds up no conversation for longer than this.
            await self._store.room(PAUSE_S if timeout_s is None else max(0.0, min(PAUSE_S, timeout_s)))
        return await self._inbox.read(timeout_s)

    def close(self) -> None:
        """Take leave as the protocol asks."""
        self._carry_out(self._dialogue.close(self._now()))
        self._unsaid.clear()

    def _carry_out(self, outputs: Sequence[Output]) -> None:
        taken = True
        for output in outputs:
            if not isinstance(output, Request):
                taken &= self._listener.take(output, self._now())
            elif output.purpose is Purpose.LINK:
                self._say([output])  # waits for nothing
            elif output.purpose is Purpose.ACKNOWLEDGE:
                if taken:
                    self._say_later(output)
                taken = True
            elif self._unsaid:
                self._unsaid.append((None, output))
            else:
                self._say([output])
        self._store.flush()
        self._say_what_may_be_said()

    def _say_later(self, request: Request) -> None:
        """An acknowledgement leaves when everything before it is on disk, and in its order."""
        if len(self._unsaid) >= UNSAID_LIMIT:
            return
        ticket = self._store.ticket()
        if not self._unsaid or self._unsaid[-1][0] is not ticket:
            ticket.add_done_callback(self._say_what_may_be_said)
        self._unsaid.append((ticket, request))

    def _say_what_may_be_said(self, _ticket: asyncio.Future[bool] | None = None) -> None:
        ready: list[Request] = []
        while self._unsaid and ((ticket := self._unsaid[0][0]) is None or ticket.done()):
            _, request = self._unsaid.popleft()
            if ticket is None or ticket.result():
                ready.append(request)
        if ready:
            try:
                self._say(ready)
            except (ForbiddenRequestError, LinkError) as error:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Called outside of `run`: let it end with this."""
        self._failure = error
        self._inbox.stop()

    def _say(self, requests: Sequence[Request]) -> None:
        frames = [self._permitted(request) for request in requests]
        self._write(frames)
        for request, frame in zip(requests, frames, strict=True):
            self._listener.spoke(request)
            if self._tap is not None:
                self._tap.said(frame)

    def _permitted(self, request: Request) -> bytes:
        frame = request.encode()
        try:
            permit(self._family, request, frame, accepts_effects=self._accepts_effects)
        except ForbiddenRequestError as error:
            log.critical("request denied: this is a bug", extra=fields(family=self._family.name, reason=str(error)))
            raise
        return frame

    def _write(self, frames: Sequence[bytes]) -> None:
        """The one place where bytes leave towards a device."""
        match self._port:
            case asyncio.DatagramTransport() as port:
                for frame in frames:
                    port.sendto(frame)
            case asyncio.WriteTransport() as port:
                if port.get_write_buffer_size() > UNSENT_LIMIT:
                    raise LinkError("the other side doesn't take what we say")
                port.write(b"".join(frames))
            case None:
                raise ForbiddenRequestError(f"{self._family.name} says nothing at all")
