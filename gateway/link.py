"""One conversation: a port and a dialogue, tied together. The only place that writes towards a device.

Every frame passes the gate with its final bytes: the family must recognise them as the very request that was asked for,
of a type that its manifest declares.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from drivers.api import Dialogue, Family, Output, Purpose, Request
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
    try:
        recognised = family.recognise(data)
    except Exception as error:
        raise ForbiddenRequestError(f"{family.name}: recognise failed with {type(error).__name__}") from error
    if type(recognised) is not type(request) or recognised != request:
        raise ForbiddenRequestError(f"{family.name}: these {len(data)} bytes are not {type(request).__name__}")


class Listener(Protocol):
    """What takes a link's outputs."""

    def take(self, output: Output, now: float) -> bool:
        """Take one output that is no request; False if it could not be kept, and must not be acknowledged."""

    def spoke(self, request: Request) -> None:
        """A request has been sent."""

    def denied(self, request: Request) -> None:
        """The gate has refused a request."""


class Store(Protocol):
    """Where what was taken is kept."""

    @property
    def has_room(self) -> bool:
        """Say whether reading may go on."""

    def when_room(self, tell: Callable[[], None]) -> None:
        """Call once, when there is room again."""

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
        self._is_waiting = False  # for room
        self._is_taken = True  # all since the last acknowledgement
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._pause_timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Talk until the port closes. Raises ForbiddenRequestError, LinkError, or what a faulty dialogue raised."""
        self._do(self._dialogue.open)
        self._inbox.attach(self._hear, self._end)
        try:
            await asyncio.wait([self._over])  # which leaves it open if we are cancelled: leave must still be taken
            self._over.result()
        finally:
            for timer in (self._timer, self._pause_timer):
                if timer is not None:
                    timer.cancel()

    def _hear(self, data: bytes) -> None:
        """Take what the port said. Called by the event loop: nothing may escape from here."""
        if self._over.done():
            return
        if self._tap is not None:
            self._tap.heard(data)
        self._do(lambda now: self._dialogue.receive(data, now))
        if not self._store.has_room:
            self._pause()

    def _do(self, ask: Callable[[float], Sequence[Output]]) -> None:
        """Let the dialogue have its say, and its tick if that is due; then see when it wants to be woken."""
        try:
            self._carry_out(ask(self._now()))
            if self._over.done():
                return
            wake_at = self._dialogue.wake_at
            if wake_at is not None and wake_at <= self._now():
                self._carry_out(self._dialogue.tick(self._now()))
            self._set_timer()
        except Exception as error:
            self._end(error)

    def _set_timer(self) -> None:
        """A timer that is early only looks again: most conversations move their wake-up on with every frame."""
        wake_at = self._dialogue.wake_at
        if wake_at is None or self._over.done():
            return
        loop = asyncio.get_running_loop()
        at = loop.time() + max(0.0, wake_at - self._now())
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if not self._over.done():
            self._do(lambda _now: ())

    def _pause(self) -> None:
        """A flood waits in the kernel; a disk that stands still holds up a conversation for no longer than this."""
        if self._pause_timer is None:
            self._inbox.pause()
            self._pause_timer = asyncio.get_running_loop().call_later(PAUSE_S, self._resume)
            if not self._is_waiting:
                self._is_waiting = True
                self._store.when_room(self._has_room)

    def _has_room(self) -> None:
        self._is_waiting = False
        self._resume()

    def _resume(self) -> None:
        if self._pause_timer is not None:
            self._pause_timer.cancel()
            self._pause_timer = None
            self._inbox.resume()

    def _end(self, error: Exception | None = None) -> None:
        if self._over.done():
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)

    def close(self) -> None:
        """Take leave as the protocol asks. Raises ForbiddenRequestError, or what a faulty dialogue raised."""
        if not self._over.done():
            self._carry_out(self._dialogue.close(self._now()))
        self._unsaid.clear()

    def _carry_out(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if self._over.done():
                return
            if not isinstance(output, Request):
                self._is_taken &= self._listener.take(output, self._now())
            elif output.purpose is Purpose.LINK:
                self._say([output])  # waits for nothing
            elif output.purpose is Purpose.ACKNOWLEDGE:
                if self._is_taken:
                    self._say_later(output)
                self._is_taken = True
            elif not self._unsaid:
                self._say([output])
            elif all(waiting != output for _, waiting in self._unsaid):  # asked once is enough
                self._wait((None, output))
        self._store.flush()
        self._say_what_may_be_said()

    def _say_later(self, request: Request) -> None:
        """An acknowledgement leaves when everything before it is on disk, and in its order."""
        ticket = self._store.ticket()
        if not self._unsaid or self._unsaid[-1][0] is not ticket:
            ticket.add_done_callback(self._say_what_may_be_said)
        self._wait((ticket, request))

    def _wait(self, unsaid: tuple[asyncio.Future[bool] | None, Request]) -> None:
        if len(self._unsaid) < UNSAID_LIMIT:
            self._unsaid.append(unsaid)

    def _say_what_may_be_said(self, _ticket: asyncio.Future[bool] | None = None) -> None:
        ready: list[Request] = []
        while self._unsaid and ((ticket := self._unsaid[0][0]) is None or ticket.done()):
            _, request = self._unsaid.popleft()
            if ticket is None or ticket.result():
                ready.append(request)
        if ready and not self._over.done():
            try:
                self._say(ready)
            except Exception as error:  # also called by the event loop: nothing may escape from here
                self._end(error)

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
            self._listener.denied(request)
            log.critical("request denied: this is a bug", extra=fields(family=self._family.name, reason=str(error)))
            raise
        return frame

    def _write(self, frames: Sequence[bytes]) -> None:
        """The one place where bytes leave towards a device."""
        if self._port is None:
            raise ForbiddenRequestError(f"{self._family.name} says nothing at all")
        if hasattr(self._port, "sendto"):  # asyncio's datagram transport is no DatagramTransport
            for frame in frames:
                self._port.sendto(frame)
        elif isinstance(self._port, asyncio.WriteTransport):
            if self._port.get_write_buffer_size() > UNSENT_LIMIT:
                raise LinkError("the other side doesn't take what we say")
            self._port.write(b"".join(frames))
