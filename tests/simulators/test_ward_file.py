from textwrap import dedent

import pytest

from simulators.ports import Address
from simulators.scenario import SCENARIOS
from simulators.ward_file import WardError, WardSection, load
from simulators.wire import Faults
from tests.simulators.tiny import REGISTRY, TinySettings

SMALLEST = """\
stations:
  chair1:
    devices:
      monitor: {family: tiny, port: pty}
"""


def ward(text: str) -> WardSection:
    return load(dedent(text), "ward.yaml", REGISTRY)


def faults(text: str) -> list[str]:
    with pytest.raises(WardError) as caught:
        ward(text)
    return str(caught.value).splitlines()


def test_the_smallest_ward_has_defaults_for_all_the_rest() -> None:
    found = ward(SMALLEST)
    chair = found.stations["chair1"]
    assert (found.site, found.gateway, found.timezone.key, found.speed) == ("demo", "gw1", "UTC", 1.0)
    assert chair.scenario == SCENARIOS["S1"]
    assert chair.slots == ("11",)
    device = chair.devices["monitor"]
    assert (device.family.name, device.port, device.settings) == ("tiny", Address("serial"), TinySettings())


def test_everything_that_can_be_said_is_read() -> None:
    found = ward(
        """\
        site: clinic-a
        gateway: gw2
        timezone: Europe/Berlin
        speed: 10
        seed: 7
        stations:
          chair1:
            scenario: S9
            begin_min: 20
            person: {weight_kg: 82, same_arm: false, model: clements}
            slots: ["11", 12]
            clock_fast_s: 1440
            devices:
              rack:
                family: tiny
                port: tcp://127.0.0.1:4001
                settings: {greeting: ahoy, period_s: 0.5}
                keys: {"11": chair1-pump, 12: chair1-carrier}
                link: {settings: {stuffing: true}, waveforms: [pleth], silent_after_s: 3}
                faults: {byte_at_a_time: true, baud: 9600, delay_s: 0.1, jitter_s: 0.2, loss: 0.1, corruption: 0.2,
                         out: [[60, 90]], unplugged: [[120, 150]]}
        """
    )
    chair = found.stations["chair1"]
    rack = chair.devices["rack"]
    assert chair.person == {"weight_kg": 82.0, "same_arm": False, "model": "clements"}
    assert chair.slots == ("11", "12")
    assert rack.settings == TinySettings("ahoy", 0.5)
    assert rack.keys == {"11": "chair1-pump", "12": "chair1-carrier"}
    assert rack.link.settings == {"stuffing": True}
    assert rack.faults.on_the_wire() == Faults(True, 0.1, 0.2, 9600, 0.1, 0.2, ((60.0, 90.0),))
    assert rack.faults.unplugged == ((120.0, 150.0),)


def test_all_faults_are_found_at_once_each_with_its_line() -> None:
    found = faults(
        """\
        site: _x
        timezone: Mars/Olympus
        speed: 0
        stations:
          chair1:
            scenario: S99
            begin_min: 500
            person: {shoe_size: 43}
            devices:
              one: {family: acme, port: pty}
              two: {family: deaf, port: pty}
              three: {family: tiny, port: carrier-pigeon}
              four: {family: tiny, port: pty, settings: {volume: 11}}
              five: {family: tiny, port: pty, settings: {period_s: soon}}
              six: {family: tiny, port: pty, faults: {loss: 2}}
              seven: {port: pty}
              eight: {family: broken, port: pty, colour: red}
        """
    )
    places = [line.split(": ")[0] for line in found]
    assert places == [
        "ward.yaml:1:1",
        "ward.yaml:2:1",
        "ward.yaml:3:1",
        "ward.yaml:6:5",
        "ward.yaml:7:5",
        "ward.yaml:8:5",
        "ward.yaml:10:13",
        "ward.yaml:11:27",
        "ward.yaml:12:29",
        "ward.yaml:13:39",
        "ward.yaml:14:39",
        "ward.yaml:15:47",
        "ward.yaml:16:7",
        "ward.yaml:17:15",
        "ward.yaml:17:42",
    ]
    text = "\n".join(found)
    for words in (
        "stations.chair1.devices.one.family: no simulator for 'acme'; there are broken, deaf, tiny",
        "deaf has no serial port, only tcp",
        "'carrier-pigeon' is none of pty",
        "tiny has no volume; it has greeting, period_s",
        "period_s: input should be a valid number",
        "seven.family: is missing",
        "colour: unknown key",
        "the simulator for 'broken' is a object, not a Simulator",
        "a person has no shoe_size; it has weight_kg",
        "no scenario 'S99'; there are S1, S2",
        "unknown time zone 'Mars/Olympus'",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("devices", "place", "words"),
    [
        ("monitor: {family: tiny, port: pty, keys: {a: monitor}}", "5:49", "name monitor is taken"),
        ("a: {family: tiny, port: 'tcp://127.0.0.1:9'}\n      b: {family: tiny, port: 'tcp://127.0.0.1:9'}", "6:25",
         "port is taken, by a"),
        ("a: {family: tiny, port: 'pty:/x'}\n      b: {family: tiny, port: 'pty:/x'}", "6:25", "port is taken"),
        ("a: {family: tiny, port: 'dial://127.0.0.1:0', keys: {k: x}}\n"
         "      b: {family: tiny, port: 'dial://127.0.0.1:0'}", "6:25", "need keys"),
        ("a: {family: tiny, port: 'dial://h:0', keys: {k: x}}\n"
         "      b: {family: tiny, port: 'dial://h:0', keys: {l: y}, link: {silent_after_s: 1}}", "6:59",
         "say the same"),
    ],
)  # fmt: skip
def test_devices_that_get_in_each_others_way_are_found(devices: str, place: str, words: str) -> None:
    (line,) = faults(f"stations:\n  chair1:\n    scenario: S1\n    devices:\n      {devices}\n")
    assert line.startswith(f"ward.yaml:{place}: ")
    assert words in line


def test_a_name_is_unique_in_the_whole_ward() -> None:
    (line,) = faults(SMALLEST + "  chair2:\n    devices:\n      monitor: {family: tiny, port: pty}\n")
    assert "ward.yaml:7:7: stations.chair2.devices.monitor: the name monitor is taken" in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stations: [", "not YAML"),
        ("a: 1\na: 2", "not YAML"),
        ("", "should be a valid dictionary"),
        ("stations: {}", "at least 1"),
        ("stations: {chair1: {devices: {}}}", "at least 1"),
        ("just text", "should be a valid dictionary"),
        ("stations: {chair1: {devices: {m: {family: tiny, port: pty, settings: 5}}}}", "must be a mapping"),
        ("stations: {chair1: {person: 5, devices: {m: {family: tiny, port: pty}}}}", "must be a mapping"),
    ],
)
def test_what_is_no_ward_is_refused_in_words(text: str, words: str) -> None:
    assert any(line.startswith("ward.yaml:") and words in line for line in faults(text))
