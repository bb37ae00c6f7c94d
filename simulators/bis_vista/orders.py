"""What a host may say to a BIS Vista, and what hosts that were not written here do say; own code."""

from collections.abc import Iterator
from typing import Final, NamedTuple

START_EEG: Final = 0x6F
STOP_EEG: Final = 0x70
START: Final = 0x73
STOP: Final = 0x74

# With the data that public programs send: 01 adds the spectra.
KNOWN: Final = {START_EEG: (b"\x80\x00",), STOP_EEG: (b"",), START: (b"\x00", b"\x01"), STOP: (b"",)}

# A public program's stop requests: one byte shorter than their own length says.
SHORT: Final = {
    bytes.fromhex("baab00000c0001000400000074000000000000" + "8500"): STOP,
    bytes.fromhex("baab00000c0001000400000070000000000000" + "8100"): STOP_EEG,
}
_SHORT_SIZE: Final = 21
_MOST: Final = 256


class Order(NamedTuple):
    """One whole message."""

    number: int
    data: bytes

    @property
    def is_known(self) -> bool:
        """Whether it starts or stops a transmission, and nothing else."""
        return self.data in KNOWN.get(self.number, ())


class Receipt(NamedTuple):
    """An ACK or a NAK."""

    kind: int


class Noise(NamedTuple):
    """Bytes that were no order."""

    reason: str


class Ear:
    """Takes the host's bytes in any split."""

    def __init__(self) -> None:
        self._heard = b""

    def hear(self, data: bytes) -> Iterator[Order | Receipt | Noise]:
        """Give what the bytes completed."""
        self._heard += data
        while self._heard:
            found, size = self._first()
            if not size:
                return
            self._heard = self._heard[size:]
            if found:
                yield found

    def _first(self) -> tuple[Order | Receipt | Noise | None, int]:
        heard = self._heard
        start = heard.find(b"\xba\xab")
        if start < 0 and heard == b"\xba":
            return None, 0
        if start != 0:
            return Noise("bytes between frames"), start if start > 0 else len(heard)
        if len(heard) >= _SHORT_SIZE and heard[:_SHORT_SIZE] in SHORT:
            return Order(SHORT[heard[:_SHORT_SIZE]], b""), _SHORT_SIZE
        if len(heard) < 10:
            return None, 0
        length, kind = int.from_bytes(heard[4:6], "little"), int.from_bytes(heard[6:8], "little")
        if length > _MOST:
            return Noise("too long"), 2
        size = 8 + length + 2
        return (None, 0) if len(heard) < size else (_frame(heard[:size], kind), size)


def _frame(frame: bytes, kind: int) -> Order | Receipt | Noise:
    if sum(frame[2:-2]) % 65_536 != frame[-2] + 256 * frame[-1]:
        return Noise("wrong checksum")
    if kind in (2, 3):
        return Receipt(kind)
    packet = frame[8:-2]
    if kind != 1 or len(packet) < 12 or len(packet) - 12 != int.from_bytes(packet[10:12], "little"):
        return Noise("no packet")
    return Order(int.from_bytes(packet[4:8], "little"), packet[12:])
