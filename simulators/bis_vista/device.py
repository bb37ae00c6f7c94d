"""A BIS Vista: silent until asked, then its variables each second, and raw EEG eight times a second."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sin
from typing import Final

from drivers.bis_vista.codec import NAK, Control, Processed, RawEeg, Trend
from simulators.api import Bedside
from simulators.bis_vista.orders import START, START_EEG, STOP, Ear, Noise, Order

_PROCESSED_S: Final = 1.0
_EEG_S: Final = 0.125
_RATE: Final = 128
_ABSENT: Final = -32_768
_EXTRA: Final = bytes(12)
_SPECTRA: Final = bytes(244)
_NOTHING: Final = Trend(_ABSENT, _ABSENT, 0, _ABSENT, _ABSENT, _ABSENT, _ABSENT, _ABSENT, -327_680, 0)


@dataclass(frozen=True, slots=True)
class BisVistaDeviceSettings:
    """What the monitor is, and whether its sensor is on."""

    sensor: bool = True
    long_form: bool = False
    wants_receipt: bool = False  # stop after a few frames that nobody acknowledged (UNVERIFIED on hardware)


class BisVistaDevice:
    """One monitor. The patient model knows no EEG: an index that stays high, as under ketamine, is made up here."""

    def __init__(self, bedside: Bedside, settings: BisVistaDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        self._ear = Ear()
        self._sequence = 0
        self._has_spectra = False
        self._processed_at: float | None = None
        self._eeg_at: float | None = None
        self._unacknowledged = 0

    @property
    def wake_at(self) -> float | None:
        """The next message."""
        return min((at for at in (self._processed_at, self._eeg_at) if at is not None), default=None)

    def open(self, _now: float) -> Sequence[bytes]:
        """Say nothing until asked."""
        self._ear = Ear()
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Start and stop transmissions; latch any other message."""
        said: list[bytes] = []
        for heard in self._ear.hear(data):
            match heard:
                case Order():
                    self._obey(heard, now)
                case Noise():
                    self.violations.append(heard.reason)
                    said.append(Control(NAK).encode())
                case _:
                    self._unacknowledged = 0
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        """Say what is due."""
        said: list[bytes] = []
        if self._processed_at is not None and self._processed_at <= now:
            said.append(self._processed(now))
            self._processed_at = _next(self._processed_at, _PROCESSED_S, now)
        if self._eeg_at is not None and self._eeg_at <= now:
            said.append(self._eeg(self._eeg_at))
            self._eeg_at = _next(self._eeg_at, _EEG_S, now)
        self._unacknowledged += len(said)
        if self._settings.wants_receipt and self._unacknowledged > 5:
            self._processed_at = self._eeg_at = None
        return said

    def close(self, _now: float) -> None:
        """Talk on, unheard, until somebody says stop."""

    def _obey(self, order: Order, now: float) -> None:
        if not order.is_known:
            self.tampered = True
            self.violations.append(f"message {order.number:02X}h {order.data.hex(' ')}")
            return
        self._unacknowledged = 0
        if order.number == START:
            self._processed_at, self._has_spectra = now + _PROCESSED_S, order.data == b"\x01"
        elif order.number == START_EEG:
            self._eeg_at = now + _EEG_S
        elif order.number == STOP:
            self._processed_at = None
        else:
            self._eeg_at = None

    def _processed(self, now: float) -> bytes:
        trend = self._trend(now) if self._settings.sensor and not self.tampered else _NOTHING
        if self._settings.long_form:
            trend = trend._replace(more=_EXTRA)
        return Processed((trend, trend, trend), spectra=_SPECTRA if self._has_spectra else b"").encode(self._count())

    def _trend(self, now: float) -> Trend:
        """Slow swings, so that a chart has something to draw."""
        vitals = self._bedside.patient.at(now)
        bis = 880 + round(60 * sin(2 * pi * now / 300))
        emg = 3_800 + round(600 * sin(2 * pi * now / 170))
        return Trend(0, 2_250, 0, bis, bis, bis, 6_200, emg, 400 if vitals.motion else 950, 0)

    def _eeg(self, now: float) -> bytes:
        count = round(_RATE * _EEG_S)
        wave = tuple(round(200 * sin(2 * pi * 11 * (now + n / _RATE))) for n in range(count))
        return RawEeg(_RATE, (wave, wave)).encode(self._count())

    def _count(self) -> int:
        self._sequence = (self._sequence + 1) % 65_536
        return self._sequence


def _next(due: float, period: float, now: float) -> float:
    """Keep the beat; what nobody waited for is gone."""
    missed = int((now - due) / period)
    return due + (missed + 1) * period
