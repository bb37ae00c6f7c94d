"""What a PC says, as the pump hears it, and all that would change it: code of its own."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

_START: Final = 0xBB
_MAX_DATA: Final = 1024
_TARGETS: Final = (100, 101, 102, 103)
_PC: Final = 103


class Kind(IntEnum):
    """Types of messages that the pump obeys in a way that shows."""

    COMMAND = 3
    FLOW = 6
    WRITE_EEPROM = 13
    READ_EEPROM = 15
    SET_EVENT = 19


THIS_IS_PC, BOLUS, LOCK, RELEASE = 22, 24, 55, 56  # commands
ASKS: Final = frozenset({25, 44, 57})  # commands for constants, alarm status, soft batch: no writes, but none of ours
EVENT_RUN, EVENT_BOLUS, EVENT_PAUSE, EVENT_END = 3, 8, 12, 16
_EEPROM_VTBI, _EEPROM_RATE = 128, 144
_FLOW_RUN, _FLOW_STOP, _FLOW_RATE = 1, 2, 8  # bits of the first byte of type 6


@dataclass(frozen=True, slots=True)
class Command:
    """A good message from a PC."""

    target: int
    kind: int
    data: bytes

    @property
    def is_this_is_pc(self) -> bool:
        """Whether it only says that a PC listens."""
        return (self.target, self.kind, self.data) == (101, Kind.COMMAND, bytes((THIS_IS_PC,)))

    @property
    def is_write(self) -> bool:
        """Whether it would change the pump, as far as is known: all but what asks."""
        is_question = self.kind == Kind.READ_EEPROM or (
            self.kind == Kind.COMMAND and self.data[:1] and self.data[0] in ASKS
        )
        return not self.is_this_is_pc and not is_question


class Ear:
    """Cuts a byte stream into messages; a text says why there is none."""

    def __init__(self) -> None:
        self._bytes = b""

    def hear(self, data: bytes) -> list[Command | str]:
        """Take bytes in; give back what they completed."""
        self._bytes += data
        heard: list[Command | str] = []
        while self._bytes:
            size = self._size()
            if size is None:
                break
            whole, self._bytes = self._bytes[: size or 1], self._bytes[size or 1 :]
            heard.append(_command(whole) if size else f"byte {whole.hex()} between messages")
        return heard

    def _size(self) -> int | None:
        """Give the size of the message that begins here; 0: none does; None: wait."""
        head = self._bytes[:8]
        if head[0] != _START or (len(head) > 1 and head[1] not in _TARGETS) or (len(head) > 3 and head[3] != _PC):
            return 0
        if len(head) < 8:
            return None
        size = 9 + int.from_bytes(head[5:7], "big")
        if size > 9 + _MAX_DATA:
            return 0
        return size if len(self._bytes) >= size else None


def message(target: int, kind: int, number: int, data: bytes) -> bytes:
    """Frame what a PC says."""
    body = bytes([target, 0, _PC, kind]) + len(data).to_bytes(2, "big") + bytes([number]) + data
    return bytes([_START]) + body + bytes([total(body)])


def total(data: bytes) -> int:
    """Add up, one byte after the other: not the driver's code."""
    value = 0
    for byte in data:
        value = (value + byte) % 256
    return value


def _command(whole: bytes) -> Command | str:
    if whole[-1] != total(whole[1:-1]):
        return "wrong checksum"
    return Command(whole[1], whole[4], whole[8:-1])


@dataclass(slots=True)
class Programme:
    """What commands have changed on the pump; None: as the bedside has it."""

    is_running: bool | None = None
    is_bolus: bool = False
    is_locked: bool = False
    rate: float | None = None
    volume: float | None = None  # to be infused
    written: list[tuple[int, bytes]] = field(default_factory=list)  # everything, by type

    def obey(self, command: Command) -> None:
        """Do what is said."""
        self.written.append((command.kind, command.data))
        first = command.data[:1]
        match command.kind:
            case Kind.WRITE_EEPROM:
                self._write(int.from_bytes(command.data[:2], "big"), command.data[4:])
            case Kind.SET_EVENT:
                self._happen(first)
            case Kind.FLOW:
                self._flow(first[0] if first else 0, command.data[1:3])
            case Kind.COMMAND:
                self.is_bolus |= first == bytes([BOLUS])
                self.is_locked = first == bytes([LOCK]) or (self.is_locked and first != bytes([RELEASE]))

    def _write(self, offset: int, data: bytes) -> None:
        number = int.from_bytes(data, "little")
        if offset == _EEPROM_RATE:
            self.rate = number / 10
        elif offset == _EEPROM_VTBI:
            self.volume = number / 100

    def _happen(self, event: bytes) -> None:
        if event == bytes([EVENT_BOLUS]):
            self.is_bolus = True
        elif event == bytes([EVENT_RUN]):
            self.is_running = True
        elif event in (bytes([EVENT_PAUSE]), bytes([EVENT_END])):
            self.is_running, self.is_bolus = False, False

    def _flow(self, bits: int, rate: bytes) -> None:
        if bits & _FLOW_RATE:
            self.rate = int.from_bytes(rate, "little") / 10
        if bits & (_FLOW_RUN | _FLOW_STOP):
            self.is_running = bool(bits & _FLOW_RUN)
