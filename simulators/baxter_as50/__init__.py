"""The voice of a Baxter AS50."""

from simulators.api import Simulator
from simulators.baxter_as50.device import As50Device, As50DeviceSettings

SIMULATOR = Simulator(
    name="baxter_as50",
    device=As50Device,
    kind="pump",
    ports=("serial", "tcp"),
    settings=As50DeviceSettings,
)
