import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Line
from gateway.config import Config, ConfigError, DeviceConfig, Fault, load, schema
from gateway.registry import installed
from tests.gateway.fake_families import MONITOR, PumpSettings, registry

GOOD = """\
site: clinic-a
gateway: gw1
mode: production
timezone: Europe/Berlin
broker: {url: "mqtts://broker", user: gw1, password_file: mqtt.password}
outbox: {path: outbox.sqlite, max_mib: 100, max_days: 7.5}
links:
  chair1-monitor: {family: monitor, port: "serial:///dev/ttyUSB0?baudrate=9600", station: chair1}
  rack1:
    family: pump
    port: tcp://192.168.100.41:4001
    settings: {stuffing: no, poll_s: 2}
    devices:
      13: {device: chair1-pump, station: chair1}
      "07": {device: chair2-pump}
    accept_risk: only reader of this rack (reading uses up its counters); agreed with biomed 2026-11-20
    silent_after_s: 60
    timezone: UTC
    waveforms: [pleth]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    password = tmp_path / "mqtt.password"
    password.write_text("secret\n")
    password.chmod(0o600)
    return tmp_path


def loaded(folder: Path, text: str, environment: dict[str, str] | None = None) -> Config:
    path = folder / "gateway.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, registry(), environment or {})


def faults(folder: Path, text: str, environment: dict[str, str] | None = None) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text, environment)
    assert all(fault.message and fault.remedy for fault in caught.value.faults)
    assert all(fault.file.endswith("gateway.yaml") for fault in caught.value.faults)
    return caught.value.faults


def only_fault(folder: Path, text: str, environment: dict[str, str] | None = None) -> Fault:
    found = faults(folder, text, environment)
    assert len(found) == 1, [str(fault) for fault in found]
    return found[0]


def test_a_good_file_is_read_with_all_its_defaults(folder: Path) -> None:
    config = loaded(folder, GOOD)
    assert (config.site, config.gateway, config.root, config.simulated) == ("clinic-a", "gw1", "onlooker/v1", False)
    assert (config.broker.scheme, config.broker.host, config.broker.port) == ("mqtts", "broker", 8883)
    assert (config.broker.user, config.broker.password, config.broker.version) == ("gw1", "secret", "3.1.1")
    assert (config.broker.client_id, config.broker.keepalive_s) == ("onlooker-clinic-a-gw1", 5)
    assert config.outbox.path == folder / "outbox.sqlite"
    assert (config.outbox.max_mib, config.outbox.max_days) == (100, 7.5)
    monitor, rack = config.links.values()
    assert (monitor.name, monitor.family, monitor.device, monitor.station) == (
        "chair1-monitor",
        MONITOR,
        "chair1-monitor",
        "chair1",
    )
    assert monitor.line == Line(baudrate=9600, parity="E")
    assert (monitor.silent_after_s, monitor.timezone) == (10.0, ZoneInfo("Europe/Berlin"))
    assert rack.settings == PumpSettings(stuffing=False, poll_s=2.0)
    assert rack.devices == {"13": DeviceConfig("chair1-pump", "chair1"), "07": DeviceConfig("chair2-pump")}
    assert (rack.silent_after_s, rack.timezone, rack.waveforms) == (60.0, ZoneInfo("UTC"), frozenset({"pleth"}))
    assert (rack.port.scheme, rack.port.host, rack.port.port) == ("tcp", "192.168.100.41", 4001)


def test_a_password_is_not_shown_with_the_configuration(folder: Path) -> None:
    assert "secret" not in repr(loaded(folder, GOOD))


def test_test_mode_has_its_own_root(folder: Path) -> None:
    config = loaded(folder, GOOD.replace("mode: production", "mode: test"))
    assert (config.root, config.simulated) == ("onlooker-test/v1", True)


def test_a_password_may_come_from_the_environment(folder: Path) -> None:
    text = GOOD.replace("password_file: mqtt.password", "password_env: MQTT_PASSWORD")
    assert loaded(folder, text, {"MQTT_PASSWORD": "other"}).broker.password == "other"
    assert "MQTT_PASSWORD is not set" in only_fault(folder, text).message


def test_line_settings_may_stand_below_the_link(folder: Path) -> None:
    text = GOOD.replace(
        '?baudrate=9600", station: chair1', '", line: {baudrate: 57600, parity: N, stopbits: 2, dtr: no}'
    )
    assert loaded(folder, text).links["chair1-monitor"].line == Line(baudrate=57600, parity="N", stopbits=2, dtr=False)


def test_names_keep_their_zeros(folder: Path) -> None:
    config = loaded(folder, GOOD.replace("station: chair1}\n  rack1", "station: 007}\n  rack1"))
    assert config.links["chair1-monitor"].station == "007"


def test_a_recording_is_found_beside_the_file_and_in_test_mode_only(folder: Path) -> None:
    (folder / "chair1.jsonl").write_text("{}")
    text = GOOD.replace("serial:///dev/ttyUSB0?baudrate=9600", "replay://chair1.jsonl")
    assert "production" in only_fault(folder, text).message
    link = loaded(folder, text.replace("mode: production", "mode: test")).links["chair1-monitor"]
    assert link.port.path == str(folder / "chair1.jsonl")


# One fault each: (what to replace, by what, key, part of the message, part of the remedy)
ONE_FAULT = [
    ("site: clinic-a", "site: clinic a", "site", "is no name", "letters, digits"),
    ("site: clinic-a", "site: _clinic", "site", "is no name", "not beginning with _"),
    ("site: clinic-a\n", "", "site", "is missing", "site: clinic-a"),
    ("site: clinic-a", "site:", "site", "is missing", "site: clinic-a"),
    ("site: clinic-a", "site: true", "site", "string", "quotes"),
    ("site: clinic-a", "site: " + "a" * 65, "site", "at most 64", "64"),
    ("mode: production", "mode: live", "mode", "'production' or 'test'", "write one of"),
    ("timezone: Europe/Berlin", "timezone: Berlin", "timezone", "unknown time zone", "Europe/Berlin"),
    ("timezone: Europe/Berlin", "timezone: ../etc/passwd", "timezone", "unknown time zone", "Europe/Berlin"),
    ("timezone: Europe/Berlin", "timezone: 5", "timezone", "text", "quotes"),
    ("mqtts://broker", "mqtts://broker:0", "broker.url", "1 to 65535", "mqtts://broker"),
    ("mqtts://broker", "mqtts://broker:99999", "broker.url", "1 to 65535", "mqtts://broker"),
    ("mqtts://broker", "mqtts://gw1:hunter2@broker", "broker.url", "don't belong", "mqtts://broker"),
    ("mqtts://broker", "http://broker", "broker.url", "not known", "mqtts://"),
    ("mqtts://broker", "broker", "broker.url", "no URL", "mqtts://"),
    ("mqtts://broker", "mqtts://", "broker.url", "host is missing", "mqtts://broker"),
    ("mqtts://broker", "mqtts://broker?x=1", "broker.url", "takes no ?x=1", "mqtts://broker"),
    ("mqtts://broker", "embedded://127.0.0.1:1883", "broker.url", "restart", "mode: test"),
    ("user: gw1, ", "", "broker.password_file", "without a user", "user: NAME"),
    ("mqtt.password}", "other.password}", "broker.password_file", "there is no file", "make it"),
    ("password_file: mqtt.password", "password: x", "broker.password", "unknown key", "password_file"),
    ("mqtt.password}", "mqtt.password, key_file: mqtt.password}", "broker.key_file", "certificate", "cert_file"),
    ("mqtt.password}", "mqtt.password, version: 4}", "broker.version", "'3.1.1' or '5'", "write one of"),
    ("mqtt.password}", "mqtt.password, keepalive_s: yes}", "broker.keepalive_s", "integer", "whole number"),
    ("mqtt.password}", "mqtt.password, keepalive_s: 0}", "broker.keepalive_s", "greater", "at least 1"),
    ("outbox.sqlite", "nowhere/outbox.sqlite", "outbox.path", "no folder", "mkdir"),
    ("outbox.sqlite", ".", "outbox.path", "is a folder", "outbox.sqlite"),
    ("max_mib: 100", "max_mib: 1.5", "outbox.max_mib", "integer", "whole number"),
    ("max_days: 7.5", "max_days: .inf", "outbox.max_days", "", "number"),
    ("family: monitor", "family: monitr", "links.chair1-monitor.family", "unknown family", "monitor, pump, sender"),
    ("chair1-monitor:", "chair 1:", "links.chair 1", "is no name", "letters, digits"),
    ("station: chair1}\n  r", "station: chair/1}\n  r", "links.chair1-monitor.station", "is no name", "letters"),
    ("station: chair1}\n  r", "staton: chair1}\n  r", "links.chair1-monitor.staton", "unknown key", "station?"),
    ("station: chair1}\n  r", "colour: red}\n  r", "links.chair1-monitor.colour", "unknown key", "waveforms"),
    ("tcp://192.168.100.41:4001", "tcp://192.168.100.41", "links.rack1.port", "port number is missing", "tcp://"),
    ("tcp://192.168.100.41:4001", "tcp://192.168.100.999:1", "links.rack1.port", "no host", "tcp://"),
    ("tcp://192.168.100.41:4001", "tcp://192.168.100.41:x", "links.rack1.port", "1 to 65535", "tcp://"),
    ("tcp://192.168.100.41:4001", "tcp://h:4001?baudrate=9600", "links.rack1.port", "takes no", "leave"),
    ("tcp://192.168.100.41:4001", "tcp://h:4001/x", "links.rack1.port", "may follow", "tcp://"),
    ("tcp://192.168.100.41:4001", "udp://h:4001", "links.rack1.port", "doesn't come over udp://", "tcp://"),
    ("tcp://192.168.100.41:4001", "tcp//h:4001", "links.rack1.port", "no URL", "serial://"),
    ("serial:///dev/ttyUSB0", "/dev/ttyUSB0", "links.chair1-monitor.port", "no URL", "serial:///dev/ttyUSB0"),
    ("serial:///dev/ttyUSB0", "serial://dev/ttyUSB0", "links.chair1-monitor.port", "absolute path", "three slashes"),
    ("serial:///dev/ttyUSB0", "serial:///dev/tty#1", "links.chair1-monitor.port", "ends the path", "%23"),
    ("?baudrate=9600", "?baudrate=fast", "links.chair1-monitor.port", "baudrate", "line settings are"),
    ("?baudrate=9600", "?speed=9600", "links.chair1-monitor.port", "speed", "line settings are baudrate"),
    ("?baudrate=9600", "?parity=X", "links.chair1-monitor.port", "parity", "line settings are"),
    ("?baudrate=9600", "?baudrate=1&baudrate=2", "links.chair1-monitor.port", "twice", "one of the two"),
    ("station: chair1}\n  r", "line: {baudrate: 300}}\n  r", "links.chair1-monitor.line", "URL too", "one of the two"),
    ("station: chair1}\n  r", "line: {speed: 300}}\n  r", "links.chair1-monitor.line.speed", "unknown key", "baudrate"),
    ("station: chair1}\n  r", "line: {stopbits: 3}}\n  r", "links.chair1-monitor.line.stopbits", "1 or 2", "one of"),
    ("waveforms: [pleth]", "line: {baudrate: 9600}", "links.rack1.line", "no effect over tcp://", "other end"),
    ("waveforms: [pleth]", "waveforms: pleth", "links.rack1.waveforms", "must be a list", "[pleth]"),
    ("{device: chair2-pump}", "chair2-pump", "links.rack1.devices.07", "must be a mapping", "key, colon, value"),
    ("waveforms: [pleth]", "waveforms: [{a: b}]", "links.rack1.waveforms.0", "string", "quotes"),
    ("poll_s: 2", "poll_s: often", "links.rack1.settings.poll_s", "number", "README"),
    ("poll_s: 2", "pol_s: 2", "links.rack1.settings.pol_s", "unknown setting", "stuffing, poll_s"),
    ("poll_s: 2", "ward: 3", "links.rack1.settings.ward", "string", "quotes"),
    ("{stuffing: no, poll_s: 2}", "[a]", "links.rack1.settings", "mapping", "{name: value}"),
    ("station: chair1}\n  r", "settings: {a: 1}}\n  r", "links.chair1-monitor.settings.a", "unknown", "no settings"),
    ("device: chair2-pump", "device: _x", "links.rack1.devices.07.device", "is no name", "letters"),
    ("device: chair2-pump", "station: x", "links.rack1.devices.07.device", "is missing", "chair1-pump"),
    ("device: chair2-pump", "device: chair1-pump", "links.rack1.devices.07.device", "line 14 already", "of its own"),
    ("device: chair2-pump", "device: rack1", "links.rack1.devices.07.device", "line 9 already", "of its own"),
    ("silent_after_s: 60", "silent_after_s: 0", "links.rack1.silent_after_s", "greater than 0", "above 0"),
    ("silent_after_s: 60", "silent_after_s: true", "links.rack1.silent_after_s", "number", "without quotes"),
]


@pytest.mark.parametrize(("old", "new", "key", "message", "remedy"), ONE_FAULT)
def test_one_fault_is_found_alone(folder: Path, old: str, new: str, key: str, message: str, remedy: str) -> None:
    assert GOOD.count(old) >= 1
    fault = only_fault(folder, GOOD.replace(old, new, 1))
    assert fault.key == key
    assert message in fault.message
    assert remedy in fault.remedy
    assert "hunter2" not in str(fault)


def test_a_refused_family_quotes_why_and_asks_for_a_reason(folder: Path) -> None:
    line = next(line for line in GOOD.splitlines() if "accept_risk" in line)
    fault = only_fault(folder, GOOD.replace(line, ""))
    assert (fault.key, fault.line) == ("links.rack1.accept_risk", 10)
    assert "reading uses up its counters" in fault.message
    assert "why it is acceptable here" in fault.remedy
    short = only_fault(folder, GOOD.replace(line, "    accept_risk: ok"))
    assert "too short" in short.message
    assert "who agreed" in short.remedy


def test_a_request_with_an_effect_needs_a_reason_too(folder: Path) -> None:
    path = folder / "gateway.yaml"
    line = next(line for line in GOOD.splitlines() if "accept_risk" in line)
    path.write_text(GOOD.replace(line, ""))
    families = registry()
    pump = replace(families.get("pump"), refused="")
    with pytest.raises(ConfigError, match="uses up the counter of new errors"):
        load(path, registry([MONITOR, pump]))


def test_a_password_that_everybody_can_read_is_a_fault(folder: Path) -> None:
    (folder / "mqtt.password").chmod(0o644)
    fault = only_fault(folder, GOOD)
    assert "everybody" in fault.message
    assert fault.remedy.startswith("chmod")


def test_an_empty_password_is_a_fault(folder: Path) -> None:
    (folder / "mqtt.password").write_text("\n")
    assert "is empty" in only_fault(folder, GOOD).message


def test_certificates_must_exist_and_belong_to_tls(folder: Path) -> None:
    (folder / "ca.pem").write_text("")
    text = GOOD.replace("mqtt.password}", "mqtt.password, ca_file: ca.pem}")
    assert loaded(folder, text).broker.ca_file == folder / "ca.pem"
    assert "no effect over mqtt://" in only_fault(folder, text.replace("mqtts://", "mqtt://")).message


def test_the_embedded_broker_speaks_one_version(folder: Path) -> None:
    text = GOOD.replace("production", "test").replace("mqtts://broker", "embedded://127.0.0.1")
    assert loaded(folder, text).broker.port == 1883
    assert "3.1.1 only" in only_fault(folder, text.replace("user: gw1", 'version: "5", user: gw1')).message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("serial:///dev/ttyS0", "serial:///dev/ttyS0?baudrate=300"),
        ("serial:///dev/ttyS0", "serial:///dev/../dev/ttyS0"),
        ("rfc2217://Box:4001", "rfc2217://box:4001?parity=E"),
    ],
)
def test_a_port_has_one_reader(folder: Path, first: str, second: str) -> None:
    text = GOOD + f'  a: {{family: monitor, port: "{first}"}}\n  b: {{family: monitor, port: "{second}"}}\n'
    fault = only_fault(folder, text)
    assert (fault.key, fault.message) == ("links.b.port", "link a has this port already")


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [("0.0.0.0", "127.0.0.1", True), ("10.0.0.1", "10.0.0.2", False), ("[::]", "10.0.0.2", True)],
)
def test_listening_everywhere_takes_the_port_of_each_address(
    folder: Path, first: str, second: str, clash: bool
) -> None:
    text = GOOD + "".join(
        f'  {name}: {{family: sender, port: "listen://{host}:2575"}}\n' for name, host in (("a", first), ("b", second))
    )
    if clash:
        assert only_fault(folder, text).key == "links.b.port"
    else:
        assert loaded(folder, text).links["b"].port.host == second


def test_a_port_on_the_network_serves_what_is_wired_serially(folder: Path) -> None:
    text = GOOD.replace("serial:///dev/ttyUSB0?baudrate=9600", "rfc2217://box:4001?baudrate=1200")
    assert loaded(folder, text).links["chair1-monitor"].line.baudrate == 1200


def test_all_faults_are_found_at_once_each_with_its_place(folder: Path) -> None:
    text = """\
