"""A simulated monitor or pump that sends IHE PCD messages to a listening gateway."""

from simulators.api import Simulator
from simulators.ihe_pcd.device import IhePcdDevice, IhePcdDeviceSettings

SIMULATOR = Simulator(
    name="ihe_pcd",
    device=IhePcdDevice,
    kind="monitor",  # by default; `profile` makes it a pump
    ports=("dial",),
    settings=IhePcdDeviceSettings,
)
