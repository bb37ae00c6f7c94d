import asyncio
import random
import sqlite3
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway import backlog as backlog_module
from gateway import hangups as hangups_module
from gateway import publisher as publisher_module
from gateway import store as store_module
from gateway.config import Broker
from gateway.mqtt import Will
from gateway.outbox import Outbox
from gateway.publisher import HISTORICAL_S, Publisher, _words
from gateway.store import Message, Writer
from tests.gateway.parts import PATIENCE_S, START, Disk, eventually, free_port, opened, put, stored, turns
from tests.gateway.tiny_broker import Published, TinyBroker

WILL = Will("onlooker/v1/clinic/_gateway/gw1/status", b'{"state":"offline"}')
NEWS, OLD = b',"historical":false}', b',"historical":true}'
ACCEPTED_5 = b"\x00\x00\x00"


def payload(n: int) -> bytes:
    return b'{"n":%d' % n + NEWS


def numbers(published: list[Published]) -> list[int]:
    return [message.said["n"] for message in published if not message.is_retained]


@dataclass
class Desk:
    """A publisher at work, with its outbox and the time that it believes."""

    outbox: Outbox
    publisher: Publisher
    now: float = START
    connections: int = 0

    def met(self) -> None:
        self.connections += 1

    async def connected(self, number: int = 1) -> None:
        await eventually(lambda: self.connections >= number)

    def say(self, first: int, last: int, at: float | None = None, topic: str = "t") -> None:
        for n in range(first, last):
            put(self.outbox, topic, payload(n), self.now if at is None else at)

    async def given_up(self, max_bytes: int, max_age_s: float) -> list[Message]:
        """Let it give up the oldest; gives what it told."""
        lost: list[Message] = []
        tell = self.publisher.on_given_up

        def told(messages: Sequence[Message]) -> None:
            lost.extend(messages)
            tell(messages)

        self.publisher.on_given_up = told
        assert await self.publisher.give_up_oldest(max_bytes, max_age_s) == len(lost)
        return lost

    async def say_now(self, first: int, last: int) -> None:
        self.say(first, last)
        await self.outbox.ticket()


def settings(broker: TinyBroker, **more: Any) -> Broker:
    return replace(Broker("mqtt", "127.0.0.1", broker.port, keepalive_s=5), **more)


@asynccontextmanager
async def at_work(
    folder: Path, where: Broker, prepare: Callable[[Desk], None] = lambda _desk: None
) -> AsyncIterator[Desk]:
    """A publisher on a fresh outbox; it may find a backlog there."""
    async with opened(folder / "outbox.sqlite") as outbox:
        desk = Desk(outbox, None)  # type: ignore[arg-type]  # made in the next line
        desk.publisher = Publisher(where, outbox, WILL, lambda: desk.now)
        desk.publisher.on_connected = desk.met
        prepare(desk)
        await outbox.ticket()
        task = asyncio.create_task(desk.publisher.run())
        try:
            yield desk
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_module, "RETRY_S", (0.01, 0.02))


# Coming and going


async def test_it_introduces_itself_with_a_retained_last_will(tmp_path: Path) -> None:
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker, user="gw1", password="pw")):
        await broker.until(lambda b: b.introductions)
    said = broker.introductions[0]
    assert (said.client_id, said.user, said.will_topic, said.will_payload) == (
        "onlooker",
        "gw1",
        WILL.topic,
        WILL.payload,
    )
    assert said.level == 4
    assert said.flags == 0xEE, "clean session, and a will of QoS 1 that is retained"


async def test_what_is_taken_is_published_in_order_with_qos_1_and_never_retained(tmp_path: Path) -> None:
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await broker.until(lambda b: b.introductions)
        for n in range(0, 300, 10):
            await desk.say_now(n, n + 10)
        await broker.until(lambda b: len(b.published) >= 300)
        assert numbers(broker.published) == list(range(300))
        assert {(m.topic, m.qos, m.is_retained) for m in broker.published} == {("t", 1, False)}
        await eventually(lambda: desk.publisher.depth == 0)


async def test_a_message_is_published_only_after_it_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed: set[bytes] = set()
    commit = Writer.commit

    def noted(writer: Any, batches: Any) -> int:
        used = commit(writer, batches)
        committed.update(message.payload for batch in batches for message in batch.messages)
        return used

    monkeypatch.setattr(Writer, "commit", noted)
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await broker.until(lambda b: b.introductions)
        for n in range(50):
            desk.say(n, n + 1)
            await turns(1)
            assert {*broker.payloads} <= committed
        await broker.until(lambda b: len(b.published) >= 50)


