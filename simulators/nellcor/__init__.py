"""A simulated Nellcor oximeter on its data port."""

from simulators.api import NoSettings, Simulator
from simulators.nellcor.oximeter import NellcorDevice

SIMULATOR = Simulator(
    name="nellcor",
    device=NellcorDevice,
    kind="monitor",
    ports=("serial", "tcp"),
    settings=NoSettings,
)
