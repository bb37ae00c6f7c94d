"""What the proofs look at: every installed family with its simulator, its allowed and its forbidden frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from drivers.api import Dialogue, Family, Port, Request
from simulators.api import Device, Simulator
from simulators.bedside import Chair, Timeline
from simulators.scenario import SCENARIOS
from tests.converse import START

ROOT = Path(__file__).parents[2]
FAMILIES = {entry.name: entry for entry in entry_points(group="onlooker.families")}
SIMULATORS = {entry.name: entry for entry in entry_points(group="onlooker.simulators")}
NAMES = sorted(FAMILIES)
# Settings under which a family says all that it may say; without them it says less.
TALKATIVE: dict[str, dict[str, Any]] = {"sapphire": {"this_is_pc": True}}


@dataclass(frozen=True)
class Listed:
    """One line of a requests.txt: what may be sent, and the bytes of an example."""

    request: str
    purpose: str
    effect: str
    section: str
    data: bytes


def family_of(name: str) -> Family:
    family = FAMILIES[name].load()
    assert isinstance(family, Family)
    return family


def simulator_of(name: str) -> Simulator:
    simulator = SIMULATORS[name].load()
    assert isinstance(simulator, Simulator)
    return simulator


def settings_of(name: str) -> Any:
    """Give the family's settings for a proof: nothing that may be sent is held back."""
    return family_of(name).settings(**TALKATIVE.get(name, {}))


def dialogue_of(name: str) -> Dialogue:
    return family_of(name).dialogue(settings_of(name), Port(peer="proof"))


def folder_of(name: str) -> Path:
    return ROOT / "tests" / "drivers" / name


def listed_requests(name: str) -> list[Listed]:
    lines = (folder_of(name) / "requests.txt").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.strip() and not line.startswith("#")]
    return [
        Listed(kind, purpose, effect, section, bytes.fromhex(data)) for kind, purpose, effect, section, data in rows
    ]


def forbidden_frames(name: str) -> Iterator[tuple[bytes, str]]:
    for line in (folder_of(name) / "forbidden.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            data, words = line.split("|", 1)
            yield bytes.fromhex(data), words.strip()


def chair(scenario: str = "S4", begin_min: float = -3.0, *, visit: int = 0) -> Chair:
    """Give a station in the middle of a visit; S4 has occlusion, air, a low battery, a bolus and the end into KVO."""
    return Chair((SCENARIOS[scenario][visit],), Timeline(START, begin_min), "proof", ZoneInfo("UTC"))


def device_of(name: str, at: Chair) -> Device:
    simulator = simulator_of(name)
    return simulator.device(at, simulator.settings())


def judged(family: Family, data: bytes) -> Request:
    """Say which request these bytes are, and that the manifest declares it."""
    request = family.recognise(data)
    assert request is not None, f"{family.name}: no request: {data.hex(' ')}"
    assert type(request) in family.requests
    assert request.encode() == data
    return request
