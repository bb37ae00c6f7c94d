"""A Connectivity Server with one patient: rows as the Programmer's Guide prints them, and no other names."""

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

    application = "WACS"

    def __init__(self, bedside: Bedside, settings: WelchAllynDeviceSettings) -> None:
        super().__init__(bedside, settings.period_s)
        self._bed = settings.bed

    def write(self, now: float, number: int) -> tuple[str, str]:
        """Give a counter as the control id, and the message."""
        time = _moment(self._bedside.device_time(now))
        control_id = f"{number:08d}"
        head = f"MSH|^~\\&|{self.application}||||{time}||ORU^R01|{control_id}|P|2.4"
        rows = [*_signs(self._bedside.patient.at(now), time), *self._cuff(self._bedside.patient.at(now))]
        obx = [f"OBX|{place}|ST|{row}" for place, row in enumerate(rows, start=1)]
        segments = [head, "PID|||||UNKNOWN", f"PV1||I|^^{self._bed}", f"OBR|1||||||{time}", *obx]
        return control_id, "".join(f"{segment}\r" for segment in segments)

    def _cuff(self, vitals: Vitals) -> Iterator[str]:
        if vitals.cuff is not None:
            ended = _moment(self._bedside.device_time(vitals.cuff.ended))
            cuff = vitals.cuff
            for level, value in (("SYS", cuff.systolic), ("DIA", cuff.diastolic), ("MEAN", cuff.mean)):
                yield _row("NIBP", level, str(value), "mmHg", ended)


def _signs(vitals: Vitals, time: str) -> Iterator[str]:
    has_ecg = vitals.leads and not vitals.standby
    yield _row("Heart Rate", "", str(round(vitals.heart_rate)), "BPM", time, "" if has_ecg else "?")
    yield _row("Temperature", "1", f"{vitals.temperature:.1f}", "DegC", time, "?" if vitals.standby else "")


def _row(name: str, level: str, value: str, unit: str, time: str, flag: str = "") -> str:
    said = "" if flag else value
    return f"{name}^{name}^WAP|{level}|{said}|^{unit}||{flag}||||||{time}"


def _moment(time: datetime) -> str:
    return f"{time:%Y%m%d%H%M%S}.{time.microsecond // 1000:03d}{time:%z}"
