"""Writes docs/read-only-evidence.md from manifests, inventories and proofs: `python -m tests.prove.evidence`."""

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

from drivers.api import Family, Request
from gateway.catalogue import CLASSES, READ_WITH_EFFECT
from tests.prove.bench import record_of
from tests.prove.families import NAMES, ROOT, Listed, family_of, forbidden_frames, listed_requests

PAGE = ROOT / "docs" / "read-only-evidence.md"
HERE = Path(__file__).parent

_HEAD = """\
# Read-only: the evidence

Generated from the families' manifests, their inventories (`requests.txt` and `forbidden.txt` below `tests/drivers/`)
and the proofs; a test fails when this page is not current. `make prove` runs every proof below, `make evidence` writes
this page. [What read-only means](read-only.md) is said elsewhere.

Each byte sequence that may ever leave towards a device stands here with its class: **READ** asks for data, **SESSION**
opens, keeps, acknowledges or closes the conversation, **READ-WITH-EFFECT** has a side effect that the manual names, and
needs `accept_risk`. There is no class for a write, because no code can make one.
"""
_NOT_SHOWN = """\
## What none of this shows

That a vendor's firmware behaves when it is read; side effects that no document names; a cable that is physically
wrong. The simulators are ours: a device may know commands, watchdogs and alarms that their documents don't mention. No
family without a bench record has been proved on the real device.
"""


def page() -> str:
    """Give the whole page."""
    parts = [_HEAD, *_proofs(), *_summary(), *(line for name in NAMES for line in _section(name)), _NOT_SHOWN]
    return "\n".join(parts)


def _proofs() -> Iterator[str]:
    yield "## Proofs\n"
    yield "| proof | what is shown | tests |\n|---|---|---|"
    for number in range(1, 11):
        (path,) = HERE.glob(f"test_proof_{number}_*.py")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = " ".join((ast.get_docstring(tree) or "").split("\n\n")[0].split())
        words = words.partition("`python -m")[0].strip()
        tests = [
            node.name.removeprefix("test_").replace("_", " ")
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        ]
        link = f"[{number}](../{path.relative_to(ROOT)})"
        yield f"| {link} | {words.partition(': ')[2] or words} | {'; '.join(tests)} |"
    yield ""


def _summary() -> Iterator[str]:
    yield "## Families\n"
    yield "| family | may send | forbidden frames refused, and seen by the latch | live use | bench record |"
    yield "|---|---|---|---|---|"
    for name in NAMES:
        family = family_of(name)
        classes = sorted({_class(request) for request in family.requests})
        use = "refused until `accept_risk`" if family.refused else "yes"
        bench = record_of(name)
        record = f"[{bench.stem}](bench/{bench.name})" if bench else "**none**: [form](bench/FORM.md)"
        count = sum(1 for _ in forbidden_frames(name))
        yield f"| [`{name}`](#{name}) | {', '.join(classes) or 'nothing'} | {count} | {use} | {record} |"
    yield ""


def _section(name: str) -> Iterator[str]:
    family = family_of(name)
    yield f"## {name}\n"
    yield f"{family.title}.\n"
    yield f"- When we vanish: {family.link_loss}."
    if family.refused:
        yield f"- Refused by default: {family.refused}."
    yield f"- Evidence of the bytes: {family.evidence}. Not confirmed: {'; '.join(family.unconfirmed) or 'nothing'}."
    if not family.requests:
        yield "- It sends nothing: its port is opened without a writer.\n"
        return
    yield ""
    yield "| request | class | why | source | bytes (an example of each) | what may vary |"
    yield "|---|---|---|---|---|---|"
    requests = {request.__name__: request for request in family.requests}
    for row in listed_requests(name):
        yield _row(family, requests[row.request], row)
    yield ""


def _row(family: Family, request: type[Request], row: Listed) -> str:
    why = request.purpose.value + (f"; effect: {request.effect}" if request.effect else "")
    return (
        f"| {row.request} | {_class(request)} | {why} | {row.section} | `{row.data.hex(' ')}` | {_varying(request)} |"
    )


def _varying(request: type[Request]) -> str:
    hints = get_type_hints(request)
    varying = [f"{field.name} ({_kind(hints[field.name])})" for field in fields(request)]  # type: ignore[arg-type]  # a frozen dataclass, by the manifest's rules
    return ", ".join(varying) or "nothing"


def _kind(hint: object) -> str:
    name = getattr(hint, "__name__", None) or str(hint)
    return name.replace("typing.", "").replace("|", "or")


def _class(request: type[Request]) -> str:
    return READ_WITH_EFFECT if request.effect else CLASSES[request.purpose]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