async def test_it_comes_back_after_every_failure(tmp_path: Path) -> None:
    port = free_port()
    broker = TinyBroker()
    async with at_work(tmp_path, replace(settings(broker), port=port)) as desk:
        desk.say(0, 3)
        for n in range(1, 4):
            async with broker.at_work(port):
                await broker.until(lambda b, n=n: len(b.introductions) >= n)  # type: ignore[misc]  # bound at once
        async with broker.at_work(port):
            await broker.until(lambda b: {*numbers(b.published)} >= {0, 1, 2})


async def test_leaving_is_a_farewell_so_that_no_will_is_published(tmp_path: Path) -> None:
    async with TinyBroker(acknowledges=False).at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await desk.connected()
        desk.publisher.retain("status", b"{}")
        await broker.until(lambda b: b.published)
        leaving = asyncio.create_task(desk.publisher.close())
        await turns(20)
        assert not broker.farewells, "what is in flight lands first"
        broker.acknowledge_late()
        await asyncio.wait_for(leaving, PATIENCE_S)
        await broker.until(lambda b: b.farewells)


async def test_leaving_waits_no_longer_than_that_for_a_broker_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "FAREWELL_S", 0.05)
    async with TinyBroker(acknowledges=False).at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await desk.connected()
        desk.publisher.retain("status", b"{}")
        await broker.until(lambda b: b.published)
        await asyncio.wait_for(desk.publisher.close(), 1.0)


# Live before backlog, window, history


async def test_live_goes_before_the_backlog_and_the_backlog_is_marked(tmp_path: Path) -> None:
    def backlog(desk: Desk) -> None:
        desk.say(0, 500, at=START - 3600)

    async with TinyBroker(acknowledges=False).at_work() as broker, at_work(tmp_path, settings(broker), backlog) as desk:
        await broker.until(lambda b: len(b.published) >= 50)  # the window is full of backlog
        await desk.say_now(1000, 1010)
        broker.acknowledges = True
        broker.acknowledge_late()
        await broker.until(lambda b: len(b.published) >= 510)
    said = numbers(broker.published)
    assert sorted(said) == [*range(500), *range(1000, 1010)]
    assert [n for n in said if n >= 1000] == list(range(1000, 1010))
    assert said[50:60] == list(range(1000, 1010)), "live messages waited behind the backlog"
    assert [n for n in said if n < 500] == list(range(500))
    assert {m.said["historical"] for m in broker.published if m.said["n"] < 500} == {True}
    assert {m.said["historical"] for m in broker.published if m.said["n"] >= 1000} == {False}


@pytest.mark.parametrize(
    ("connack", "version", "most"),
    [
        (b"\x00\x00", "3.1.1", 50),
        (ACCEPTED_5, "5", 50),
        (b"\x00\x00\x03\x21\x00\x07", "5", 7),
        (b"\x00\x00\x03\x21\xff\xff", "5", 50),
    ],
)
async def test_no_more_is_in_flight_than_the_window_or_the_broker_allows(
    tmp_path: Path, connack: bytes, version: str, most: int
) -> None:
    async with (
        TinyBroker(connack=connack, acknowledges=False).at_work() as broker,
        at_work(tmp_path, settings(broker, version=version)) as desk,
    ):
        await broker.until(lambda b: b.introductions)
        await desk.say_now(0, 200)
        await broker.until(lambda b: len(b.published) >= most)
        broker.acknowledges = True
        broker.acknowledge_late()
        await broker.until(lambda b: len(b.published) >= 200)
    assert broker.most_in_flight <= most
    assert numbers(broker.published) == list(range(200))


async def test_statuses_of_a_whole_ward_keep_to_the_brokers_receive_maximum(tmp_path: Path) -> None:
    # Mosquitto allows 20 under MQTT 5, and disconnects who sends more (MQTT 5, 3.3.4).
    async with (
        TinyBroker(connack=b"\x00\x00\x03\x21\x00\x14", acknowledges=False).at_work() as broker,
        at_work(tmp_path, settings(broker, version="5")) as desk,
    ):

        def say_all() -> None:
            for n in range(60):
                desk.publisher.retain(f"{n}/status", b"{}")

        desk.publisher.on_connected = say_all
        await broker.until(lambda b: len(b.published) >= 20)
        await desk.say_now(0, 10)
        broker.acknowledges = True
        broker.acknowledge_late()
        await broker.until(lambda b: len(b.published) >= 70)
    assert broker.most_in_flight <= 20


@pytest.mark.parametrize(
    ("age_s", "is_historical"), [(0.0, False), (HISTORICAL_S - 1, False), (HISTORICAL_S + 1, True)]
)
async def test_what_is_older_than_five_seconds_when_sent_is_no_news(
    tmp_path: Path, age_s: float, is_historical: bool
) -> None:
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await broker.until(lambda b: b.introductions)
        desk.say(0, 1, at=START - age_s)
        await broker.until(lambda b: b.published)
    assert broker.published[0].said == {"n": 0, "historical": is_historical}


