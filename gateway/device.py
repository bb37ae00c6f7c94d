"""Who is published, and where it stands: a device's topics, streams, states and clock."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import tzinfo
from typing import NamedTuple

from drivers.api import Identity
from gateway.clock import OffsetEstimator
from gateway.states import States
from gateway.store import Stream


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device stands in the hospital, and who speaks for it."""

    root: str
    gateway: str
    site: str
    station: str
    device: str
    family: str
    simulated: bool  # the whole gateway is in test mode

    def topic(self, kind: str) -> str:
        """Give the topic of a kind of message."""
        return f"{self.root}/{self.site}/{self.station}/{self.device}/{kind}"

    def fields(self) -> dict[str, str]:
        """Give what stands in every message."""
        names = ("gateway", "site", "station", "device", "family")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Device:
    """One published device: its streams, its last states, its clock. Lives as long as the gateway."""

    place: Place
    key: str
    zone: tzinfo
    silent_after_s: float
    observations: Stream
    events: Stream
    states: States
    offset: OffsetEstimator
    memory_key: str = ""
    measured_key: str = ""  # under which measurements that are said again are known
    heads: dict[str, bytes] = field(default_factory=dict)  # by topic: how its messages begin
    counters: Counter[str] = field(default_factory=Counter)
    identity: Identity = field(default_factory=Identity)  # all that was ever said of it
    said: Identity | None = None  # the last time
    simulated: bool = False  # of the last report
    waves: dict[str, Stream] = field(default_factory=dict)
    kept_offset: float | None = None  # the clock's, as it is remembered on disk
    refused: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # seq by kind, not yet on record

    def __post_init__(self) -> None:
        self.memory_key = memory_key(self.place)
        self.kept_offset = self.offset.offset
        self.measured_key = f"{self.memory_key} measured"
        for kind, stream in (("observations", self.observations), ("event", self.events)):
            self.heads[stream.topic] = head(self.place, kind, stream)
        if self.states.identity:
            self.identity = Identity(**self.states.identity)

    @property
    def last_at(self) -> float | None:
        """When it last said something fresh (UTC seconds)."""
        return self.observations.last_at


def memory_key(place: Place) -> str:
    """Give the name under which a device is remembered, wherever it stands."""
    return f"{place.root}/{place.site}/{place.device}"


class Meeting(NamedTuple):
    """What a device's word about itself makes of what was known of it."""

    identity: Identity  # all that is known now
    changed: tuple[str, ...]  # what it used to call otherwise: serial, model
    is_another: bool


def meet(known: Identity, said: Identity) -> Meeting:
    """Tell whether this is still the same device. What it doesn't say is as before; of another, nothing is known."""
    before, now = asdict(known), {**asdict(said), "device": ""}
    changed = tuple(name for name in ("serial", "model") if before[name] and now[name] not in ("", before[name]))
    is_another = bool(changed) and (not before["serial"] or now["serial"] != before["serial"])
    if not is_another:
        now = {name: now[name] or before[name] for name in now}
    return Meeting(Identity(**now), changed, is_another)


def head(place: Place, kind: str, stream: Stream) -> bytes:
    """Write what all messages of a stream begin with."""
    said = {"schema": f"onlooker.{kind}/1", **place.fields(), "stream": stream.name}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))[:-1].encode() + b',"seq":'
