"""Recordings: JSON lines, a header first, then what a link heard and said, with times and connections."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

FORMAT: Final = "onlooker.capture/1"


class CaptureError(ValueError):
    """A recording that can't be read: which line, and why."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where a recording came from. `started` is UTC, ISO 8601."""

    family: str
    link: str
    started: str
    port: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes as they passed: `t` seconds since the start, `conn` counts connections from 0."""

    t: float
    dir: Literal["rx", "tx"]
    conn: int
    data: bytes


def header_line(header: Header) -> str:
    """Write the first line."""
    fields = {"format": FORMAT, "family": header.family, "link": header.link, "port": header.port}
    return json.dumps({**fields, "started": header.started})


def piece_line(piece: Piece) -> str:
    """Write one line."""
    return json.dumps({"t": round(piece.t, 6), "dir": piece.dir, "conn": piece.conn, "hex": piece.data.hex()})


def is_capture(data: bytes) -> bool:
    """Tell a recording from raw bytes by its header."""
    return data.startswith(b'{"format": "' + FORMAT.encode() + b'"')


def read(lines: Iterable[str]) -> tuple[Header, Iterator[Piece]]:
    """Give the header and the pieces in order. Raises CaptureError; a cut last line is the end of a killed recorder."""
    numbered = enumerate(lines, start=1)
    _, first = next(numbered, (1, ""))
    return _header(first), _pieces(numbered)


def _header(line: str) -> Header:
    try:
        fields = json.loads(line)
        if fields["format"] != FORMAT:
            raise CaptureError(f"line 1: format {fields['format']!r} is not {FORMAT}")
        return Header(str(fields["family"]), str(fields["link"]), str(fields["started"]), str(fields.get("port", "")))
    except (ValueError, KeyError, TypeError) as error:
        raise CaptureError(f"line 1: not a recording's header ({error})") from error


def _pieces(numbered: Iterator[tuple[int, str]]) -> Iterator[Piece]:
    for number, line in numbered:
        if not line.endswith("\n"):
            try:
                yield _piece(line)
            except (ValueError, KeyError, TypeError):
                return
        elif line.strip():
            try:
                yield _piece(line)
            except (ValueError, KeyError, TypeError) as error:
                raise CaptureError(f"line {number}: {error}") from error


def _piece(line: str) -> Piece:
    fields = json.loads(line)
    direction = fields["dir"]
    if direction not in ("rx", "tx"):
        raise ValueError(f"dir {direction!r} is neither rx nor tx")
    return Piece(float(fields["t"]), direction, int(fields.get("conn", 0)), bytes.fromhex(fields["hex"]))
