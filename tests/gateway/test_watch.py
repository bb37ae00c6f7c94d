import asyncio
import io
import json
import math
import subprocess
import sys
import time
from typing import Any

import aiomqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from gateway import cli
from gateway.broker import EmbeddedBroker
from gateway.clock import iso
from gateway.model import Event, GatewayStatus, Observations, Status
from gateway.watch.board import Board
from gateway.watch.screen import Line, Lines
from gateway.watch.table import table, words
from gateway.watch.view import Row, View
from tests.gateway.test_broker import free_port

NOW = 1_767_225_600.0
ROOT = "onlooker/v1"


class Clinic:
    """One gateway and one device, as their messages on a broker; each is valid by the contract."""

    def __init__(self, root: str = ROOT, device: str = "chair1-monitor", ahead_s: float = 0.0) -> None:
        self.board = Board()
        self.root = root
        self.device = device
        self.ahead_s = ahead_s  # of the gateway's clock
        self._seq = 0

    def gateway(self, now: float, state: str = "online", **more: Any) -> None:
        at = now + self.ahead_s
        said = {
            "schema": "onlooker.gateway/1",
            "gateway": "gw1",
            "site": "clinic",
            "state": state,
            "version": "0.1.0",
            "simulated": False,
            "sent_at": iso(at),
            "expires_at": iso(at + 90),
            "outbox_depth": 3,
            "dropped": {"over the limit": 2},
            **more,
        }
        payload = GatewayStatus.model_validate(said).model_dump_json(by_alias=True)
        self.board.feed(f"{self.root}/clinic/_gateway/gw1/status", payload.encode(), now)

    def status(self, now: float, state: str = "delivering", **more: Any) -> None:
        at = now + self.ahead_s
        said = {
            **self._place(),
            "schema": "onlooker.status/1",
            "state": state,
            "since": iso(at - 60),
            "sent_at": iso(at),
            "expires_at": iso(at + 90),
            "last_data_at": None,
            "clock_offset_s": None,
            "simulated": False,
            "identity": {},
            "counters": {},
            **more,
        }
        self._feed("status", Status.model_validate(said).model_dump_json(by_alias=True), now)

    def observe(self, now: float, *observations: dict[str, Any], received: float | None = None, **more: Any) -> None:
        said = {
            **self._message("onlooker.observations/1", now if received is None else received, more),
            "observations": list(observations),
        }
        self._feed("observations", Observations.model_validate(said).model_dump_json(by_alias=True), now)

    def happen(self, now: float, event: str, phase: str | None = None, **more: Any) -> None:
        nothing = dict.fromkeys(("not_before", "from", "to", "code", "priority", "mdc"))
        said = {
            **self._message("onlooker.event/1", now, {}),
            "event": event,
            "phase": phase,
            "origin": "gateway",
            **nothing,
            **dict.fromkeys(("text", "source", "raw"), ""),
            **more,
        }
        self._feed("events", Event.model_validate(said).model_dump_json(by_alias=True), now)

    def row(self, now: float) -> Row:
        (row,) = self.board.view(now).rows
        return row

    def _feed(self, kind: str, payload: str, now: float) -> None:
        self.board.feed(f"{self.root}/clinic/chair1/{self.device}/{kind}", payload.encode(), now)

    def _place(self) -> dict[str, Any]:
        return {"gateway": "gw1", "site": "clinic", "station": "chair1", "device": self.device, "family": "monitor"}

    def _message(self, schema: str, received: float, more: dict[str, Any]) -> dict[str, Any]:
        self._seq += 1
        return {
            **self._place(),
            "schema": schema,
            "stream": "s",
            "seq": self._seq,
            "id": f"s:{self._seq}",
            "received_at": iso(received + self.ahead_s),
            "device_time": None,
            "clock_offset_s": None,
            "simulated": False,
            "historical": False,
            **more,
        }


def observation(metric: str = "spo2", value: Any = 97, unit: str | None = "%", **more: Any) -> dict[str, Any]:
    plain = {"validity": "valid", "reason": None, "mdc": None, "loinc": None, "name": "", "raw": "", "source": ""}
    return {"metric": metric, "value": value, "unit": unit, **plain, **more}


