"""What waits on disk to be published: what came while the broker was away, and what it refused.

A broker may refuse a topic (an entry that its access list lacks), or one message for itself. Neither holds up others:
a refused topic's messages wait, and the newest of them is tried now and then; once that is taken, the rest follows.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from gateway import mqtt
from gateway.logs import fields
from gateway.spans import Span, Spans
from gateway.store import Message, Stream

log = logging.getLogger(__name__)

RETRY_S: Final = (1.0, 30.0)  # first and longest wait before a refused topic is tried again
HUNG_UP_LIMIT: Final = 3  # messages of one topic; with more of them the topic is to blame
_OF_ITSELF: Final = frozenset({mqtt.PACKET_TOO_LARGE, mqtt.PAYLOAD_FORMAT_INVALID})  # says nothing of the topic
_UNCLEAR: Final = frozenset({0x80, 0x83})  # unspecified, implementation specific: of either


class Waiting(Protocol):
    """Messages on disk, in the order of the outbox."""

    @property
    def stream(self) -> Stream | None:
        """Whose they are; None: of all streams."""

    def span(self) -> Span:
        """Between which numbers of the outbox they lie."""

    def add(self, message: Message) -> None:
        """Put one in."""

    def take(self, rows: Sequence[Message], covered: Span) -> list[Message]:
        """Take out those of these rows that wait here; the rows are all that is on disk in that span."""

    def __len__(self) -> int: ...


class Stored:
    """Those that nobody has refused, of all streams."""

    stream = None

    def __init__(self, left: Span | None) -> None:
        self._spans = Spans([left] if left else [])

    def span(self) -> Span:
        """Give where the oldest lie."""
        return self._spans.first()

    def add(self, message: Message) -> None:
        """Put one in."""
        self._spans.add((message.n, message.n))

    def add_span(self, span: Span) -> None:
        """Put many in."""
        self._spans.add(span)

    def take(self, rows: Sequence[Message], covered: Span) -> list[Message]:
        """Take out those that wait here."""
        taken = [message for message in rows if message.n in self._spans]
        self._spans.remove(covered)
        return taken

    def __len__(self) -> int:
        return len(self._spans)


class OfStream:
    """Some of one stream, by its own numbers: those of other streams between them take no memory."""

    def __init__(self, stream: Stream) -> None:
        self.stream: Stream | None = stream
        self._seqs = Spans()
        self._low = self._high = 0

    def span(self) -> Span:
        """Give where they lie, among others."""
        return self._low, self._high

    def newest(self) -> Span:
        """Give where the newest lies, if nobody has taken it."""
        return self._high, self._high

    def add(self, message: Message) -> None:
        """Put one in."""
        if not self._seqs:
            self._low = self._high = message.n
        self._seqs.add((message.seq, message.seq))
        self._low, self._high = min(self._low, message.n), max(self._high, message.n)

    def take(self, rows: Sequence[Message], covered: Span) -> list[Message]:
        """Take out those that wait here."""
        taken = [message for message in rows if message.seq in self._seqs]
        if taken:
            self._seqs.remove((taken[0].seq, taken[-1].seq))
        if covered[0] <= self._low <= covered[1]:
            self._low = covered[1] + 1
        if self._low > self._high:
            self._seqs = Spans()  # what is not on disk will never be
        return taken

    def empty_into(self, other: "OfStream") -> None:
        """Let all go over."""
        if self._seqs:
            other._low = min(self._low, other._low) if other else self._low
            other._high = max(self._high, other._high) if other else self._high
            for span in self._seqs:
                other._seqs.add(span)
            self._seqs = Spans()

    def __len__(self) -> int:
        return len(self._seqs)


class Topic:
    """One topic that was refused in this run, or had a message refused."""

    def __init__(self, stream: Stream) -> None:
        self.waiting = OfStream(stream)
        self.aside = OfStream(stream)  # refused for themselves: they wait for another connection
        self.hung_up = OfStream(stream)  # the broker hung up on them: they wait until it has been calm
        self.is_open = True
        self._refused = Spans()  # by the broker, on this connection
        self.trying: int | None = None  # the number of the message on trial
        self.due = 0.0
        self.wait_s = RETRY_S[0]

    def holds(self, message: Message) -> bool:
        """Keep a message back while its topic is refused; False: send it."""
        if len(self.hung_up) >= HUNG_UP_LIMIT:
            self.hung_up.add(message)
            self.trying = None if message.n == self.trying else self.trying
            return True
        if self.is_open or message.n == self.trying:
            return False
        self.waiting.add(message)
        return True

    def refuse(self, message: Message, code: int, now: float) -> None:
        """Take back what the broker refused."""
        if code == mqtt.HUNG_UP:
            self.hung_up.add(message)
            return
        if code in _OF_ITSELF or (code in _UNCLEAR and self.is_open and message.seq in self._refused):
            self.aside.add(message)  # others of the topic were taken since it was refused before
            return
        self._refused.add((message.seq, message.seq))
        if self.is_open or message.n == self.trying:  # else it flew together with one that was refused before
            self.wait_s = RETRY_S[0] if now - self.due > RETRY_S[1] else min(RETRY_S[1], self.wait_s * 2)
            self.due = now + self.wait_s
        self.is_open, self.trying = False, None
        self.waiting.add(message)

    def take(self) -> None:
        """The broker has taken a message of this topic: the rest may follow."""
        self.is_open, self.trying = True, None

    def begin_anew(self) -> None:
        """Another connection may have another broker behind it, or other rights."""
        self.trying, self.due, self._refused = None, 0.0, Spans()
        self.aside.empty_into(self.waiting)


class Refusals:
    """All topics that were refused, and how often publications were, by cause."""

    def __init__(self) -> None:
        self._topics: dict[int, Topic] = {}  # by stream
        self._told: set[tuple[str, int]] = set()
        self.counts: Counter[str] = Counter()

    def holds(self, message: Message) -> bool:
        """Keep a message back while its topic is refused; False: send it."""
        topic = self._topics.get(message.stream.id) if self._topics else None
        return topic is not None and topic.holds(message)

    def refused(self, message: Message, code: int) -> None:
        """The broker has refused it."""
        self.note(message.stream.topic, code)
        topic = self._topics.setdefault(message.stream.id, Topic(message.stream))
        topic.refuse(message, code, time.monotonic())

    def note(self, topic: str, code: int) -> None:
        """Count a refusal, and say it once."""
        cause, remedy = mqtt.PUBLICATION_REFUSALS.get(code, (f"code {code:#04x}", "see the broker's log"))
        self.counts[cause] += 1
        if (topic, code) not in self._told:
            self._told.add((topic, code))
            log.warning("the broker refuses a topic", extra=fields(topic=topic, reason=cause, remedy=remedy))

    def taken(self, message: Message) -> None:
        """The broker has taken it."""
        topic = self._topics.get(message.stream.id) if self._topics else None
        if topic is not None:
            topic.take()

    def due(self) -> Topic | None:
        """Give a topic of which something should be sent now: one that is open again, or is to be tried."""
        now = time.monotonic()
        ready = (t for t in self._topics.values() if t.waiting and (t.is_open or (t.trying is None and t.due <= now)))
        return next(ready, None)

    def release(self) -> None:
        """What the broker hung up on may be tried again."""
        for topic in self._topics.values():
            topic.hung_up.empty_into(topic.waiting)

    def begin_anew(self) -> None:
        """The connection is gone."""
        for topic in self._topics.values():
            topic.begin_anew()

    def waiting(self) -> Iterator[Waiting]:
        """Give all that waits on disk for the broker to change its mind."""
        for topic in self._topics.values():
            for part in (topic.waiting, topic.aside, topic.hung_up):
                if part:
                    yield part

    def __len__(self) -> int:
        return sum(len(part) for part in self.waiting())
