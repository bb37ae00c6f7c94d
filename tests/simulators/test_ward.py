"""A ward on real ports: two devices at one chair agree, and the gateway configuration fits."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import serialx

from drivers.vocabulary import InfusionState
from simulators.ward import RISK, Ward, gateway_config
from simulators.ward_file import WardSection, check, load
from tests.simulators.tiny import REGISTRY, TinyDevice

CHAIRS = """\
site: clinic-a
timezone: Europe/Berlin
stations:
  chair1:
    scenario: S1
    begin_min: 20
    devices:
      chair1-monitor: {family: tiny, port: pty}
      chair1-rack:
        family: tiny
        port: tcp://127.0.0.1:0
        keys: {"11": chair1-pump}
        link: {settings: {stuffing: true}, waveforms: [pleth], silent_after_s: 7}
  chair2:
    slots: ["11", "12"]
    devices:
      a: {family: tiny, port: "dial://127.0.0.1:0", keys: {EUI1: chair2-monitor}}
      b: {family: tiny, port: "dial://127.0.0.1:0", keys: {EUI2: chair2-pump}}
      lonely: {family: tiny, port: "dial://127.0.0.2:0"}
"""


def plan(text: str = CHAIRS) -> WardSection:
    return load(text, "ward.yaml", REGISTRY)


def device(ward: Ward, name: str) -> TinyDevice:
    found = next(placed.device for placed in ward.placed if placed.name == name)
    assert isinstance(found, TinyDevice)
    return found


async def test_the_devices_of_a_chair_share_its_patient_and_its_clock(tmp_path: Path) -> None:
    ward = Ward(plan(), tmp_path, clock=lambda: 1_767_225_600.0)
    monitor, rack = device(ward, "chair1-monitor").bedside, device(ward, "chair1-rack").bedside
    assert monitor is rack
    assert monitor.pumps["11"].at(1_767_225_600.0).state is InfusionState.INFUSING
    assert monitor.device_time(1_767_225_600.0).isoformat() == "2026-01-01T01:00:00+01:00"
    assert list(device(ward, "a").bedside.pumps) == ["11", "12"]


async def test_all_devices_speak_at_their_ports_until_the_end(tmp_path: Path) -> None:
    async with Ward(plan(), tmp_path) as ward:
        urls = {placed.name: placed.port.url for placed in ward.placed}
        assert urls["a"] == urls["b"] != urls["lonely"]
        called: list[asyncio.StreamWriter] = []
        host, _, number = urls["a"].removeprefix("listen://").rpartition(":")
        server = await asyncio.start_server(lambda _, writer: called.append(writer), host, int(number))
        running = asyncio.create_task(ward.run())
        names = {task.get_name() for task in asyncio.all_tasks()}
        await asyncio.sleep(0)
        names |= {task.get_name() for task in asyncio.all_tasks()}
        assert set(urls) <= names
        path = urls["chair1-monitor"].removeprefix("serial://")
        _, writer = await serialx.open_serial_connection(path, baudrate=9600)
        await asyncio.wait_for(_until(lambda: device(ward, "chair1-monitor").opened == 1), 5.0)
        host, _, number = urls["chair1-rack"].removeprefix("tcp://").rpartition(":")
        tcp_reader, tcp_writer = await asyncio.open_connection(host, int(number))
        assert await asyncio.wait_for(tcp_reader.readline(), 5.0) == b"hello\r\n"
        await asyncio.wait_for(_until(lambda: len(called) == 2), 5.0)
        assert ward.complaints() == []
        tcp_writer.write(b"WRITE")
        assert await asyncio.wait_for(tcp_reader.readexactly(6), 5.0) == b"=WRITE"
        server.close()
        for each in (writer, tcp_writer, *called):
            each.close()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert ward.complaints() == ["chair1-rack: WRITE", "chair1-rack: a command would have changed the device"]
    assert not (tmp_path / "chair1-monitor").is_symlink()


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110  # a device has no event to wait for
        await asyncio.sleep(0.002)


async def test_a_port_that_cannot_be_had_closes_those_before_it(tmp_path: Path) -> None:
    (tmp_path / "chair1-rack").mkdir()
    text = CHAIRS.replace("tcp://127.0.0.1:0", f"pty:{tmp_path}/chair1-rack")
    message = ""
    try:
        async with Ward(plan(text), tmp_path):
            pass
    except Exception as error:
        message = str(error)
    assert "chair1-rack: stands there and is no link" in message
    assert not (tmp_path / "chair1-monitor").is_symlink()


async def test_the_cable_is_pulled_and_put_back_at_its_times(tmp_path: Path) -> None:
    text = "stations: {c: {devices: {m: {family: tiny, port: pty, faults: {unplugged: [[0.01, 0.03]]}}}}}"
    async with Ward(plan(text), tmp_path) as ward:
        first = (tmp_path / "m").readlink()
        held = ward.placed[0].port
        running = asyncio.create_task(ward.run())
        states: list[bool] = []
        async with asyncio.timeout(5.0):
            while states[-2:] != [False, True]:
                await asyncio.sleep(0.002)
                is_there = (tmp_path / "m").is_symlink()
                if states[-1:] != [is_there]:
                    states.append(is_there)
        assert states == [True, False, True]
        assert held.url == f"serial://{tmp_path}/m"
        assert first.parent == (tmp_path / "m").readlink().parent
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_the_gateway_configuration_fits_the_ports(tmp_path: Path) -> None:
    ward = Ward(plan(), tmp_path)
    config = gateway_config(ward, 1884)
    called = {placed.name: placed.port.url for placed in ward.placed}
    assert config == {
        "site": "clinic-a",
        "gateway": "gw1",
        "mode": "test",
        "timezone": "Europe/Berlin",
        "broker": {"url": "embedded://127.0.0.1:1884"},
        "outbox": {"path": "outbox.sqlite"},
        "links": {
            "chair1-monitor": {"family": "tiny", "port": f"serial://{tmp_path}/chair1-monitor", "station": "chair1"},
            "chair1-rack": {
                "family": "tiny",
                "port": called["chair1-rack"],
                "station": "chair1",
                "settings": {"stuffing": True},
                "waveforms": ["pleth"],
                "silent_after_s": 7.0,
                "devices": {"11": {"device": "chair1-pump", "station": "chair1"}},
            },
            "tiny": {
                "family": "tiny",
                "port": called["a"],
                "devices": {
                    "EUI1": {"device": "chair2-monitor", "station": "chair2"},
                    "EUI2": {"device": "chair2-pump", "station": "chair2"},
                },
            },
            "lonely": {"family": "tiny", "port": called["lonely"], "station": "chair2"},
        },
    }


async def test_a_family_that_is_refused_by_default_is_accepted_in_words(tmp_path: Path) -> None:
    from simulators.registry import installed

    data = {"stations": {"c": {"devices": {"rack": {"family": "bbraun_space", "port": "tcp://127.0.0.1:0"}}}}}
    config = gateway_config(Ward(check(data, "x", installed()), tmp_path), 1)
    assert config["links"]["rack"]["accept_risk"] == RISK


async def test_two_hundred_devices_are_cheap(tmp_path: Path) -> None:
    stations = {f"c{n}": {"devices": {f"m{n}": {"family": "tiny", "port": "pty"}}} for n in range(200)}
    before = len(asyncio.all_tasks())
    async with Ward(check({"stations": stations}, "x", REGISTRY), tmp_path) as ward:
        running = asyncio.create_task(ward.run())
        await asyncio.sleep(0.01)
        assert len(asyncio.all_tasks()) == before + 201
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
