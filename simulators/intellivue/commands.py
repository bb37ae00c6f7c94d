"""What a client can say to a monitor, understood with code of its own: what changes something, too."""

from dataclasses import dataclass
from struct import Struct, error
from typing import Final, TypeAlias

_HEAD: Final = Struct(">4sHHHHH")  # session, type, length, invoke id, command, length
_POLL: Final = Struct(">HHHIHHHHHH")  # managed object, scope, action, length, poll number, partition, class, group
_PAIR: Final = Struct(">HH")
_SET_LIST: Final = Struct(">HHHIHHHHH")  # managed object, scope, count, length, modify, attribute, length
_LABELS: Final = Struct(">HH")
_WAVE_LIST: Final = 0xF23A
_ACTIVE_TIME: Final = 0xF13E


@dataclass(frozen=True, slots=True)
class Poll:
    """Single (0C16) or extended (F13B) poll."""

    invoke_id: int
    action: int
    poll_no: int
    subject: int
    group: int
    active_s: float = 0.0  # extended: how long answers are to come; 0: one answer


@dataclass(frozen=True, slots=True)
class Get:
    """Ask for attributes of the system object."""

    invoke_id: int


@dataclass(frozen=True, slots=True)
class Confirmation:
    """MDS create has been taken note of."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a monitor would obey: SET, or an action that is no poll."""

    invoke_id: int
    command: int
    words: str
    labels: tuple[int, ...] | None = None  # a new list of waves


@dataclass(frozen=True, slots=True)
class Noise:
    """What no monitor understands."""

    reason: str


Command: TypeAlias = Poll | Get | Confirmation | Change | Noise


def understand(message: bytes) -> Command:
    """Read a data export message of a client's; lengths behind the header are not insisted on, as monitors don't."""
    try:
        _, kind, size, invoke_id, command, _ = _HEAD.unpack_from(message)
        if message[:2] != b"\xe1\x00":
            return Noise("no data export message")
        if kind == 2:
            is_create = command == 1 and message[24:26] == b"\x0d\x06"
            return Confirmation() if is_create else Noise("a result that nobody asked for")
        if kind != 1:
            return Noise(f"operation of type {kind}")
        if size != len(message) - 8:
            return _changes(message, invoke_id, command) or Noise("wrong length")
        return _changes(message, invoke_id, command) or _reads(message, invoke_id, command)
    except error:
        return Noise("message cut short")


def _changes(message: bytes, invoke_id: int, command: int) -> Change | None:
    if command in (4, 5):
        return Change(invoke_id, command, "SET", _labels(message))
    if command == 7:
        action = _POLL.unpack_from(message.ljust(64, b"\0"), 14)[4]
        return None if action in (0x0C16, 0xF13B) else Change(invoke_id, command, f"action {action:04X}")
    return None if command in (0, 1, 3) else Change(invoke_id, command, f"command {command}")


def _reads(message: bytes, invoke_id: int, command: int) -> Command:
    if command == 3:
        return Get(invoke_id)
    if command != 7:
        return Noise("an event report from a client")
    _, _, _, _, action, _, poll_no, _, subject, group = _POLL.unpack_from(message, 14)
    active_s = _active_s(message) if action == 0xF13B else 0.0
    return Poll(invoke_id, action, poll_no, subject, group, active_s)


def _active_s(message: bytes) -> float:
    count, _ = _PAIR.unpack_from(message, 36)
    at = 40
    for _ in range(count):
        attribute, size = _PAIR.unpack_from(message, at)
        at += 4
        if attribute == _ACTIVE_TIME and size == 4:
            return int.from_bytes(message[at : at + 4], "big") / 8000
        at += size
    return 0.0


def _labels(message: bytes) -> tuple[int, ...] | None:
    try:
        *_, attribute, _ = _SET_LIST.unpack_from(message, 14)
        count, _ = _LABELS.unpack_from(message, 14 + _SET_LIST.size)
        at = 14 + _SET_LIST.size + 4
        labels = tuple(int.from_bytes(message[at + 4 * n : at + 4 * n + 4], "big") for n in range(min(count, 32)))
    except error:
        return None
    return labels if attribute == _WAVE_LIST else None
