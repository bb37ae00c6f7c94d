"""Messages of the Q Core Sapphire's service port, both directions (Sapphire QCore Communication Protocol, SWDD Rev00).

    BB | target | flags 00 | sender | type | size, 2 bytes | number | data | checksum

The header is big-endian, data are little-endian. The checksum is the low byte of the sum of all between BB and itself.
Each side numbers its own messages, 0 to 255 and again. BB isn't escaped: a message counts only if all its header fits.

What the pump may be told and what would give a bolus differ in one byte: therefore the gate knows one message, whole.
"""

from dataclasses import dataclass
from typing import Final

from drivers.api import Damage, Purpose, Request
from drivers.common.scanning import Scanner

START: Final = 0xBB
CRADLE, PUMP, LCM, PC = 100, 101, 102, 103  # addresses
BATCH: Final = 1  # the pump's data, unasked
_COMMAND: Final = 3
_THIS_IS_PC: Final = 22

_HEAD: Final = 8
_MAX_DATA: Final = 1024  # advice; the longest known batch is shorter than 256
_LAST_TYPE: Final = 27
_TO_US: Final = bytes((PC, 0, PUMP))

NO_MESSAGE: Final = "no message"
CUT_SHORT: Final = "message cut short"
WRONG_CHECKSUM: Final = "wrong checksum"
NONE_RIGHT: Final = "wrong checksum, and none was right so far: this firmware may count it differently"


@dataclass(frozen=True, slots=True)
class Message:
    """One message from the pump to a PC."""

    kind: int
    number: int
    data: bytes = b""

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _wrap(PC, PUMP, self.kind, self.number, self.data)


@dataclass(frozen=True, slots=True)
class ThisIsPc(Request):
    """Say that a PC listens: the pump then sends its data, until this stays away for 30 s."""

    purpose = Purpose.LINK
    number: int  # 0 to 255

    def __post_init__(self) -> None:
        if not 0 <= self.number <= 255:
            raise ValueError(f"number {self.number}: it is one byte")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _wrap(PUMP, PC, _COMMAND, self.number, bytes((_THIS_IS_PC,)))


def checksum(data: bytes) -> int:
    """Give the low byte of the sum."""
    return sum(data) & 0xFF


def _wrap(target: int, sender: int, kind: int, number: int, data: bytes) -> bytes:
    body = bytes((target, 0, sender, kind, *len(data).to_bytes(2, "big"), number)) + data
    return bytes((START,)) + body + bytes((checksum(body),))


_ALLOWED: Final[dict[bytes, Request]] = {ThisIsPc(number).encode(): ThisIsPc(number) for number in range(256)}


def recognise(data: bytes) -> Request | None:
    """Say which request all these bytes are: one message with its 256 numbers, compared whole."""
    return _ALLOWED.get(bytes(data))


class Decoder:
    """Turns the pump's bytes into messages. Keeps less than one of 1033 bytes."""

    def __init__(self) -> None:
        self._scanner: Scanner[Message] = Scanner(self._look)
        self._is_proven = False  # a checksum was right

    @property
    def kept(self) -> int:
        """How many bytes wait for more."""
        return len(self._scanner.rest)

    def feed(self, data: bytes) -> list[Message | Damage]:
        """Take bytes in; give back what they completed."""
        return self._scanner.feed(data)

    def give_up(self) -> list[Message | Damage]:
        """Silence has followed: what waits for more was no header, but a message may stand within it."""
        found: list[Message | Damage] = []
        while self.kept:
            self._scanner.rest = self._scanner.rest[1:]
            found += [Damage(CUT_SHORT, 1), *self._scanner.feed(b"")]
        return found

    def _look(self, buffer: bytes, at: int) -> tuple[Message | str, int] | None:
        if buffer[at] != START or not _may_begin(buffer[at + 1 : at + _HEAD]):
            return NO_MESSAGE, _next_start(buffer, at)
        if len(buffer) < at + _HEAD:
            return None
        end = at + _HEAD + int.from_bytes(buffer[at + 5 : at + 7], "big") + 1
        if len(buffer) < end:
            return None
        if buffer[end - 1] != checksum(buffer[at + 1 : end - 1]):
            return WRONG_CHECKSUM if self._is_proven else NONE_RIGHT, at + 1
        self._is_proven = True
        return Message(buffer[at + 4], buffer[at + 7], buffer[at + _HEAD : end - 1]), end


def _may_begin(head: bytes) -> bool:
    """Judge as much of a header as there is, so that a false one is given up at once."""
    return (
        _TO_US.startswith(head[:3])
        and (len(head) < 4 or head[3] <= _LAST_TYPE)
        and (len(head) < 5 or head[4] << 8 <= _MAX_DATA)
        and (len(head) < 6 or int.from_bytes(head[4:6], "big") <= _MAX_DATA)
    )


def _next_start(buffer: bytes, at: int) -> int:
    found = buffer.find(START, at + 1)
    return len(buffer) if found < 0 else found
