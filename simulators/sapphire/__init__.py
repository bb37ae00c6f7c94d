"""The voice of a Q Core Sapphire pump."""

from simulators.api import Simulator
from simulators.sapphire.device import SapphireDevice, SapphireDeviceSettings

SIMULATOR = Simulator(
    name="sapphire",
    device=SapphireDevice,
    kind="pump",
    ports=("serial", "tcp"),
    settings=SapphireDeviceSettings,
)
