import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from drivers.api import Alarm, Announcement, Damage, Departed, Identity, Report, Waveform
from drivers.vocabulary import AlarmCode, EventKind, Metric, Phase
from gateway import model
from gateway.config import DeviceConfig
from gateway.roster import DEVICES_LIMIT
from tests.gateway.parts import (
    DEVICES,
    START,
    Disk,
    Time,
    Ward,
    family,
    gateway_config,
    link_config,
    listening,
    opened,
    reading,
    report,
    stored,
    strict_json,
    tcp,
)

Open = Callable[..., AbstractAsyncContextManager[Ward]]
STATUS = "onlooker/v1/clinic/chair1/monitor1/status"
TEST_STATUS = STATUS.replace("onlooker/", "onlooker-test/")


@pytest.fixture
def ward(tmp_path: Path) -> Open:
    """A link and its devices, on one outbox file; each call is a run of the gateway."""
    time = Time()

    @asynccontextmanager
    async def run(mode: str = "production", *, listens: bool = False, **more: Any) -> AsyncIterator[Ward]:
        link = link_config("monitor1", family(), listening(2575) if listens else tcp(4001), **more)
        async with opened(tmp_path / "outbox.sqlite") as outbox:
            yield Ward(outbox, time, gateway_config(tmp_path, link, mode=mode), link)

    return run


# Presence


async def test_an_open_port_is_not_yet_a_delivering_device(ward: Open) -> None:
    async with ward() as one:
        one.roster.say_all()
        assert one.statuses.last(STATUS)["state"] == "connecting"
        one.roster.opened()
        one.look_for(30)
        assert one.statuses.last(STATUS)["state"] == "silent"
        assert one.statuses.last(STATUS)["last_data_at"] is None
        one.take(report())
        assert one.statuses.last(STATUS)["state"] == "delivering"


