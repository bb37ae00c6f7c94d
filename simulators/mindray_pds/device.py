"""A monitor that is called: heartbeats both ways, data after a query, and what it shouldn't hear."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from drivers.mindray_pds.codec import (
    APERIODIC,
    HEARTBEAT,
    PATIENT,
    PERIODIC,
    PHYSIOLOGICAL_ALARMS,
    QUERY,
    TECHNICAL_ALARMS,
    write,
)
from drivers.vocabulary import AlarmCode
from simulators.api import Bedside, Cuff, Signal, Vitals

NOTHING: Final = "-100"
CLIENT_SILENT_S: Final = 10.0
LIMIT: Final = 65_536  # bytes without an end
_FRAME: Final = re.compile(rb"\x0b([^\x0b\x1c]*)\x1c\r", re.DOTALL)
_QRF: Final = re.compile(r"QRF\|MON\|\|\|\|[0-9]+&[0-9]+\^([134])\^1\^[01]\^[0-9&]*\|*")
_QRD: Final = re.compile(r"QRD\|[0-9]+\|R\|I\|[A-Za-z0-9]+\|\|\|\|\|RES\|*")
_ESCAPES: Final = str.maketrans({"\\": " ", "|": " ", "^": " ", "&": " ", "~": " ", "\r": " ", "\n": " "})
_TECHNICAL: Final = frozenset(
    {
        AlarmCode.LEAD_OFF, AlarmCode.SENSOR_OFF, AlarmCode.NO_SENSOR, AlarmCode.SENSOR_FAULT, AlarmCode.LOW_SIGNAL,
        AlarmCode.CUFF, AlarmCode.MALFUNCTION, AlarmCode.BATTERY_LOW, AlarmCode.BATTERY_EMPTY,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MindrayPdsDeviceSettings:
    """How often it speaks."""

    period_s: float = 1.0


class _Row(NamedTuple):
    code: str
    module: str
    value: Callable[[Vitals], float]
    is_there: Callable[[Vitals], bool]
    digits: int = 0


_ROWS: Final = (
    _Row("101^HR", "2101", lambda v: v.heart_rate, lambda v: v.leads),
    _Row("151^RR", "2102", lambda v: v.respiration_rate, lambda v: v.leads),
    _Row("160^SpO2", "2103", lambda v: v.spo2, lambda v: v.probe == "on"),
    _Row("161^PR", "2103", lambda v: v.pulse_rate, lambda v: v.probe == "on"),
    _Row("162^PI", "2103", lambda v: v.perfusion_index, lambda v: v.probe == "on", 2),
    _Row("200^T1", "2104", lambda v: v.temperature, lambda v: True, 2),
    _Row("250^EtCO2", "2106", lambda v: v.etco2, lambda v: v.co2_line),
    _Row("251^FiCO2", "2106", lambda v: v.fico2, lambda v: v.co2_line),
    _Row("280^awRR", "2106", lambda v: v.respiration_rate, lambda v: v.co2_line),
)
_CUFF: Final[tuple[tuple[str, Callable[[Cuff], int]], ...]] = (
    ("170^Sys", lambda cuff: cuff.systolic),
    ("171^Dia", lambda cuff: cuff.diastolic),
    ("172^Mean", lambda cuff: cuff.mean),
    ("173^PR", lambda cuff: cuff.pulse_rate),
)


class MindrayPdsDevice:
    """One monitor."""

    def __init__(self, bedside: Bedside, settings: MindrayPdsDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        self._heard = b""
        self._wants: set[str] = set()  # 1 parameters, 3 and 4 alarms
        self._said: dict[str, tuple[str, ...]] = {}  # by kind: what is said on change only
        self._client_at = 0.0
        self._next_at: float | None = None

    @property
    def wake_at(self) -> float | None:
        """When to speak again."""
        return self._next_at

    def open(self, now: float) -> Sequence[bytes]:
        """Greet the caller."""
        self._heard = b""
        self._wants.clear()
        self._said.clear()
        self._client_at = now
        self._next_at = now + self._settings.period_s
        return [write(PATIENT, _patient()), write(HEARTBEAT)]

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Take heartbeats and queries; note everything else."""
        self._heard += data
        before = bool(self._wants)
        while found := _FRAME.search(self._heard):
            if found.start():
                self.violations.append("bytes outside a frame")
            self._understand(found.group(1).decode("latin_1"), now)
            self._heard = self._heard[found.end() :]
        if self._heard and (not self._heard.startswith(b"\x0b") or len(self._heard) > LIMIT):
            self.violations.append("bytes outside a frame")
            self._heard = b""
        return self._data(now) if self._wants and not before else []

    def tick(self, now: float) -> Sequence[bytes]:
        """Say a heartbeat and, to a client that asked and is still there, data."""
        if self._next_at is None or now < self._next_at:
            return []
        self._next_at = now + self._settings.period_s
        if self._wants and now - self._client_at > CLIENT_SILENT_S:
            self.violations.append("no heartbeat")
            self._wants.clear()
        return [write(HEARTBEAT), *self._data(now)]

    def close(self, _now: float) -> None:
        """The caller is gone."""
        self._next_at = None

    def _understand(self, text: str, now: float) -> None:
        segments = [segment for segment in text.split("\r") if segment]
        header = [*segments[0].split("|"), *[""] * 12] if segments else [""] * 12
        kind = (header[8], header[9])
        if kind == ("ORU^R01", HEARTBEAT) and len(segments) == 1:
            self._client_at = now
        elif kind == ("QRY^R02", QUERY) and len(segments) > 2 and _QRD.fullmatch(segments[1]):
            asked = [_QRF.fullmatch(segment) for segment in segments[2:]]
            self._wants |= {found.group(1) for found in asked if found}
            if not all(asked):
                self.tampered = True
                self.violations.append("a query with something else in it")
        else:  # orders, admissions, observations: nothing a viewer may say
            self.tampered = True
            self.violations.append(f"not for a viewer: {header[8][:20]} {header[9][:20]}")

    def _data(self, now: float) -> list[bytes]:
        vitals = self._bedside.patient.at(now)
        said: list[bytes] = []
        if "1" in self._wants:
            said.append(write(PERIODIC, _periodic(vitals)))
            said += self._changed(APERIODIC, _cuff(vitals, self._bedside.device_time))
        time = self._bedside.device_time(now)
        for want, kind, is_technical in (("3", PHYSIOLOGICAL_ALARMS, False), ("4", TECHNICAL_ALARMS, True)):
            if want in self._wants:
                signals = [s for s in vitals.alarms if (s.code in _TECHNICAL) is is_technical]
                said += self._changed(kind, _alarms(signals, is_technical=is_technical), time)
        return said

    def _changed(self, kind: str, rows: tuple[str, ...], time: datetime | None = None) -> list[bytes]:
        if self._said.get(kind) == rows:
            return []
        self._said[kind] = rows
        stamp = "" if time is None else f"{time:%Y%m%d%H%M%S}"
        return [write(kind, tuple(row.replace("{time}", stamp) for row in rows))]


