"""Parts for the gateway's tests: clocks, stores and wires that do as they are told, and a made-up family."""

import asyncio
import json
import re
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.api import Dialogue, Family, Line, Output, Port, Purpose, Reading, Report, Request
from drivers.vocabulary import Metric
from gateway import outbox as outbox_module
from gateway.clock import Clock
from gateway.config import Broker, Config, DeviceConfig, LinkConfig, OutboxLimits, PortUrl
from gateway.device import Place
from gateway.link import Link
from gateway.normalise import Normaliser
from gateway.outbox import Outbox
from gateway.roster import Roster
from gateway.store import Message, Writer
from gateway.transport import Inbox

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z
PATIENCE_S = 5.0  # for what needs sockets or threads; never reached when all is well


async def eventually(claim: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until a claim holds; only for what sockets and threads do."""
    async with asyncio.timeout(patience_s):
        while not claim():  # noqa: ASYNC110  # nothing says when a thread or the kernel is done
            await asyncio.sleep(0.002)


async def turns(number: int = 5) -> None:
    """Let the event loop turn."""
    for _ in range(number):
        await asyncio.sleep(0)


# Time


class Time:
    """A wall clock and a monotonic clock that move when told."""

    def __init__(self, start: float = START) -> None:
        self.wall_s = start
        self.monotonic_s = 1000.0

    def pass_by(self, seconds: float) -> None:
        self.wall_s += seconds
        self.monotonic_s += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.wall_s, lambda: self.monotonic_s)


# A family made up for the gate


@dataclass(frozen=True, slots=True)
class Ask(Request):
    """Ask for data."""

    number: int = 0
    purpose = Purpose.QUERY

    def encode(self) -> bytes:
        return b"?%d\n" % self.number


@dataclass(frozen=True, slots=True)
class Taken(Request):
    """Take over what came."""

    number: int = 0
    purpose = Purpose.ACKNOWLEDGE

    def encode(self) -> bytes:
        return b"A%d\n" % self.number


@dataclass(frozen=True, slots=True)
class Hello(Request):
    """Keep the conversation."""

    purpose = Purpose.LINK

    def encode(self) -> bytes:
        return b"H\n"


@dataclass(frozen=True, slots=True)
class AskAndUse(Request):
    """Ask for what is new since the last time."""

    purpose = Purpose.QUERY
    effect = "uses up a counter"

    def encode(self) -> bytes:
        return b"N\n"


@dataclass(frozen=True, slots=True)
class Undeclared(Request):
    """Recognised, but not in the manifest."""

    purpose = Purpose.QUERY

    def encode(self) -> bytes:
        return b"U\n"


@dataclass(frozen=True, slots=True)
class Stop(Request):
    """Declared, but its bytes are no request."""

    purpose = Purpose.QUERY

    def encode(self) -> bytes:
        return b"STOP\n"


@dataclass(frozen=True, slots=True)
class StopAfterwards(Stop):
    """The same, waiting for the disk."""

    purpose = Purpose.ACKNOWLEDGE


@dataclass(frozen=True, slots=True)
class StopAtOnce(Stop):
    """The same, waiting for nothing."""

    purpose = Purpose.LINK


@dataclass(frozen=True, slots=True)
class Disguised(Request):
    """Declared, but its bytes are another request."""

    purpose = Purpose.QUERY

    def encode(self) -> bytes:
        return b"H\n"


_NUMBERED = {b"?": Ask, b"A": Taken}
_FIXED: dict[bytes, Request] = {b"H\n": Hello(), b"N\n": AskAndUse(), b"U\n": Undeclared()}


def recognise(data: bytes) -> Request | None:
    """Take all bytes as one request, or none."""
    if match := re.fullmatch(rb"([?A])(0|[1-9]\d{0,5})\n", data):
        return _NUMBERED[match[1]](int(match[2]))
    return _FIXED.get(data)


class Script:
    """A dialogue that says what the test has written down."""

    def __init__(self) -> None:
        self.wake_at: float | None = None
        self.on_open: list[Output] = []
        self.on_close: list[Output] = []
        self.on_tick: list[Output] = []
        self.answer: Callable[[bytes], Sequence[Output]] = lambda _data: []
        self.calls: list[str] = []
        self.heard = b""
        self.ticks = 0
        self.woken_at = 0.0

    def open(self, now: float) -> Sequence[Output]:
        self.calls.append("open")
        return list(self.on_open)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        self.calls.append("receive")
        self.heard += data
        return list(self.answer(data))

    def tick(self, now: float) -> Sequence[Output]:
        self.calls.append("tick")
        self.ticks += 1
        self.woken_at = now
        self.wake_at = None
        return list(self.on_tick)

    def close(self, now: float) -> Sequence[Output]:
        self.calls.append("close")
        return list(self.on_close)


REQUESTS: frozenset[type[Request]] = frozenset(
    {Ask, Taken, Hello, AskAndUse, Stop, StopAfterwards, StopAtOnce, Disguised}
)


def family(
    dialogue: Callable[[Any, Port], Dialogue] = lambda _settings, _port: Script(),
    requests: frozenset[type[Request]] = REQUESTS,
    name: str = "made_up",
) -> Family:
    """Give a manifest."""
    return Family(
        name=name,
        title="Made up",
        dialogue=dialogue,
        requests=requests,
        recognise=recognise,
        link_loss="nothing (made up)",
        evidence="documents",
        silent_after_s=10.0,
        ports=("serial", "tcp", "udp", "listen"),
    )


# Wires


class Wire(asyncio.Transport):
    """A stream that notes what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.unsent = 0
        self.is_paused = False
        self._closing = False
        self.error: Exception | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.error is not None:
            raise self.error
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True

    @property
    def said(self) -> bytes:
        return b"".join(self.written)


class Datagrams(asyncio.DatagramTransport):
    """A datagram socket that notes what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def sendto(self, data: bytes | bytearray | memoryview, addr: object = None) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return False


class Store:
    """An outbox whose disk works when told."""

    def __init__(self) -> None:
        self.has_room = True
        self._ticket: asyncio.Future[bool] | None = None
        self.tickets: list[asyncio.Future[bool]] = []
        self.waiters: list[Callable[[], None]] = []

    def when_room(self, tell: Callable[[], None]) -> None:
        self.waiters.append(tell)

    def make_room(self) -> None:
        self.has_room = True
        waiters, self.waiters = self.waiters, []
        for tell in waiters:
            tell()

    def ticket(self) -> "asyncio.Future[bool]":
        if self._ticket is None:
            self._ticket = asyncio.get_running_loop().create_future()
            self.tickets.append(self._ticket)
        return self._ticket

    def flush(self) -> None:
        self._ticket = None

    def commit(self, *, is_kept: bool = True) -> None:
        """The disk has done its work, or the gateway has ended before."""
        self.flush()
        tickets, self.tickets = self.tickets, []
        for ticket in tickets:
            ticket.set_result(is_kept)


class Ears:
    """A listener that takes all, or nothing."""

    def __init__(self) -> None:
        self.is_taking = True
        self.outputs: list[Output] = []
        self.spoken: list[Request] = []
        self.denials: list[Request] = []

    def take(self, output: Output, now: float) -> bool:
        if self.is_taking:
            self.outputs.append(output)
        return self.is_taking

    def spoke(self, request: Request) -> None:
        self.spoken.append(request)

    def denied(self, request: Request) -> None:
        self.denials.append(request)


@dataclass
class Talk:
    """A link whose every neighbour is in the test's hand."""

    dialogue: Script = field(default_factory=Script)
    family: Family = field(default_factory=family)
    accepts_effects: bool = False
    transport: Wire | Datagrams = field(default_factory=Wire)
    store: Store = field(default_factory=Store)
    ears: Ears = field(default_factory=Ears)
    time: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.inbox = Inbox()
        self.inbox.connection_made(self.transport)

    @property
    def wire(self) -> Wire:
        assert isinstance(self.transport, Wire)
        return self.transport

    @property
    def said(self) -> bytes:
        return self.wire.said

    def link(self) -> Link:
        return Link(
            self.family, self.dialogue, self.inbox, self.ears, self.store, self.time,
            accepts_effects=self.accepts_effects,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self) -> "AsyncIterator[asyncio.Task[None]]":
        """Let it run; what it ends with is the test's to look at."""
        task = asyncio.create_task(self.link().run())
        try:
            await turns()
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task

    async def hear(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.inbox.data_received(piece)
        await turns()

    async def hang_up(self) -> None:
        self.inbox.connection_lost(None)
        await turns()


# Outbox


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Outbox]:
    """An outbox at work."""
    outbox = Outbox(path)
    outbox.open()
    try:
        yield outbox
    finally:
        await asyncio.wait_for(outbox.close(), PATIENCE_S)


def put(outbox: Outbox, topic: str, payload: bytes = b"{}", at: float = START) -> int:
    """Put the next message of a topic; gives its seq."""
    stream = outbox.stream(topic)
    stream.seq += 1
    outbox.put(stream, stream.seq, at, payload)
    return stream.seq


async def stored(outbox: Outbox) -> list[Message]:
    """All that is on disk."""
    await outbox.ticket()
    return await outbox.read((1, 1_000_000_000), 1_000_000)


# Messages


def reading(metric: Metric = Metric.SPO2, value: float | int | str | None = 97, **more: Any) -> Reading:
    return Reading(metric, value, **more)


def report(*readings: Reading, **more: Any) -> Report:
    return Report(readings or (reading(),), **more)


def strict_json(payload: bytes) -> dict[str, Any]:
    """Read JSON as the standard has it: Python would also take NaN and Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    said: dict[str, Any] = json.loads(payload, parse_constant=refuse)
    return said


PLACE = Place("onlooker/v1", "gw1", "clinic", "chair1", "monitor1", "made_up", False)


@dataclass
class Bench:
    """A normaliser with one device, on a real outbox."""

    outbox: Outbox
    time: Time
    zone: str = "UTC"

    def __post_init__(self) -> None:
        self.clock = self.time.clock()
        self.waves: list[tuple[str, bytes]] = []
        self.normaliser = Normaliser(self.outbox, self.clock, lambda topic, data: self.waves.append((topic, data)))
        self.device = self.normaliser.device(PLACE, "", ZoneInfo(self.zone), 10.0)

    def tell(self, said: Report) -> bool:
        return self.normaliser.report(self.device, said, self.clock.steady())

    async def messages(self, kind: str = "") -> list[dict[str, Any]]:
        """What was taken so far, oldest first."""
        return [
            strict_json(message.payload) for message in await stored(self.outbox) if message.stream.topic.endswith(kind)
        ]

    async def observations(self) -> list[dict[str, Any]]:
        """All single observations so far."""
        return [one for message in await self.messages("/observations") for one in message["observations"]]

    async def events(self) -> list[dict[str, Any]]:
        return await self.messages("/events")


# Configuration


def link_config(name: str, kind: Family, port: PortUrl, **more: Any) -> LinkConfig:
    said: dict[str, Any] = {
        "settings": kind.settings(), "device": name, "station": "chair1", "devices": {}, "accept_risk": "",
        "waveforms": frozenset(), "silent_after_s": kind.silent_after_s, "timezone": ZoneInfo("UTC"), "line": Line(),
    }  # fmt: skip
    return LinkConfig(name=name, family=kind, port=port, **{**said, **more})


def gateway_config(folder: Path, *links: LinkConfig, broker_port: int = 1883, mode: str = "production") -> Config:
    broker = Broker("mqtt", "127.0.0.1", broker_port, keepalive_s=5)
    return Config(
        "clinic", "gw1", "test" if mode == "test" else "production", ZoneInfo("UTC"), broker,
        OutboxLimits(folder / "outbox.sqlite"), {link.name: link for link in links},
    )  # fmt: skip


def tcp(port: int) -> PortUrl:
    return PortUrl("tcp", "127.0.0.1", port, text=f"tcp://127.0.0.1:{port}")


def listening(port: int) -> PortUrl:
    return PortUrl("listen", "127.0.0.1", port, text=f"listen://127.0.0.1:{port}")


@dataclass
class Statuses:
    """The statuses that a roster published, by topic."""

    said: list[tuple[str, bytes]] = field(default_factory=list)

    def retain(self, topic: str, payload: bytes) -> None:
        self.said.append((topic, payload))

    def last(self, topic: str) -> dict[str, Any]:
        return strict_json(next(payload for said, payload in reversed(self.said) if said == topic))

    def states(self, topic: str) -> list[str]:
        return [strict_json(payload)["state"] for said, payload in self.said if said == topic and payload]

    @property
    def topics(self) -> set[str]:
        return {topic for topic, payload in self.said if payload}


@dataclass
class Ward:
    """A roster of one link, on a real outbox."""

    outbox: Outbox
    time: Time
    config: Config
    link: LinkConfig

    def __post_init__(self) -> None:
        self.clock = self.time.clock()
        self.statuses = Statuses()
        self.normaliser = Normaliser(self.outbox, self.clock, lambda _topic, _data: None)
        self.roster = Roster(self.config, self.link, self.normaliser, self.outbox, self.clock, self.statuses.retain)

    def take(self, output: Output) -> bool:
        return self.roster.take(output, self.clock.steady())

    def look(self) -> None:
        self.clock.beat()
        self.roster.look(self.clock.steady())

    def look_for(self, seconds: int) -> None:
        for _ in range(seconds):
            self.time.pass_by(1.0)
            self.look()

    async def events(self) -> list[dict[str, Any]]:
        messages = await stored(self.outbox)
        return [strict_json(message.payload) for message in messages if message.stream.topic.endswith("/events")]

    async def gaps(self) -> list[tuple[str, str | None]]:
        return [(e["device"], e["phase"]) for e in await self.events() if e["event"] == "data_gap"]


def free_port() -> int:
    """A TCP port that nobody has."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


DEVICES = {"1": DeviceConfig("pump1", "chair1"), "2": DeviceConfig("pump2", "chair2")}


@contextmanager
def loop_errors() -> Iterator[list[dict[str, Any]]]:
    """Collect what callbacks raised into the event loop."""
    loop = asyncio.get_running_loop()
    errors: list[dict[str, Any]] = []
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, context: errors.append(context))
    try:
        yield errors
    finally:
        loop.set_exception_handler(before)


class _FullDatabase:
    """A database that takes statements, and has no room for what they say when it comes to the commit."""

    def __init__(self, database: Any) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, sql: str, *more: Any) -> Any:
        if sql.strip().upper().startswith(("COMMIT", "END")):
            raise sqlite3.OperationalError("database or disk is full")
        return self._database.execute(sql, *more)


class Disk:
    """The outbox's disk: full, or standing still, when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        self.attempts = 0
        self._moves = threading.Event()
        self._moves.set()
        commit = Writer.commit

        def tried(writer: Any, batches: Any) -> int:
            self.attempts += 1
            assert self._moves.wait(PATIENCE_S), "a test forgot to let the disk go on"
            database = writer._db
            writer._db = _FullDatabase(database) if self.is_full else database
            try:
                return commit(writer, batches)
            finally:
                writer._db = database

        monkeypatch.setattr(Writer, "commit", tried)
        monkeypatch.setattr(outbox_module, "RETRY_S", 0.02)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        self._moves.clear()
        try:
            yield
        finally:
            self._moves.set()

    @contextmanager
    def full(self) -> Iterator[None]:
        self.is_full = True
        try:
            yield
        finally:
            self.is_full = False
