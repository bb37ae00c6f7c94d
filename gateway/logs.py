"""Events for the log: JSON lines for programs, short lines for people. No patient data above debug level."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final, TextIO

LEVELS: Final = ("debug", "info", "warning", "error")
_OWN: Final = "onlooker_fields"  # the record's attribute; a record already has `name`, `args` and the like


def fields(**named: object) -> dict[str, object]:
    """Give `extra` for a log call: `log.info("link lost", extra=fields(link=name, reason=why))`."""
    return {_OWN: named}


def configure(*, as_json: bool | None = None, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Let the whole process log to stderr; `as_json=None`: JSON unless a person looks at it."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonLines() if (not stream.isatty() if as_json is None else as_json) else _ShortLines())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(True)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": moment, "level": record.levelname.lower(), "logger": record.name}
        return json.dumps({**line, "event": record.getMessage(), **_fields(record)}, default=str, ensure_ascii=False)


class _ShortLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        said = _fields(record)
        trace = said.pop("exception", "")
        words = [f"{moment} {level}{record.getMessage()}", *(f"{name}={_short(said[name])}" for name in said)]
        return "  ".join(words) + (f"\n{trace}" if trace else "")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    said: dict[str, object] = dict(getattr(record, _OWN, {}))
    if record.exc_info:
        said["exception"] = logging.Formatter().formatException(record.exc_info)
    return said


def _short(value: object) -> str:
    """A value on one line; quoted where its end would be hard to see, or where it could play with the terminal."""
    text = str(value)
    return text if text and text.isprintable() and " " not in text else json.dumps(text, ensure_ascii=True)
