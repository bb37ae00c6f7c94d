"""The waves that the monitor draws, 256 ms at a time."""

from math import exp, pi, sin
from typing import Final, NamedTuple

from drivers.intellivue.export import Observed
from drivers.intellivue.values import Special, float_word
from simulators.api import Vitals

PLETH, RESP, CO2, ECG_I, ECG_II, ECG_III = 0x4BB4, 0x5000, 0x50AC, 257, 258, 317
BLOCK_S: Final = 0.256
_TOP: Final = 4095


class Wave(NamedTuple):
    """One wave: handle, samples in a block, period in eighths of a millisecond, scale and unit."""

    handle: int
    size: int
    ticks: int
    low: int
    high: int
    unit: int
    bits: int = 12


_NAN: Final = Special.NAN.value
_DRAWN: Final = {
    PLETH: Wave(81, 32, 0x40, _NAN, _NAN, 512),
    RESP: Wave(82, 16, 0x80, _NAN, _NAN, 512),
    CO2: Wave(83, 16, 0x80, float_word(0), float_word(80), 3872),
}
_LEADS: Final = {ECG_I: 0.6, ECG_II: 1.0, ECG_III: 0.4}
_ECG: Final = Wave(80, 64, 0x20, float_word(-0.5, 1), float_word(2.0, 1), 4274, bits=14)


def waves(vitals: Vitals, labels: tuple[int, ...], end: float, state: int) -> tuple[Observed, ...]:
    """Give the objects of one answer: each wave that is on the list, up to `end`."""
    wanted = [label & 0xFFFF for label in labels]
    objects = [_single(code, vitals, end, state) for code in _DRAWN if code in wanted]
    leads = [code for code in _LEADS if code in wanted]
    return (*([_leads(leads, vitals, end, state)] if leads else []), *objects)


def _single(code: int, vitals: Vitals, end: float, state: int) -> Observed:
    wave = _DRAWN[code]
    period = wave.ticks / 8000
    samples = [round(_TOP * _level(code, vitals, end - (wave.size - n) * period)) for n in range(wave.size)]
    return Observed(0, wave.handle, {**_shape(wave), 2414: _array(code, state, samples)})


def _leads(codes: list[int], vitals: Vitals, end: float, state: int) -> Observed:
    state |= 0 if vitals.leads else 0x8000
    beats = [_beat(vitals, end - (_ECG.size - n) * _ECG.ticks / 8000) for n in range(_ECG.size)]
    arrays = [_array(code, state, [round(_TOP * (0.2 + 0.7 * _LEADS[code] * b)) for b in beats]) for code in codes]
    body = b"".join(arrays)
    return Observed(
        0, _ECG.handle, {**_shape(_ECG), 2407: len(arrays).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body}
    )


def _level(code: int, vitals: Vitals, at: float) -> float:
    """Give the wave's height, 0 to 1; without a finger or a line: flat at mid-scale, as monitors do."""
    if code == PLETH:
        phase = (at * vitals.pulse_rate / 60) % 1
        return 0.5 if vitals.probe != "on" else 0.1 + 0.8 * exp(-3 * phase) * min(1.0, 12 * phase)
    breath = sin(2 * pi * at * vitals.respiration_rate / 60)
    if code == RESP:
        return 0.5 + 0.4 * breath
    return vitals.etco2 / 80 if vitals.co2_line and breath > 0 else 0.0


def _beat(vitals: Vitals, at: float) -> float:
    phase = (at * vitals.heart_rate / 60) % 1
    return exp(-(((phase - 0.3) / 0.02) ** 2)) + 0.25 * exp(-(((phase - 0.6) / 0.06) ** 2))


def _shape(wave: Wave) -> dict[int, bytes]:
    return {
        2413: wave.size.to_bytes(2, "big") + bytes((16, wave.bits)) + b"\0\0",
        2415: wave.low.to_bytes(4, "big") + wave.high.to_bytes(4, "big") + b"\0\0" + _TOP.to_bytes(2, "big"),
        2445: wave.ticks.to_bytes(4, "big"),
        2454: wave.unit.to_bytes(2, "big"),
    }


def _array(code: int, state: int, samples: list[int]) -> bytes:
    words = (code, state, 2 * len(samples), *samples)
    return b"".join(word.to_bytes(2, "big") for word in words)
