"""The voice of a Fresenius Vial base with its modules, or of one pump."""

from simulators.api import Simulator
from simulators.fresenius_vial.device import VialDevice, VialDeviceSettings

SIMULATOR = Simulator(
    name="fresenius_vial",
    device=VialDevice,
    kind="pump",
    ports=("serial", "tcp"),
    settings=VialDeviceSettings,
)