@pytest.fixture
def clinic() -> Clinic:
    clinic = Clinic()
    clinic.gateway(NOW)
    clinic.status(NOW)
    clinic.observe(NOW, observation())
    return clinic


def drawn(view: View, width: int = 80, trouble: str = "") -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table(view, "onlooker watch", trouble))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


# What is current


def test_a_delivering_device_is_shown_with_value_unit_and_age(clinic: Clinic) -> None:
    row = clinic.row(NOW + 2)
    (cell,) = row.cells
    assert (row.state, row.is_current, row.simulated) == ("delivering", True, False)
    assert (cell.value, cell.unit, cell.validity, cell.age_s, cell.is_current) == (97, "%", "valid", 2.0, True)
    assert "SpO2 97 % 2s" in drawn(clinic.board.view(NOW + 2))


def test_nothing_is_current_past_the_status_end(clinic: Clinic) -> None:
    clinic.gateway(NOW + 80)
    assert clinic.row(NOW + 90).is_current
    row = clinic.row(NOW + 91)
    assert (row.is_current, row.why_not) == (False, "status expired")
    assert not row.cells[0].is_current
    assert "SpO2 97 % OLD 1m" in drawn(clinic.board.view(NOW + 91))


def test_nothing_is_current_while_the_gateway_is_offline(clinic: Clinic) -> None:
    clinic.gateway(NOW + 1, "offline", sent_at=None, expires_at=None)  # as a last will says it
    row = clinic.row(NOW + 1)
    assert (row.is_current, row.why_not, row.cells[0].is_current) == (False, "gateway offline", False)
    (gateway,) = clinic.board.view(NOW + 1).gateways
    assert (gateway.state, gateway.is_current) == ("offline", False)


def test_a_gateway_that_has_vanished_without_a_will_is_expired(clinic: Clinic) -> None:
    clinic.status(NOW + 80)
    assert clinic.row(NOW + 91).why_not == "status expired"
    assert clinic.board.view(NOW + 91).gateways[0].state == "expired"


@pytest.mark.parametrize("state", ["connecting", "silent", "damaged", "disconnected"])
def test_only_a_delivering_device_has_current_values(clinic: Clinic, state: str) -> None:
    clinic.status(NOW + 1, state)
    row = clinic.row(NOW + 1)
    assert (row.state, row.is_current, row.why_not, row.cells[0].is_current) == (state, False, state, False)


def test_nothing_is_current_without_a_broker(clinic: Clinic) -> None:
    view = clinic.board.view(NOW + 1, is_connected=False)
    assert not view.rows[0].is_current
    assert not view.gateways[0].is_current
    assert "OLD" in drawn(view, trouble="no connection")


@pytest.mark.parametrize("missing", ["gateway", "status"])
def test_values_alone_are_not_current(missing: str) -> None:
    clinic = Clinic()
    if missing == "gateway":
        clinic.status(NOW)
    else:
        clinic.gateway(NOW)
    clinic.observe(NOW, observation())
    row = clinic.row(NOW + 1)
    assert not row.is_current
    assert row.why_not == ("gateway unknown" if missing == "gateway" else "no status yet")


def test_a_value_that_is_no_longer_sent_grows_old_though_the_device_delivers(clinic: Clinic) -> None:
    for second in range(1, 30):
        clinic.observe(NOW + second, observation("pulse_rate", 72, "/min"), *[observation()] * (second < 5))
    clinic.gateway(NOW + 29)
    clinic.status(NOW + 29)
    spo2, pulse = clinic.row(NOW + 30).cells
    assert (spo2.age_s, spo2.is_current) == (26.0, False)
    assert (pulse.age_s, pulse.is_current) == (1.0, True)


def test_a_value_that_comes_once_a_minute_stays_current_in_between(clinic: Clinic) -> None:
    for minute in range(1, 4):
        clinic.observe(NOW + 60 * minute, observation())
        clinic.gateway(NOW + 60 * minute)
        clinic.status(NOW + 60 * minute)
    assert clinic.row(NOW + 180 + 59).cells[0].is_current


