import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Dialogue, Output, Port
from gateway import app as app_module
from gateway import publisher as publisher_module
from gateway import supervisor as supervisor_module
from gateway.app import Gateway
from gateway.clock import Clock
from gateway.config import Config, LinkConfig
from gateway.normalise import Normaliser
from gateway.roster import Roster
from gateway.supervisor import BACK_OFF, DEFAULT_BACK_OFF, BackOff, Patience, Supervisor
from tests.gateway.parts import (
    PATIENCE_S,
    Ask,
    Disk,
    Hello,
    Script,
    Statuses,
    Stop,
    Taken,
    eventually,
    family,
    free_port,
    gateway_config,
    link_config,
    listening,
    opened,
    report,
    stored,
    strict_json,
    tcp,
)
from tests.gateway.tiny_broker import TinyBroker


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF", {})
    monkeypatch.setattr(supervisor_module, "DEFAULT_BACK_OFF", BackOff(0.005, 0.02))
    monkeypatch.setattr(publisher_module, "FAREWELL_S", 0.2)


@pytest.fixture
def real_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF", BACK_OFF)
    monkeypatch.setattr(supervisor_module, "DEFAULT_BACK_OFF", DEFAULT_BACK_OFF)


class Bed:
    """A device with a network service, that says a word and keeps what it hears."""

    def __init__(self) -> None:
        self.calls = 0
        self.heard = b""
        self.writers: list[asyncio.StreamWriter] = []
        self.closed = 0

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator["Bed"]:
        server = await asyncio.start_server(self._called, "127.0.0.1", 0)
        self.port = tcp(server.sockets[0].getsockname()[1])
        try:
            yield self
        finally:
            server.close()
            for writer in self.writers:
                writer.transport.abort()

    def say(self, data: bytes) -> None:
        self.writers[-1].write(data)

    async def _called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1000):
                self.heard += data
        self.closed += 1
        writer.close()


@dataclass
class Floor:
    """A supervisor at work on an outbox of its own."""

    statuses: Statuses
    rosters: dict[str, Roster]
    outbox: Any
    task: "asyncio.Task[None]"

    def state(self, name: str) -> str:
        states = self.statuses.states(f"onlooker/v1/clinic/chair1/{name}/status")
        return states[-1] if states else "never said"


@contextlib.asynccontextmanager
async def at_work(
    folder: Path, *links: LinkConfig, each_second: Callable[[float], None] = lambda _now: None
) -> AsyncIterator[Floor]:
    config = gateway_config(folder, *links)
    async with opened(folder / "outbox.sqlite") as outbox:
        clock, statuses = Clock(), Statuses()
        normaliser = Normaliser(outbox, clock, lambda _topic, _data: None)
        rosters = {
            name: Roster(config, link, normaliser, outbox, clock, statuses.retain)
            for name, link in config.links.items()
        }
        task = asyncio.create_task(Supervisor(config, outbox, clock, rosters, each_second).run())
        try:
            yield Floor(statuses, rosters, outbox, task)
        finally:
            task.cancel()
            await asyncio.wait([task], timeout=PATIENCE_S)
            assert task.done(), "the supervisor doesn't end"


def scripted(
    prepare: Callable[[Script], None] = lambda _script: None,
) -> tuple[Callable[[Any, Port], Dialogue], list[Script]]:
    """A family's dialogue, and all that were made."""
    made: list[Script] = []

    def make(_settings: Any, _port: Port) -> Dialogue:
        script = Script()
        script.answer = lambda data: [report()] if data == b"data" else []
        prepare(script)
        made.append(script)
        return script

    return make, made


def link(name: str, port: Any, prepare: Callable[[Script], None] = lambda _script: None, **more: Any) -> LinkConfig:
    return link_config(name, family(scripted(prepare)[0]), port, **more)


# Back-off


