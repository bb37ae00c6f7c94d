"""A simulated Masimo oximeter on its serial port."""

from simulators.api import Simulator
from simulators.masimo.oximeter import MasimoDevice, MasimoSettings

SIMULATOR = Simulator(
    name="masimo",
    device=MasimoDevice,
    kind="monitor",
    ports=("serial", "tcp"),
    settings=MasimoSettings,
)
