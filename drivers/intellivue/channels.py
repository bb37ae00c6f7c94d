"""What the monitor's codes mean. Most come by arithmetic: partition * 65536 + code is the ISO/IEEE 11073 number."""

from typing import Final, NamedTuple

from drivers.common.mdc import UNITS
from drivers.vocabulary import TERM_BY_CODE, AlarmCode, Metric, Priority, Reason, Validity

SCADA: Final = 2 << 16  # partition of physiological identifiers
EVENTS: Final = 3 << 16
DIMENSIONS: Final = 4 << 16


class Attribute:
    """Numbers of the attributes that are read; all others are skipped, names and patient data among them."""

    LABEL_TEXT: Final = 2343
    NUMERIC: Final = 2384
    COMPOUND_NUMERIC: Final = 2379
    VALUE_TIME: Final = 2448  # absolute, of the value: kept for weeks after a cuff's last reading
    SAMPLES: Final = 2414
    COMPOUND_SAMPLES: Final = 2407
    SAMPLE_SPECIFICATION: Final = 2413
    SCALE: Final = 2415
    SAMPLE_PERIOD: Final = 2445
    UNIT: Final = 2454
    PATIENT_ALARMS: Final = 2306
    TECHNICAL_ALARMS: Final = 2308
    MODEL: Final = 2344
    SYSTEM_ID: Final = 2436
    PRODUCTION: Final = 2349
    WALL_CLOCK: Final = 2439
    RELATIVE_TIME: Final = 2447


# Philips' own identifiers, which have no registered number, and one whose number is a count's.
_OWN: Final = {
    0x4261: Metric.PVC_RATE,  # said per minute
    0x4822: Metric.PULSE_RATE,  # from the plethysmogram
    61669: Metric.NIBP_PULSE_RATE,
}
_OWN_UNITS: Final = {1298: "mm", 4275: "uV"}

# Measured now and then: the cuff's pressures and pulse. Said once per measurement.
EPISODIC: Final = frozenset({0x4A05, 0x4A06, 0x4A07, 61669})


# Of values that are measured now and then. While the next is going on, the last one stands there; an early estimate may
# come before the other two pressures, and is no measurement yet.
ONGOING: Final = 0x0020
EARLY: Final = 0x0040


class Mark(NamedTuple):
    """A bit of a value's state, and what it makes of the value."""

    bits: int
    validity: Validity
    reason: Reason


TEST: Final = 0x0C00  # test or demo: never a patient's
# The first that is set counts. 0080 validated, 0002 in alarm and 0001 alarm inhibited change nothing.
DISOWNED: Final = (
    Mark(0x8000, Validity.INVALID, Reason.DISOWNED),
    Mark(0x2000, Validity.ABSENT, Reason.NOT_AVAILABLE),
    Mark(0x1000, Validity.INVALID, Reason.CALIBRATING),
)
DOUBTED: Final = (
    Mark(TEST, Validity.QUESTIONABLE, Reason.OTHER),
    Mark(0x4000, Validity.QUESTIONABLE, Reason.OTHER),
    Mark(ONGOING, Validity.QUESTIONABLE, Reason.MEASURING),
    Mark(EARLY, Validity.QUESTIONABLE, Reason.EARLY),
    Mark(0x031C, Validity.QUESTIONABLE, Reason.OTHER),  # bits without a known meaning
)

# What an alarm's code stands for, beyond the numbers that families share.
ALARM_WORDS: Final = {
    **dict.fromkeys((230, 232), AlarmCode.CUFF),  # not deflated, overpressure
    **dict.fromkeys((268, 274), AlarmCode.LEAD_OFF),
    310: AlarmCode.SENSOR_FAULT,
    **dict.fromkeys((380, 434), AlarmCode.LOW_SIGNAL),
    3076: AlarmCode.ASYSTOLE,
    3246: AlarmCode.DESATURATION,
    # bigeminy, pause, irregular, supraventricular, R on T, multiform, pair, run, ventricular rhythm, tachycardia, short
    # tachycardia, trigeminy, PVC rate, fibrillation
    **dict.fromkeys(
        (3082, 3108, 3158, 3192, 3206, 3208, 3210, 3212, 3220, 3224, 3226, 3236, 3252, 61444), AlarmCode.ARRHYTHMIA
    ),
}
OF_AN_OBJECT: Final = 1  # in an alarm's code: its source is no physiological identifier
ALARM_TEST: Final = 0x0500  # test or demo
ALARM_STANDBY: Final = 0x0200
# Types of alarms: low, medium, high; technical and patient's.
PRIORITIES: Final = {
    1: Priority.LOW,
    2: Priority.MEDIUM,
    4: Priority.HIGH,
    256: Priority.LOW,
    512: Priority.MEDIUM,
    1024: Priority.HIGH,
}


class WaveChannel(NamedTuple):
    """What a wave is, and its topic segment."""

    name: str
    metric: Metric = Metric.UNMAPPED


WAVES: Final = {
    0x4BB4: WaveChannel("pleth", Metric.PLETH),
    0x5000: WaveChannel("resp", Metric.RESPIRATION_IMPEDANCE),
    0x50AC: WaveChannel("co2"),
    257: WaveChannel("ecg_i"),
    258: WaveChannel("ecg_ii"),
    317: WaveChannel("ecg_iii"),
    318: WaveChannel("ecg_avr"),
    319: WaveChannel("ecg_avl"),
    320: WaveChannel("ecg_avf"),
    323: WaveChannel("ecg_v"),
}


def metric_of(identifier: int) -> Metric:
    """Give the metric of a physiological identifier."""
    if own := _OWN.get(identifier):
        return own
    term = TERM_BY_CODE.get(SCADA + identifier)
    return term.metric if term else Metric.UNMAPPED


def unit_of(code: int) -> str | None:
    """Give the UCUM text of a unit's code; None: unknown."""
    return UNITS.get(DIMENSIONS + code) or _OWN_UNITS.get(code)
