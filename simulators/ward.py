"""A simulated clinic: stations, the devices at each, the ports they stand at, and a gateway configuration that fits."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from simulators.api import Device
from simulators.bedside import Chair, Timeline
from simulators.port import LOOPBACK, Port, free_port
from simulators.ports import Address, make
from simulators.registry import family
from simulators.talk import Talk, steady_clock
from simulators.ward_file import DeviceSection, LinkSection, StationSection, WardSection

RISK: Final = "simulated device in a demonstration ward: there is no patient and no other reader"


@dataclass(frozen=True, slots=True)
class Placed:
    """One simulated device at its port."""

    name: str
    station: str
    section: DeviceSection
    device: Device
    port: Port


class Ward:
    """All devices of a ward; `async with` opens their ports, `run` keeps them alive."""

    def __init__(self, plan: WardSection, folder: Path, clock: Callable[[], float] | None = None) -> None:
        self.plan = plan
        self._folder = folder  # for lasting names of ptys
        self._clock = clock or steady_clock()
        self.placed = tuple(self._place_all())

    def _place_all(self) -> Iterable[Placed]:
        started = self._clock()
        picked: dict[tuple[str, Address], Address] = {}
        for station, section in self.plan.stations.items():
            chair = self._chair(station, section, started)
            for name, device in section.devices.items():
                model = device.family.device(chair, device.settings)
                wire = device.faults.on_the_wire()
                talk = Talk(model, self._clock, wire, f"{self.plan.seed}/{name}", device.port.kind != "udp")
                yield Placed(name, station, device, model, make(self._address(name, device, picked), talk))

    def _chair(self, station: str, section: StationSection, started: float) -> Chair:
        first = section.scenario[0].begin_min
        begin = first if section.begin_min is None else section.begin_min
        timeline = Timeline(started, begin, self.plan.speed)
        seed = f"{self.plan.seed}/{station}"
        return Chair(
            section.scenario, timeline, seed, self.plan.timezone, section.slots, section.person, section.clock_fast_s
        )

    def _address(self, name: str, device: DeviceSection, picked: dict[tuple[str, Address], Address]) -> Address:
        """Settle what was left open: a pty's lasting name, the one port that dialling devices share."""
        address = device.port
        if address.kind == "serial" and not address.path:
            return replace(address, path=str(self._folder / name))
        if address.kind == "dial" and not address.port:
            key = (device.family.name, address)
            if key not in picked:
                picked[key] = replace(address, port=free_port(address.host))
            return picked[key]
        return address

    async def __aenter__(self) -> "Ward":
        """Open all ports."""
        try:
            for placed in self.placed:
                await placed.port.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        for placed in self.placed:
            placed.port.unplug()

    async def run(self) -> None:
        """Keep all devices alive until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for placed in self.placed:
                tasks.create_task(placed.port.run(), name=placed.name)
                if windows := placed.section.faults.unplugged:
                    tasks.create_task(_pull(placed.port, windows), name=f"{placed.name} cable")

    def complaints(self) -> list[str]:
        """Say what a gateway did that it may not do."""
        lines = []
        for placed in self.placed:
            device = placed.device
            lines += [f"{placed.name}: {said}" for said in device.violations]
            if device.tampered:
                lines.append(f"{placed.name}: a command would have changed the device")
        return lines


async def _pull(port: Port, windows: Iterable[tuple[float, float]]) -> None:
    """Pull the cable at its times."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    for since, until in sorted(windows):
        await asyncio.sleep(started + since - loop.time())
        port.unplug()
        await asyncio.sleep(started + until - loop.time())
        await port.replug()


def gateway_config(ward: Ward, mqtt_port: int) -> dict[str, Any]:
    """Give a gateway configuration that fits the open ports."""
    plan = ward.plan
    links: dict[str, dict[str, Any]] = {}
    calls: dict[str, str] = {}  # a listening port -> its link's name
    for placed in ward.placed:
        url = placed.port.url
        is_call = placed.section.port.kind == "dial"
        name = calls.setdefault(url, _free_name(placed, links)) if is_call else placed.name
        link = links.setdefault(name, _link(placed, url))
        for key, given in placed.section.keys.items():
            link.setdefault("devices", {})[key] = {"device": given, "station": placed.station}
    return {
        "site": plan.site,
        "gateway": plan.gateway,
        "mode": "test",
        "timezone": plan.timezone.key,
        "broker": {"url": f"embedded://{LOOPBACK}:{mqtt_port}"},
        "outbox": {"path": "outbox.sqlite"},
        "links": links,
    }


def _free_name(placed: Placed, links: Mapping[str, object]) -> str:
    """Name a listening port: after its device if that says no key, else after the family, as several may share it."""
    if not placed.section.keys:
        return placed.name
    name, number = placed.section.family.name, 2
    while name in links:
        name, number = f"{placed.section.family.name}-{number}", number + 1
    return name


def _link(placed: Placed, url: str) -> dict[str, Any]:
    section: LinkSection = placed.section.link
    is_shared = placed.section.port.kind == "dial" and placed.section.keys
    said: dict[str, Any] = {
        "station": "" if is_shared else placed.station,
        "settings": section.settings,
        "accept_risk": _risk(placed.section.family.name),
        "waveforms": list(section.waveforms),
        "silent_after_s": section.silent_after_s,
    }
    return {"family": placed.section.family.name, "port": url, **{name: value for name, value in said.items() if value}}


def _risk(name: str) -> str:
    manifest = family(name)
    if manifest is None:
        return ""
    return RISK if manifest.refused or any(request.effect for request in manifest.requests) else ""
