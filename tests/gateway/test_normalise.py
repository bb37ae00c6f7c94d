import json
import re
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Alarm, Announcement, Code, Identity, Reading, Waveform
from drivers.vocabulary import AlarmCode, EventKind, Metric, Phase, Priority, Reason, Validity
from gateway import model
from gateway.alarms import ALARMS_LIMIT
from gateway.naming import segment
from gateway.observation import PLAUSIBLE, observation_fields
from gateway.publisher import HISTORICAL_S
from gateway.spans import lost_ranges
from tests.gateway.parts import PLACE, START, Bench, Disk, Time, opened, reading, report, stored, strict_json

VALIDATORS = {kind: jsonschema.Draft202012Validator(schema) for kind, schema in model.schemas().items()}
INFUSING = Reading(Metric.INFUSION_STATE, "infusing", name="STATE", raw="1")
MEASURED = datetime(2026, 1, 1, 0, 0, 0)  # noqa: DTZ001  # a device's clock, which names no zone
BLOOD_PRESSURE = Reading(Metric.NIBP_SYSTOLIC, 120, name="SYS", raw="120", device_time=MEASURED)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened(tmp_path / "outbox.sqlite") as outbox:
        yield Bench(outbox, Time())


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def only_observation(bench: Bench, said: Reading) -> dict[str, Any]:
    assert bench.tell(report(said))
    return (await bench.observations())[-1]


# Every message is one of the contract

values = st.one_of(st.none(), st.integers(-1000, 1000), st.floats(-1e6, 1e6), st.text(max_size=20))
readings = st.builds(
    Reading,
    metric=st.sampled_from(list(Metric)),
    value=values,
    unit=st.sampled_from([None, "%", "mm[Hg]", "/min", "mL/h"]),
    validity=st.sampled_from(list(Validity)),
    reason=st.one_of(st.none(), st.sampled_from(list(Reason))),
    name=st.text(max_size=20),
    raw=st.text(max_size=20),
    source=st.text(max_size=5),
    device_time=st.one_of(st.none(), st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1))),  # noqa: DTZ001
    code=st.one_of(st.none(), st.builds(Code, st.one_of(st.none(), st.integers(1, 999_999)), st.text(max_size=10))),
).map(lambda said: INFUSING if said.metric is Metric.INFUSION_STATE else said)
alarms = st.builds(Alarm, st.sampled_from(list(AlarmCode)), st.text(max_size=10), st.sampled_from([None, *Priority]))
reports = st.builds(
    report,
    readings,
    readings,
    device_time=st.one_of(st.none(), st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1))),  # noqa: DTZ001
    uptime_s=st.one_of(st.none(), st.floats(0, 1e6)),
    alarms=st.one_of(st.none(), st.lists(alarms, max_size=3).map(tuple)),
    simulated=st.booleans(),
    late=st.booleans(),
)