async def test_a_message_from_before_the_clock_was_set_back_is_no_news(tmp_path: Path) -> None:
    # Its age is unknown, and at least as long as it took to connect; it must not pass for live for an hour.
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        desk.say(0, 1, at=START + 3600)
        await broker.until(lambda b: b.published)
    assert broker.published[0].said["historical"] is True


async def test_only_the_flag_differs_in_a_resend_and_a_text_that_looks_like_it_is_left_alone(tmp_path: Path) -> None:
    tricky = b'{"text":"\\"historical\\":false}","historical":false}'
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await broker.until(lambda b: b.introductions)
        put(desk.outbox, "t", tricky, START)
        await broker.until(lambda b: b.published)
        desk.now += 60
        broker.hang_up()
        await broker.until(lambda b: len(b.published) >= 2)
    assert broker.payloads[0] == tricky
    assert broker.payloads[1] == tricky[: -len(b"false}")] + b"true}"


async def test_what_was_historical_when_taken_stays_so(tmp_path: Path) -> None:
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await broker.until(lambda b: b.introductions)
        put(desk.outbox, "t", b'{"n":1' + OLD, START)
        await broker.until(lambda b: b.published)
    assert broker.published[0].said["historical"] is True


# Broken connections


async def test_what_was_not_acknowledged_is_sent_again(tmp_path: Path) -> None:
    async with TinyBroker(acknowledges=False).at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await broker.until(lambda b: b.introductions)
        await desk.say_now(0, 30)
        await broker.until(lambda b: len(b.published) >= 30)
        broker.acknowledges = True
        broker.hang_up()
        await broker.until(lambda b: len(b.published) >= 60)
    again = [message for message in broker.published if message.connection == 2]
    assert numbers(again) == list(range(30)), "the same messages, in the same order"


async def test_what_was_acknowledged_in_the_last_ten_seconds_is_sent_again(tmp_path: Path) -> None:
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await broker.until(lambda b: b.introductions)
        await desk.say_now(0, 30)
        await eventually(lambda: desk.publisher.depth == 0)
        broker.hang_up()
        await broker.until(lambda b: len(b.published) >= 60)
    assert numbers(broker.published) == [*range(30), *range(30)]


async def test_what_was_acknowledged_long_enough_ago_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "CONFIRM_S", 0.05)
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker, keepalive_s=1)) as desk:
        await broker.until(lambda b: b.introductions)
        await desk.say_now(0, 30)
        await eventually(lambda: desk.publisher.depth == 0)
        async with asyncio.timeout(PATIENCE_S):
            while await stored(desk.outbox):  # noqa: ASYNC110  # the publisher looks about once a second
                await asyncio.sleep(0.05)
        broker.hang_up()
        await broker.until(lambda b: len(b.introductions) >= 2)
        await desk.say_now(30, 31)
        await broker.until(lambda b: 30 in numbers(b.published))
    assert numbers(broker.published) == list(range(31))


async def test_a_broker_that_breaks_again_and_again_loses_nothing_and_reorders_nothing(tmp_path: Path) -> None:
    async with TinyBroker(closes_after=17).at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        for n in range(0, 200, 20):
            await desk.say_now(n, n + 20)
            await turns(20)
        broker.closes_after = None
        await broker.until(lambda b: {*numbers(b.published)} >= {*range(200)})
        await eventually(lambda: desk.publisher.depth == 0)
    ids = {n: {m.payload[: -len(NEWS)] for m in broker.published if m.said["n"] == n} for n in range(200)}
    assert all(len(forms) == 1 for forms in ids.values())


async def test_a_gateway_that_was_killed_sends_what_it_had_taken(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.sqlite") as outbox:
        for n in range(1000):
            put(outbox, "t", payload(n), START)
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        assert desk.publisher.depth == 1000
        await broker.until(lambda b: len(b.published) >= 1000)
    assert numbers(broker.published) == list(range(1000))


async def test_a_read_that_fails_once_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, failures = Writer.read, [sqlite3.OperationalError("disk I/O error")]

    def sometimes(writer: Any, *asked: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return read(writer, *asked, **more)

    async with opened(tmp_path / "outbox.sqlite") as outbox:
        for n in range(150):
            put(outbox, "t", payload(n), START)
    monkeypatch.setattr(Writer, "read", sometimes)
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)):
        with suppress(TimeoutError):
            await asyncio.wait_for(broker.until(lambda b: len(b.published) >= 150), 1.5)
    assert numbers(broker.published) == list(range(150)), "what could not be read was given up for sent"


# Limits


async def test_what_was_taken_before_our_clock_was_set_is_not_too_old(tmp_path: Path) -> None:
    # A board without a battery begins in 1970; the first correction would make all of it 56 years old.
    async with at_work(tmp_path, Broker("mqtt", "127.0.0.1", free_port())) as desk:
        desk.say(0, 100, at=60.0)
        await desk.outbox.ticket()
        assert await desk.given_up(1 << 40, 86_400.0) == []
        assert desk.publisher.depth == 100


