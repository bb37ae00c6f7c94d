"""The only queue: messages on disk from before they count as taken until ten seconds after the broker took them.

One writer thread owns the database. It commits whatever has queued up as soon as it is free: a lone message waits for
nothing, a flood is committed in batches. What must survive a restart beside the messages (sequence numbers, last
states, repeats already seen) is committed in the same transaction as the messages it belongs to.
"""

import asyncio
import contextlib
import logging
import queue
import secrets
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from gateway.errors import ConfigError
from gateway.logs import fields
from gateway.spans import Span

_T = TypeVar("_T")
log = logging.getLogger(__name__)

WAITING_LIMIT: Final = 32 * 1024 * 1024  # bytes in memory while the disk is slow; beyond it messages are refused
ROOM_LIMIT: Final = 4 * 1024 * 1024  # above it readers should pause, so that a flood waits in the kernel, not in here
PAGE_SIZE: Final = 8192
SEEN_LIMIT: Final = 512  # repeats remembered for each device, at least
MEASURE_EVERY_S: Final = 1.0
RETRY_S: Final = 1.0  # how soon a full disk is tried again

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS topics (
    id INTEGER PRIMARY KEY, topic TEXT UNIQUE NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, last_at REAL);
CREATE TABLE IF NOT EXISTS messages (
    n INTEGER PRIMARY KEY, topic INTEGER NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS memory (
    device TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (device, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (n INTEGER PRIMARY KEY, device TEXT NOT NULL, key TEXT NOT NULL);
"""


class OutboxError(Exception):
    """The disk could not be read or written just now."""


@dataclass(slots=True)
class Stream:
    """One topic's numbering."""

    id: int
    topic: str
    name: str  # the random stream id
    seq: int  # the last one given
    last_at: float | None  # when the last one was said (UTC)


class Message(NamedTuple):
    """One message on its way. `n` orders the whole outbox."""

    n: int
    stream: Stream
    seq: int
    at: float  # UTC seconds
    payload: bytes


@dataclass(slots=True)
class _Batch:
    """What goes into one transaction."""

    ticket: asyncio.Future[bool]
    messages: list[Message] = field(default_factory=list)
    memory: dict[tuple[str, str], str] = field(default_factory=dict)
    seen: list[tuple[int, str, str]] = field(default_factory=list)
    forgotten: list[tuple[int]] = field(default_factory=list)  # `seen` rows
    delivered: list[Span] = field(default_factory=list)
    size: int = 0


@dataclass(slots=True)
class _Errand:
    """A question to the database, answered between two commits."""

    run: "Callable[[_Writer], list[Message]]"
    answer: "asyncio.Future[list[Message]]"


class _Stop:
    """The end of the work."""


class Outbox:
    """Messages on disk, and what the gateway must remember. All methods belong to the event loop's thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._streams: dict[str, Stream] = {}
        self._memory: dict[tuple[str, str], str] = {}
        self._seen: dict[str, dict[str, int]] = {}
        self._n = 0
        self._seen_n = 0
        self._last_stream = 0
        self._work: queue.SimpleQueue[_Batch | _Errand | _Stop] = queue.SimpleQueue()
        self._batch: _Batch | None = None
        self._waiting = 0
        self._waiters: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self.dropped: Counter[str] = Counter()
        self.bytes = 0  # used in the file
        self.left: Span | None = None  # what a former run left
        self.on_commit: Callable[[Sequence[Message]], None] = lambda _messages: None

    # Life

    def open(self) -> None:
        """Open or make the file, take over what a former run left. Raises ConfigError."""
        self._loop = asyncio.get_running_loop()
        try:
            self._writer = _Writer(self._path)
            streams, memory, seen, self.left = self._writer.load()
        except (sqlite3.Error, OSError) as error:
            remedy = (
                "another gateway is using it: stop that one, or name another file"
                if "locked" in str(error)
                else "name a file in a folder that the gateway may write"
            )
            raise ConfigError(f"outbox.path: {self._path} can't be used ({error}): {remedy}") from error
        self._streams = {stream.topic: stream for stream in streams}
        self._last_stream = max((stream.id for stream in streams), default=0)
        self._memory = memory
        for n, device, key in seen:
            self._seen.setdefault(device, {})[key] = n
            self._seen_n = n
        self._n = self.left[1] if self.left else 0
        self._thread = threading.Thread(target=self._write, name="outbox", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Commit what is queued, then close the file."""
        if self._thread is not None:
            self._hand_over()
            self._work.put(_Stop())
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    # Taking

    def stream(self, topic: str) -> Stream:
        """Give a topic's numbering; a new topic begins a new stream."""
        stream = self._streams.get(topic)
        if stream is None:
            self._last_stream += 1
            stream = Stream(self._last_stream, topic, secrets.token_hex(8), 0, None)
            self._streams[topic] = stream
        return stream

    @property
    def is_taking(self) -> bool:
        """False while the disk is so far behind that memory is full."""
        return self._waiting <= WAITING_LIMIT

    def put(self, stream: Stream, seq: int, at: float, payload: bytes) -> None:
        """Take one message. Ask `is_taking` first."""
        self._n += 1
        stream.last_at = at
        batch = self._current()
        batch.messages.append(Message(self._n, stream, seq, at, payload))
        size = len(payload) + 64
        batch.size += size
        self._waiting += size

    def remember(self, device: str, key: str, value: str) -> None:
        """Keep a state with the messages that it goes with."""
        value = _writable(value)
        self._memory[device, key] = value
        self._current().memory[device, key] = value

    def recall(self, device: str, key: str) -> str | None:
        """Give a state that was kept."""
        return self._memory.get((device, key))

    def is_repeat(self, device: str, key: str) -> bool:
        """Say whether a device said this before; if not, keep it."""
        key = _writable(key)
        seen = self._seen.setdefault(device, {})
        if key in seen:
            seen[key] = seen.pop(key)  # what is still said is not forgotten
            return True
        self._seen_n += 1
        seen[key] = self._seen_n
        batch = self._current()
        batch.seen.append((self._seen_n, device, key))
        if len(seen) > 2 * SEEN_LIMIT:  # in one go: a row at a time would touch one more page in every commit
            batch.forgotten.extend((seen.pop(old),) for old in list(seen)[:SEEN_LIMIT])
        return False

    def forget_repeat(self, device: str, key: str) -> None:
        """Take back that a device said this: it could not be taken."""
        n = self._seen.get(device, {}).pop(_writable(key), None)
        if n is not None:
            self._current().forgotten.append((n,))

    def ticket(self) -> asyncio.Future[bool]:
        """Give the promise that all taken so far is on disk: True, or False if the gateway ended before it was."""
        return self._current().ticket

    def _current(self) -> _Batch:
        if self._batch is None:
            self._batch = _Batch(self._loop.create_future())
            self._loop.call_soon(self._hand_over)
        return self._batch

    def flush(self) -> None:
        """Say that nothing more comes right now: the writer may have it a turn of the loop earlier."""
        self._hand_over()

    def _hand_over(self) -> None:
        if self._batch is not None:
            self._work.put(self._batch)
            self._batch = None

    @property
    def has_room(self) -> bool:
        """Say whether readers may go on reading."""
        return self._waiting <= ROOM_LIMIT

    def when_room(self, tell: Callable[[], None]) -> None:
        """Call once, when there is room again."""
        self._waiters.append(tell)

    # Giving

    def delivered(self, spans: Iterable[Span]) -> None:
        """The broker has had these for long enough: forget them."""
        self._current().delivered.extend(spans)

    async def read(self, span: Span, limit: int) -> list[Message]:
        """Read stored messages, oldest first. Raises OutboxError."""
        return await self._ask(lambda writer: writer.read(span, limit))

    async def drop(self, span: Span, limit: int) -> list[Message]:
        """Give up the oldest of these; the messages come back without payload. Raises OutboxError."""

        def drop(writer: "_Writer") -> list[Message]:
            gone = writer.drop(span, limit)
            self._tell(self._measured, writer.measure())
            return gone

        return await self._ask(drop)

    def _measured(self, used: int) -> None:
        self.bytes = used

    async def _ask(self, run: "Callable[[_Writer], list[Message]]") -> list[Message]:
        answer: asyncio.Future[list[Message]] = self._loop.create_future()
        self._work.put(_Errand(run, answer))
        return await answer

    # What the writer thread does

    def _write(self) -> None:
        batches: list[_Batch] = []
        stop, retry_at = False, 0.0
        while not stop:
            errands, stop = self._next_work(batches, max(0.0, retry_at - time.monotonic()) if batches else None)
            if batches and (stop or time.monotonic() >= retry_at):
                if self._commit(batches):
                    batches = []
                else:  # by the clock, not with every message that comes
                    retry_at = time.monotonic() + RETRY_S
            for errand in errands:
                self._run(errand)
        if batches:
            self._tell(self._refused, batches)
        self._writer.close()

    def _next_work(self, batches: list[_Batch], timeout_s: float | None) -> tuple[list[_Errand], bool]:
        errands: list[_Errand] = []
        with contextlib.suppress(queue.Empty):
            item = self._work.get(timeout=timeout_s)
            while True:
                if isinstance(item, _Batch):
                    batches.append(item)
                elif isinstance(item, _Errand):
                    errands.append(item)
                else:
                    return errands, True
                item = self._work.get_nowait()
        return errands, False

    def _commit(self, batches: list[_Batch]) -> bool:
        try:
            used = self._writer.commit(batches)
        except Exception as error:  # whatever it is, the writer must live: nothing else keeps what devices say
            self._tell(self._failing, str(error) or type(error).__name__)
            return False
        self._tell(self._committed, batches, used)
        return True

    def _run(self, errand: _Errand) -> None:
        try:
            self._tell(_resolve, errand.answer, errand.run(self._writer))
        except Exception as error:
            self._tell(self._failing, str(error) or type(error).__name__)
            self._tell(_fail, errand.answer, OutboxError(str(error)))

    def _tell(self, function: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may have ended first
            self._loop.call_soon_threadsafe(function, *args)

    # What the loop hears of it

    def _committed(self, batches: list[_Batch], used: int) -> None:
        self.bytes = used
        self._trouble = ""
        for batch in batches:
            self._waiting -= batch.size
            _resolve(batch.ticket, True)
        if self._waiters and self.has_room:
            waiters, self._waiters = self._waiters, []
            for tell in waiters:
                tell()
        messages = [message for batch in batches for message in batch.messages]
        if messages:
            self.on_commit(messages)

    def _refused(self, batches: list[_Batch]) -> None:
        lost = sum(len(batch.messages) for batch in batches)
        self.dropped["disk"] += lost
        log.error("outbox could not be written to the end: messages are lost", extra=fields(messages=lost))
        for batch in batches:
            _resolve(batch.ticket, False)

    _trouble = ""

    def _failing(self, reason: str) -> None:
        """Log once: the messages wait in memory, and the disk is tried again every second."""
        if reason != self._trouble:
            self._trouble = reason
            log.error(
                "outbox can't be written: free some disk space", extra=fields(path=str(self._path), reason=reason)
            )


def _fail(future: "asyncio.Future[_T]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _writable(text: str) -> str:
    """A device's key may hold what no UTF-8 can."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _resolve(future: "asyncio.Future[_T]", result: _T) -> None:
    if not future.done():
        future.set_result(result)


class _Writer:
    """The database. `load` belongs to the loop's thread before the writer thread starts, all else to the latter."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
        self._db.execute(f"PRAGMA page_size={PAGE_SIZE}")
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")  # a second gateway on this file fails at once
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA wal_autocheckpoint=1000")
        self._db.executescript(_SCHEMA)
        self._streams: dict[int, Stream] = {}  # those that have a row
        self._heads: dict[int, Message] = {}  # the last message of each stream whose row is behind
        self._measure_at = 0.0
        self._used = 0

    def load(self) -> "tuple[list[Stream], dict[tuple[str, str], str], list[tuple[int, str, str]], Span | None]":
        """Read all but the messages: streams, memory, repeats, and the span of what is left."""
        db = self._db
        streams = [Stream(*row) for row in db.execute("SELECT id, topic, stream, seq, last_at FROM topics ORDER BY id")]
        self._streams = {stream.id: stream for stream in streams}
        for topic, seq, at in db.execute("SELECT topic, max(seq), max(at) FROM messages GROUP BY topic"):
            stream = self._streams[topic]
            stream.seq, stream.last_at = max(seq, stream.seq), max(at, stream.last_at or 0.0)
        memory = {(device, key): value for device, key, value in db.execute("SELECT device, key, value FROM memory")}
        seen = list(db.execute("SELECT n, device, key FROM seen ORDER BY n"))
        first, last = db.execute("SELECT min(n), max(n) FROM messages").fetchone()
        return streams, memory, seen, (first, last) if first is not None else None

    def commit(self, batches: list[_Batch]) -> int:
        """Write all of it in one transaction; gives the bytes in use. What fails leaves nothing behind."""
        messages = [message for batch in batches for message in batch.messages]
        heads = {**self._heads, **{message.stream.id: message for message in messages}}
        writes_heads = any(batch.delivered for batch in batches) or not self._streams.keys() >= heads.keys()
        with self._transaction():
            for batch in batches:
                self._write(batch)
            if writes_heads:
                self._write_heads(heads.values())
            for batch in batches:
                self._db.executemany("DELETE FROM messages WHERE n BETWEEN ? AND ?", batch.delivered)
        self._streams.update({id_: message.stream for id_, message in heads.items()})
        self._heads = {} if writes_heads else heads
        if time.monotonic() >= self._measure_at:
            self.measure()
        return self._used

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def measure(self) -> int:
        """Give the bytes in use; asked once in a while, for it costs as much as a small commit."""
        self._measure_at = time.monotonic() + MEASURE_EVERY_S
        pages, free = self._db.execute("SELECT * FROM pragma_page_count(), pragma_freelist_count()").fetchone()
        self._used = int(pages - free) * PAGE_SIZE
        return self._used

    def _write(self, batch: _Batch) -> None:
        db = self._db
        if batch.messages:
            rows = [(n, stream.id, seq, at, payload) for n, stream, seq, at, payload in batch.messages]
            db.executemany("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", rows)
        if batch.memory:
            rows_ = [(device, key, value) for (device, key), value in batch.memory.items()]
            db.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?, ?)", rows_)
        if batch.seen:
            db.executemany("INSERT INTO seen VALUES (?, ?, ?)", batch.seen)
        if batch.forgotten:
            db.executemany("DELETE FROM seen WHERE n = ?", batch.forgotten)

    def _write_heads(self, last: Iterable[Message]) -> None:
        """Keep each stream's last number: before messages go, for until then they tell it themselves."""
        heads = [(m.stream.id, m.stream.topic, m.stream.name, m.seq, m.at) for m in last]
        self._db.executemany(_HEAD, heads)

    def read(self, span: Span, limit: int) -> list[Message]:
        """Read messages, oldest first."""
        rows = self._db.execute(
            "SELECT n, topic, seq, at, payload FROM messages WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?", (*span, limit)
        )
        return [Message(n, self._streams[topic], seq, at, payload) for n, topic, seq, at, payload in rows]

    def drop(self, span: Span, limit: int) -> list[Message]:
        """Delete the oldest messages of a span; gives them without payload."""
        rows = self._db.execute(
            "SELECT n, topic, seq, at, x'' FROM messages WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?", (*span, limit)
        )
        gone = [Message(n, self._streams[topic], seq, at, payload) for n, topic, seq, at, payload in rows]
        if gone:
            with self._transaction():
                self._write_heads(self._heads.values())
                self._db.execute("DELETE FROM messages WHERE n BETWEEN ? AND ?", (gone[0].n, gone[-1].n))
            self._heads = {}
        return gone

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        self._db.close()


_HEAD: Final = """
INSERT INTO topics (id, topic, stream, seq, last_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, last_at = excluded.last_at
"""
