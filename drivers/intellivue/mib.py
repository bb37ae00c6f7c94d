"""Frames on the serial MIB port.

    C0 | 11 01 | length, 2 | user data | FCS low | FCS high | C1

Between C0 and C1 each C0, C1 and 7D is sent as 7D and the byte XOR 20. 7D C1 takes a frame back; so does a new C0.
FCS: CRC-16/X-25 over what is not yet escaped, from 11 on ("123456789" gives 906E).
"""

import re
from binascii import crc_hqx
from typing import Final

from drivers.api import Damage

_BOF: Final = 0xC0
_EOF: Final = 0xC1
_HEADER: Final = b"\x11\x01"  # data export, association or data
# Escaped; the longest user data in a real log had 886 bytes, and 2500 is what we offer to take.
_MAX_FRAME: Final = 8192
_BOUNDARY: Final = re.compile(rb"[\xc0\xc1]")
_TO_ESCAPE: Final = re.compile(rb"[\xc0\xc1\x7d]")
_ESCAPED: Final = re.compile(rb"\x7d([\x00-\xff])")
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def fcs(data: bytes) -> int:
    """Give CRC-16/X-25: the C library's unreflected CRC over mirrored bytes, mirrored back and inverted."""
    mirrored = crc_hqx(data.translate(_MIRRORED), 0xFFFF).to_bytes(2, "little").translate(_MIRRORED)
    return int.from_bytes(mirrored, "big") ^ 0xFFFF


def framed(message: bytes) -> bytes:
    """Give the frame of a message."""
    plain = _HEADER + len(message).to_bytes(2, "big") + message
    plain += fcs(plain).to_bytes(2, "little")
    return b"\xc0" + _TO_ESCAPE.sub(lambda found: bytes((0x7D, found[0][0] ^ 0x20)), plain) + b"\xc1"


class Frames:
    """Turns bytes from the line into the messages in their frames. Keeps at most 8 KiB."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[bytes | Damage]:
        """Take bytes in; give back what they completed."""
        pending = self._pending
        pending += data
        found: list[bytes | Damage] = []
        at = 0  # all before is done with
        while at < len(pending):
            if pending[at] != _BOF:
                start = pending.find(_BOF, at)
                start = len(pending) if start < 0 else start
                found.append(Damage("bytes between frames", start - at))
                at = start
                continue
            end = self._end(at)
            if end is None:
                break
            found.append(_judge(bytes(pending[at:end])))
            at = end
        del pending[:at]
        return found

    def _end(self, at: int) -> int | None:
        """Give where the frame ends: after C1, before a new C0, or at the limit; None: the rest isn't here."""
        if boundary := _BOUNDARY.search(self._pending, at + 1, at + _MAX_FRAME):
            return boundary.end() if boundary[0][0] == _EOF else boundary.start()
        return at + _MAX_FRAME if len(self._pending) - at >= _MAX_FRAME else None


def _judge(taken: bytes) -> bytes | Damage:
    if taken[-1] != _EOF:
        return Damage("frame too long" if len(taken) >= _MAX_FRAME else "frame cut short", len(taken))
    if taken[-2] == 0x7D:
        return Damage("frame taken back", len(taken))
    plain = taken[1:-1]
    if 0x7D in plain:
        plain = _ESCAPED.sub(lambda pair: bytes((pair[1][0] ^ 0x20,)), plain)
    if len(plain) < 6 or fcs(plain[:-2]) != int.from_bytes(plain[-2:], "little"):
        return Damage("wrong FCS", len(taken))
    if plain[:2] != _HEADER:
        return Damage("frame of another protocol", len(taken))
    if int.from_bytes(plain[2:4], "big") != len(plain) - 6:
        return Damage("wrong length", len(taken))
    return plain[4:-2]