async def test_what_is_given_up_until_a_read_fails_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, reads = Writer.read, [1, 1]

    def twice(writer: Any, *asked: Any) -> Any:
        if reads:
            reads.pop()
            return read(writer, *asked)
        raise sqlite3.OperationalError("disk I/O error")

    async with at_work(tmp_path, Broker("mqtt", "127.0.0.1", free_port())) as desk:
        desk.say(0, 1000, at=START - 100)
        await desk.outbox.ticket()
        with monkeypatch.context() as context:
            context.setattr(Writer, "read", twice)
            lost = await desk.given_up(1 << 40, 50.0)
        assert [message.seq for message in lost] == list(range(1, 201))
        assert desk.publisher.depth == 800
        assert [message.seq for message in await stored(desk.outbox)] == list(range(201, 1001))


async def test_what_is_given_up_was_not_also_sent(tmp_path: Path) -> None:
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        desk.say(0, 2000, at=START - 100)
        await desk.outbox.ticket()
        broker.hang_up()
        await desk.connected(2)
        lost = await desk.given_up(1 << 40, 50.0)
        await eventually(lambda: desk.publisher.depth == 0)
        await asyncio.sleep(0.05)
    sent = {m.said["n"] for m in broker.published if m.connection == 2}
    assert not sent & {message.seq - 1 for message in lost}, "published, and on record as lost"


async def test_over_the_size_limit_only_as_much_is_given_up_as_must_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "MEASURE_EVERY_S", 0.0)
    nowhere = Broker("mqtt", "127.0.0.1", free_port())
    async with at_work(tmp_path, nowhere) as desk:
        for _ in range(1000):
            put(desk.outbox, "t", b"x" * 4000 + NEWS, START)
        await desk.outbox.ticket()
        limit = int(desk.outbox.bytes * 0.8)
        lost = await desk.given_up(limit, 1e9)
        assert [message.seq for message in lost] == list(range(1, len(lost) + 1)), "the oldest first"
        assert 200 <= len(lost) <= 400, f"{len(lost)} of 1000 were given up to get from 100 % to 80 %"
        assert [message.seq for message in await stored(desk.outbox)] == list(range(len(lost) + 1, 1001))
        assert desk.outbox.dropped["limit"] == len(lost)
        assert desk.publisher.depth == 1000 - len(lost)


async def test_over_the_age_limit_only_what_is_too_old_is_given_up(tmp_path: Path) -> None:
    async with at_work(tmp_path, Broker("mqtt", "127.0.0.1", free_port())) as desk:
        desk.say(0, 200, at=START - 100)
        desk.say(200, 300, at=START)
        await desk.outbox.ticket()
        lost = await desk.given_up(1 << 40, 50.0)
        assert 200 <= len(lost) <= 299
        assert desk.publisher.depth == 300 - len(lost)


async def test_within_the_limits_nothing_is_given_up(tmp_path: Path) -> None:
    async with at_work(tmp_path, Broker("mqtt", "127.0.0.1", free_port())) as desk:
        await desk.say_now(0, 300)
        assert await desk.given_up(1 << 40, 1e9) == []
        assert desk.publisher.depth == 300


async def test_what_is_given_up_is_told_in_the_transaction_that_deletes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A kill between the two would leave a hole in the numbers that no event explains.
    disk = Disk(monkeypatch)
    async with at_work(tmp_path, Broker("mqtt", "127.0.0.1", free_port())) as desk:
        await desk.say_now(0, 300)
        desk.publisher.on_given_up = lambda lost: desk.say(1000, 1000 + len(lost), topic="events")
        with disk.full():
            giving_up = asyncio.create_task(desk.given_up(0, 1e9))
            await eventually(lambda: disk.attempts >= 3)
            messages = await desk.outbox.read((1, 10_000), 10_000)
            assert len(messages) == 300, "neither, while the disk has no room"
        lost = await asyncio.wait_for(giving_up, PATIENCE_S)
        assert [message.seq for message in lost] == list(range(1, 301))
        assert {message.stream.topic for message in await stored(desk.outbox)} == {"events"}


# Brokers that misbehave


@pytest.mark.parametrize(
    ("connack", "version", "words"),
    [
        (b"\x00\x05", "3.1.1", "may not connect"),
        (b"\x00\x04", "3.1.1", "password"),
        (b"\x00\x86\x00", "5", "password"),
        (b"\x00\x01", "5", "version"),
    ],
)
async def test_a_refused_login_is_told_with_its_remedy_and_not_hurried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, connack: bytes, version: str, words: str
) -> None:
    async with TinyBroker(connack=connack).at_work() as broker, at_work(tmp_path, settings(broker, version=version)):
        await broker.until(lambda b: b.introductions)
        await eventually(lambda: caplog.records)
        await asyncio.sleep(0.2)
        assert len(broker.introductions) == 1, "a refused login doesn't get better by hurrying"
    said = [getattr(record, "onlooker_fields", {}) for record in caplog.records]
    assert any(words in str(fields.get("reason")) for fields in said)


