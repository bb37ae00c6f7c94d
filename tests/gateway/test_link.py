import asyncio
import time
from collections.abc import Sequence

import pytest

from drivers.api import Damage, Output
from gateway import link as link_module
from gateway.errors import ForbiddenRequestError, LinkError
from gateway.link import UNSAID_LIMIT, UNSENT_LIMIT, Link
from tests.gateway.parts import (
    PATIENCE_S,
    Ask,
    Hello,
    StopAfterwards,
    Taken,
    Talk,
    eventually,
    family,
    loop_errors,
    report,
    turns,
)


def answering(*outputs: Output) -> Talk:
    """A talk whose dialogue answers all it hears with these."""
    talk = Talk()
    talk.dialogue.answer = lambda _data: outputs
    return talk


def numbered(kind: type[Ask] | type[Taken]) -> Talk:
    """Each piece heard is a report, and answered with the next number."""
    talk = Talk()
    numbers = iter(range(1_000_000))
    talk.dialogue.answer = lambda _data: [report(), kind(next(numbers))]
    return talk


# The conversation


async def test_bytes_come_to_the_dialogue_and_what_it_says_to_the_listener() -> None:
    talk = answering(report(), Damage("checksum", 3))
    async with talk.running():
        await talk.hear(b"ab", b"cd")
    assert talk.dialogue.heard == b"abcd"
    assert talk.ears.outputs == [report(), Damage("checksum", 3)] * 2
    assert talk.dialogue.calls[:2] == ["open", "receive"]


async def test_what_came_before_the_link_was_ready_is_heard_first() -> None:
    talk = answering()
    talk.inbox.data_received(b"early ")
    talk.inbox.data_received(b"and ")
    async with talk.running():
        await talk.hear(b"late")
    assert talk.dialogue.heard == b"early and late"


async def test_it_ends_when_the_port_closes() -> None:
    talk = Talk()
    async with talk.running() as task:
        await talk.hear(b"x")
        assert not task.done()
        await talk.hang_up()
        await asyncio.wait_for(task, PATIENCE_S)


async def test_a_port_that_closed_before_the_link_was_ready_ends_it() -> None:
    talk = Talk()
    talk.inbox.data_received(b"last words")
    talk.inbox.connection_lost(None)
    async with talk.running() as task:
        await asyncio.wait_for(task, PATIENCE_S)
    assert talk.dialogue.heard == b"last words"


async def test_a_dialogue_is_woken_when_it_asked_for_it() -> None:
    talk = Talk()
    talk.dialogue.wake_at = talk.time.steady() + 0.02
    async with talk.running():
        assert talk.dialogue.ticks == 0
        await eventually(lambda: talk.dialogue.ticks == 1)
        assert talk.time.steady() - talk.dialogue.woken_at < 0.5


async def test_a_dialogue_is_woken_even_if_bytes_keep_coming() -> None:
    talk = Talk()
    talk.dialogue.wake_at = talk.time.steady() + 0.02
    async with talk.running():
        end = time.monotonic() + PATIENCE_S
        while not talk.dialogue.ticks and time.monotonic() < end:
            await talk.hear(b"x")
    assert talk.dialogue.ticks


async def test_a_wake_up_that_is_brought_forward_is_kept() -> None:
    talk = Talk()
    talk.dialogue.wake_at = talk.time.steady() + 3600.0
    async with talk.running():
        talk.dialogue.wake_at = talk.time.steady() + 0.01
        await talk.hear(b"x")
        await eventually(lambda: talk.dialogue.ticks)


async def test_a_wake_up_that_is_put_off_is_put_off() -> None:
    talk = Talk()
    talk.dialogue.wake_at = talk.time.steady() + 0.02
    async with talk.running():
        talk.dialogue.wake_at = talk.time.steady() + 3600.0
        await talk.hear(b"x")
        await asyncio.sleep(0.05)
        assert talk.dialogue.ticks == 0