def _patient() -> tuple[str, ...]:
    return (
        "PID|||SIMULATED||Simulated^Patient||||",
        "PV1||I|^^SIM&1&0&4601&&1|||||||||||||||A|||",
        "OBR||||Mindray Monitor|||0|",
        "OBX||NM|52^||0.0||||||F",
        "OBX||NM|51^||0.0||||||F",
        "OBX||ST|2301^||SIMULATED||||||F",
        "OBX||ST|2308^BedNoStr||CHAIR1||||||F",
    )


def _periodic(vitals: Vitals) -> tuple[str, ...]:
    return tuple(f"OBX||NM|{row.code}|{row.module}|{_value(row, vitals)}||||||F" for row in _ROWS)


def _value(row: _Row, vitals: Vitals) -> str:
    if vitals.standby or not row.is_there(vitals):
        return f"{NOTHING}.00" if row.digits else NOTHING
    return f"{row.value(vitals):.{row.digits}f}"


def _cuff(vitals: Vitals, clock: Callable[[float], datetime]) -> tuple[str, ...]:
    cuff = vitals.cuff
    if cuff is None or vitals.cuff_state == "failed" or vitals.standby:
        return tuple(f"OBX||NM|{code}|2105|{NOTHING}||||||F||APERIODIC|00000000000000" for code, _ in _CUFF)
    ended = f"{clock(cuff.ended):%Y%m%d%H%M%S}"
    return tuple(f"OBX||NM|{code}|2105|{value(cuff)}||||||F||APERIODIC|{ended}" for code, value in _CUFF)


def _alarms(signals: Sequence[Signal], *, is_technical: bool) -> tuple[str, ...]:
    if is_technical:
        return tuple(f"OBX||CE|4||{_number(s)}^{s.text.translate(_ESCAPES)}||||||F|" for s in signals)
    return tuple(f"OBX||CE|2|1|{_number(s)}^**{s.text.translate(_ESCAPES)}||||||F|||{{time}}|" for s in signals)


def _number(signal: Signal) -> int:
    """Give an alarm a number that stays its own; a real monitor's numbers are in no document."""
    return 10_000 + list(AlarmCode).index(signal.code)