def test_a_cuff_is_as_old_as_its_measurement(clinic: Clinic) -> None:
    when = {"device_time": "2025-12-31T23:50:00", "measured_at": iso(NOW - 600)}
    clinic.observe(NOW, *(observation(f"nibp_{name}", v, "mm[Hg]", **when) for name, v in PRESSURES))
    cells = clinic.row(NOW + 1).cells[1:]
    assert [(cell.value, round(cell.age_s), cell.is_current) for cell in cells] == [
        (121, 601, True),
        (79, 601, True),
        (93, 601, True),
    ]
    assert "NIBP 121/79 (93) mmHg 10m" in drawn(clinic.board.view(NOW + 1))
    clinic.gateway(NOW + 3500)
    clinic.status(NOW + 3500)
    assert not clinic.row(NOW + 3500).cells[1].is_current


PRESSURES = (("systolic", 121), ("diastolic", 79), ("mean", 93))


def test_the_backlog_never_replaces_what_came_live(clinic: Clinic) -> None:
    clinic.observe(NOW + 3, observation(value=88), received=NOW - 60, historical=True)
    assert clinic.row(NOW + 3).cells[0].value == 97
    clinic.observe(NOW + 3, observation(value=88), received=NOW + 2, historical=True)  # late news, said now
    assert clinic.row(NOW + 3).cells[0].value == 97


def test_what_is_only_historical_is_not_current() -> None:
    clinic = Clinic()
    clinic.gateway(NOW)
    clinic.status(NOW)
    clinic.observe(NOW, observation(), historical=True)
    cell = clinic.row(NOW).cells[0]
    assert (cell.value, cell.is_current) == (97, False)


@pytest.mark.parametrize("ahead_s", [-3600.0, 7200.0])
def test_ages_hold_though_the_clocks_of_gateway_and_watcher_differ(ahead_s: float) -> None:
    clinic = Clinic(ahead_s=ahead_s)
    clinic.gateway(NOW)
    clinic.status(NOW)
    clinic.observe(NOW, observation())
    view = clinic.board.view(NOW + 5)
    assert (view.rows[0].cells[0].age_s, view.rows[0].is_current) == (5.0, True)
    assert view.gateways[0].clock_ahead_s == ahead_s
    assert "its clock differs" in drawn(view)
    assert not clinic.row(NOW + 91).is_current


def test_an_old_retained_status_teaches_no_clock() -> None:
    board = Board()
    for kind, said in (("chair1/chair1-monitor/status", STATUS), ("_gateway/gw1/status", GATEWAY)):
        board.feed(f"{ROOT}/clinic/{kind}", json.dumps(said).encode(), NOW, retained=True)
    (row,) = board.view(NOW).rows
    assert (row.is_current, row.why_not) == (False, "status expired")


OLD = {"sent_at": iso(NOW - 7200), "expires_at": iso(NOW - 7110)}
STATUS = {"gateway": "gw1", "state": "delivering", "simulated": False, **OLD}
GATEWAY = {"state": "online", "simulated": False, **OLD}


# How values are shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (observation(value=None, validity="absent", reason="sensor off"), "SpO2 — (sensor off)"),
        (observation(value=None, validity="invalid", reason="over range"), "SpO2 — (over range)"),
        (observation(validity="questionable", reason="low perfusion"), "SpO2 97 % ?(low perfusion)"),
        (observation("temperature", 36.7, "Cel"), "Temp 36.7 °C"),
        (observation("infusion_rate", 0.1 + 0.2, "mL/h", source="13"), "Rate 0.3 mL/h"),
        (observation("time_remaining", 2450, "s"), "Ends in 0:40:50"),
        (observation("time_remaining", -5, "s"), "Ends in -5 s"),
        (observation("time_remaining", 1e9, "s"), "Ends in 1000000000 s"),
        (observation("time_remaining", 40, "min"), "Ends in 40 min"),
        (observation("infusion_state", "infusing", None), "Pump infusing"),
    ],
)
def test_a_value_is_shown_with_what_is_said_of_it(said: dict[str, Any], shown: str) -> None:
    clinic = Clinic()
    clinic.gateway(NOW)
    clinic.status(NOW)
    clinic.observe(NOW, said)
    view = clinic.board.view(NOW + 1)
    assert f"{shown} 1s" in words(view.rows[0])
    assert f"{shown} 1s" in drawn(view)


