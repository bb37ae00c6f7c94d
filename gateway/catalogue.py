"""What each family is, may send and asks for: its manifest, for people and for programs."""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from inspect import getdoc
from typing import TYPE_CHECKING, Any, Final

from drivers.api import Family, Purpose, Request
from gateway.registry import risk_of

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

# The classes of read-only operation; WRITE has no word here because there is none.
READ, SESSION, READ_WITH_EFFECT = "READ", "SESSION", "READ-WITH-EFFECT"
CLASSES: Final = {Purpose.QUERY: READ, Purpose.ACKNOWLEDGE: SESSION, Purpose.LINK: SESSION}


def entry(family: Family) -> dict[str, Any]:
    """Give a manifest as plain values."""
    return {
        "name": family.name,
        "title": family.title,
        "evidence": family.evidence,
        "unconfirmed": list(family.unconfirmed),
        "ports": list(family.ports),
        "line": asdict(family.line) if "serial" in family.ports else None,
        "sends": [_request(request) for request in sorted(family.requests, key=lambda request: request.__name__)],
        "link_loss": family.link_loss,
        "refused": family.refused,
        "needs_accept_risk": bool(risk_of(family)),
        "silent_after_s": family.silent_after_s,
        "settings": {field.name: getattr(family.settings(), field.name) for field in fields(family.settings)},
    }


def sends(family: Family) -> list[str]:
    """Give the classes of what a family may send; empty: it never speaks."""
    return sorted({_class(request) for request in family.requests})


def _class(request: type[Request]) -> str:
    return READ_WITH_EFFECT if request.effect else CLASSES[request.purpose]


def _request(request: type[Request]) -> dict[str, str]:
    return {
        "request": request.__name__,
        "class": _class(request),
        "purpose": request.purpose.value,
        "effect": request.effect,
        "words": (getdoc(request) or "").partition("\n")[0],
    }


def table(entries: Iterable[dict[str, Any]]) -> "Table":
    """Draw one line for each family."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold underline", padding=(0, 2, 0, 0))
    for heading in ("Family", "Evidence", "Ports", "May send", "Live use"):
        grid.add_column(heading, no_wrap=heading != "Family")
    for said in entries:
        classes = sorted({request["class"] for request in said["sends"]})
        live = "accept_risk" if said["needs_accept_risk"] else "yes"
        sent = "\n".join(classes) or "nothing"
        grid.add_row(f"{said['name']}\n{said['title']}\n", said["evidence"], "\n".join(said["ports"]), sent, live)
    return grid


def page(said: dict[str, Any]) -> "RenderableType":
    """Draw one family in full."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for name, words in _lines(said):
        grid.add_row(name, Text(words))
    return Group(Text(f"{said['name']}: {said['title']}", style="bold"), grid)


def _lines(said: dict[str, Any]) -> list[tuple[str, str]]:
    line, settings = said["line"], said["settings"]
    serial = "{baudrate} {bytesize}{parity}{stopbits}".format(**line) if line else "–"
    return [
        ("evidence", said["evidence"]),
        ("unconfirmed", "; ".join(said["unconfirmed"]) or "–"),
        ("ports", ", ".join(said["ports"])),
        ("line", serial),
        ("may send", "\n".join(map(_sends, said["sends"])) or "nothing: the port is opened without a writer"),
        ("link loss", said["link_loss"]),
        ("live use", f"needs accept_risk: {said['refused'] or 'reading has an effect'}"
            if said["needs_accept_risk"] else "yes"),
        ("silent after", f"{said['silent_after_s']:g} s"),
        ("settings", ", ".join(f"{name}: {json.dumps(value, default=str)}" for name, value in settings.items()) or "–"),
    ]  # fmt: skip


def _sends(request: dict[str, str]) -> str:
    effect = f" [effect: {request['effect']}]" if request["effect"] else ""
    return f"{request['class']}: {request['words'] or request['request']} (to {request['purpose']}){effect}"
