"""The bytes of an MQTT client that can only publish (MQTT 3.1.1 and 5.0, OASIS).

There is no SUBSCRIBE in here: nothing that a broker sends can be anything but an acknowledgement, so no message can
reach a device through us. Why not a library: docs/decisions/0003-publishing.md, with the measurement.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal, NamedTuple, TypeAlias

Version: TypeAlias = Literal["3.1.1", "5"]
MAX_INCOMING: Final = 64 * 1024  # a broker only acknowledges; CONNACK and DISCONNECT may carry properties


class Kind(IntEnum):
    """Control packets that a publisher gets (MQTT 3.1.1, 2.2.1)."""

    CONNACK = 2
    PUBACK = 4
    PINGRESP = 13
    DISCONNECT = 14


class Packet(NamedTuple):
    """What the broker said: of PUBACK the packet id, the return or reason code, of CONNACK the limits it sets."""

    kind: Kind
    packet_id: int = 0
    code: int = 0
    receive_maximum: int = 65535  # publications in flight (MQTT 5, 3.2.2.3.3)
    keepalive_s: int | None = None  # the broker's own wish (MQTT 5, 3.2.2.3.14)
    maximum_size: int | None = None  # of a packet (MQTT 5, 3.2.2.3.6); None: as the protocol allows


class ProtocolError(Exception):
    """The other side isn't an MQTT broker, or not one that answers a publisher."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we vanish."""

    topic: str
    payload: bytes


def _length(size: int) -> bytes:
    """Remaining Length: seven bits a byte, at most four bytes (2.2.3)."""
    if size < 128:
        return bytes((size,))
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | 0x80 if size else low)
        if not size:
            return bytes(out)


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def connect(
    client_id: str, keepalive_s: int, user: str | None, password: str | None, will: Will, version: Version
) -> bytes:
    """Ask for a clean session: what is not delivered is kept by us, not by the broker."""
    flags = 0x02 | 0x04 | 0x08 | 0x20  # clean, will, will QoS 1, will retained
    flags |= (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    level, no_properties = (5, b"\x00") if version == "5" else (4, b"")
    body = _text("MQTT") + bytes((level, flags)) + keepalive_s.to_bytes(2, "big") + no_properties + _text(client_id)
    body += no_properties + _text(will.topic) + len(will.payload).to_bytes(2, "big") + will.payload
    body += _text(user) if user is not None else b""
    body += _text(password) if password is not None else b""
    return b"\x10" + _length(len(body)) + body


def properties(version: Version, *, expiry_s: int | None = None) -> bytes:
    """Give a publication's property block: content type JSON, and message expiry. Empty before MQTT 5."""
    if version != "5":
        return b""
    block = b"\x01\x01\x03" + _text("application/json")  # payload is UTF-8 text, of this content type
    if expiry_s is not None:
        block += b"\x02" + expiry_s.to_bytes(4, "big")
    return _length(len(block)) + block


def publish(head: bytes, packet_id: int, tail: bytes, payload: bytes) -> bytes:
    """Publish with QoS 1. `head` is the topic as `topic_head` gives it, `tail` the property block."""
    size = len(head) + 2 + len(tail) + len(payload)
    return b"%b%b%b%b%b%b" % (b"\x32", _length(size), head, packet_id.to_bytes(2, "big"), tail, payload)


def publish_retained(head: bytes, packet_id: int, tail: bytes, payload: bytes) -> bytes:
    """Publish with QoS 1, retained."""
    return b"\x33" + publish(head, packet_id, tail, payload)[1:]


def publish_once(head: bytes, tail: bytes, payload: bytes) -> bytes:
    """Publish with QoS 0."""
    return b"\x30" + _length(len(head) + len(tail) + len(payload)) + head + tail + payload


def topic_head(topic: str) -> bytes:
    """Give a topic as it stands on the wire."""
    return _text(topic)


def ping() -> bytes:
    """Ask whether the broker is still there."""
    return b"\xc0\x00"


def disconnect() -> bytes:
    """Leave without the will being published."""
    return b"\xe0\x00"


class Decoder:
    """Turns the broker's bytes into packets."""

    def __init__(self, version: Version) -> None:
        self._v5 = version == "5"
        self._buffer = b""

    def feed(self, data: bytes) -> list[Packet]:
        """Take bytes in; give back what they completed. Raises ProtocolError: the connection is of no use then."""
        buffer = self._buffer + data if self._buffer else data
        packets: list[Packet] = []
        start, end = 0, len(buffer)
        while end - start >= 2:
            size, body = _remaining_length(buffer, start + 1)
            if size is None or body + size > end:
                break
            packets.append(self._packet(buffer[start], buffer[body : body + size]))
            start = body + size
        self._buffer = buffer[start:]
        return packets

    def _packet(self, first: int, body: bytes) -> Packet:
        match first >> 4:
            case Kind.PUBACK if len(body) >= 2:
                return Packet(Kind.PUBACK, int.from_bytes(body[:2], "big"), body[2] if len(body) > 2 else 0)
            case Kind.CONNACK if len(body) >= 2:
                limits = _properties(body[2:]) if self._v5 else {}
                if limits.get(_RECEIVE_MAXIMUM) == 0:
                    raise ProtocolError("a receive maximum of 0, which MQTT 5 forbids")
                in_flight = limits.get(_RECEIVE_MAXIMUM, 65535)
                keepalive, size = limits.get(_SERVER_KEEP_ALIVE), limits.get(_MAXIMUM_PACKET_SIZE)
                return Packet(Kind.CONNACK, 0, body[1], in_flight, keepalive, size)
            case Kind.PINGRESP:
                return Packet(Kind.PINGRESP)
            case Kind.DISCONNECT if self._v5:
                return Packet(Kind.DISCONNECT, 0, body[0] if body else 0)
        raise ProtocolError(f"a broker doesn't send {first:#04x} to a publisher")


_RECEIVE_MAXIMUM: Final = 0x21
_SERVER_KEEP_ALIVE: Final = 0x13
_MAXIMUM_PACKET_SIZE: Final = 0x27
# Sizes of properties by identifier (MQTT 5, table 2-4); 0: a length of two bytes stands before the value.
_PROPERTY_SIZES: Final = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4),
    **dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), 0),
}
_USER_PROPERTY: Final = 0x26  # a pair of texts


