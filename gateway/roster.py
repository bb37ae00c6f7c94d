"""The devices of one link: who they are, where they stand, whether they speak; and their status messages."""

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from drivers.api import Announcement, Damage, Departed, Identity, Output, Report, Request, Waveform
from drivers.vocabulary import Phase
from gateway.clock import Clock
from gateway.config import Config, LinkConfig
from gateway.device import Device, Place
from gateway.logs import fields
from gateway.message import status
from gateway.naming import unlisted
from gateway.normalise import Normaliser
from gateway.outbox import Outbox
from gateway.presence import Change, State, after

log = logging.getLogger(__name__)

KNOWN_FOR_S: Final = 30 * 86_400.0  # a device that named itself and stayed away is forgotten
DEVICES_LIMIT: Final = 256  # keys on one link; a sender that makes up more is damage
TEST_ROOT: Final = "onlooker-test/v1"


@dataclass(slots=True)
class Entry:
    """One device's presence."""

    device: Device
    state: State
    since: float  # UTC
    heard_at: float | None = None  # steady; of this run
    gap_from: float | None = None  # UTC; a gap that is on record as begun


class Roster:
    """Takes a link's outputs, device by device."""

    def __init__(
        self,
        config: Config,
        link: LinkConfig,
        normaliser: Normaliser,
        outbox: Outbox,
        clock: Clock,
        retain: Callable[[str, bytes], None],
    ) -> None:
        self._config = config
        self._link = link
        self._normaliser = normaliser
        self._outbox = outbox
        self._clock = clock
        self._retain = retain
        self._entries: dict[tuple[str, bool], Entry] = {}
        self._introduced: dict[str, Identity] = {}  # devices that said who they are before anything else
        self._damage_at: float | None = None
        self._is_open = False
        self.counters: Counter[str] = Counter()
        self.state = State.CONNECTING
        for key in link.devices:
            self._entry(key, simulated=False)
        if not link.devices and link.port.scheme != "listen":
            self._entry("", simulated=False)
        self._recall()

    # Who is who

    def _recall(self) -> None:
        """Devices that named themselves are known again after a restart: their gap must be on record."""
        known = json.loads(self._outbox.recall(f"link {self._link.name}", "devices") or "[]")
        oldest = self._clock.utc(self._clock.steady()) - KNOWN_FOR_S
        for key, simulated in known:
            if (key, simulated) not in self._entries:
                entry = self._new_entry(key, apart=simulated)
                if entry.device.last_at is not None and entry.device.last_at > oldest:
                    self._entries[key, simulated] = entry

    def _remember(self) -> None:
        named = [[key, apart] for key, apart in self._entries if key and key not in self._link.devices]
        self._outbox.remember(f"link {self._link.name}", "devices", json.dumps(named))

    def _has_room_for(self, key: str, *, simulated: bool) -> bool:
        """A sender that makes up devices must not fill the memory."""
        apart = simulated and not self._config.simulated
        if (key, apart) in self._entries or len(self._entries) < DEVICES_LIMIT or self._evicted():
            return True
        self._damage(Damage("too many devices on one link", 0), self._clock.steady())
        return False

    def _evicted(self) -> bool:
        """Forget the device that has been away for longest, if it is for long enough."""
        named = [(at, e) for at, e in self._entries.items() if at[0] and at[0] not in self._link.devices]
        if not named:
            return False
        at, entry = min(named, key=lambda one: one[1].device.last_at or 0.0)
        is_gone = self._clock.utc(self._clock.steady()) - (entry.device.last_at or 0.0) > KNOWN_FOR_S
        if is_gone:
            del self._entries[at]
            self._retain(entry.device.place.topic("status"), b"")
        return is_gone

    def _entry(self, key: str, *, simulated: bool) -> Entry:
        # In production, what a device itself calls a test must not reach a chart: it has a life of its own.
        apart = simulated and not self._config.simulated
        entry = self._entries.get((key, apart))
        if entry is None:
            entry = self._entries[key, apart] = self._new_entry(key, apart=apart)
            if key and key not in self._link.devices:
                self._remember()
            if (said := self._introduced.pop(key, None)) is not None:
                self._normaliser.identity(entry.device, said, self._clock.steady())
        return entry

    def _new_entry(self, key: str, *, apart: bool) -> Entry:
        link, config = self._link, self._config
        name, station = self._names(key)
        root = TEST_ROOT if apart else config.root
        place = Place(root, config.gateway, config.site, station, name, link.family.name, apart or config.simulated)
        device = self._normaliser.device(place, key, link.timezone, link.silent_after_s)
        now = self._clock.utc(self._clock.steady())
        entry = Entry(device, State.SILENT if self._is_open else State.CONNECTING, now)
        known_gap = self._outbox.recall(device.memory_key, "gap")
        if known_gap:
            entry.gap_from = float(known_gap)
        elif device.last_at is not None:
            self._begin_gap(entry, device.last_at, now, "the gateway was not running")
        return entry

    def _names(self, key: str) -> tuple[str, str]:
        if not key:
            return self._link.device, self._link.station
        listed = self._link.devices.get(key)
        name = unlisted(self._config.links, self._link.name, key)
        return (listed.device, listed.station) if listed else (name, "unassigned")

    # What the dialogue says

    def take(self, output: Output, now: float) -> bool:
        """Take one output; False if it could not be kept."""
        match output:
            case Report():
                return self._heard(output, now, lambda d: self._normaliser.report(d, output, now))
            case Announcement():
                return self._heard(output, now, lambda d: self._normaliser.announcement(d, output, now))
            case Identity():
                self._identity(output, now)
            case Waveform():
                has_room = self._has_room_for(output.device, simulated=output.simulated)
                if output.name in self._link.waveforms and has_room:
                    entry = self._entry(output.device, simulated=output.simulated)
                    self._normaliser.waveform(entry.device, output, now)
            case Departed():
                self._departed(output)
            case Damage():
                self._damage(output, now)
        return True

    def spoke(self, request: Request) -> None:
        """Count what was sent."""
        self.counters[f"sent: {type(request).__name__}"] += 1

    def denied(self, request: Request) -> None:
        """Count what the gate refused: it should never be other than 0."""
        self.counters[f"denied: {type(request).__name__}"] += 1

    def _heard(self, said: Report | Announcement, now: float, take: Callable[[Device], bool]) -> bool:
        if not self._has_room_for(said.device, simulated=said.simulated):
            return False
        entry = self._entry(said.device, simulated=said.simulated)
        if said.late:
            return take(entry.device)  # old news: the device is no more present for it
        entry.heard_at = now
        if entry.state is not State.DELIVERING:
            self._move(entry, Change.DATA, "")
            self._drop_placeholder(said.device)
        is_taken = take(entry.device)
        if is_taken and entry.gap_from is not None:
            self._end_gap(entry)
        return is_taken

    def _drop_placeholder(self, key: str) -> None:
        """A link whose devices name themselves has no nameless one."""
        nameless = self._entries.get(("", False))
        if key and nameless is not None and nameless.heard_at is None and not self._link.devices:
            del self._entries["", False]
            self._retain(nameless.device.place.topic("status"), b"")

    def _departed(self, said: Departed) -> None:
        """A device, or without a key every device of the link, is gone while the link stands."""
        for (key, _), entry in self._entries.items():
            if said.device in ("", key):
                self._move(entry, Change.LOST, said.reason or "the device has left")

    def _identity(self, said: Identity, now: float) -> None:
        known = [entry for (key, _), entry in self._entries.items() if key == said.device]
        if not known and len(self._introduced) < DEVICES_LIMIT:
            self._introduced[said.device] = said
        for entry in known:
            if self._normaliser.identity(entry.device, said, now):
                self._say(entry)

    def _damage(self, damage: Damage, now: float) -> None:
        self._damage_at = now
        if not self.counters[f"damage: {damage.reason}"]:
            log.warning("damage heard", extra=fields(link=self._link.name, reason=damage.reason))
        self.counters[f"damage: {damage.reason}"] += 1
        self.counters["damaged bytes"] += damage.size

    # What the link says

    def opened(self) -> None:
        """The port is open."""
        self._is_open = True
        self.state = State.SILENT
        for entry in self._entries.values():
            self._move(entry, Change.OPENED, "")

    def lost(self, reason: str) -> None:
        """The port has closed, or could not be opened."""
        self._is_open = False
        self.state = State.DISCONNECTED
        for entry in self._entries.values():
            self._move(entry, Change.LOST, reason)

    def look(self, now: float) -> None:
        """Once a second: who has fallen silent? And what was refused while the disk was full?"""
        for entry in self._entries.values():
            self._normaliser.own_up(entry.device, self._clock.utc(now))
            if self._is_open and entry.state is not State.DISCONNECTED:
                self._look_at(entry, now)
        states = {entry.state for entry in self._entries.values()}
        if self._is_open:
            self.state = next((s for s in (State.DELIVERING, State.DAMAGED) if s in states), State.SILENT)

    def _look_at(self, entry: Entry, now: float) -> None:
        limit = entry.device.silent_after_s
        if entry.heard_at is not None and now - entry.heard_at < limit:
            return
        damaged = self._damage_at is not None and now - self._damage_at < limit
        self._move(entry, Change.DAMAGE if damaged else Change.QUIET, f"nothing heard for {limit:g} s")

    def _move(self, entry: Entry, change: Change, reason: str) -> None:
        state = after(entry.state, change)
        if state is entry.state:
            return
        before, entry.state = entry.state, state
        entry.since = self._clock.utc(self._clock.steady())
        if before is State.DELIVERING and entry.gap_from is None:
            self._begin_gap(entry, entry.device.last_at or entry.since, entry.since, reason)
        if State.DELIVERING in (before, state):
            log.info(
                "device %s" % ("delivers" if state is State.DELIVERING else "lost"),
                extra=fields(device=entry.device.place.device, link=self._link.name, state=state, reason=reason),
            )
        self._say(entry)

    def _begin_gap(self, entry: Entry, began: float, now: float, cause: str) -> None:
        self._remember_gap(entry, began)
        self._normaliser.gap(entry.device, Phase.BEGIN, began, now, cause)

    def _end_gap(self, entry: Entry) -> None:
        began = entry.gap_from or 0.0
        self._remember_gap(entry, None)
        now = self._clock.utc(self._clock.steady())
        self._normaliser.gap(entry.device, Phase.END, began, now, "")

    def _remember_gap(self, entry: Entry, began: float | None) -> None:
        entry.gap_from = began
        self._outbox.remember(entry.device.memory_key, "gap", "" if began is None else repr(began))

    def clock_step(self, step_s: float, now: float) -> None:
        """Put a step of the gateway's own clock on every device's record; intervals stay as long as they were."""
        for entry in self._entries.values():
            entry.since += step_s
            if entry.gap_from is not None:
                self._remember_gap(entry, self._clock.dated_anew(entry.gap_from, step_s))
            self._normaliser.clock_step(entry.device, step_s, now)

    def owner(self, topic: str) -> Device | None:
        """Find the device whose observations or events go to a topic."""
        for entry in self._entries.values():
            if topic in (entry.device.observations.topic, entry.device.events.topic):
                return entry.device
        return None

    # Status

    def say_all(self) -> None:
        """Publish every device's status."""
        for entry in self._entries.values():
            self._say(entry)

    def _say(self, entry: Entry) -> None:
        now = self._clock.utc(self._clock.steady())
        payload = status(entry.device, entry.state, entry.since, now, self.counters)
        self._retain(entry.device.place.topic("status"), payload)
