"""Contec's two protocols for the CMS50.

V7.0 (*Communication protocol of pulse oximeter V7.0*), 115200 8N1:

    type | high | data ...     type: bit 7 clear; all others: bit 7 set; bit i of high is bit 7 of data byte i

Old, 19200 8O1, which the device says unasked:

    signal and flags | wave | bar and flags | pulse | SpO2     only the first byte has bit 7 set

Neither has a checksum.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final, Literal, TypeAlias

from drivers.api import Damage, Purpose, Request
from drivers.common.scanning import Scanner
from drivers.common.sync_bit import SyncBitDecoder

Protocol: TypeAlias = Literal["v7", "old"]

REALTIME: Final = 0x01
DISCONNECT: Final = 0x0D
_LENGTHS: Final = {
    **dict.fromkeys((0x01, 0x04, 0x05, 0x11, 0x15), 9),
    **dict.fromkeys((0x07, 0x08, 0x0F, 0x12), 8),
    0x09: 6,
    **dict.fromkeys((0x0A, 0x0B), 4),
    **dict.fromkeys((0x0D, 0x0E, 0x10), 3),
    0x0C: 2,
}
OLD_SIZE: Final = 5

NO_PACKET: Final = "no packet"
CUT_SHORT: Final = "packet cut short"
TOO_LONG: Final = "packet too long"

_LOW: Final = re.compile(rb"[\x00-\x7f]")


def pack(kind: int, data: bytes) -> bytes:
    """Put a packet of V7.0 together; the type is never masked."""
    high = sum((byte >> 7) << place for place, byte in enumerate(data))
    return bytes((kind, 0x80 | high, *(0x80 | byte for byte in data)))


class _Command(Request):
    """A host packet: type 7D, the command and six empty bytes."""

    command: ClassVar[int]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return pack(0x7D, bytes((self.command, 0, 0, 0, 0, 0, 0)))


@dataclass(frozen=True, slots=True)
class StartRealtime(_Command):
    """Ask for the measured values, sixty packets a second from now on (command A1)."""

    purpose = Purpose.QUERY
    command = 0xA1


@dataclass(frozen=True, slots=True)
class StopRealtime(_Command):
    """Have enough of them (command A2)."""

    purpose = Purpose.LINK
    command = 0xA2


@dataclass(frozen=True, slots=True)
class KeepAlive(_Command):
    """Say that we are still there: once each five seconds, without an answer (command AF)."""

    purpose = Purpose.LINK
    command = 0xAF


_REQUESTS: Final[dict[bytes, Request]] = {kind().encode(): kind() for kind in (StartRealtime, StopRealtime, KeepAlive)}


def recognise(data: bytes) -> Request | None:
    """Give the one request that these bytes are."""
    return _REQUESTS.get(bytes(data))


@dataclass(frozen=True, slots=True)
class Realtime:
    """A sixtieth of a second in V7.0. Pulse FF, SpO2 7F and PI FFFF stand for none."""

    status: int  # data 1: signal, search too long, low SpO2, beep, probe error
    wave: int  # data 2: pleth, and searching in bit 7
    bar: int  # data 3: bar graph, and PI invalid in bit 4
    pulse: int
    spo2: int
    pi: int  # hundredths of a percent

    def encode(self) -> bytes:
        """Give the wire bytes."""
        numbers = (self.status, self.wave, self.bar, self.pulse, self.spo2, self.pi & 0xFF, self.pi >> 8)
        return pack(REALTIME, bytes(numbers))


@dataclass(frozen=True, slots=True)
class OldPacket:
    """A sixtieth of a second in the old protocol. Nought stands for no value."""

    status: int  # byte 0 without bit 7: signal, finger out, SpO2 dropping, beep
    wave: int
    bar: int  # byte 2 without the pulse's bit: bar graph, probe error, searching
    pulse: int
    spo2: int

    def encode(self) -> bytes:
        """Give the wire bytes."""
        bar = self.bar | (self.pulse >> 7) << 6
        return bytes((0x80 | self.status, self.wave, bar, self.pulse & 0x7F, self.spo2))


@dataclass(frozen=True, slots=True)
class Other:
    """A packet of another type of V7.0. Some name a user: only the type and a notice's reason are kept."""

    kind: int
    reason: int = 0

    def encode(self) -> bytes:
        """Give the wire bytes, the reason in the last of them."""
        return pack(self.kind, bytes((*bytes(_LENGTHS[self.kind] - 3), self.reason)))


Frame: TypeAlias = Realtime | OldPacket | Other


class _PacketFinder:
    """Finds packets of V7.0. One counts if the next one, or silence, follows it: a byte too many shifts all numbers."""

    def __init__(self) -> None:
        self._is_silent = False  # nothing follows
        self._scanner: Scanner[bytes] = Scanner(self._look, grace=max(_LENGTHS.values()) - 1)

    @property
    def is_waiting(self) -> bool:
        rest = self._scanner.rest
        return bool(rest) and len(rest) == _LENGTHS[rest[0]]

    def feed(self, data: bytes) -> list[bytes | Damage]:
        return self._scanner.feed(data)

    def settle(self) -> list[bytes | Damage]:
        self._is_silent = True
        found = self._scanner.feed(b"")
        self._is_silent = False
        return found

    def _look(self, buffer: bytes, at: int) -> tuple[bytes | str, int] | None:
        following = _LOW.search(buffer, at + 1)
        end = following.start() if following else len(buffer)
        size = _LENGTHS.get(buffer[at])
        if size is None:
            return NO_PACKET, end
        if end - at > size:
            return TOO_LONG, end
        if not following and not (self._is_silent and end - at == size):
            return None
        return (buffer[at:end] if end - at == size else CUT_SHORT), end


class Decoder:
    """Turns the device's bytes into packets. Keeps at most one of V7.0, or three of the old protocol."""

    def __init__(self, protocol: Protocol) -> None:
        self._is_old = protocol == "old"
        self._packets = SyncBitDecoder(OLD_SIZE) if self._is_old else _PacketFinder()

    @property
    def is_waiting(self) -> bool:
        """Say whether a packet waits for what follows it, be it silence."""
        return self._packets.is_waiting

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back the packets that they completed."""
        return [self._frame(packet) for packet in self._packets.feed(data)]

    def settle(self) -> list[Frame | Damage]:
        """Take note that silence has followed."""
        return [self._frame(packet) for packet in self._packets.settle()]

    def _frame(self, packet: bytes | Damage) -> Frame | Damage:
        if isinstance(packet, Damage):
            return packet
        return _old_packet(packet) if self._is_old else _packet(packet)


@lru_cache(maxsize=4_096)
def _packet(packet: bytes) -> Realtime | Other:
    high = packet[1]
    data = [byte & 0x7F | (high >> place & 1) << 7 for place, byte in enumerate(packet[2:])]
    if packet[0] != REALTIME:
        return Other(packet[0], data[-1] if packet[0] == DISCONNECT else 0)
    status, wave, bar, pulse, spo2, pi_low, pi_high = data
    return Realtime(status, wave, bar, pulse, spo2, pi_high << 8 | pi_low)


def _old_packet(packet: bytes) -> OldPacket:
    pulse = packet[3] | (packet[2] & 0x40) << 1
    return OldPacket(packet[0] & 0x7F, packet[1], packet[2] & 0x3F, pulse, packet[4])
