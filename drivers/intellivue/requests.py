"""What may be said to a monitor: seven messages, six of them constant. There is no word for SET."""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, Final

from drivers.api import Purpose, Request
from drivers.intellivue.export import ALERT_MONITOR, EXPORT, MDS_CREATE, NUMERIC, WAVE
from drivers.intellivue.mib import Frames, framed
from drivers.intellivue.session import RELEASE, Asked

ACTIVE_S: Final = 600  # how long an extended poll lives, as public clients ask

_ALERTS: Final = 0x0801  # attribute group
_ANSWER: Final = Struct(">4sHHHHHHHHIHH")
_SINGLE: Final = Struct(">4sHHHHHHHHIHHHHHH")
_EXTENDED: Final = Struct(">4sHHHHHHHHIHHHHHHHHHHI")


def _single(invoke_id: int, poll_no: int, subject: int, group: int) -> bytes:
    return _SINGLE.pack(
        EXPORT, 1, 28, invoke_id, 7, 22, 0x0021, 0, 0, 0, 0x0C16, 8, poll_no, 1, subject, group
    )  # fmt: skip


def _extended(invoke_id: int, poll_no: int, subject: int) -> bytes:
    return _EXTENDED.pack(
        EXPORT, 1, 40, invoke_id, 7, 34, 0x0021, 0, 0, 0, 0xF13B, 20, poll_no, 1, subject, 0, 1, 8, 0xF13E, 4,
        ACTIVE_S * 8000,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Said(Request):
    """What all share: the same message goes bare into a datagram, and framed onto the serial line."""

    is_framed: bool = False
    message: ClassVar[bytes] = b""

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return framed(self.message) if self.is_framed else self.message


@dataclass(frozen=True, slots=True)
class Associate(_Said):
    """Ask for an association."""

    purpose = Purpose.LINK
    message = Asked().encode()


@dataclass(frozen=True, slots=True)
class Release(_Said):
    """End the association."""

    purpose = Purpose.LINK
    message = RELEASE


@dataclass(frozen=True, slots=True)
class KeepAlive(_Said):
    """Ask for the active alarms. A monitor that is asked nothing ends the association, so this waits for nothing."""

    purpose = Purpose.LINK
    message = _single(5, 4, ALERT_MONITOR, _ALERTS)


@dataclass(frozen=True, slots=True)
class ReadNumerics(_Said):
    """Ask for all numerics once."""

    purpose = Purpose.QUERY
    message = _single(1, 1, NUMERIC, 0)


@dataclass(frozen=True, slots=True)
class FollowNumerics(_Said):
    """Ask for all numerics, each second for ten minutes."""

    purpose = Purpose.QUERY
    message = _extended(3, 2, NUMERIC)


@dataclass(frozen=True, slots=True)
class FollowWaves(_Said):
    """Ask for the waves that the monitor offers by itself, for ten minutes."""

    purpose = Purpose.QUERY
    message = _extended(4, 3, WAVE)


@dataclass(frozen=True, slots=True)
class Created(Request):
    """Confirm that the monitor has said what it is (MDS create). Repeats what it said: four numbers, no text."""

    invoke_id: int
    context: int
    handle: int
    time: int
    is_framed: bool = False
    purpose = Purpose.LINK

    def __post_init__(self) -> None:
        if not all(0 <= number <= 0xFFFF for number in (self.invoke_id, self.context, self.handle)):
            raise ValueError("invoke id, context and handle have 16 bits")
        if not 0 <= self.time <= 0xFFFFFFFF:
            raise ValueError("a time has 32 bits")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        message = _ANSWER.pack(
            EXPORT, 2, 20, self.invoke_id, 1, 14, 0x0021, self.context, self.handle, self.time, MDS_CREATE, 0
        )  # fmt: skip
        return framed(message) if self.is_framed else message


CONSTANT: Final = (Associate, Release, KeepAlive, ReadNumerics, FollowNumerics, FollowWaves)
INVOKE_IDS: Final = {kind: int.from_bytes(kind.message[8:10], "big") for kind in CONSTANT[2:]}
_BY_BYTES: Final = {
    request.encode(): request for kind in CONSTANT for request in (kind(is_framed=False), kind(is_framed=True))
}


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are."""
    return _BY_BYTES.get(data) or _created(data)


def _created(data: bytes) -> Created | None:
    is_framed = data[:1] == b"\xc0"
    if is_framed:
        found = Frames().feed(data)
        if len(found) != 1 or not isinstance(found[0], bytes):
            return None
        message = found[0]
    else:
        message = data
    if len(message) != _ANSWER.size:
        return None
    _, _, _, invoke_id, _, _, _, context, handle, time, _, _ = _ANSWER.unpack(message)
    request = Created(invoke_id, context, handle, time, is_framed)
    return request if request.encode() == data else None
