"""What a gateway says, as the pump hears it: code of its own.

One command is documented, and it reads. Which of the others act, and how, is not public: here each of them counts as
one that does, and so does a sequence number of the rack's, because who speaks as the rack is missed when it stops.
"""

import re
from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from typing import Final

_LONGEST: Final = 1024
_REQUEST: Final = re.compile(rb'<\?xml version="1\.0"\?><REQ><DEVID>([^<>&]*)</DEVID>(?:<CMD>([^<>&]*)</CMD>)?</REQ>')
_RACK: Final = 0x7F  # from here on the numbers are the rack's, or reserved


@dataclass(frozen=True, slots=True)
class Heard:
    """A good request; `command` is what stood in CMD, None without one."""

    device_id: str
    command: bytes | None

    @property
    def may_act(self) -> bool:
        """Whether it is anything else than the question for the basic operating status."""
        if not self.command:
            return False
        return self.command[1:] != b"\x01\x00\x00" or self.command[0] >= _RACK


class Ear:
    """Cuts a byte stream into requests; a text says why there is none."""

    def __init__(self) -> None:
        self._packet: bytearray | None = None

    def hear(self, data: bytes) -> list[Heard | str]:
        """Take bytes in; give back what they completed."""
        heard: list[Heard | str] = []
        for byte in data:
            if byte == 0x02:
                heard += ["packet cut short"] if self._packet else []
                self._packet = bytearray()
            elif self._packet is None:
                heard.append(f"byte {byte:02X} between packets")
            elif byte == 0x03 or len(self._packet) >= _LONGEST:
                heard.append(_request(bytes(self._packet)) if byte == 0x03 else "packet too long")
                self._packet = None
            else:
                self._packet.append(byte)
        return heard


def packet(xml: str) -> bytes:
    """Frame any XML."""
    data = xml.encode("ascii")
    return b"\x02" + data + f"{crc(data):04X}".encode() + b"\x03"


def crc(data: bytes) -> int:
    """CRC-16/XMODEM, bit by bit: not the driver's code."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def _request(text: bytes) -> Heard | str:
    xml, digits = text[:-4], text[-4:]
    if digits != f"{crc(xml):04X}".encode():
        return "wrong checksum"
    if not (parts := _REQUEST.fullmatch(xml)):
        return "no request"
    try:
        command = None if parts[2] is None else b64decode(parts[2], validate=True)
    except Error:
        return "no base64"
    return Heard(parts[1].decode("ascii"), command)
