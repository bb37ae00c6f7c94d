"""A patient, said in the words of a record: one list of 135 words for each class."""

from collections.abc import Callable, Mapping
from math import exp, pi, sin
from typing import Final

from simulators.api import Cuff, Vitals

NO_DATA: Final = -32767
_WORDS: Final = 135
_PRESENT, _ACTIVE = 0x1, 0x3

# Where each class's groups begin; a group that is not there says status 0, and no data in each value.
_GROUPS: Final = {
    0: (0, 16, 30, 44, 58, 72, 86, 94, 102, 110, 118, 132, 146, 156, 166, 178, 200, 214, 232, 240, 254),
    1: (0, 48, 78, 92, 106, 120, 128),
    2: (0, 24, 96, 112, 140, 198, 230),
    3: (0, 14, 60, 70, 92, 116, 126, 134, 142),
}
_ECG, _NIBP, _T1, _SPO2, _CO2, _NMT, _EXTRA = 0, 72, 86, 118, 132, 214, 226
_ARRHYTHMIA: Final = 0

_HR_FROM_ECG: Final = 9 << 3  # as in all public logs
_CHANNELS_OFF: Final = 0x3800
_LEAD_II: Final = 0x1200  # the label of the public logs: channel 1 shows II
_RR_FROM_CO2: Final = 1
_NO_PTC: Final = 31
_AMBIENT: Final = 7600  # 760.0 mmHg
_IR_AMPLITUDE: Final = 39

_ADULT, _AUTO, _MEASURING, _OLD = 3, 0x08, 0x20, 0x100
_OLD_AFTER_S: Final = 61.0
_CUFF_EMPTIES_S: Final = 1.5  # new values stand beside "measuring" for so long


def numerics(class_number: int, vitals: Vitals, now: float) -> list[int]:
    """Give one class's words."""
    words = [NO_DATA] * _WORDS
    for place in _GROUPS[class_number]:
        words[place // 2 : place // 2 + 3] = [0, 0, 0]
    if class_number == 0:
        _say_basic(words, vitals, now)
    elif class_number == 1:
        rate = _whole(vitals.heart_rate) if _has_ecg(vitals) else NO_DATA
        _put(words, _ARRHYTHMIA, _status(vitals), 0, rate)
    return words


def _say_basic(words: list[int], vitals: Vitals, now: float) -> None:
    status = _status(vitals)
    ecg = (_whole(vitals.heart_rate), NO_DATA, NO_DATA, NO_DATA, _whole(vitals.respiration_rate))
    off = 0 if vitals.leads else _CHANNELS_OFF
    has_ecg = _has_ecg(vitals)
    _put(words, _ECG, status | _HR_FROM_ECG | off, _LEAD_II, *(ecg if has_ecg else [NO_DATA] * 5))
    if has_ecg:
        words[_EXTRA // 2] = ecg[0]
    _put(words, _NIBP, status, _cuff_label(vitals, now), *_pressures(vitals.cuff), NO_DATA)
    _put(words, _T1, status, 11, NO_DATA if vitals.standby else round(vitals.temperature * 100))
    has_pulse = vitals.probe == "on" and not vitals.standby
    pulse = (round(vitals.spo2 * 100), _whole(vitals.pulse_rate), _IR_AMPLITUDE, NO_DATA)
    _put(words, _SPO2, status, 0, *(pulse if has_pulse else [NO_DATA] * 4))
    gas = (_percent(vitals.etco2), _percent(vitals.fico2), _whole(vitals.respiration_rate))
    has_gas = vitals.co2_line and not vitals.standby
    _put(words, _CO2, status, _RR_FROM_CO2, *(gas if has_gas else [NO_DATA] * 3), _AMBIENT)
    words[_NMT // 2 + 5] = _NO_PTC


def _status(vitals: Vitals) -> int:
    return _PRESENT if vitals.standby else _ACTIVE


def _has_ecg(vitals: Vitals) -> bool:
    return vitals.leads and not vitals.standby


def _put(words: list[int], place: int, status: int, label: int, *values: int) -> None:
    first = place // 2
    words[first : first + 3 + len(values)] = [status, 0, label, *values]


def _whole(value: float) -> int:
    return round(value)


def _percent(mmhg: float) -> int:
    """Give hundredths of a per cent of the ambient pressure."""
    return round(mmhg * 100_000 / _AMBIENT)


def _pressures(cuff: Cuff | None) -> tuple[int, int, int]:
    if cuff is None:
        return NO_DATA, NO_DATA, NO_DATA
    return cuff.systolic * 100, cuff.diastolic * 100, cuff.mean * 100


def _cuff_label(vitals: Vitals, now: float) -> int:
    """The old values stay while the cuff pumps; new ones stand beside "measuring" for a moment."""
    age = now - vitals.cuff.ended if vitals.cuff else None
    is_measuring = vitals.cuff_state == "measuring" or (age is not None and age < _CUFF_EMPTIES_S)
    is_old = age is not None and age >= _OLD_AFTER_S
    return _ADULT | _AUTO | _MEASURING * is_measuring | _OLD * is_old


# Waves


def _plethysmogram(phase: float) -> float:
    return 200.0 * exp(-((phase - 0.25) ** 2) / 0.02) + 80.0 * exp(-((phase - 0.6) ** 2) / 0.02)


def _electrocardiogram(phase: float) -> float:
    return 1000.0 * exp(-((phase - 0.3) ** 2) / 0.0002) + 200.0 * exp(-((phase - 0.6) ** 2) / 0.004)


def _capnogram(phase: float, vitals: Vitals) -> float:
    return _percent(vitals.etco2 if 0.4 < phase < 0.9 else vitals.fico2)


_BEAT: Final[Mapping[int, Callable[[float], float]]] = {
    **dict.fromkeys((1, 2, 3, 22), _electrocardiogram),
    8: _plethysmogram,
}
_BREATHING: Final = frozenset({15, 39})
_CO2_WAVE: Final = 9


def sample(kind: int, vitals: Vitals, at: float) -> int:
    """Give one wave's value at a moment; no data for what this patient is not connected to."""
    if vitals.standby:
        return NO_DATA
    beat, breath = at * vitals.heart_rate / 60.0 % 1.0, at * vitals.respiration_rate / 60.0 % 1.0
    if kind in _BEAT and (vitals.probe == "on" if kind == 8 else vitals.leads):
        return round(_BEAT[kind](beat))
    if kind == _CO2_WAVE and vitals.co2_line:
        return round(_capnogram(breath, vitals))
    if kind in _BREATHING and vitals.leads:
        return round(100.0 * sin(2.0 * pi * breath))
    return NO_DATA
