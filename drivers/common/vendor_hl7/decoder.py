"""A vendor's messages on the wire: HL7 v2 in MLLP, and the fields of a segment."""

from collections.abc import Iterable
from typing import Final

from drivers.api import Damage
from drivers.common.hl7.message import Message, messages
from drivers.common.hl7.mllp import Bare, Framed, Framing

FIELDS: Final = 18  # what stands behind isn't read
_PADDING: Final = [""] * (FIELDS + 1)


class Decoder:
    """Turns a sender's bytes into messages. Keeps at most one frame of 1 MiB."""

    def __init__(self, *, bare: bool = False) -> None:
        self._framing: Framing = Bare() if bare else Framed()

    @property
    def wait_s(self) -> float | None:
        """How long a pause may be before `pause` wants to be called; None while nothing has begun."""
        return self._framing.wait_s if self._framing.is_pending else None

    def feed(self, data: bytes) -> list[Message | Damage]:
        """Take any split of the stream; give what it completed."""
        return _read(self._framing.feed(data))

    def pause(self) -> list[Message | Damage]:
        """Nothing more has come for `wait_s`: give up what was begun or, without frames, take it as complete."""
        return _read(self._framing.pause())


def _read(bodies: Iterable[bytes | Damage]) -> list[Message | Damage]:
    said: list[Message | Damage] = []
    for body in bodies:
        if isinstance(body, Damage):
            said.append(body)
        else:
            said += messages(body)
    return said


def fields(segment: str) -> list[str]:
    """Split a segment: `fields(row)[n]` is field n, empty if it wasn't sent."""
    said = segment.split("|", FIELDS + 1)
    return said if len(said) > FIELDS else said + _PADDING[len(said) :]
