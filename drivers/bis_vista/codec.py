"""Frames of the BIS Vista, both directions, little-endian (after the public program xeonfusion/VSCaptureBISV).

    BA AB | sequence u16 | L u16 | type u16 | packet, L bytes | checksum u16
    packet: routing u32 | message id u32 | sequence u16 | length u16 | data

The checksum is the 16-bit sum of all bytes between BA AB and itself. L gives the end: BA AB can occur in data.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, TypeAlias

from drivers.api import Damage, Purpose, Request

# Twice what a second of two channels of raw EEG at 256/s takes; the longest known answer has 532 bytes of data.
MAX_PACKET: Final = 2_048

_START: Final = b"\xba\xab"
_LINK: Final = struct.Struct("<HHH")
_PACKET: Final = struct.Struct("<IIHH")
_HEADER_SIZE: Final = len(_START) + _LINK.size
_ROUTING: Final = 4

DATA: Final = 1
ACK: Final = 2
NAK: Final = 3

BETWEEN: Final = "bytes between frames"
NO_HEADER: Final = "no frame header"
CHECKSUM: Final = "wrong checksum"
LENGTH: Final = "packet length does not fit"
FORM: Final = "message of unknown form"


def _frame(kind: int, packet: bytes, sequence: int = 0) -> bytes:
    body = _LINK.pack(sequence, len(packet), kind) + packet
    return _START + body + (sum(body) & 0xFFFF).to_bytes(2, "little")


def _message(number: int, data: bytes, sequence: int = 0) -> bytes:
    return _frame(DATA, _PACKET.pack(_ROUTING, number, sequence, len(data)) + data, sequence)


@dataclass(frozen=True, slots=True)
class _Order(Request):
    """What all requests share: fixed bytes, with sequence 0."""

    number: ClassVar[int]
    data: ClassVar[bytes] = b""

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _message(self.number, self.data)


@dataclass(frozen=True, slots=True)
class StartProcessed(_Order):
    """Ask for the processed variables, without spectra."""

    purpose = Purpose.QUERY
    number = 0x73
    data = b"\x00"


@dataclass(frozen=True, slots=True)
class StopProcessed(_Order):
    """Ask for no more of them."""

    purpose = Purpose.LINK
    number = 0x74


@dataclass(frozen=True, slots=True)
class StartRawEeg(_Order):
    """Ask for the raw EEG."""

    purpose = Purpose.QUERY
    number = 0x6F
    data = b"\x80\x00"  # probably 128 samples per second: UNVERIFIED


@dataclass(frozen=True, slots=True)
class StopRawEeg(_Order):
    """Ask for no more of it."""

    purpose = Purpose.LINK
    number = 0x70


class Trend(NamedTuple):
    """One trend block, as integers in the steps that the monitor sends."""

    suppression_ratio: int  # 0.1 %
    sef95: int  # 0.01 Hz
    bis_bits: int
    bis: int  # 0.1
    alternate: int
    alternate2: int
    total_power: int  # 0.01 dB
    emg: int  # 0.01 dB
    sqi: int  # 0.1 %
    artefact: int
    more: bytes = b""  # of the long form


_TREND: Final = struct.Struct("<8hii")
_HEAD: Final = 48  # sensor, impedance, filter, smoothing, masks: their meaning is not documented
_SPECTRA: Final = 244


@dataclass(frozen=True, slots=True)
class Processed:
    """Messages 34h and, with spectra, 35h."""

    trends: tuple[Trend, Trend, Trend]  # channel 1, channel 2, combined
    head: bytes = bytes(_HEAD)
    spectra: bytes = b""

    def encode(self, sequence: int = 0) -> bytes:
        """Give the wire bytes."""
        blocks = b"".join(_TREND.pack(*trend[:-1]) + trend.more for trend in self.trends)
        return _message(0x35 if self.spectra else 0x34, self.head + blocks + self.spectra, sequence)


@dataclass(frozen=True, slots=True)
class RawEeg:
    """Message 32h: `samples[channel]`, in the monitor's steps."""

    rate: int
    samples: tuple[tuple[int, ...], ...]

    def encode(self, sequence: int = 0) -> bytes:
        """Give the wire bytes."""
        values = [value for moment in zip(*self.samples, strict=True) for value in moment]
        return _message(0x32, struct.pack(f"<hh{len(values)}h", len(self.samples), self.rate, *values), sequence)


