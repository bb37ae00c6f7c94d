"""A simulated Nihon Kohden monitor that sends HL7 to a listening gateway."""

from simulators.api import Simulator
from simulators.nihon_kohden.device import NihonKohdenDevice, NihonKohdenDeviceSettings

SIMULATOR = Simulator(
    name="nihon_kohden",
    device=NihonKohdenDevice,
    kind="monitor",
    ports=("dial",),
    settings=NihonKohdenDeviceSettings,
)
