"""Where the conversation with a monitor stands, and what moves it."""

from enum import Enum, auto
from typing import Final, NamedTuple

from drivers.intellivue.requests import Associate, Release


class State(Enum):
    """Where the conversation stands."""

    CLOSED = auto()
    ASKING = auto()  # the request for association is out
    GRANTED = auto()  # MDS create is to come
    ASSOCIATED = auto()
    RESTING = auto()  # until the next attempt


class Event(Enum):
    """What moves it."""

    OPENED = auto()
    ACCEPTED = auto()
    REFUSED = auto()
    CREATED = auto()  # MDS create
    ENDED = auto()  # released or aborted by the monitor
    SILENCE = auto()
    DUE = auto()
    CLOSING = auto()  # we leave


S, E = State, Event


class Step(NamedTuple):
    """Where an event leads, and what is said on the way."""

    state: State
    say: type[Associate] | type[Release] | None = None


# An event without an entry is damage. Answers to polls move nothing; outside of ASSOCIATED they belong to another
# association, and are not taken.
STEPS: Final = {
    (S.CLOSED, E.OPENED): Step(S.ASKING, Associate),
    (S.ASKING, E.ACCEPTED): Step(S.GRANTED),
    (S.ASKING, E.REFUSED): Step(S.RESTING),
    (S.ASKING, E.ENDED): Step(S.RESTING),
    (S.ASKING, E.SILENCE): Step(S.RESTING),
    (S.ASKING, E.CLOSING): Step(S.CLOSED, Release),  # the accept may be on its way
    (S.GRANTED, E.ACCEPTED): Step(S.GRANTED),
    (S.GRANTED, E.CREATED): Step(S.ASSOCIATED),
    (S.GRANTED, E.ENDED): Step(S.RESTING),
    (S.GRANTED, E.SILENCE): Step(S.RESTING, Release),
    (S.GRANTED, E.CLOSING): Step(S.CLOSED, Release),
    (S.ASSOCIATED, E.CREATED): Step(S.ASSOCIATED),  # our confirmation was lost
    (S.ASSOCIATED, E.ENDED): Step(S.RESTING),
    (S.ASSOCIATED, E.SILENCE): Step(S.RESTING, Release),
    (S.ASSOCIATED, E.CLOSING): Step(S.CLOSED, Release),
    (S.RESTING, E.ACCEPTED): Step(S.GRANTED),  # later than we waited
    (S.RESTING, E.REFUSED): Step(S.RESTING),
    (S.RESTING, E.ENDED): Step(S.RESTING),  # our release confirmed
    (S.RESTING, E.DUE): Step(S.ASKING, Associate),
    (S.RESTING, E.CLOSING): Step(S.CLOSED),
}

# How long a state lasts without what it waits for.
PATIENCE: Final = {
    S.ASKING: 2.0,  # an answer that comes later is taken all the same
    S.GRANTED: 10.0,
    S.ASSOCIATED: 10.0,  # without any message, though we ask every two seconds
}
REFUSED_S: Final = 10.0  # an earlier association may still live (UNVERIFIED)
_LONGEST_REST_S: Final = 3.0  # who returns is heard within five seconds


def rest_s(failures: int) -> float:
    """Give how long to leave the monitor alone after so many failures."""
    return min(2.0 ** min(failures, 10), _LONGEST_REST_S)