def test_a_source_is_said_where_it_tells_two_values_apart(clinic: Clinic) -> None:
    primary, secondary = (observation("infusion_rate", rate, "mL/h", source=str(rate)) for rate in (12, 75))
    clinic.observe(NOW, primary, secondary, observation("temperature", 36.6, "Cel", source="T1"))
    text = words(clinic.row(NOW))
    assert "Temp 36.6 °C 0s  Rate[12] 12 mL/h 0s  Rate[75] 75 mL/h 0s" in text


def test_a_note_stands_below_the_heading_where_a_small_window_shows_it(clinic: Clinic) -> None:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(table(clinic.board.view(NOW), "onlooker watch", "", "mosquitto_sub -t '#'"))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[1].rstrip() == "mosquitto_sub -t '#'"


def test_a_disowned_value_is_not_shown_though_a_sender_breaks_the_contract() -> None:
    clinic = Clinic()
    said = {"observations": [{**observation(value=511), "validity": "invalid", "reason": "over range"}]}
    payload = json.dumps({**said, "received_at": iso(NOW), "simulated": False, "historical": False})
    clinic.board.feed(f"{ROOT}/clinic/chair1/x/observations", payload.encode(), NOW)
    assert clinic.row(NOW).cells[0].value is None
    assert "511" not in drawn(clinic.board.view(NOW))


def test_metrics_without_a_label_are_counted(clinic: Clinic) -> None:
    clinic.observe(NOW, observation("unmapped", "5", None, name="A"), observation("unmapped", "6", None, name="B"))
    assert clinic.row(NOW).more == 2
    assert "+2 more" in drawn(clinic.board.view(NOW))


def test_test_data_are_marked_as_such() -> None:
    clinic = Clinic(root="onlooker-test/v1")
    clinic.gateway(NOW)
    clinic.status(NOW)
    assert clinic.row(NOW).simulated
    assert "SIM" in drawn(clinic.board.view(NOW))


def test_a_devices_own_test_data_live_by_their_gateways_status() -> None:
    clinic = Clinic()
    clinic.gateway(NOW)
    clinic.root = "onlooker-test/v1"
    clinic.status(NOW)
    row = clinic.row(NOW)
    assert (row.is_current, row.simulated) == (True, True)


def test_alarms_stand_until_they_end_and_events_come_once(clinic: Clinic) -> None:
    clinic.happen(NOW, "alarm", "begin", code="occlusion", priority="high", text="Druck hoch")
    view = clinic.board.view(NOW + 5)
    (alarm,) = view.rows[0].alarms
    assert (alarm.code, alarm.priority, alarm.text, alarm.age_s) == ("occlusion", "high", "Druck hoch", 5.0)
    assert "ALARM occlusion high Druck hoch since 5s" in drawn(view)
    clinic.happen(NOW + 6, "alarm", "end", code="occlusion", text="Druck hoch")
    clinic._seq -= 1
    clinic.happen(NOW + 7, "alarm", "end", code="occlusion", text="Druck hoch")  # sent again: the same id
    view = clinic.board.view(NOW + 7)
    assert view.rows[0].alarms == ()
    assert [(event.number, event.phase) for event in view.events] == [(1, "begin"), (2, "end")]


def test_a_change_is_shown_from_and_to(clinic: Clinic) -> None:
    clinic.happen(NOW, "infusion_rate_changed", None, **{"from": 36.0, "to": 18.0})
    (event,) = clinic.board.view(NOW).events
    assert event.what == "36.0 → 18.0"
    assert "chair1/chair1-monitor infusion_rate_changed 36.0 → 18.0" in words(event)


def test_a_gateway_line_says_version_outbox_and_drops(clinic: Clinic) -> None:
    (gateway,) = clinic.board.view(NOW).gateways
    assert words(gateway) == "gateway clinic/gw1 online 0.1.0  outbox 3  dropped 2"


