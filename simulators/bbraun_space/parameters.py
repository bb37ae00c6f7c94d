"""A pump, said in BCC's parameters."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import PumpView, Signal

_S, _A = InfusionState, AlarmCode
_MG_ML, _MG_KG_H, _UG_MIN = "31", "69", "50"  # unit codes
_VERSION_PURGE, _VERSION_DELIVERED = (3, 34), (3, 36)

# The flag or bit by which each condition shows; what BCC has no word for shows as CC alarm, or calibration.
_FLAG: Final = {
    _A.BATTERY_EMPTY: "INA1",
    _A.EMPTY: "INA2",
    _A.OCCLUSION: "INA3",
    _A.STANDBY_OVER: "INA5",
    _A.INFUSION_COMPLETE: "INA7",
    _A.SYRINGE: "INA9",
    _A.FLOW: "INA14",
    _A.AIR_IN_LINE: "INA15",
    _A.KVO_END: "INA16",
}
_PREALARM_FLAG: Final = {_A.BATTERY_LOW: "INA11", _A.NEAR_END: "INA12"}
_BIT: Final = {
    _A.BATTERY_LOW: 5,
    _A.BATTERY_EMPTY: 7,
    _A.EMPTY: 9,
    _A.OCCLUSION: 10,
    _A.STANDBY_OVER: 12,
    _A.INFUSION_COMPLETE: 13,
    _A.SENSOR_FAULT: 16,
    _A.SYRINGE: 18,
    _A.KVO_END: 19,
    _A.FLOW: 22,
    _A.AIR_IN_LINE: 28,
}
_PREALARM_BIT: Final = {_A.NEAR_END: 2, _A.BATTERY_LOW: 4, _A.OCCLUSION: 10}

# STATUS1, beside on, mains and ready; and RUNSTATE.
_STATUS_BITS: Final = {
    _S.INFUSING: (7, 8),
    _S.BOLUS: (7, 8, 11),
    _S.KVO: (8, 12, 13),
    _S.PURGE: (4,),
    _S.STANDBY: (2,),
    _S.PAUSED: (8,),
}
_RUN_BITS: Final = {_S.INFUSING: (1,), _S.BOLUS: (1,), _S.KVO: (3,), _S.PURGE: (1,)}


def parameters(
    pump: PumpView, *, model: str, serial: str, clock: datetime, version: tuple[int, int], bitwords: bool, is_new: bool
) -> dict[str, str]:
    """Give all that a pump says; just after it was connected it has no values yet."""
    said = {
        "DSSTATUS": "00050" if pump.state is _S.OFF else "00051",
        **_figures(pump),
        **_dose(pump, version),
        **(_words(pump) if bitwords else _flags(pump, version)),
    }
    said |= {"PATW" if version >= (3, 30) else "INPATW": _decimal(pump.weight_kg, 1)}
    if version >= _VERSION_DELIVERED:
        said |= {"VOLREMAIN": _decimal(pump.volume_left, 2), "BOVAL": _decimal(pump.bolus_volume, 2)}
    if is_new:
        said = dict.fromkeys(said, "_NV")
    if version >= (3, 30):
        said |= {"DATE": f"{clock:%Y%m%d}", "TIME": f"{clock:%H%M%S}"}
    name = {"GNNEW": model} if is_new else {"GNMODEL": f"{model}\r"}
    return {**name, "INSERNUM": serial, **said}


def _figures(pump: PumpView) -> dict[str, str]:
    time_left = 65535 if pump.time_left_s is None else min(65535, round(pump.time_left_s))
    return {
        "INRT": _decimal(pump.rate, 2),
        "INVTB": _decimal(pump.vtbi, 2),
        "INVI": _decimal(min(pump.volume_infused, 9999.9), 2),
        "INVOLACT": _decimal(pump.syringe_left, 2),
        "INSYR": f"{pump.syringe_size:.0f}",
        "INRMT": str(time_left),
        "INTIME": str(min(6000, int(pump.infusing_s // 60))),
        "INAKKU": str(pump.battery_min),
        "INBORT": _decimal(pump.bolus_rate, 2),
        "INBOVAL": _decimal(pump.bolus_volume, 2),
        "INSOL": pump.drug or "_NV",
        "INP2": f"{pump.pressure_percent:.0f}",
    }


def _dose(pump: PumpView, version: tuple[int, int]) -> dict[str, str]:
    """Without a dose calculation the fields hold left-overs, as in the specification's own sample."""
    if pump.concentration is None or pump.dose_rate is None:
        return {"INDOCAL": "0", "INDCON": "0", "INDCONU": _MG_ML, "INDORT": "0", "INDORTU": _UG_MIN}
    said = {"INDOCAL": "1", "INDCON": _decimal(pump.concentration, 3), "INDCONU": _MG_ML}
    said |= {"INDORT": _decimal(pump.dose_rate, 3), "INDORTU": _MG_KG_H}
    return said | ({"DORT": said["INDORT"], "DORTU": _MG_KG_H} if version >= _VERSION_DELIVERED else {})


def _flags(pump: PumpView, version: tuple[int, int]) -> dict[str, str]:
    is_delivering = pump.state in (_S.INFUSING, _S.BOLUS, _S.PURGE, _S.KVO)
    marks = {
        "INM2": pump.state is _S.BOLUS,
        "INM3": is_delivering,
        "INM6": pump.state is _S.STANDBY,
        "INM8": pump.on_mains,
        "INM10": pump.state is _S.KVO,
        **({"INM14": pump.state is _S.PURGE} if version >= _VERSION_PURGE else {}),
        **_raised(pump.alarms, _FLAG, "INA6"),
        **_raised(pump.prealarms, _PREALARM_FLAG, ""),
    }
    return {"INM9": "_NV", "INA13": "_NV", **{name: str(int(mark)) for name, mark in marks.items()}}


def _raised(signals: tuple[Signal, ...], table: Mapping[AlarmCode, str], other: str) -> dict[str, bool]:
    raised = {table.get(signal.code, other) for signal in signals}
    return {name: name in raised for name in (*table.values(), other) if name}


def _words(pump: PumpView) -> dict[str, str]:
    status = (_STATUS_BITS.get(pump.state, ()), (0,) if pump.state is not _S.OFF else (), (1,) if pump.on_mains else ())
    return {
        "STATUS1": _word(bit for bits in status for bit in bits),
        "STATUS2": "_NV",
        "ALARM1": _word(_BIT.get(signal.code, 1) for signal in pump.alarms),
        "ALARM2": _word(()),
        "PREALARM": _word(_PREALARM_BIT[signal.code] for signal in pump.prealarms if signal.code in _PREALARM_BIT),
        "RUNSTATE": str(_sum(_RUN_BITS.get(pump.state, (0,)))),
    }


def _word(bits: Iterable[int]) -> str:
    return f"0x{_sum(bits):08X}h"


def _sum(bits: Iterable[int]) -> int:
    return sum(1 << bit for bit in set(bits))


def _decimal(value: float | None, places: int) -> str:
    return "_NV" if value is None else f"{value:.{places}f}"
