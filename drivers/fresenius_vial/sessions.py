"""What is asked at one address, and when."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import partial
from math import inf
from typing import Final, NamedTuple

from drivers.api import Request
from drivers.fresenius_vial.codec import Letters, OpenSession, ReadDrug, ReadType, ReadVariables

_OPENING_S: Final = 1.0  # a base needs about a second after its session was opened
_SECOND_CHANCE_S: Final = 300.0  # a refusal may be of the moment (an alarm, another status), and sessions last for days


class Ask(Enum):
    """The questions."""

    OPEN = auto()
    MODULES = auto()
    RATES = auto()
    TYPE = auto()
    DRUG = auto()
    STATE = auto()
    BOLUS = auto()


REQUESTS: Final[Mapping[Ask, Callable[[str], Request]]] = {
    Ask.OPEN: OpenSession,
    Ask.MODULES: partial(ReadVariables, letters=Letters.MODULES),
    Ask.RATES: partial(ReadVariables, letters=Letters.RATES),
    Ask.TYPE: ReadType,
    Ask.DRUG: ReadDrug,
    Ask.STATE: partial(ReadVariables, letters=Letters.STATE),
    Ask.BOLUS: partial(ReadVariables, letters=Letters.BOLUS),
}
LETTERS: Final = {
    Ask.MODULES: Letters.MODULES,
    Ask.RATES: Letters.RATES,
    Ask.STATE: Letters.STATE,
    Ask.BOLUS: Letters.BOLUS,
}


class Turn(NamedTuple):
    """One question at one address; the earliest comes first, then the order of `Ask`."""

    due: float
    rank: int
    address: str
    ask: Ask


class Session:
    """One address and its questions with their periods in seconds."""

    def __init__(self, address: str, periods: Mapping[Ask, float], now: float) -> None:
        self.address = address
        self.is_open = False
        self.announced: set[tuple[Ask, str]] = set()
        self._periods = periods
        self._due: dict[Ask, float] = {Ask.OPEN: now}

    def opened(self, now: float) -> None:
        """Ask all its questions from now on."""
        self.is_open = True
        self._due = dict.fromkeys(self._periods, now + _OPENING_S)

    def closed(self, until: float) -> None:
        """Ask nothing but for a session, and that not before."""
        self.is_open = False
        self._due = {Ask.OPEN: until}

    def asked(self, ask: Ask, now: float) -> None:
        """Note when to ask again."""
        self._due[ask] = now + self._periods.get(ask, inf)

    def give_up(self, ask: Ask, now: float) -> None:
        """Ask this no more for a while: the pump has refused it. But the rate is asked for again and again."""
        if ask is not Ask.RATES:
            self._due[ask] = now + _SECOND_CHANCE_S

    def next_turn(self) -> Turn:
        """Give its next question."""
        return min(Turn(due, ask.value, self.address, ask) for ask, due in self._due.items())
