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
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from gateway import mqtt
from gateway.config import Broker
from gateway.errors import LinkError
from gateway.logs import fields
from gateway.outbox import Message, Outbox, OutboxError
from gateway.spans import Spans

log = logging.getLogger(__name__)

WINDOW: Final = 50  # in flight: brokers queue little more for a client
LIVE_LIMIT: Final = 20_000  # committed messages held in memory; beyond it they wait on disk alone
CHUNK: Final = 100  # messages read from disk at a time
CONFIRM_S: Final = 10.0  # how long a broker may take from acknowledging to having it on disk
HISTORICAL_S: Final = 5.0  # what is older when sent is no news
READ_RETRY_S: Final = 0.5
CLOCK_SLACK_S: Final = 1.0
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
        self._stored = Spans([outbox.left] if outbox.left else [])  # on disk, to be sent from there
        self._fetched: deque[Message] = deque()  # read from there
        self._fetching: asyncio.Task[None] | None = None
        self._confirmed: deque[tuple[float, Spans]] = deque()  # acknowledged less than ten seconds ago
        self._session: _Session | None = None
        self._heads: dict[str, bytes] = {}
        self._message_tail = mqtt.properties(broker.version)
        self._status_tail = mqtt.properties(broker.version, expiry_s=STATUS_EXPIRY_S)
        self.on_connected: Callable[[], None] = lambda: None
        outbox.on_commit = self._committed

    @property
    def depth(self) -> int:
        """Messages that the broker has not taken."""
        flying = self._session.flying.values() if self._session else ()
        in_flight = sum(1 for message in flying if message is not None)
        return len(self._live) + len(self._fetched) + len(self._stored) + in_flight

    # What is said without the outbox

    def retain(self, topic: str, payload: bytes) -> None:
        """Publish a status; without a connection it is dropped: `on_connected` asks for fresh ones."""
        if self._session is not None:
            self._session.retain(self._head(topic), self._status_tail, payload)

    def once(self, topic: str, payload: bytes) -> None:
        """Publish a waveform block, at most once and never in the way of a message."""
        if self._session is not None and not self._live:
            self._session.once(self._head(topic), self._message_tail, payload)

    def _head(self, topic: str) -> bytes:
        head = self._heads.get(topic)
        if head is None:
            head = self._heads[topic] = mqtt.topic_head(topic)
        return head

    # What comes out of the outbox

    def _committed(self, messages: Sequence[Message]) -> None:
        if self._session is None or len(self._live) > LIVE_LIMIT:
            self._stored.add((messages[0].n, messages[-1].n))
        else:
            self._live.extend(messages)
            self._session.pump()

    def next_message(self) -> tuple[bytes, bytes, Message, bytes] | None:
        """Give what is to be sent next: topic, properties, message, payload."""
        if self._live:
            message = self._live.popleft()
        elif self._fetched:
            message = self._fetched.popleft()
        else:
            if self._stored and self._fetching is None:
                self._fetching = asyncio.create_task(self._fetch(), name="outbox backlog")
            return None
        payload = message.payload
        # A message from the future was taken before our clock was set back: its age is unknown.
        if not -CLOCK_SLACK_S < self._utc() - message.at < HISTORICAL_S and payload.endswith(_NEWS):
            payload = payload[: -len(_NEWS)] + _OLD
        return self._head(message.stream.topic), self._message_tail, message, payload

    async def _fetch(self) -> None:
        try:
            first, last = self._stored.first()
            messages = await self._outbox.read((first, last), CHUNK)
            if self._session is not None:
                self._stored.remove((first, messages[-1].n if len(messages) == CHUNK else last))
                self._fetched.extend(messages)
        except OutboxError:
            await asyncio.sleep(READ_RETRY_S)
        finally:
            self._fetching = None
        if self._session is not None:
            self._session.pump()

    def confirmed(self, message: Message) -> None:
        """The broker has acknowledged it."""
        now = time.monotonic()
        if not self._confirmed or now - self._confirmed[-1][0] > 0.5:
            self._confirmed.append((now, Spans()))
        self._confirmed[-1][1].add((message.n, message.n))

    def _forget_delivered(self) -> None:
        due = time.monotonic() - CONFIRM_S
        while self._confirmed and self._confirmed[0][0] < due:
            self._outbox.delivered(self._confirmed.popleft()[1])

    def _take_back(self, session: "_Session") -> None:
        """The connection is gone: whatever the broker may not have on disk waits on ours."""
        self._session = None
        flying = [message for message in session.flying.values() if message is not None]
        for message in (*self._live, *self._fetched, *flying):
            self._stored.add((message.n, message.n))
        for _, spans in self._confirmed:
            for span in spans:
                self._stored.add(span)
        self._live.clear()
        self._fetched.clear()
        self._confirmed.clear()

    async def give_up_oldest(self, max_bytes: int, max_age_s: float) -> list[Message]:
        """Keep the outbox within its limits; gives what was lost."""
        lost: list[Message] = []
        with contextlib.suppress(OutboxError):  # logged there; what could not be deleted was not lost
            while self._stored and await self._is_over(max_bytes, max_age_s):
                first, last = self._stored.first()
                gone = await self._outbox.drop((first, last), CHUNK)
                self._stored.remove((first, gone[-1].n if gone else last))
                lost.extend(gone)
        if lost:
            self._outbox.dropped["limit"] += len(lost)
        return lost

    async def _is_over(self, max_bytes: int, max_age_s: float) -> bool:
        if self._outbox.bytes > max_bytes:
            return True
        oldest = await self._outbox.read(self._stored.first(), 1)
        return not oldest or oldest[0].at < self._utc() - max_age_s

    # The connection

    async def run(self) -> None:
        """Connect, publish, and come back after every failure, until cancelled."""
        wait, told = RETRY_S[0], ""
        while True:
            try:
                async with self._connected() as session:
                    log.info("broker connected", extra=fields(broker=self._where()))
                    wait, told = RETRY_S[0], ""
                    await session.keep(self._forget_delivered)
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
    async def _connected(self) -> "AsyncIterator[_Session]":
        broker, loop = self._broker, asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, session = await loop.create_connection(
                lambda: _Session(self, broker), broker.host, broker.port, ssl=_tls(broker)
            )
            try:
                await session.log_in(self._will)
            except BaseException:
                session.abort()
                raise
        self._session = session
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
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there: is the broker running, and broker.url right?"
    if isinstance(error, TimeoutError) and not str(error):
        return f"no answer within {CONNECT_S:g} s: is it an MQTT broker, and broker.url right?"
    return str(error) or type(error).__name__


