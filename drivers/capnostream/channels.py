"""What the Capnostream's bytes and bits mean (D006045C, messages 0 and 1). Data only."""

from typing import Final, NamedTuple

from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity

INVALID: Final = 0xFF
NO_PULSE_OXIMETER: Final = 0  # an inquired item says 00 for "not supported"; nobody has a saturation or pulse of 0


class Channel(NamedTuple):
    """One byte of the numerics."""

    field: str
    name: str
    metric: Metric
    is_co2: bool = False  # of the capnograph; else of the oximeter
    is_gas: bool = False  # in the unit of byte 26
    most: int = 254
    saturates: bool = False  # `most` means: that or more


CHANNELS: Final = (
    Channel("etco2", "EtCO2", Metric.ETCO2, is_co2=True, is_gas=True),
    Channel("fico2", "FiCO2", Metric.FICO2, is_co2=True, is_gas=True),
    Channel("rr", "RR", Metric.RESPIRATION_RATE_CO2, is_co2=True),
    Channel("spo2", "SpO2", Metric.SPO2, most=100),
    Channel("pulse", "PR", Metric.PULSE_RATE, most=254, saturates=True),
)


class Unit(NamedTuple):
    """A value of byte 26."""

    ucum: str
    divisor: int  # kPa and Vol% are sent tenfold


UNITS: Final = {1: Unit("mm[Hg]", 1), 2: Unit("kPa", 10), 3: Unit("%", 10)}


class Fault(NamedTuple):
    """A bit, and what it makes of a number that stands beside it (our choice: the protocol says only what it means)."""

    bit: int
    reason: Reason
    validity: Validity = Validity.INVALID


# Byte 15. With these bits SpO2 and pulse are not measured, even if a number is there.
SPO2_FAULTS: Final = (
    Fault(0x40, Reason.NO_SENSOR),  # sensor disconnected
    Fault(0x20, Reason.SENSOR_OFF),  # sensor off patient
    Fault(0x01, Reason.SEARCHING),  # pulse not found
)

# Fast status, of the waves just before; 08 is the end of a breath. The first that is set counts.
FAST_FAULTS: Final = (
    Fault(0x40, Reason.NO_SENSOR),  # FilterLine not connected
    Fault(0x80, Reason.SENSOR_FAULT),  # CO2 malfunction
    Fault(0x04, Reason.SENSOR_FAULT),  # occlusion
    Fault(0x02, Reason.CALIBRATING),  # initialising
    Fault(0x10, Reason.CALIBRATING, Validity.QUESTIONABLE),  # self maintenance: a pause in mid-measurement
    Fault(0x20, Reason.HELD, Validity.QUESTIONABLE),  # purging
    Fault(0x01, Reason.DISOWNED),  # CO2 invalid
)
END_OF_BREATH: Final = 0x08

# Byte 27, extended CO2 status.
SLOW_FAULTS: Final = (
    Fault(0x04, Reason.OFF),  # pump off
    Fault(0x02, Reason.SENSOR_FAULT, Validity.QUESTIONABLE),  # check flow
    Fault(0x01, Reason.OTHER, Validity.QUESTIONABLE),  # check calibration
)


class Bell(NamedTuple):
    """A bit that shows an alarm."""

    field: str
    bit: int
    text: str
    code: AlarmCode
    source: str = ""


A = AlarmCode

BELLS: Final = (
    Bell("co2_alarms", 0x01, "no breath", A.APNOEA, "rr"),
    Bell("co2_alarms", 0x02, "EtCO2 high", A.LIMIT_HIGH, "etco2"),
    Bell("co2_alarms", 0x04, "EtCO2 low", A.LIMIT_LOW, "etco2"),
    Bell("co2_alarms", 0x08, "RR high", A.LIMIT_HIGH, "rr"),
    Bell("co2_alarms", 0x10, "RR low", A.LIMIT_LOW, "rr"),
    Bell("co2_alarms", 0x20, "FiCO2 high", A.LIMIT_HIGH, "fico2"),
    Bell("co2_alarms", 0x40, "CO2 alarm bit 40: no documented meaning", A.UNKNOWN),
    Bell("co2_alarms", 0x80, "CO2 alarm bit 80: no documented meaning", A.UNKNOWN),
    Bell("spo2_alarms", 0x01, "pulse not found", A.LOW_SIGNAL, "spo2"),
    Bell("spo2_alarms", 0x02, "SpO2 high", A.LIMIT_HIGH, "spo2"),
    Bell("spo2_alarms", 0x04, "SpO2 low", A.LIMIT_LOW, "spo2"),
    Bell("spo2_alarms", 0x08, "PR high", A.LIMIT_HIGH, "pulse"),
    Bell("spo2_alarms", 0x10, "PR low", A.LIMIT_LOW, "pulse"),
    Bell("spo2_alarms", 0x20, "sensor off patient", A.SENSOR_OFF, "spo2"),
    Bell("spo2_alarms", 0x40, "sensor disconnected", A.NO_SENSOR, "spo2"),
    Bell("spo2_alarms", 0x80, "SpO2 alarm bit 80: no documented meaning", A.UNKNOWN),
    Bell("co2_status", 0x80, "battery low", A.BATTERY_LOW),  # one public program only
)

# Slow status: something sounds. News only when no bit above says what.
SOUNDS: Final = (
    (0x08, "high-priority alarm", Priority.HIGH),
    (0x10, "low-priority alarm", Priority.LOW),
    (0x20, "advisory", Priority.LOW),
)
SILENCED: Final = 0x06  # for a while, or all of them: then nothing sounds, whatever goes on

WAVE: Final = Metric.UNMAPPED  # the vocabulary has no word for instantaneous CO2
WAVE_NAME: Final = "co2"
WAVE_PERIOD_S: Final = 0.05
QUICK_EVENT: Final = 0xFF
MANUFACTURER: Final = "Oridion"
