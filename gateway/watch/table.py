"""A board's view for people: a Rich table, or plain lines where there is no terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from gateway.watch.view import AlarmCell, Cell, GatewayRow, Happened, Row, View
from gateway.watch.words import LABELS, NIBP, clock_time, duration, number, unit

EVENTS_SHOWN = 5
STATE_STYLES = {"delivering": "green", "silent": "yellow", "damaged": "yellow", "disconnected": "red"}
PRIORITY_STYLES = {"high": "bold white on red", "medium": "bold black on yellow"}
FOOTNOTE = "For information. The bedside alarm remains the device."


class Chunks:
    """Texts one after the other, broken between them and never inside."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self._texts = texts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Fill lines as wide as the column."""
        line = Text()
        for text in self._texts:
            if line and line.cell_len + 2 + text.cell_len > options.max_width:
                yield line
                line = Text()
            line.append("  " if line else "").append_text(text)
        yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """At least the longest text, at most all in one line."""
        lengths = [text.cell_len for text in self._texts] or [1]
        return Measurement(
            min(max(lengths), options.max_width), min(sum(lengths) + 2 * len(lengths), options.max_width)
        )


def table(view: View, heading: str, trouble: str, note: str = "") -> RenderableType:
    """Draw all of it; `trouble`: why there is no connection, or empty; `note`: a line below the heading."""
    count = f"  {len(view.rows)} devices" if view.rows else ""  # a small window cuts the last ones off
    parts: list[RenderableType] = [Text(heading, style="bold").append(count, style="not bold")]
    if note:
        parts.append(Text(note, style="dim"))
    if trouble:
        parts.append(Text(trouble, style="bold red"))
    parts += [_gateway_line(gateway) for gateway in view.gateways]
    if view.rows:
        parts.append(_devices(view.rows))
    if view.events:
        parts.append(Group(*(_event_line(event) for event in view.events[-EVENTS_SHOWN:])))
    if view.not_understood:
        parts.append(Text(f"{view.not_understood} messages not understood", style="yellow"))
    parts.append(Text(FOOTNOTE, style="dim"))
    return Group(*parts)


def _gateway_line(gateway: GatewayRow) -> Text:
    line = Text()
    line.append(f"{gateway.site}/{gateway.gateway} ", style="bold")
    line.append(gateway.state, style="green" if gateway.is_current else "bold red")
    line.append(f" {gateway.version}" if gateway.version else "")
    if gateway.outbox_depth is not None:
        line.append(f"  outbox {gateway.outbox_depth}", style="" if gateway.outbox_depth < 1000 else "yellow")
    line.append(f"  dropped {gateway.dropped}", style="bold red" if gateway.dropped else "")
    if gateway.refused:
        line.append(f"  refused by the broker {gateway.refused}", style="bold red")
    if abs(gateway.clock_ahead_s) >= 2:
        line.append(f"  its clock differs by {gateway.clock_ahead_s:+.0f}s", style="yellow")
    if gateway.simulated:
        line.append("  SIMULATED", style="bold magenta")
    return line


def _devices(rows: Sequence[Row]) -> Table:
    grid = Table(expand=True, pad_edge=False, box=None, header_style="bold underline", padding=(0, 1, 0, 0))
    sites = {row.site for row in rows}
    grid.add_column("Station", max_width=12, overflow="fold")
    grid.add_column("Device", max_width=18, overflow="fold")
    grid.add_column("State", max_width=14)
    grid.add_column("Values", ratio=1)
    for row in rows:
        station = row.station if len(sites) == 1 else f"{row.site}/{row.station}"
        grid.add_row(station, _device(row), _state(row), _values(row))
    return grid


def _device(row: Row) -> Text:
    name = Text(row.device, style="bold").append(f"\n{row.family}", style="dim not bold")
    return name.append(" SIM", style="bold magenta") if row.simulated else name


def _state(row: Row) -> Text:
    text = Text(
        row.state, style=STATE_STYLES.get(row.state, "") if row.is_current or row.state != "delivering" else "dim"
    )
    if row.state_s:
        text.append(f" {duration(row.state_s)}", style="dim")
    if row.why_not and row.why_not != row.state:
        text.append(f"\n{row.why_not}", style="bold red")
    return text


def _values(row: Row) -> RenderableType:
    chunks = [_styled(cells) for cells in _told(row.cells)]
    if row.more:
        chunks.append(Text(f"+{row.more} more", style="dim"))
    return Group(Chunks(chunks), *(_alarm(alarm, row) for alarm in row.alarms))


