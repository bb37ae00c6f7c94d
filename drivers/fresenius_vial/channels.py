"""What the variables of the Fresenius Vial protocol mean. Data only.

The coding of alarm, error and mode, and the scale of the bolus figures, are not known: they stay the pump's own text,
and no alarm, no mode and no bolus is derived from them.
"""

from dataclasses import dataclass
from typing import Final

from drivers.vocabulary import Metric


@dataclass(frozen=True, slots=True)
class Channel:
    """One number: hexadecimal, unsigned, in parts of a unit."""

    metric: Metric
    parts: int  # in one unit
    highest: float  # above, it is questionable


CHANNELS: Final = {
    "d": Channel(Metric.INFUSION_RATE, 10, highest=2000),  # tenths of mL/h; FFFF is no rate
    "r": Channel(Metric.VOLUME_INFUSED, 1000, highest=10_000),  # thousandths of mL, the pump's own counter
}

# Of the base: they serve to find the modules and are no readings.
COUNT, MASK = "i", "b"
INVENTORY: Final = frozenset({COUNT, MASK})

# Refusals that say that a session, or the way to a module, is not there.
NO_BASE_SESSION, NO_MODULE_SESSION, NO_MODULE = "0D", "1E", "0E"

# Meanings as one open project's table has them.
ERRORS: Final = {
    "01": "unknown command",
    "02": "not in this mode",
    "03": "not in this status",
    "04": "syntax",
    "05": "mode not allowed",
    "06": "mode already active",
    "07": "new mode not in this mode",
    "08": "parameter out of limits",
    "09": "new mode not in this status",
    "0A": "identifier not used",
    "0B": "identifier incorrect",
    "0C": "message too long",
    "0D": "session with the base not open",
    "0E": "no communication with the module",
    "12": "alarm",
    "14": "start without a rate",
    "15": "too little volume for a bolus",
    "16": "empty-syringe mode impossible",
    "1A": "event number",
    "1E": "session with the module not open",
    "1F": "a module is not in manual mode",
    "20": "not allowed on this port",
    "22": "new mode not authorised",
    "24": "connection mode",
    "25": "drug number",
}
