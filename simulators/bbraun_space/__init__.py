"""The voice of a B. Braun SpaceCom."""

from simulators.api import Simulator
from simulators.bbraun_space.device import SpaceDevice, SpaceDeviceSettings

SIMULATOR = Simulator(
    name="bbraun_space",
    device=SpaceDevice,
    kind="pump",
    ports=("tcp", "serial"),
    settings=SpaceDeviceSettings,
)