@given(st.floats(0.01, 5.0), st.floats(5.0, 60.0), st.integers(0, 100_000), st.floats(0.0, 1.0))
def test_the_wait_grows_to_a_cap_and_is_jittered(first: float, longest: float, failures: int, jitter: float) -> None:
    back_off = BackOff(first, longest)
    wait = back_off.wait_s(failures, jitter)
    assert 0 < wait <= longest
    assert wait >= min(longest, first) * 2 / 3
    assert back_off.wait_s(failures, 0.0) <= back_off.wait_s(failures + 1, 0.0)
    assert back_off.wait_s(failures, 1.0) <= wait <= back_off.wait_s(failures, 0.0)


@pytest.mark.parametrize("back_off", [*BACK_OFF.values(), DEFAULT_BACK_OFF])
def test_nobody_is_hurried_and_nobody_waits_for_long(back_off: BackOff) -> None:
    assert back_off.wait_s(0, 1.0) >= 0.05
    assert back_off.wait_s(1000, 0.0) <= 30.0


@pytest.mark.usefixtures("real_waits")
@pytest.mark.parametrize("scheme", ["serial", "tcp"])
def test_conversations_that_break_off_are_not_hurried_on_any_port(scheme: str) -> None:
    patience = Patience(scheme)
    waits = [patience.after_conversation(0.5, 0.0) for _ in range(10)]
    assert waits == sorted(waits)
    assert waits[-1] == 4.0
    assert patience.after_conversation(60.0, 0.0) <= 0.25, "that was a good one"


@pytest.mark.usefixtures("real_waits")
def test_a_replugged_port_is_back_within_a_second() -> None:
    patience = Patience("serial")
    for _ in range(10):
        patience.after_conversation(0.5, 0.0)
    assert all(patience.after_failure_to_open(0.0) <= 0.5 for _ in range(100)), "a look costs the device nothing"
    pulled = patience.after_conversation(60.0, 0.0)
    assert pulled + max(patience.after_failure_to_open(0.0) for _ in range(100)) < 1.0
    assert pulled >= 0.1


def test_a_port_that_is_pulled_and_replugged_again_and_again_is_back_within_a_second_each_time() -> None:
    patience = Patience("serial")
    for _ in range(20):
        pulled = patience.after_conversation(1.0, 0.0)
        looks = [patience.after_failure_to_open(0.0) for _ in range(5)]
        assert pulled <= 0.5
        assert max(looks) <= 0.5


@pytest.mark.usefixtures("real_waits")
def test_a_network_device_that_now_refuses_and_now_hangs_up_is_not_hurried() -> None:
    """A refused connection has reached the device, unlike a look at a line that isn't there."""
    patience = Patience("tcp")
    waits = []
    for _ in range(8):
        waits.append(patience.after_conversation(0.1, 0.0))
        patience.after_failure_to_open(0.0)
    assert waits[-1] == 4.0


async def test_a_fault_of_the_gateways_own_watch_ends_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_now: float) -> None:
        raise ZeroDivisionError("a bug")

    bed = Bed()
    async with bed.at_work(), at_work(tmp_path, link("pump", bed.port), each_second=fail) as floor:
        await eventually(lambda: bed.calls)
        bed.say(b"data")
        await eventually(lambda: floor.state("pump") == "delivering")
        await asyncio.sleep(1.2)
        assert not floor.task.done()
    assert len([record for record in caplog.records if record.exc_info]) == 1, "said once"


# One link's trouble is its own


async def test_every_link_is_kept_and_comes_back(tmp_path: Path) -> None:
    bed = Bed()
    async with bed.at_work(), at_work(tmp_path, link("pump", bed.port)) as floor:
        await eventually(lambda: bed.calls == 1)
        bed.say(b"data")
        await eventually(lambda: floor.state("pump") == "delivering")
        for n in range(2, 5):
            bed.writers[-1].transport.abort()
            await eventually(lambda n=n: bed.calls == n)  # type: ignore[misc]  # bound at once
        assert "disconnected" in floor.statuses.states("onlooker/v1/clinic/chair1/pump/status")
        bed.say(b"data")
        await eventually(lambda: floor.state("pump") == "delivering")


