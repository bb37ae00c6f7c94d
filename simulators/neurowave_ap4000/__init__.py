"""The voice of a NeuroWave AP-4000."""

from simulators.api import Simulator
from simulators.neurowave_ap4000.device import Ap4000Device, Ap4000DeviceSettings

SIMULATOR = Simulator(
    name="neurowave_ap4000",
    device=Ap4000Device,
    kind="pump",
    ports=("serial", "tcp"),
    settings=Ap4000DeviceSettings,
)