@given(st.lists(reports, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
async def test_whatever_a_driver_says_becomes_messages_of_the_contract(
    tmp_path_factory: pytest.TempPathFactory, said: list[Any]
) -> None:
    async with opened(tmp_path_factory.mktemp("o") / "outbox.sqlite") as outbox:
        bench = Bench(outbox, Time(), "Europe/Berlin")
        for one in said:
            bench.tell(one)
            bench.time.pass_by(1.0)
        messages = await stored(outbox)
    last: dict[str, int] = {}
    for message in messages:
        kind = "observations" if message.stream.topic.endswith("/observations") else "event"
        told = strict_json(message.payload)
        VALIDATORS[kind].validate(told)
        assert message.payload.endswith((b'"historical":false}', b'"historical":true}')), (
            "the publisher changes the tail"
        )
        assert told["seq"] == message.seq == last.get(kind, 0) + 1
        assert told["id"] == f"{told['stream']}:{told['seq']}"
        last[kind] = message.seq
        for one in told.get("observations", ()):
            if one["validity"] in ("invalid", "absent"):
                assert one["value"] is None


async def test_a_message_says_who_where_and_when(bench: Bench) -> None:
    bench.time.pass_by(0.25)
    bench.tell(report(Reading(Metric.SPO2, 97, name="SPO2", raw="097", source="ch1")))
    (message,) = await stored(bench.outbox)
    assert message.stream.topic == "onlooker/v1/clinic/chair1/monitor1/observations"
    told = strict_json(message.payload)
    assert told.pop("stream") == message.stream.name
    assert told == {
        "schema": "onlooker.observations/1", "gateway": "gw1", "site": "clinic", "station": "chair1",
        "device": "monitor1", "family": "made_up", "seq": 1, "id": f"{message.stream.name}:1",
        "received_at": "2026-01-01T00:00:00.250000Z", "device_time": None, "clock_offset_s": None, "simulated": False,
        "historical": False,
        "observations": [
            {
                "metric": "spo2", "value": 97, "unit": "%", "validity": "valid", "reason": None, "loinc": "59408-5",
                "mdc": {"code": 150456, "refid": "MDC_PULS_OXIM_SAT_O2"}, "name": "SPO2", "raw": "097", "source": "ch1",
            }
        ],
    }  # fmt: skip


@pytest.mark.parametrize("text", ['"', "\\", "\x00\x1f", "ü–漢", "</script>", '","value":99,"x":"', "\u2028"])
async def test_a_devices_words_cannot_break_out_of_their_field(bench: Bench, text: str) -> None:
    one = await only_observation(bench, Reading(Metric.DRUG_NAME, text, name=text, raw=text, source=text))
    assert (one["value"], one["name"], one["raw"], one["source"]) == (text, text, text, text)


async def test_one_message_stays_well_under_what_brokers_take(bench: Bench) -> None:
    # An HL7 message of 1 MiB may hold tens of thousands of parameters; brokers hang up at 1 MB, again and again.
    many = [Reading(Metric.UNMAPPED, n, name=f"parameter {n}", raw=str(n)) for n in range(20_000)]
    bench.tell(report(*many))
    messages = await stored(bench.outbox)
    assert max(len(message.payload) for message in messages) < 1_000_000
    assert len(await bench.observations()) == 20_000


LONG, UNWRITABLE = (
    "x" * 1_000_000,
    "\udcff\ud800",
)  # an HL7 message may be a mebibyte; a careless decoding gives the rest


@pytest.mark.parametrize("text", [LONG, "\x01" * 1_000_000, UNWRITABLE], ids=["long", "long and escaped", "unwritable"])
async def test_no_text_of_a_device_can_make_a_message_that_brokers_refuse(bench: Bench, text: str) -> None:
    # A broker that hangs up on a message gets it again on the next connection, and the one after that.
    code = Code(1, text)
    alarm = Alarm(AlarmCode.UNKNOWN, text, Priority.HIGH, text, text, code)
    one = Reading(Metric.DRUG_NAME, text, text, name=text, raw=text, source=text, code=code)
    timed = BLOOD_PRESSURE._replace(unit=text, name=text, raw=text, source=text, code=code)
    bench.tell(report(one, timed, INFUSING._replace(source=text, raw=text), alarms=(alarm,)))
    bench.tell(report(INFUSING._replace(value="stopped", source=text, raw=text), alarms=()))
    said = Announcement(EventKind.DEVICE_EVENT, text=text, mdc=code, source=text, raw=text)
    assert bench.normaliser.announcement(bench.device, said, bench.clock.steady())
    for serial in (text, text + "1"):
        bench.normaliser.identity(bench.device, Identity(serial=serial, model=serial), bench.clock.steady())
    messages = await stored(bench.outbox)
    assert len(messages) >= 5
    for message in messages:
        assert len(message.payload) < 500_000
        kind = "observations" if message.stream.topic.endswith("/observations") else "event"
        VALIDATORS[kind].validate(strict_json(message.payload))
    assert len(json.dumps(asdict(bench.device.identity))) < 500_000, "it stands in every status"
    assert len(bench.device.states.to_json()) < 500_000, "it is written with every report"


async def test_no_announced_text_fills_the_memory(bench: Bench) -> None:
    for n in range(100):
        said = Announcement(
            EventKind.ALARM, Phase.BEGIN, AlarmCode.UNKNOWN, f"{n} {LONG}", source=f"{n} {LONG}", raw=LONG
        )
        assert bench.normaliser.announcement(bench.device, said, bench.clock.steady())
        said = Announcement(EventKind.INFUSION_BOLUS, Phase.BEGIN, source=f"{n} {LONG}")
        assert bench.normaliser.announcement(bench.device, said, bench.clock.steady())
    assert len(bench.device.states.to_json()) < 500_000, "it is written with every report"


async def test_no_number_of_alarms_fills_the_memory(bench: Bench) -> None:
    many = tuple(Alarm(AlarmCode.UNKNOWN, f"{n}") for n in range(20_000))
    for _ in range(2):
        bench.tell(report(alarms=many))
    assert len(bench.device.states.to_json()) < 500_000
    assert bench.device.counters["alarms left out"] == 2 * (20_000 - ALARMS_LIMIT)


# Values and their validity


@pytest.mark.parametrize("validity", [Validity.INVALID, Validity.ABSENT])
async def test_what_has_no_value_has_a_reason(bench: Bench, validity: Validity) -> None:
    assert (await only_observation(bench, reading(value=None, validity=validity)))["reason"] is not None


@pytest.mark.parametrize("validity", [Validity.INVALID, Validity.ABSENT])
async def test_what_the_device_disowns_has_no_value(bench: Bench, validity: Validity) -> None:
    one = await only_observation(bench, reading(value=97, validity=validity, reason=Reason.SENSOR_OFF))
    assert (one["value"], one["validity"], one["reason"]) == (None, validity, "sensor off")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
async def test_what_is_no_number_is_never_valid(bench: Bench, value: float) -> None:
    one = await only_observation(bench, reading(value=value))
    assert one["value"] is None
    assert one["validity"] in ("invalid", "absent")
    assert one["reason"] == "not a number"


async def test_nothing_is_never_valid(bench: Bench) -> None:
    one = await only_observation(bench, reading(value=None))
    assert one["validity"] in ("invalid", "absent"), "a chart would draw a valid nothing"


@pytest.mark.parametrize("value", [511, 255, 127, -100, 0x7FFFFF, 0])
async def test_a_sentinel_that_slipped_through_a_driver_is_not_plausible(bench: Bench, value: int) -> None:
    one = await only_observation(bench, Reading(Metric.SPO2, value))
    assert (one["validity"], one["reason"]) == ("questionable", "implausible")


@pytest.mark.parametrize(("limits", "at"), [(limits, at) for limits in PLAUSIBLE.items() for at in (0, 1)])
def test_a_plausible_range_is_what_it_says(limits: tuple[tuple[Metric, str], tuple[float, float]], at: int) -> None:
    (metric, unit), range_ = limits
    beyond = range_[at] + (1 if at else -1)
    assert observation_fields(Reading(metric, range_[at], unit))["validity"] is Validity.VALID
    judged = observation_fields(Reading(metric, beyond, unit))
    assert (judged["validity"], judged["reason"], judged["value"]) == (
        Validity.QUESTIONABLE, Reason.IMPLAUSIBLE, beyond,
    )  # fmt: skip


async def test_what_the_device_itself_questions_keeps_the_devices_reason(bench: Bench) -> None:
    one = await only_observation(bench, reading(value=12, validity=Validity.QUESTIONABLE, reason=Reason.LOW_PERFUSION))
    assert (one["value"], one["validity"], one["reason"]) == (12, "questionable", "low perfusion")


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        (Reading(Metric.SPO2, 97), "%"),
        (Reading(Metric.ETCO2, 5.0, "kPa"), "kPa"),
        (Reading(Metric.TEMPERATURE, 98.6, "[degF]"), "[degF]"),
        (Reading(Metric.DRUG_NAME, "Ketamine"), None),
        (Reading(Metric.UNMAPPED, "5"), None),
        (Reading(Metric.UNMAPPED, "5", ""), None),
        (Reading(Metric.BOLUS_VOLUME, 5), "mL"),
    ],
)
async def test_a_unit_is_the_devices_or_the_only_one(bench: Bench, said: Reading, unit: str | None) -> None:
    assert (await only_observation(bench, said))["unit"] == unit


