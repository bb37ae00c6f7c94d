"""A simulated Contec CMS50 on its USB serial port."""

from simulators.api import Simulator
from simulators.contec_cms50.oximeter import Cms50Device, Cms50DeviceSettings

SIMULATOR = Simulator(
    name="contec_cms50",
    device=Cms50Device,
    kind="monitor",
    ports=("serial", "tcp"),
    settings=Cms50DeviceSettings,
)
