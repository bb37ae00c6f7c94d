"""A simulated Edan gateway: it listens, answers a query for a bed."""

from simulators.api import Simulator
from simulators.edan.device import EdanDevice, EdanDeviceSettings

SIMULATOR = Simulator(
    name="edan",
    device=EdanDevice,
    kind="monitor",
    ports=("tcp",),
    settings=EdanDeviceSettings,
)