async def test_a_unit_that_was_not_said_is_not_guessed_among_several(bench: Bench) -> None:
    assert (await only_observation(bench, Reading(Metric.TEMPERATURE, 37)))["unit"] is None


@pytest.mark.parametrize(
    ("said", "mdc", "loinc"),
    [
        (Reading(Metric.SPO2, 97), 150456, "59408-5"),
        (Reading(Metric.PERFUSION_INDEX, 1, "%"), 150488, None),
        (Reading(Metric.PERFUSION_INDEX, 1, "1"), 150448, None),
        (Reading(Metric.ETCO2, 5, "%"), 151708, None),
        (Reading(Metric.HEART_RATE, 70, code=Code(147850, "MDC_ECG_CARD_BEAT_RATE_BTB")), 147850, None),
        (Reading(Metric.TEMPERATURE, 37, "Cel", code=Code(150364, "MDC_TEMP_BODY")), 150364, "8310-5"),
        (Reading(Metric.UNMAPPED, "1", code=Code(1, "VENDOR")), 1, None),
        (Reading(Metric.UNMAPPED, "1"), None, None),
        (Reading(Metric.FIO2, 40, "%"), 152196, "3150-6"),
        (Reading(Metric.FIO2, 160, ""), None, None),  # of what, nobody said
        (Reading(Metric.FIO2, 160, "mm[Hg]"), None, None),  # a partial pressure is no concentration
        (Reading(Metric.TEMPERATURE, 99, "[degF]"), 150344, "8310-5"),
        (Reading(Metric.NIBP_SYSTOLIC, 16, "kPa"), 150021, "8480-6"),
        (Reading(Metric.INFUSION_STATE, "infusing"), None, None),
        (Reading(Metric.SPO2, 97, code=Code(147842, "MDC_ECG_HEART_RATE")), 147842, None),
    ],
)
async def test_codes_are_the_devices_own_else_the_tables(
    bench: Bench, said: Reading, mdc: int | None, loinc: str | None
) -> None:
    one = await only_observation(bench, said)
    assert (one["mdc"] and one["mdc"]["code"], one["loinc"]) == (mdc, loinc)


@given(
    st.lists(st.tuples(st.sampled_from([1, 1.0, 0, 0.0, -0.0, 97, "1", ""]), st.sampled_from(["", "a"])), max_size=8)
)
@settings(max_examples=50, deadline=None)
async def test_equal_looking_values_do_not_take_each_others_place(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[Any, str]]
) -> None:
    async with opened(tmp_path_factory.mktemp("o") / "outbox.sqlite") as outbox:
        bench = Bench(outbox, Time())
        for value, name in said:
            bench.tell(report(Reading(Metric.UNMAPPED, value, name=name)))
        told = [(one["value"], one["name"]) for one in await bench.observations()]
    assert told == said
    assert [isinstance(value, str) for value, _ in told] == [isinstance(value, str) for value, _ in said]


# Two clocks


async def test_a_device_that_is_24_minutes_wrong_is_placed_right(bench: Bench) -> None:
    for n in range(10):
        now = datetime.fromtimestamp(bench.time.wall_s, UTC).replace(tzinfo=None)
        wrong = now - timedelta(minutes=24)
        measured = BLOOD_PRESSURE._replace(device_time=wrong - timedelta(seconds=30), value=100 + n)
        bench.tell(report(measured, device_time=wrong))
        bench.time.pass_by(60.0)
    for n, message in enumerate(await bench.messages("/observations")):
        assert message["clock_offset_s"] == pytest.approx(-1440.0)
        (one,) = message["observations"]
        measured_at = datetime.fromisoformat(one["measured_at"]).timestamp()
        assert measured_at == pytest.approx(START + 60.0 * n - 30.0)
        own = datetime.fromisoformat(one["device_time"]).replace(tzinfo=UTC).timestamp()
        assert own == pytest.approx(measured_at - 1440.0), "as the device said it, uncorrected"
    assert await bench.events() == []


