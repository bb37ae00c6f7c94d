"""The voice of a B. Braun pump with a Dianet Star interface."""

from simulators.api import Simulator
from simulators.bbraun_dianet.device import DianetDevice, DianetDeviceSettings

SIMULATOR = Simulator(
    name="bbraun_dianet",
    device=DianetDevice,
    kind="pump",
    ports=("serial", "tcp"),
    settings=DianetDeviceSettings,
)
