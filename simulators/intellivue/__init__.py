"""The voice of a Philips IntelliVue monitor."""

from simulators.api import Simulator
from simulators.intellivue.device import IntellivueDevice, IntellivueDeviceSettings

SIMULATOR = Simulator(
    name="intellivue",
    device=IntellivueDevice,
    kind="monitor",
    ports=("udp", "serial"),
    settings=IntellivueDeviceSettings,
)