async def test_while_the_offset_is_unknown_nothing_is_placed_by_guess(bench: Bench) -> None:
    one = await only_observation(bench, BLOOD_PRESSURE)
    assert (one["device_time"], one["measured_at"]) == ("2026-01-01T00:00:00", None)


async def test_the_offset_survives_a_restart(tmp_path: Path) -> None:
    time = Time()
    for n in range(2):
        async with opened(tmp_path / "outbox.sqlite") as outbox:
            bench = Bench(outbox, time)
            if n == 0:
                bench.tell(report(device_time=MEASURED - timedelta(minutes=24)))
            else:
                one = await only_observation(bench, BLOOD_PRESSURE)
                assert one["measured_at"] == "2026-01-01T00:24:00.000000Z"


async def test_a_device_clock_that_was_set_is_an_event_and_placing_goes_on_rightly(bench: Bench) -> None:
    for n in range(20):
        bench.time.pass_by(1.0)
        bench.clock.beat()
        error = timedelta(seconds=0 if n < 10 else 3600)
        now = datetime.fromtimestamp(bench.time.wall_s, UTC).replace(tzinfo=None) + error
        bench.tell(report(BLOOD_PRESSURE._replace(device_time=now, value=100 + n), device_time=now))
    (event,) = await bench.events()
    assert (event["event"], event["from"], event["to"]) == ("clock_jumped", 0.0, 3600.0)
    for n, one in enumerate(await bench.observations()):
        if one["measured_at"] is not None:  # unknown is right, too
            at = datetime.fromisoformat(one["measured_at"]).timestamp()
            assert at == pytest.approx(START + n + 1, abs=1.0), "a wrong moment is worse than none"


@pytest.mark.parametrize(
    "change", [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)], ids=["winter", "summer"]
)
async def test_a_right_clock_without_zone_stays_right_through_the_change_of_the_hour(
    tmp_path: Path, change: datetime
) -> None:
    async with opened(tmp_path / "outbox.sqlite") as outbox:
        bench = Bench(outbox, Time(change.timestamp() - 3600), "Europe/Berlin")
        zone = ZoneInfo("Europe/Berlin")
        for n in range(24):  # two hours around the change, every five minutes
            local = datetime.fromtimestamp(bench.time.wall_s, zone).replace(tzinfo=None, fold=0)
            bench.tell(report(BLOOD_PRESSURE._replace(device_time=local, value=100 + n), device_time=local))
            bench.time.pass_by(300.0)
            bench.clock.beat()
        assert [event["event"] for event in await bench.events()] == [], "the device's clock is right all the time"
        for n, one in enumerate(await bench.observations()):
            at = datetime.fromisoformat(one["measured_at"]).timestamp()
            assert at == pytest.approx(change.timestamp() - 3600 + 300 * n), "the clock's own hour came twice"


async def test_after_a_step_of_the_gateways_clock_intervals_are_still_right(bench: Bench) -> None:
    bench.tell(report(INFUSING))
    bench.time.pass_by(4.0)
    bench.time.wall_s += 600.0
    step = bench.clock.beat()
    assert step is not None
    bench.normaliser.clock_step(bench.device, step, bench.clock.utc(bench.clock.steady()))
    assert bench.device.last_at == START + 600.0
    bench.tell(report(INFUSING._replace(value="stopped")))
    stopped = (await bench.events())[-1]
    assert stopped["not_before"] == "2026-01-01T00:10:00.000000Z"
    assert stopped["received_at"] == "2026-01-01T00:10:04.000000Z"


async def test_a_step_of_the_gateways_clock_is_no_jump_of_the_devices(bench: Bench) -> None:
    def tell() -> None:
        bench.time.pass_by(1.0)
        now = datetime.fromtimestamp(START + bench.time.monotonic_s, UTC).replace(tzinfo=None)
        bench.tell(report(device_time=now))

    for _ in range(5):
        tell()
    bench.time.wall_s += 600.0
    step = bench.clock.beat()
    assert step is not None
    bench.normaliser.clock_step(bench.device, step, bench.clock.utc(bench.clock.steady()))
    for _ in range(5):
        tell()
    (event,) = await bench.events()
    assert (event["event"], event["to"]) == ("clock_jumped", 600.0)
    assert "gateway" in event["text"]
    offsets = [message["clock_offset_s"] for message in await bench.messages("/observations")]
    assert offsets[5] == pytest.approx(offsets[4] - 600.0)


@pytest.mark.parametrize("moment", [datetime.min, datetime.max, datetime(1, 1, 1, 12), datetime(999, 12, 31)])  # noqa: DTZ001, DTZ901
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
async def test_an_impossible_date_is_no_crash(tmp_path: Path, moment: datetime, zone: str) -> None:
    async with opened(tmp_path / "outbox.sqlite") as outbox:
        bench = Bench(outbox, Time(), zone)
        for when in (MEASURED, moment, MEASURED, moment, moment, moment, MEASURED):
            for own in (moment, MEASURED):
                assert bench.tell(report(BLOOD_PRESSURE._replace(device_time=own), reading(), device_time=when))
        for message in await bench.messages("/observations"):
            VALIDATORS["observations"].validate(message)


