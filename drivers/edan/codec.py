r"""What is said to Edan's gateway and what it answers: HL7 v2.3.1 in MLLP.

VT MSH|^~\&|7edit.com||7edit.com||time||QRY^R02|id|P|2.3.1||||||UNICODE UTF-8 CR
   QRD|time|R|I|id of the query|||||RES CR
   QRF|MON||||bed FS CR

All but the bed is constant, byte by byte as a public client sends it (its own constants, and no CR before FS).
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.api import Purpose, Request
from drivers.common.hl7.mllp import wrap, wrap_file
from drivers.common.vendor_hl7.decoder import Decoder, fields

__all__ = ["HIGHEST_BED", "Decoder", "Query", "fields", "recognise", "wrap", "wrap_file"]

CONTROL_ID: Final = "MSG-20170611-175218-0837"
HIGHEST_BED: Final = 9999  # our choice: 1 is the only one seen

_HEAD: Final = (
    rf"MSH|^~\&|7edit.com||7edit.com||20191028141315||QRY^R02|{CONTROL_ID}|P|2.3.1||||||UNICODE UTF-8" + "\r"
    "QRD|20191028141315|R|I|Q839572|||||RES\r"
    "QRF|MON||||"
)
_WIRE: Final = re.compile(re.escape(b"\x0b" + _HEAD.encode()) + rb"([1-9][0-9]{0,3})\x1c\r")


@dataclass(frozen=True, slots=True)
class Query(Request):
    """Ask once for what the gateway has of a bed."""

    purpose = Purpose.QUERY

    bed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.bed <= HIGHEST_BED:
            raise ValueError(f"bed {self.bed}: set it between 1 and {HIGHEST_BED}")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return wrap(f"{_HEAD}{self.bed}".encode())


def recognise(data: bytes) -> Query | None:
    """Tell the query from everything else: all bytes are exactly one, or None."""
    found = _WIRE.fullmatch(data)
    return Query(int(found.group(1))) if found else None