async def test_a_device_that_falls_silent_is_not_delivering_and_the_gap_is_on_record_once(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        heard_at = one.time.wall_s
        one.look_for(60)
        assert one.statuses.states(STATUS)[-2:] == ["delivering", "silent"]
        assert await one.gaps() == [("monitor1", "begin")]
        (begin,) = await one.events()
        assert begin["from"] == "2026-01-01T00:00:00.000000Z"
        one.take(report())
        one.take(report())
        one.look_for(5)
        assert await one.gaps() == [("monitor1", "begin"), ("monitor1", "end")]
        end = (await one.events())[-1]
        assert end["from"] == begin["from"]
        assert end["to"] == "2026-01-01T00:01:00.000000Z"
        assert one.statuses.last(STATUS)["state"] == "delivering"
        assert heard_at == START


async def test_a_device_that_keeps_speaking_has_no_gap(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        for _ in range(60):
            one.take(report())
            one.look_for(1)
        assert await one.events() == []
        assert one.statuses.states(STATUS)[-1] == "delivering"


async def test_bytes_that_nobody_can_read_are_damage_not_silence(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        for _ in range(30):
            one.take(Damage("checksum", 12))
            one.look_for(1)
        assert one.statuses.last(STATUS)["state"] == "damaged"
        counters = one.statuses.last(STATUS)["counters"]
        assert counters["damage: checksum"] >= 10
        assert counters["damaged bytes"] >= 120
        one.look_for(30)
        assert one.statuses.last(STATUS)["state"] == "silent"
        assert await one.gaps() == [("monitor1", "begin")]


async def test_a_little_damage_between_good_frames_is_still_delivering(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        for _ in range(30):
            one.take(Damage("checksum", 12))
            one.take(report())
            one.look_for(1)
        assert one.statuses.last(STATUS)["state"] == "delivering"
        assert await one.gaps() == []


async def test_a_lost_link_is_a_gap_and_ends_no_alarm_and_stops_no_infusion(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(Report([], alarms=(Alarm(AlarmCode.OCCLUSION),)))
        one.take(infusion("infusing"))
        one.roster.lost("cable pulled")
        one.roster.lost("cable pulled")
        assert one.statuses.last(STATUS)["state"] == "disconnected"
        events = [(event["event"], event["phase"], event["text"]) for event in await one.events()]
        assert events == [("alarm", "begin", ""), ("data_gap", "begin", "cable pulled")]


def infusion(state: str, device: str = "") -> Report:
    return report(reading(Metric.INFUSION_STATE, state), device=device)


async def test_what_has_changed_behind_a_gap_has_not_before(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(infusion("infusing"))
        one.roster.lost("cable pulled")
        one.time.pass_by(600.0)
        one.roster.opened()
        one.take(infusion("stopped"))
        (stopped,) = [event for event in await one.events() if event["event"] == "infusion_stopped"]
        assert stopped["not_before"] == "2026-01-01T00:00:00.000000Z"
        assert stopped["received_at"] == "2026-01-01T00:10:00.000000Z"


async def test_only_old_news_is_not_delivering(ward: Open) -> None:
    # Connected and delivering are different: without a fresh reading nothing of the device is current.
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        for _ in range(60):
            one.look_for(1)
            one.take(report(late=True))
        assert one.statuses.last(STATUS)["state"] == "silent"


async def test_old_news_does_not_shorten_a_gap(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        for _ in range(60):
            one.look_for(1)
            one.take(report(late=True))
        (begin,) = await one.events()
        assert begin["from"] == "2026-01-01T00:00:00.000000Z", "the last that was fresh"


async def test_old_announcements_are_no_sign_of_life(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        for _ in range(60):
            one.look_for(1)
            one.take(Announcement(EventKind.INFUSION_STOPPED, late=True))
        assert one.statuses.last(STATUS)["state"] == "silent"
        assert one.statuses.last(STATUS)["last_data_at"] == "2026-01-01T00:00:00.000000Z"


async def test_each_kind_of_damage_is_logged_once_and_counted(ward: Open, caplog: pytest.LogCaptureFixture) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        for _ in range(3):
            one.take(Damage("order refused", 100))
            one.take(Damage("wrong checksum", 10))
        told = [record.__dict__["onlooker_fields"]["reason"] for record in caplog.records if "damage" in record.message]
        assert told == ["order refused", "wrong checksum"]
        one.roster.say_all()
        assert one.statuses.last(STATUS)["counters"]["damage: order refused"] == 3


# Gaps across restarts


async def test_old_news_before_a_restart_does_not_shorten_the_gap(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        one.time.pass_by(5.0)
        one.take(report(late=True))
    async with ward() as one:
        (begin,) = await one.events()
        assert begin["from"] == "2026-01-01T00:00:00.000000Z"


async def test_a_restart_is_a_gap_from_the_last_data_to_the_next(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        one.time.pass_by(120.0)
    async with ward() as one:  # killed: no farewell
        assert await one.gaps() == [("monitor1", "begin")]
        one.time.pass_by(60.0)
        one.roster.opened()
        one.take(report())
        one.take(report())
        begin, end = await one.events()
        assert (begin["phase"], begin["from"]) == ("begin", "2026-01-01T00:00:00.000000Z")
        assert (end["phase"], end["from"], end["to"]) == (
            "end", "2026-01-01T00:00:00.000000Z", "2026-01-01T00:03:00.000000Z",
        )  # fmt: skip


async def test_a_gap_that_is_open_at_a_restart_is_not_begun_again(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        one.look_for(30)
    for _ in range(3):
        async with ward() as one:
            one.roster.opened()
            one.look_for(30)
            one.roster.lost("the gateway stops")
            assert await one.gaps() == [("monitor1", "begin")]
    async with ward() as one:
        one.take(report())
        assert await one.gaps() == [("monitor1", "begin"), ("monitor1", "end")]
    async with ward() as one:
        assert await one.gaps() == [("monitor1", "begin"), ("monitor1", "end"), ("monitor1", "begin")]


async def test_a_device_that_was_never_heard_has_no_gap(ward: Open) -> None:
    for _ in range(2):
        async with ward() as one:
            one.roster.opened()
            one.look_for(60)
            one.roster.lost("cable pulled")
            assert await one.gaps() == []


# Who is who


async def test_listed_devices_have_their_names_and_stations(ward: Open) -> None:
    async with ward(devices=DEVICES) as one:
        one.roster.opened()
        one.take(report(device="1"))
        one.take(report(device="2"))
        one.take(report(device="slot 3"))
        topics = [message.stream.topic for message in await stored(one.outbox)]
        assert topics[:2] == [
            "onlooker/v1/clinic/chair1/pump1/observations",
            "onlooker/v1/clinic/chair2/pump2/observations",
        ]
        assert topics[2].startswith("onlooker/v1/clinic/unassigned/monitor1-slot")
        assert one.statuses.last("onlooker/v1/clinic/chair2/pump2/status")["state"] == "delivering"


OTHER = {"rack-2": "pump9", "monitor1-slot_203": "", "monitor1-a": "", "x": "monitor1-5"}  # link -> device


@pytest.mark.parametrize("key", ["slot 3", "a", "a-1", "5"])
async def test_a_name_made_of_link_and_key_is_nobody_elses(tmp_path: Path, key: str) -> None:
    # Links named rack and rack-2, and a device in slot 2 of the first: two pumps in one stream.
    links = [link_config(name, family(), tcp(4001 + n)) for n, name in enumerate(["monitor1", *OTHER])]
    links = [replace(link, device=OTHER.get(link.name) or link.device) for link in links]
    config, time = gateway_config(tmp_path, *links), Time()
    async with opened(tmp_path / "outbox.sqlite") as outbox:
        wards = [Ward(outbox, time, config, link) for link in links]
        for one in wards:
            one.take(report())
        for one, said in zip(wards, (key, "2", "1", "1", "1"), strict=True):
            one.take(report(device=said))
        messages = [strict_json(message.payload) for message in await stored(outbox)]
    assert len({message["device"] for message in messages}) == len(messages) == 10
    names = {message["device"] for message in messages}
    assert any(name.startswith("monitor1-") and name not in {link.device for link in links} for name in names)
    assert {"rack-2-2", "x-1"} <= names, "where nothing is in doubt the name is the plain one"


async def test_an_unknown_device_on_a_link_full_of_listed_ones_is_refused(ward: Open) -> None:
    devices = {f"{n}": DeviceConfig(f"pump{n}", "chair1") for n in range(DEVICES_LIMIT)}
    async with ward(devices=devices) as one:
        one.roster.opened()
        assert not one.take(report(device="made up"))
        assert one.take(report(device="1"))


async def test_one_silent_device_does_not_silence_its_neighbour(ward: Open) -> None:
    async with ward(devices=DEVICES) as one:
        one.roster.opened()
        one.take(report(device="1"))
        for _ in range(30):
            one.take(report(device="2"))
            one.look_for(1)
        assert one.statuses.last("onlooker/v1/clinic/chair1/pump1/status")["state"] == "silent"
        assert one.statuses.last("onlooker/v1/clinic/chair2/pump2/status")["state"] == "delivering"
        assert await one.gaps() == [("pump1", "begin")]


async def test_a_device_that_has_left_is_gone_while_the_link_stands(ward: Open) -> None:
    async with ward(devices=DEVICES) as one:
        one.roster.opened()
        one.take(report(device="1"))
        one.take(report(device="2"))
        one.take(Departed("1", "pulled from the rack"))
        one.look_for(2)
        assert one.statuses.last("onlooker/v1/clinic/chair1/pump1/status")["state"] == "disconnected"
        assert one.statuses.last("onlooker/v1/clinic/chair2/pump2/status")["state"] == "delivering"
        one.take(report(device="1"))
        assert one.statuses.last("onlooker/v1/clinic/chair1/pump1/status")["state"] == "delivering"


async def test_a_simulated_device_that_has_left_is_gone_too(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report(device="1", simulated=True))
        one.take(Departed("1", "pulled from the rack"))
        (topic,) = [topic for topic in one.statuses.topics if topic.startswith("onlooker-test/")]
        assert one.statuses.last(topic)["state"] == "disconnected"


async def test_a_placeholder_is_taken_back_when_the_devices_name_themselves(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        assert one.statuses.topics == {STATUS}
        one.take(report(device="4711"))
        assert (STATUS, b"") in one.statuses.said, "an empty retained message clears it at the broker"
        one.statuses.said.clear()
        one.roster.say_all()
        assert one.statuses.topics == {"onlooker/v1/clinic/unassigned/monitor1-4711/status"}


async def test_a_device_without_key_stays_when_it_has_spoken(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        one.take(report(device="4711"))
        assert (STATUS, b"") not in one.statuses.said


async def test_who_makes_up_devices_is_not_taken_and_not_acknowledged(ward: Open) -> None:
    async with ward(listens=True) as one:
        one.roster.opened()
        taken = [one.take(report(device=f"made up {n}")) for n in range(DEVICES_LIMIT + 20)]
        assert taken[:200] == [True] * 200
        assert len({message.stream.topic for message in await stored(one.outbox)}) <= DEVICES_LIMIT
        assert taken[-20:] == [False] * 20, "an acknowledged message that is nowhere"
        assert any("too many devices" in name for name in one.roster.counters)


async def test_a_device_that_has_long_been_away_makes_room_for_a_new_one(ward: Open) -> None:
    # A gateway runs for years. Who is refused gets no acknowledgement, and with him all that share his connection.
    async with ward(listens=True) as one:
        one.roster.opened()
        for n in range(DEVICES_LIMIT):
            one.take(report(device=f"pump {n}"))
        one.time.pass_by(400 * 86_400.0)
        one.look()
        assert one.take(report(device="new"))
        one.roster.say_all()
        assert len(one.statuses.topics) <= DEVICES_LIMIT + 1


@pytest.mark.parametrize("key", ["\udcff", "x" * 100_000, "a/b#+", "\x00"])
async def test_whatever_a_device_calls_itself_is_published_under_a_name(ward: Open, key: str) -> None:
    async with ward(listens=True) as one:
        one.roster.opened()
        assert one.take(report(device=key))
        (message,) = await stored(one.outbox)
        assert message.stream.topic.count("/") == 5
        assert len(message.stream.topic.encode("ascii")) < 1000
        jsonschema.validate(strict_json(message.payload), model.schemas()["observations"])


async def test_waveforms_and_identities_make_up_no_devices(ward: Open) -> None:
    async with ward(listens=True, waveforms=frozenset({"pleth"})) as one:
        one.roster.opened()
        for n in range(DEVICES_LIMIT + 20):
            one.take(Waveform(Metric.PLETH, (1.0,), 0.016, "pleth", device=f"made up {n}"))
            one.take(Departed(f"made up, too {n}"))
            one.take(Identity(device=f"as well {n}", serial="1"))
        one.roster.say_all()
        assert len(one.statuses.topics) <= DEVICES_LIMIT


# Simulated data


@pytest.mark.parametrize("listens", [False, True])
async def test_in_production_what_calls_itself_a_test_never_reaches_a_production_topic(
    ward: Open, listens: bool
) -> None:
    async with ward(listens=listens, waveforms=frozenset({"pleth"})) as one:
        one.roster.opened()
        one.take(report(simulated=True))
        one.take(Report([], alarms=(Alarm(AlarmCode.OCCLUSION),), simulated=True))
        one.take(Announcement(EventKind.ALARM, Phase.BEGIN, simulated=True))
        one.look_for(30)
        one.roster.lost("cable pulled")
        messages = await stored(one.outbox)
        assert len(messages) >= 4
        for message in messages:
            assert message.stream.topic.startswith("onlooker-test/v1/")
            assert strict_json(message.payload)["simulated"] is True
        for topic, payload in one.statuses.said:
            if topic.startswith("onlooker/v1") and payload:
                assert strict_json(payload)["state"] != "delivering"
                assert strict_json(payload)["last_data_at"] is None
        assert one.statuses.states(TEST_STATUS)[0] == "delivering"


async def test_a_device_that_goes_into_demo_mode_falls_silent_in_production(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        for _ in range(30):
            one.take(report(simulated=True))
            one.look_for(1)
        assert one.statuses.last(STATUS)["state"] == "silent"
        assert one.statuses.last(TEST_STATUS)["state"] == "delivering"
        one.take(report())
        assert one.statuses.last(STATUS)["state"] == "delivering"


async def test_a_demo_does_not_move_the_states_of_the_real_device(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(infusion("infusing"))
        demo = infusion("stopped")
        one.take(Report(demo.readings, simulated=True))
        one.take(infusion("infusing"))
        assert [event["event"] for event in await one.events()] == []


async def test_in_test_mode_everything_says_so(ward: Open) -> None:
    async with ward("test") as one:
        one.roster.opened()
        one.take(report())
        one.take(report(simulated=True))
        one.look_for(30)
        messages = await stored(one.outbox)
        assert {message.stream.topic.split("/")[0] for message in messages} == {"onlooker-test"}
        assert all(strict_json(message.payload)["simulated"] is True for message in messages)
        assert {strict_json(payload)["simulated"] for _, payload in one.statuses.said} == {True}


# Statuses


async def test_a_status_is_of_the_contract_and_says_how_long_it_holds(ward: Open) -> None:
    async with ward(devices=DEVICES) as one:
        one.roster.opened()
        one.take(Identity(device="1", manufacturer="Acme", model="P1", serial="4711", firmware="1.2", dialect="A"))
        one.take(report(device="1", uptime_s=5.0))
        one.time.pass_by(5.0)
        one.roster.say_all()
        validator = jsonschema.Draft202012Validator(model.schemas()["status"])
        for _, payload in one.statuses.said:
            validator.validate(strict_json(payload))
        last = one.statuses.last("onlooker/v1/clinic/chair1/pump1/status")
        assert last["sent_at"] == "2026-01-01T00:00:05.000000Z"
        assert last["expires_at"] == "2026-01-01T00:01:35.000000Z"
        assert last["since"] == last["last_data_at"] == "2026-01-01T00:00:00.000000Z"
        assert last["identity"] == {
            "manufacturer": "Acme", "model": "P1", "serial": "4711", "firmware": "1.2", "dialect": "A",
        }  # fmt: skip
        assert last["counters"]["reports"] == 1


async def test_an_unknown_devices_identity_waits_for_it(ward: Open) -> None:
    # A device introduces itself before its first data: what it said must not be lost.
    async with ward(listens=True) as one:
        one.roster.opened()
        one.take(Identity(device="4711", serial="SN1"))
        one.take(report(device="4711"))
        one.roster.say_all()
        assert one.statuses.last("onlooker/v1/clinic/unassigned/monitor1-4711/status")["identity"]["serial"] == "SN1"


async def test_a_waveform_is_only_published_where_it_was_asked_for(ward: Open) -> None:
    async with ward(waveforms=frozenset({"pleth"})) as one:
        published: list[str] = []
        one.normaliser._once = lambda topic, _payload: published.append(topic)
        one.roster.opened()
        for name in ("pleth", "ecg"):
            one.take(Waveform(Metric.PLETH, (1.0,), 0.016, name))
        assert published == ["onlooker/v1/clinic/chair1/monitor1/waveforms/pleth"]


async def test_a_step_of_the_gateways_clock_is_on_every_devices_record(ward: Open) -> None:
    async with ward(devices=DEVICES) as one:
        one.roster.opened()
        for device in "12":
            one.take(report(device=device))
        one.roster.clock_step(600.0, START + 600)
        told = [(event["device"], event["event"], event["to"]) for event in await one.events()]
        assert sorted(told) == [("pump1", "clock_jumped", 600.0), ("pump2", "clock_jumped", 600.0)]


async def test_after_a_step_of_the_gateways_clock_a_gap_is_as_long_as_it_was(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        one.look_for(30)  # silent
        one.time.wall_s += 86_400.0
        step = one.clock.beat()
        assert step is not None
        one.roster.clock_step(step, one.clock.utc(one.clock.steady()))
        one.roster.say_all()
        assert one.statuses.last(STATUS)["since"] == "2026-01-02T00:00:10.000000Z"
        one.take(report())
        end = (await one.events())[-1]
        assert (end["from"], end["to"]) == ("2026-01-02T00:00:00.000000Z", "2026-01-02T00:00:30.000000Z")


async def test_a_step_of_the_gateways_clock_does_not_move_what_a_former_run_has_noted(ward: Open) -> None:
    # A board without a battery begins in the past, and knows since when it was off by the clock that was right.
    async with ward() as one:
        one.take(infusion("infusing"))
        one.time.wall_s -= 10 * 86_400.0
    async with ward() as one:
        one.time.pass_by(5.0)
        one.time.wall_s += 10 * 86_400.0
        step = one.clock.beat()
        assert step is not None
        one.roster.clock_step(step, one.clock.utc(one.clock.steady()))
        one.take(infusion("stopped"))
        told = {event["event"]: event for event in await one.events()}
        assert (told["data_gap"]["from"], told["data_gap"]["to"]) == (
            "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:05.000000Z",
        )  # fmt: skip
        assert told["infusion_stopped"]["not_before"] == "2026-01-01T00:00:00.000000Z"


async def test_a_gap_ends_with_what_could_be_kept(ward: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        one.look_for(30)
        with disk.standing_still():
            while one.outbox.is_taking:
                one.outbox.put(one.outbox.stream("elsewhere"), 1, START, b"x" * 1_000_000)
            assert not one.take(report())
            one.look_for(30)
        await asyncio.wait_for(one.outbox.ticket(), 5.0)
        assert await one.gaps() == [("monitor1", "begin")]
        one.take(report())
        assert [gap for gap in await one.gaps() if gap[1]] == [("monitor1", "begin"), ("monitor1", "end")]


async def test_what_a_device_announces_is_a_sign_of_life_too(ward: Open) -> None:
    async with ward() as one:
        one.roster.opened()
        one.take(report())
        one.look_for(8)
        one.take(Announcement(EventKind.DEVICE_EVENT))
        one.look_for(30)
        begin = (await one.events())[-1]
        assert (begin["event"], begin["from"]) == ("data_gap", "2026-01-01T00:00:08.000000Z")


async def test_what_was_lost_is_put_on_the_record_of_its_device(ward: Open) -> None:
    async with ward(devices=DEVICES) as one:
        one.take(report(device="2"))
        owner = one.roster.owner("onlooker/v1/clinic/chair2/pump2/observations")
        assert owner is not None
        assert owner.place.device == "pump2"
        assert one.roster.owner("onlooker/v1/clinic/chair2/somebody/observations") is None


async def test_a_device_that_named_itself_is_still_known_after_a_restart(ward: Open) -> None:
    # It may never come back: then its gap must be on record, and what is given up of its backlog must have an owner.
    async with ward(listens=True) as one:
        one.roster.opened()
        one.take(report(device="4711"))
    async with ward(listens=True) as one:
        one.roster.opened()
        one.look_for(60)
        one.roster.say_all()
        assert await one.gaps() == [("monitor1-4711", "begin")]
        assert one.statuses.last("onlooker/v1/clinic/unassigned/monitor1-4711/status")["state"] != "delivering"
        assert one.roster.owner("onlooker/v1/clinic/unassigned/monitor1-4711/observations") is not None


async def test_devices_of_long_ago_do_not_take_the_place_of_those_that_are_there(ward: Open) -> None:
    async with ward(listens=True) as one:
        one.roster.opened()
        for n in range(DEVICES_LIMIT):
            one.take(report(device=f"of 2025: {n}"))
    for _ in range(2):
        async with ward(listens=True) as one:
            one.time.pass_by(400 * 86_400.0)
    async with ward(listens=True) as one:
        one.roster.opened()
        assert one.take(report(device="new"))


async def test_what_a_full_disk_refused_is_owned_up_to_when_there_is_room(
    ward: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    async with ward() as one:
        one.roster.opened()
        assert one.take(report())
        with disk.standing_still():
            while one.outbox.is_taking:
                one.outbox.put(one.outbox.stream("elsewhere"), 1, START, b"x" * 1_000_000)
            assert not one.take(report())
            one.look_for(3)
        await asyncio.wait_for(one.outbox.ticket(), 5.0)
        one.look_for(2)
        lost = [event for event in await one.events() if event["event"] == "data_gap" and event["phase"] is None]
        assert [(event["from"], event["to"]) for event in lost] == [(2, 2)]
        assert one.statuses.last(STATUS)["state"] == "delivering"
