"""A Connectivity Server with one patient: messages and names as the Programmer's Guide prints them, and no others."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from simulators.api import Bedside, Vitals
from simulators.vendor_hl7 import Hl7Sender


@dataclass(frozen=True, slots=True)
class WelchAllynDeviceSettings:
    """How often it speaks, and of which bed."""

    period_s: float = 420.0  # the server's default
    bed: str = "BED1"


class WelchAllynDevice(Hl7Sender):
    """One server."""

    application = "WAP^WAP"

    def __init__(self, bedside: Bedside, settings: WelchAllynDeviceSettings) -> None:
        super().__init__(bedside, settings.period_s)
        self._bed = settings.bed

    def write(self, now: float, number: int) -> tuple[str, str]:
        """Give time and counter as the control id, and the message."""
        time = _moment(self._bedside.device_time(now))
        control_id = f"{time[:14]}{number:05x}"
        head = f"MSH|^~\\&|{self.application}||||{time}||ORU^R01|{control_id}|P|2.4"
        rows = [*_signs(self._bedside.patient.at(now), time), *self._cuff(self._bedside.patient.at(now))]
        obx = [f"OBX|{place}|ST|{row}" for place, row in enumerate(rows, start=1)]
        segments = [head, "PID|||||UNKNOWN", f"PV1||I|^^{self._bed}", f"OBR|1|||VITALS^Vital Signs^WAP|||{time}", *obx]
        return control_id, "".join(f"{segment}\r" for segment in segments)

    def _cuff(self, vitals: Vitals) -> Iterator[str]:
        if vitals.cuff is not None:
            ended = _moment(self._bedside.device_time(vitals.cuff.ended))
            cuff = vitals.cuff
            for level, value in (("SYS", cuff.systolic), ("DIA", cuff.diastolic), ("MEAN", cuff.mean)):
                yield _row("NIBP", level, str(value), "mmHg", ended)


def _signs(vitals: Vitals, time: str) -> Iterator[str]:
    has_ecg, has_pulse, has_co2 = vitals.leads, vitals.probe == "on", vitals.co2_line
    for name, level, value, unit, is_measured in (
        ("Heart Rate", "", f"{vitals.heart_rate:.0f}", "BPM", has_ecg),
        ("Temperature", "1", f"{vitals.temperature:.1f}", "DegC", True),
        ("SPO2", "", f"{vitals.spo2:.0f}", "%", has_pulse),
        ("CO2 (In)", "", f"{vitals.fico2:.0f}", "mmHg", has_co2),
        ("CO2 (Ex)", "", f"{vitals.etco2:.0f}", "mmHg", has_co2),
        ("RR/BR", "", f"{vitals.respiration_rate:.0f}", "Br/M", has_co2),
    ):
        yield _row(name, level, value, unit, time, "" if is_measured and not vitals.standby else "?")


def _row(name: str, level: str, value: str, unit: str, time: str, flag: str = "") -> str:
    said = "" if flag else value
    return f"{name}^{name}^WAP|{level}|{said}|^{unit}||{flag}||||||{time}"


def _moment(time: datetime) -> str:
    return f"{time:%Y%m%d%H%M%S}.{time.microsecond // 1000:03d}{time:%z}"
