"""What test gateways say, and what a dialogue makes of it."""

from pathlib import Path

from drivers.api import Damage, Output, Port, Reading, Report
from drivers.edan.codec import wrap
from drivers.edan.driver import EdanDialogue, EdanSettings

NOW = 1_767_225_600.0
TIME = "20260101000000"
FOLDER = Path(__file__).parent
ORF = rf"MSH|^~\&|EHC||||{TIME}||ORF^R04|1|P|2.3.1"


def frame(*segments: str) -> bytes:
    return wrap("".join(f"{segment}\r" for segment in segments).encode())


def capture(name: str) -> list[str]:
    lines = (FOLDER / "captures" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("# ")]


def answer(*segments: str, kind: str = "ORF^R04") -> bytes:
    return frame(ORF.replace("ORF^R04", kind), *segments)


def obx(code: str, value: str, unit: str = "", *, kind: str = "NM", status: str = "F", time: str = TIME) -> str:
    return f"OBX||{kind}|{code}||{value}|{unit}|||||{status}|||{time}"


def dialogue(bed: int = 1) -> EdanDialogue:
    """Give one that has asked."""
    talk = EdanDialogue(EdanSettings(bed=bed), Port(peer="192.0.2.7"))
    talk.open(NOW)
    return talk


def hear(*said: bytes, bed: int = 1) -> list[Output]:
    talk = dialogue(bed)
    return [output for data in said for output in talk.receive(data, NOW)]


def reports(outputs: list[Output]) -> list[Report]:
    return [output for output in outputs if isinstance(output, Report)]


def damage(outputs: list[Output]) -> list[str]:
    return [output.reason for output in outputs if isinstance(output, Damage)]


def reading(row: str) -> Reading:
    (report,) = reports(hear(answer("OBR|1", row)))
    (found,) = report.readings
    return found
