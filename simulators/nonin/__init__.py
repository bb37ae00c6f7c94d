"""A simulated Nonin oximeter on its serial port."""

from simulators.api import Simulator
from simulators.nonin.oximeter import NoninDevice, NoninDeviceSettings

SIMULATOR = Simulator(
    name="nonin",
    device=NoninDevice,
    kind="monitor",
    ports=("serial", "tcp"),
    settings=NoninDeviceSettings,
)
