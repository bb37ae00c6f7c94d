"""Messages of the published contract, read as if a stranger had sent them."""

import json
import math
from datetime import datetime
from typing import Any, Final, TypeAlias

from gateway.watch.view import Scalar
from gateway.watch.words import clean

Json: TypeAlias = dict[str, Any]

MAX_PAYLOAD: Final = 1024 * 1024  # the contract's messages stay well under it


def scalar(said: Json, name: str) -> Scalar:
    """A value that can be shown: text, or a finite number."""
    value = said.get(name)
    if isinstance(value, str):
        return clean(value)
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def what(said: Json) -> str:
    """An event's content in a few words."""
    words = [text(said, name) for name in ("code", "priority", "text", "source")]
    before, after = said.get("from"), said.get("to")
    if before is not None or after is not None:
        words.append(f"{clean('?' if before is None else before)} → {clean('?' if after is None else after)}")
    return " ".join(word for word in words if word)


def read(payload: bytes) -> Json | None:
    """A message's fields; an empty message has none. None: not a message."""
    if not payload:
        return {}
    if len(payload) > MAX_PAYLOAD:
        return None
    try:
        said = json.loads(payload, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _refuse(word: str) -> None:
    """NaN and Infinity are no JSON, and no value of anything."""
    raise ValueError(word)


def text(said: Json, name: str) -> str:
    """A text field; empty: there is none."""
    value = said.get(name)
    return clean(value) if isinstance(value, str) else ""


def moment(said: Json, name: str) -> float:
    """A moment as UTC seconds; 0: none, or none that can be read."""
    value = said.get(name)
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.timestamp() if at is not None and at.tzinfo else 0.0
    except (ValueError, OverflowError):
        return 0.0