def _tls(broker: Broker) -> ssl.SSLContext | None:
    if broker.scheme != "mqtts":
        return None
    context = ssl.create_default_context(cafile=broker.ca_file)
    if broker.cert_file:
        context.load_cert_chain(broker.cert_file, broker.key_file)
    return context


class _Session(asyncio.Protocol):
    """One connection: packet ids, the window, and the watch over a broker that has gone quiet."""

    def __init__(self, publisher: Publisher, broker: Broker) -> None:
        self._publisher = publisher
        self._broker = broker
        self._decoder = mqtt.Decoder(broker.version)
        self._keepalive_s: float = broker.keepalive_s
        self._window = WINDOW
        self._packet_id = 0
        self._heard_at = time.monotonic()
        self._welcome: asyncio.Future[mqtt.Packet] = asyncio.get_running_loop().create_future()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._landed = asyncio.Event()
        self._statuses: dict[bytes, tuple[bytes, bytes]] = {}  # waiting, by topic
        self.flying: dict[int, Message | None] = {}  # by packet id; None: a status

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake who waits."""
        self._fail(exc if isinstance(exc, OSError) else ConnectionResetError("the broker closed the connection"))

    def _fail(self, error: Exception) -> None:
        for future in (self._welcome, self._lost):
            if not future.done():
                future.set_exception(error)
                future.exception()  # retrieved: nobody may be waiting for this one

    def data_received(self, data: bytes) -> None:
        """Take acknowledgements, then fill the window again."""
        self._heard_at = time.monotonic()
        try:
            packets = self._decoder.feed(data)
        except mqtt.ProtocolError as error:
            self._fail(error)
            return
        for packet in packets:
            self._take(packet)
        self.pump()

    def _take(self, packet: mqtt.Packet) -> None:
        match packet.kind:
            case mqtt.Kind.PUBACK if packet.code >= 0x80:
                self._fail(
                    LinkError(f"the broker refuses what we publish (code {packet.code:#04x}): check its access list")
                )
            case mqtt.Kind.PUBACK:
                message = self.flying.pop(packet.packet_id, None)
                if message is not None:
                    self._publisher.confirmed(message)
                if not self.flying and not self._statuses:
                    self._landed.set()
            case mqtt.Kind.CONNACK if not self._welcome.done():
                self._welcome.set_result(packet)
            case mqtt.Kind.DISCONNECT:
                self._fail(ConnectionResetError(f"the broker sent us away (code {packet.code:#04x})"))

    async def log_in(self, will: mqtt.Will) -> None:
        """Introduce ourselves. Raises LinkError with the remedy if the broker refuses."""
        broker = self._broker
        self._transport.write(
            mqtt.connect(broker.client_id, broker.keepalive_s, broker.user, broker.password, will, broker.version)
        )
        welcome = await self._welcome
        if welcome.code:
            remedy = mqtt.REFUSALS.get(welcome.code, "see the broker's log")
            raise LinkError(f"refused with code {welcome.code}: {remedy}")
        self._window = min(WINDOW, welcome.receive_maximum)
        self._keepalive_s = welcome.keepalive_s or self._keepalive_s

    async def keep(self, each_second: Callable[[], None]) -> None:
        """Watch over the connection until it fails; a broker that doesn't answer a ping is gone."""
        while True:
            await asyncio.wait([self._lost], timeout=min(1.0, self._keepalive_s / 4))
            if self._lost.done():
                self._lost.result()
            each_second()
            quiet_s = time.monotonic() - self._heard_at
            if quiet_s > self._keepalive_s * 1.5:
                raise TimeoutError("the broker doesn't answer")
            if quiet_s > self._keepalive_s / 2:
                self._transport.write(mqtt.ping())

    def pump(self) -> None:
        """Fill the window, in one write."""
        packets: list[bytes] = []
        while self._statuses and len(self.flying) < self._window:
            topic, (tail, payload) = self._statuses.popitem()
            packets.append(mqtt.publish_retained(topic, self._fly(None), tail, payload))
        while len(self.flying) < self._window and (following := self._publisher.next_message()):
            head, tail, message, payload = following
            packets.append(mqtt.publish(head, self._fly(message), tail, payload))
        if packets:
            self._transport.write(b"".join(packets))

    def retain(self, head: bytes, tail: bytes, payload: bytes) -> None:
        """Publish a status as soon as the window allows; only the last one of each topic counts."""
        self._statuses[head] = (tail, payload)
        self.pump()

    def once(self, head: bytes, tail: bytes, payload: bytes) -> None:
        """Publish with QoS 0, unless the socket is behind."""
        if not self._transport.get_write_buffer_size():
            self._transport.write(mqtt.publish_once(head, tail, payload))

    def _fly(self, message: Message | None) -> int:
        packet_id = self._packet_id = self._packet_id % 65535 + 1
        while packet_id in self.flying:
            packet_id = self._packet_id = self._packet_id % 65535 + 1
        self.flying[packet_id] = message
        self._landed.clear()
        return packet_id

    async def landed(self) -> None:
        """Wait until nothing is in flight."""
        while self.flying or self._statuses:
            self._landed.clear()
            await self._landed.wait()

    def leave(self) -> None:
        """Disconnect as the protocol asks: the will is not published."""
        self._transport.write(mqtt.disconnect())
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()
