"""The voice of an Alaris syringe pump."""

from simulators.alaris.device import AlarisDevice, AlarisDeviceSettings
from simulators.api import Simulator

SIMULATOR = Simulator(
    name="alaris",
    device=AlarisDevice,
    kind="pump",
    ports=("serial", "tcp"),
    settings=AlarisDeviceSettings,
)
