"""What pydantic found, in the words of the person who must mend it."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.config.broker import BrokerSection
from gateway.config.file import DeviceSection, File, LinkSection, OutboxSection
from gateway.config.located_yaml import Document, Loc
from gateway.config.port import LineSection
from gateway.config.rules import Section, plain_words
from gateway.errors import Fault

EXAMPLES: Final[Mapping[str, str]] = {
    "site": "clinic-a",
    "gateway": "gw1",
    "mode": "production, or mode: test",
    "timezone": "Europe/Berlin",
    "broker": '{url: "mqtts://broker"}',
    "url": '"mqtts://broker"',
    "links": "{chair1-monitor: {family: NAME, port: URL}}",
    "family": "NAME; onlooker families lists them",
    "port": '"serial:///dev/serial/by-id/…"',
    "device": "chair1-pump",
}

# What a person may reasonably try, and what it is called here.
MISTAKEN: Final[Mapping[str, str]] = {
    "password": "write password_file (or password_env): a secret never stands in this file",
    "host": "write url: mqtts://HOST:PORT",
    "baudrate": "write it below line:, or as ?baudrate=… in the port",
}

# Kind of pydantic error -> remedy; {allowed} and the like come from the error's own context.
REMEDIES: Final[Mapping[str, str]] = {
    "string_type": "write it in quotes",
    "string_too_long": "use at most {max_length} characters",
    "string_too_short": "write at least {min_length} character",
    "int_type": "write a whole number, without quotes",
    "float_type": "write a number, without quotes",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "literal_error": "write one of {expected}",
    "greater_than": "write a number above {gt}",
    "greater_than_equal": "write at least {ge}",
    "less_than_equal": "write at most {le}",
    "finite_number": "write a plain number",
    "frozen_set_type": "write a list, such as [pleth]",
    "dict_type": "write a mapping: key, colon, value",
    "model_type": "write a mapping: key, colon, value",
    "too_short": "name at least one",
}

_Shape: TypeAlias = tuple[str | None, ...]  # None: any name
_SECTIONS: Final[Mapping[_Shape, type[Section]]] = {
    (): File,
    ("broker",): BrokerSection,
    ("outbox",): OutboxSection,
    ("links", None): LinkSection,
    ("links", None, "line"): LineSection,
    ("links", None, "devices", None): DeviceSection,
}


def faults_of(error: ValidationError, file: str, document: Document) -> Iterator[Fault]:
    """Give each fault with its place."""
    for detail in error.errors(include_url=False, include_input=False):
        is_of_key = detail["type"] in ("extra_forbidden", "onlooker_key") or detail["loc"][-1:] == ("[key]",)
        loc = detail["loc"][:-1] if detail["loc"][-1:] == ("[key]",) else detail["loc"]
        yield at(loc, file, document, *_words(detail, loc), of_key=is_of_key)


def at(loc: Loc, file: str, document: Document, message: str, remedy: str, *, of_key: bool = False) -> Fault:
    """Give one fault with its place."""
    place = document.place(loc, of_key=of_key)
    return Fault(file, place.line, place.column, ".".join(map(str, loc)), message, remedy)


def _words(detail: ErrorDetails, loc: Loc) -> tuple[str, str]:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "onlooker" | "onlooker_key":
            return context["message"], context["remedy"]
        case "missing":
            return "is missing", f"write {loc[-1]}: {EXAMPLES.get(str(loc[-1]), '…')}"
        case "extra_forbidden":
            return "unknown key", _nearest(loc)
        case "string_pattern_mismatch":
            return "is no name", "use letters, digits, - and _, not beginning with _"
        case kind:
            remedy = REMEDIES.get(kind, "config/gateway.example.yaml shows it").format_map(context)
            return plain_words(detail), remedy


def _nearest(loc: Loc) -> str:
    """Say what was meant, or else what there is."""
    from difflib import get_close_matches  # only someone with a typing mistake pays for it

    *parent, key = map(str, loc)
    known = list(_section(tuple(parent)).model_fields)
    if key in MISTAKEN:
        return MISTAKEN[key]
    near = get_close_matches(key.lower(), known, n=1)
    return f"did you mean {near[0]}?" if near else f"known here are {', '.join(known)}"


def _section(loc: tuple[str, ...]) -> type[Section]:
    for shape, section in _SECTIONS.items():
        if len(shape) == len(loc) and all(want in (None, part) for want, part in zip(shape, loc, strict=True)):
            return section
    return File
