"""What a board says at one moment."""

from dataclasses import dataclass
from typing import TypeAlias

Scalar: TypeAlias = float | int | str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as it is to be shown."""

    metric: str
    value: Scalar
    unit: str
    validity: str
    reason: str
    source: str
    age_s: float
    is_current: bool


@dataclass(frozen=True, slots=True)
class AlarmCell:
    """One alarm that began and hasn't ended, as far as we heard."""

    code: str
    text: str
    priority: str
    source: str
    age_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """One device."""

    root: str
    site: str
    station: str
    device: str
    family: str
    state: str
    state_s: float  # for how long
    is_current: bool
    why_not: str  # current
    simulated: bool
    cells: tuple[Cell, ...]  # of the metrics that have a label
    more: int  # other metrics
    alarms: tuple[AlarmCell, ...]
    heard: int  # messages


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway."""

    root: str
    site: str
    gateway: str
    state: str
    is_current: bool
    version: str
    outbox_depth: int | None
    dropped: int
    refused: int  # publications, by the broker
    clock_ahead_s: float  # of ours
    simulated: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """One event; `number` counts from 1."""

    number: int
    at: float  # by the gateway's clock
    site: str
    station: str
    device: str
    event: str
    phase: str
    what: str
    simulated: bool
    historical: bool


@dataclass(frozen=True, slots=True)
class View:
    """All of it at one moment."""

    rows: tuple[Row, ...]
    gateways: tuple[GatewayRow, ...]
    events: tuple[Happened, ...]
    not_understood: int
