"""What return records mean (Technical Service Manual, chapter 12). Data only."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from drivers.vocabulary import AlarmCode, InfusionState, Metric

M, A, S = Metric, AlarmCode, InfusionState


class Kind(Enum):
    """What a record answers. The kinds differ in the length of their data, so none needs its question."""

    STATUS = 0
    MODEL = 6
    SERIAL = 9
    TIME = 12
    INFUSION = 17


SHAPES: Final = {
    Kind.STATUS: re.compile(r""),
    Kind.MODEL: re.compile(r"(?P<model>[ -~]{4})(?P<version>[0-9A-F]{2})"),
    Kind.SERIAL: re.compile(r"(?P<serial>[ -~]{9})"),
    Kind.TIME: re.compile(r"[0-9]{12}"),
    Kind.INFUSION: re.compile(r"(?P<infused>.{6})(?P<limit>.{6})(?P<rate>.{5})"),
}

CENTURY: Final = "20"


@dataclass(frozen=True, slots=True)
class Figure:
    """A decimal number in the data of an infusion record."""

    metric: Metric
    group: str
    name: str
    unit: str


INFUSED: Final = Figure(M.VOLUME_INFUSED, "infused", "volume infused", "mL")
LIMIT: Final = Figure(M.VOLUME_TO_BE_INFUSED, "limit", "volume limit", "mL")
RATE_SET: Final = Figure(M.INFUSION_RATE_SET, "rate", "rate", "mL/h")
RATE: Final = Figure(M.INFUSION_RATE, "rate", "rate", "mL/h")

# Alarm byte 0, counted from the left.
ALARM_NUMBER: Final = 0x1F

# Alarm byte 1.
SECONDARY, RUN, KVO, ON_BATTERY, BATTERY_LOW = 0x01, 0x02, 0x04, 0x08, 0x10

# Alarm byte 2.
POWERED: Final = 0x08

# By whether it runs and whether at the KVO rate; everything else is unknown. Hold is the pump's one word for paused and
# stopped.
STATES: Final = {
    (True, False): S.INFUSING,
    (True, True): S.KVO,
    (False, False): S.STOPPED,
}

LOW_BATTERY: Final = 0x01  # also has a bit of its own, which stands beside any other number

# By alarm number. The manual has names only; where a name leaves doubt, the code is unknown.
ALARMS: Final = {
    0x01: (A.BATTERY_LOW, "LOW_BATTERY"),
    0x02: (A.UNKNOWN, "DOSE_SET_INCOMPLETE"),
    0x03: (A.UNKNOWN, "DOSE_CHG_UNACCEPTBL"),
    0x04: (A.UNKNOWN, "DOSE_CHG_INCOMPLETE"),
    0x05: (A.UNKNOWN, "RATE_CHANGE_INCOMPLETE"),
    0x06: (A.INFUSION_COMPLETE, "KVO"),
    0x07: (A.UNKNOWN, "ON_HOLD"),
    0x08: (A.EMPTY, "EMPTY_BAG"),
    0x09: (A.OCCLUSION, "OCCLUSION"),
    0x0A: (A.AIR_IN_LINE, "AIR"),
    0x0B: (A.DOOR, "DOOR_OPEN"),
    0x0C: (A.MALFUNCTION, "MOTOR_REV_STALL"),
    0x0D: (A.UNKNOWN, "SAFETY_CLIP"),
    0x0E: (A.UNKNOWN, "PRESSURE_PLATE"),
    0x0F: (A.BATTERY_EMPTY, "DEAD_BATTERY"),
    0x10: (A.UNKNOWN, "SYSTEM_WARNING"),
    0x11: (A.MALFUNCTION, "SYSTEM_ERROR"),
    0x12: (A.UNKNOWN, "SERVICE_DUE"),
    0x13: (A.UNKNOWN, "SECONDARY_STOP"),
    0x14: (A.UNKNOWN, "PRESET_LIMITS_EXCEEDED"),
}
