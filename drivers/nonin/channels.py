"""What the oximeter's numbers and bits mean (Nonin 6470-000-01). Of several averages only the display's is published:
a chart that gets four pulse rates of one finger can't tell which one stood on the device.
"""

from typing import Final, NamedTuple

from drivers.nonin import averages, packets, spot
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity


class Channel(NamedTuple):
    """One number: its range, and what stands in its place when there is none."""

    metric: Metric
    missing: int
    least: int
    most: int


SPO2: Final = Channel(Metric.SPO2, 127, 0, 100)
PULSE: Final = Channel(Metric.PULSE_RATE, 511, 18, 321)

# The specification's names of saturation and pulse.
DISPLAY: Final = ("SpO2-D", "HR-D")
AVERAGES: Final = ("SP", "HR")
SPOT: Final = ("SpO2", "HR")


class Fault(NamedTuple):
    """What a bit makes of a number beside it, and why there is none where none stands."""

    bit: int
    validity: Validity
    reason: Reason
    why_absent: Reason


# The first that is set counts. Short artefact and weak perfusion alone leave a number as it is.
PACKET_FAULTS: Final = (
    Fault(packets.SENSOR_ALARM, Validity.INVALID, Reason.HELD, Reason.SENSOR_OFF),
    Fault(packets.OUT_OF_TRACK, Validity.QUESTIONABLE, Reason.LOW_SIGNAL, Reason.LOW_SIGNAL),  # our choice
)
# Bits of byte 1; those of byte 4 stand above them, shifted by BYTE_4.
BYTE_4: Final = 8
AVERAGES_FAULTS: Final = (
    Fault(averages.SENSOR_ALARM << BYTE_4, Validity.INVALID, Reason.HELD, Reason.SENSOR_OFF),
    Fault(averages.DISCONNECTED, Validity.QUESTIONABLE, Reason.NO_SENSOR, Reason.NO_SENSOR),
    Fault(averages.OUT_OF_TRACK, Validity.QUESTIONABLE, Reason.LOW_SIGNAL, Reason.LOW_SIGNAL),
)
# Without the SmartPoint bit the device doesn't call the measurement a good one: questionable is our choice.
NOT_SMART_POINT: Final = 1 << 16
SPOT_FAULTS: Final = (
    Fault(spot.NO_MEASUREMENT, Validity.INVALID, Reason.DISOWNED, Reason.NOT_AVAILABLE),
    Fault(NOT_SMART_POINT, Validity.QUESTIONABLE, Reason.LOW_SIGNAL, Reason.LOW_SIGNAL),
)
HEALTHY: Final = Fault(0, Validity.VALID, Reason.NOT_AVAILABLE, Reason.NOT_AVAILABLE)

# Perfusion of the pulses heard, the worst first; only format 2 and 7 can say that it is high.
PACKET_PERFUSION: Final = (
    (packets.RED, "low"),
    (packets.RED | packets.GREEN, "marginal"),
    (packets.GREEN, "high"),
)
AVERAGES_PERFUSION: Final = ((averages.LOW_PERFUSION, "low"), (averages.MARGINAL_PERFUSION, "marginal"))


class Bell(NamedTuple):
    """An alarm that a bit stands for."""

    code: AlarmCode
    text: str


SENSOR_ALARM: Final = Bell(AlarmCode.SENSOR_OFF, "sensor alarm")
LOW_BATTERY: Final = Bell(AlarmCode.BATTERY_LOW, "low battery")
