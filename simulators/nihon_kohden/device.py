"""A Nihon Kohden monitor, as the published messages show it: one OBR for vital signs, one for the last cuff result."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from simulators.api import Bedside, Vitals
from simulators.vendor_hl7 import Hl7Sender

VENDOR: Final = "NIHON KOHDEN"
OBSERVING: Final = "|" * 18 + "A"  # OBR-25


@dataclass(frozen=True, slots=True)
class NihonKohdenDeviceSettings:
    """How often it speaks, and where it stands."""

    period_s: float = 60.0
    bed: str = "BED-001"
    address: str = "192.0.2.98"


class NihonKohdenDevice(Hl7Sender):
    """One monitor."""

    application = VENDOR

    def __init__(self, bedside: Bedside, settings: NihonKohdenDeviceSettings) -> None:
        super().__init__(bedside, settings.period_s)
        self._settings = settings

    def write(self, now: float, number: int) -> tuple[str, str]:
        """Give date and six digits as the control id, and the message."""
        time = self._bedside.device_time(now)
        control_id = f"{time:%Y%m%d}{number % 1_000_000:06d}"
        address = f"{VENDOR}|{VENDOR}|CLIENT APP|CLIENT FACILITY"
        segments = [
            f"MSH|^~\\&|{address}|{_moment(time)}||ORU^R01^ORU_R01|{control_id}|P|2.4|||NE|AL||ASCII||ASCII",
            "PID|||||^^^^^^L^A|||O",
            f"PV1||I|^^{self._settings.bed}^{self._settings.address}:1",
            "ORC|RE",
            *self._groups(self._bedside.patient.at(now), time),
        ]
        return control_id, "".join(f"{segment}\r" for segment in segments)

    def _groups(self, vitals: Vitals, time: datetime) -> Iterator[str]:
        yield f"OBR|1|||VITAL|||{_moment(time)}{OBSERVING}"
        yield from _rows(_signs(vitals), time)
        if vitals.cuff is not None and not vitals.standby:
            cuff = vitals.cuff
            ended = self._bedside.device_time(cuff.ended)
            yield f"OBR|2|||NIBP|||{_moment(ended)}{OBSERVING}"
            pressures = (("009000^NIBP SYS", cuff.systolic), ("009001^NIBP DIAS", cuff.diastolic))
            rows = [(code, str(value), "mmHg") for code, value in (*pressures, ("009002^NIBP MEAN", cuff.mean))]
            yield from _rows(rows, ended)


def _signs(vitals: Vitals) -> list[tuple[str, str, str]]:
    """List code, value and unit; a sensor that finds nothing leaves the value empty."""
    has_ecg = vitals.leads and not vitals.standby
    has_pulse = vitals.probe == "on" and not vitals.standby
    pulse = str(round(vitals.pulse_rate)) if has_pulse else ""
    return [
        ("001000^VITAL HR", str(round(vitals.heart_rate)) if has_ecg else "", "bpm"),
        ("007001^VITAL PR(spo2)", pulse, "/min"),
        ("007000^VITAL SpO2", str(round(vitals.spo2)) if has_pulse else "", "%"),
        ("072007^VITAL rPR(spo2)", pulse, "/min"),
    ]


def _rows(said: list[tuple[str, str, str]], time: datetime) -> Iterator[str]:
    for number, (code, value, unit) in enumerate(said, start=1):
        yield f"OBX|{number}|NM|{code}|1|{value}|{unit}|||||F|||{_moment(time)}|||"


def _moment(time: datetime) -> str:
    return time.strftime("%Y%m%d%H%M%S")
