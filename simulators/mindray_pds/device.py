"""A monitor that is called: heartbeats both ways, data after a query, and what it shouldn't hear."""

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
    STATES,
    TECHNICAL_ALARMS,
    compose,
)
from drivers.vocabulary import AlarmCode
from simulators.api import Bedside, Cuff, Signal, Vitals
from simulators.mindray_pds.orders import EVERYTHING, Call, Ear

NOTHING: Final = "-100"
CLIENT_SILENT_S: Final = 10.0
_ESCAPES: Final = str.maketrans({"\\": " ", "|": " ", "^": " ", "&": " ", "~": " ", "\r": " ", "\n": " "})
_TECHNICAL: Final = frozenset(
    {
        AlarmCode.LEAD_OFF, AlarmCode.SENSOR_OFF, AlarmCode.NO_SENSOR, AlarmCode.SENSOR_FAULT, AlarmCode.LOW_SIGNAL,
        AlarmCode.CUFF, AlarmCode.MALFUNCTION, AlarmCode.BATTERY_LOW, AlarmCode.BATTERY_EMPTY,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MindrayPdsDeviceSettings:
    """How it speaks."""

    period_s: float = 1.0
    only_by_id: bool = False  # as a uMEC12: a query for everything brings alarms and cuff results, nothing periodic
    line_feeds: bool = False  # it ends lines with LF


class _Row(NamedTuple):
    number: str
    label: str
    module: str
    value: Callable[[Vitals], float]
    is_there: Callable[[Vitals], bool]
    digits: int = 0


_ROWS: Final = (
    _Row("101", "HR", "2101", lambda v: v.heart_rate, lambda v: v.leads),
    _Row("151", "RR", "2102", lambda v: v.respiration_rate, lambda v: v.leads),
    _Row("160", "SpO2", "2103", lambda v: v.spo2, lambda v: v.probe == "on"),
    _Row("161", "PR", "2103", lambda v: v.pulse_rate, lambda v: v.probe == "on"),
    _Row("162", "PI", "2103", lambda v: v.perfusion_index, lambda v: v.probe == "on", 2),
    _Row("200", "T1", "2104", lambda v: v.temperature, lambda v: True, 2),
    _Row("250", "EtCO2", "2106", lambda v: v.etco2, lambda v: v.co2_line),
    _Row("251", "FiCO2", "2106", lambda v: v.fico2, lambda v: v.co2_line),
    _Row("280", "awRR", "2106", lambda v: v.respiration_rate, lambda v: v.co2_line),
)
_CUFF: Final[tuple[tuple[str, str, Callable[[Cuff], int]], ...]] = (
    ("170", "Sys", lambda cuff: cuff.systolic),
    ("171", "Dia", lambda cuff: cuff.diastolic),
    ("172", "Mean", lambda cuff: cuff.mean),
    ("173", "PR", lambda cuff: cuff.pulse_rate),
)


class MindrayPdsDevice:
    """One monitor."""

    def __init__(self, bedside: Bedside, settings: MindrayPdsDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        self._ear = Ear()
        self._wants: frozenset[tuple[str, str]] = frozenset()
        self._said: dict[str, tuple[str, ...]] = {}  # cuff results, which are said on change only
        self._client_at = 0.0
        self._next_at: float | None = None

    @property
    def wake_at(self) -> float | None:
        """When to speak again."""
        return self._next_at

    def open(self, now: float) -> Sequence[bytes]:
        """Greet the caller."""
        self._ear = Ear()
        self._wants = frozenset()
        self._client_at = now
        self._next_at = now + self._settings.period_s
        return [self._write(PATIENT, _patient()), self._write(HEARTBEAT)]

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Take heartbeats and queries; note everything else."""
        said: list[bytes] = []
        for call in self._ear.feed(data):
            said += self._hear(call, now)
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        """Say a heartbeat and, to a client that asked and is still there, data."""
        if self._next_at is None or now < self._next_at:
            return []
        self._next_at = now + self._settings.period_s
        if self._wants and now - self._client_at > CLIENT_SILENT_S:
            self.violations.append("no heartbeat")
            self._wants = frozenset()
        return [self._write(HEARTBEAT), *self._data(now)]

    def close(self, _now: float) -> None:
        """The caller is gone."""
        self._next_at = None

    def _hear(self, call: Call, now: float) -> list[bytes]:
        self.tampered |= call.is_command
        if call.fault:
            self.violations.append(call.fault)
        if call.is_heartbeat:
            self._client_at = now
        if not call.wants:
            return []
        self._wants = call.wants  # a new query replaces the one before
        self._said.clear()
        return self._data(now)

    def _data(self, now: float) -> list[bytes]:
        vitals = self._bedside.patient.at(now)
        said: list[bytes] = []
        rows = [row for row in _ROWS if self._has_asked_for(row.number)]
        if rows:
            said.append(self._write(PERIODIC, tuple(_periodic(row, vitals) for row in rows)))
            said.append(self._write(STATES, tuple(f"OBX||CE|2037^|{row.number}|3^||||||F" for row in rows)))
        cuff = _cuff(vitals, self._bedside.device_time)
        wanted = tuple(row for row in cuff if self._wants & {("1", EVERYTHING), ("1", row[8:11])})
        if wanted and self._said.get(APERIODIC) != wanted:
            self._said[APERIODIC] = wanted
            said.append(self._write(APERIODIC, wanted))
        return [*said, *self._alarms(vitals, self._bedside.device_time(now))]

    def _has_asked_for(self, number: str) -> bool:
        everything = ("1", EVERYTHING) in self._wants and not self._settings.only_by_id
        return everything or ("1", number) in self._wants

    def _alarms(self, vitals: Vitals, time: datetime) -> list[bytes]:
        said: list[bytes] = []
        for want, kind, is_technical in (("3", PHYSIOLOGICAL_ALARMS, False), ("4", TECHNICAL_ALARMS, True)):
            if (want, EVERYTHING) in self._wants:
                signals = [s for s in vitals.alarms if (s.code in _TECHNICAL) is is_technical]
                said.append(self._write(kind, tuple(_alarm(s, time, is_technical=is_technical) for s in signals)))
        return said

    def _write(self, kind: str, segments: tuple[str, ...] = ()) -> bytes:
        return compose(kind, segments, end="\n" if self._settings.line_feeds else "\r")


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


def _periodic(row: _Row, vitals: Vitals) -> str:
    return f"OBX||NM|{row.number}^{row.label}|{row.module}|{_value(row, vitals)}||||||F"


def _value(row: _Row, vitals: Vitals) -> str:
    if vitals.standby or not row.is_there(vitals):
        return f"{NOTHING}.00" if row.digits else NOTHING
    return f"{row.value(vitals):.{row.digits}f}"


def _cuff(vitals: Vitals, clock: Callable[[float], datetime]) -> tuple[str, ...]:
    cuff = None if vitals.cuff_state == "failed" or vitals.standby else vitals.cuff
    ended = f"{clock(cuff.ended):%Y%m%d%H%M%S}" if cuff else "0" * 14
    return tuple(
        f"OBX||NM|{number}^{label}|2105|{value(cuff) if cuff else NOTHING}||||||F||APERIODIC|{ended}"
        for number, label, value in _CUFF
    )


def _alarm(signal: Signal, time: datetime, *, is_technical: bool) -> str:
    """Give an alarm row, with a number that stays its own; a real monitor's numbers are in no source."""
    number, text = 10_000 + list(AlarmCode).index(signal.code), signal.text.translate(_ESCAPES)
    if is_technical:
        return f"OBX||CE|4||{number}^{text}||||||F|"
    return f"OBX||CE|2|1|{number}^**{text}||||||F|||{time:%Y%m%d%H%M%S}|"
