"""The conversation with a base and its modules, or with one pump: one question out at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import Final, Literal

from drivers.api import Announcement, Damage, Departed, Identity, Output, Port, Report
from drivers.fresenius_vial.channels import ERRORS, NO_BASE_SESSION, NO_MODULE, NO_MODULE_SESSION
from drivers.fresenius_vial.codec import (
    ALONE,
    BASE,
    MODULES,
    WRONG_CHECKSUM,
    Ack,
    Answer,
    CloseSession,
    Decoder,
    Enquiry,
    Fault,
    Frame,
    Kind,
    Letters,
    Nak,
    Present,
    Receipt,
)
from drivers.fresenius_vial.readings import drug, modules, readings, variables
from drivers.fresenius_vial.sessions import LETTERS, REQUESTS, Ask, Session, Turn
from drivers.vocabulary import EventKind

_TIMEOUT_S: Final = 1.0  # the protocol's own
_SETTLING_S: Final = 1.0  # so that a late answer is not taken for the next one's
_RETRIES: Final = 1
_PAUSE_S: Final = 0.1  # between an answer and the next question
_REOPEN_S: Final = 5.0  # after a session was gone
_MODULE_REST_S: Final = 5.0  # after a module fell silent; who returns is heard soon
_REST_S: Final = 2.0  # after a base or a single pump did
_INVENTORY_S: Final = 10.0
_NAKS: Final = 2


@dataclass(frozen=True, slots=True)
class VialSettings:
    """What has to be known of the line."""

    layout: Literal["base", "alone"] = "base"  # a rack with modules, or one pump without an address
    poll_s: float = 2.0
    drug_s: float = 60.0

    def __post_init__(self) -> None:
        if self.layout not in ("base", "alone"):
            raise ValueError(f"layout {self.layout!r}: set it to base or alone")
        if not 1 <= self.poll_s <= 3600:
            raise ValueError(f"poll_s {self.poll_s}: set it between 1 and 3600 s (2 is usual)")
        if not 1 <= self.drug_s <= 86400:
            raise ValueError(f"drug_s {self.drug_s}: set it between 1 and 86400 s (60 is usual)")


class State(Enum):
    """Where the conversation stands."""

    CLOSED = auto()
    RESTING = auto()  # until the next question is due
    WAITING = auto()  # for an answer
    SETTLING = auto()  # before the same question again


class VialDialogue:
    """One conversation over one line. It opens sessions, reads, and closes them when it leaves."""

    def __init__(self, settings: VialSettings, port: Port) -> None:
        self._settings = settings
        self._is_file = port.kind == "file"
        self._decoder = Decoder()
        self._state = State.CLOSED
        self._root = BASE if settings.layout == "base" else ALONE
        self._sessions: dict[str, Session] = {}
        self._turn = Turn(0.0, 0, self._root, Ask.OPEN)  # the question that is out, or the last one
        self._due_at = 0.0
        self._tries = 0
        self._naks = 0
        self._previous: Answer | None = None

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return None if self._state is State.CLOSED else self._due_at

    def open(self, now: float) -> Sequence[Output]:
        """Ask for a session."""
        self._sessions = {self._root: self._session(self._root, now)}
        self._state = State.RESTING
        return self._ask_next(now)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take bytes; answer each frame as the protocol wants it."""
        outputs: list[Output] = []
        for found in self._decoder.feed(data):
            outputs += self._harmed(found) if isinstance(found, Damage) else self._take(found, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Give up waiting, or ask the next question."""
        if self._state is State.CLOSED or now < self._due_at:
            return []
        match self._state:
            case State.WAITING:
                return self._miss(now)
            case State.SETTLING:
                return self._ask(self._turn, now)
        return self._ask_next(now)

    def close(self, _now: float) -> Sequence[Output]:
        """Close the sessions in good order, the base's last."""
        is_speaking, self._state = self._state is not State.CLOSED, State.CLOSED
        opened = [session.address for session in self._sessions.values() if session.is_open]
        return [CloseSession(address) for address in reversed(opened)] if is_speaking else []

    def _session(self, address: str, now: float) -> Session:
        if address == BASE:
            return Session(address, {Ask.MODULES: _INVENTORY_S}, now)
        poll_s = self._settings.poll_s
        periods = {Ask.RATES: poll_s, Ask.TYPE: inf, Ask.DRUG: self._settings.drug_s}
        return Session(address, {**periods, Ask.STATE: poll_s, Ask.BOLUS: poll_s}, now)

    # --- asking

    def _ask_next(self, now: float) -> list[Output]:
        turn = self._next_turn()
        if turn.due > now:
            return self._rest(now)
        self._tries = 0
        return self._ask(turn, now)

    def _next_turn(self) -> Turn:
        """Give the next question; without the root's session only the root's."""
        root = self._sessions[self._root]
        return min(session.next_turn() for session in (self._sessions.values() if root.is_open else [root]))

    def _ask(self, turn: Turn, now: float) -> list[Output]:
        self._turn, self._state = turn, State.WAITING
        self._due_at, self._naks = now + _TIMEOUT_S, 0
        self._sessions[turn.address].asked(turn.ask, now)
        return [REQUESTS[turn.ask](turn.address)]

    def _rest(self, now: float) -> list[Output]:
        self._state = State.RESTING
        self._due_at = max(now + _PAUSE_S, self._next_turn().due)
        return []

    def _miss(self, now: float) -> list[Output]:
        """No answer, or NAK: once more, then this address counts as gone."""
        self._tries += 1
        if self._tries <= _RETRIES:
            self._state, self._due_at = State.SETTLING, now + _SETTLING_S
            return []
        return self._lose(self._turn.address, "no answer", now)

    def _lose(self, address: str, reason: str, now: float) -> list[Output]:
        if address != self._root:
            was_open = self._sessions[address].is_open
            self._sessions[address].closed(until=now + _MODULE_REST_S)
            self._rest(now)
            return [Departed(address, reason)] if was_open else []
        self._sessions = {address: self._session(address, now + _REST_S)}
        return self._rest(now)

    # --- hearing

    def _harmed(self, damage: Damage) -> list[Output]:
        is_worth_repeating = damage.reason == WRONG_CHECKSUM and self._state is State.WAITING and self._naks < _NAKS
        self._naks += is_worth_repeating
        return [damage, Nak()] if is_worth_repeating else [damage]

    def _take(self, frame: Frame, now: float) -> list[Output]:
        match frame:
            case Enquiry():
                return [Present()]
            case Fault():
                return self._miss(now) if self._state is State.WAITING else []
            case Answer(kind=Kind.VARIABLE | Kind.ADJUSTMENT):
                return [*self._spontaneous(frame), Ack(), Receipt(frame.address, frame.kind)]
            case Answer():
                return [*self._answered(frame, now), Ack()]
        return []

    def _spontaneous(self, answer: Answer) -> list[Output]:
        """Adjustments are not documented: their text stays here."""
        if answer.kind is Kind.ADJUSTMENT or answer.address == BASE:
            return []
        if (self._root == BASE) != (answer.address in MODULES):
            return [_damage("answer from an address that is not ours", answer)]
        return self._said(answer) if variables(answer.text or "") else [_damage("no variables", answer)]

    def _answered(self, answer: Answer, now: float) -> list[Output]:
        if self._is_file:
            return self._overheard(answer)
        if self._state is not State.WAITING or answer.address != self._turn.address:
            is_repeated = answer == self._previous  # our ACK was lost
            return [] if is_repeated else [_damage("answer that nobody waits for", answer)]
        if answer.text and answer == self._previous and self._turn.ask in (Ask.TYPE, Ask.DRUG):
            self._previous = None  # a repeat, as our ACK was lost; if it is none, it is believed when asked again
            return []
        if answer.kind is Kind.DONE and not _fits(self._turn.ask, answer.text):
            return [_damage("answer to another question", answer), *self._miss(now)]
        self._previous = answer
        outputs = self._done(answer, now) if answer.kind is Kind.DONE else self._refused(answer, now)
        if self._state is State.WAITING:
            self._rest(now)
        return outputs

    def _overheard(self, answer: Answer) -> list[Output]:
        """Take from a file what says itself what it is: all variables of a question; a name alone doesn't."""
        code = answer.text or ""
        if answer.address not in ((BASE, *MODULES) if self._root == BASE else (ALONE,)):
            return [_damage("answer from an address that is not ours", answer)]
        if answer.kind is not Kind.DONE:
            text = f"refused, {code[:8]}: {ERRORS.get(code, 'not documented')}"
            return [Announcement(EventKind.DEVICE_EVENT, text=text, device=answer.address, raw=code[:8])]
        if not code:
            return []
        is_known = set(variables(code) or ()) in [set(letters.value) for letters in LETTERS.values()]
        return self._said(answer) if is_known else [_damage("answer to an unknown question", answer)]

    def _done(self, answer: Answer, now: float) -> list[Output]:
        session = self._sessions[answer.address]
        match self._turn.ask:
            case Ask.OPEN:
                session.opened(now)
                return []
            case Ask.MODULES:
                return self._found(modules(answer.text or "") or (), now)
            case Ask.TYPE:
                model = (answer.text or "").strip()
                return [Identity(answer.address, "Fresenius Vial", model)] if model else []
            case Ask.DRUG:
                return [Report([drug(answer.text)], answer.address)]
        return self._said(answer)

    def _said(self, answer: Answer) -> list[Output]:
        said = readings(answer.text or "")
        return [Report(said, answer.address)] if said else []

    def _found(self, addresses: Sequence[str], now: float) -> list[Output]:
        """Take note of the modules that the base names."""
        gone = [address for address in self._sessions if address not in (*addresses, self._root)]
        was_open = [address for address in gone if self._sessions.pop(address).is_open]
        for address in addresses:
            self._sessions.setdefault(address, self._session(address, now))
        return [Departed(address, "not in the base any more") for address in was_open]

    def _refused(self, answer: Answer, now: float) -> list[Output]:
        code, session = answer.text or "", self._sessions[answer.address]
        outputs = self._announce(session, code)
        match code:
            case _ if code == NO_BASE_SESSION:
                self._sessions[self._root].closed(until=now + _REOPEN_S)
                self._sessions = {self._root: self._sessions[self._root]}
            case _ if code == NO_MODULE_SESSION:
                session.closed(until=now + _REOPEN_S)
            case _ if code == NO_MODULE:
                outputs += self._lose(answer.address, f"I;{code}: {ERRORS[code]}", now)
            case _ if self._turn.ask is Ask.OPEN:
                session.opened(now)  # perhaps it was open already: reading will tell
            case _:
                session.give_up(self._turn.ask, now)
        return outputs

    def _announce(self, session: Session, code: str) -> list[Output]:
        """Say a refusal once in a session."""
        if (self._turn.ask, code) in session.announced:
            return []
        session.announced.add((self._turn.ask, code))
        text = f"{self._turn.ask.name} refused, {code[:8]}: {ERRORS.get(code, 'not documented')}"
        return [Announcement(EventKind.DEVICE_EVENT, text=text, device=session.address, raw=code[:8])]


def _fits(ask: Ask, text: str | None) -> bool:
    """Say whether an answer can be one to this question: variables to LE, and only those; words to the others."""
    said = variables(text or "")
    match ask:
        case Ask.OPEN:
            return not said
        case Ask.MODULES:
            return modules(text or "") is not None
        case Ask.TYPE | Ask.DRUG:
            return not any(set(letters.value) <= set(said or ()) for letters in Letters)
    return bool(said) and set(said or ()) <= set(LETTERS[ask].value)


def _damage(reason: str, answer: Answer) -> Damage:
    return Damage(reason, len(answer.encode()))