async def test_a_dialogue_that_raises_touches_no_other_device(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(script: Script) -> None:
        def fail(_data: bytes) -> Sequence[Output]:
            raise ZeroDivisionError("a bug in a driver")

        script.answer = fail

    bad, good = Bed(), Bed()
    async with (
        bad.at_work(),
        good.at_work(),
        at_work(tmp_path, link("bad", bad.port, broken), link("good", good.port)) as floor,
    ):
        await eventually(lambda: bad.calls and good.calls)
        bad.say(b"x")
        await eventually(lambda: bad.calls >= 2)
        good.say(b"data")
        await eventually(lambda: floor.state("good") == "delivering")
        assert good.calls == 1
        assert not floor.task.done()
    assert any(record.exc_info for record in caplog.records), "a bug is logged with where it stands"


async def test_a_dialogue_that_cannot_even_be_made_touches_no_other_device(tmp_path: Path) -> None:
    def fail(_settings: Any, _port: Port) -> Dialogue:
        raise ZeroDivisionError("a bug in a driver")

    bad, good = Bed(), Bed()
    async with bad.at_work(), good.at_work():
        broken = link_config("bad", family(fail), bad.port)
        async with at_work(tmp_path, broken, link("good", good.port)) as floor:
            await eventually(lambda: bad.closed and good.calls)
            good.say(b"data")
            await eventually(lambda: floor.state("good") == "delivering")


@pytest.mark.parametrize("looks", [{}, {"tcp": BackOff(0.001, 0.001)}], ids=["a network port", "a cheap look"])
async def test_a_device_that_breaks_off_at_once_is_not_stormed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: dict[str, BackOff]
) -> None:
    # A reconnect storm is a presence effect: waits double up to the cap, however often the port itself opens.
    monkeypatch.setattr(supervisor_module, "BACK_OFF", looks)
    monkeypatch.setattr(supervisor_module, "DEFAULT_BACK_OFF", BackOff(0.02, 10.0))
    bed = Bed()
    async with bed.at_work(), at_work(tmp_path, link("pump", bed.port)):
        end = asyncio.get_running_loop().time() + 0.6
        while asyncio.get_running_loop().time() < end:
            for writer in bed.writers:
                writer.transport.abort()
            await asyncio.sleep(0.002)
    assert 2 <= bed.calls <= 7


# Denial


def forbidden(script: Script) -> None:
    script.answer = lambda data: [report(), Stop()] if data == b"bad" else [report()]


async def test_a_denied_request_stops_the_link_for_good_and_no_other(tmp_path: Path) -> None:
    bad, good = Bed(), Bed()
    async with (
        bad.at_work(),
        good.at_work(),
        at_work(tmp_path, link("bad", bad.port, forbidden), link("good", good.port)) as floor,
    ):
        await eventually(lambda: bad.calls and good.calls)
        bad.say(b"bad")
        await eventually(lambda: bad.closed)
        await eventually(lambda: floor.state("bad") == "disconnected")
        good.say(b"data")
        await eventually(lambda: floor.state("good") == "delivering")
        await asyncio.sleep(0.1)
        assert bad.calls == 1, "it is a bug: trying again would only try to send it again"
        assert good.closed == 0
        assert any("denied" in name for name in floor.rosters["bad"].counters), "raised, counted, logged, closed"
    assert b"STOP" not in bad.heard


async def test_a_denied_acknowledgement_stops_the_link_for_good_too(tmp_path: Path) -> None:
    class Bad(Taken):
        """Undeclared."""

    bed = Bed()
    async with (
        bed.at_work(),
        at_work(tmp_path, link("pump", bed.port, lambda s: setattr(s, "answer", lambda _: [report(), Bad(1)]))),
    ):
        await eventually(lambda: bed.calls)
        bed.say(b"x")
        await eventually(lambda: bed.closed)
        await asyncio.sleep(0.1)
        assert bed.calls == 1
    assert bed.heard == b""


