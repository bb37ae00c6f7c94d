"""The ward files and the page that come with the project keep what they promise."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from gateway.config import load as load_config
from gateway.registry import installed as families
from simulators.physiology import Person
from simulators.registry import installed
from simulators.scenario import SCENARIOS
from simulators.ward import Ward, gateway_config
from simulators.ward_file import DeviceSection, FaultsSection, LinkSection, StationSection, WardSection, load

ROOT = Path(__file__).parents[2]
FILES = ("ward.example.yaml", "ward.demo.yaml")


def ward(name: str) -> WardSection:
    return load((ROOT / "config" / name).read_text(encoding="utf-8"), name, installed())


@pytest.mark.parametrize("name", FILES)
async def test_a_ward_file_fits_a_gateway(name: str, tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    async with Ward(ward(name), tmp_path) as clinic:
        with config.open("w") as file:
            YAML().dump(gateway_config(clinic, 1883), file)
    loaded = load_config(config, families())
    assert loaded.site == ward(name).site
    published = {device for link in loaded.links.values() for device in (d.device for d in link.devices.values())}
    for _, device, section in ward(name).devices:
        assert set(section.keys.values()) <= published
        assert section.keys or device in loaded.links


def keys(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            yield from keys(value)


def test_the_example_has_every_option() -> None:
    said = set(keys(YAML(typ="safe").load((ROOT / "config" / "ward.example.yaml").read_text(encoding="utf-8"))))
    sections: tuple[type[BaseModel], ...] = (WardSection, StationSection, DeviceSection, FaultsSection, LinkSection)
    known = {name for section in sections for name in section.model_fields}
    assert known | set(Person.__dataclass_fields__) <= said


def test_the_example_has_a_device_of_every_family() -> None:
    """Who adds a family adds it here: the whole ward is what runs end to end."""
    assert {device.family.name for _, _, device in ward("ward.example.yaml").devices} == set(families().names)


def test_the_demo_is_two_chairs_with_monitor_and_pump() -> None:
    demo = ward("ward.demo.yaml")
    assert list(demo.stations) == ["chair1", "chair2"]
    ports = {device.port.kind for _, _, device in demo.devices}
    assert ports == {"serial", "tcp", "dial"}
    families_of = {name: device.family.name for _, name, device in demo.devices}
    assert set(families_of.values()) == {"masimo", "bbraun_space", "ihe_pcd"}


def test_the_page_lists_every_scenario() -> None:
    page = (ROOT / "docs" / "simulators.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (S\d+) \|", page, re.MULTILINE)) == set(SCENARIOS)
