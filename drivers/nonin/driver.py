"""Listens to a Nonin oximeter in the one data format that it was set to. It has nothing to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.api import Announcement, Damage, Identity, Output, Port, Reading, Report
from drivers.nonin import packets
from drivers.nonin.codec import Averages, Decoder, Format, Frame, Packet, Spot, TextLine
from drivers.nonin.readings import (
    alarms_of_packet,
    numbers_of_packet,
    perfusion_of,
    report_of_averages,
    report_of_line,
    report_of_spot,
    waveform,
)
from drivers.vocabulary import EventKind

PACKETS_PER_REPORT: Final = 3  # a second; what has changed is said at once
_SILENCE_S: Final = 0.2  # format 8 is silent for 0.99 s after each frame, formats 2 and 7 for none
_DIALECTS: Final[dict[Format, str]] = {
    "df2": "data format 2",
    "df7": "data format 7",
    "df8": "data format 8",
    "df13": "data format 13",
    "ascii": "desktop ASCII",
}


@dataclass(frozen=True, slots=True)
class NoninSettings:
    """The data format that a person has set on the device; the gateway never sets one."""

    format: Format = "df2"


class NoninDialogue:
    """One oximeter on one line."""

    def __init__(self, settings: NoninSettings, _port: Port) -> None:
        self._format = settings.format
        self._decoder = Decoder(settings.format)
        self._settle_at: float | None = None
        self._identity: Identity | None = None
        self._said: tuple[Reading, Reading] | None = None
        self._packets = 0  # since the last report
        self._statuses: frozenset[int] = frozenset()  # of those packets
        self._had_event = False

    @property
    def wake_at(self) -> float | None:
        """When silence has lasted long enough."""
        return self._settle_at

    def open(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the device says."""
        outputs = self._take_all(self._decoder.feed(data))
        self._settle_at = now + _SILENCE_S if self._decoder.is_waiting else None
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Silence shows that what waits was a frame."""
        if self._settle_at is None or now < self._settle_at:
            return []
        self._settle_at = None
        return self._take_all(self._decoder.settle())

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def _take_all(self, frames: Sequence[Frame | Damage]) -> list[Output]:
        outputs: list[Output] = []
        for frame in frames:
            outputs += [frame] if isinstance(frame, Damage) else self._take(frame)
        return outputs

    def _take(self, frame: Frame) -> list[Output]:
        match frame:
            case Packet():
                srev = f"{frame.floats[packets.SREV]:02X}"
                return [*self._identify(srev), *self._packet(frame), waveform(frame)]
            case Averages():
                return [*self._identify(), report_of_averages(frame)]
            case Spot():
                return [*self._identify(), report_of_spot(frame)]
            case TextLine():
                return [*self._identify(), *self._event(frame), report_of_line(frame)]
            case _:
                return []

    def _identify(self, srev: str = "") -> list[Identity]:
        """Say once, and again when it changes, what is known."""
        if self._identity is not None and self._identity.firmware == srev:
            return []
        self._identity = Identity(manufacturer="Nonin", firmware=srev, dialect=_DIALECTS[self._format])
        return [self._identity]

    def _packet(self, packet: Packet) -> list[Report]:
        numbers = numbers_of_packet(packet)
        self._packets += 1
        self._statuses |= frozenset(packet.statuses)
        if numbers == self._said and self._packets < PACKETS_PER_REPORT:
            return []
        perfusion = perfusion_of(self._statuses)
        self._said, self._packets, self._statuses = numbers, 0, frozenset()
        return [Report([*numbers, *perfusion], alarms=alarms_of_packet(packet))]

    def _event(self, line: TextLine) -> list[Announcement]:
        is_new = line.has_event and not self._had_event
        self._had_event = line.has_event
        return [Announcement(EventKind.DEVICE_EVENT, text="event button", raw="*")] if is_new else []
