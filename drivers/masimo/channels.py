"""What the oximeter's words mean. Bits: low 12 of EXC from the Rad-8 operator's manual, section 7; all others from a
header of the MD PnP project; ALARM bits 0001 to 0020 were also found by experiment on a Rad-8.
"""

from typing import Final, NamedTuple

from drivers.vocabulary import AlarmCode, Metric, Reason, Validity


class Channel(NamedTuple):
    """One KEY. `is_basic`: each sensor measures it, and zero stands for no reading (the manual's ASCII 2 sample)."""

    metric: Metric
    unit: str | None = None  # None: the metric's only unit, or none
    is_basic: bool = False
    doubt: Reason | None = None


CHANNELS: Final = {
    "SPO2": Channel(Metric.SPO2, is_basic=True),
    "BPM": Channel(Metric.PULSE_RATE, is_basic=True),
    "PI": Channel(Metric.PERFUSION_INDEX, "%", is_basic=True),
    "SPCO": Channel(Metric.CARBOXYHAEMOGLOBIN),
    "SPMET": Channel(Metric.METHAEMOGLOBIN),
    "SPHB": Channel(Metric.TOTAL_HAEMOGLOBIN, doubt=Reason.UNIT_UNKNOWN),  # may follow the device's set-up
    "SPOC": Channel(Metric.OXYGEN_CONTENT, doubt=Reason.UNIT_UNKNOWN),
    "DESAT": Channel(Metric.DESATURATION_INDEX),
    "PIDELTA": Channel(Metric.PERFUSION_INDEX_DELTA),
    "PVI": Channel(Metric.PLETH_VARIABILITY_INDEX),
}
UNMAPPED: Final = Channel(Metric.UNMAPPED)
NOT_READINGS: Final = frozenset({"SN", "RESVD", "ALARM", "EXC", "EXC1"})


class Fault(NamedTuple):
    """A bit of EXC, and what it makes of a number that stands beside it."""

    bit: int
    words: str
    reason: Reason
    validity: Validity
    key: str = ""  # the one KEY that it speaks of; empty: all


HEALTHY: Final = Fault(0x000800, "Masimo SET", Reason.NOT_AVAILABLE, Validity.VALID)  # and 0: SET is not yet earned

# The first that is set counts. The cable's and the sensor's bits from 001000 on: UNVERIFIED on hardware.
FAULTS: Final = (
    Fault(0x000001, "no sensor", Reason.NO_SENSOR, Validity.INVALID),
    Fault(0x000020, "sensor off patient", Reason.SENSOR_OFF, Validity.INVALID),
    Fault(0x000002, "defective sensor", Reason.SENSOR_FAULT, Validity.INVALID),
    Fault(0x000080, "unrecognised sensor", Reason.SENSOR_FAULT, Validity.INVALID),
    Fault(0x000100, "incompatible sensor", Reason.SENSOR_FAULT, Validity.INVALID),
    Fault(0x000008, "pulse search", Reason.SEARCHING, Validity.INVALID),
    Fault(0x001000, "no cable", Reason.NO_SENSOR, Validity.QUESTIONABLE),
    Fault(0x010000, "defective cable", Reason.SENSOR_FAULT, Validity.QUESTIONABLE),
    Fault(0x008000, "unrecognised cable", Reason.SENSOR_FAULT, Validity.QUESTIONABLE),
    Fault(0x004000, "incompatible cable", Reason.SENSOR_FAULT, Validity.QUESTIONABLE),
    Fault(0x020000, "sensor calibrating", Reason.CALIBRATING, Validity.QUESTIONABLE),
    Fault(0x080000, "emitter temperature", Reason.SENSOR_FAULT, Validity.QUESTIONABLE),
    Fault(0x100000, "sensor current", Reason.SENSOR_FAULT, Validity.QUESTIONABLE),
    Fault(0x000010, "interference", Reason.INTERFERENCE, Validity.QUESTIONABLE),
    Fault(0x000040, "too much light", Reason.INTERFERENCE, Validity.QUESTIONABLE),
    Fault(0x000004, "low perfusion", Reason.LOW_PERFUSION, Validity.QUESTIONABLE),
    Fault(0x000400, "low signal IQ", Reason.LOW_SIGNAL, Validity.QUESTIONABLE),
    Fault(0x200000, "SpCO low confidence", Reason.LOW_SIGNAL, Validity.QUESTIONABLE, "SPCO"),
    Fault(0x400000, "SpMet low confidence", Reason.LOW_SIGNAL, Validity.QUESTIONABLE, "SPMET"),
    Fault(0x040000, "sensor life expired", Reason.SENSOR_FAULT, Validity.QUESTIONABLE),
    Fault(0x002000, "cable life expired", Reason.SENSOR_FAULT, Validity.QUESTIONABLE),
)
_KNOWN: Final = HEALTHY.bit | sum(fault.bit for fault in FAULTS)
UNNAMED: Final = Fault(~_KNOWN, "a bit without a known meaning", Reason.OTHER, Validity.QUESTIONABLE)


class Bell(NamedTuple):
    """A bit of ALARM."""

    bit: int
    text: str
    code: AlarmCode = AlarmCode.UNKNOWN
    source: str = ""


LIMIT_BELLS: Final = (
    Bell(0x0001, "SpO2 high", AlarmCode.LIMIT_HIGH, "spo2"),
    Bell(0x0002, "SpO2 low", AlarmCode.LIMIT_LOW, "spo2"),
    Bell(0x0004, "pulse high", AlarmCode.LIMIT_HIGH, "pulse"),
    Bell(0x0008, "pulse low", AlarmCode.LIMIT_LOW, "pulse"),
)
ACTIVE_BELL: Final = Bell(0x0010, "alarm active")  # says something new only if no limit's bit stands beside it

# 0020, silenced, is the bell's state and no alarm. Those above it: UNVERIFIED on hardware, so without a code.
_WORDS: Final = {
    0x0040: "battery low",
    0x0100: "SpCO high",
    0x0200: "SpCO low",
    0x0400: "SpMet high",
    0x0800: "SpMet low",
    0x1000: "desat index",
    0x2000: "PI delta",
}
OTHER_BELLS: Final = tuple(
    Bell(bit, f"bit {bit:04X}: {_WORDS.get(bit, 'no known meaning')}") for bit in (1 << place for place in range(6, 24))
)