@pytest.mark.parametrize("cause", ["the gateway's clock was set", "the device's clock drifted"])
async def test_after_a_restart_a_device_clock_that_nobody_set_is_not_reported_as_set(
    tmp_path: Path, cause: str
) -> None:
    time = Time()

    def tell(bench: Bench, drift_s: float) -> None:
        time.pass_by(10.0)
        now = datetime.fromtimestamp(START + time.monotonic_s + drift_s, UTC).replace(tzinfo=None)
        bench.tell(report(device_time=now))

    async with opened(tmp_path / "outbox.sqlite") as outbox:
        bench = Bench(outbox, time)
        tell(bench, 0.0)
        if "gateway" in cause:
            time.wall_s += 600.0
            bench.normaliser.clock_step(bench.device, bench.clock.beat() or 0.0, bench.clock.utc(bench.clock.steady()))
        for n in range(100):
            tell(bench, 0.2 * n if "drifted" in cause else 0.0)
    async with opened(tmp_path / "outbox.sqlite") as outbox:
        bench = Bench(outbox, time)
        for _ in range(10):
            tell(bench, 0.2 * 99 if "drifted" in cause else 0.0)
        jumps = [event for event in await bench.events() if event["event"] == "clock_jumped"]
        assert [jump["text"] for jump in jumps if "the device's clock was set" in jump["text"]] == []


# News, and what is none


async def test_what_the_device_says_late_is_historical_and_moves_no_clock(bench: Bench) -> None:
    bench.tell(report(device_time=MEASURED))
    for _ in range(5):
        bench.tell(report(device_time=MEASURED - timedelta(hours=1), late=True))
    told = await bench.messages("/observations")
    assert [message["historical"] for message in told] == [False] + [True] * 5
    assert {message["clock_offset_s"] for message in told} == {0.0}
    assert await bench.events() == []


async def test_old_news_moves_no_state_and_ends_no_alarm(bench: Bench) -> None:
    occlusion = Alarm(AlarmCode.OCCLUSION)
    bench.tell(report(INFUSING, alarms=(occlusion,), uptime_s=1000.0))
    old = report(INFUSING._replace(value="stopped"), alarms=(), uptime_s=10.0, late=True)
    bench.tell(old)
    bench.tell(report(INFUSING, alarms=(occlusion,), uptime_s=1001.0))
    assert [(event["event"], event["phase"]) for event in await bench.events()] == [("alarm", "begin")]
    assert [one["value"] for one in await bench.observations()] == ["infusing", "stopped", "infusing"]


async def test_an_old_announcement_is_published_as_historical_and_moves_no_state(bench: Bench) -> None:
    stopped = Announcement(EventKind.INFUSION_STOPPED, device_time=MEASURED - timedelta(hours=1), late=True)
    alarm = Announcement(EventKind.ALARM, Phase.BEGIN, AlarmCode.INFUSION_COMPLETE, late=True)
    bench.tell(report(INFUSING))
    for said in (stopped, alarm):
        assert bench.normaliser.announcement(bench.device, said, bench.clock.steady())
    bench.tell(report(INFUSING))
    bench.tell(report(INFUSING._replace(value="stopped")))
    told = [(event["event"], event["origin"], event["historical"]) for event in await bench.events()]
    assert told == [
        ("infusion_stopped", "device", True), ("alarm", "device", True), ("infusion_stopped", "gateway", False),
    ]  # fmt: skip


async def test_what_waited_for_us_tells_nothing_of_the_devices_clock(bench: Bench) -> None:
    bench.time.pass_by(HISTORICAL_S + 1)  # stood still, with a message in the socket
    bench.tell(report(device_time=MEASURED - timedelta(minutes=10)))
    bench.clock.beat()
    for _ in range(10):
        bench.time.pass_by(1.0)
        bench.clock.beat()
        bench.tell(report(device_time=datetime.fromtimestamp(bench.time.wall_s, UTC).replace(tzinfo=None)))
    assert await bench.events() == [], "a clock that nobody set"


async def test_what_was_read_after_a_standstill_of_the_gateway_is_historical(bench: Bench) -> None:
    bench.tell(report(INFUSING))
    bench.time.pass_by(HISTORICAL_S + 1)
    bench.tell(report(INFUSING._replace(value="stopped")))
    bench.normaliser.announcement(bench.device, Announcement(EventKind.DEVICE_EVENT), bench.clock.steady())
    assert [message["historical"] for message in await bench.messages("/observations")] == [False, True]
    assert [message["historical"] for message in await bench.events()] == [True, True]


async def test_a_waveform_read_after_a_standstill_is_historical(bench: Bench) -> None:
    bench.time.pass_by(HISTORICAL_S + 1)
    bench.normaliser.waveform(bench.device, Waveform(Metric.PLETH, (1.0,), 0.016, "pleth"), bench.clock.steady())
    assert strict_json(bench.waves[0][1])["historical"] is True


