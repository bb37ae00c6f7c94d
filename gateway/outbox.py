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
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from gateway.logs import fields
from gateway.spans import Span
from gateway.store import Batch, Head, Message, Stream, Writer, open_store

_T = TypeVar("_T")
log = logging.getLogger(__name__)

WAITING_LIMIT: Final = 32 * 1024 * 1024  # bytes in memory while the disk is slow; beyond it messages are refused
ROOM_LIMIT: Final = 4 * 1024 * 1024  # above it readers should pause, so that a flood waits in the kernel, not in here
SEEN_LIMIT: Final = 512  # repeats remembered for each device, at least
RETRY_S: Final = 1.0  # how soon a full disk is tried again


class OutboxError(Exception):
    """The disk could not be read or written just now."""


@dataclass(slots=True)
class _Errand:
    """A question to the database, answered between two commits."""

    run: "Callable[[Writer], list[Message]]"
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
        self._work: queue.SimpleQueue[Batch | _Errand | _Stop] = queue.SimpleQueue()
        self._batch: Batch | None = None
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
        self._writer, (streams, memory, seen, self.left) = open_store(self._path)
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
        batch = self._current()
        batch.messages.append(Message(self._n, stream, seq, at, payload))
        batch.heads[stream.id] = Head(stream.id, stream.topic, stream.name, seq, stream.last_at)
        size = len(payload) + 64
        batch.size += size
        self._waiting += size

    def stands(self, stream: Stream) -> None:
        """Keep where a stream stands, and when its device was last heard, without a message."""
        self._current().heads[stream.id] = Head(stream.id, stream.topic, stream.name, stream.seq, stream.last_at)

    def remember(self, device: str, key: str, value: str) -> None:
        """Keep a state with the messages that it goes with."""
        value = _writable(value)
        self._memory[device, key] = value
        self._current().memory[device, key] = value

    def recall(self, device: str, key: str) -> str | None:
        """Give a state that was kept."""
        return self._memory.get((device, key))

    def knows(self, device: str, key: str) -> bool:
        """Say whether a device said this before."""
        key, seen = _writable(key), self._seen.get(device, {})
        if key in seen:
            seen[key] = seen.pop(key)  # what is still said is not forgotten
            return True
        return False

    def learn(self, device: str, key: str) -> None:
        """Keep that a device said this, with the messages that it became."""
        key, seen = _writable(key), self._seen.setdefault(device, {})
        self._seen_n += 1
        seen[key] = self._seen_n
        batch = self._current()
        batch.seen.append((self._seen_n, device, key))
        if len(seen) > 2 * SEEN_LIMIT:  # in one go: a row at a time would touch one more page in every commit
            batch.forgotten.extend((seen.pop(old),) for old in list(seen)[:SEEN_LIMIT])

    def ticket(self) -> asyncio.Future[bool]:
        """Give the promise that all taken so far is on disk: True, or False if the gateway ended before it was."""
        return self._current().ticket

    def _current(self) -> Batch:
        if self._batch is None:
            self._batch = Batch(self._loop.create_future())
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

    @property
    def last(self) -> int:
        """The number of the last message that was taken."""
        return self._n

    def delivered(self, spans: Iterable[Span]) -> None:
        """The broker has had these for long enough: forget them."""
        self._current().delivered.extend(spans)

    async def read(self, span: Span, limit: int, of: Stream | None = None) -> list[Message]:
        """Read stored messages, oldest first. Raises OutboxError."""
        return await self._ask(lambda writer: writer.read(span, limit, of))

    async def measure(self) -> None:
        """See at once how much of the file is used. Raises OutboxError."""

        def measure(writer: Writer) -> list[Message]:
            self._tell(self._measured, writer.measure())
            return []

        await self._ask(measure)

    def _measured(self, used: int) -> None:
        self.bytes = used

    async def _ask(self, run: "Callable[[Writer], list[Message]]") -> list[Message]:
        answer: asyncio.Future[list[Message]] = self._loop.create_future()
        self._work.put(_Errand(run, answer))
        return await answer

    # What the writer thread does

    def _write(self) -> None:
        batches: list[Batch] = []
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

    def _next_work(self, batches: list[Batch], timeout_s: float | None) -> tuple[list[_Errand], bool]:
        errands: list[_Errand] = []
        with contextlib.suppress(queue.Empty):
            item = self._work.get(timeout=timeout_s)
            while True:
                if isinstance(item, Batch):
                    batches.append(item)
                elif isinstance(item, _Errand):
                    errands.append(item)
                else:
                    return errands, True
                item = self._work.get_nowait()
        return errands, False

    def _commit(self, batches: list[Batch]) -> bool:
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

    def _committed(self, batches: list[Batch], used: int) -> None:
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

    def _refused(self, batches: list[Batch]) -> None:
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
