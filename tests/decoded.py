"""What `onlooker decode` gives for the examples of manuals, public programs and logs.

`tests/drivers/<family>/examples.txt` holds blocks with an empty line between them:

    == the Rad-8 with its finger out        what it is
    origin: who printed, sent or showed it  else that of the capture file
    settings: format=df8                    of the family, as after --set
    file: captures/05_df8_frames.hex 3      which frames of a capture (from 1; none: all), or a file under tests/
    as: lines                               how they stand on the wire, see WIRES; else as they are
    hex: 80 48 61 00                        bytes instead of a file; several lines count as one
    head: MSH|...                           a line before the frames

then, line by line, what must come out, in the words of `told`. Observations, events, departures and damage must be
these and no others; what is unmapped and who it is counts only where it is named.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from drivers import capture
from drivers.api import Family
from gateway.decode import decode
from tests import captures

HERE = Path(__file__).parent


def _recording(frames: Sequence[bytes]) -> bytes:
    """Give a recording of datagrams, a second apart."""
    lines = [capture.header_line(capture.Header("any", "link", "2026-01-01T00:00:00Z", "udp://192.0.2.7:24105"))]
    lines += [capture.piece_line(capture.Piece(float(at), "rx", 0, frame)) for at, frame in enumerate(frames)]
    return "".join(f"{line}\n" for line in lines).encode()


NOTHING: Final = "nothing"  # to publish, and no damage either
WIRES: Final[dict[str, Callable[[Sequence[bytes]], bytes]]] = {
    "": b"".join,
    "lines": lambda frames: b"".join(frame + b"\r\n" for frame in frames),
    "cr": lambda frames: b"".join(frame + b"\r" for frame in frames),
    "datagrams": _recording,
    "packets": lambda frames: b"".join(b"\x02" + frame + b"\x03" for frame in frames),
}


@dataclass
class Example:
    """One block."""

    family: str
    name: str
    words: dict[str, list[str]] = field(default_factory=dict)
    expected: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.family}: {self.name}"

    def word(self, name: str) -> str:
        return "\n".join(self.words.get(name, []))

    @property
    def settings(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in self.word("settings").split())

    @property
    def origin(self) -> str:
        path, _ = self._file()
        return self.word("origin") or (captures.load(path).origin if path else "")

    @property
    def data(self) -> bytes:
        path, numbers = self._file()
        if path is None:
            return WIRES[self.word("as")]([bytes.fromhex(self.word("hex"))])
        if path.suffix not in (".txt", ".hex"):
            return path.read_bytes()
        frames = captures.load(path).frames
        chosen = [frames[number - 1] for number in numbers] if numbers else frames
        head = [self.word("head").encode()] if "head" in self.words else []
        return WIRES[self.word("as")](head + chosen)

    def _file(self) -> tuple[Path | None, list[int]]:
        name, *numbers = self.word("file").split() or [""]
        folder = HERE if name.startswith("data/") else HERE / "drivers" / self.family
        return (folder / name if name else None), [int(number) for number in numbers]


WORDS: Final = ("origin", "settings", "file", "as", "hex", "head")


def examples(family: str) -> list[Example]:
    """Read a family's file."""
    path = HERE / "drivers" / family / "examples.txt"
    found: list[Example] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        word, _, text = line.partition(": ")
        if line.startswith("== "):
            found.append(Example(family, line[3:]))
        elif word in WORDS:
            found[-1].words.setdefault(word, []).append(text)
        elif line.strip() and not line.startswith("# "):
            found[-1].expected.append(line)
    return found


def decoded(family: Family, data: bytes, settings: dict[str, str] | None = None) -> tuple[list[str], int]:
    """Give what the command would write of these bytes, in short, and its exit code."""
    lines: list[str] = []
    warnings: list[str] = []
    code = decode(family, data, settings or {}, lines.append, warnings.append, ZoneInfo("UTC"))
    said = [told(json.loads(line)) for line in lines]
    return [*said, *(warning for warning in warnings if warning.startswith("damage"))] or [NOTHING], code


def told(line: dict[str, Any]) -> str:
    """Say one line in short: `[key] metric value unit, validity: reason (source) at its own time`."""
    key = f"[{line['device']}] " if line.get("device") else ""
    if "metric" in line:
        return key + _observation(line)
    if "event" in line:
        what = " ".join(str(line[name]) for name in ("event", "phase", "code", "priority") if line[name])
        return f"{key}! {what}: {line['text']}{' SIMULATED' if line['simulated'] else ''}"
    if "departed" in line:
        return f"{key}departed: {line['departed']}"
    names = ("manufacturer", "model", "serial", "firmware", "dialect")
    return f"{key}is " + ", ".join(f"{name} {line[name]}" for name in names if line[name])


def _observation(line: dict[str, Any]) -> str:
    name = f"unmapped {line['name']}" if line["metric"] == "unmapped" else line["metric"]
    value = "-" if line["value"] is None else str(line["value"])
    unit = f" {line['unit']}" if line["unit"] else ""
    doubt = f", {line['validity']}: {line['reason']}" if line["validity"] != "valid" else ""
    source = f" ({line['source']})" if line["source"] else ""
    time = f" at {line['device_time']}" if line["device_time"] else ""
    return f"{name} {value}{unit}{doubt}{source}{time}{' SIMULATED' if line['simulated'] else ''}"


def is_optional(line: str) -> bool:
    """Say whether a line counts only where it is named."""
    words = line.split("] ", 1)[-1] if line.startswith("[") else line
    return words.startswith(("unmapped ", "is "))