async def test_a_broker_that_never_answers_is_told_in_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "CONNECT_S", 0.05)
    async with TinyBroker(is_silent=True).at_work() as broker, at_work(tmp_path, settings(broker)):
        await broker.until(lambda b: len(b.introductions) >= 2)
        await eventually(lambda: caplog.records)
    reasons = {getattr(record, "onlooker_fields", {}).get("reason") for record in caplog.records}
    assert len(reasons) == 1, "one line for one reason"
    assert reasons != {"TimeoutError"}, "an operator can't do anything with that"


async def test_a_broker_that_falls_silent_is_left(tmp_path: Path) -> None:
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker, keepalive_s=1)) as desk:
        await desk.say_now(0, 5)
        await broker.until(lambda b: len(b.published) >= 5)
        broker.is_silent = True
        await desk.say_now(5, 8)
        await broker.until(lambda b: len(b.introductions) >= 2)
        broker.is_silent = False
        await broker.until(lambda b: {*numbers(b.published)} >= {*range(8)})
        assert broker.pings, "asked before it was left"


async def test_the_brokers_own_keepalive_counts(tmp_path: Path) -> None:
    async with (
        TinyBroker(connack=b"\x00\x00\x03\x13\x00\x01").at_work() as broker,
        at_work(tmp_path, settings(broker, version="5", keepalive_s=3600)),
    ):
        await broker.until(lambda b: b.pings)


# Refused publications (MQTT 5 only: before it a broker has no word for them)


@asynccontextmanager
async def refusing(folder: Path, connack: bytes = ACCEPTED_5, **refuses: Any) -> AsyncIterator[tuple[TinyBroker, Desk]]:
    async with (
        TinyBroker(connack=connack, **refuses).at_work() as broker,
        at_work(folder, settings(broker, version="5", keepalive_s=1)) as desk,
    ):
        await desk.connected()
        yield broker, desk


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog_module, "RETRY_S", (0.05, 0.2))


@pytest.mark.usefixtures("patient")
async def test_a_refused_topic_holds_up_no_other_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with refusing(tmp_path, refuses={"refused": 0x87}) as (broker, desk):
        for n in range(0, 200, 2):
            desk.say(n, n + 1, topic="refused")
            desk.say(n + 1, n + 2)
            await turns(2)
        await broker.until(lambda b: len(b.published) >= 100)
        assert numbers(broker.published) == list(range(1, 200, 2))
        assert len(broker.introductions) == 1, "the connection stands"
        await eventually(lambda: desk.publisher.depth == 100)
        assert desk.publisher.refused["not authorized"] >= 1
        warnings = [record for record in caplog.records if record.levelname == "WARNING"]
        assert len(warnings) == 1
        said = getattr(warnings[0], "onlooker_fields", {})
        assert said["topic"] == "refused"
        assert "access list" in said["remedy"]


@pytest.mark.usefixtures("patient")
async def test_a_refused_topic_is_not_stormed(tmp_path: Path) -> None:
    async with refusing(tmp_path, refuses={"t": 0x87}) as (broker, desk):
        for n in range(100):
            desk.say(n, n + 1)
            await asyncio.sleep(0.01)
        assert broker.refusals < 60, "each frame of a device that may not be published costs a packet, and an answer"
        assert desk.publisher.depth == 100


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("code", [0x80, 0x83, 0x87, 0x90, 0x91, 0x97])
async def test_what_was_refused_is_published_once_it_may_be(tmp_path: Path, code: int) -> None:
    async with refusing(tmp_path, refuses={"refused": code}) as (broker, desk):
        desk.say(0, 500, topic="refused")
        desk.say(500, 510)
        await broker.until(lambda b: len(b.published) >= 10 and b.refusals)
        broker.refuses.clear()
        await eventually(lambda: desk.publisher.depth == 0)
        await desk.say_now(510, 511)
        await broker.until(lambda b: 510 in numbers(b.published))
    assert sorted(numbers(broker.published)) == list(range(511)), "each once: nobody has hung up"


