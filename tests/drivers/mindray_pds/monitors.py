"""What test monitors say, and what a dialogue makes of it."""

from pathlib import Path

from drivers.api import Damage, Output, Port, Reading, Report
from drivers.common.hl7.mllp import wrap
from drivers.mindray_pds.driver import MindrayPdsDialogue, MindrayPdsSettings

NOW = 1_767_225_600.0
FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parents[1] / "data" / "hl7"


def frame(*segments: str) -> bytes:
    return wrap("".join(f"{segment}\r" for segment in segments).encode())


def message(kind: str, *rows: str) -> bytes:
    return frame(rf"MSH|^~\&|||||||ORU^R01|{kind}|P|2.3.1|", *rows)


def capture(name: str) -> bytes:
    """Give the frames of a file of foreign messages."""
    lines = (FOLDER / "captures" / name).read_text(encoding="utf-8").splitlines()
    said: list[list[str]] = []
    for line in lines:
        if line.startswith("MSH|"):
            said.append([line])
        elif not line.startswith("# "):
            said[-1].append(line)
    return b"".join(frame(*segments) for segments in said)


def fresh(settings: MindrayPdsSettings | None = None) -> MindrayPdsDialogue:
    return MindrayPdsDialogue(settings or MindrayPdsSettings(), Port())


def dialogue(settings: MindrayPdsSettings | None = None) -> MindrayPdsDialogue:
    """Give one that has begun."""
    talk = fresh(settings)
    talk.open(NOW)
    return talk


def hear(*said: bytes, settings: MindrayPdsSettings | None = None) -> list[Output]:
    talk = dialogue(settings)
    return [output for data in said for output in talk.receive(data, NOW)]


def reports(outputs: list[Output]) -> list[Report]:
    return [output for output in outputs if isinstance(output, Report)]


def damage(outputs: list[Output]) -> list[Damage]:
    return [output for output in outputs if isinstance(output, Damage)]


def readings(*said: bytes, settings: MindrayPdsSettings | None = None) -> list[Reading]:
    return [reading for report in reports(hear(*said, settings=settings)) for reading in report.readings]


def reading(row: str, kind: str = "204", settings: MindrayPdsSettings | None = None) -> Reading:
    (found,) = readings(message(kind, row), settings=settings)
    return found
