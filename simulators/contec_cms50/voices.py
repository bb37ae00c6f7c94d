"""What the oximeter says of a patient, sixty times a second. All of it is a function of time."""

from math import exp
from typing import Final

from drivers.contec_cms50.codec import OldPacket, Protocol, Realtime
from drivers.vocabulary import AlarmCode
from simulators.api import Vitals

PACKETS_PER_S: Final = 60
FLAT: Final = 0x40  # the waveform with a probe error (V7.0)

NO_PULSE: Final = 0xFF
NO_SPO2: Final = 0x7F
NO_PI: Final = 0xFFFF

LOW_SPO2: Final = 0x20
BEEP: Final = 0x40
PROBE_ERROR: Final = 0x80
SEARCHING: Final = 0x80
PI_INVALID: Final = 0x10
OLD_FINGER_OUT: Final = 0x10
OLD_SEARCHING: Final = 0x20


def packet(vitals: Vitals, now: float, protocol: Protocol) -> Realtime | OldPacket:
    """Say a sixtieth of a second."""
    phase = now * vitals.pulse_rate / 60 % 1.0
    return _realtime(vitals, phase) if protocol == "v7" else _old(vitals, phase)


def has_finger(vitals: Vitals) -> bool:
    """Say whether a finger is in the sensor."""
    return vitals.probe in ("on", "searching") and not vitals.standby


def _realtime(vitals: Vitals, phase: float) -> Realtime:
    if not has_finger(vitals):
        return Realtime(PROBE_ERROR, FLAT, PI_INVALID, NO_PULSE, NO_SPO2, NO_PI)
    if vitals.probe == "searching":
        return Realtime(_signal(vitals), SEARCHING | FLAT, PI_INVALID, NO_PULSE, NO_SPO2, NO_PI)
    pi = round(vitals.perfusion_index * 100)
    is_pi_valid = 0 < pi <= 2200
    bar = _bar(phase) if is_pi_valid else PI_INVALID | _bar(phase)
    numbers = _pulse(vitals, NO_PULSE), _spo2(vitals, NO_SPO2), pi if is_pi_valid else NO_PI
    return Realtime(_status(vitals, phase), _wave(phase), bar, *numbers)


def _old(vitals: Vitals, phase: float) -> OldPacket:
    if not has_finger(vitals):
        return OldPacket(OLD_FINGER_OUT, 0, 0, 0, 0)
    if vitals.probe == "searching":
        return OldPacket(_signal(vitals), FLAT, OLD_SEARCHING, 0, 0)
    return OldPacket(_status(vitals, phase), _wave(phase), _bar(phase), _pulse(vitals, 0), _spo2(vitals, 0))


def _status(vitals: Vitals, phase: float) -> int:
    falls = any(
        signal.code in (AlarmCode.DESATURATION, AlarmCode.LIMIT_LOW) and signal.text.lower().startswith("spo2")
        for signal in vitals.alarms
    )
    return _signal(vitals) | LOW_SPO2 * falls | BEEP * (phase < 0.1)


def _signal(vitals: Vitals) -> int:
    """Give the strength, 0 to 8."""
    return 2 if vitals.low_perfusion or vitals.motion else 6


def _wave(phase: float) -> int:
    """A steep rise and a slow fall, within seven bits."""
    return 10 + int(110 * exp(-4.0 * phase) * min(1.0, 8.0 * phase))


def _bar(phase: float) -> int:
    return _wave(phase) >> 3


def _pulse(vitals: Vitals, none: int) -> int:
    rate = round(vitals.pulse_rate)
    return rate if 1 <= rate <= 254 else none


def _spo2(vitals: Vitals, none: int) -> int:
    spo2 = round(vitals.spo2)
    return spo2 if 1 <= spo2 <= 100 else none