@pytest.mark.usefixtures("patient")
async def test_what_was_refused_survives_a_broken_connection_and_a_restart(tmp_path: Path) -> None:
    async with refusing(tmp_path, refuses={"refused": 0x87}) as (broker, desk):
        desk.say(0, 300, topic="refused")
        await broker.until(lambda b: b.refusals)
        broker.hang_up()
        await desk.connected(2)
        await desk.say_now(300, 310)
        await broker.until(lambda b: len(b.published) >= 10)
        broker.hang_up()
    async with refusing(tmp_path) as (broker, desk):
        await broker.until(lambda b: {*numbers(b.published)} >= {*range(300)})
        await eventually(lambda: desk.publisher.depth == 0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("code", [0x80, 0x83, 0x99])
async def test_a_message_that_is_refused_for_itself_holds_up_no_other(tmp_path: Path, code: int) -> None:
    async with refusing(tmp_path, refuses_text={b'"n":5,': code}) as (broker, desk):
        desk.say(0, 100)
        await broker.until(lambda b: len(b.published) >= 99)
        await eventually(lambda: desk.publisher.depth == 1)
        refusals = broker.refusals
        for n in range(100, 120):
            await desk.say_now(n, n + 1)
            await asyncio.sleep(0.02)
        await broker.until(lambda b: len(b.published) >= 119)
        assert broker.refusals <= refusals + 1, "it waits for another connection"
        broker.refuses_text.clear()
        broker.hang_up()
        await broker.until(lambda b: 5 in numbers(b.published))
        await eventually(lambda: desk.publisher.depth == 0)


async def test_what_is_too_large_for_the_broker_is_not_sent(tmp_path: Path) -> None:
    # A broker disconnects who sends it (MQTT 5, 3.1.2.11.4), and gets it again on the next connection.
    connack = b"\x00\x00\x05\x27" + (1000).to_bytes(4, "big")
    async with refusing(tmp_path, connack) as (broker, desk):
        await desk.say_now(0, 1)
        put(desk.outbox, "t", b'{"n":1,"text":"%b"' % (b"x" * 2000) + NEWS, START)
        await desk.say_now(2, 10)
        await broker.until(lambda b: len(b.published) >= 9)
        assert numbers(broker.published) == [0, *range(2, 10)]
        await eventually(lambda: desk.publisher.depth == 1)
        assert desk.publisher.refused["packet too large"] == 1


@pytest.mark.usefixtures("patient")
async def test_what_is_refused_for_too_long_is_given_up_by_name_and_nothing_else_is(tmp_path: Path) -> None:
    async with refusing(tmp_path, refuses={"refused": 0x87}, refuses_text={b'"n":250,': 0x99}) as (broker, desk):
        for n in range(0, 300, 2):
            desk.say(n, n + 1, topic="refused", at=START - 100)
            desk.say(n + 1, n + 2, at=START - 100)
        desk.say(300, 310, topic="refused")
        await broker.until(lambda b: len(b.published) >= 150)
        await eventually(lambda: desk.publisher.depth == 160)
        lost = await desk.given_up(1 << 40, 50.0)
        assert {message.stream.topic for message in lost} == {"refused"}
        assert {message.seq for message in lost} == {*range(1, 151)}
        await eventually(lambda: desk.publisher.depth == 10)
        broker.refuses.clear()
        broker.refuses_text.clear()
        await broker.until(lambda b: len(b.published) >= 160)
        assert sorted(numbers(broker.published))[-10:] == list(range(300, 310))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_a_broker_refuses_for_a_while_nothing_is_lost_or_said_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with refusing(tmp_path) as (broker, desk):
        for n in range(0, 600, 5):
            for each in range(5):
                desk.say(n + each, n + each + 1, topic=chance.choice("abc"))
            code = chance.choice([0x80, 0x83, 0x87, 0x97])
            broker.refuses = {topic: code for topic in "abc" if chance.random() < 0.3}
            broker.refuses_text = {b'"n":%d,' % chance.randrange(600): chance.choice([0x80, 0x99])}
            await turns(chance.randrange(20))
        broker.refuses, broker.refuses_text = {}, {}
        await asyncio.sleep(0.5)
        twice = len(broker.published) - len({*numbers(broker.published)})
        assert twice == 0, "the connection stands: nothing is in doubt"
        broker.hang_up()  # what was refused for itself waits for this
        await broker.until(lambda b: {*numbers(b.published)} >= {*range(600)})
        await eventually(lambda: desk.publisher.depth == 0)


@pytest.mark.usefixtures("patient")
async def test_a_refused_status_is_told_once_and_holds_up_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with refusing(tmp_path, refuses={"a/status": 0x87}) as (broker, desk):
        for _ in range(3):
            desk.publisher.retain("a/status", b"{}")
            await broker.until(lambda b, n=broker.refusals: b.refusals > n)  # type: ignore[misc]  # bound at once
        await desk.say_now(0, 1)
        await broker.until(lambda b: b.published)
        assert desk.publisher.refused["not authorized"] == 3
        assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


# What a broker hangs up on (it has no other word before MQTT 5)


@pytest.fixture
def short_tempered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hangups_module, "CALM_S", 0.3)
    monkeypatch.setattr(hangups_module, "RETRY_S", (60.0, 300.0))


