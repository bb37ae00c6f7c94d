"""Docs that say what the code says: the families' table, the schemas. `python -m tests.test_docs` writes them anew."""

import json
import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from drivers.api import Family
from gateway import model

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MARKS = ("<!-- families -->\n", "<!-- /families -->\n")


def _families() -> list[Family]:
    entries = sorted(entry_points(group="onlooker.families"), key=lambda entry: entry.name)
    return [entry.load() for entry in entries]


def _sends(family: Family) -> str:
    if not family.requests:
        return "nothing"
    return ", ".join(sorted(request.__name__ for request in family.requests))


def families_table() -> str:
    rows = ["| family | devices | evidence | unconfirmed frame kinds | sends | live use |", "|---|---|---|---|---|---|"]
    for family in _families():
        use = "needs `accept_risk`" if family.refused else "yes"
        name = f"[`{family.name}`](drivers/{family.name}/README.md)"
        rows.append(
            f"| {name} | {family.title} | {family.evidence} | {len(family.unconfirmed)} | {_sends(family)} | {use} |"
        )
    return "\n".join(rows) + "\n"


def test_the_readme_lists_every_family_as_it_is() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.split(MARKS[0])[1].split(MARKS[1])[0] == families_table(), "run: python -m tests.test_docs"


@pytest.mark.parametrize("kind", sorted(model.KINDS))
def test_the_schemas_are_current(kind: str) -> None:
    kept = json.loads((ROOT / "docs" / "schema" / f"{kind}.json").read_text(encoding="utf-8"))
    now = model.schemas()[kind]
    assert {key: kept.get(key) for key in now} == now, "run: make schema"


def test_links_between_the_docs_lead_somewhere() -> None:
    for page in (README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def main() -> None:
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    README.write_text(before + MARKS[0] + families_table() + MARKS[1] + after, encoding="utf-8")


if __name__ == "__main__":
    main()
