"""The simulators that are installed: found by entry point, loaded when asked for."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Final

from drivers.api import Family
from simulators.api import Simulator

GROUP: Final = "onlooker.simulators"
FAMILIES: Final = "onlooker.families"


class SimulatorError(Exception):
    """A simulator that can't be used: which, and why."""


class Registry:
    """Simulators by their family's name."""

    def __init__(self, sources: Mapping[str, Callable[[], object]]) -> None:
        self._sources = sources

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order; nothing is loaded."""
        return tuple(sorted(self._sources))

    def get(self, name: str) -> Simulator:
        """Give one simulator. Raises SimulatorError."""
        if name not in self._sources:
            raise SimulatorError(f"no simulator for {name!r}; there are {', '.join(self.names) or 'none'}")
        try:
            found = self._sources[name]()
        except (ImportError, AttributeError) as error:
            raise SimulatorError(f"the simulator for {name!r} can't be loaded: {error}") from error
        if not isinstance(found, Simulator):
            raise SimulatorError(f"the simulator for {name!r} is a {type(found).__name__}, not a Simulator")
        return found


def installed() -> Registry:
    """Find what is installed."""
    return Registry({point.name: point.load for point in entry_points(group=GROUP)})


def family(name: str) -> Family | None:
    """Give a family's manifest, for what a fitting gateway configuration must say about it."""
    for point in entry_points(group=FAMILIES, name=name):
        found = point.load()
        return found if isinstance(found, Family) else None
    return None
