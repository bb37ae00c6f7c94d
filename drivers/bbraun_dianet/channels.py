"""What the fields of the Dianet Star segments mean. Data only; the names are those of B. Braun's header."""

from dataclasses import dataclass
from typing import Final

from drivers.bbraun_dianet.codec import Segment
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Priority

M, A, S = Metric, AlarmCode, InfusionState


@dataclass(frozen=True, slots=True)
class Channel:
    """One unsigned number, in parts of a unit."""

    metric: Metric
    unit: str
    parts: int = 1  # in one unit
    highest: float = float("inf")  # above, it is questionable


# What isn't listed here, and isn't said in other words, stays unmapped.
CHANNELS: Final = {
    (Segment.STATUS, "rate"): Channel(M.INFUSION_RATE, "mL/h", 100),
    (Segment.STATUS, "remainvtbd"): Channel(M.VOLUME_REMAINING, "mL", 10),
    (Segment.STATUS, "remaintime"): Channel(M.TIME_REMAINING, "min"),
    (Segment.ISTWERT, "druckwert"): Channel(M.LINE_PRESSURE, "%", highest=100),  # of the pressure level
    (Segment.ISTWERT, "infusedvol"): Channel(M.VOLUME_INFUSED, "mL", 10),
    (Segment.ISTWERT, "akkurest"): Channel(M.BATTERY_TIME_REMAINING, "min"),
    (Segment.ISTWERT, "standbyrest"): Channel(M.STANDBY_REMAINING, "min"),
    (Segment.ISTWERT, "syringevol"): Channel(M.SYRINGE_SIZE, "mL"),
    (Segment.ISTWERT, "bolvolakt"): Channel(M.BOLUS_VOLUME, "mL", 10),
    (Segment.SOLLWERT, "rate"): Channel(M.INFUSION_RATE_SET, "mL/h", 100),
    (Segment.SOLLWERT, "vtbd"): Channel(M.VOLUME_TO_BE_INFUSED, "mL", 10),
    (Segment.SOLLWERT, "time"): Channel(M.TIME_PROGRAMMED, "min"),
    (Segment.SOLLWERT, "bolrate"): Channel(M.BOLUS_RATE, "mL/h", 100),
    (Segment.DOSIS, "kg"): Channel(M.PATIENT_WEIGHT, "kg", 100),
}
DRUG: Final = (Segment.SOLLWERT, "medikament")
TEXTS: Final = frozenset({"medikament"})


@dataclass(frozen=True, slots=True)
class Dose:
    """A number in thousandths of a unit that stands in another field."""

    metric: Metric
    unit_field: str


DOSES: Final = {
    (Segment.DOSIS, "konz"): Dose(M.DRUG_CONCENTRATION, "einhkonz"),
    (Segment.DOSIS, "rate"): Dose(M.DOSE_RATE, "einhrate"),
}

# Said in other words: the unit of a dose, hints for the controller, and who the pump is.
CONSUMED: Final = frozenset({"einhkonz", "einhrate", "request", "alarm"})

# A unit byte: quantity, then what it is per, then the time.
QUANTITIES: Final = {0x20: "mg", 0x40: "ug", 0x60: "[iU]", 0x80: "mmol"}
PER: Final = {0x00: "", 0x08: "/mL", 0x10: "/kg"}
TIMES: Final = {0: "", 1: "/s", 2: "/min", 3: "/h", 4: "/d"}
QUANTITY_MASK, PER_MASK, TIME_MASK = 0xE0, 0x18, 0x07
NO_UNIT: Final = frozenset({0x00, 0xFF})
INTERNATIONAL: Final = 0x60
THOUSANDTHS: Final = 1000  # for international units the header seems to say whole ones

# STATUS, zustand.
MAINS, STANDBY, RUNNING, KVO = 1 << 0x04, 1 << 0x05, 1 << 0x07, 1 << 0x0D
BOLUS: Final = 1 << 0x09 | 1 << 0x0A | 1 << 0x0C  # manual, by volume, interval
DRIVE_MOVES: Final = 1 << 0x13 | 1 << 0x14  # to grip the syringe, or back: nobody is infused

# The first row that applies; a pump in standby that runs, or runs while its drive is moved, is unknown.
STATES: Final = (
    (BOLUS, S.BOLUS),
    (KVO, S.KVO),
    (RUNNING, S.INFUSING),
    (STANDBY, S.STANDBY),
)

# STATUS, alarm: by bit.
ALARMS: Final = {
    0x00: (A.SYRINGE, "syringe", None),
    0x01: (A.NEAR_END, "syringe pre-alarm", Priority.LOW),
    0x02: (A.EMPTY, "syringe empty", None),
    0x03: (A.OCCLUSION, "pressure", None),
    0x04: (A.AIR_IN_LINE, "air", None),
    0x05: (A.FLOW, "drop", None),
    0x06: (A.BATTERY_EMPTY, "battery empty", None),
    0x07: (A.BATTERY_LOW, "battery pre-alarm", Priority.LOW),
    0x08: (A.DOOR, "pump door open", None),
    0x09: (A.UNKNOWN, "rate invalid", None),
    0x0A: (A.PUMP_UNATTENDED, "reminder", None),
    0x0B: (A.STANDBY_OVER, "standby over", None),
    0x0C: (A.INFUSION_COMPLETE, "volume done", None),
    0x0D: (A.INFUSION_COMPLETE, "time done", None),
    0x0E: (A.REMOTE_LINK, "communication", None),
    0x0F: (A.KVO_END, "KVO end", None),
    0x10: (A.STOPPED_BY_USER, "remote control interrupted by a key", None),
    0x11: (A.UNKNOWN, "KVO", Priority.LOW),
    0x12: (A.UNKNOWN, "pressure low", Priority.LOW),
    0x13: (A.UNKNOWN, "PCA button not connected", None),
    0x14: (A.UNKNOWN, "PCA hour limit", None),
}

# IDENT: identnr is the serial number in bits 0 to 17, the type above.
SERIAL_BITS: Final = 18
TYPES: Final = {
    202: "Infusomat fmS",
    203: "Infusomat P",
    1019: "Perfusor fm",
    1020: "Perfusor fm (Aachen)",
    1200: "Perfusor compact",
    1201: "Perfusor compact S",
}

ERRORS: Final = {
    0x00: "none",
    0x01: "CRC",
    0x02: "frame",
    0x03: "no such segment",
    0x04: "a user operates the pump",
    0x05: "wrong ident",
    0x06: "out of range",
    0x07: "length",
    0x08: "address",
    0x09: "wrong mode",
    0x0B: "clock while running",
    0x0C: "not possible",
    0x0D: "data don't fit together",
}
