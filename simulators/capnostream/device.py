"""A Capnostream: silent until enabled, then a wave each 50 ms and numerics each second."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Final, Literal

from drivers.capnostream.codec import Co2Wave, DeviceId, NumericItem, Numerics, Other, PatientId
from drivers.vocabulary import AlarmCode, Priority
from simulators.api import Bedside, Signal, Vitals
from simulators.capnostream.breath import Breath
from simulators.capnostream.commands import (
    ENABLE,
    INQUIRE_EVENTS,
    INQUIRE_ITEM,
    INQUIRE_PATIENT,
    SESSION,
    START,
    START_TREND,
    STOP,
    WRITES,
    Command,
    Ear,
    Noise,
)

_FF: Final = 0xFF
_WAVE_S: Final = 0.05
_LIMITS: Final = bytes([60, 15, 30, 5, 8, 100, 85, 140, 50])  # mmHg and /min
_PRESSURES: Final = (0, 1, 4)  # which of them follow the unit of CO2
_NO_BREATH_S: Final = 20
_DEVICE_ID: Final = b"V05.01 01/15/2010 B200123456  "
_EVENTS: Final = 30

_UNITS: Final = {"mmHg": (1, 1.0), "kPa": (2, 10 / 7.50062), "vol%": (3, 10 / 7.60)}  # code, sent value of 1 mmHg

_SENSOR_BITS: Final = {"on": 0, "off": 0x20, "none": 0x40, "searching": 0x01}
# By alarm and the first word of its text: the patient's other alarms are not this monitor's.
_CO2_BITS: Final = {
    (AlarmCode.APNOEA, "apnoea"): 0x01,
    (AlarmCode.LIMIT_HIGH, "etco2"): 0x02,
    (AlarmCode.LIMIT_LOW, "etco2"): 0x04,
    (AlarmCode.LIMIT_HIGH, "rr"): 0x08,
    (AlarmCode.LIMIT_LOW, "rr"): 0x10,
    (AlarmCode.LIMIT_HIGH, "fico2"): 0x20,
}
_SPO2_BITS: Final = {
    (AlarmCode.LIMIT_HIGH, "spo2"): 0x02,
    (AlarmCode.LIMIT_LOW, "spo2"): 0x04,
    (AlarmCode.DESATURATION, "spo2"): 0x04,
    **{(AlarmCode.LIMIT_HIGH, word): 0x08 for word in ("hr", "pr", "pulse")},
    **{(AlarmCode.LIMIT_LOW, word): 0x10 for word in ("hr", "pr", "pulse")},
}


@dataclass(frozen=True, slots=True)
class CapnostreamDeviceSettings:
    """What the monitor's institutional defaults would set, and how slowly it finds the rate."""

    unit: Literal["mmHg", "kPa", "vol%"] = "mmHg"
    unheard_enables: int = 0  # in Automatic, until the rate is found
    more: str = ""  # what a newer monitor adds to the numerics, as hex

    def __post_init__(self) -> None:
        if self.unit not in _UNITS:
            raise ValueError(f"unit {self.unit!r}: take one of {', '.join(_UNITS)}")


