"""What test senders say, and what a dialogue makes of it."""

from pathlib import Path

from drivers.api import Damage, Output, Port, Reading, Report
from drivers.nihon_kohden import FAMILY
from drivers.nihon_kohden.codec import Ack, wrap
from drivers.nihon_kohden.driver import NihonKohdenSettings

NOW = 1_767_225_600.0
FOLDER = Path(__file__).parent
TIME = "20260101000000"


def header(control_id: str = "20260101000001", processing: str = "P", kind: str = "ORU^R01^ORU_R01") -> str:
    about = f"{kind}|{control_id}|{processing}|2.4|||NE|AL||ASCII||ASCII"
    return f"MSH|^~\\&|NIHON KOHDEN|NIHON KOHDEN|CLIENT APP|CLIENT FACILITY|{TIME}||{about}"


def obx(
    code: str, value: str, unit: str = "", *, kind: str = "NM", flags: str = "", status: str = "F", time: str = TIME
) -> str:
    return f"OBX|1|{kind}|{code}|1|{value}|{unit}||{flags}|||{status}|||{time}|||"


def frame(*segments: str) -> bytes:
    return wrap("".join(f"{segment}\r" for segment in segments).encode())


def hear(*segments: str, settings: NihonKohdenSettings | None = None) -> list[Output]:
    """Say one message to a new dialogue."""
    dialogue = FAMILY.dialogue(settings or NihonKohdenSettings(), Port(peer="192.0.2.7"))
    return list(dialogue.receive(frame(*segments), NOW))


def reports(outputs: list[Output]) -> list[Report]:
    return [output for output in outputs if isinstance(output, Report)]


def damage(outputs: list[Output]) -> list[Damage]:
    return [output for output in outputs if isinstance(output, Damage)]


def codes(outputs: list[Output]) -> list[str]:
    return [output.code for output in outputs if isinstance(output, Ack)]


def reading(row: str) -> Reading:
    """Say a message that holds one reading."""
    (report,) = reports(hear(header(), "PV1||I|^^BED-001", "OBR|1|||VITAL", row))
    (found,) = report.readings
    return found


def capture(name: str) -> list[str]:
    """Give the segments of a foreign message."""
    lines = (FOLDER / "captures" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("# ")]