@pytest.mark.usefixtures("short_tempered")
@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_message_that_the_broker_hangs_up_on_holds_up_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    connack = ACCEPTED_5 if version == "5" else b"\x00\x00"
    async with (
        TinyBroker(connack=connack, hangs_up_on=b'"n":5,').at_work() as broker,
        at_work(tmp_path, settings(broker, version=version)) as desk,
    ):
        await desk.connected()
        await desk.say_now(0, 100)
        with suppress(TimeoutError):
            await asyncio.wait_for(broker.until(lambda b: {*numbers(b.published)} >= {*range(100)} - {5}), 3.0)
        await eventually(lambda: desk.publisher.depth == 1)
        hang_ups = broker.hang_ups
        assert hang_ups <= 6, "stormed"
        await asyncio.sleep(0.5)
        await desk.say_now(100, 150)
        await broker.until(lambda b: {*numbers(b.published)} >= {*range(150)} - {5})
        assert broker.hang_ups == hang_ups
        assert desk.publisher.refused["hung up"] == 1
        assert [message.seq for message in await stored(desk.outbox)][5] == 6, "it is still on disk"
    assert any("hung up" in str(getattr(record, "onlooker_fields", {})) for record in caplog.records)


@pytest.mark.usefixtures("short_tempered")
async def test_what_a_broker_hung_up_on_is_tried_again_when_it_has_been_calm_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hangups_module, "RETRY_S", (0.2, 0.2))
    async with (
        TinyBroker(hangs_up_on=b'"n":5,').at_work() as broker,
        at_work(tmp_path, settings(broker, keepalive_s=1)) as desk,
    ):
        await desk.connected()
        await desk.say_now(0, 10)
        await eventually(lambda: desk.publisher.refused["hung up"])
        broker.hangs_up_on = None
        await broker.until(lambda b: 5 in numbers(b.published))
        await eventually(lambda: desk.publisher.depth == 0)


@pytest.mark.usefixtures("short_tempered")
async def test_a_topic_that_a_broker_hangs_up_on_is_not_tried_with_each_message(tmp_path: Path) -> None:
    # Some hang up on whoever publishes where the access list forbids it.
    async with TinyBroker(hangs_up_on=b"forbidden").at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await desk.connected()
        for n in range(0, 100, 2):
            desk.say(n, n + 1, topic="forbidden")
            desk.say(n + 1, n + 2)
        await desk.outbox.ticket()
        with suppress(TimeoutError):
            await asyncio.wait_for(broker.until(lambda b: {*numbers(b.published)} >= {*range(1, 100, 2)}), 3.0)
        await eventually(lambda: desk.publisher.depth == 50)
        assert broker.hang_ups <= 12, "stormed"


@pytest.mark.usefixtures("short_tempered")
async def test_a_status_that_a_broker_hangs_up_on_holds_up_nothing(tmp_path: Path) -> None:
    async with TinyBroker(hangs_up_on=b"bad/status").at_work() as broker, at_work(tmp_path, settings(broker)) as desk:

        def say_all() -> None:
            desk.publisher.retain("bad/status", b"{}")
            desk.publisher.retain("good/status", b"{}")

        desk.publisher.on_connected = say_all
        await desk.say_now(0, 10)
        with suppress(TimeoutError):
            await asyncio.wait_for(broker.until(lambda b: {*numbers(b.published)} >= {*range(10)}), 3.0)
        await eventually(lambda: desk.publisher.depth == 0)
        assert broker.retained("good/status")
        assert desk.publisher.refused["hung up"] == 1


@pytest.mark.usefixtures("short_tempered")
async def test_a_broker_that_hangs_up_whatever_is_said_has_nothing_set_aside(tmp_path: Path) -> None:
    # Another client with our name, a broker that starts and fails: no message is to blame for that.
    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        for n in range(20):
            await desk.connected(n + 1)
            await desk.say_now(n, n + 1)
            await broker.until(lambda b, n=n: n in numbers(b.published))  # type: ignore[misc]  # bound at once
            await turns(20)
            broker.hang_up()
        await eventually(lambda: desk.publisher.depth == 0)
        assert not desk.publisher.refused


@pytest.mark.usefixtures("short_tempered")
async def test_nothing_waits_for_a_broker_that_hung_up_on_everything_and_is_well_again(tmp_path: Path) -> None:
    async with TinyBroker(hangs_up_on=b"").at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        for n in range(50):
            desk.say(n, n + 1, topic=f"topic{n % 20}")
        await desk.outbox.ticket()
        await broker.until(lambda b: b.hang_ups > 40)
        broker.hangs_up_on = None
        await asyncio.wait_for(broker.until(lambda b: {*numbers(b.published)} >= {*range(50)}), 3.0)
        await eventually(lambda: desk.publisher.depth == 0)


# What is no broker


