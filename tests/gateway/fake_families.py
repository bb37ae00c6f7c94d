"""Families that exist for tests only, and a registry that holds them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from drivers.api import Family, Line, Output, Port, Purpose, Request, recognise_nothing
from gateway.registry import Registry


class SilentDialogue:
    """Hears nothing, says nothing."""

    wake_at: float | None = None

    def __init__(self, settings: object, port: Port) -> None:
        self.settings = settings
        self.port = port

    def open(self, now: float) -> Sequence[Output]:
        return []

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        return []

    def tick(self, now: float) -> Sequence[Output]:
        return []

    def close(self, now: float) -> Sequence[Output]:
        return []


@dataclass(frozen=True, slots=True)
class Ask(Request):
    """Ask for the rate."""

    purpose = Purpose.QUERY

    def encode(self) -> bytes:
        return b"?"


@dataclass(frozen=True, slots=True)
class AskAndUse(Request):
    """Ask for what is new since the last time."""

    purpose = Purpose.QUERY
    effect = "uses up the counter of new errors"

    def encode(self) -> bytes:
        return b"N"


@dataclass(frozen=True, slots=True)
class PumpSettings:
    """What a test can set."""

    stuffing: bool = True
    poll_s: float = 5.0
    ward: str = ""
    slots: Literal[1, 2] = 1


def recognise(data: bytes) -> Request | None:
    return {b"?": Ask(), b"N": AskAndUse()}.get(data)


MONITOR = Family(
    name="monitor",
    title="A monitor that talks by itself",
    dialogue=SilentDialogue,
    requests=frozenset(),
    recognise=recognise_nothing,
    link_loss="nothing (made up)",
    evidence="documents",
    line=Line(baudrate=19200, parity="E"),
    silent_after_s=10.0,
)
PUMP = Family(
    name="pump",
    title="A pump that is asked",
    dialogue=SilentDialogue,
    requests=frozenset({Ask, AskAndUse}),
    recognise=recognise,
    link_loss="no alarm (made up)",
    evidence="foreign bytes",
    settings=PumpSettings,
    refused="reading uses up its counters",
    unconfirmed=("alarm frame",),
    ports=("tcp",),
)
SENDER = Family(
    name="sender",
    title="A system that dials us",
    dialogue=SilentDialogue,
    requests=frozenset(),
    recognise=recognise_nothing,
    link_loss="queues (made up)",
    evidence="bench",
    ports=("listen",),
)


@dataclass(frozen=True)
class Dist:
    name: str


@dataclass(frozen=True)
class Brought:
    """An entry point without an installed distribution."""

    name: str
    what: object
    by: str = "onlooker"

    @property
    def dist(self) -> Dist:
        return Dist(self.by)

    def load(self) -> object:
        if isinstance(self.what, Exception):
            raise self.what
        return self.what


def registry(families: Iterable[Family] = (MONITOR, PUMP, SENDER)) -> Registry:
    return Registry([Brought(family.name, family) for family in families])