async def test_a_denial_on_a_listening_port_stops_all_of_that_link(tmp_path: Path) -> None:
    number = free_port()
    async with at_work(tmp_path, link("gate", listening(number), forbidden)) as floor:
        await eventually(lambda: floor.rosters["gate"].state == "silent")
        innocent = await asyncio.open_connection("127.0.0.1", number)
        guilty = await asyncio.open_connection("127.0.0.1", number)
        guilty[1].write(b"bad")
        assert await asyncio.wait_for(guilty[0].read(), PATIENCE_S) == b""
        assert await asyncio.wait_for(innocent[0].read(), 1.0) == b"", "the link is stopped: nothing of it goes on"
        with contextlib.suppress(ConnectionError):
            late = await asyncio.open_connection("127.0.0.1", number)
            assert await asyncio.wait_for(late[0].read(), 1.0) == b""
            late[1].close()
        innocent[1].close()
        guilty[1].close()


# Devices that dial us


async def test_each_connection_has_a_dialogue_of_its_own(tmp_path: Path) -> None:
    number = free_port()
    make, made = scripted()
    async with at_work(tmp_path, link_config("gate", family(make), listening(number))) as floor:
        await eventually(lambda: floor.rosters["gate"].state == "silent")
        writers = [(await asyncio.open_connection("127.0.0.1", number))[1] for _ in range(3)]
        for n, writer in enumerate(writers):
            writer.write(b"%d" % n)
        await eventually(lambda: sorted(script.heard for script in made) == [b"0", b"1", b"2"])
        for writer in writers:
            writer.close()


async def test_a_listener_refuses_who_is_too_many_and_takes_who_comes_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "CONNECTIONS_LIMIT", 3)
    number = free_port()
    make, made = scripted()
    async with at_work(tmp_path, link_config("gate", family(make), listening(number))) as floor:
        await eventually(lambda: floor.rosters["gate"].state == "silent")
        writers = [(await asyncio.open_connection("127.0.0.1", number))[1] for _ in range(3)]
        await eventually(lambda: len(made) == 3)
        reader, extra = await asyncio.open_connection("127.0.0.1", number)
        assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
        assert floor.rosters["gate"].counters["connections refused"] == 1
        writers.pop().close()
        await asyncio.sleep(0.05)
        writers.append((await asyncio.open_connection("127.0.0.1", number))[1])
        await eventually(lambda: len(made) == 4)
        for writer in (*writers, extra):
            writer.close()