async def test_a_web_server_in_the_brokers_place_is_no_crash(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, at_work(tmp_path, Broker("mqtt", "127.0.0.1", server.sockets[0].getsockname()[1])):
        await eventually(lambda: caplog.records)


async def test_over_tls_only_a_broker_that_we_trust_gets_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    ours, theirs = tmp_path / "ours.pem", tmp_path / "theirs.pem"
    authority.cert_pem.write_to_path(str(ours))
    stranger.cert_pem.write_to_path(str(theirs))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    async with TinyBroker().at_work(tls=context) as broker:
        where = settings(broker, scheme="mqtts")
        async with at_work(tmp_path, replace(where, ca_file=theirs)) as desk:
            desk.say(0, 1)
            await eventually(lambda: caplog.records)
            assert broker.introductions == []
        async with at_work(tmp_path, replace(where, ca_file=ours)):
            await broker.until(lambda b: b.published)


# Statuses and waveforms


async def test_a_status_is_retained_and_not_sent_again_when_it_is_stale(tmp_path: Path) -> None:
    async with TinyBroker(acknowledges=False).at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        await desk.connected()
        desk.publisher.retain("status", b'{"state":"delivering"}')
        await broker.until(lambda b: b.published)
        broker.hang_up()
        await desk.connected(2)  # and is asked for fresh ones
        await desk.say_now(0, 1)
        await broker.until(lambda b: 0 in [m.said.get("n") for m in b.published])
    assert broker.retained("status") == [{"state": "delivering"}]
    assert broker.published[0].is_retained
    assert broker.published[0].qos == 1


async def test_without_a_connection_a_status_is_dropped(tmp_path: Path) -> None:
    broker, port = TinyBroker(), free_port()
    async with at_work(tmp_path, replace(settings(broker), port=port)) as desk:
        desk.publisher.retain("status", b'{"state":"delivering"}')
        async with broker.at_work(port):
            await desk.say_now(0, 1)
            await broker.until(lambda b: b.published)
    assert broker.retained("status") == []


async def test_under_mqtt_5_a_status_expires_and_a_message_says_what_it_is(tmp_path: Path) -> None:
    async with (
        TinyBroker(connack=ACCEPTED_5).at_work() as broker,
        at_work(tmp_path, settings(broker, version="5")) as desk,
    ):
        await desk.connected()
        desk.publisher.retain("status", b"{}")
        await desk.say_now(0, 1)
        await broker.until(lambda b: len(b.published) >= 2)
    by_kind = {message.is_retained: message.properties for message in broker.published}
    assert b"\x02" + (90).to_bytes(4, "big") in by_kind[True]
    assert b"\x03\x00\x10application/json" in by_kind[False]
    assert b"\x02\x00\x00" not in by_kind[False], "an observation does not expire"


async def test_a_waveform_is_sent_at_most_once_and_only_when_nothing_waits(tmp_path: Path) -> None:
    async with TinyBroker(acknowledges=False).at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        desk.publisher.once("wave", b'{"n":-1}')
        await desk.connected()
        desk.publisher.once("wave", b'{"n":-2}')
        await broker.until(lambda b: b.published)
        await desk.say_now(0, 60)  # more than the window
        await broker.until(lambda b: len(b.published) >= 51)
        desk.publisher.once("wave", b'{"n":-3}')
        broker.acknowledges = True
        broker.acknowledge_late()
        await broker.until(lambda b: len(b.published) >= 61)
        broker.hang_up()
        await broker.until(lambda b: len(b.introductions) >= 2)
        await eventually(lambda: desk.publisher.depth == 0)
    assert [(m.said["n"], m.qos) for m in broker.published if m.topic == "wave"] == [(-2, 0)]
    assert desk.outbox.dropped["waveforms"] == 2


async def test_a_status_that_cannot_be_made_does_not_end_the_publishing(tmp_path: Path) -> None:
    def fails() -> None:
        raise ValueError("a bug")

    async with TinyBroker().at_work() as broker, at_work(tmp_path, settings(broker)) as desk:
        desk.publisher.on_connected = fails
        await broker.until(lambda b: b.introductions)
        await turns(20)
        desk.publisher.on_connected = desk.met
        await desk.say_now(0, 1)
        with suppress(TimeoutError):
            await asyncio.wait_for(broker.until(lambda b: b.published), 3.0)
        assert broker.published, "the publisher has died, and nobody noticed"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(-2, "Name or service not known"), "name is not known"),
        (ConnectionRefusedError(111, "refused"), "nobody listens there"),
        (ConnectionResetError(104, "reset"), "hung up"),
        (ssl.SSLError(1, "[X509: NO_CERTIFICATE_OR_CRL_FOUND]"), "check broker.ca_file"),
        (TimeoutError(), "is it an MQTT broker"),
    ],
)
def test_whatever_keeps_the_broker_away_is_told_with_its_remedy(error: Exception, words: str) -> None:
    assert words in _words(error)
