"""A simulated GE or Datex-Ohmeda monitor on its Computer Interface."""

from simulators.api import Simulator
from simulators.ge_dri.monitor import Monitor, MonitorSettings

SIMULATOR = Simulator(
    name="ge_dri",
    device=Monitor,
    kind="monitor",
    ports=("serial", "tcp"),
    settings=MonitorSettings,
)
