"""A simulated MEDIBUS device on its serial port."""

from simulators.api import Simulator
from simulators.medibus.device import MedibusDevice, MedibusDeviceSettings

SIMULATOR = Simulator(
    name="medibus",
    device=MedibusDevice,
    kind="monitor",
    ports=("serial", "tcp"),
    settings=MedibusDeviceSettings,
)
