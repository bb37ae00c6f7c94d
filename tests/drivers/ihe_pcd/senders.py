"""What test senders say, and what a dialogue makes of it."""

from pathlib import Path

from drivers.api import Announcement, Damage, Identity, Output, Port, Reading, Report
from drivers.ihe_pcd import FAMILY
from drivers.ihe_pcd.codec import Ack, wrap
from drivers.ihe_pcd.driver import IhePcdSettings

NOW = 1_767_225_600.0
FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parents[1] / "data" / "hl7"
EUI = "0011220000C0FFEE"
OTHER_EUI = "0011220000BADBED"
MDS = f"OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X|||||||SIM01^^{EUI}^EUI-64"


def header(
    *, trigger: str = "R01", control_id: str = "C1", processing: str = "P", application: str = f"SIM^{EUI}^EUI-64",
    time: str = "20260101000000+0000", kind: str = "ORU",
) -> str:  # fmt: skip
    about = f"{kind}^{trigger}^ORU_R01|{control_id}|{processing}|2.6"
    return f"MSH|^~\\&|{application}|VENDOR|GATEWAY||{time}||{about}|||AL|NE"


def obr(time: str = "20260101000000+0000", about: str = "182777000^monitoring of patient^SCT") -> str:
    return f"OBR|1|||{about}|||{time}"


def obx(
    code: str, value: str = "", *, place: str = "1.1.1.1", kind: str = "NM", unit: str = "", flags: str = "",
    status: str = "R", time: str = "", equipment: str = "", method: str = "",
) -> str:  # fmt: skip
    return f"OBX|1|{kind}|{code}|{place}|{value}|{unit}||{flags}|||{status}|||{time}|||{method}|{equipment}"


def hear(*segments: str, settings: IhePcdSettings | None = None, peer: str = "192.0.2.7") -> list[Output]:
    """Say one message to a new dialogue."""
    dialogue = FAMILY.dialogue(settings or IhePcdSettings(), Port(peer=peer))
    return list(dialogue.receive(wrap("".join(f"{segment}\r" for segment in segments).encode()), NOW))


def heard(*rows: str, settings: IhePcdSettings | None = None, **head: str) -> list[Output]:
    """Say one message with the usual header."""
    return hear(header(**head), obr(), *rows, settings=settings)


def reports(outputs: list[Output]) -> list[Report]:
    return [output for output in outputs if isinstance(output, Report)]


def announcements(outputs: list[Output]) -> list[Announcement]:
    return [output for output in outputs if isinstance(output, Announcement)]


def damage(outputs: list[Output]) -> list[Damage]:
    return [output for output in outputs if isinstance(output, Damage)]


def identities(outputs: list[Output]) -> list[Identity]:
    return [output for output in outputs if isinstance(output, Identity)]


def codes(outputs: list[Output]) -> list[str]:
    return [output.code for output in outputs if isinstance(output, Ack)]


def reading(*rows: str) -> Reading:
    """Say a message that holds one reading."""
    (report,) = reports(heard(*rows))
    (found,) = report.readings
    return found


def capture(name: str) -> list[str]:
    """Give the segments of a foreign message."""
    lines = (FOLDER / "captures" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("# ")]


def sample(name: str) -> list[str]:
    """Give the segments of a constructed message."""
    return (SAMPLES / name).read_bytes().decode().rstrip("\r").split("\r")
