"""Packets of Terumo TERUFUSION pumps, both directions (instruction manual, "About External Communication Functions").

    STX XML CCCC ETX
    <?xml version="1.0"?><REQ><DEVID>id</DEVID><CMD>base64</CMD></REQ>      REP in what the pump answers

CCCC is CRC-16/XMODEM over the XML alone, as four upper-case hex digits. The XML has this one form, without blanks: it
is matched, not parsed, so nothing in it is ever expanded. In CMD stand sequence (1 byte), command (1), subcommand (2),
in an answer the execution result (1), then data; all numbers are big-endian.
"""

import re
from base64 import b64decode, b64encode
from binascii import crc_hqx
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from drivers.api import Damage, Purpose, Request
from drivers.common.scanning import Scanner

SEQUENCE: Final = 1  # as in the manual's example; one question is out at a time, so all may have the same
STATUS_COMMAND: Final = (1, 0)  # command and subcommand of the only question that is documented
DONE: Final = 0
WRONG_CHECKSUM: Final = "wrong checksum"

_STX, _ETX = b"\x02", b"\x03"
_MAX_PACKET: Final = 512  # STX to ETX; the longest known one has 204 bytes
_NO_TEXT: Final = re.compile(rb"[^\x20-\x7e]")  # what no packet holds
_DEVICE_ID: Final = re.compile(r"[0-9A-Za-z-]{1,32}")  # 24 digits were seen
_ANSWER: Final = re.compile(
    r'<\?xml version="1\.0"\?><REP><DEVID>([^<>&]{1,64})</DEVID>(?:<CMD>([0-9A-Za-z+/=]*)</CMD>)?</REP>'
)
_QUESTION: Final = re.compile(rb'<\?xml version="1\.0"\?><REQ><DEVID>([0-9A-Za-z-]{1,32})</DEVID>')


def checksum(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 1021h, begins with 0, nothing reflected or inverted."""
    return crc_hqx(data, 0)


def is_device_id(text: str) -> bool:
    """Say whether a device id may stand in a question."""
    return _DEVICE_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ReadDeviceId(Request):
    """Ask who it is: an empty DEVID, and no CMD."""

    purpose = Purpose.QUERY

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _packet("REQ", "", None)


@dataclass(frozen=True, slots=True)
class ReadStatus(Request):
    """Ask one pump, by its device id, for the basic operating status."""

    device_id: str
    purpose = Purpose.QUERY

    def __post_init__(self) -> None:
        if not is_device_id(self.device_id):
            raise ValueError(f"device id {self.device_id!r}: 1 to 32 letters, digits and hyphens")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        command, subcommand = STATUS_COMMAND
        return _packet("REQ", self.device_id, bytes([SEQUENCE, command]) + subcommand.to_bytes(2, "big"))


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are: built anew, they must be the same."""
    named = _QUESTION.match(data, 1)
    request = ReadStatus(named[1].decode("ascii")) if named else ReadDeviceId()
    return request if request.encode() == data else None


@dataclass(frozen=True, slots=True)
class DeviceIdReply:
    """The pump says its device id, and nothing else."""

    device_id: str

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _packet("REP", self.device_id, None)


@dataclass(frozen=True, slots=True)
class CommandReply:
    """The pump's answer to a command. Unless it is done, `data` names what was refused."""

    device_id: str
    sequence: int
    command: int
    subcommand: int
    result: int
    data: bytes

    def encode(self) -> bytes:
        """Give the wire bytes."""
        head = bytes([self.sequence, self.command, *self.subcommand.to_bytes(2, "big"), self.result])
        return _packet("REP", self.device_id, head + self.data)


Frame = DeviceIdReply | CommandReply

_FIELDS: Final = (2, 1, 2, 3, 1, 1, 1, 3, 3, 3, 3, 1, 2, 3)  # sizes of the documented fields, in their order
_PLACES: Final = tuple(pairwise((0, *accumulate(_FIELDS))))
STATUS_SIZE: Final = sum(_FIELDS)


class Status(NamedTuple):
    """The basic operating status, as numbers. `rest`: more bytes follow, whose meaning isn't documented."""

    software: int
    status: int
    reserved: int
    alarms: int
    power: int
    monitor: int
    syringe: int
    rate: int
    delivered: int
    vtbi: int
    dose: int
    dose_unit: int
    weight: int
    dilution: int
    rest: bytes = b""

    @classmethod
    def decode(cls, data: bytes) -> "Status | None":
        """Take a reply's data apart; None: they are too short."""
        if len(data) < STATUS_SIZE:
            return None
        numbers = (int.from_bytes(data[begin:end], "big") for begin, end in _PLACES)
        return cls._make((*numbers, data[STATUS_SIZE:]))

    def encode(self) -> bytes:
        """Give a reply's data."""
        numbers = (field for field in self if isinstance(field, int))
        return b"".join(n.to_bytes(size, "big") for n, size in zip(numbers, _FIELDS, strict=True)) + self.rest


class Decoder:
    """Turns the pump's bytes into replies. Keeps less than 512 bytes."""

    def __init__(self) -> None:
        self._scanner: Scanner[Frame] = Scanner(_look)

    @property
    def kept(self) -> int:
        """How many bytes wait for more."""
        return len(self._scanner.rest)

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back the replies that they completed."""
        return self._scanner.feed(data)


def _look(buffer: bytes, at: int) -> tuple[Frame | str, int] | None:
    if buffer[at : at + 1] != _STX:
        start = buffer.find(_STX, at)
        return "bytes between packets", len(buffer) if start < 0 else start
    limit = at + _MAX_PACKET
    if not (end := _NO_TEXT.search(buffer, at + 1, limit)):
        return ("packet too long", limit) if len(buffer) >= limit else None
    if end[0] != _ETX:
        return "packet cut short", end.start()
    return _open(buffer[at + 1 : end.start()]), end.end()


@lru_cache(maxsize=256)  # a resting pump says the same packets
def _open(text: bytes) -> Frame | str:
    xml, digits = text[:-4], text[-4:]
    if b"%04X" % checksum(xml) != digits:
        return WRONG_CHECKSUM
    if not (parts := _ANSWER.fullmatch(xml.decode("ascii"))):
        return "no answer of this protocol"
    return DeviceIdReply(parts[1]) if parts[2] is None else _command_reply(parts[1], parts[2])


def _command_reply(device_id: str, text: str) -> CommandReply | str:
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return "no base64"
    if len(data) < 5 or b64encode(data).decode("ascii") != text:
        return "no command in it"
    return CommandReply(device_id, data[0], data[1], int.from_bytes(data[2:4], "big"), data[4], data[5:])


def _packet(tag: str, device_id: str, command: bytes | None) -> bytes:
    inside = "" if command is None else f"<CMD>{b64encode(command).decode('ascii')}</CMD>"
    xml = f'<?xml version="1.0"?><{tag}><DEVID>{device_id}</DEVID>{inside}</{tag}>'.encode("ascii")
    return b"%b%b%04X%b" % (_STX, xml, checksum(xml), _ETX)
