"""An Efficia CM monitor, as its Data Export Guide has it: a trend record each minute, alarms in a message before it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from drivers.philips_mdil.codec import Term
from drivers.vocabulary import AlarmCode, Priority
from simulators.api import Bedside, Signal, Vitals
from simulators.vendor_hl7 import Hl7Sender

PROFILE: Final = "2.16.840.1.113883.9.2.1"  # MSH-21
ALARM_GAP_S: Final = 1.0  # between a message of alarms and the trend record that it went before

BPM: Final = (Term(4, 0x0AA0), "bpm")
RPM: Final = (Term(4, 0x0AE0), "rpm")
PERCENT: Final = (Term(4, 0x0220), "%")
MMHG: Final = (Term(4, 0x0F20), "mmHg")
CELSIUS: Final = (Term(4, 0x17A0), "C")

ALERTS: Final = {
    Priority.HIGH: "1^Red Alarm^MDIL-ALERT",
    Priority.MEDIUM: "2^Yellow Alarm^MDIL-ALERT",
}
SOFT_INOP: Final = "6^Soft Inop^MDIL-ALERT"
# How the guide prints limit alarms; other texts stay as the model has them.
LIMITS: Final = {
    "HR HIGH": "HR High, HR={0.heart_rate:.0f} /min",
    "HR LOW": "HR Low, HR={0.heart_rate:.0f} /min",
    "SpO2 LOW": "SpO2 Low, SpO2={0.spo2:.0f} %",
}

_Unit = tuple[Term, str]


@dataclass(frozen=True, slots=True)
class PhilipsMdilDeviceSettings:
    """How often it speaks, what it is called, and where it stands."""

    period_s: float = 60.0
    name: str = "SIM0000001"  # ten characters: monitor's name and serial number
    bed: str = "CHAIR1"


class PhilipsMdilDevice(Hl7Sender):
    """One monitor."""

    application = "^EfficiaCM"

    def __init__(self, bedside: Bedside, settings: PhilipsMdilDeviceSettings) -> None:
        super().__init__(bedside, settings.period_s)
        self._name = settings.name
        self._bed = settings.bed
        self._told: frozenset[str] = frozenset()  # texts of the alarms that stand and have been sent

    def write(self, now: float, number: int) -> tuple[str, str]:
        """Give serial number and counter as the control id, and a message: new alarms first, then the trend record."""
        vitals, time = self._bedside.patient.at(now), self._bedside.device_time(now)
        news = [alarm for alarm in vitals.alarms if alarm.text not in self._told]
        self._told = frozenset(alarm.text for alarm in vitals.alarms)
        if news:
            self._report_at = now + ALARM_GAP_S
        control_id = f"{self._name}{number:010X}"
        kind: str
        rows: Iterable[str]
        kind, rows = (
            ("ALARM", (_alarm(signal, vitals) for signal in news)) if news else ("MONITOR", self._trend(vitals))
        )
        segments = [
            f"MSH|^~\\&|{self.application}||||{_moment(time)}||ORU^R01^ORU_R01|{control_id}|P|2.4|||||||||{PROFILE}",
            "PID|||",
            f"PV1|||^^{self._bed}|||||||||||||||A|",
            f"ORC|NW{'|' * 17}{self._name}",
            f"OBR||||{kind}|||{_moment(time)}|||",
            *rows,
        ]
        return control_id, "".join(f"{segment}\r" for segment in segments)

    def _trend(self, vitals: Vitals) -> Iterator[str]:
        """List the rows: a `?` on the screen is an empty value with X, nothing there is one with F."""
        has_pulse, has_co2 = vitals.probe == "on", vitals.co2_line
        yield _row(0x4182, "HR", vitals.heart_rate, BPM, has_value=vitals.leads and not vitals.standby)
        yield _row(0x4BB8, "SpO2", vitals.spo2, PERCENT, has_value=has_pulse and not vitals.standby)
        pulse = _row(0x480A, "Pulse", vitals.pulse_rate, BPM, has_value=has_pulse and not vitals.standby)
        yield f"{pulse}||||||0002-4bb8^SpO2^MDIL"
        yield _row(0x50B0, "etCO2", vitals.etco2, MMHG, has_value=has_co2 and not vitals.standby)
        yield _row(0x50BA, "imCO2", vitals.fico2, MMHG, has_value=has_co2 and not vitals.standby)
        yield _row(0x5012, "awRR", vitals.respiration_rate, RPM, has_value=has_co2 and not vitals.standby)
        has_temperature = not vitals.standby
        yield _row(0xF0C7, "T1", vitals.temperature, CELSIUS, has_value=has_temperature, digits=1)
        yield from self._cuff(vitals)

    def _cuff(self, vitals: Vitals) -> Iterator[str]:
        cuff = None if vitals.standby else vitals.cuff
        values = (cuff.systolic, cuff.diastolic, cuff.mean) if cuff else ("", "", "")
        ended = f"|||{_moment(self._bedside.device_time(cuff.ended))}" if cuff else ""
        for code, label, value in zip((0x4A05, 0x4A06, 0x4A07), ("NBPs", "NBPd", "NBPm"), values, strict=True):
            yield f"OBX||NM|{Term(2, code)}^{label}^MDIL||{value}|{_unit(MMHG)}|||||F{ended}"


def _row(code: int, label: str, value: float, unit: _Unit, *, has_value: bool, digits: int = 0) -> str:
    said, status = (f"{value:.{digits}f}", "F") if has_value else ("", "X")
    return f"OBX||NM|{Term(2, code)}^{label}^MDIL||{said}|{_unit(unit)}|||||{status}"


def _unit(unit: _Unit) -> str:
    return f"{unit[0]}^{unit[1]}^MDIL"


def _alarm(signal: Signal, vitals: Vitals) -> str:
    is_physiological = signal.code in (
        AlarmCode.LIMIT_HIGH,
        AlarmCode.LIMIT_LOW,
        AlarmCode.DESATURATION,
        AlarmCode.APNOEA,
    )
    kind = ALERTS.get(signal.priority, SOFT_INOP) if is_physiological else SOFT_INOP
    return f"OBX||TX|{kind}||{LIMITS.get(signal.text, signal.text).format(vitals)}||||||F"


def _moment(time: datetime) -> str:
    return time.strftime("%Y%m%d%H%M%S")
