"""Nonin's serial data formats, one decoder for each. Nothing is ever sent, so there are no requests."""

from typing import Final, Literal, TypeAlias

from drivers.api import Damage
from drivers.common.sync_bit import SyncBitDecoder
from drivers.nonin.averages import SIZE, Averages, decode_averages
from drivers.nonin.packets import Packet, PacketDecoder
from drivers.nonin.spot import Spot, SpotDecoder
from drivers.nonin.text import Heading, TextDecoder, TextLine

Format: TypeAlias = Literal["df2", "df7", "df8", "df13", "ascii"]
Frame: TypeAlias = Packet | Averages | Spot | TextLine | Heading

__all__ = ["Averages", "AveragesDecoder", "Decoder", "Format", "Frame", "Heading", "Packet", "Spot", "TextLine"]


class AveragesDecoder:
    """Turns bytes into frames of data format 8. Keeps at most one."""

    def __init__(self) -> None:
        self._frames = SyncBitDecoder(SIZE)

    @property
    def is_waiting(self) -> bool:
        """Say whether a frame waits for silence."""
        return self._frames.is_waiting

    def feed(self, data: bytes) -> list[Averages | Damage]:
        """Take bytes in; give back the frames that they completed."""
        return [_averages(frame) for frame in self._frames.feed(data)]

    def settle(self) -> list[Averages | Damage]:
        """Take note that silence has followed."""
        return [_averages(frame) for frame in self._frames.settle()]


def _averages(frame: bytes | Damage) -> Averages | Damage:
    return frame if isinstance(frame, Damage) else decode_averages(frame)


class Decoder:
    """Turns a device's bytes into frames of the one format that it was set to."""

    def __init__(self, kind: Format) -> None:
        self._frames: Final = _decoder(kind)

    @property
    def is_waiting(self) -> bool:
        """Say whether a frame waits for what follows it, be it silence."""
        return isinstance(self._frames, PacketDecoder | AveragesDecoder) and self._frames.is_waiting

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back the frames that they completed."""
        return [*self._frames.feed(data)]

    def settle(self) -> list[Frame | Damage]:
        """Take note that silence has followed."""
        return [*self._frames.settle()] if isinstance(self._frames, PacketDecoder | AveragesDecoder) else []


def _decoder(kind: Format) -> PacketDecoder | AveragesDecoder | SpotDecoder | TextDecoder:
    match kind:
        case "df2" | "df7":
            return PacketDecoder(kind)
        case "df8":
            return AveragesDecoder()
        case "df13":
            return SpotDecoder()
        case "ascii":
            return TextDecoder()
