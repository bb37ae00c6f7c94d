"""From the outbox to the broker: live messages first, then what waits on disk, never more than a window in flight.

A message counts as delivered only ten seconds after the broker acknowledged it: brokers acknowledge before their own
disk, so after a broken connection the last ten seconds are sent again, under the same ids.
"""

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

from gateway import mqtt
from gateway.backlog import Refusals, Stored, Waiting
from gateway.config import Broker
from gateway.errors import LinkError
from gateway.hangups import HangUps
from gateway.logs import fields
from gateway.outbox import Outbox, OutboxError
from gateway.session import WINDOW, Session
from gateway.spans import Span, Spans
from gateway.store import Message

log = logging.getLogger(__name__)

LIVE_LIMIT: Final = 20_000  # committed messages held in memory; beyond it they wait on disk alone
CHUNK: Final = 100  # messages read from disk at a time
ROUND: Final = 10_000  # messages given up in one transaction
CONFIRM_S: Final = 10.0  # how long a broker may take from acknowledging to having it on disk
HISTORICAL_S: Final = 5.0  # what is older when sent is no news
READ_RETRY_S: Final = 0.5
CLOCK_SLACK_S: Final = 1.0
CLOCK_UNSET: Final = 1_577_836_800.0  # before 2020: what was taken while our clock wasn't set is of unknown age
RETRY_S: Final = (0.1, 0.4)  # first and longest wait before the next try: a broker that is back has us within 0.5 s
REFUSED_RETRY_S: Final = 10.0  # a refused login doesn't get better by hurrying
CONNECT_S: Final = 5.0
FAREWELL_S: Final = 2.0
STATUS_EXPIRY_S: Final = 90
_NEWS: Final = b'"historical":false}'
_OLD: Final = b'"historical":true}'


