"""One HL7 v2 message: text clean-up, separators, segments. Fields are read where they are used, not before."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from drivers.api import Damage
from drivers.common.hl7.charsets import decode

SEPARATORS: Final = r"^~\&"  # of components, repetitions, escapes, subcomponents; of fields: |
HEADER_FIELDS: Final = 25
MAX_MESSAGES: Final = 256  # in one frame; each gets an answer, so that a frame can't ask for any number of them

_WRAPPERS: Final = ("FHS", "BHS", "BTS", "FTS")  # a batch around messages
_ODD_LINE: Final = re.compile(r"(?![A-Z][A-Z0-9]{2}(?:\||$))", re.ASCII)
_ESCAPE: Final = re.compile(r"\\([^\\]{0,64})\\")
_ESCAPED: Final = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\", ".br": "\n", "H": "", "N": ""}
_HEX: Final = re.compile(r"X((?:[0-9A-Fa-f]{2})+)")


class Message(NamedTuple):
    r"""A message with the standard separators `|^~\&`, whatever its sender used. `header[n]` is MSH-n."""

    header: tuple[str, ...]
    segments: tuple[str, ...]  # without MSH
    size: int  # bytes of the whole frame
    repairs: tuple[str, ...] = ()  # what had to be set right before it could be read

    @property
    def kind(self) -> str:
        """The message code, MSH-9.1: ORU."""
        return self.header[9].partition("^")[0]

    @property
    def trigger(self) -> str:
        """The trigger event, MSH-9.2: R01."""
        return component(self.header[9], 2)

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.header[10]


def messages(body: bytes) -> list[Message | Damage]:
    """Read what one frame held: a message, several, or a batch."""
    text, is_promised = decode(body)
    repairs: tuple[str, ...] = () if is_promised else ("characters not as declared",)
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
        repairs += ("line ends",)
    lines = [line for line in text.split("\r") if line]
    if text.startswith("MSH") and "\rMSH" not in text:
        return [_message(lines, len(body), repairs)]
    starts = [number for number, line in enumerate(lines) if line.startswith("MSH")]
    if not starts:
        return [Damage("no message in the frame", len(body))]
    parts = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    found = [_message(part, _size(part), repairs) for part in parts[:MAX_MESSAGES]]
    left = sum(map(_size, parts[MAX_MESSAGES:]))
    return [*found, Damage("too many messages in a frame", left)] if left else found


def _size(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _message(lines: list[str], size: int, repairs: tuple[str, ...]) -> Message | Damage:
    table = _to_standard(lines[0])
    if table is None:
        return Damage("header not readable", size)
    if table:
        lines = [line.translate(table) for line in lines]
        repairs += ("other separators",)
    segments = lines[1:]
    others = [line for line in segments if line[:4] != "OBX|"]  # few
    if any(_ODD_LINE.match(line) for line in others):
        segments = _joined(segments)
        repairs += ("broken lines",)
    if any(line[:3] in _WRAPPERS for line in others):
        segments = [line for line in segments if line[:3] not in _WRAPPERS]
    fields = lines[0].split("|", HEADER_FIELDS)
    header = ("MSH", "|", SEPARATORS, *fields[2:], *[""] * (HEADER_FIELDS + 1 - len(fields)))
    return Message(header, tuple(segments), size, repairs)


def _joined(lines: Iterable[str]) -> list[str]:
    """Undo line ends within free text: what doesn't begin like a segment belongs to the one before."""
    joined: list[list[str]] = []
    for line in lines:
        if joined and _ODD_LINE.match(line):
            joined[-1].append(line)
        else:
            joined.append([line])
    return ["\n".join(parts) for parts in joined]


def _to_standard(header: str) -> dict[int, str] | None:
    """Give a table that turns the sender's separators into the standard's; None: MSH names none that could be meant."""
    if header.startswith("MSH|" + SEPARATORS + "|"):
        return {}
    field = header[3:4]
    named = header[4:].split(field, 1)[0][:4] if field else ""
    used = field + named + SEPARATORS[len(named) :]
    if not field or len(set(used)) != len(used) or re.search(r"[\w\s]", used):
        return None
    standard = "|" + SEPARATORS
    meant = {own: common for own, common in zip(used, standard, strict=True) if own != common}
    escapes = {common: f"\\{letter}\\" for common, letter in zip(standard, "FSRET", strict=True) if common not in used}
    return {ord(own): common for own, common in {**escapes, **meant}.items()}


def component(field: str, number: int) -> str:
    """Give a component of a field, counted from 1; empty beyond the end."""
    parts = field.split("^", number)
    return parts[number - 1] if number <= len(parts) else ""


def unescape(text: str) -> str:
    """Resolve escapes, after splitting; an unknown one stays as it is."""
    return _ESCAPE.sub(_resolve, text) if "\\" in text else text


def _resolve(escape: re.Match[str]) -> str:
    body = escape.group(1)
    if found := _HEX.fullmatch(body):
        return bytes.fromhex(found.group(1)).decode("latin_1")
    return _ESCAPED.get(body, escape.group())
