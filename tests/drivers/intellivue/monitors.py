"""Monitors to talk to, on a line or on a LAN, and a dialogue led by hand."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from drivers.api import Damage, Family, Output, Port, Report, Request
from drivers.intellivue import FAMILY
from drivers.intellivue.driver import IntellivueDialogue, IntellivueSettings
from drivers.intellivue.export import MDS_CREATE, EventReport
from drivers.intellivue.session import Accepted, UserInformation
from drivers.intellivue.values import time_bcd
from drivers.vocabulary import Metric
from simulators.api import Fixed, StillBedside, Vitals
from simulators.intellivue.device import IntellivueDevice, IntellivueDeviceSettings
from tests.converse import START, Heard

LAN: Final = replace(FAMILY, dialogue=lambda settings, port: IntellivueDialogue(settings, Port(port.peer, "datagrams")))
NOON: Final = datetime.fromisoformat("2026-01-01T12:00:00")
GRANTED: Final = UserInformation(0x00800000, 0x80000000, 0x0FA0, 0x03E4, 0x03E4, 0x8E000000)


def monitor(vitals: Vitals | None = None, *, demo: bool = False, offers_waves: bool = True) -> IntellivueDevice:
    """Give a monitor beside a patient who doesn't change."""
    bedside = StillBedside(patient=Fixed(vitals or Vitals()))
    return IntellivueDevice(bedside, IntellivueDeviceSettings(demo, offers_waves))


def values(heard: Heard, metric: Metric) -> list[object]:
    """List what was said of a metric."""
    return [r.value for report in heard.reports for r in report.readings if r.metric is metric]


def created(time: int = 8000, invoke_id: int = 1) -> bytes:
    """Give an MDS create whose moment is noon."""
    attributes = {2439: time_bcd(NOON), 2447: time.to_bytes(4, "big")}
    return EventReport(MDS_CREATE, time, attributes, invoke_id).encode()


class Hand:
    """A dialogue on a LAN, led by hand."""

    def __init__(self, options: int = 0x8E000000, family: Family = LAN, **settings: object) -> None:
        self.now = START
        self.dialogue = family.dialogue(IntellivueSettings(**settings), Port("test"))  # type: ignore[arg-type]  # keyword by keyword
        self.granted = replace(GRANTED, options=options)

    def open(self) -> list[Output]:
        return list(self.dialogue.open(self.now))

    def hear(self, data: bytes) -> list[Output]:
        return list(self.dialogue.receive(data, self.now))

    def wait(self) -> list[Output]:
        """Let time pass until the dialogue wants to be woken."""
        wake = self.dialogue.wake_at
        assert wake is not None
        self.now = max(wake, self.now)
        return list(self.dialogue.tick(self.now))

    def associate(self) -> list[Output]:
        """Open, be accepted, hear MDS create."""
        self.open()
        assert self.hear(Accepted(self.granted).encode()) == []
        return self.hear(created())


def requests(outputs: list[Output]) -> list[str]:
    """Name what was said."""
    return [type(output).__name__ for output in outputs if isinstance(output, Request)]


def damage(outputs: list[Output]) -> list[str]:
    """Name what was harmed."""
    return [output.reason for output in outputs if isinstance(output, Damage)]


def reports(outputs: list[Output]) -> list[Report]:
    """Pick the reports."""
    return [output for output in outputs if isinstance(output, Report)]