async def test_a_dialogue_that_raises_ends_its_own_conversation_and_nothing_else() -> None:
    def fail(_data: bytes) -> Sequence[Output]:
        raise ZeroDivisionError("a bug in a driver")

    talk = Talk()
    talk.dialogue.answer = fail
    with loop_errors() as errors:
        async with talk.running() as task:
            await talk.hear(b"x", b"y")
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(task, PATIENCE_S)
    assert errors == []
    assert talk.dialogue.calls.count("receive") == 1, "a broken dialogue is not asked again"


async def test_leaving_says_what_the_protocol_asks_for() -> None:
    talk = Talk()
    talk.dialogue.on_close = [report(), Hello()]
    link = talk.link()
    link.close()
    assert talk.said == b"H\n"
    assert talk.ears.outputs == [report()]


# What waits for the disk, and what doesn't


async def test_a_query_is_sent_at_once() -> None:
    talk = answering(report(), Ask(1))
    async with talk.running():
        await talk.hear(b"x")
        assert talk.said == b"?1\n"
        assert talk.ears.spoken == [Ask(1)]


async def test_an_acknowledgement_leaves_only_after_the_commit() -> None:
    talk = answering(report(), Taken(1))
    async with talk.running():
        await talk.hear(b"x")
        await turns(20)
        assert talk.said == b""
        talk.store.commit()
        await turns()
        assert talk.said == b"A1\n"
        assert talk.ears.spoken == [Taken(1)]


async def test_acknowledgements_leave_in_their_order() -> None:
    talk = numbered(Taken)
    async with talk.running():
        for _ in range(5):
            await talk.hear(b"x")
        first, *others = talk.store.tickets
        for ticket in reversed(others):
            ticket.set_result(True)
        await turns()
        assert talk.said == b"", "the first is not on disk"
        first.set_result(True)
        await turns()
        assert talk.said == b"A0\nA1\nA2\nA3\nA4\n"


async def test_what_is_not_kept_is_never_acknowledged() -> None:
    talk = numbered(Taken)
    async with talk.running():
        await talk.hear(b"x", b"y")
        talk.store.commit(is_kept=False)
        await turns()
        assert talk.said == b""


async def test_what_is_not_taken_is_never_acknowledged() -> None:
    talk = numbered(Taken)
    async with talk.running():
        talk.ears.is_taking = False
        await talk.hear(b"x")
        talk.ears.is_taking = True
        await talk.hear(b"y")
        talk.store.commit()
        await turns()
        assert talk.said == b"A1\n"


async def test_what_is_not_taken_is_not_acknowledged_a_moment_later_either() -> None:
    # A message that comes in pieces: reports first, its acknowledgement with the last piece.
    talk = Talk()
    talk.dialogue.answer = lambda data: [report()] if data == b"first" else [Taken(1)]
    async with talk.running():
        talk.ears.is_taking = False
        await talk.hear(b"first")
        talk.ears.is_taking = True
        await talk.hear(b"last")
        talk.store.commit()
        await turns()
        assert talk.said == b"", "everything before it must be on disk"


async def test_one_refused_of_many_is_enough() -> None:
    talk = answering(report(), report(), report(), Taken(1))
    taken = iter([True, False, True])
    talk.ears.take = lambda output, now: next(taken)  # type: ignore[method-assign]  # refuses the second only
    async with talk.running():
        await talk.hear(b"x")
        talk.store.commit()
        await turns()
        assert talk.said == b""


async def test_a_handshake_waits_for_nothing_even_while_the_disk_stands_still() -> None:
    talk = Talk()
    talk.dialogue.answer = lambda data: [Hello()] if data == b"hello?" else [report(), Taken(1)]
    talk.store.has_room = False
    async with talk.running():
        await talk.hear(b"x", b"hello?", b"x", b"hello?")
        assert talk.said == b"H\nH\n"


async def test_a_query_behind_an_acknowledgement_stays_behind_it() -> None:
    talk = answering(report(), Taken(1), Ask(2))
    async with talk.running():
        await talk.hear(b"x")
        assert talk.said == b""
        talk.store.commit()
        await turns()
        assert talk.said == b"A1\n?2\n"


