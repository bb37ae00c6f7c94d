"""PDS messages as they stand on the wire: HL7 v2.3.1 in MLLP. MSH-10 is the kind of message, not an id.

Both directions: the gateway decodes messages and encodes its two requests, a simulated monitor the reverse. Both
requests are constants: no text of anybody's can get into them.
"""

from dataclasses import dataclass
from typing import Final

from drivers.api import Damage, Purpose, Request
from drivers.common.hl7.message import Message, messages
from drivers.common.hl7.mllp import Framed, wrap

__all__ = ["Decoder", "Heartbeat", "Query", "fields", "recognise", "write"]

# Kinds of message (MSH-10).
HEARTBEAT: Final = "106"
PATIENT: Final = "103"
PERIODIC: Final = "204"
STATES: Final = "205"
APERIODIC: Final = "503"
CUFF_STATE: Final = "53"
PHYSIOLOGICAL_ALARMS: Final = "54"
TECHNICAL_ALARMS: Final = "56"
QUERY: Final = "1203"

OBX_FIELDS: Final = 14  # what stands behind isn't read
_PADDING: Final = [""] * (OBX_FIELDS + 1)
_HEADER: Final = r"MSH|^~\&|||||||{}|{}|P|2.3.1"


def write(kind: str, segments: tuple[str, ...] = (), event: str = "ORU^R01") -> bytes:
    """Give a message's wire bytes."""
    header = _HEADER.format(event, kind) + ("|" if event == "ORU^R01" else "")
    return wrap("".join(f"{segment}\r" for segment in (header, *segments)).encode())


# Everything this monitor (0&0) has: 1 all parameters, 3 physiological alarms, 4 technical alarms. The time and the
# query's id in QRD are those of the guide's example, which public clients send unchanged.
_QUERY: Final = write(
    QUERY,
    ("QRD|20060731145557|R|I|Q895211|||||RES", *(f"QRF|MON||||0&0^{what}^1^1^" for what in (1, 3, 4))),
    "QRY^R02",
)
_HEARTBEAT: Final = write(HEARTBEAT)


@dataclass(frozen=True, slots=True)
class Heartbeat(Request):
    """Keep the connection: kind 106, without data."""

    purpose = Purpose.LINK

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _HEARTBEAT


@dataclass(frozen=True, slots=True)
class Query(Request):
    """Ask for all parameters and alarms of this monitor: kind 1203. A subscription, not a setting."""

    purpose = Purpose.QUERY

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _QUERY


_REQUESTS: Final[dict[bytes, Request]] = {_HEARTBEAT: Heartbeat(), _QUERY: Query()}


def recognise(data: bytes) -> Request | None:
    """Tell our two requests from everything else: all bytes are exactly one, or None."""
    return _REQUESTS.get(bytes(data))


class Decoder:
    """Turns a monitor's bytes into messages. Keeps at most one frame of 1 MiB."""

    def __init__(self) -> None:
        self._framing = Framed()

    @property
    def wait_s(self) -> float | None:
        """How long a pause may be before `pause` wants to be called; None while nothing has begun."""
        return self._framing.wait_s if self._framing.is_pending else None

    def feed(self, data: bytes) -> list[Message | Damage]:
        """Take any split of the stream; give what it completed."""
        return _read(self._framing.feed(data))

    def pause(self) -> list[Message | Damage]:
        """Nothing more has come for `wait_s`: give up what was begun."""
        return _read(self._framing.pause())


def _read(bodies: list[bytes | Damage]) -> list[Message | Damage]:
    said: list[Message | Damage] = []
    for body in bodies:
        if isinstance(body, Damage):
            said.append(body)
        else:
            said += messages(body)
    return said


def fields(segment: str) -> list[str]:
    """Split an OBX: `fields(row)[n]` is field n, empty if it wasn't sent."""
    said = segment.split("|", OBX_FIELDS + 1)
    return said if len(said) > OBX_FIELDS else said + _PADDING[len(said) :]
