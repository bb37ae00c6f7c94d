"""A simulated BIS Vista on its serial port."""

from simulators.api import Simulator
from simulators.bis_vista.device import BisVistaDevice, BisVistaDeviceSettings

SIMULATOR = Simulator(
    name="bis_vista",
    device=BisVistaDevice,
    kind="monitor",
    ports=("serial", "tcp"),
    settings=BisVistaDeviceSettings,
)
