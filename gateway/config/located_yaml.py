"""YAML 1.2 as plain values that remember where they stood, so that every fault can name its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
Loc: TypeAlias = tuple[str | int, ...]

MAX_DEPTH: Final = 16  # our own format needs six; an alias that contains itself has no end
MAX_VALUES: Final = 100_000  # aliases of aliases multiply; a clinic's file has some thousands


class Place(NamedTuple):
    """Line and column, both from 1."""

    line: int
    column: int


class YamlFault(NamedTuple):
    """Why a text isn't the YAML we take."""

    place: Place
    loc: Loc
    message: str
    remedy: str


@dataclass
class Document:
    """A text's values, where each stood, and what was wrong with the text as YAML."""

    data: Value = None
    faults: list[YamlFault] = field(default_factory=list)
    keys: dict[Loc, Place] = field(default_factory=dict)
    values: dict[Loc, Place] = field(default_factory=dict)

    def place(self, loc: Loc, *, of_key: bool = False) -> Place:
        """Give the place of a value (or its key), else of the nearest thing around it that was said."""
        if of_key and loc in self.keys:
            return self.keys[loc]
        for end in range(len(loc), -1, -1):
            if loc[:end] in self.values:
                return self.values[loc[:end]]
        return Place(1, 1)


def parse(text: str) -> Document:
    """Read one document. Never raises: what is wrong stands in `faults`."""
    document = Document()
    try:
        node = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        message = "; ".join(part for part in (error.context, error.problem) if part)
        document.faults.append(YamlFault(place, (), f"not YAML: {message}", "mend the text near this place"))
    except YAMLError as error:
        message = f"not YAML: {str(error).splitlines()[0]}"
        document.faults.append(YamlFault(Place(1, 1), (), message, "write plain UTF-8 text"))
    else:
        document.data = _Reader(document).read(node, ()) if node is not None else None
    return document


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = MAX_VALUES

    def read(self, node: Node, loc: Loc) -> Value:
        self._left -= 1
        self._document.values[loc] = _place(node)
        if len(loc) > MAX_DEPTH or self._left < 0:
            self._fault(node, loc, "too deep or too much", "write it out without aliases")
            return None
        match node:
            case MappingNode():
                return dict(self._pairs(node, loc))
            case SequenceNode():
                return [self.read(item, (*loc, number)) for number, item in enumerate(node.value)]
            case _:
                return _scalar(node.value, str(node.tag))

    def _pairs(self, node: MappingNode, loc: Loc) -> Iterator[tuple[str, Value]]:
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._fault(key_node, loc, "a key must be a word", "write a name before the colon")
                continue
            at = (*loc, key_node.value)
            if at in self._document.keys:
                first = self._document.keys[at]
                self._fault(key_node, at, f"said twice, first in line {first.line}", "keep one of the two")
                continue
            self._document.keys[at] = _place(key_node)
            yield key_node.value, self.read(value_node, at)

    def _fault(self, node: Node, loc: Loc, message: str, remedy: str) -> None:
        if self._left >= -1:  # one fault tells enough about a text without end
            self._document.faults.append(YamlFault(_place(node), loc, message, remedy))


def _place(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


# What can be written as a number in only one way; `0123` stays text, so that a name or serial number keeps its zero.
_INT: Final = re.compile(r"[-+]?(0|[1-9]\d*)")
_FLOAT: Final = re.compile(r"[-+]?\d+\.\d*([eE][-+]?\d+)?")


def _scalar(text: str, tag: str) -> Value:
    """Give what a plain word means in YAML 1.2; anything quoted is text."""
    match tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool" if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case "int" if _INT.fullmatch(text):
            return int(text)
        case "float" if _FLOAT.fullmatch(text):
            return float(text)
    return text
