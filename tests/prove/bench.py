"""The records that people made at a bench: `docs/bench/FAMILY.md`, each line of the form filled in."""

from pathlib import Path

from tests.prove.families import ROOT

FOLDER = ROOT / "docs" / "bench"
FORM = FOLDER / "FORM.md"


def asked() -> list[str]:
    """Give what the form asks for."""
    return [line[2:].rstrip(":") for line in FORM.read_text(encoding="utf-8").splitlines() if line.startswith("- ")]


def record_of(name: str) -> Path | None:
    """Give a family's record; None: nobody has been at a bench with it."""
    path = FOLDER / f"{name}.md"
    return path if path.is_file() else None


def blanks(record: Path) -> list[str]:
    """Give what a record leaves open."""
    lines = record.read_text(encoding="utf-8").splitlines()
    return [
        question
        for question in asked()
        if not any(line.startswith(f"- {question}:") and line[len(question) + 3 :].strip() for line in lines)
    ]
