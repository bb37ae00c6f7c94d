"""What a gateway may say to a device: one acknowledgement of the message that stands out. Everything else is kept."""

import re
from typing import Final, NamedTuple

import hl7

LIMIT: Final = 65_536  # bytes without an end

_FRAME: Final = re.compile(rb"\x0b([^\x0b\x1c]*)\x1c\r", re.DOTALL)

# Messages that would programme, silence or re-assign a device, and segments that carry orders
# (HL7 v2; IHE PCD-03, PCD-05): by code of our own, as no driver has a word for them.
COMMANDS: Final = frozenset(
    {
        "RGV", "RDE", "RDS", "RAS", "RDO", "RRE", "RRG", "OMP", "OMG", "OML", "OMS", "OMN", "OMD", "ORM", "ORL", "ORU",
        "ORA", "ADT", "SRM", "SIU", "MFN", "EAC", "EAN", "ESU",
    }
)  # fmt: skip
ORDER_SEGMENTS: Final = frozenset(
    {
        "ORC", "RXO", "RXG", "RXE", "RXD", "RXA", "RXR", "RXC", "TQ1", "TQ2", "OBR", "OBX", "PID", "NTE", "PRT",
    }
)  # fmt: skip
EXPECTED_SEGMENTS: Final = ("MSH", "MSA", "ERR")


class Reply(NamedTuple):
    """One frame as the device understands it."""

    code: str = ""  # MSA-1
    control_id: str = ""  # MSA-2
    addressee: str = ""  # MSH-5
    fault: str = ""  # why it is no acknowledgement
    is_command: bool = False


class Ear:
    """Splits what the gateway says into frames."""

    def __init__(self) -> None:
        self._heard = b""

    def feed(self, data: bytes) -> list[Reply]:
        """Take any split; give the frames, and what is none."""
        self._heard += data
        replies: list[Reply] = []
        while found := _FRAME.search(self._heard):
            if found.start():
                replies.append(Reply(fault=f"bytes outside a frame: {self._heard[: found.start()]!r}"))
            replies.append(understand(found.group(1)))
            self._heard = self._heard[found.end() :]
        if self._heard and (not self._heard.startswith(b"\x0b") or len(self._heard) > LIMIT):
            replies.append(Reply(fault=f"bytes outside a frame: {self._heard[:64]!r}"))
            self._heard = b""
        return replies


def understand(body: bytes) -> Reply:
    """Read one frame with python-hl7."""
    try:
        message = hl7.parse(body.decode("ascii"))
        names = [str(segment[0]) for segment in message]
        kind = str(message.segment("MSH")(9)).partition("^")[0]
    except (UnicodeDecodeError, hl7.HL7Exception, LookupError):
        return Reply(fault=f"not HL7: {body[:64]!r}")
    is_command = kind in COMMANDS or not ORDER_SEGMENTS.isdisjoint(names)
    if kind != "ACK" or is_command or names[:2] != ["MSH", "MSA"] or len(names) > len(EXPECTED_SEGMENTS):
        return Reply(fault=f"no acknowledgement: {kind} with {' '.join(names)}", is_command=is_command)
    if names[2:] not in ([], ["ERR"]):
        return Reply(fault=f"no acknowledgement: {kind} with {' '.join(names)}")
    msa = message.segment("MSA")
    return Reply(str(msa(1)), str(msa(2)), str(message.segment("MSH")(5)))
