"""A simulated Philips Efficia CM monitor that sends HL7 to a listening gateway."""

from simulators.api import Simulator
from simulators.philips_mdil.device import PhilipsMdilDevice, PhilipsMdilDeviceSettings

SIMULATOR = Simulator(
    name="philips_mdil",
    device=PhilipsMdilDevice,
    kind="monitor",
    ports=("dial",),
    settings=PhilipsMdilDeviceSettings,
)
