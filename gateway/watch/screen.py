"""Where a view goes: a live table, plain lines, or JSON lines."""

import json
import sys
from collections.abc import Callable, Hashable
from dataclasses import asdict, replace
from types import TracebackType
from typing import Final, TypeAlias

from gateway.watch.view import GatewayRow, Happened, Row, View

Line: TypeAlias = GatewayRow | Row | Happened
KINDS: Final[dict[type[Line], str]] = {GatewayRow: "gateway", Row: "device", Happened: "event"}


class LiveTable:
    """Redraws a table in a terminal; the last one stays when it ends."""

    every_s = 0.5

    def __init__(self, heading: str, *, is_live: bool, note: str = "") -> None:
        from rich.console import Console  # a pipe needs none of this
        from rich.live import Live

        self._console = Console()
        self._heading = heading
        self._note = note
        self._live = Live(console=self._console, screen=True, auto_refresh=False) if is_live else None
        self._last: tuple[View, str] | None = None

    def __enter__(self) -> "LiveTable":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from gateway.watch.table import table

        if self._live is not None:
            self._live.stop()
        if self._last is not None:
            self._console.print(table(self._last[0], self._heading, self._last[1], self._note))

    def show(self, view: View, trouble: str) -> None:
        """Draw."""
        from gateway.watch.table import table

        self._last = (view, trouble)
        if self._live is not None:
            self._live.update(table(view, self._heading, trouble, self._note), refresh=True)


class Lines:
    """Writes what has changed since the last view, one line for each device, gateway and event."""

    every_s = 1.0

    def __init__(self, write: Callable[[str], None], warn: Callable[[str], None], *, as_json: bool) -> None:
        self._write = write
        self._warn = warn
        self._as_json = as_json
        self._shown: dict[Hashable, Hashable] = {}
        self._events = 0
        self._trouble = ""

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()

    def show(self, view: View, trouble: str) -> None:
        """Write the changes; an age alone is none."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._warn(trouble or "connected")
        for gateway in view.gateways:
            if self._is_news((gateway.root, gateway.site, gateway.gateway), replace(gateway, clock_ahead_s=0)):
                self._line(gateway)
        for row in view.rows:
            if self._is_news((row.root, row.site, row.station, row.device), _without_ages(row)):
                self._line(row)
        for event in view.events:
            if event.number > self._events:
                self._events = event.number
                self._line(event)
        sys.stdout.flush()

    def _is_news(self, key: Hashable, said: Hashable) -> bool:
        is_news = self._shown.get(key) != said
        self._shown[key] = said
        return is_news

    def _line(self, said: Line) -> None:
        if self._as_json:
            self._write(json.dumps({"kind": KINDS[type(said)], **asdict(said)}, ensure_ascii=False))
            return
        from gateway.watch.table import words

        self._write(words(said))


def _without_ages(row: Row) -> Row:
    cells = tuple(replace(cell, age_s=0) for cell in row.cells)
    return replace(row, state_s=0, cells=cells, alarms=tuple(replace(alarm, age_s=0) for alarm in row.alarms))
