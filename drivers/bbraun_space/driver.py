"""The conversation with a SpaceCom in request mode: a table of states and events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final, NamedTuple

from drivers.api import Announcement, Damage, Departed, Output, Port
from drivers.bbraun_space.channels import ERRORS, ERRORS_OF_ALL, ERRORS_OF_ONE
from drivers.bbraun_space.codec import RACK, Ack, Alive, Block, Decoder, Entry, Nak, ReadAll, Version, is_bed_id
from drivers.bbraun_space.readings import clock, report
from drivers.bbraun_space.roster import RACK_KEY, Roster
from drivers.vocabulary import EventKind

_FASTEST_POLL_S: Final = 0.5  # the specification's minimum between two MEM:GET
_PAUSE_S: Final = 0.1  # between an answer and the next request, as the specification's host does
_QUIET_S: Final = 0.2  # after damage: NAK only when the device has stopped talking
_NAKS: Final = 2
_LONGEST_BLOCK_S: Final = 20.0  # 16 KiB at 9600 baud take 17 s
_LONGEST_REST_S: Final = 60.0  # from a rack that refuses
_LONGEST_OF_SILENCE_S: Final = 5.0  # a usual poll: a silent rack is told no more than one that answers


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """What has to be known of a rack; `stuffing` and `bed_id` stand on its web page."""

    stuffing: bool = False
    poll_s: float = 5.0
    bed_id: str = ""  # empty: taken from the first answer
    timeout_s: float = 3.0
    retries: int = 2

    def __post_init__(self) -> None:
        if not _FASTEST_POLL_S <= self.poll_s <= 3600:
            raise ValueError(f"poll_s {self.poll_s}: set it to {_FASTEST_POLL_S} s or more (5 is usual), at most 3600")
        if not 0.5 <= self.timeout_s <= 60:
            raise ValueError(f"timeout_s {self.timeout_s}: set it between 0.5 and 60 s (3 is usual)")
        if not 0 <= self.retries <= 5:
            raise ValueError(f"retries {self.retries}: set it between 0 and 5 (2 is usual)")
        if self.bed_id and not is_bed_id(self.bed_id):
            raise ValueError(
                f"bed_id {self.bed_id!r}: take 1 to 15 characters out of / to 9 and A to z, or leave it empty"
            )


class State(Enum):
    """Where the conversation stands."""

    CLOSED = auto()
    GREETING = auto()  # ADMIN:ALIVE is out
    GREETED = auto()
    NAMING = auto()  # ADMIN:VERSION is out
    READY = auto()  # until the next poll
    READING = auto()  # MEM:GET is out
    LOST = auto()  # until the next attempt


class Event(Enum):
    """What moves it."""

    OPENED = auto()
    ALIVE = auto()  # GNACK
    VERSION = auto()
    MORE = auto()  # a block that ends in ETB
    LAST = auto()  # one that ends in ETX
    REFUSED = auto()  # GNERR 68 or another that says nothing about a pump
    GARBLED = auto()  # damaged after the last NAK too
    SILENCE = auto()
    DUE = auto()


S, E = State, Event
Question = type[Alive] | type[Version] | type[ReadAll]


class Step(NamedTuple):
    """Where an event leads, and what is asked on the way."""

    state: State
    ask: Question | None = None


# Data that nobody asked for (cyclic mode, a late answer) are taken in any state and move nothing.
STEPS: Final = {
    (S.CLOSED, E.OPENED): Step(S.GREETING, Alive),
    (S.GREETING, E.ALIVE): Step(S.GREETED),
    (S.GREETING, E.REFUSED): Step(S.LOST),
    (S.GREETING, E.GARBLED): Step(S.LOST),
    (S.GREETING, E.SILENCE): Step(S.LOST),
    (S.GREETED, E.DUE): Step(S.NAMING, Version),
    (S.NAMING, E.VERSION): Step(S.READY),
    (S.NAMING, E.REFUSED): Step(S.READY),
    (S.NAMING, E.GARBLED): Step(S.READY),
    (S.NAMING, E.SILENCE): Step(S.LOST),
    (S.READY, E.DUE): Step(S.READING, ReadAll),
    (S.READING, E.MORE): Step(S.READING),
    (S.READING, E.LAST): Step(S.READY),
    (S.READING, E.REFUSED): Step(S.READY),
    (S.READING, E.GARBLED): Step(S.READY),
    (S.READING, E.SILENCE): Step(S.LOST),
    (S.LOST, E.DUE): Step(S.GREETING, Alive),
}
WAITING: Final = frozenset({S.GREETING, S.NAMING, S.READING})
FAILURES: Final = frozenset({E.REFUSED, E.GARBLED, E.SILENCE})


class SpaceDialogue:
    """One conversation with one rack. The only request that is repeated in time is MEM:GET."""

    def __init__(self, settings: SpaceSettings, _port: Port) -> None:
        self._settings = settings
        self._decoder = Decoder(settings.stuffing)
        self._roster = Roster()
        self._state = S.CLOSED
        self._bed_id = ""  # empty: the next good frame tells it
        self._due_at = 0.0  # of the state's own DUE or SILENCE
        self._patience_until = 0.0  # however slowly a block comes
        self._nak_at: float | None = None
        self._naks = 0
        self._failures = 0
        self._longest_rest_s = _LONGEST_REST_S
        self._polled_at = float("-inf")
        self._previous: Block | None = None

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        if self._state is S.CLOSED:
            return None
        return self._due_at if self._nak_at is None else min(self._due_at, self._nak_at)

    def open(self, now: float) -> Sequence[Output]:
        """Ask whether the device answers."""
        self._bed_id = self._settings.bed_id
        return self._move(E.OPENED, now)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take bytes; publish, then acknowledge, what they completed."""
        outputs: list[Output] = []
        is_damaged = False
        for found in self._decoder.feed(data):
            is_damaged = isinstance(found, Damage)
            outputs += [found] if isinstance(found, Damage) else self._take(found, now)
        if self._state in WAITING:
            self._bide(is_damaged, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Say NAK, give up waiting, or ask the next question."""
        if self._state is S.CLOSED:
            return []
        if self._nak_at is not None and self._nak_at <= now:
            self._nak_at = None
            return self._nak(now)
        if self._due_at <= now:
            return self._move(E.SILENCE if self._state in WAITING else E.DUE, now)
        return []

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing: BCC has no goodbye."""
        self._state = S.CLOSED
        return []

    def _bide(self, is_damaged: bool, now: float) -> None:
        """Damage is followed by NAK once the line is quiet; a frame on its way is waited for."""
        if is_damaged or self._nak_at is not None:
            self._nak_at = now + _QUIET_S
        elif self._decoder.is_within_frame:
            self._due_at = min(now + self._settings.timeout_s, self._patience_until)

    def _nak(self, now: float) -> list[Output]:
        if self._naks >= _NAKS:
            return self._move(E.GARBLED, now)
        self._naks += 1
        self._wait(now)
        return [Nak()]

    def _take(self, block: Block, now: float) -> list[Output]:
        self._bed_id = self._bed_id or block.bed_id
        if block.bed_id != self._bed_id:
            damage = Damage("answer carries another bed id", len(block.encode(self._settings.stuffing)))
            return [damage, *self._move(E.REFUSED, now)]
        self._nak_at, self._naks = None, 0
        if block == self._previous:  # our ACK was lost: published already
            return [Ack()]
        self._previous = block
        return [*self._contents(block), Ack(), *self._move(_event(block), now)]

    def _contents(self, block: Block) -> list[Output]:
        outputs: list[Output] = []
        device_time = clock(block.entries)
        for entries in _by_address(block):
            said = [entry for entry in entries if entry.name != "GNERR"]
            errors = [entry for entry in entries if entry.name == "GNERR"]
            outputs += [output for entry in errors for output in self._error(entry)]
            if said and not any(map(_ends_pump, errors)):  # beside that they are left-overs
                outputs += self._spoken(said, device_time)
        return outputs + self._absent(block)

    def _spoken(self, entries: Sequence[Entry], device_time: datetime | None) -> list[Output]:
        is_rack = entries[0].address == RACK
        if not is_rack:
            self._roster.arrive(entries[0].slot)
        said = report(RACK_KEY if is_rack else entries[0].slot, entries, device_time)
        return [*self._roster.introduce(entries), *([said] if said else [])]

    def _error(self, entry: Entry) -> Iterable[Output]:
        number = _error_number(entry)
        text = f"GNERR {entry.value}: {ERRORS.get(number, 'not documented')}"
        is_rack = entry.address == RACK
        if _ends_pump(entry):
            return self._roster.depart(entry.slot, text)
        if number == 11 and self._state is S.READING:
            return self._roster.end_answer(text)  # "no further data": who has just spoken stays
        if number in ERRORS_OF_ALL | ERRORS_OF_ONE:
            return self._roster.depart_all(text)
        device = RACK_KEY if is_rack else entry.slot
        return [Announcement(EventKind.DEVICE_EVENT, text=text, device=device, raw=entry.value or "")]

    def _absent(self, block: Block) -> list[Departed]:
        is_answer = self._state is S.READING and _event(block) is E.LAST
        return self._roster.end_answer("not in the answer any more") if is_answer else []

    def _move(self, event: Event, now: float) -> list[Output]:
        if not (step := STEPS.get((self._state, event))):
            return []
        if event in FAILURES:
            step = self._fail(step)
            self._longest_rest_s = _LONGEST_REST_S if event is E.REFUSED else _LONGEST_OF_SILENCE_S
        elif self._state is S.READING and event is E.LAST:
            self._failures = 0
        self._state, self._nak_at = step.state, None
        self._wait(now)
        return [self._ask(step.ask, now)] if step.ask else []

    def _fail(self, step: Step) -> Step:
        """Too many failures in a row: the device may have another bed id by now, so begin from the beginning."""
        self._failures += 1
        if self._failures <= self._settings.retries:
            return step
        self._bed_id = self._settings.bed_id
        return Step(S.LOST)

    def _ask(self, question: Question, now: float) -> Output:
        self._previous, self._naks = None, 0
        if question is ReadAll:
            self._polled_at = now
            self._roster.begin_answer()
        return question(self._bed_id or "1", self._settings.stuffing)

    def _wait(self, now: float) -> None:
        """Set when the state has lasted long enough."""
        self._patience_until = now + _LONGEST_BLOCK_S
        match self._state:
            case S.LOST:
                self._due_at = now + min(rest_s(self._failures, self._settings.timeout_s), self._longest_rest_s)
            case S.READY:
                self._due_at = max(now + _PAUSE_S, self._polled_at + self._settings.poll_s)
            case S.GREETED:
                self._due_at = now + _PAUSE_S
            case _:
                self._due_at = now + self._settings.timeout_s


def rest_s(failures: int, timeout_s: float) -> float:
    """Give the pause before the next ADMIN:ALIVE: short once, then doubling up to a minute."""
    return min(_LONGEST_REST_S, max(_PAUSE_S, timeout_s * ((1 << min(max(failures, 1), 10) - 1) - 1)))


def _by_address(block: Block) -> list[list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for entry in block.entries:
        groups.setdefault(entry.address, []).append(entry)
    return list(groups.values())


def _error_number(entry: Entry) -> int:
    text = (entry.value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


def _ends_pump(entry: Entry) -> bool:
    return _error_number(entry) in ERRORS_OF_ONE and entry.address != RACK


def _event(block: Block) -> Event:
    if all(entry.name == "GNACK" for entry in block.entries):
        return E.ALIVE
    if all(entry.is_version for entry in block.entries):
        return E.VERSION
    if all(entry.name == "GNERR" and _says_nothing(entry) for entry in block.entries):
        return E.REFUSED
    return E.LAST if block.is_last else E.MORE


def _says_nothing(entry: Entry) -> bool:
    return _error_number(entry) not in ERRORS_OF_ALL | ERRORS_OF_ONE
