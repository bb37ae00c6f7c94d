"""IntelliVue data export, both directions: datagrams or the serial MIB framing, and the same messages in either.

The parts: `mib` (serial frames), `session` (association), `export` (data), `values` (FLOAT, times, texts),
`requests` (all that may be said, and the gate's `recognise`).
"""

from typing import TypeAlias

from drivers.api import Damage
from drivers.intellivue import export, session
from drivers.intellivue.export import EXPORT, INDICATION, EventReport, PollReply, Refused
from drivers.intellivue.mib import Frames
from drivers.intellivue.session import Accepted, Asked, Ended

Message: TypeAlias = PollReply | EventReport | Refused | Accepted | Ended | Asked

_SESSION: frozenset[int] = frozenset({0x0D, 0x0E, 0x0C, 0x09, 0x0A, 0x19})


class Decoder:
    """Turns the monitor's bytes into messages. On a stream it keeps at most one frame's 8 KiB, else nothing."""

    def __init__(self, is_stream: bool) -> None:
        self._frames = Frames() if is_stream else None

    def feed(self, data: bytes) -> list[Message | Damage]:
        """Take bytes in; give back what they completed."""
        if self._frames is None:
            return [parse(data)] if data else []
        return [found if isinstance(found, Damage) else parse(found) for found in self._frames.feed(data)]


def parse(message: bytes) -> Message | Damage:
    """Read one whole message, without framing."""
    if message[:4] in (EXPORT, INDICATION):
        return export.parse(message)
    if message and message[0] in _SESSION:
        return session.parse(message)
    return Damage("no message of the protocol", len(message))
