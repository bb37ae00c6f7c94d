"""The voice of a Graseby volumetric pump."""

from simulators.api import Simulator
from simulators.graseby.device import GrasebyDevice, GrasebyDeviceSettings

SIMULATOR = Simulator(
    name="graseby",
    device=GrasebyDevice,
    kind="pump",
    ports=("serial", "tcp"),
    settings=GrasebyDeviceSettings,
)