async def test_a_query_behind_a_dropped_acknowledgement_is_still_asked() -> None:
    talk = answering(report(), Taken(1), Ask(2))
    async with talk.running():
        await talk.hear(b"x")
        talk.store.commit(is_kept=False)
        await turns()
        assert talk.said == b"?2\n"


async def test_questions_that_waited_for_the_disk_do_not_all_come_at_once() -> None:
    # An hour of a full disk, with a poll a second behind one acknowledgement, must not become a storm at the pump.
    talk = Talk()
    talk.dialogue.answer = lambda data: [report(), Taken(1)] if data == b"first" else [Ask(1)]
    async with talk.running():
        await talk.hear(b"first")
        for _ in range(3600):
            talk.inbox.data_received(b"x")
        talk.store.commit()
        await turns()
        assert talk.said.startswith(b"A1\n")
        assert talk.said.count(b"?") <= UNSAID_LIMIT


async def test_a_sender_far_ahead_of_the_disk_is_left_unanswered_in_bounded_memory() -> None:
    talk = numbered(Taken)
    async with talk.running():
        for _ in range(UNSAID_LIMIT * 2):
            talk.inbox.data_received(b"x")
        talk.store.commit()
        await turns()
        assert talk.said == b"".join(Taken(n).encode() for n in range(UNSAID_LIMIT))
        await talk.hear(b"x")
        talk.store.commit()
        await turns()
        assert talk.said.endswith(Taken(UNSAID_LIMIT * 2).encode())


async def test_after_the_connection_has_ended_nothing_is_sent() -> None:
    talk = answering(report(), Taken(1))
    with loop_errors() as errors:
        async with talk.running() as task:
            await talk.hear(b"x")
            await talk.hang_up()
            await asyncio.wait_for(task, PATIENCE_S)
            talk.wire.close()
            talk.wire.error = OSError("write on a closed port")
            talk.store.commit()
            await turns()
    assert talk.ears.spoken == []
    assert errors == [], "an exception in the event loop that nobody catches"


async def test_after_the_connection_has_ended_nothing_is_sent_even_if_it_could_be() -> None:
    talk = answering(report(), Taken(1))
    async with talk.running() as task:
        await talk.hear(b"x")
        await talk.hang_up()
        await asyncio.wait_for(task, PATIENCE_S)
        talk.store.commit()
        await turns()
    assert talk.said == b""


async def test_after_the_gateway_has_taken_leave_nothing_is_acknowledged() -> None:
    talk = answering(report(), Taken(1))
    link = talk.link()
    task = asyncio.create_task(link.run())
    await turns()
    await talk.hear(b"x")
    task.cancel()
    await asyncio.wait([task])
    link.close()
    talk.store.commit()
    await turns()
    assert talk.said == b""


async def test_a_port_that_cannot_be_written_ends_the_conversation_not_the_gateway() -> None:
    talk = answering(report(), Taken(1))
    with loop_errors() as errors:
        async with talk.running() as task:
            await talk.hear(b"x")
            talk.wire.error = OSError(5, "Input/output error")
            talk.store.commit()
            await turns()
            with pytest.raises((OSError, LinkError)):
                await asyncio.wait_for(task, 1.0)
    assert errors == []


# Those who send too much, or read too little


async def test_a_peer_that_never_reads_ends_only_its_own_conversation() -> None:
    talk = answering(Ask(1))
    async with talk.running() as task:
        talk.wire.unsent = UNSENT_LIMIT + 1
        await talk.hear(b"x")
        with pytest.raises(LinkError, match=r"^the other side doesn't take what we say$"):
            await asyncio.wait_for(task, PATIENCE_S)
    assert talk.said == b""


async def test_a_peer_that_is_just_within_the_limit_is_still_spoken_to() -> None:
    talk = answering(Ask(1))
    async with talk.running():
        talk.wire.unsent = UNSENT_LIMIT
        await talk.hear(b"x")
    assert talk.said == b"?1\n"