class Publisher:
    """Keeps a connection to the broker, and empties the outbox through it."""

    def __init__(self, broker: Broker, outbox: Outbox, will: mqtt.Will, utc: Callable[[], float]) -> None:
        self._broker = broker
        self._outbox = outbox
        self._will = will
        self._utc = utc
        self._live: deque[Message] = deque()
        self._stored = Stored(outbox.left)
        self._refusals = Refusals()
        self._hang_ups = HangUps()
        self._fetched: deque[Message] = deque()  # read from there
        self._fetching: asyncio.Task[None] | None = None
        self._confirmed: deque[tuple[float, Spans]] = deque()  # acknowledged less than ten seconds ago
        self._session: Session | None = None
        self._heads: dict[str, bytes] = {}
        self._message_tail = mqtt.properties(broker.version)
        self._status_tail = mqtt.properties(broker.version, expiry_s=STATUS_EXPIRY_S)
        self.on_connected: Callable[[], None] = lambda: None
        self.on_given_up: Callable[[Sequence[Message]], None] = lambda _messages: None
        outbox.on_commit = self._committed

    @property
    def depth(self) -> int:
        """Messages that the broker has not taken."""
        flying = self._session.flying.values() if self._session else ()
        in_flight = sum(1 for message in flying if isinstance(message, Message))
        return len(self._live) + len(self._fetched) + len(self._stored) + len(self._refusals) + in_flight

    @property
    def refused(self) -> Mapping[str, int]:
        """How often the broker refused a publication, by cause."""
        return self._refusals.counts

    # What is said without the outbox

    def retain(self, topic: str, payload: bytes) -> None:
        """Publish a status; without a connection it is dropped: `on_connected` asks for fresh ones."""
        if self._session is not None and self._head(topic) not in self._hang_ups.muted:
            self._session.retain(self._head(topic), self._status_tail, payload)

    def once(self, topic: str, payload: bytes) -> None:
        """Publish a waveform block, at most once and never in the way of a message; what is dropped is counted."""
        if (
            self._session is None
            or self._live
            or self._hang_ups.is_careful
            or not self._session.once(self._head(topic), self._message_tail, payload)
        ):
            self._outbox.dropped["waveforms"] += 1

    def _head(self, topic: str) -> bytes:
        head = self._heads.get(topic)
        if head is None:
            head = self._heads[topic] = mqtt.topic_head(topic)
        return head

    # What comes out of the outbox

    def _committed(self, messages: Sequence[Message]) -> None:
        if self._session is None or len(self._live) > LIVE_LIMIT:
            self._stored.add_span((messages[0].n, messages[-1].n))
        else:
            self._live.extend(messages)
            self._session.pump()

    def next_message(self) -> tuple[bytes, bytes, Message, bytes] | None:
        """Give what is to be sent next: topic, properties, message, payload."""
        while (message := self._pop()) is not None and self._refusals.holds(message):
            pass
        if message is None:
            if self._fetching is None and (self._stored or self._refusals.due()):
                self._fetching = asyncio.create_task(self._fetch(), name="outbox backlog")
            return None
        payload = message.payload
        # A message from the future was taken before our clock was set back: its age is unknown.
        if not -CLOCK_SLACK_S < self._utc() - message.at < HISTORICAL_S and payload.endswith(_NEWS):
            payload = payload[: -len(_NEWS)] + _OLD
        return self._head(message.stream.topic), self._message_tail, message, payload

    def _pop(self) -> Message | None:
        if self._live:
            return self._live.popleft()
        return self._fetched.popleft() if self._fetched else None

    async def _fetch(self) -> None:
        try:
            topic = self._refusals.due()
            if topic is None:
                if self._stored:
                    await self._read(self._stored, self._stored.span(), CHUNK)
            elif topic.is_open:
                await self._read(topic.waiting, topic.waiting.span(), CHUNK)
            else:
                tried = await self._read(topic.waiting, topic.waiting.newest(), 1)
                tried = tried or await self._read(topic.waiting, topic.waiting.span(), 1)
                topic.trying = tried[0].n if tried else None
        except OutboxError:
            await asyncio.sleep(READ_RETRY_S)
        finally:
            self._fetching = None
        if self._session is not None:
            self._session.pump()

    async def _read(self, waiting: Waiting, span: Span, limit: int) -> list[Message]:
        rows = await self._outbox.read(span, limit, waiting.stream)
        if self._session is None:
            return []
        messages = waiting.take(rows, (span[0], rows[-1].n if len(rows) == limit else span[1]))
        self._fetched.extend(messages)
        return messages

    def refuse(self, message: Message | bytes, code: int) -> None:
        """The broker has refused it, or would; of a status the topic as on the wire is enough: the next one is near."""
        if isinstance(message, Message):
            self._refusals.refused(message, code)
        else:
            self._refusals.note(message[2:].decode(), code)

    def confirmed(self, message: Message | bytes) -> None:
        """The broker has acknowledged it; of a status nothing needs to be kept."""
        self._hang_ups.taken(message)
        if isinstance(message, bytes):
            return
        self._refusals.taken(message)
        now = time.monotonic()
        if not self._confirmed or now - self._confirmed[-1][0] > 0.5:
            self._confirmed.append((now, Spans()))
        self._confirmed[-1][1].add((message.n, message.n))

    def _each_second(self) -> None:
        self._forget_delivered()
        if self._session is not None:
            if self._hang_ups.calmed():
                self._refusals.release()
            if not self._hang_ups.is_careful:
                self._session.widen()
            self._session.pump()  # a refused topic may be due

    def _forget_delivered(self) -> None:
        due = time.monotonic() - CONFIRM_S
        while self._confirmed and self._confirmed[0][0] < due:
            self._outbox.delivered(self._confirmed.popleft()[1])

    def _take_back(self, session: "Session") -> None:
        """The connection is gone: whatever the broker may not have on disk waits on ours."""
        self._session = None
        blamed = self._hang_ups.hung_up([*session.flying.values()]) if session.is_hung_up else None
        if blamed is not None:
            self.refuse(blamed, mqtt.HUNG_UP)
        if self._hang_ups.is_the_broker:
            self._refusals.release()
        flying = [said for said in session.flying.values() if isinstance(said, Message) and said is not blamed]
        first = (
            flying if self._hang_ups.is_careful and len(session.flying) == 1 else []
        )  # soon we know whether it is it
        for message in (*self._live, *self._fetched, *(() if first else flying)):
            self._stored.add(message)
        for _, spans in self._confirmed:
            for span in spans:
                self._stored.add_span(span)
        self._refusals.begin_anew()
        self._live.clear()
        self._fetched = deque(first)
        self._confirmed.clear()

    async def give_up_oldest(self, max_bytes: int, max_age_s: float) -> int:
        """Keep the outbox within its limits; tells what was lost in the transaction that deletes it, gives how many."""
        lost = 0  # no list: a limit that was lowered may cost millions
        until = self._outbox.last  # what tells of the loss is not given up in the same breath
        while doomed := await self._doomed(until, self._outbox.bytes - max_bytes, self._utc() - max_age_s):
            self.on_given_up(doomed)
            self._outbox.delivered(Spans((message.n, message.n) for message in doomed))
            self._outbox.dropped["limit"] += len(doomed)
            lost += len(doomed)
            await self._outbox.ticket()
            with contextlib.suppress(OutboxError):
                await self._outbox.measure()
        return lost

    async def _doomed(self, until: int, over: int, oldest: float) -> list[Message]:
        """Take out the oldest that must go for so many bytes, and those from before a moment; without their payload."""
        doomed: list[Message] = []
        while (waiting := self._oldest()) and len(doomed) < ROUND and waiting.span()[0] <= until:
            span = waiting.span()[0], min(waiting.span()[1], until)
            try:
                rows = await self._outbox.read(span, CHUNK, waiting.stream)
            except OutboxError:  # logged there; what could not be read was not lost
                break
            count = 0
            while count < len(rows) and (over > 0 or CLOCK_UNSET < rows[count].at < oldest):
                over -= len(rows[count].payload)
                count += 1
            if rows and not count:
                break
            is_all = count == len(rows) < CHUNK
            taken = waiting.take(rows[:count], (span[0], span[1] if is_all else rows[count - 1].n))
            doomed += (message._replace(payload=b"") for message in taken)
        return doomed

    def _oldest(self) -> Waiting | None:
        parts = [self._stored, *self._refusals.waiting()] if self._stored else [*self._refusals.waiting()]
        return min(parts, key=lambda part: part.span()[0], default=None)

    # The connection

    async def run(self) -> None:
        """Connect, publish, and come back after every failure, until cancelled."""
        wait, told = RETRY_S[0], ""
        while True:
            try:
                async with self._connected() as session:
                    log.info("broker connected", extra=fields(broker=self._where()))
                    wait, told = RETRY_S[0], ""
                    await session.keep(self._each_second)
            except (OSError, LinkError, mqtt.ProtocolError, TimeoutError) as error:
                reason = _words(error)
                if reason != told:
                    told = reason
                    log.warning("broker not connected", extra=fields(broker=self._where(), reason=reason))
                wait = REFUSED_RETRY_S if isinstance(error, LinkError) else min(RETRY_S[1], wait * 2)
            except Exception:
                log.exception("publishing failed: this is a bug", extra=fields(broker=self._where()))
                wait = REFUSED_RETRY_S / 10
            await asyncio.sleep(wait * random.uniform(0.7, 1.0))

    @contextlib.asynccontextmanager
    async def _connected(self) -> "AsyncIterator[Session]":
        broker, loop = self._broker, asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, session = await loop.create_connection(
                lambda: Session(self, broker, 1 if self._hang_ups.is_careful else WINDOW),
                broker.host,
                broker.port,
                ssl=_tls(broker),
            )
            try:
                await session.log_in(self._will)
            except BaseException:
                session.abort()
                raise
        self._session = session
        self._hang_ups.began()
        try:
            self.on_connected()
            session.pump()
            yield session
        finally:
            self._take_back(session)
            session.abort()

    async def close(self) -> None:
        """Say goodbye once the broker has acknowledged what is in flight, or two seconds later."""
        session = self._session
        if session is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await session.landed()
            session.leave()

    def _where(self) -> str:
        return f"{self._broker.host}:{self._broker.port}"