async def test_a_measurement_is_published_once_however_often_it_is_repeated(bench: Bench) -> None:
    for n in range(10):
        bench.time.pass_by(1.0)
        bench.tell(report(reading(value=90 + n), BLOOD_PRESSURE))
    metrics = [one["metric"] for one in await bench.observations()]
    assert metrics.count("nibp_systolic") == 1
    assert metrics.count("spo2") == 10


async def test_a_measurement_is_published_once_whoever_restarts(tmp_path: Path) -> None:
    for _ in range(3):
        async with opened(tmp_path / "outbox.sqlite") as outbox:
            bench = Bench(outbox, Time())
            bench.tell(report(reading(), BLOOD_PRESSURE))
            metrics = [one["metric"] for one in await bench.observations()]
    assert metrics.count("nibp_systolic") == 1


async def test_a_measurement_is_published_once_in_a_stream_of_keyed_messages(bench: Bench) -> None:
    # An HL7 monitor repeats the last blood pressure in each message, for an hour if nobody measures again.
    for n in range(1800):
        bench.tell(report(reading(value=90 + n % 10), BLOOD_PRESSURE, key=f"message {n}"))
    metrics = [one["metric"] for one in await bench.observations()]
    assert metrics.count("spo2") == 1800
    assert metrics.count("nibp_systolic") == 1


@pytest.mark.parametrize(
    "other",
    [
        BLOOD_PRESSURE._replace(value=121),
        BLOOD_PRESSURE._replace(source="2"),
        BLOOD_PRESSURE._replace(metric=Metric.NIBP_MEAN),
        BLOOD_PRESSURE._replace(device_time=MEASURED + timedelta(minutes=5)),
    ],
)
async def test_another_measurement_is_another(bench: Bench, other: Reading) -> None:
    bench.tell(report(BLOOD_PRESSURE))
    bench.tell(report(other))
    assert len(await bench.observations()) == 2


async def test_two_unmapped_parameters_of_one_moment_are_two(bench: Bench) -> None:
    one = Reading(Metric.UNMAPPED, "5", name="PEEP", raw="5", device_time=MEASURED)
    bench.tell(report(one, one._replace(name="CVP")))
    bench.tell(report(one, one._replace(name="CVP")))
    assert [one["name"] for one in await bench.observations()] == ["PEEP", "CVP"]


async def test_long_texts_are_not_kept_in_memory(bench: Bench) -> None:
    tracemalloc.start()
    for n in range(30):
        bench.tell(report(Reading(Metric.DRUG_NAME, f"{n} {LONG}", raw=LONG)))
        await bench.outbox.ticket()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 5_000_000, f"{grown} bytes are kept of 30 readings"


async def test_a_measurement_that_a_report_says_twice_is_published_once(bench: Bench) -> None:
    bench.tell(report(BLOOD_PRESSURE, BLOOD_PRESSURE))
    assert len(await bench.observations()) == 1


async def test_a_message_that_is_sent_again_is_taken_and_not_published_again(bench: Bench) -> None:
    for _ in range(3):
        assert bench.tell(report(INFUSING, key="MSH-10 and content"))
    assert len(await bench.observations()) == 1
    assert bench.device.counters["repeats"] == 2


async def test_the_same_content_without_a_key_is_news(bench: Bench) -> None:
    for _ in range(3):
        bench.tell(report())
    assert len(await bench.observations()) == 3


async def test_an_announcement_that_is_sent_again_is_taken_and_not_published_again(bench: Bench) -> None:
    said = Announcement(EventKind.ALARM, Phase.BEGIN, AlarmCode.OCCLUSION, key="again")
    for _ in range(2):
        assert bench.normaliser.announcement(bench.device, said, bench.clock.steady())
    assert len(await bench.events()) == 1


async def test_what_failed_once_is_not_a_repeat_when_it_is_sent_again(bench: Bench) -> None:
    # The sender got no acknowledgement, so it sends the message again; that must not be acknowledged and dropped.
    broken = report(reading(metric="no metric"), key="the same")  # type: ignore[arg-type]  # a driver's bug
    for _ in range(2):
        with pytest.raises(ValueError, match="metric"):
            bench.tell(broken)


async def test_what_was_measured_in_a_report_that_failed_is_published_when_it_is_said_again(bench: Bench) -> None:
    with pytest.raises(ValueError, match="metric"):
        bench.tell(report(BLOOD_PRESSURE, reading(metric="no metric")))  # type: ignore[arg-type]  # a driver's bug
    bench.tell(report(BLOOD_PRESSURE))
    assert [one["metric"] for one in await bench.observations()] == ["nibp_systolic"]


@pytest.mark.parametrize("broken", [reading(metric="no metric"), INFUSING._replace(value="dancing")])  # type: ignore[arg-type]
async def test_what_changed_in_a_report_that_failed_is_told_when_it_is_said_again(
    bench: Bench, broken: Reading
) -> None:
    bench.tell(report(INFUSING, alarms=()))
    with pytest.raises(ValueError, match=r"metric|dancing"):
        bench.tell(report(INFUSING._replace(value="stopped"), broken, alarms=(Alarm(AlarmCode.OCCLUSION),)))
    assert await bench.events() == []
    bench.tell(report(INFUSING._replace(value="stopped"), alarms=(Alarm(AlarmCode.OCCLUSION),)))
    assert {event["event"] for event in await bench.events()} == {"infusion_stopped", "alarm"}