async def test_a_sender_that_breaks_its_dialogue_touches_no_other_sender(tmp_path: Path) -> None:
    def fragile(script: Script) -> None:
        script.answer = lambda data: [report()] * (1 // (data != b"bug"))

    number = free_port()
    async with at_work(tmp_path, link("gate", listening(number), fragile)) as floor:
        await eventually(lambda: floor.rosters["gate"].state == "silent")
        good = await asyncio.open_connection("127.0.0.1", number)
        bad = await asyncio.open_connection("127.0.0.1", number)
        bad[1].write(b"bug")
        assert await asyncio.wait_for(bad[0].read(), PATIENCE_S) == b""
        good[1].write(b"data")
        await eventually(lambda: floor.state("gate") == "delivering")
        for writer in (good[1], bad[1]):
            writer.close()


async def test_a_port_that_is_taken_is_listened_on_once_it_is_free(tmp_path: Path) -> None:
    number = free_port()
    blocker = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", number)
    async with at_work(tmp_path, link("gate", listening(number))) as floor:
        await eventually(lambda: floor.rosters["gate"].state == "disconnected")
        blocker.close()
        await blocker.wait_closed()
        await eventually(lambda: floor.rosters["gate"].state == "silent")


# Leaving


async def test_on_leaving_each_conversation_takes_its_leave(tmp_path: Path) -> None:
    bed = Bed()
    make, made = scripted(lambda script: setattr(script, "on_close", [Hello()]))
    async with bed.at_work():
        async with at_work(tmp_path, link_config("pump", family(make), bed.port)) as floor:
            await eventually(lambda: bed.calls)
            bed.say(b"data")
            await eventually(lambda: floor.state("pump") == "delivering")
        await eventually(lambda: bed.closed)
    assert [script.calls[-1] for script in made] == ["close"]
    assert bed.heard == b"H\n"
    assert floor.state("pump") == "disconnected"


async def test_a_dialogue_that_breaks_on_leaving_does_not_keep_the_gateway(tmp_path: Path) -> None:
    class Clinging(Script):
        is_broken = True

        def close(self, now: float) -> Sequence[Output]:
            if Clinging.is_broken:
                raise ZeroDivisionError("a bug in a driver")
            return []

    bed = Bed()
    kind = family(lambda _settings, _port: Clinging())
    async with bed.at_work(), at_work(tmp_path, link_config("pump", kind, bed.port)) as floor:
        await eventually(lambda: bed.calls)
        await asyncio.sleep(0.01)
        floor.task.cancel()
        await asyncio.wait([floor.task], timeout=1.0)
        ended = floor.task.done()
        Clinging.is_broken = False
        for task in asyncio.all_tasks():
            if task.get_name() == "link pump":
                task.cancel()
    assert ended, "SIGTERM was swallowed: the link goes on for ever"


async def test_a_gap_is_on_record_when_the_gateway_stops(tmp_path: Path) -> None:
    bed = Bed()
    async with bed.at_work(), opened(tmp_path / "other.sqlite"), at_work(tmp_path, link("pump", bed.port)) as floor:
        await eventually(lambda: bed.calls)
        bed.say(b"data")
        await eventually(lambda: floor.state("pump") == "delivering")
        floor.task.cancel()
        await asyncio.wait([floor.task], timeout=PATIENCE_S)
        events = [strict_json(m.payload) for m in await stored(floor.outbox) if m.stream.topic.endswith("/events")]
        assert [(event["event"], event["phase"]) for event in events] == [("data_gap", "begin")]


# The whole gateway, told to stop


@contextlib.asynccontextmanager
async def gateway(config: Config) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(Gateway(config).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE_S)


def config_of(
    folder: Path, broker: TinyBroker, bed: Bed, prepare: Callable[[Script], None] = lambda _s: None
) -> Config:
    return gateway_config(folder, link("pump", bed.port, prepare), broker_port=broker.port)


DEVICE, OWN = "onlooker/v1/clinic/chair1/pump/status", "onlooker/v1/clinic/_gateway/gw1/status"


async def test_told_to_stop_the_last_statuses_say_so(tmp_path: Path) -> None:
    bed = Bed()
    async with TinyBroker().at_work() as broker, bed.at_work():
        async with gateway(config_of(tmp_path, broker, bed)):
            await eventually(lambda: bed.calls)
            bed.say(b"data")
            await broker.until(lambda b: any(status["state"] == "delivering" for status in b.retained(DEVICE)))
            await broker.until(lambda b: b.payloads)
        await broker.until(lambda b: b.farewells)
        assert broker.retained(DEVICE)[-1]["state"] == "disconnected"
        assert broker.retained(OWN)[0]["state"] == "online"
        assert broker.retained(OWN)[-1]["state"] == "offline"
        assert [message.said for message in broker.published if not message.is_retained][-1]["event"] == "data_gap"
    assert strict_json(broker.introductions[0].will_payload)["state"] == "offline"
    assert broker.introductions[0].will_topic == OWN


async def test_what_the_broker_refuses_stands_in_the_gateways_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "STATUS_EVERY_S", 0.0)
    bed = Bed()
    refused = DEVICE.replace("/status", "/observations")
    broker = TinyBroker(connack=b"\x00\x00\x00", refuses={refused: 0x87})
    async with broker.at_work(), bed.at_work():
        config = config_of(tmp_path, broker, bed)
        async with gateway(replace(config, broker=replace(config.broker, version="5"))):
            await eventually(lambda: bed.calls)
            bed.say(b"data")
            await broker.until(lambda b: any(status["refused"] for status in b.retained(OWN)))
            last = broker.retained(OWN)[-1]
            assert (last["refused"], last["outbox_depth"]) == ({"not authorized": 1}, 1)


