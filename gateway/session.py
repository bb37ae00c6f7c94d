"""One connection to the broker: packet ids, the window, and the watch over a broker that has gone quiet."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from gateway import mqtt
from gateway.config import Broker
from gateway.errors import LinkError
from gateway.store import Message

MAXIMUM_SIZE: Final = 256 * 1024 * 1024  # of a packet (MQTT, 2.2.3)
WINDOW: Final = 50  # in flight: brokers queue little more for a client


class Source(Protocol):
    """Where messages come from, and who hears what became of them."""

    def next_message(self) -> tuple[bytes, bytes, Message, bytes] | None:
        """Give what is to be sent next: topic, properties, message, payload."""

    def confirmed(self, message: Message | bytes) -> None:
        """The broker has acknowledged it; bytes: a status's topic."""

    def refuse(self, message: Message | bytes, code: int) -> None:
        """The broker has refused it, or would; bytes: a status's topic."""


class Session(asyncio.Protocol):
    """One connection: packet ids, the window, and the watch over a broker that has gone quiet."""

    def __init__(self, source: Source, broker: Broker, most: int = WINDOW) -> None:
        self._source = source
        self._broker = broker
        self._decoder = mqtt.Decoder(broker.version)
        self._keepalive_s: float = broker.keepalive_s
        self._window = most
        self._receive_maximum = WINDOW
        self._maximum_size = MAXIMUM_SIZE
        self._packet_id = 0
        self._heard_at = time.monotonic()
        self._welcome: asyncio.Future[mqtt.Packet] = asyncio.get_running_loop().create_future()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._landed = asyncio.Event()
        self._statuses: dict[bytes, tuple[bytes, bytes]] = {}  # waiting, by topic
        self._blocks: list[bytes] = []  # of waveforms, in this turn of the event loop
        self.flying: dict[int, Message | bytes] = {}  # by packet id; bytes: a status's topic

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
            case mqtt.Kind.PUBACK:
                message = self.flying.pop(packet.packet_id, None)
                if message is not None and packet.code >= mqtt.FAILED:
                    self._source.refuse(message, packet.code)
                elif message is not None:
                    self._source.confirmed(message)
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
        self._receive_maximum = welcome.receive_maximum
        self._window = min(self._window, welcome.receive_maximum)
        self._maximum_size = welcome.maximum_size or self._maximum_size
        self._keepalive_s = welcome.keepalive_s or self._keepalive_s

    @property
    def is_hung_up(self) -> bool:
        """Say whether the other side has ended it."""
        return self._lost.done()

    def widen(self) -> None:
        """Have as much in flight as the broker allows."""
        self._window = min(WINDOW, self._receive_maximum)

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
            self._add(packets, topic, mqtt.publish_retained(topic, self._fly(topic), tail, payload))
        while len(self.flying) < self._window and (following := self._source.next_message()):
            head, tail, message, payload = following
            self._add(packets, message, mqtt.publish(head, self._fly(message), tail, payload))
        if packets:
            self._transport.write(b"".join(packets))

    def _add(self, packets: list[bytes], said: Message | bytes, packet: bytes) -> None:
        """Send it, unless the broker would hang up on it."""
        if len(packet) <= self._maximum_size:
            packets.append(packet)
        else:
            del self.flying[self._packet_id]
            self._source.refuse(said, mqtt.PACKET_TOO_LARGE)

    def retain(self, head: bytes, tail: bytes, payload: bytes) -> None:
        """Publish a status as soon as the window allows; only the last one of each topic counts."""
        self._statuses[head] = (tail, payload)
        self.pump()

    def once(self, head: bytes, tail: bytes, payload: bytes) -> bool:
        """Publish with QoS 0, in one write with what else comes in this turn; False: dropped, the socket is behind."""
        if self._transport.get_write_buffer_size() or self._transport.is_closing():
            return False
        if not self._blocks:
            asyncio.get_running_loop().call_soon(self._send_blocks)
        self._blocks.append(mqtt.publish_once(head, tail, payload))
        return True

    def _send_blocks(self) -> None:
        packets, self._blocks = self._blocks, []
        if not self._transport.is_closing():
            self._transport.write(b"".join(packets))

    def _fly(self, message: Message | bytes) -> int:
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
