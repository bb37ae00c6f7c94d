"""Foreign bytes: files under `tests/drivers/<family>/captures/`, each with its origin.

A file begins with comment lines; `# origin:` says where the bytes came from, `# evidence:` is one of `real` (a device's
log or capture), `printed` (a manual or specification), `library` (another program's output), `constructed` (by
hand from a description: shows consistency with it, no more). Each further non-blank line is one frame: text in
`.txt`, hexadecimal in `.hex`.
"""

from dataclasses import dataclass
from pathlib import Path

EVIDENCE = ("real", "printed", "library", "constructed")


@dataclass(frozen=True)
class Capture:
    """One file of foreign bytes."""

    path: Path
    origin: str
    evidence: str
    frames: list[bytes]


def load(path: Path) -> Capture:
    """Read one file; it must name origin and evidence."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = dict(line[2:].split(":", 1) for line in lines if line.startswith("# ") and ":" in line)
    frames = [line for line in lines if line.strip() and not line.startswith("# ")]
    data = [bytes.fromhex(f) if path.suffix == ".hex" else f.encode() for f in frames]
    capture = Capture(path, comments["origin"].strip(), comments["evidence"].strip(), data)
    assert capture.origin, f"{path}: no origin"
    assert capture.evidence in EVIDENCE, f"{path}: evidence {capture.evidence!r}"
    assert capture.frames, f"{path}: no frames"
    return capture


def load_all(folder: Path) -> list[Capture]:
    """Read all captures of one family."""
    return [load(path) for path in sorted(folder.iterdir()) if path.suffix in (".txt", ".hex")]
