"""The oximeter's voice: one line at each full second, whether or not anyone listens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import floor
from typing import Final, Literal, TypeAlias

from drivers.masimo.codec import TextLine
from drivers.vocabulary import AlarmCode
from simulators.api import Bedside, Vitals

Model: TypeAlias = Literal["rad8", "radical7_blue", "radical7_colour", "radical5"]

# Keys and widths of each model, as in the public lines.
LAYOUTS: Final[dict[Model, str]] = {
    "rad8": "SN=0123456789 SPO2={spo2}% BPM={bpm} PI={pi}% SPCO=--.-% SPMET=--.-% DESAT=-- PIDELTA=+-- "
    "ALARM={alarm:04X} EXC={exc:06X}",
    "radical7_blue": "SN=0123456789 SPO2={spo2}% BPM={bpm} PI={pi}% SPCO=--.-% SPMET=--.-% DESAT=-- PIDELTA=+-- "
    "PVI=--- ALARM={alarm:04X} EXC={exc:06X}",
    "radical7_colour": "SN=---------- SPO2={spo2}% BPM={bpm} PI={pi} SPCO=--% SPMET=--.-% SPHB=--.- SPOC=-- RESVD=--- "
    "DESAT=-- PIDELTA=+-- PVI=--- ALARM={alarm:06X} EXC={exc:07X} EXC1=00000000",
    "radical5": "SPO2={spo2}% BPM={bpm} PI={pi}% ALARM={alarm:02X} EXC={exc:03X}",
}

NO_SENSOR: Final = 0x001
LOW_PERFUSION: Final = 0x004
PULSE_SEARCH: Final = 0x008
SENSOR_OFF: Final = 0x020
LOW_SIGNAL_IQ: Final = 0x400
SET: Final = 0x800

PROBE: Final = {"on": SET, "off": SET | SENSOR_OFF, "none": NO_SENSOR, "searching": PULSE_SEARCH}

ACTIVE: Final = 0x10
# By alarm and the first word of its text: the patient's other alarms are not this device's.
LIMITS: Final = {
    (AlarmCode.LIMIT_HIGH, "spo2"): 0x01,
    (AlarmCode.LIMIT_LOW, "spo2"): 0x02,
    (AlarmCode.DESATURATION, "spo2"): 0x02,
    **{(AlarmCode.LIMIT_HIGH, word): 0x04 for word in ("pulse", "pr", "hr")},
    **{(AlarmCode.LIMIT_LOW, word): 0x08 for word in ("pulse", "pr", "hr")},
}

# What a real line does now and then, by second in each PERIOD.
PERIOD: Final = 300
EMPTY_LINE: Final = range(60, 61)
BPM_WITH_PERCENT: Final = range(120, 123)
STILL_NUMBERS: Final = range(180, 183)  # the sensor is off, and the last numbers stand on
OFF: Final = range(183, 188)
SEARCH: Final = range(188, 194)
CUT: Final = range(240, 241)  # the plug came off for a moment
NEVER_SET: Final = timedelta(days=6_940)  # a clock that began in 2007


@dataclass(frozen=True, slots=True)
class MasimoSettings:
    """Which model speaks, and whether the oddities of real lines occur."""

    model: Model = "rad8"
    quirks: bool = False


class MasimoDevice:
    """One oximeter. It takes no orders: whatever it is told, somebody has wired or written something wrong."""

    def __init__(self, bedside: Bedside, settings: MasimoSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        self._next: int | None = None

    @property
    def wake_at(self) -> float | None:
        """The next full second."""
        return self._next

    def open(self, now: float) -> Sequence[bytes]:
        """Who comes with a quirky line comes in its middle."""
        self._next = floor(now) + 1
        return [self._line(floor(now))[40:]] if self._settings.quirks else []

    def receive(self, data: bytes, _now: float) -> Sequence[bytes]:
        """Answer nothing, and remember that it was said."""
        if data:
            self.tampered = True
            self.violations.append(f"{len(data)} bytes to a device that only talks: {data[:16].hex(' ')}")
        return []

    def tick(self, now: float) -> Sequence[bytes]:
        """Say the line of this second; those that nobody waited for are gone."""
        second = floor(now)
        self._next = second + 1
        line, place = self._line(second), second % PERIOD if self._settings.quirks else -1
        if place in CUT:
            return [line[40:]]
        return [line, b"\r\n"] if place in EMPTY_LINE else [line]

    def close(self, _now: float) -> None:
        """Talk on, unheard."""
        self._next = None

    def _line(self, second: int) -> bytes:
        vitals = self._bedside.patient.at(second)
        clock = self._bedside.device_time(second)
        exc, has_numbers, percent = exceptions(vitals), vitals.probe == "on" and not vitals.standby, ""
        if self._settings.quirks:
            clock -= NEVER_SET
            exc, has_numbers, percent = _quirk(second % PERIOD, exc, has_numbers)
        spo2, bpm, pi = _numbers(vitals) if has_numbers else ("---", "---", "--.--")
        values = LAYOUTS[self._settings.model].format(
            spo2=spo2, bpm=bpm + percent, pi=pi, alarm=alarm_bits(vitals), exc=exc
        )
        return TextLine(clock, dict(pair.split("=") for pair in values.split(" "))).encode()


def exceptions(vitals: Vitals) -> int:
    """Give the bits of EXC. In standby: none, as on a line that a Radical-7 said without a patient."""
    if vitals.standby:
        return 0
    bits = PROBE[vitals.probe]
    if vitals.probe == "on":
        bits |= LOW_PERFUSION * vitals.low_perfusion | LOW_SIGNAL_IQ * vitals.motion
    return bits


def alarm_bits(vitals: Vitals) -> int:
    """Give the bits of ALARM: limits only of what is measured, and 0010 for any alarm of the oximeter's."""
    words = [(signal.code, signal.text.partition(" ")[0].lower()) for signal in vitals.alarms]
    bits = 0
    for word in words:
        if vitals.probe == "on":
            bits |= LIMITS.get(word, 0)
    is_active = bits or (AlarmCode.SENSOR_OFF, "spo2") in words
    return bits | ACTIVE if is_active else 0


def _numbers(vitals: Vitals) -> tuple[str, str, str]:
    spo2, bpm = min(round(vitals.spo2), 100), min(round(vitals.pulse_rate), 250)
    return f"{spo2:03d}", f"{bpm:03d}", f"{min(vitals.perfusion_index, 99.99):05.2f}"


def _quirk(place: int, exc: int, has_numbers: bool) -> tuple[int, bool, str]:
    """Give EXC, whether numbers stand beside it, and what follows BPM."""
    if place in BPM_WITH_PERCENT:
        return exc & ~SET, False, "%"
    if place in STILL_NUMBERS:
        return exc | SENSOR_OFF | LOW_PERFUSION, has_numbers, ""
    if place in OFF:
        return SET | SENSOR_OFF, False, ""
    return (PULSE_SEARCH, False, "") if place in SEARCH else (exc, has_numbers, "")
