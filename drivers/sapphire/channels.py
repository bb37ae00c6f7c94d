"""What stands where in a batch (Sapphire QCore Communication Protocol, as a public driver reads it).

Data only. Offsets count from the first data byte. Everything else in a batch is unknown, alarms and states among it.
"""

from dataclasses import dataclass
from typing import Final

from drivers.vocabulary import Metric

M = Metric

LEAST_SIZE: Final = 171  # a shorter batch is another firmware's layout: nothing is taken from it


@dataclass(frozen=True, slots=True)
class Field:
    """An unsigned little-endian number."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Channel:
    """A field that is a reading."""

    metric: Metric
    field: Field
    name: str
    unit: str | None = None
    per: int = 1  # so many make one
    highest: float = float("inf")  # the display's range, our choice; what lies above is doubtful
    moves: int = 0  # by so much from one batch to the next; our choice


SOFTWARE: Final = Field(34, 4)
SERIAL_NUMBER: Final = Field(38, 4)

RATE: Final = Channel(M.INFUSION_RATE, Field(47, 2), "rate", "mL/h", per=10, highest=999.9)
CHANNELS: Final = (
    RATE,
    Channel(M.VOLUME_REMAINING, Field(163, 4), "VTBI left", "mL", per=100, highest=9999.99, moves=100),
    Channel(M.VOLUME_INFUSED, Field(167, 4), "delivered", "mL", per=100, highest=99999.99, moves=100),
    Channel(M.UNMAPPED, Field(45, 2), "drop size"),
)
