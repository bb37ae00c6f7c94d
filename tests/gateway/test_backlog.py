import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backlog import OfStream, Refusals, Stored, Topic
from gateway.store import Message, Stream
from tests.gateway.parts import START

STREAM = Stream(1, "t", "name", 0, None)


def message(seq: int, n: int | None = None) -> Message:
    """The seq-th message of the stream; every third in the outbox is one."""
    return Message(3 * seq if n is None else n, STREAM, seq, START, b"")


numbers = st.lists(st.integers(1, 60), unique=True, max_size=40)


@given(numbers, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), max_size=8))
def test_each_message_that_waits_is_taken_once(waiting: list[int], reads: list[tuple[int, int]]) -> None:
    part, left, taken = OfStream(STREAM), {*waiting}, list[int]()
    for seq in waiting:
        part.add(message(seq))
    for _, size in [*reads, (0, 1000)]:
        low, high = part.span()
        rows = [message(seq) for seq in range(1, 61) if low <= 3 * seq <= high][: size or 1]
        is_all = len(rows) < (size or 1)
        taken += [m.seq for m in part.take(rows, (low, high if is_all else rows[-1].n))]
        assert len(part) == len(left) - len(taken)
    assert sorted(taken) == sorted(left)
    assert taken == sorted(taken), "oldest first"


@given(numbers, numbers)
def test_what_is_moved_over_is_there_and_nowhere_else(first: list[int], second: list[int]) -> None:
    one, other = OfStream(STREAM), OfStream(STREAM)
    for part, seqs in ((one, first), (other, second)):
        for seq in seqs:
            part.add(message(seq))
    one.empty_into(other)
    low, high = other.span()
    taken = other.take([message(seq) for seq in range(1, 61)], (low, high))
    assert len(one) == len(other) == 0
    assert [m.seq for m in taken] == sorted({*first, *second})


@given(numbers, st.integers(1, 60), st.integers(1, 60))
def test_of_all_streams_each_is_taken_once(waiting: list[int], first: int, size: int) -> None:
    stored = Stored(None)
    for n in waiting:
        stored.add(message(n, n))
    rows = [message(n, n) for n in range(first, min(first + size, 61))]
    taken = stored.take(rows, (first, first + size - 1))
    assert [m.n for m in taken] == sorted(n for n in waiting if first <= n < first + size)
    assert len(stored) == len(waiting) - len(taken)


@pytest.fixture
def topic() -> Topic:
    return Topic(STREAM)


def test_a_refused_topic_waits_longer_and_longer_up_to_a_cap(topic: Topic) -> None:
    now, waits = START, list[float]()
    for seq in range(1, 12):
        topic.trying = message(seq).n
        topic.refuse(message(seq), 0x87, now)
        waits.append(topic.due - now)
        now = topic.due
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (1.0, 30.0)


def test_those_that_flew_together_count_as_one_refusal(topic: Topic) -> None:
    for seq in range(1, 51):
        topic.refuse(message(seq), 0x87, START)
    assert topic.due == START + 1.0
    assert len(topic.waiting) == 50


def test_a_topic_that_was_fine_for_long_begins_anew(topic: Topic) -> None:
    for seq in range(1, 8):
        topic.trying = message(seq).n
        topic.refuse(message(seq), 0x87, START)
    topic.take()
    topic.refuse(message(9), 0x87, START + 3600.0)
    assert topic.due == START + 3601.0


def test_memory_is_bounded_however_long_a_topic_is_refused() -> None:
    refusals = Refusals()
    refusals.refused(message(1), 0x87)
    for seq in range(2, 100_000):
        assert refusals.holds(message(seq))
    assert len(refusals) == 99_999
    (part,) = refusals.waiting()
    assert isinstance(part, OfStream)
    assert len([*part._seqs]) == 1, "one run, though two thirds of the outbox lie between"