async def test_told_to_stop_while_the_broker_is_away_it_stops_and_keeps_all(tmp_path: Path) -> None:
    bed = Bed()
    async with bed.at_work():
        config = gateway_config(tmp_path, link("pump", bed.port), broker_port=free_port())
        async with gateway(config) as task:
            await eventually(lambda: bed.calls)
            bed.say(b"data")
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.wait([task], timeout=PATIENCE_S)
            assert task.done()
    async with opened(tmp_path / "outbox.sqlite") as outbox:
        assert len(await stored(outbox)) == 2


async def test_told_to_stop_while_the_disk_is_full_it_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, bed = Disk(monkeypatch), Bed()
    async with TinyBroker().at_work() as broker, bed.at_work(), gateway(config_of(tmp_path, broker, bed)) as task:
        await eventually(lambda: bed.calls)
        with disk.full():
            bed.say(b"data")
            await eventually(lambda: disk.attempts >= 2)
            task.cancel()
            await asyncio.wait([task], timeout=3.0)
            assert task.done(), "it waits for a disk that may never have room again: only SIGKILL helps"


async def test_while_the_disk_is_full_polling_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, bed = Disk(monkeypatch), Bed()

    def polling(script: Script) -> None:
        script.answer = lambda _data: [report(), Ask(1)]

    async with TinyBroker().at_work() as broker, bed.at_work(), gateway(config_of(tmp_path, broker, bed, polling)):
        await eventually(lambda: bed.calls)
        with disk.full():
            for n in range(1, 20):
                bed.say(b"data")
                await eventually(lambda n=n: bed.heard.count(b"?1\n") >= n)  # type: ignore[misc]  # bound at once
        await broker.until(lambda b: len(b.payloads) >= 19)
    assert [strict_json(payload)["seq"] for payload in broker.payloads[:19]] == list(range(1, 20))


async def test_a_frozen_broker_holds_up_no_device(tmp_path: Path) -> None:
    bed = Bed()

    def polling(script: Script) -> None:
        script.answer = lambda _data: [report(), Ask(1)]

    async with (
        TinyBroker(acknowledges=False).at_work() as broker,
        bed.at_work(),
        gateway(config_of(tmp_path, broker, bed, polling)),
    ):
        await eventually(lambda: bed.calls)
        for n in range(1, 60):
            bed.say(b"data")
            await eventually(lambda n=n: bed.heard.count(b"?1\n") >= n)  # type: ignore[misc]  # bound at once


async def test_a_publisher_that_dies_does_not_die_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def dies(_self: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("gateway.publisher.Publisher.run", dies)
    bed = Bed()
    async with bed.at_work():
        with caplog.at_level(logging.ERROR):
            task = asyncio.create_task(Gateway(gateway_config(tmp_path, link("pump", bed.port))).run())
            await asyncio.wait([task], timeout=1.0)
            noticed = task.done() or bool(caplog.records)
            task.cancel()
            await asyncio.wait([task], timeout=PATIENCE_S)
            if not task.cancelled():
                task.exception()
    assert noticed, "data pile up on disk, and nobody is told why nothing is published"


async def test_a_fault_in_the_watch_over_one_link_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Roster.look

    def fails(roster: Roster, now: float) -> None:
        if roster._link.name == "bad":
            raise ZeroDivisionError("a bug")
        look(roster, now)

    monkeypatch.setattr(Roster, "look", fails)
    bad, good = Bed(), Bed()
    async with (
        bad.at_work(),
        good.at_work(),
        at_work(tmp_path, link("bad", bad.port), link("good", good.port)) as floor,
    ):
        await eventually(lambda: good.calls)
        good.say(b"data")
        await eventually(lambda: floor.state("good") == "delivering")
        await asyncio.sleep(0.05)
        assert not floor.task.done(), "one link's bug has ended all links"
