"""Every way in which a simulator can be built: each of its choices once, and the family's settings that fit."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib.metadata import entry_points
from typing import Any, Literal, get_args, get_origin, get_type_hints

from drivers.api import Family
from simulators.api import Bedside, Device, Simulator

NAMES = sorted(entry.name for entry in entry_points(group="onlooker.families"))
_FAMILIES = {entry.name: entry for entry in entry_points(group="onlooker.families")}
_SIMULATORS = {entry.name: entry for entry in entry_points(group="onlooker.simulators")}


@dataclass(frozen=True)
class Variant:
    """One family with one simulated device of it, by settings that differ from the default in one choice at most."""

    family: Family
    simulator: Simulator
    chosen: dict[str, Any]

    def __str__(self) -> str:
        chosen = ",".join(f"{name}={value}" for name, value in self.chosen.items())
        return f"{self.family.name}[{chosen}]" if chosen else self.family.name

    def device(self, bedside: Bedside) -> Device:
        return self.simulator.device(bedside, self.simulator.settings(**self.chosen))

    @property
    def settings(self) -> Any:
        """What the gateway must be told of this device: what has the same name there."""
        known = {field.name for field in fields(self.family.settings)}
        return self.family.settings(**{name: value for name, value in self.chosen.items() if name in known})

    @property
    def is_default(self) -> bool:
        return not self.chosen


def variants_of(name: str) -> Iterator[Variant]:
    """Give the default first, then every other value of every choice."""
    family, simulator = _FAMILIES[name].load(), _SIMULATORS[name].load()
    yield Variant(family, simulator, {})
    hints = get_type_hints(simulator.settings)
    for field in fields(simulator.settings):
        for value in _choices(hints[field.name]):
            if value != field.default:
                yield Variant(family, simulator, {field.name: value})


def _choices(hint: Any) -> tuple[Any, ...]:
    if hint is bool:
        return (False, True)
    return get_args(hint) if get_origin(hint) is Literal else ()


ALL = [variant for name in NAMES for variant in variants_of(name)]
DEFAULTS = [variant for variant in ALL if variant.is_default]
FORMATS = [variant for variant in ALL if not any(isinstance(value, bool) for value in variant.chosen.values())]