site: clinic a
gateway: gw1
gateway: gw2
mode: live
timezone: Mars
broker: {url: x, pasword_file: y}
links:
  a: {family: monitr, port: tcp://h:0}
  b:
    family: pump
    port: udp://h:1
    settings: {poll_s: often, pol: 1}
    devices: {1: {device: a}}
"""
    found = [(fault.line, fault.column, fault.key) for fault in faults(folder, text)]
    assert found == [
        (1, 7, "site"),
        (3, 1, "gateway"),
        (4, 7, "mode"),
        (5, 11, "timezone"),
        (6, 15, "broker.url"),
        (6, 18, "broker.pasword_file"),
        (8, 15, "links.a.family"),
        (8, 29, "links.a.port"),
        (10, 5, "links.b.accept_risk"),
        (11, 11, "links.b.port"),
        (12, 24, "links.b.settings.poll_s"),
        (12, 31, "links.b.settings.pol"),
        (13, 27, "links.b.devices.1.device"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1\nb: 2", 2, "not YAML"),
        ("a: b: c", 1, "not YAML"),
        ("site: a\n\tgateway: b", 2, "not YAML"),
        ("a: *z", 1, "undefined alias"),
        ("a: 1\n---\nb: 2", 2, "another document"),
        ("a: \x00", 1, "not YAML"),
    ],
)
def test_what_is_no_yaml_is_one_fault_with_its_line(folder: Path, text: str, line: int, message: str) -> None:
    fault = only_fault(folder, text)
    assert fault.line == line
    assert message in fault.message


def test_an_alias_without_end_is_a_fault(folder: Path) -> None:
    assert any("too deep" in fault.message for fault in faults(folder, GOOD + "x: &x {b: *x}\n"))
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    assert any("too much" in fault.message for fault in faults(folder, bomb))


def test_an_empty_file_lacks_everything(folder: Path) -> None:
    assert [fault.key for fault in faults(folder, "")] == ["site", "gateway", "mode", "timezone", "broker", "links"]
    assert faults(folder, "- a")[0].remedy.startswith("write a mapping")


def test_a_file_that_is_not_text_or_not_there_is_a_fault(folder: Path) -> None:
    path = folder / "gateway.yaml"
    path.write_bytes(b"site: a\nx: \xff")
    with pytest.raises(ConfigError, match=r"gateway\.yaml:2: is not UTF-8"):
        load(path, registry())
    with pytest.raises(ConfigError, match="can't be read"):
        load(folder / "none.yaml", registry())


def test_a_fault_reads_as_place_key_message_remedy(folder: Path) -> None:
    fault = only_fault(folder, GOOD.replace("mode: production", "mode: live"))
    expected = "3:7: mode: must be 'production' or 'test' (write one of 'production' or 'test')"
    assert str(fault) == f"{folder / 'gateway.yaml'}:{expected}"


def test_the_schema_takes_what_the_gateway_takes(folder: Path) -> None:
    described = schema()
    jsonschema.Draft202012Validator.check_schema(described)
    said: dict[str, object] = {
        "site": "a",
        "gateway": "g",
        "mode": "test",
        "timezone": "UTC",
        "broker": {"url": "mqtt://b"},
        "links": {"l": {"family": "monitor", "port": "tcp://h:1", "waveforms": ["pleth"]}},
    }
    jsonschema.validate(said, described)
    assert loaded(folder, json.dumps(said)).links["l"].waveforms == {"pleth"}
    said["links"] = {"l": {"family": "monitor", "port": "rfc2217://h:1", "line": {"dtr": False}}}
    jsonschema.validate(said, described)
    assert loaded(folder, json.dumps(said)).links["l"].line.dtr is False
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**said, "colour": "red"}, described)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="a:{}[]&*-\n \"'#|>!%@,?1", max_size=80))
def test_any_text_is_either_a_configuration_or_faults(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(ConfigError) as caught:
        load(path, registry())
    assert caught.value.faults


# The example

EXAMPLE = Path(__file__).parents[2] / "config" / "gateway.example.yaml"
OPTION = re.compile(r"^(\s*)# (?=[a-z][a-z_]*: )", re.MULTILINE)


def test_the_example_has_no_fault() -> None:
    config = load(EXAMPLE, installed())
    assert [link.family.name for link in config.links.values()] == ["masimo", "bbraun_space", "ihe_pcd", "masimo"]
    assert config.links["rack1"].devices == {"13": DeviceConfig("chair2-pump", "chair2")}


def test_the_examples_further_options_have_no_fault_once_their_files_are_there(tmp_path: Path) -> None:
    for name in ("mqtt.password", "ca.pem", "gw1.pem", "gw1.key", "chair1.jsonl"):
        (tmp_path / name).write_text("secret\n")
        (tmp_path / name).chmod(0o600)
    text = OPTION.sub(r"\1", EXAMPLE.read_text(encoding="utf-8"))
    path = tmp_path / "gateway.yaml"
    path.write_text(re.sub(r"^.*password_env.*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    config = load(path, installed())
    assert (config.broker.user, config.broker.password, config.broker.key_file) == (
        "gw1",
        "secret",
        tmp_path / "gw1.key",
    )
    assert config.links["bench"].port.scheme == "replay"


def test_the_example_holds_every_option() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    described = schema()
    sections = [described, *cast(dict[str, Any], described["$defs"]).values()]
    options = {name for section in sections for name in section["properties"]}
    assert [name for name in sorted(options) if not re.search(rf"(^\s*(# )?|[{{ ]){name}:", text, re.MULTILINE)] == []