def test_a_gateway_line_says_what_the_broker_refused(clinic: Clinic) -> None:
    clinic.gateway(NOW, refused={"not authorized": 4, "quota exceeded": 1})
    (gateway,) = clinic.board.view(NOW).gateways
    assert words(gateway) == "gateway clinic/gw1 online 0.1.0  outbox 3  dropped 2  refused by the broker 5"


def test_an_empty_retained_message_forgets_a_device(clinic: Clinic) -> None:
    clinic.board.feed(f"{ROOT}/clinic/chair1/chair1-monitor/status", b"", NOW)
    clinic.board.feed(f"{ROOT}/clinic/_gateway/gw1/status", b"", NOW)
    assert clinic.board.view(NOW) == View((), (), (), 0)


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_table_fits_its_terminal(width: int) -> None:
    clinic = Clinic(device="chair1-monitor-with-a-long-name")
    clinic.gateway(NOW)
    clinic.status(NOW)
    clinic.observe(NOW, observation(), observation("pulse_rate", 72, "/min"), observation("etco2", 38, "mm[Hg]"))
    text = drawn(clinic.board.view(NOW), width)
    assert all(len(line) <= width for line in text.splitlines())
    for whole in ("SpO2 97 % 0s", "PR 72 /min 0s", "EtCO2 38 mmHg 0s"):
        assert whole in text  # never broken inside


# What a stranger may send


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("elsewhere/v1/a/b/c/status", b"{}"),
        (f"{ROOT}/a/b/c", b"{}"),
        (f"{ROOT}/a/b/c/d/e", b"{}"),
        (f"{ROOT}/a/b/c/observations", b"[1]"),
        (f"{ROOT}/a/b/c/observations", b"{"),
        (f"{ROOT}/a/b/c/observations", b"\xff"),
        (f"{ROOT}/a/b/c/observations", b"[" * 100_000),
        (f"{ROOT}/a/b/c/observations", b'{"observations": 5}'),
        (f"{ROOT}/a/b/c/observations", b'{"x": NaN}'),
        (f"{ROOT}/a/b/c/status", b" " * 2_000_000),
        (f"{ROOT}/a/b/c/elsewhere", b"{}"),
    ],
)
def test_what_is_not_understood_is_counted(topic: str, payload: bytes) -> None:
    board = Board()
    board.feed(topic, payload, NOW)
    view = board.view(NOW)
    assert view.not_understood == 1
    assert "not understood" in drawn(view)


def test_text_cannot_play_with_the_terminal(clinic: Clinic) -> None:
    clinic.observe(NOW, observation("drug_name", "\x1b[2J\x07Ketamin\u202e" + "x" * 500, None))
    clinic.happen(NOW, "alarm", "begin", code="occlusion", text="[red]\x1b]0;x\x07")
    text = drawn(clinic.board.view(NOW)) + words(clinic.row(NOW))
    assert "Ketamin" in text
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert len(max(text.split(), key=len)) < 100


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(STATUS)), inner, max_size=4),
    max_leaves=10,
)
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "observations": st.lists(st.fixed_dictionaries({"metric": st.just("spo2") | JSON}, optional={"value": JSON})),
        "received_at": st.just(iso(NOW)) | st.text(max_size=30),
        "dropped": JSON,
        "refused": JSON,
        "state": JSON,
        "expires_at": JSON,
        "sent_at": JSON,
        "outbox_depth": JSON,
        "event": JSON,
        "gateway": JSON,
    },
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a/b/c/observations", "a/b/c/events", "a/b/c/status", "a/_gateway/gw1/status"]),
            MESSAGE | JSON | st.binary(max_size=50),
        ),
        max_size=5,
    )
)
def test_no_message_breaks_the_board(messages: list[tuple[str, object]]) -> None:
    board = Board()
    for topic, said in messages:
        board.feed(f"{ROOT}/{topic}", said if isinstance(said, bytes) else json.dumps(said).encode(), NOW)
    view = board.view(NOW + 1)
    assert drawn(view)
    said_in_lines: list[Line] = [*view.rows, *view.gateways, *view.events]
    assert all(words(said) for said in said_in_lines)
    assert all(
        not isinstance(cell.value, float) or math.isfinite(cell.value) for row in view.rows for cell in row.cells
    )


# Lines