def _properties(block: bytes) -> dict[int, int]:
    """Read the whole numbers of a property block; what can't be read ends it."""
    numbers: dict[int, int] = {}
    size, at = _remaining_length(block, 0)
    end = min(len(block), at + (size or 0))
    while at < end:
        identifier, at = block[at], at + 1
        if identifier == _USER_PROPERTY:
            at += 2 + int.from_bytes(block[at : at + 2], "big")
        width = _PROPERTY_SIZES.get(identifier, 0)
        if width:
            numbers[identifier] = int.from_bytes(block[at : at + width], "big")
        at += width or 2 + int.from_bytes(block[at : at + 2], "big")
    return numbers


def _remaining_length(buffer: bytes, at: int) -> tuple[int | None, int]:
    size = 0
    for shift in range(4):
        if at + shift >= len(buffer):
            return None, at
        byte = buffer[at + shift]
        size |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            if size > MAX_INCOMING:
                raise ProtocolError(f"a packet of {size} bytes")
            return size, at + shift + 1
    raise ProtocolError("a length of more than four bytes")


# CONNACK codes that an operator can do something about (3.1.1 table 3.1; 5.0 table 3-1).
REFUSALS: Final = {
    1: "the broker doesn't speak this MQTT version: set broker.version",
    2: "the broker refuses the client id: set broker.client_id",
    3: "the broker is not available: it will be tried again",
    4: "user or password is wrong: check broker.user and broker.password_file",
    5: "user or password is wrong, or may not connect: check broker.user, its password and the access list",
    0x84: "the broker doesn't speak MQTT 5: set broker.version: 3.1.1",
    0x85: "the broker refuses the client id: set broker.client_id",
    0x86: "user or password is wrong: check broker.user and broker.password_file",
    0x87: "this user may not connect: check the broker's access list",
    0x8A: "this client is banned: ask the broker's operator",
}

# What a broker may say of one publication (MQTT 5, table 3-4), and what can be done about it. Before MQTT 5 it has no
# word for that: it acknowledges and drops what its access list forbids, or hangs up.
FAILED: Final = 0x80  # a reason code from here on is a refusal
PACKET_TOO_LARGE: Final = 0x95  # said by DISCONNECT only: we know it before we send
PAYLOAD_FORMAT_INVALID: Final = 0x99
HUNG_UP: Final = 0x100  # no code of the protocol: how a broker refuses without one
PUBLICATION_REFUSALS: Final = {
    0x80: ("unspecified error", "see the broker's log"),
    0x83: ("implementation specific error", "see the broker's log"),
    0x87: ("not authorized", "let this user publish there: check the broker's access list"),
    0x90: ("topic name invalid", "let the broker take this topic: check its configuration"),
    0x91: ("packet identifier in use", "see the broker's log"),
    PACKET_TOO_LARGE: ("packet too large", "raise the largest packet that the broker takes"),
    0x97: ("quota exceeded", "raise the broker's quota for this user"),
    PAYLOAD_FORMAT_INVALID: ("payload format invalid", "let the broker take JSON text there: check its configuration"),
    HUNG_UP: ("hung up", "check the broker's log, access list and largest packet"),
}
