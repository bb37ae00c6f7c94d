"""The server's messages as they stand on the wire: HL7 v2 in MLLP."""

from drivers.common.hl7.ack import Ack, AckMode, recognise
from drivers.common.hl7.mllp import wrap, wrap_file
from drivers.common.vendor_hl7.decoder import Decoder, fields

__all__ = ["Ack", "AckMode", "Decoder", "fields", "recognise", "wrap", "wrap_file"]
