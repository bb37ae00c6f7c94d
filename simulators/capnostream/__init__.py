"""A simulated Capnostream on its serial port."""

from simulators.api import Simulator
from simulators.capnostream.device import CapnostreamDevice, CapnostreamDeviceSettings

SIMULATOR = Simulator(
    name="capnostream",
    device=CapnostreamDevice,
    kind="monitor",
    ports=("serial", "tcp"),
    settings=CapnostreamDeviceSettings,
)
