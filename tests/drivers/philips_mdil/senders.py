"""What test senders say, and what a dialogue makes of it."""

from pathlib import Path

from drivers.api import Announcement, Damage, Output, Port, Reading, Report
from drivers.philips_mdil import FAMILY
from drivers.philips_mdil.codec import Ack, wrap
from drivers.philips_mdil.driver import PhilipsMdilSettings

NOW = 1_767_225_600.0
FOLDER = Path(__file__).parent
TIME = "20260101000000"


def header(control_id: str = "SIM00000010000000001", processing: str = "P", kind: str = "ORU^R01^ORU_R01") -> str:
    return f"MSH|^~\\&|^EfficiaCM||||{TIME}||{kind}|{control_id}|{processing}|2.4|||||||||2.16.840.1.113883.9.2.1"


def obx(
    code: str, value: str, unit: str = "", *, kind: str = "NM", flags: str = "", status: str = "F", time: str = "",
    method: str = "",
) -> str:  # fmt: skip
    return f"OBX||{kind}|{code}||{value}|{unit}||{flags}|||{status}|||{time}|||{method}"


def frame(*segments: str) -> bytes:
    return wrap("".join(f"{segment}\r" for segment in segments).encode())


def hear(*segments: str, settings: PhilipsMdilSettings | None = None) -> list[Output]:
    """Say one message to a new dialogue."""
    dialogue = FAMILY.dialogue(settings or PhilipsMdilSettings(), Port(peer="192.0.2.7"))
    return list(dialogue.receive(frame(*segments), NOW))


def reports(outputs: list[Output]) -> list[Report]:
    return [output for output in outputs if isinstance(output, Report)]


def damage(outputs: list[Output]) -> list[Damage]:
    return [output for output in outputs if isinstance(output, Damage)]


def announced(outputs: list[Output]) -> list[Announcement]:
    return [output for output in outputs if isinstance(output, Announcement)]


def codes(outputs: list[Output]) -> list[str]:
    return [output.code for output in outputs if isinstance(output, Ack)]


def reading(row: str, group: str = "MONITOR") -> Reading:
    """Say a message that holds one reading."""
    (report,) = reports(hear(header(), "PV1|||^^CHAIR1", f"OBR||||{group}|||{TIME}", row))
    (found,) = report.readings
    return found


def capture(name: str) -> list[str]:
    """Give the segments of a foreign message."""
    lines = (FOLDER / "captures" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("# ")]
