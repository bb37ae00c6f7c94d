"""What a device said last, and since when that is known: kept on disk, so that a restart repeats and misses nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, TypeVar

from drivers.api import Code
from drivers.vocabulary import AlarmCode, EventKind, Phase, Priority

_T = TypeVar("_T")
Value: TypeAlias = float | int | str | None

SOURCES_LIMIT: Final = 64  # channels of one device; one that makes up more has its oldest forgotten
FACTS_LIMIT: Final = 4 * SOURCES_LIMIT


@dataclass(frozen=True, slots=True)
class Happening:
    """One event, without identity and times."""

    event: EventKind
    phase: Phase | None = None
    origin: Literal["device", "gateway"] = "gateway"
    not_before: float | None = None  # UTC seconds
    from_: Value = None
    to: Value = None
    code: AlarmCode | None = None
    priority: Priority | None = None
    mdc: Code | None = None
    text: str = ""
    source: str = ""
    raw: str = ""


@dataclass(slots=True)
class States:
    """What one device said last."""

    infusion: dict[str, str] = field(default_factory=dict)  # by source: the last known state under any bolus
    shown: dict[str, str] = field(default_factory=dict)  # by source: as the device shows it, purge and unknown included
    bolus: list[str] = field(default_factory=list)  # sources that give one
    rate: dict[str, float] = field(default_factory=dict)  # by source, while infusing
    counters: dict[str, float] = field(default_factory=dict)  # by metric and source
    left: dict[str, float] = field(default_factory=dict)  # volume remaining, by source
    alarms: list[list[str]] = field(default_factory=list)  # code, text, priority, source, raw
    uptime_s: float | None = None
    identity: dict[str, str] = field(default_factory=dict)
    known_at: dict[str, float] = field(default_factory=dict)  # UTC: when each of these was last said
    moved: bool = False  # since the last `to_json`
    completes: bool = False  # in the report at hand the pump calls its infusion complete

    def to_json(self) -> str:
        """Write for the outbox's memory."""
        self.moved = False
        return json.dumps([getattr(self, name) for name in _KEPT], ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | None) -> "States":
        """Read what `to_json` wrote."""
        return cls() if text is None else cls(*json.loads(text))

    def last_known(self, fact: str, at: float | None) -> float | None:
        """Give when something was last known, and note that it is known again at `at` (UTC; None: without clock)."""
        before = self.known_at.get(fact)
        if at is not None:
            keep(self.known_at, fact, at, FACTS_LIMIT)
        return before

    def date_anew(self, dated: Callable[[float], float]) -> None:
        """The gateway's clock was set: what was known is known since the same moment, by the new clock."""
        self.known_at = {fact: dated(at) for fact, at in self.known_at.items()}
        self.moved = True


_KEPT: Final = (
    "infusion", "shown", "bolus", "rate", "counters", "left", "alarms", "uptime_s", "identity", "known_at",
)  # fmt: skip


def keep(table: dict[str, _T], key: str, value: _T, limit: int = SOURCES_LIMIT) -> None:
    """Keep a value; in a full table that of the key that came first makes room."""
    if key not in table and len(table) >= limit:
        del table[next(iter(table))]
    table[key] = value
