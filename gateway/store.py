"""The outbox's file: streams, messages, memory and repeats in one SQLite database, each batch in one transaction."""

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from gateway.errors import ConfigError
from gateway.spans import Span

PAGE_SIZE: Final = 8192
VERSION: Final = 1  # of the file
MEASURE_EVERY_S: Final = 1.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS topics (
    id INTEGER PRIMARY KEY, topic TEXT UNIQUE NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, last_at REAL);
CREATE TABLE IF NOT EXISTS messages (
    n INTEGER PRIMARY KEY, topic INTEGER NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS memory (
    device TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (device, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (n INTEGER PRIMARY KEY, device TEXT NOT NULL, key TEXT NOT NULL);
"""


@dataclass(slots=True)
class Stream:
    """One topic's numbering."""

    id: int
    topic: str
    name: str  # the random stream id
    seq: int  # the last one given
    last_at: float | None  # when its device last said something fresh (UTC)


class Message(NamedTuple):
    """One message on its way. `n` orders the whole outbox."""

    n: int
    stream: Stream
    seq: int
    at: float  # UTC seconds
    payload: bytes


class Head(NamedTuple):
    """Where a stream stands: kept with the messages that brought it there."""

    id: int
    topic: str
    name: str
    seq: int
    last_at: float | None


@dataclass(slots=True)
class Batch:
    """What goes into one transaction."""

    ticket: asyncio.Future[bool]
    messages: list[Message] = field(default_factory=list)
    heads: dict[int, Head] = field(default_factory=dict)  # by stream
    memory: dict[tuple[str, str], str] = field(default_factory=dict)
    seen: list[tuple[int, str, str]] = field(default_factory=list)
    forgotten: list[tuple[int]] = field(default_factory=list)  # `seen` rows
    delivered: list[Span] = field(default_factory=list)
    size: int = 0


class Kept(NamedTuple):
    """All that a former run left, but the messages."""

    streams: list[Stream]
    memory: dict[tuple[str, str], str]  # by device and key
    seen: list[tuple[int, str, str]]  # row, device, key
    left: Span | None  # the messages' numbers


def open_store(path: Path) -> "tuple[Writer, Kept]":
    """Open or make the file. Raises ConfigError."""
    try:
        writer = Writer(path)
        return writer, writer.load()
    except (sqlite3.Error, OSError) as error:
        remedy = (
            "another gateway is using it: stop that one, or name another file"
            if "locked" in str(error)
            else "name a file in a folder that the gateway may write"
        )
        raise ConfigError(f"outbox.path: {path} can't be used ({error}): {remedy}") from error


class Writer:
    """The database. `load` belongs to the loop's thread before the writer thread starts, all else to the latter."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # what a patient's devices said is not everybody's
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
        self._db.execute(f"PRAGMA page_size={PAGE_SIZE}")
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")  # a second gateway on this file fails at once
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA wal_autocheckpoint=1000")
        self._db.executescript(_SCHEMA)
        self._streams: dict[int, Stream] = {}  # those that have a row
        self._measure_at = 0.0
        self._used = 0

    def load(self) -> "Kept":
        """Read all but the messages: streams, memory, repeats, and the span of what is left."""
        db = self._db
        if db.execute("PRAGMA user_version").fetchone()[0] < VERSION:
            self._upgrade()
        streams = [Stream(*row) for row in db.execute("SELECT id, topic, stream, seq, last_at FROM topics ORDER BY id")]
        self._streams = {stream.id: stream for stream in streams}
        memory = {(device, key): value for device, key, value in db.execute("SELECT device, key, value FROM memory")}
        seen = list(db.execute("SELECT n, device, key FROM seen ORDER BY n"))
        # Two questions: each alone is one look at an end of the table, both in one would read all of it.
        (first,), (last,) = (db.execute(f"SELECT {end}(n) FROM messages").fetchone() for end in ("min", "max"))
        return Kept(streams, memory, seen, (first, last) if first is not None else None)

    def _upgrade(self) -> None:
        """Version 0 kept a stream's last number with its messages only: a number given twice is an id given twice."""
        with self._transaction():
            last = self._db.execute("SELECT max(seq), topic FROM messages GROUP BY topic").fetchall()
            self._db.executemany("UPDATE topics SET seq = max(seq, ?) WHERE id = ?", last)
            self._db.execute(f"PRAGMA user_version={VERSION}")

    def commit(self, batches: list[Batch]) -> int:
        """Write all of it in one transaction; gives the bytes in use. What fails leaves nothing behind."""
        with self._transaction():
            for batch in batches:
                self._write(batch)
        for batch in batches:
            self._streams.update((message.stream.id, message.stream) for message in batch.messages)
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

    def _write(self, batch: Batch) -> None:
        db = self._db
        if batch.messages:
            rows = [(n, stream.id, seq, at, payload) for n, stream, seq, at, payload in batch.messages]
            db.executemany("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", rows)
        if batch.heads:
            db.executemany(_HEAD, batch.heads.values())
        if batch.memory:
            rows_ = [(device, key, value) for (device, key), value in batch.memory.items()]
            db.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?, ?)", rows_)
        if batch.seen:
            db.executemany("INSERT INTO seen VALUES (?, ?, ?)", batch.seen)
        if batch.forgotten:
            db.executemany("DELETE FROM seen WHERE n = ?", batch.forgotten)
        if batch.delivered:
            db.executemany("DELETE FROM messages WHERE n BETWEEN ? AND ?", batch.delivered)

    def read(self, span: Span, limit: int, of: Stream | None = None) -> list[Message]:
        """Read messages, oldest first; of one stream, or of all."""
        which, whose = ("AND topic = ?", (of.id,)) if of else ("", ())
        rows = self._db.execute(
            f"SELECT n, topic, seq, at, payload FROM messages WHERE n BETWEEN ? AND ? {which} ORDER BY n LIMIT ?",
            (*span, *whose, limit),
        )
        return [Message(n, self._streams[topic], seq, at, payload) for n, topic, seq, at, payload in rows]

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        self._db.close()


_HEAD: Final = """
INSERT INTO topics (id, topic, stream, seq, last_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, last_at = excluded.last_at
"""
