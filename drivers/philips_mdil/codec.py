"""MDIL messages as they stand on the wire: HL7 v2 in MLLP, and the hexadecimal spelling of ISO/IEEE 11073 numbers.

0002-4bb8^SpO2^MDIL      partition 2, code 0x4bb8: 2 * 65536 + 19384 = 150456
0004-0220^%^MDIL         a unit, in partition 4: 4 * 65536 + 544 = 262688
2^Yellow Alarm^MDIL-ALERT
"""

import re
from typing import Final, NamedTuple

from drivers.common.hl7.ack import Ack, AckMode, recognise
from drivers.common.hl7.message import component
from drivers.common.hl7.mllp import wrap, wrap_file
from drivers.common.vendor_hl7.decoder import Decoder, fields

__all__ = ["Ack", "AckMode", "Decoder", "Term", "fields", "recognise", "term_of", "wrap", "wrap_file"]

SYSTEM: Final = "MDIL"
ALERTS: Final = "MDIL-ALERT"

_TERM: Final = re.compile(r"([0-9a-fA-F]{4})-([0-9a-fA-F]{4})")


class Term(NamedTuple):
    """A code of OBX-3, OBX-6 or OBX-17."""

    partition: int
    code: int

    @property
    def mdc(self) -> int:
        """The context-free number that it stands for, unless it is Philips' own."""
        return self.partition * 65_536 + self.code

    def __str__(self) -> str:
        return f"{self.partition:04x}-{self.code:04x}"


def term_of(field: str) -> Term | None:
    """Read `0002-4bb8^SpO2^MDIL`; None if it is spelled otherwise or of another coding system."""
    found = _TERM.fullmatch(component(field, 1))
    if found is None or component(field, 3) != SYSTEM:
        return None
    partition, code = found.groups()
    return Term(int(partition, 16), int(code, 16))
