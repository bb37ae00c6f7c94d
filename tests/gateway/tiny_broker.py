"""A broker that can refuse, fall silent, acknowledge late and hang up (MQTT 3.1.1 and 5, by the OASIS texts)."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.gateway.parts import PATIENCE_S, strict_json


@dataclass(frozen=True)
class Published:
    """One PUBLISH as it came."""

    connection: int
    topic: str
    payload: bytes
    qos: int
    is_retained: bool
    packet_id: int
    properties: bytes

    @property
    def said(self) -> dict[str, Any]:
        return strict_json(self.payload)


@dataclass(frozen=True)
class Introduction:
    """One CONNECT as it came."""

    level: int
    flags: int
    client_id: str
    will_topic: str
    will_payload: bytes
    user: str | None


@dataclass
class TinyBroker:
    """What it should do, and what it heard."""

    connack: bytes = b"\x00\x00"  # session present, return code, properties
    is_silent: bool = False  # no answer to anything
    acknowledges: bool = True
    refuses: dict[str, int] = field(default_factory=dict)  # topic -> reason code (MQTT 5)
    refuses_text: dict[bytes, int] = field(default_factory=dict)  # what stands in a payload -> reason code
    refusals: int = 0
    closes_after: int | None = None  # hang up, without acknowledging, at this many publications of a connection
    hangs_up_on: bytes | None = None  # what stands in a publication that it can't stand
    hang_ups: int = 0
    published: list[Published] = field(default_factory=list)
    introductions: list[Introduction] = field(default_factory=list)
    pings: int = 0
    farewells: int = 0
    most_in_flight: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self._changed = asyncio.Event()
        self._writers: dict[asyncio.StreamWriter, list[int]] = {}

    @asynccontextmanager
    async def at_work(self, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator["TinyBroker"]:
        """Listen on loopback."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.hang_up()
            await server.wait_closed()

    async def until(self, claim: Callable[["TinyBroker"], object]) -> None:
        """Wait until a claim holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not claim(self):
                self._changed.clear()
                await self._changed.wait()

    def hang_up(self) -> None:
        """Drop all connections, as a killed broker does."""
        for writer in list(self._writers):
            writer.transport.abort()

    def acknowledge_late(self) -> None:
        """Acknowledge all that waits."""
        for writer, waiting in self._writers.items():
            for packet_id in waiting:
                writer.write(b"\x40\x02" + packet_id.to_bytes(2, "big"))
            waiting.clear()

    @property
    def writers(self) -> list[asyncio.StreamWriter]:
        return list(self._writers)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.published if not message.is_retained]

    def retained(self, topic: str) -> list[dict[str, Any]]:
        return [message.said for message in self.published if message.is_retained and message.topic == topic]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting = self._writers[writer] = []
        count = 0
        try:
            while True:
                first, body = await _packet(reader)
                match first >> 4:
                    case 1:
                        self._introduced(body)
                        if not self.is_silent:
                            writer.write(b"\x20" + bytes((len(self.connack),)) + self.connack)
                        if self.connack[1]:
                            break
                    case 3:
                        count += 1
                        if self.closes_after is not None and count > self.closes_after:
                            break
                        if self.hangs_up_on is not None and self.hangs_up_on in body:
                            self.hang_ups += 1
                            break
                        self._take(first, body, writer, waiting)
                    case 12:
                        self.pings += 1
                        if not self.is_silent:
                            writer.write(b"\xd0\x00")
                    case 14:
                        self.farewells += 1
                        break
                    case kind:
                        raise AssertionError(f"a publisher doesn't send packets of type {kind}")
                self._changed.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            del self._writers[writer]
            self._changed.set()
            writer.close()

    def _take(self, first: int, body: bytes, writer: asyncio.StreamWriter, waiting: list[int]) -> None:
        message = _published(len(self.introductions), first, body, self.introductions[-1].level)
        self.published.append(message)
        if not message.qos:
            return
        waiting.append(message.packet_id)
        self.most_in_flight = max(self.most_in_flight, len(waiting))
        if self.acknowledges and not self.is_silent:
            waiting.remove(message.packet_id)
            self._answer(message, writer)

    def _answer(self, message: Published, writer: asyncio.StreamWriter) -> None:
        code = self.refuses.get(message.topic, 0)
        code = next((code for text, code in self.refuses_text.items() if text in message.payload), code)
        packet_id = message.packet_id.to_bytes(2, "big")
        if code:
            self.refusals += 1
            self.published.remove(message)
        writer.write(b"\x40\x03" + packet_id + bytes((code,)) if code else b"\x40\x02" + packet_id)

    def _introduced(self, body: bytes) -> None:
        name, at = _text(body, 0)
        assert name == b"MQTT"
        level, flags, at = body[at], body[at + 1], at + 4
        if level == 5:
            at += 1 + body[at]
        client_id, at = _text(body, at)
        if level == 5:
            at += 1 + body[at]
        will_topic, at = _text(body, at)
        will, at = _text(body, at)
        user = _text(body, at)[0].decode() if flags & 0x80 else None
        self.introductions.append(Introduction(level, flags, client_id.decode(), will_topic.decode(), will, user))


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first = (await reader.readexactly(1))[0]
    size, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return first, await reader.readexactly(size)


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    return data[at + 2 : end], end


def _published(connection: int, first: int, body: bytes, level: int) -> Published:
    qos = first >> 1 & 3
    topic, at = _text(body, 0)
    packet_id = 0
    if qos:
        packet_id, at = int.from_bytes(body[at : at + 2], "big"), at + 2
    properties = b""
    if level == 5:
        properties, at = body[at + 1 : at + 1 + body[at]], at + 1 + body[at]
    return Published(connection, topic.decode(), body[at:], qos, bool(first & 1), packet_id, properties)
