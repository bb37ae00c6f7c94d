"""A simulated Mindray monitor with Patient Data Share: it listens, the gateway calls."""

from simulators.api import Simulator
from simulators.mindray_pds.device import MindrayPdsDevice, MindrayPdsDeviceSettings

SIMULATOR = Simulator(
    name="mindray_pds",
    device=MindrayPdsDevice,
    kind="monitor",
    ports=("tcp",),
    settings=MindrayPdsDeviceSettings,
)