class CapnostreamDevice:
    """One monitor. Commands that would change it latch `tampered`."""

    def __init__(self, bedside: Bedside, settings: CapnostreamDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        self._unit, self._per_mmhg = _UNITS[settings.unit]
        self._unheard = settings.unheard_enables
        self._is_enabled = False
        self._started_at: float | None = None
        self._waves = 0  # since the start
        self._counter = 0
        self._breath = Breath()
        self._wave_vitals = Vitals()  # as of this second
        self._ear = Ear()
        self._reads: dict[int, Callable[[Command, float], list[bytes]]] = {
            START: self._start,
            STOP: self._stop,
            START_TREND: self._stop,  # a download would stop real-time; this monitor has stored nothing
            INQUIRE_ITEM: self._item,
            INQUIRE_PATIENT: lambda _command, now: [self._patient(now)],
            INQUIRE_EVENTS: lambda _command, _now: [_event(number) for number in range(1, _EVENTS + 1)],
        }

    @property
    def wake_at(self) -> float | None:
        """The next wave."""
        return None if self._started_at is None else self._started_at + self._waves * _WAVE_S

    def open(self, _now: float) -> Sequence[bytes]:
        """Say nothing until enabled."""
        self._ear = Ear()
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer what is allowed, latch what would change something, count the rest."""
        said: list[bytes] = []
        for heard in self._ear.hear(data):
            if isinstance(heard, Noise):
                self.violations.append(heard.reason)
            else:
                said += self._obey(heard, now)
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        """Say the wave that is due; each second the numerics after it. What nobody waited for is gone."""
        said: list[bytes] = []
        if self._started_at is not None and self.wake_at is not None and now - self.wake_at > 1.0:
            self._waves = floor((now - self._started_at) / _WAVE_S)
        while (due := self.wake_at) is not None and due <= now + 1e-6:
            is_second = self._waves % 20 == 0
            self._waves += 1
            if is_second:
                self._wave_vitals = self._bedside.patient.at(due)
            said.append(self._wave())
            if is_second:
                said.append(self._numerics(due).encode())
        return said

    def close(self, _now: float) -> None:
        """Talk on, unheard, until somebody comes back or disables it."""

    def _obey(self, command: Command, now: float) -> list[bytes]:
        if not command.is_read:
            self.tampered = True
            what = WRITES.get(command.code, "no command of the protocol")
            self.violations.append(f"command {command.code}: {what}")
            return []
        if command.code in SESSION:
            return self._enable(now) if command.code == ENABLE else self._disable(now)
        if not self._is_enabled:
            self.violations.append(f"command {command.code} before communication was enabled")
            return []
        answer = self._reads.get(command.code)
        return answer(command, now) if answer else []

    def _enable(self, _now: float) -> list[bytes]:
        if self._unheard > 0:
            self._unheard -= 1
            return []
        self._is_enabled = True
        return [DeviceId(_DEVICE_ID).encode()]

    def _disable(self, _now: float) -> list[bytes]:
        self._is_enabled, self._started_at = False, None
        return []

    def _start(self, _command: Command, now: float) -> list[bytes]:
        if self._started_at is None:
            self._started_at, self._waves = now + _WAVE_S, 0
        return [self._patient(now)]

    def _stop(self, command: Command, _now: float) -> list[bytes]:
        if command.code == START_TREND and self._started_at is not None:
            self.violations.append("a trend download stops real-time")
        self._started_at = None
        return []

    def _item(self, command: Command, now: float) -> list[bytes]:
        said = self._figures(self._bedside.patient.at(now), 1.0)
        number = command.data[0]
        return [NumericItem(said[number - 1] if 1 <= number <= len(said) else _FF).encode()]

    def _patient(self, now: float) -> bytes:
        """No one is admitted: all 00."""
        return PatientId(self._clock(now), bytes(24)).encode()

    def _wave(self) -> bytes:
        vitals = self._wave_vitals
        status = _fast_status(vitals)
        rate = 0.0 if status else vitals.respiration_rate
        sample = self._breath.go_on(_WAVE_S, rate, vitals.etco2, vitals.fico2)
        sent = 0 if status else min(0xFFFF, round(max(0.0, sample.co2) * self._per_mmhg * 256))
        self._counter = (self._counter + 1) % 256
        return Co2Wave(self._counter, sent, status | (0x08 if sample.ends_breath else 0)).encode()

    def _numerics(self, now: float) -> Numerics:
        vitals = self._wave_vitals
        co2_alarms, spo2_alarms, slow = _alarm_bits(vitals)
        return Numerics(
            self._clock(now),
            *self._figures(vitals, self._per_mmhg),
            slow | (0x02 if self.tampered else 0),  # whoever it obeyed: for instance, the alarms are silenced
            bytes(3),
            co2_alarms,
            spo2_alarms,
            _NO_BREATH_S,
            self._limits(),
            self._unit,
            0x04 if vitals.standby else 0,  # pump off
            bytes.fromhex(self._settings.more),
        )

    def _figures(self, vitals: Vitals, per_mmhg: float) -> tuple[int, int, int, int, int]:
        """EtCO2, FiCO2, RR, SpO2, pulse."""
        is_breathing = not _fast_status(vitals) and vitals.respiration_rate >= 1
        apnoea = any(signal.code is AlarmCode.APNOEA for signal in vitals.alarms)
        gases = (vitals.etco2 * per_mmhg, vitals.fico2 * per_mmhg, vitals.respiration_rate)
        etco2, fico2, rr = (_byte(value) if is_breathing and not apnoea else _FF for value in gases)
        has_pulse = vitals.probe == "on" and not vitals.standby
        spo2, pulse = (_byte(min(100, vitals.spo2)), _byte(vitals.pulse_rate)) if has_pulse else (_FF, _FF)
        return etco2, fico2, rr, spo2, pulse

    def _limits(self) -> bytes:
        return bytes(
            _byte(limit * self._per_mmhg) if place in _PRESSURES else limit for place, limit in enumerate(_LIMITS)
        )

    def _clock(self, now: float) -> int:
        """The wall clock, counted as if it were UTC."""
        local = self._bedside.device_time(now)
        offset = local.utcoffset()
        return floor(local.timestamp() + (offset.total_seconds() if offset else 0.0))


def _byte(value: float) -> int:
    return min(254, max(0, round(value)))


def _fast_status(vitals: Vitals) -> int:
    if vitals.standby:
        return 0x01
    return 0 if vitals.co2_line else 0x41  # FilterLine not connected, CO2 invalid


def _alarm_bits(vitals: Vitals) -> tuple[int, int, int]:
    """Give bytes 14 and 15, and the slow status."""
    if vitals.standby:
        return 0, _SENSOR_BITS[vitals.probe], 0
    rung = [signal for signal in vitals.alarms if _bit(signal, vitals)]
    slow = (0x08 if any(s.priority is Priority.HIGH for s in rung) else 0x10) if rung else 0
    co2 = sum({_CO2_BITS.get(_word(signal), 0) for signal in rung})
    spo2 = sum({_SPO2_BITS.get(_word(signal), 0) for signal in rung})
    return co2, spo2 | _SENSOR_BITS[vitals.probe], slow


def _bit(signal: Signal, vitals: Vitals) -> int:
    co2 = _CO2_BITS.get(_word(signal), 0) if vitals.co2_line else 0
    return co2 or (_SPO2_BITS.get(_word(signal), 0) if vitals.probe == "on" else 0)


def _word(signal: Signal) -> tuple[AlarmCode, str]:
    return signal.code, signal.text.partition(" ")[0].lower()


def _event(number: int) -> bytes:
    """One line of the list that Institutional Defaults holds."""
    return Other(INQUIRE_EVENTS, bytes([number]) + f"EVENT {number:<5}".encode()).encode()
