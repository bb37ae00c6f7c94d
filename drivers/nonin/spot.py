"""Data format 13: one spot measurement (Nonin 6470-000-01, model 9560).

    00 02 00 0D | len MSB LSB | 20 YY MM DD hh mm ss 00 (BCD) | STATUS MSB LSB | HR MSB LSB | reserved | SpO2 | CHK | 03

CHK is the low byte of the sum of the len bytes before it. The specification announces that len may grow.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from drivers.api import Damage
from drivers.common.scanning import Scanner

HEAD: Final = bytes.fromhex("00 02 00 0D")
SHORTEST: Final = 14
LONGEST: Final = 64  # our limit for what may be added

# STATUS
SMART_POINT: Final = 0x0200
NO_MEASUREMENT: Final = 0x0100  # NOMS
FROM_MEMORY: Final = 0x0010  # MEM
LOW_BATTERY: Final = 0x0001

CHECKSUM: Final = "wrong checksum"
WRONG_LENGTH: Final = "wrong length"
NO_FRAME: Final = "no frame"


@dataclass(frozen=True, slots=True)
class Spot:
    """One measurement. `taken` is None if the device's clock says no date. 511 and 127 stand for no value."""

    taken: datetime | None
    status: int
    hr: int
    spo2: int
    reserved: int = 0
    added: bytes = b""  # what a later edition may put behind SpO2

    def encode(self) -> bytes:
        """Give the wire bytes."""
        clock = bytes(8) if self.taken is None else bytes.fromhex(f"{self.taken:%Y%m%d%H%M%S}00")
        numbers = bytes((self.reserved, self.spo2)) + self.added
        data = clock + self.status.to_bytes(2, "big") + self.hr.to_bytes(2, "big") + numbers
        return HEAD + len(data).to_bytes(2, "big") + data + bytes((sum(data) & 0xFF, 0x03))


class SpotDecoder:
    """Turns bytes into spot measurements. Keeps less than one frame of the longest kind."""

    def __init__(self) -> None:
        self._scanner: Scanner[Spot] = Scanner(_look, grace=len(HEAD) + 2 + LONGEST + 1)

    def feed(self, data: bytes) -> list[Spot | Damage]:
        """Take bytes in; give back the measurements that they completed."""
        return self._scanner.feed(data)


def _look(buffer: bytes, at: int) -> tuple[Spot | str, int] | None:
    head = buffer[at : at + 4]
    if not HEAD.startswith(head):
        return NO_FRAME, _beginning(buffer, at + 1)
    if len(buffer) - at < 6:
        return None
    size = int.from_bytes(buffer[at + 4 : at + 6], "big")
    if not SHORTEST <= size <= LONGEST:
        return WRONG_LENGTH, _beginning(buffer, at + 1)
    end = at + 6 + size + 2
    if len(buffer) < end:
        return None
    data, check = buffer[at + 6 : end - 2], buffer[end - 2 : end]
    if check != bytes((sum(data) & 0xFF, 0x03)):
        return CHECKSUM, _beginning(buffer, at + 1)
    return _spot(data), end


def _beginning(buffer: bytes, at: int) -> int:
    place = buffer.find(HEAD[:1], at)
    return len(buffer) if place < 0 else place


def _spot(data: bytes) -> Spot:
    hr = int.from_bytes(data[10:12], "big") & 0x1FF  # eight bits in the low byte, unlike the other formats
    return Spot(
        _clock(data[:8]), int.from_bytes(data[8:10], "big"), hr, data[13] & 0x7F, reserved=data[12], added=data[14:]
    )


def _clock(bcd: bytes) -> datetime | None:
    digits = bcd.hex()
    try:
        return datetime.strptime(digits[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007  the device says no zone
    except ValueError:
        return None
