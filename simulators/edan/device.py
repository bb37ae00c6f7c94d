"""Edan's gateway with one bed. Its answer is constructed: ORF^R04 as HL7 v2.3.1 has it, with the numbers known.

No answer of a real one has been seen.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from drivers.edan.codec import wrap
from simulators.api import Bedside, Vitals

LIMIT: Final = 65_536  # bytes without an end
_FRAME: Final = re.compile(rb"\x0b([^\x0b\x1c]*)\x1c\r", re.DOTALL)
_QRD: Final = re.compile(r"QRD\|[0-9]{14}\|R\|I\|[A-Za-z0-9]+\|\|\|\|\|RES")
_QRF: Final = re.compile(r"QRF\|MON\|\|\|\|([0-9]+)")


@dataclass(frozen=True, slots=True)
class EdanDeviceSettings:
    """Which bed it has, and whether it says when its values were measured."""

    bed: int = 1
    says_times: bool = True


class EdanDevice:
    """One gateway."""

    wake_at: None = None  # it never begins

    def __init__(self, bedside: Bedside, settings: EdanDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        self._heard = b""

    def open(self, _now: float) -> Sequence[bytes]:
        """Say nothing."""
        self._heard = b""
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer queries; note everything else."""
        self._heard += data
        said: list[bytes] = []
        while found := _FRAME.search(self._heard):
            if found.start():
                self.violations.append("bytes outside a frame")
            said.append(wrap(self._answer(found.group(1).decode("latin_1"), now).encode()))
            self._heard = self._heard[found.end() :]
        if self._heard and (not self._heard.startswith(b"\x0b") or len(self._heard) > LIMIT):
            self.violations.append("bytes outside a frame")
            self._heard = b""
        return said

    def tick(self, _now: float) -> Sequence[bytes]:
        """Say nothing."""
        return []

    def close(self, _now: float) -> None:
        """The caller is gone."""

    def _answer(self, text: str, now: float) -> str:
        segments = [segment for segment in text.split("\r") if segment]
        header = [*(segments[0] if segments else "").split("|"), *[""] * 12]
        time = self._bedside.device_time(now)
        bed = _QRF.fullmatch(segments[2]) if len(segments) == 3 else None
        if header[8] != "QRY^R02" or bed is None or not _QRD.fullmatch(segments[1]):
            self.tampered = True  # an order, an admission, an observation, or a query with something else in it
            self.violations.append(f"not for a reader: {header[8][:20]}")
            return _message(time, "ACK", [f"MSA|AR|{header[9]}"])
        if int(bed.group(1)) != self._settings.bed:
            return _message(time, "ORF^R04", [f"MSA|AE|{header[9]}", *segments[1:]])
        rows = self._rows(self._bedside.patient.at(now), time)
        return _message(time, "ORF^R04", [f"MSA|AA|{header[9]}", *segments[1:], "PID|||SIMULATED", *rows])

    def _rows(self, vitals: Vitals, time: datetime) -> Iterator[str]:
        yield f"OBR|1||||||{self._moment(time)}"
        for code, value, unit in _signs(vitals):
            yield f"OBX||NM|{code}^EHC||{value}|{unit}|||||F|||{self._moment(time)}"
        cuff = vitals.cuff
        if cuff is not None and not vitals.standby and vitals.cuff_state != "failed":
            ended = self._moment(self._bedside.device_time(cuff.ended))
            for code, measured, unit in (
                ("393216^NIBP_SYS", cuff.systolic, "mmHg"), ("393217^NIBP_DIA", cuff.diastolic, "mmHg"),
                ("393218^NIBP_MEAN", cuff.mean, "mmHg"), ("393219^NIBP_PR", cuff.pulse_rate, "bpm"),
            ):  # fmt: skip
                yield f"OBX||NM|{code}^EHC||{measured}|{unit}|||||F|||{ended}"

    def _moment(self, time: datetime) -> str:
        return f"{time:%Y%m%d%H%M%S}" if self._settings.says_times else ""


def _message(time: datetime, kind: str, segments: Sequence[str]) -> str:
    header = rf"MSH|^~\&|EHC||||{time:%Y%m%d%H%M%S}||{kind}|1|P|2.3.1||||||UNICODE UTF-8"
    return "".join(f"{segment}\r" for segment in (header, *segments))


def _signs(vitals: Vitals) -> list[tuple[str, str, str]]:
    """List code, value and unit; a sensor that finds nothing leaves the value empty."""
    has_ecg = vitals.leads and not vitals.standby
    has_pulse = vitals.probe == "on" and not vitals.standby
    return [
        ("131072^ECG_HR", str(round(vitals.heart_rate)) if has_ecg else "", "bpm"),
        ("327680^SPO2_SPO2", str(round(vitals.spo2)) if has_pulse else "", "%"),
        ("327681^SPO2_PR", str(round(vitals.pulse_rate)) if has_pulse else "", "bpm"),
        ("458752^TEMP_T1", "" if vitals.standby else f"{vitals.temperature:.1f}", "C"),
    ]
