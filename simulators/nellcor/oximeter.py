"""The oximeter's voice: a line at each even second, a header before every 22nd; and the menu that stops it."""

from collections.abc import Sequence
from math import floor
from typing import Final

from drivers.nellcor.codec import COLUMN_NAMES, PATIENT_MODE, Model, TextLine
from drivers.vocabulary import AlarmCode
from simulators.api import Bedside, NoSettings, Vitals

PERIOD_S: Final = 2
PAGE: Final = 22  # data lines between two headers, as in a public log
MODEL: Final = Model("N-560", "1.61.00")

ENTER_MENU: Final = b"\x03\x03"
LEAVE_MENU: Final = b"0"
MENU: Final = b"1) Dump Instrument Info\r\n2) Set Date and Time\r\n3) Dump Trend\r\n4) Dump Error Log\r\n0) Exit\r\n"

NONE: Final = "---"
# What is said without a finger, a sensor or a pulse: three values and the code.
WITHOUT: Final = {
    "off": (NONE, NONE, NONE, ("SO",)),
    "none": (NONE, NONE, NONE, ("SD",)),
    "searching": ("0", "0", NONE, ("PS",)),
}
# By alarm and the first word of its text: the patient's other alarms are not this device's.
LIMITS: Final = {
    (AlarmCode.LIMIT_HIGH, "spo2"): "SH",
    (AlarmCode.LIMIT_LOW, "spo2"): "SL",
    (AlarmCode.DESATURATION, "spo2"): "SL",
    **{(AlarmCode.LIMIT_HIGH, word): "PH" for word in ("pulse", "pr", "hr")},
    **{(AlarmCode.LIMIT_LOW, word): "PL" for word in ("pulse", "pr", "hr")},
}


class NellcorDevice:
    """One oximeter. It takes no orders but for its menu, and whoever opens that has silenced it."""

    def __init__(self, bedside: Bedside, _settings: NoSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._next: int | None = None  # line, counted from the epoch
        self._is_new = True  # just switched on
        self._is_in_menu = False
        self._last = b""  # byte, in case it was half an order

    @property
    def wake_at(self) -> float | None:
        """The next even second."""
        return None if self._next is None else float(self._next * PERIOD_S)

    def open(self, now: float) -> Sequence[bytes]:
        """It talks already."""
        self._next = floor(now / PERIOD_S) + 1
        return []

    def receive(self, data: bytes, _now: float) -> Sequence[bytes]:
        """Remember that it was said; open or leave the menu."""
        if not data:
            return []
        self.tampered = True
        self.violations.append(f"{len(data)} bytes to a device that only talks: {data[:16].hex(' ')}")
        heard, self._last = self._last + data, data[-1:]
        if ENTER_MENU in heard and not self._is_in_menu:
            self._is_in_menu, self._last = True, b""
            return [MENU]
        if LEAVE_MENU in data:
            self._is_in_menu = False
        return []

    def tick(self, now: float) -> Sequence[bytes]:
        """Say the line of this moment; those that nobody waited for are gone."""
        line = floor(now / PERIOD_S)
        self._next = line + 1
        if self._is_in_menu:
            return []
        has_header, self._is_new = self._is_new or line % PAGE == 0, False
        header = [frame.encode() for frame in (MODEL, PATIENT_MODE, COLUMN_NAMES)] if has_header else []
        return [*header, self._line(line * PERIOD_S).encode()]

    def close(self, _now: float) -> None:
        """Talk on, unheard."""
        self._next = None

    def _line(self, now: float) -> TextLine:
        vitals = self._bedside.patient.at(now)
        clock = self._bedside.device_time(now).replace(tzinfo=None, microsecond=0)
        probe = "off" if vitals.standby else vitals.probe
        if probe in WITHOUT:
            return TextLine(clock, *WITHOUT[probe])
        codes = (*["MO"] * vitals.motion, *limits(vitals))
        spo2 = f"{min(round(vitals.spo2), 100)}{_star(codes, 'S')}"
        bpm = f"{min(round(vitals.pulse_rate), 250)}{_star(codes, 'P')}"
        return TextLine(clock, spo2, bpm, f"{amplitude(vitals)}", codes)


def limits(vitals: Vitals) -> list[str]:
    """List the codes of the limits that ring, saturation's first."""
    words = {(signal.code, signal.text.partition(" ")[0].lower()) for signal in vitals.alarms}
    return sorted({LIMITS[word] for word in words & LIMITS.keys()}, key=lambda code: (code[0] != "S", code))


def amplitude(vitals: Vitals) -> int:
    """Give a pulse amplitude that rises with perfusion; the scale is ours."""
    return min(round(vitals.perfusion_index * 10), 254)


def _star(codes: Sequence[str], of: str) -> str:
    return "*" if any(code in (f"{of}H", f"{of}L") for code in codes) else ""
