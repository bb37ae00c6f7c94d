"""How long a value counts: until it should have come again, in its own rhythm."""

from dataclasses import dataclass
from typing import Final

from gateway.watch.messages import Json

FIRST_DUE_S: Final = 90.0  # a value's rhythm is unknown until it has come twice
LEAST_DUE_S: Final = 15.0
MOST_DUE_S: Final = 600.0
EPISODIC_DUE_S: Final = 3600.0  # a cuff may measure twice an hour; its age stands beside it


@dataclass(slots=True)
class Value:
    """What a device said last of one metric and source."""

    said: Json
    received: float
    was_true: float  # at this time
    rhythm: float | None  # seconds between the last two
    episodic: bool
    historical: bool

    def due_s(self) -> float:
        """Give how old it may grow before it is no longer current."""
        if self.episodic:
            return EPISODIC_DUE_S
        if self.rhythm is None:
            return FIRST_DUE_S
        return min(max(3 * self.rhythm, LEAST_DUE_S), MOST_DUE_S)

    def gives_way_to(self, received: float, historical: bool) -> bool:
        """Live data come first after an outage: what comes behind them is older, whatever its time of arrival."""
        if historical != self.historical:
            return not historical
        return received > self.received