def _words(error: Exception) -> str:
    """Say what is wrong, and what to look at."""
    if isinstance(error, TimeoutError) and not str(error):
        return f"no answer within {CONNECT_S:g} s: is it an MQTT broker, and broker.url right?"
    remedy = next((words for kind, words in _REMEDIES.items() if isinstance(error, kind)), "")
    if isinstance(error, OSError) and (error.errno or 0) < 0:  # the resolver's own numbers (getaddrinfo)
        remedy = "the broker's name is not known: check broker.url and the name server"
    said = str(error) or type(error).__name__
    return f"{remedy} ({said})" if remedy else said


# The most special first: all of them are OSError.
_REMEDIES: Final[dict[type[Exception], str]] = {
    ConnectionRefusedError: "nobody listens there: is the broker running, and broker.url right?",
    ConnectionResetError: "the broker hung up: does its port speak what broker.url says, and do we exceed its limits?",
    ssl.SSLError: "TLS failed: check broker.ca_file, broker.cert_file, and that the port speaks TLS",
}


def _tls(broker: Broker) -> ssl.SSLContext | None:
    if broker.scheme != "mqtts":
        return None
    context = ssl.create_default_context(cafile=broker.ca_file)
    if broker.cert_file:
        context.load_cert_chain(broker.cert_file, broker.key_file)
    return context
