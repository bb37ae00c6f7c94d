"""What the oximeter's columns and status codes mean (names of the codes: the MD PnP project's N-595 driver)."""

from typing import Final, NamedTuple

from drivers.vocabulary import AlarmCode, Metric, Reason, Validity


class Channel(NamedTuple):
    """One column. `can_be_zero`: nought is a value."""

    metric: Metric
    can_be_zero: bool = False


SPO2: Final = "%SpO2"
BPM: Final = "BPM"
PA: Final = "PA"

CHANNELS: Final = {
    SPO2: Channel(Metric.SPO2),
    BPM: Channel(Metric.PULSE_RATE),
    PA: Channel(Metric.UNMAPPED, can_be_zero=True),  # pulse amplitude: no unit, no range known, no word for it
}


class Fault(NamedTuple):
    """A code, and what it makes of a number that stands beside it."""

    code: str
    reason: Reason
    validity: Validity = Validity.INVALID


# The first that stands in the line counts.
FAULTS: Final = (
    Fault("SD", Reason.NO_SENSOR),
    Fault("SO", Reason.SENSOR_OFF),
    Fault("LM", Reason.INTERFERENCE),
    Fault("LP", Reason.LOW_SIGNAL),
    Fault("PS", Reason.SEARCHING),
    Fault("MO", Reason.MOTION, Validity.QUESTIONABLE),
)
HEALTHY: Final = Fault("", Reason.NOT_AVAILABLE, Validity.VALID)
UNNAMED: Final = Fault("", Reason.OTHER, Validity.QUESTIONABLE)  # a code that nobody has explained


class Bell(NamedTuple):
    """An alarm that a code stands for."""

    code: AlarmCode
    text: str
    source: str = ""


BELLS: Final = {
    "SH": Bell(AlarmCode.LIMIT_HIGH, "saturation high", "spo2"),
    "SL": Bell(AlarmCode.LIMIT_LOW, "saturation low", "spo2"),
    "PH": Bell(AlarmCode.LIMIT_HIGH, "pulse high", "pulse"),
    "PL": Bell(AlarmCode.LIMIT_LOW, "pulse low", "pulse"),
    "SD": Bell(AlarmCode.NO_SENSOR, "sensor disconnected"),
    "SO": Bell(AlarmCode.SENSOR_OFF, "sensor off"),
    "LM": Bell(AlarmCode.LOW_SIGNAL, "loss of pulse with interference"),
    "LP": Bell(AlarmCode.LOW_SIGNAL, "loss of pulse"),
    "LB": Bell(AlarmCode.BATTERY_LOW, "low battery"),
}
# A star without the code that says which limit; UNVERIFIED whether that happens.
STARS: Final = {
    SPO2: (Bell(AlarmCode.UNKNOWN, "saturation limit", "spo2"), frozenset({"SH", "SL"})),
    BPM: (Bell(AlarmCode.UNKNOWN, "pulse limit", "pulse"), frozenset({"PH", "PL"})),
}
# AO and AS say what the bell does (off, silenced), not what is wrong: no alarm, and no fault.
QUIET: Final = frozenset({"AO", "AS"})

KNOWN: Final = QUIET | BELLS.keys() | {fault.code for fault in FAULTS}
