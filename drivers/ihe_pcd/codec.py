"""IHE PCD messages as they stand on the wire: HL7 v2 in MLLP, an OBX row's fields, its place in the containment tree.

Both directions: the gateway decodes messages and encodes acknowledgements, a simulated device the reverse.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from drivers.api import Damage
from drivers.common.hl7.ack import Ack, AckMode, recognise
from drivers.common.hl7.message import Message, messages
from drivers.common.hl7.mllp import Bare, Framed, Framing, wrap, wrap_file

__all__ = ["Ack", "AckMode", "Decoder", "Place", "fields", "place_of", "recognise", "wrap", "wrap_file"]

OBX_FIELDS: Final = 18  # what stands behind isn't read
_PADDING: Final = [""] * (OBX_FIELDS + 1)


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


def _read(bodies: list[bytes | Damage]) -> list[Message | Damage]:
    said: list[Message | Damage] = []
    for body in bodies:
        if isinstance(body, Damage):
            said.append(body)
        else:
            said += messages(body)
    return said


def fields(segment: str) -> list[str]:
    """Split an OBX or OBR row: `fields(row)[n]` is field n, empty if it wasn't sent."""
    said = segment.split("|", OBX_FIELDS + 1)
    return said if len(said) > OBX_FIELDS else said + _PADDING[len(said) :]


class Place(NamedTuple):
    """A row's place in the containment tree: `1.1.2.209` is metric 209 of channel 1.1.2 of VMD 1.1 of MDS 1."""

    mds: str
    vmd: str
    channel: str
    path: str  # without the zeros at the end
    level: int  # 1 MDS, 2 VMD, 3 channel, 4 metric, 5 facet; 0: not said

    @property
    def vmd_name(self) -> str:
        """The VMD, for a name: the first one needs none."""
        return "" if self.vmd.partition(".")[2] in ("", "0", "1") else self.vmd


@lru_cache(maxsize=4096)
def place_of(containment: str) -> Place:
    """Read OBX-4. Zeros at the end mean a row of a higher level."""
    parts = containment.partition("^")[0].split(".")
    while parts and parts[-1] in ("0", ""):
        del parts[-1]
    path = ".".join(parts)
    level = len(parts)
    return Place(".".join(parts[:1]), ".".join(parts[:2]), ".".join(parts[:3]), path, level)
