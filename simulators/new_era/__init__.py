"""The voice of a New Era laboratory syringe pump."""

from simulators.api import Simulator
from simulators.new_era.device import NewEraDevice, NewEraDeviceSettings

SIMULATOR = Simulator(
    name="new_era",
    device=NewEraDevice,
    kind="pump",
    ports=("serial", "tcp"),
    settings=NewEraDeviceSettings,
)
