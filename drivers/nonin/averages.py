"""Data format 8: four bytes a second, without a checksum (Nonin 6470-000-01).

    1 | R | OOT | LPRF | MPRF | ARTF | HR8 | HR7        only this byte has bit 7 set
    0 | HR6 .. HR0
    0 | SP6 .. SP0
    0 | R | SPA | R | SNSA | R | R | LOW BAT

The numbers are display values, held for ten seconds after the finger has gone, with SNSA set.
"""

from dataclasses import dataclass
from typing import Final

SIZE: Final = 4

# byte 1
DISCONNECTED: Final = 0x40  # reserved in the specification; UNVERIFIED, one program's reading
OUT_OF_TRACK: Final = 0x20
LOW_PERFUSION: Final = 0x10
MARGINAL_PERFUSION: Final = 0x08
ARTIFACT: Final = 0x04

# byte 4
SMART_POINT: Final = 0x20
SENSOR_ALARM: Final = 0x08
LOW_BATTERY: Final = 0x01


@dataclass(frozen=True, slots=True)
class Averages:
    """One second: four-beat averages as displayed. 511 and 127 stand for none."""

    status: int  # byte 1 without its uppermost and its two lowest bits
    hr: int
    spo2: int
    status2: int

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return bytes((0x80 | self.status | self.hr >> 7, self.hr & 0x7F, self.spo2, self.status2))


def decode_averages(frame: bytes) -> Averages:
    """Read four bytes of the right form."""
    return Averages(frame[0] & 0x7C, (frame[0] & 0x03) << 7 | frame[1], frame[2], frame[3])
