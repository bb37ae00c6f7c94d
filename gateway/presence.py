"""Is a device there, and does it speak? One table of states; leaving `delivering` opens a gap, coming back ends it."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """As published in a device's status."""

    CONNECTING = "connecting"
    DELIVERING = "delivering"
    SILENT = "silent"  # the port is open, nothing fresh comes
    DAMAGED = "damaged"  # bytes come, but nothing that can be read
    DISCONNECTED = "disconnected"


class Change(StrEnum):
    """What can happen to a device, seen from its link."""

    OPENED = "port opened"
    DATA = "data"
    QUIET = "nothing heard"
    DAMAGE = "damaged data only"
    LOST = "link lost"


TRANSITIONS: Final = {
    (State.CONNECTING, Change.OPENED): State.SILENT,
    (State.CONNECTING, Change.DATA): State.DELIVERING,
    (State.CONNECTING, Change.LOST): State.DISCONNECTED,
    (State.SILENT, Change.DATA): State.DELIVERING,
    (State.SILENT, Change.DAMAGE): State.DAMAGED,
    (State.SILENT, Change.LOST): State.DISCONNECTED,
    (State.DELIVERING, Change.QUIET): State.SILENT,
    (State.DELIVERING, Change.DAMAGE): State.DAMAGED,
    (State.DELIVERING, Change.LOST): State.DISCONNECTED,
    (State.DAMAGED, Change.DATA): State.DELIVERING,
    (State.DAMAGED, Change.QUIET): State.SILENT,
    (State.DAMAGED, Change.LOST): State.DISCONNECTED,
    (State.DISCONNECTED, Change.OPENED): State.SILENT,
    (State.DISCONNECTED, Change.DATA): State.DELIVERING,
}


def after(state: State, change: Change) -> State:
    """Give the next state; a change that means nothing in a state leaves it."""
    return TRANSITIONS.get((state, change), state)