async def test_a_peer_that_never_reads_its_acknowledgements_ends_its_conversation_too() -> None:
    talk = answering(report(), Taken(1))
    async with talk.running() as task:
        await talk.hear(b"x")
        talk.wire.unsent = UNSENT_LIMIT + 1
        talk.store.commit()
        with pytest.raises(LinkError, match="doesn't take"):
            await asyncio.wait_for(task, PATIENCE_S)


async def test_while_the_disk_is_behind_a_flood_waits_in_the_kernel() -> None:
    talk = answering(report())
    async with talk.running():
        await talk.hear(b"x")
        assert not talk.wire.is_paused
        talk.store.has_room = False
        await talk.hear(b"x")
        assert talk.wire.is_paused
        talk.store.make_room()
        await turns()
        assert not talk.wire.is_paused


async def test_a_disk_that_stands_still_holds_up_no_conversation_for_long() -> None:
    talk = answering(report())
    talk.store.has_room = False
    async with talk.running():
        await talk.hear(b"x")
        await eventually(lambda: not talk.wire.is_paused, 2.0)


async def test_a_disk_that_stands_still_for_a_day_fills_no_memory_with_those_that_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link_module, "PAUSE_S", 0.0)
    talk = answering(report())
    talk.store.has_room = False
    async with talk.running():
        for _ in range(200):
            await talk.hear(b"x")
        assert len(talk.store.waiters) <= 2


async def test_a_pause_does_not_keep_a_dialogue_from_its_wake_up() -> None:
    talk = answering()
    talk.store.has_room = False
    talk.dialogue.on_tick = [Ask(1)]
    async with talk.running():
        await talk.hear(b"x")
        talk.dialogue.wake_at = talk.time.steady()
        await talk.hear(b"x")
        assert talk.said == b"?1\n"


async def test_a_large_chunk_is_taken_in_pieces_of_bounded_size() -> None:
    talk = answering()
    sizes: list[int] = []
    talk.dialogue.answer = lambda data: sizes.append(len(data)) or []  # type: ignore[func-returns-value]  # notes it
    async with talk.running():
        await talk.hear(b"x" * 1_000_000)
    assert sum(sizes) == 1_000_000
    assert max(sizes) <= 64 * 1024


# What the others are told


async def test_what_is_heard_and_said_is_recorded() -> None:
    class Tap:
        def __init__(self) -> None:
            self.pieces: list[tuple[str, bytes]] = []

        def heard(self, data: bytes) -> None:
            self.pieces.append(("rx", data))

        def said(self, data: bytes) -> None:
            self.pieces.append(("tx", data))

    talk, tap = answering(Hello(), Ask(7)), Tap()
    link = Link(
        talk.family, talk.dialogue, talk.inbox, talk.ears, talk.store, talk.time, accepts_effects=False, tap=tap
    )
    task = asyncio.create_task(link.run())
    await turns()
    await talk.hear(b"abc")
    await talk.hang_up()
    await asyncio.wait_for(task, PATIENCE_S)
    assert tap.pieces == [("rx", b"abc"), ("tx", b"H\n"), ("tx", b"?7\n")]


async def test_a_request_that_was_not_sent_is_not_counted() -> None:
    talk = Talk(family=family(requests=frozenset()))
    talk.dialogue.on_open = [Ask(1)]
    async with talk.running() as task:
        with pytest.raises(ForbiddenRequestError):
            await asyncio.wait_for(task, PATIENCE_S)
    assert talk.ears.spoken == []


async def test_after_a_denied_acknowledgement_a_due_wake_up_sends_nothing_more() -> None:
    talk = answering(report(), StopAfterwards())
    talk.dialogue.on_tick = [Hello()]
    async with talk.running() as task:
        talk.dialogue.wake_at = talk.time.steady() + 0.01
        await talk.hear(b"x")
        talk.store.commit()
        time.sleep(0.02)  # noqa: ASYNC251  # commit and wake-up fall into the same turn of the loop
        with pytest.raises(ForbiddenRequestError):
            await asyncio.wait_for(task, PATIENCE_S)
    assert talk.said == b""
    assert talk.dialogue.ticks == 0