def lines_of(*views: View, as_json: bool = False) -> list[str]:
    written: list[str] = []
    lines = Lines(written.append, lambda _line: None, as_json=as_json)
    for view in views:
        lines.show(view, "")
    return written


def test_lines_are_written_for_news_and_not_for_age_alone(clinic: Clinic) -> None:
    first, later = clinic.board.view(NOW + 1), clinic.board.view(NOW + 2)
    clinic.observe(NOW + 3, observation(value=96))
    clinic.happen(NOW + 3, "device_restarted")
    news = clinic.board.view(NOW + 3)
    old = clinic.board.view(NOW + 200)
    written = lines_of(first, later, news, old)
    assert [line.split()[0] for line in written[:2]] == ["gateway", "chair1/chair1-monitor"]
    assert "SpO2 96 %" in written[2]
    assert "device_restarted" in written[3]
    assert "expired" in written[4]
    assert "OLD" in written[5]
    assert len(written) == 6


def test_json_lines_say_their_kind(clinic: Clinic) -> None:
    clinic.happen(NOW, "device_restarted")
    gateway, device, event = map(json.loads, lines_of(clinic.board.view(NOW), as_json=True))
    assert (gateway["kind"], gateway["state"], gateway["outbox_depth"]) == ("gateway", "online", 3)
    assert (device["kind"], device["cells"][0]["metric"], device["cells"][0]["is_current"]) == ("device", "spo2", True)
    assert (event["kind"], event["event"]) == ("event", "device_restarted")


def test_trouble_is_said_once() -> None:
    warned: list[str] = []
    lines = Lines(lambda _line: None, warned.append, as_json=False)
    view = Board().view(NOW)
    for trouble in ("no connection", "no connection", "", ""):
        lines.show(view, trouble)
    assert warned == ["no connection", "connected"]


# A real broker


def feed_the_broker(port: int, now: float) -> None:
    """A device's retained status from before, and one observation a while later."""
    place = {
        "gateway": "gw1",
        "family": "monitor",
        "simulated": False,
        "sent_at": iso(now),
        "expires_at": iso(now + 90),
    }

    async def publish() -> None:
        async with aiomqtt.Client("127.0.0.1", port) as client:
            for topic, said in (
                ("_gateway/gw1/status", {**place, "state": "online", "version": "0.1.0"}),
                ("chair1/x/status", {**place, "state": "delivering", "since": iso(now)}),
            ):
                await client.publish(f"{ROOT}/clinic/{topic}", json.dumps(said), qos=1, retain=True)

    asyncio.run(publish())


@pytest.mark.slow
def test_one_look_at_a_broker_shows_what_it_keeps(capsys: pytest.CaptureFixture[str]) -> None:
    with EmbeddedBroker(port=(port := free_port())):
        feed_the_broker(port, time.time())
        assert cli.main(["watch", f"mqtt://127.0.0.1:{port}", "--for", "1.5", "--json"]) == 0
        gateway, device = map(json.loads, capsys.readouterr().out.splitlines())
        assert (gateway["state"], gateway["is_current"]) == ("online", True)
        assert (device["state"], device["is_current"], device["cells"]) == ("delivering", True, [])
        assert cli.main(["watch", f"mqtt://127.0.0.1:{port}", "--once", "--for", "1.5"]) == 0
        assert "chair1" in capsys.readouterr().out
        assert cli.main(["watch", f"mqtt://127.0.0.1:{port}", "--once", "--for", "1.5", "--root", "elsewhere"]) == 1
        assert "waiting for devices below elsewhere" in capsys.readouterr().out


def test_without_a_broker_it_says_so_and_finds_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    assert cli.main(["watch", f"mqtt://127.0.0.1:{port}", "--for", "0.3", "--json"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"no connection to mqtt://127.0.0.1:{port} (Connection refused): trying again every 2 s" in err


@pytest.mark.slow
def test_sigterm_is_a_good_end() -> None:
    with EmbeddedBroker(port=(port := free_port())):
        words = [sys.executable, "-m", "gateway.cli", "watch", f"mqtt://127.0.0.1:{port}"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "waiting for devices" in process.stderr.readline() + process.stderr.readline()
            process.terminate()
            assert process.wait(10) == 0