def _told(cells: Sequence[Cell]) -> Iterator[tuple[Cell, ...]]:
    """A source is said where it tells two values apart."""
    count = Counter(cell.metric for cell in cells)
    for together in _merged(cells):
        yield tuple(replace(cell, source="") if count[cell.metric] == 1 else cell for cell in together)


def _merged(cells: Sequence[Cell]) -> Iterator[tuple[Cell, ...]]:
    """One blood pressure is one measurement: its three numbers stand together if they belong together."""
    pressures = [cell for cell in cells if cell.metric in NIBP]
    together = len(pressures) > 1 and len({(c.age_s, c.validity, c.source, c.unit) for c in pressures}) == 1
    for cell in cells:
        if not together or cell.metric not in NIBP:
            yield (cell,)
        elif cell is pressures[0]:
            yield tuple(pressures)


def _styled(cells: tuple[Cell, ...]) -> Text:
    cell = cells[0]
    style = "dim" if not cell.is_current else {"valid": "bold", "questionable": "bold yellow"}.get(cell.validity, "red")
    text = (
        Text()
        .append(f"{_label(cells)} ", style="dim" if not cell.is_current else "")
        .append(_value(cells), style=style)
    )
    return text.append(f" {_age(cell)}", style="dim")


def _label(cells: tuple[Cell, ...]) -> str:
    cell = cells[0]
    label = LABELS[cell.metric] if len(cells) == 1 else "NIBP"
    return f"{label}[{cell.source}]" if cell.source else label


def _value(cells: tuple[Cell, ...]) -> str:
    cell = cells[0]
    if cell.value is None:
        return f"— ({cell.reason or cell.validity or 'no value'})"
    words = [_pressure(cells)] if len(cells) > 1 else [number(cell.value)]
    if cell.metric == "time_remaining" and cell.unit == "s" and isinstance(cell.value, int | float):
        words = [clock_time(cell.value)]
    else:
        words.append(unit(cell.unit))
    if cell.validity != "valid":
        words.append(f"?({cell.reason or cell.validity})")
    return " ".join(word for word in words if word)


def _pressure(cells: tuple[Cell, ...]) -> str:
    by_metric = {cell.metric: number(cell.value) for cell in cells}
    systolic, diastolic, mean = (by_metric.get(metric) for metric in NIBP)
    return f"{systolic or '—'}/{diastolic or '—'}" + (f" ({mean})" if mean else "")


def _age(cell: Cell) -> str:
    """A colour is not enough: what isn't current says so in a word."""
    return duration(cell.age_s) if cell.is_current else f"OLD {duration(cell.age_s)}"


def _alarm(alarm: AlarmCell, row: Row) -> Text:
    style = PRIORITY_STYLES.get(alarm.priority, "bold") if row.is_current else "dim"
    words = [f"ALARM {alarm.code or 'unknown'}", alarm.priority, alarm.text, f"since {duration(alarm.age_s)}"]
    words.append("" if row.is_current else "OLD")
    return Text(" ".join(word for word in words if word), style=style)


def _event_line(event: Happened) -> Text:
    style = "bold" if event.event == "alarm" else ""
    return Text(_event_words(event), style=style, no_wrap=True, overflow="ellipsis")


def words(said: GatewayRow | Row | Happened) -> str:
    """Say one of them in one line, for logs and pipes."""
    match said:
        case GatewayRow():
            return f"gateway {_gateway_line(said).plain}"
        case Row():
            return _row_words(said)
        case Happened():
            return _event_words(said)


def _event_words(event: Happened) -> str:
    at = datetime.fromtimestamp(event.at, UTC).astimezone().strftime("%H:%M:%S")
    marks = ("SIM" if event.simulated else "", "late" if event.historical else "")
    parts = (at, f"{event.station}/{event.device}", event.event, event.phase, event.what, *marks)
    return " ".join(part for part in parts if part)


def _row_words(row: Row) -> str:
    values = [f"{_label(cells)} {_value(cells)} {_age(cells[0])}" for cells in _told(row.cells)]
    alarms = [_alarm(alarm, row).plain for alarm in row.alarms]
    state = row.state if not row.why_not or row.why_not == row.state else f"{row.state} ({row.why_not})"
    head = f"{row.station}/{row.device} {row.family} {state}{' SIM' if row.simulated else ''}"
    more = [f"+{row.more} more"] if row.more else []
    return "  ".join([head, *values, *more, *alarms])
