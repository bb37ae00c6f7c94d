"""A simulated Welch Allyn Connectivity Server that sends HL7 to a listening gateway."""

from simulators.api import Simulator
from simulators.welch_allyn.device import WelchAllynDevice, WelchAllynDeviceSettings

SIMULATOR = Simulator(
    name="welch_allyn",
    device=WelchAllynDevice,
    kind="monitor",
    ports=("dial",),
    settings=WelchAllynDeviceSettings,
)
