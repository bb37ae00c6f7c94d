"""What the pump's segments say of the model."""

from collections.abc import Callable
from typing import Final

from drivers.bbraun_dianet.codec import Segment
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import PumpView
from simulators.bbraun_dianet.commands import DOKU

_S, _A = InfusionState, AlarmCode
_FLOWING: Final = (_S.INFUSING, _S.BOLUS, _S.KVO)
_MODE_BITS: Final = {0: 1 << 0x01, 1: 1 << 0x02, 2: 1 << 0x03}
_MG_PER_ML, _MG_PER_KG_H, _MG = 0x28, 0x33, 0x20

_ALARM_BITS: Final = {
    _A.SYRINGE: 0x00,
    _A.NEAR_END: 0x01,
    _A.EMPTY: 0x02,
    _A.OCCLUSION: 0x03,
    _A.AIR_IN_LINE: 0x04,
    _A.FLOW: 0x05,
    _A.BATTERY_EMPTY: 0x06,
    _A.BATTERY_LOW: 0x07,
    _A.DOOR: 0x08,
    _A.PUMP_UNATTENDED: 0x0A,
    _A.STANDBY_OVER: 0x0B,
    _A.INFUSION_COMPLETE: 0x0C,
    _A.REMOTE_LINK: 0x0E,
    _A.KVO_END: 0x0F,
}
_STATE_BITS: Final = {
    _S.INFUSING: 1 << 0x07 | 1 << 0x08,
    _S.BOLUS: 1 << 0x07 | 1 << 0x09,
    _S.KVO: 1 << 0x07 | 1 << 0x0D,
    _S.STANDBY: 1 << 0x05,
    _S.PURGE: 1 << 0x13,
}
_READY: Final = 1 << 0x06


def segment_values(segment: Segment, pump: PumpView, mode: int) -> dict[str, int | bytes]:
    """Give the fields that are there."""
    values: dict[str, int | bytes | None] = dict(_SEGMENTS[segment](pump))
    if segment is Segment.STATUS:
        values["zustand"] = _state(pump) | _MODE_BITS.get(mode, _MODE_BITS[DOKU])
    return {name: value for name, value in values.items() if value is not None}


def _status(pump: PumpView) -> dict[str, int | bytes | None]:
    return {
        "request": 0,
        "alarm": _alarm(pump),
        "rate": round(pump.rate * 100) if pump.state in _FLOWING else 0,
        "remainvtbd": _tenths(pump.volume_left),
        "remaintime": None if pump.time_left_s is None else _minutes(pump.time_left_s),
    }


def _state(pump: PumpView) -> int:
    bits = _STATE_BITS.get(pump.state, _READY)
    return bits | 0x10 * pump.on_mains | 0x8000 * bool(pump.alarms) | (1 << 0x17) * (pump.dose_rate is not None)


def _alarm(pump: PumpView) -> int:
    codes = [signal.code for signal in (*pump.alarms, *pump.prealarms)]
    bits = sum(1 << bit for bit in {_ALARM_BITS[code] for code in codes if code in _ALARM_BITS})
    return bits | (1 << 0x11) * (pump.state is _S.KVO)


def _istwert(pump: PumpView) -> dict[str, int | bytes | None]:
    return {
        "druckwert": min(100, round(pump.pressure_percent)),
        "infusedvol": _tenths(pump.volume_infused),
        "infusedtime": _minutes(pump.infusing_s),
        "akkurest": min(0xFFFE, pump.battery_min),
        "syringevol": round(pump.syringe_size),
        "bolvolakt": _tenths(pump.bolus_volume) if pump.state is _S.BOLUS else None,
    }


def _sollwert(pump: PumpView) -> dict[str, int | bytes | None]:
    return {
        "rate": round((pump.rate_set or pump.rate) * 100),
        "vtbd": _tenths(pump.vtbi),
        "bolrate": round(pump.bolus_rate * 100) if pump.bolus_rate else None,
        "drucklimitmax": 5,
        "medikament": _text(pump.drug),
    }


def _dosis(pump: PumpView) -> dict[str, int | bytes | None]:
    return {
        "kg": None if pump.weight_kg is None else round(pump.weight_kg * 100),
        "konz": None if pump.concentration is None else round(pump.concentration * 1000),
        "einhkonz": None if pump.concentration is None else _MG_PER_ML,
        "rate": None if pump.dose_rate is None else round(pump.dose_rate * 1000),
        "einhrate": None if pump.dose_rate is None else _MG_PER_KG_H,
        "einhdrug": _MG,
    }


def _text(text: str) -> bytes:
    return (
        "".join(letter for letter in text if letter.isascii() and letter.isprintable())[:20].ljust(20).encode("ascii")
    )


def _tenths(value: float | None) -> int | None:
    return None if value is None else round(value * 10)


def _minutes(seconds: float) -> int:
    return min(0xFFFE, int(seconds // 60))


_SEGMENTS: Final[dict[Segment, Callable[[PumpView], dict[str, int | bytes | None]]]] = {
    Segment.STATUS: _status,
    Segment.ISTWERT: _istwert,
    Segment.SOLLWERT: _sollwert,
    Segment.DOSIS: _dosis,
    Segment.PROPOSAL: lambda _pump: {},
    Segment.LIMITS: lambda _pump: {},
    Segment.HISTORY: lambda _pump: {},
    Segment.RELOAD: lambda _pump: {"aktiv": 0},
}