async def test_an_announcement_that_failed_once_is_not_a_repeat_either(bench: Bench) -> None:
    broken = Announcement("no event", key="the same")  # type: ignore[arg-type]  # a driver's bug
    for _ in range(2):
        with pytest.raises(ValueError, match="event"):
            bench.normaliser.announcement(bench.device, broken, bench.clock.steady())


async def test_a_report_without_readings_is_no_message(bench: Bench) -> None:
    assert bench.tell(replace(report(), readings=[], alarms=()))
    assert await bench.messages() == []


# A disk that refuses


async def test_what_a_full_disk_refuses_is_not_taken_and_owned_up_to(bench: Bench, disk: Disk) -> None:
    bench.tell(report())
    with disk.standing_still():
        while bench.outbox.is_taking:
            bench.outbox.put(bench.outbox.stream("elsewhere"), 1, START, b"x" * 1_000_000)
        for _ in range(5):
            assert bench.tell(report(key="sent again and again")) is False, "or it would be acknowledged"
        said = Announcement(EventKind.DEVICE_EVENT)
        assert bench.normaliser.announcement(bench.device, said, bench.clock.steady()) is False
        bench.normaliser.own_up(bench.device, bench.clock.steady())
        assert bench.outbox.dropped["disk"] == 6
    await bench.outbox.ticket()
    assert bench.outbox.has_room
    bench.normaliser.own_up(bench.device, START)
    bench.normaliser.own_up(bench.device, START)
    assert bench.tell(report(key="sent again and again")), "what was refused is no repeat"
    gaps = [event for event in await bench.events() if event["event"] == "data_gap"]
    assert sorted((gap["from"], gap["to"]) for gap in gaps) == [(1, 1), (2, 6)]
    assert len({json.dumps([gap["source"], gap["text"], gap["raw"]]) for gap in gaps}) == 2, (
        "of which stream is what lost?"
    )
    last = (await bench.messages("/observations"))[-1]
    assert last["seq"] == 7, "the hole can be seen in the numbers, too"


async def test_what_is_refused_takes_no_memory(bench: Bench, disk: Disk) -> None:
    said = report()
    with disk.standing_still():
        while bench.outbox.is_taking:
            bench.outbox.put(bench.outbox.stream("elsewhere"), 1, START, b"x" * 1_000_000)
        bench.tell(said)
        tracemalloc.start()
        for _ in range(20_000):
            bench.tell(said)
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert grown < 100_000, f"{grown} bytes for 20 000 refused messages: a full disk becomes a full memory"


# Identity, gaps


async def test_another_serial_number_is_an_event(bench: Bench) -> None:
    def is_new(**said: str) -> bool:
        return bench.normaliser.identity(bench.device, Identity(**said), bench.clock.steady())

    assert is_new(serial="4711", model="A")
    assert not is_new(serial="4711")
    assert not is_new(model="")
    assert is_new(firmware="1.2")
    assert await bench.events() == []
    assert is_new(serial="4712")
    (event,) = await bench.events()
    assert (event["event"], event["from"], event["to"]) == ("identity_changed", "4711", "4712")


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_nothing_is_compared_with_what_another_device_said(tmp_path: Path, is_restarted: bool) -> None:
    time = Time()
    counted = Reading(Metric.VOLUME_INFUSED, 50.0)
    async with opened(tmp_path / "outbox.sqlite") as outbox:
        bench = Bench(outbox, time)
        bench.normaliser.identity(bench.device, Identity(serial="4711", firmware="1.0"), bench.clock.steady())
        alarm = Alarm(AlarmCode.OCCLUSION)
        bench.tell(report(INFUSING, counted, alarms=(alarm,), uptime_s=9000.0, device_time=MEASURED))
        bench.normaliser.identity(bench.device, Identity(serial="4712"), bench.clock.steady())
        if not is_restarted:
            await other_pump_speaks(bench)
    if is_restarted:
        async with opened(tmp_path / "outbox.sqlite") as outbox:
            await other_pump_speaks(Bench(outbox, time))


async def other_pump_speaks(bench: Bench) -> None:
    assert bench.device.identity == Identity(serial="4712"), "the firmware is the other pump's"
    for n in range(10):
        bench.time.pass_by(1.0)
        wrong = MEASURED + timedelta(hours=3, seconds=n)
        stopped = INFUSING._replace(value="stopped")
        bench.tell(report(stopped, Reading(Metric.VOLUME_INFUSED, 0.0), alarms=(), uptime_s=5.0 + n, device_time=wrong))
    told = [event["event"] for event in await bench.events()]
    assert told == ["alarm", "identity_changed"]


async def test_a_device_that_says_its_model_otherwise_is_the_same_while_its_serial_number_is(bench: Bench) -> None:
    bench.normaliser.identity(bench.device, Identity(serial="4711", model="A"), bench.clock.steady())
    bench.tell(report(INFUSING))
    bench.normaliser.identity(bench.device, Identity(serial="4711", model="A plus"), bench.clock.steady())
    bench.tell(report(INFUSING._replace(value="stopped")))
    assert [event["event"] for event in await bench.events()] == ["identity_changed", "infusion_stopped"]


