"""The outer frame of the Computer Interface: 7E, payload and checksum with 7E and 7D escaped, 7E.

The checksum is the sum of the unescaped payload modulo 256. It doesn't notice a lost 00 byte or two bytes swapped, so
whoever opens a payload checks its length field too.
"""

from typing import Final

from drivers.api import Damage

MARK: Final = b"\x7e"
_ESCAPES: Final = ((b"\x7e", b"\x7d\x5e"), (b"\x7d", b"\x7d\x5d"))

# The longest record: a header of 40 bytes and 1450 of data; each byte, and the checksum, may be escaped.
LIMIT: Final = 2 * (40 + 1450 + 1)

CHECKSUM: Final = "wrong checksum"
ESCAPE: Final = "broken escape"
TOO_LONG: Final = "frame too long"


def checksum(payload: bytes) -> int:
    """Sum the unescaped bytes modulo 256."""
    return sum(payload) & 0xFF


def wrap(payload: bytes) -> bytes:
    """Give the wire bytes of a payload."""
    plain = payload + bytes([checksum(payload)])
    return MARK + plain.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e") + MARK


def unwrap(inside: bytes) -> bytes | str:
    """Give the payload of what stood between two marks, or the reason why there is none."""
    if b"\x7d" in inside:
        if inside.count(b"\x7d") != sum(inside.count(escaped) for _, escaped in _ESCAPES):
            return ESCAPE
        for plain, escaped in _ESCAPES:  # 7E first: undoing 7D can make a new 7D 5E, undoing 7E no new 7D 5D
            inside = inside.replace(escaped, plain)
    payload = inside[:-1]
    return payload if payload and sum(payload) & 0xFF == inside[-1] else CHECKSUM


class Splitter:
    """Cuts a byte stream at its marks. Keeps at most LIMIT bytes."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_first = True  # we came in the middle of something
        self._is_overlong = False  # the frame's beginning has been given up already

    def feed(self, data: bytes) -> list[tuple[bytes, int] | Damage]:
        """Take bytes in; give back payloads, each with its size on the wire, and damage."""
        *pieces, self._rest = (self._rest + data).split(MARK)
        found: list[tuple[bytes, int] | Damage] = []
        for piece in pieces:
            if piece:
                self._judge(piece, found)
            self._is_first = self._is_overlong = False
        if len(self._rest) > LIMIT or (self._is_overlong and self._rest):
            found.append(Damage(TOO_LONG, len(self._rest)))
            self._rest, self._is_overlong = b"", True
        return found

    def _judge(self, piece: bytes, found: list[tuple[bytes, int] | Damage]) -> None:
        """Two frames may share a mark or have one each, so every stretch between two marks may be a frame."""
        if self._is_overlong or len(piece) > LIMIT:
            found.append(Damage(TOO_LONG, len(piece)))
            return
        payload = unwrap(piece)
        if isinstance(payload, bytes):
            found.append((payload, len(piece) + 2))
        elif not self._is_first:
            found.append(Damage(payload, len(piece)))
