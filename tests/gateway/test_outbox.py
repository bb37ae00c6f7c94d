import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import outbox as outbox_module
from gateway.errors import ConfigError
from gateway.outbox import ROOM_LIMIT, SEEN_LIMIT, WAITING_LIMIT, Outbox
from gateway.store import Message, Writer
from tests.gateway.parts import PATIENCE_S, START, Disk, eventually, opened, put, stored, turns


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def kept(outbox: Outbox) -> bool:
    return await asyncio.wait_for(asyncio.shield(outbox.ticket()), PATIENCE_S)


def as_after_a_kill(path: Path) -> Path:
    """The files as they are on disk at this moment: what a power cut would leave."""
    left = path.with_name("after") / path.name
    left.parent.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, left.with_name(file.name))
    return left


# Order, and numbers that go on


async def test_what_was_put_is_read_in_order(path: Path) -> None:
    async with opened(path) as outbox:
        for n in range(250):
            put(outbox, f"topic{n % 3}", b"%d" % n, START + n)
        messages = await stored(outbox)
    assert [message.payload for message in messages] == [b"%d" % n for n in range(250)]
    assert [message.n for message in messages] == sorted({message.n for message in messages})
    assert [message.at for message in messages] == [START + n for n in range(250)]


async def test_streams_and_numbers_go_on_after_a_restart(path: Path) -> None:
    async with opened(path) as outbox:
        names = {topic: outbox.stream(topic).name for topic in ("a", "b")}
        assert [put(outbox, topic) for topic in "aaba"] == [1, 2, 1, 3]
        await kept(outbox)
    async with opened(path) as outbox:
        assert {topic: outbox.stream(topic).name for topic in ("a", "b")} == names
        assert [put(outbox, topic, at=START + 9) for topic in "ab"] == [4, 2]
        assert [(m.stream.topic, m.seq) for m in await stored(outbox)] == [
            ("a", 1), ("a", 2), ("b", 1), ("a", 3), ("a", 4), ("b", 2),
        ]  # fmt: skip


async def test_when_a_device_was_last_heard_survives_a_restart(path: Path) -> None:
    async with opened(path) as outbox:
        outbox.stream("a").last_at = START + 5
        put(outbox, "a", at=START + 5)
        put(outbox, "a", at=START + 9)  # old news
        outbox.stream("b").last_at = START + 7
        outbox.stands(outbox.stream("b"))  # without a message
        await kept(outbox)
        left = as_after_a_kill(path)
    async with opened(left) as outbox:
        assert (outbox.stream("a").last_at, outbox.stream("b").last_at) == (START + 5, START + 7)
        assert (put(outbox, "a"), put(outbox, "b")) == (3, 1)


async def test_numbers_go_on_in_a_file_of_the_first_version(path: Path) -> None:
    # It kept a stream's last number only where its messages had gone.
    async with opened(path) as outbox:
        for _ in range(5):
            put(outbox, "a")
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE topics SET seq = 2")
        database.execute("PRAGMA user_version=0")
    database.close()
    for expected in (6, 7):
        async with opened(path) as outbox:
            assert put(outbox, "a") == expected, "a number given twice is an id given twice"


async def test_a_start_takes_no_longer_for_what_waits(path: Path) -> None:
    # With the broker away for a month there are millions; the first frame after a restart must not wait for them.
    steps: list[int] = []
    for rows in (10, 20_000):
        async with opened(path) as outbox:
            for n in range(rows):
                put(outbox, f"topic{n % 5}")
        writer = Writer(path)
        counted: list[None] = []
        writer._db.set_progress_handler(lambda counted=counted: counted.append(None), 1)  # type: ignore[misc]
        writer.load()
        writer.close()
        steps.append(len(counted))
    assert steps[1] < steps[0] + 100, f"{steps} steps of the database for 10 and 20 000 messages"


