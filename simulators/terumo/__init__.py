"""The voice of a Terumo pump."""

from simulators.api import Simulator
from simulators.terumo.device import TerumoDevice, TerumoDeviceSettings

SIMULATOR = Simulator(
    name="terumo",
    device=TerumoDevice,
    kind="pump",
    ports=("serial", "tcp"),
    settings=TerumoDeviceSettings,
)