async def test_another_serial_number_after_a_restart_is_an_event(tmp_path: Path) -> None:
    for serial in ("4711", "4711", "4712"):
        async with opened(tmp_path / "outbox.sqlite") as outbox:
            bench = Bench(outbox, Time())
            bench.normaliser.identity(bench.device, Identity(serial=serial), bench.clock.steady())
            events = await bench.events()
    assert [(event["event"], event["to"]) for event in events] == [("identity_changed", "4712")]


async def test_events_after_a_restart_go_on_from_the_last_state(tmp_path: Path) -> None:
    time = Time()
    for said in ("infusing", "infusing", "stopped"):
        async with opened(tmp_path / "outbox.sqlite") as outbox:
            bench = Bench(outbox, time)
            bench.tell(report(INFUSING._replace(value=said)))
            time.pass_by(60.0)
            events = await bench.events()
    (event,) = events
    assert (event["event"], event["not_before"]) == ("infusion_stopped", "2026-01-01T00:01:00.000000Z")


async def test_a_gap_says_from_when_to_when(bench: Bench) -> None:
    bench.normaliser.gap(bench.device, Phase.BEGIN, START + 1, START + 11, "nothing heard")
    bench.normaliser.gap(bench.device, Phase.END, START + 1, START + 61, "")
    begin, end = await bench.events()
    assert (begin["phase"], begin["from"], begin["to"]) == ("begin", "2026-01-01T00:00:01.000000Z", None)
    assert (end["phase"], end["from"], end["to"]) == (
        "end", "2026-01-01T00:00:01.000000Z", "2026-01-01T00:01:01.000000Z",
    )  # fmt: skip
    for event in (begin, end):
        VALIDATORS["event"].validate(event)


# Waveforms


async def test_a_waveform_is_a_message_of_the_contract(bench: Bench) -> None:
    said = Waveform(Metric.PLETH, (1.0, None, 2.5), 0.016, "pleth", device_time=MEASURED)
    for _ in range(2):
        bench.normaliser.waveform(bench.device, said, bench.clock.steady())
    messages = [strict_json(payload) for _, payload in bench.waves]
    for message in messages:
        VALIDATORS["waveform"].validate(message)
    assert [message["seq"] for message in messages] == [1, 2]
    assert bench.waves[0][0] == "onlooker/v1/clinic/chair1/monitor1/waveforms/pleth"
    assert messages[0]["samples"] == [1.0, None, 2.5]


async def test_a_sample_that_is_no_number_is_none(bench: Bench) -> None:
    said = Waveform(Metric.PLETH, (1.0, float("nan"), float("inf")), 0.016, "pleth")
    bench.normaliser.waveform(bench.device, said, bench.clock.steady())
    assert strict_json(bench.waves[0][1])["samples"] == [1.0, None, None]


@pytest.mark.parametrize("validity", [Validity.INVALID, Validity.ABSENT])
async def test_samples_that_the_device_disowns_are_none(bench: Bench, validity: Validity) -> None:
    said = Waveform(Metric.PLETH, (1.0, 2.0), 0.016, "pleth", validity=validity)
    bench.normaliser.waveform(bench.device, said, bench.clock.steady())
    assert strict_json(bench.waves[0][1])["samples"] == [None, None]


async def test_an_id_never_means_two_waveforms_not_even_after_a_restart(tmp_path: Path) -> None:
    ids: list[str] = []
    for _ in range(2):
        async with opened(tmp_path / "outbox.sqlite") as outbox:
            bench = Bench(outbox, Time())
            bench.tell(report())
            bench.normaliser.waveform(bench.device, Waveform(Metric.PLETH, (1.0,), 0.016, "pleth"), START)
            await outbox.ticket()
            ids += [strict_json(payload)["id"] for _, payload in bench.waves]
    assert len({*ids}) == len(ids), "who remembers ids would drop the waveforms after a restart"


# Topic segments, runs


def test_odd_characters_of_a_key_become_hex() -> None:
    name = segment("bed 1/ü#+")
    assert re.fullmatch("[A-Za-z0-9_-]+", name)
    assert name.startswith("bed")
    assert segment("00A0-b1") == "00A0-b1"


@given(st.lists(st.text(st.sampled_from("ab1204 _-/.ü"), min_size=1, max_size=6), min_size=2, max_size=30, unique=True))
@settings(max_examples=100, deadline=None)
def test_two_keys_never_become_one_device(keys: list[str]) -> None:
    assert len({segment(key) for key in keys}) == len(keys), "two patients' data under one name"


def test_bed_1_2_is_not_bed_1202() -> None:
    assert segment("1 2") != segment("1202")


def test_a_key_that_no_text_can_hold_is_still_a_name() -> None:
    assert re.fullmatch("[A-Za-z0-9_-]+", segment(UNWRITABLE))


@pytest.mark.parametrize("key", ["x" * 100_000, "ü" * 100_000])
def test_a_long_key_still_fits_a_topic(key: str) -> None:
    assert len(replace(PLACE, device=f"rack-{segment(key)}").topic("observations").encode()) < 65_536


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 30)), unique=True, max_size=30))
@settings(max_examples=100, deadline=None)
def test_lost_messages_are_named_in_runs(lost: list[tuple[str, int]]) -> None:
    runs = lost_ranges(lost)
    assert sorted((topic, seq) for topic, first, last in runs for seq in range(first, last + 1)) == sorted(lost)
    assert len(runs) == sum((topic, seq - 1) not in lost for topic, seq in lost)