async def test_a_new_file_begins_new_streams(tmp_path: Path) -> None:
    names = set()
    for file in ("one", "two"):
        async with opened(tmp_path / file) as outbox:
            names.add(outbox.stream("a").name)
    assert len(names) == 2


@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5), min_size=2, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_message_stays_with_its_topic_whichever_topics_spoke_before_a_restart(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("outbox") / "outbox.sqlite"

    async def run(speakers: list[str]) -> list[Message]:
        async with opened(path) as outbox:
            for topic in "abcdef":
                outbox.stream(topic)  # every configured device has its streams, whether it ever speaks or not
            for topic in speakers:
                put(outbox, topic, topic.encode())
            return await stored(outbox)

    for speakers in runs:
        messages = asyncio.run(run(speakers))
    assert [message.payload.decode() for message in messages] == [topic for speakers in runs for topic in speakers]
    assert [message.stream.topic for message in messages] == [message.payload.decode() for message in messages]
    for topic in "abcdef":
        numbers = [message.seq for message in messages if message.stream.topic == topic]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_a_restart_knows_what_is_left(path: Path) -> None:
    async with opened(path) as outbox:
        assert outbox.left is None
        for _ in range(5):
            put(outbox, "a")
        (first, *_, last) = await stored(outbox)
    async with opened(path) as outbox:
        assert outbox.left == (first.n, last.n)
        assert put(outbox, "a") == 6
        assert (await stored(outbox))[-1].n > last.n


async def test_what_was_delivered_is_forgotten(path: Path) -> None:
    async with opened(path) as outbox:
        for _ in range(9):
            put(outbox, "a")
        numbers = [message.n for message in await stored(outbox)]
        outbox.delivered([(numbers[0], numbers[2]), (numbers[5], numbers[5])])
        assert [message.seq for message in await stored(outbox)] == [4, 5, 7, 8, 9]
        outbox.delivered([(numbers[0], numbers[-1])])
        assert await stored(outbox) == []
    async with opened(path) as outbox:
        assert outbox.left is None
        assert put(outbox, "a") == 10


# On disk before it counts


async def test_a_ticket_is_worth_nothing_before_the_commit(path: Path, disk: Disk) -> None:
    async with opened(path) as outbox:
        with disk.standing_still():
            put(outbox, "a")
            ticket = outbox.ticket()
            await eventually(lambda: disk.attempts)
            await turns(20)
            assert not ticket.done()
        assert await asyncio.wait_for(ticket, PATIENCE_S)


async def test_nothing_is_handed_on_before_the_commit(path: Path, disk: Disk) -> None:
    handed: list[bytes] = []
    async with opened(path) as outbox:
        outbox.on_commit = lambda messages: handed.extend(message.payload for message in messages)
        with disk.standing_still():
            put(outbox, "a", b"1")
            await eventually(lambda: disk.attempts)
            put(outbox, "a", b"2")
            await turns(20)
            assert handed == []
        await kept(outbox)
        assert handed == [b"1", b"2"]


async def test_a_power_cut_leaves_exactly_what_was_committed(path: Path, disk: Disk) -> None:
    async with opened(path) as outbox:
        put(outbox, "a", b"committed")
        outbox.remember("pump", "states", "before")
        outbox.learn("pump", "first")
        await kept(outbox)
        with disk.standing_still():
            put(outbox, "a", b"lost")
            outbox.remember("pump", "states", "after")
            outbox.learn("pump", "second")
            await turns()
            left = as_after_a_kill(path)
    async with opened(left) as outbox:
        assert [message.payload for message in await stored(outbox)] == [b"committed"]
        assert outbox.recall("pump", "states") == "before"
        assert outbox.knows("pump", "first")
        assert not outbox.knows("pump", "second"), "or a resend would be acknowledged and dropped"
        assert put(outbox, "a") == 2


async def test_an_acknowledged_message_survives_a_power_cut(path: Path) -> None:
    async with opened(path) as outbox:
        for n in range(100):
            put(outbox, "a", b"%d" % n)
            await kept(outbox)
        left = as_after_a_kill(path)
        async with opened(left) as after:
            assert len(await stored(after)) == 100


async def test_the_database_syncs_every_commit(path: Path) -> None:
    async with opened(path) as outbox:
        pragmas = {name: outbox._writer._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous",)}
    assert pragmas == {"synchronous": 2}, "FULL: NORMAL may lose the last commits at power loss"


async def test_a_flood_is_committed_in_batches(path: Path, disk: Disk) -> None:
    async with opened(path) as outbox:
        with disk.standing_still():
            for _ in range(50):
                for _ in range(100):
                    put(outbox, "a")
                await turns(1)
        await kept(outbox)
        assert len(await stored(outbox)) == 5000
    assert disk.attempts < 10


# A disk that refuses


async def test_a_full_disk_loses_nothing_once_there_is_room(path: Path, disk: Disk) -> None:
    async with opened(path) as outbox:
        with disk.full():
            tickets = []
            for n in range(30):
                put(outbox, "a", b"%d" % n)
                outbox.remember("pump", "states", str(n))
                tickets.append(outbox.ticket())
                await turns(1)
            await eventually(lambda: disk.attempts >= 2)
            assert not any(ticket.done() for ticket in tickets)
        assert await asyncio.wait_for(asyncio.gather(*tickets), PATIENCE_S) == [True] * 30
        assert [message.payload for message in await stored(outbox)] == [b"%d" % n for n in range(30)]
        assert outbox.dropped.total() == 0
    async with opened(path) as outbox:
        assert outbox.recall("pump", "states") == "29"


async def test_what_was_first_said_on_a_full_disk_survives_a_power_cut_afterwards(path: Path, disk: Disk) -> None:
    async with opened(path) as outbox:
        with disk.full():
            put(outbox, "new topic", b"1")
            await eventually(lambda: disk.attempts >= 2)
        await kept(outbox)
        name = outbox.stream("new topic").name
        left = as_after_a_kill(path)
    async with opened(left) as outbox:
        assert [(m.stream.topic, m.seq, m.payload) for m in await stored(outbox)] == [("new topic", 1, b"1")]
        assert outbox.stream("new topic").name == name
        assert put(outbox, "new topic") == 2


async def test_numbers_go_on_after_a_full_disk_delayed_the_forgetting_of_what_was_delivered(
    path: Path, disk: Disk
) -> None:
    # A number that is given twice is an id that is given twice: a consumer drops the second message.
    async with opened(path) as outbox:
        for _ in range(5):
            put(outbox, "a")
            await kept(outbox)
        numbers = [message.n for message in await stored(outbox)]
        with disk.full():
            attempts = disk.attempts
            outbox.delivered([(numbers[0], numbers[-1])])
            await eventually(lambda: disk.attempts >= attempts + 2)
        await kept(outbox)
        assert await stored(outbox) == []
        left = as_after_a_kill(path)
    async with opened(left) as outbox:
        assert put(outbox, "a") == 6


async def test_a_full_disk_is_tried_again_by_the_clock_not_by_every_message(
    path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "RETRY_S", 0.2)
    async with opened(path) as outbox:
        with disk.full():
            for _ in range(100):
                put(outbox, "a", b"x" * 1000)
                await asyncio.sleep(0.001)
            assert disk.attempts <= 5, "each attempt writes all that waits: up to 32 MiB, hundreds of times a second"
        await kept(outbox)


async def test_what_is_on_disk_can_be_read_while_the_disk_is_full(path: Path, disk: Disk) -> None:
    async with opened(path) as outbox:
        put(outbox, "a", b"old")
        await kept(outbox)
        with disk.full():
            put(outbox, "a", b"new")
            await eventually(lambda: disk.attempts >= 2)
            messages = await asyncio.wait_for(outbox.read((1, 100), 10), PATIENCE_S)
            assert [message.payload for message in messages] == [b"old"]


async def test_memory_is_bounded_while_the_disk_stands_still(path: Path, disk: Disk) -> None:
    taken = 0
    async with opened(path) as outbox:
        with disk.standing_still():
            assert outbox.has_room
            assert outbox.is_taking
            while outbox.is_taking:
                put(outbox, "a", b"x" * 100_000)
                taken += 1
                assert outbox.has_room == (taken * 100_064 <= ROOM_LIMIT)
            assert WAITING_LIMIT / 100_064 <= taken <= WAITING_LIMIT / 100_000 + 2
        await kept(outbox)
        assert outbox.is_taking
        assert outbox.has_room
        assert len(await stored(outbox)) == taken


async def test_who_waits_for_room_is_told_once(path: Path, disk: Disk) -> None:
    told: list[str] = []
    async with opened(path) as outbox:
        with disk.standing_still():
            while outbox.has_room:
                put(outbox, "a", b"x" * 100_000)
            outbox.when_room(lambda: told.append("now"))
            await turns()
            assert told == []
        await kept(outbox)
        assert told == ["now"]
        put(outbox, "a")
        await kept(outbox)
        assert told == ["now"]


async def test_a_gateway_that_ends_with_a_full_disk_says_what_it_lost(
    path: Path, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(path)
    outbox.open()
    with disk.full():
        for _ in range(3):
            put(outbox, "a")
        ticket = outbox.ticket()
        await asyncio.wait_for(outbox.close(), PATIENCE_S)
        assert await asyncio.wait_for(ticket, PATIENCE_S) is False, "never acknowledge it"
    await turns()
    assert outbox.dropped["disk"] == 3
    told = [getattr(record, "onlooker_fields", {}) for record in caplog.records if record.levelname == "ERROR"]
    assert any(3 in fields.values() for fields in told), "the last status is gone by now: only the log can tell"


async def test_a_full_disk_is_reported_once(path: Path, disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(path) as outbox:
        with disk.full():
            put(outbox, "a")
            await eventually(lambda: disk.attempts >= 5)
            await turns()
        await kept(outbox)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "outbox can't be written: free some disk space"
    ]


async def test_text_that_cannot_be_written_does_not_end_the_writing(path: Path) -> None:
    # A lone surrogate, as a careless decoding of a device's bytes gives it.
    outbox = Outbox(path)
    outbox.open()
    try:
        outbox.remember("pump", "states", "\udcff")
        outbox.learn("pump", "\udcff")
    except ValueError:
        pass  # refusing it at the door is as good
    await turns()
    put(outbox, "a", b"of another device")
    ticket = outbox.ticket()
    await asyncio.wait([ticket], timeout=1.0)
    assert ticket.done(), "one bad text has ended the writer: nothing is ever on disk again"
    assert [message.payload for message in await stored(outbox)] == [b"of another device"]
    await asyncio.wait_for(outbox.close(), PATIENCE_S)


# Memory and repeats


async def test_memory_survives_a_restart(path: Path) -> None:
    async with opened(path) as outbox:
        assert outbox.recall("pump", "states") is None
        outbox.remember("pump", "states", "one")
        outbox.remember("pump", "states", "two – ü")
        outbox.remember("monitor", "states", "three")
        assert outbox.recall("pump", "states") == "two – ü"
        await kept(outbox)
    async with opened(path) as outbox:
        assert outbox.recall("pump", "states") == "two – ü"
        assert outbox.recall("monitor", "states") == "three"


async def test_repeats_are_known_by_device_and_after_a_restart(path: Path) -> None:
    async with opened(path) as outbox:
        assert not outbox.knows("pump", "key")
        outbox.learn("pump", "key")
        assert outbox.knows("pump", "key")
        assert not outbox.knows("monitor", "key")
        await kept(outbox)
    async with opened(path) as outbox:
        assert outbox.knows("pump", "key")


async def test_repeats_are_remembered_up_to_a_limit_for_each_device(path: Path) -> None:
    async with opened(path) as outbox:
        for n in range(SEEN_LIMIT * 3):
            outbox.learn("pump", f"key{n}")
        outbox.learn("monitor", "other")
        await kept(outbox)
    async with opened(path) as outbox:
        rows = outbox._writer.load()[2]
        assert len(rows) <= 2 * SEEN_LIMIT + 2
        assert outbox.knows("pump", f"key{SEEN_LIMIT * 3 - 1}")
        assert outbox.knows("monitor", "other")


async def test_what_is_still_repeated_is_not_forgotten(path: Path) -> None:
    # A monitor repeats its last blood pressure in every message until the cuff measures again.
    async with opened(path) as outbox:
        outbox.learn("monitor", "nibp of 10:00")
        for n in range(SEEN_LIMIT * 3):
            outbox.learn("monitor", f"message {n}")
            assert outbox.knows("monitor", "nibp of 10:00"), f"forgotten after {n} messages: published again"


# Reading and giving up


async def test_reading_comes_in_chunks_oldest_first(path: Path) -> None:
    async with opened(path) as outbox:
        for _ in range(25):
            put(outbox, "a")
        numbers = [message.n for message in await stored(outbox)]
        chunks: list[Sequence[Message]] = []
        first = numbers[0]
        while chunk := await outbox.read((first, numbers[-1]), 10):
            chunks.append(chunk)
            first = chunk[-1].n + 1
        assert [len(chunk) for chunk in chunks] == [10, 10, 5]
        assert [message.seq for chunk in chunks for message in chunk] == list(range(1, 26))


async def test_a_stream_can_be_read_alone(path: Path) -> None:
    async with opened(path) as outbox:
        for topic in "abab":
            put(outbox, topic)
        (first, *_, last) = await stored(outbox)
        messages = await outbox.read((first.n, last.n), 10, outbox.stream("b"))
        assert [(message.stream.topic, message.seq) for message in messages] == [("b", 1), ("b", 2)]


async def test_the_space_in_use_can_be_asked_for(path: Path) -> None:
    async with opened(path) as outbox:
        for _ in range(1000):
            put(outbox, "a", b"x" * 1000)
        numbers = [message.n for message in await stored(outbox)]
        await outbox.measure()
        full = outbox.bytes
        outbox.delivered([(numbers[0], numbers[-1])])
        await kept(outbox)
        await outbox.measure()
        assert full > 1_000_000 > 100_000 > outbox.bytes


# A file that can't be used


async def test_a_second_gateway_on_the_same_file_is_told_what_to_do(path: Path) -> None:
    async with opened(path):
        with pytest.raises(ConfigError, match=r"outbox\.path.*(?i:another gateway|in use|second gateway)"):
            Outbox(path).open()


@pytest.mark.parametrize("kind", ["no folder", "no database", "a folder"])
async def test_a_file_that_cannot_be_used_is_the_operators_to_mend(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "outbox.sqlite"
    if kind == "no folder":
        path = tmp_path / "nowhere" / "outbox.sqlite"
    elif kind == "no database":
        path.write_bytes(b"not a database at all" * 1000)
    else:
        path.mkdir()
    with pytest.raises(ConfigError, match=r"outbox\.path: .*outbox\.sqlite.*name a file"):
        Outbox(path).open()


async def test_the_file_can_be_opened_again_after_closing(path: Path) -> None:
    async with opened(path) as outbox:
        put(outbox, "a")
    assert not path.with_name(path.name + "-wal").exists(), "the write-ahead log is folded in"
    database = sqlite3.connect(path)
    try:
        assert database.execute("SELECT count(*) FROM messages").fetchone() == (1,)
    finally:
        database.close()


async def test_the_file_is_its_owners_alone(path: Path) -> None:
    async with opened(path):
        pass
    assert path.stat().st_mode & 0o777 == 0o600  # noqa: ASYNC240  # nothing else runs
