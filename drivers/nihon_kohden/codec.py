"""Nihon Kohden's messages as they stand on the wire: HL7 v2.4 in MLLP, and what a parameter's OBX-3 is made of."""

import re
from typing import Final, NamedTuple

from drivers.common.hl7.ack import Ack, AckMode, recognise
from drivers.common.hl7.mllp import wrap, wrap_file
from drivers.common.vendor_hl7.decoder import Decoder, fields

__all__ = ["Ack", "AckMode", "Decoder", "Parameter", "fields", "parameter_of", "recognise", "wrap", "wrap_file"]

_NUMBER: Final = re.compile(r"[0-9]{6}")


class Parameter(NamedTuple):
    """OBX-3: `001000^VITAL HR`, or `001000^HR` of another generation."""

    number: str  # six digits; empty if it isn't one of Nihon Kohden's
    name: str  # without the group's word in front


def parameter_of(code: str) -> Parameter:
    """Read OBX-3."""
    number, _, name = code.partition("^")
    name = name.partition("^")[0].strip().removeprefix("VITAL ").strip()
    return Parameter(number if _NUMBER.fullmatch(number) else "", name)
