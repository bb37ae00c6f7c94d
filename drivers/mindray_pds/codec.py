"""PDS messages as they stand on the wire: HL7 v2.3.1 in MLLP. MSH-10 is the kind of message, not an id.

Both directions: the gateway decodes messages and encodes its requests, a simulated monitor the reverse. Every request
is one of three constants: no text of anybody's, no clock and no address can get into them.
"""

from dataclasses import dataclass
from typing import Final

from drivers.api import Purpose, Request
from drivers.common.hl7.mllp import wrap, wrap_file
from drivers.common.vendor_hl7.decoder import Decoder, fields

__all__ = ["Decoder", "Heartbeat", "Query", "compose", "fields", "recognise", "wrap", "wrap_file"]

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

MOST_IDS: Final = 4  # in one QRF

# What is asked for by id where a monitor says nothing periodic to a query for everything, as a uMEC12 did.
IDS: Final = (
    "101", "102", "151", "160",
    "161", "162", "170", "171",
    "172", "173", "200", "201",
    "202", "250", "251", "280",
    "500", "501", "502", "605",
)  # fmt: skip


def compose(kind: str, segments: tuple[str, ...] = (), event: str = "ORU^R01", end: str = "\r") -> bytes:
    """Give a message's wire bytes."""
    header = rf"MSH|^~\&|||||||{event}|{kind}|P|2.3.1" + ("|" if event == "ORU^R01" else "")
    return wrap("".join(f"{segment}{end}" for segment in (header, *segments)).encode())


# QRF-5 is monitor^what^1^all^ids: 0&0 is this monitor; 1 parameters, 3 physiological alarms, 4 technical alarms.
# The time and the id of the query in QRD are those of an example that public clients send unchanged.
_QRD: Final = "QRD|20060731145557|R|I|Q895211|||||RES"
_EVERYTHING: Final = ("QRF|MON||||0&0^1^1^1^",)
_BY_ID: Final = tuple(
    f"QRF|MON||||0&0^1^1^0^{'&'.join(IDS[at : at + MOST_IDS])}" for at in range(0, len(IDS), MOST_IDS)
)
_ALARMS: Final = ("QRF|MON||||0&0^3^1^1^", "QRF|MON||||0&0^4^1^1^")

_HEARTBEAT: Final = compose(HEARTBEAT)
_QUERIES: Final = {
    by_id: compose(QUERY, (_QRD, *(_BY_ID if by_id else _EVERYTHING), *_ALARMS), "QRY^R02") for by_id in (False, True)
}


@dataclass(frozen=True, slots=True)
class Heartbeat(Request):
    """Keep the connection: kind 106, without data."""

    purpose = Purpose.LINK

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _HEARTBEAT


@dataclass(frozen=True, slots=True)
class Query(Request):
    """Ask for parameters and alarms of this monitor: kind 1203. A subscription, which a new one replaces."""

    purpose = Purpose.QUERY

    by_id: bool = False  # else everything

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _QUERIES[self.by_id]


_REQUESTS: Final[dict[bytes, Request]] = {
    _HEARTBEAT: Heartbeat(),
    **{data: Query(by_id) for by_id, data in _QUERIES.items()},
}


def recognise(data: bytes) -> Request | None:
    """Tell our requests from everything else: all bytes are exactly one, or None."""
    return _REQUESTS.get(bytes(data))