@dataclass(frozen=True, slots=True)
class Control:
    """An ACK or a NAK."""

    kind: int
    packet: bytes = b""

    def encode(self, sequence: int = 0) -> bytes:
        """Give the wire bytes."""
        return _frame(self.kind, self.packet, sequence)


@dataclass(frozen=True, slots=True)
class Other:
    """A whole message whose layout nobody has described."""

    number: int
    data: bytes

    def encode(self, sequence: int = 0) -> bytes:
        """Give the wire bytes."""
        return _message(self.number, self.data, sequence)


Frame: TypeAlias = Processed | RawEeg | Control | Other

_REQUESTS: Final = {
    request.encode(): request for request in (StartProcessed(), StopProcessed(), StartRawEeg(), StopRawEeg())
}


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are."""
    return _REQUESTS.get(data)


class Decoder:
    """Turns the monitor's bytes into frames. Keeps at most one frame of MAX_PACKET bytes."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def pending(self) -> int:
        """Bytes of a frame that has begun and not ended."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back what they completed."""
        text, at = self._rest + data, 0
        found: list[Frame | Damage] = []
        while at < len(text):
            if gap := _gap(text, at):
                found.append(Damage(BETWEEN, gap))
                at += gap
                continue
            frame, size = _take(text, at)
            if frame is None:
                break
            found.append(frame)
            at += size
        self._rest = text[at:]
        return found


def _gap(text: bytes, at: int) -> int:
    """Count what stands before the next BA AB; a last BA may be half of one."""
    start = text.find(_START, at)
    if start < 0:
        start = len(text) - text.endswith(_START[:1])
    return max(0, start - at)


def _take(text: bytes, at: int) -> tuple[Frame | Damage | None, int]:
    """Give the frame that begins here and its size; None: the rest isn't here. What is no frame is left at once."""
    if len(text) - at < _HEADER_SIZE:
        return None, 0
    _, length, kind = _LINK.unpack_from(text, at + len(_START))
    if kind not in (DATA, ACK, NAK) or length > MAX_PACKET:
        return Damage(NO_HEADER, len(_START)), len(_START)
    end = at + _HEADER_SIZE + length
    if len(text) < end + 2:
        return None, 0
    if sum(text[at + len(_START) : end]) & 0xFFFF != int.from_bytes(text[end : end + 2], "little"):
        return Damage(CHECKSUM, len(_START)), len(_START)
    packet = text[end - length : end]
    size = end + 2 - at
    return Control(kind, packet) if kind != DATA else _judge(packet, size), size


def _judge(packet: bytes, size: int) -> Frame | Damage:
    if len(packet) < _PACKET.size:
        return Damage(LENGTH, size)
    _, number, _, length = _PACKET.unpack_from(packet)
    data = packet[_PACKET.size :]
    if length != len(data):
        return Damage(LENGTH, size)
    if number in (0x34, 0x35):
        return _processed(number, data) or Damage(FORM, size)
    if number == 0x32:
        return _raw_eeg(data) or Damage(FORM, size)
    return Other(number, data)


def _processed(number: int, data: bytes) -> Processed | None:
    spectra = _SPECTRA if number == 0x35 else 0
    block, odd = divmod(len(data) - _HEAD - spectra, 3)
    if odd or block not in (24, 36):  # the bilateral form of 532 bytes is another layout
        return None
    starts = range(_HEAD, _HEAD + 3 * block, block)
    first, second, third = (_trend(data[at : at + block]) for at in starts)
    return Processed((first, second, third), data[:_HEAD], data[_HEAD + 3 * block :])


def _trend(block: bytes) -> Trend:
    fields = (*_TREND.unpack_from(block), block[_TREND.size :])
    return Trend(*fields)


def _raw_eeg(data: bytes) -> RawEeg | None:
    if len(data) < 4 or len(data) % 2:
        return None
    channels, rate, *values = struct.unpack(f"<{len(data) // 2}h", data)
    if not 1 <= channels <= 4 or not 1 <= rate <= 1_024 or not values or len(values) % channels:
        return None
    return RawEeg(rate, tuple(tuple(values[channel::channels]) for channel in range(channels)))
