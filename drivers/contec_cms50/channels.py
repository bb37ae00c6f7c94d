"""What the device's numbers and bits mean (*Communication protocol of pulse oximeter V7.0*; old protocol: programs)."""

from typing import Final, NamedTuple

from drivers.vocabulary import AlarmCode, Metric, Reason, Validity


class Channel(NamedTuple):
    """One number: what stands for none, and its range; outside it the number is disowned by the document."""

    name: str
    metric: Metric
    missing: int
    least: int
    most: int
    unit: str | None = None
    per: int = 1  # so many make one


V7_PULSE: Final = Channel("pulse rate", Metric.PULSE_RATE, 0xFF, 1, 254)
V7_SPO2: Final = Channel("SpO2", Metric.SPO2, 0x7F, 1, 100)
V7_PI: Final = Channel("PI", Metric.PERFUSION_INDEX, 0xFFFF, 1, 2200, "%", 100)
OLD_PULSE: Final = Channel("pulse rate", Metric.PULSE_RATE, 0, 1, 254)  # nought for none: UNVERIFIED
OLD_SPO2: Final = Channel("SpO2", Metric.SPO2, 0, 1, 100)
SIGNAL: Final = Channel("signal strength", Metric.SIGNAL_QUALITY, -1, 0, 8)  # the manual's range

SIGNAL_BITS: Final = 0x0F
WAVE_BITS: Final = 0x7F

# V7.0: data 1
SEARCH_TOO_LONG: Final = 0x10
LOW_SPO2: Final = 0x20
PROBE_ERROR: Final = 0x80
# data 2
SEARCHING: Final = 0x80
# data 3
PI_INVALID: Final = 0x10
# old protocol: byte 0
OLD_FINGER_OUT: Final = 0x10
OLD_SPO2_DROPPING: Final = 0x20
# byte 2
OLD_PROBE_ERROR: Final = 0x10
OLD_SEARCHING: Final = 0x20


class Fault(NamedTuple):
    """What makes a number beside it worth less, or nothing."""

    validity: Validity
    reason: Reason


HEALTHY: Final = Fault(Validity.VALID, Reason.NOT_AVAILABLE)
FINGER_OUT: Final = Fault(Validity.INVALID, Reason.SENSOR_OFF)
PROBE_FAULT: Final = Fault(Validity.INVALID, Reason.SENSOR_FAULT)
SEARCH: Final = Fault(Validity.QUESTIONABLE, Reason.SEARCHING)  # numbers beside a search: our choice
DISOWNED: Final = Fault(Validity.INVALID, Reason.DISOWNED)


class Bell(NamedTuple):
    """An alarm that a bit stands for."""

    code: AlarmCode
    text: str
    source: str = ""


OFF_BELL: Final = Bell(AlarmCode.SENSOR_OFF, "probe error or finger out")
FAULT_BELL: Final = Bell(AlarmCode.SENSOR_FAULT, "probe error")
LOW_BELL: Final = Bell(AlarmCode.LIMIT_LOW, "low SpO2", "spo2")
DROP_BELL: Final = Bell(AlarmCode.DESATURATION, "SpO2 dropping", "spo2")
