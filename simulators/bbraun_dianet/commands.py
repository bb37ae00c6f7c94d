"""What a host says, as the pump hears it, and all that would change the pump: code of its own."""

from dataclasses import dataclass, field
from typing import Final

CC_MODE, AKTION, SOLLWERT_SET, PROPOSAL_SET, RELOAD_SET, DOSIS_SET = range(0x10, 0x16)

# What a write's data have to be long.
LENGTHS: Final = {CC_MODE: 10, AKTION: 2, SOLLWERT_SET: 39, PROPOSAL_SET: 24, RELOAD_SET: 9, DOSIS_SET: 21}

DOKU, REMOTE, CLOSED_REMOTE, MONITOR_EXPECTED = range(4)
REMOTE_MODES: Final = (REMOTE, CLOSED_REMOTE)

LAST_ACTION: Final = 0x0B

MONITOR_BYTE: Final = 0x80
_LONGEST: Final = 200  # a write's 45 bytes, all of them stuffed, with room
_UNCHANGED: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Command:
    """A frame; `crcs` are those that it fits."""

    address: int
    segment: int
    data: bytes
    crcs: frozenset[str]

    @property
    def is_write(self) -> bool:
        """Whether it would change the pump, or give it an address."""
        return self.segment in LENGTHS


@dataclass(frozen=True, slots=True)
class Noise:
    """What was no frame; `error` is the code that a pump refuses it with, None where it is silent."""

    reason: str
    error: int | None = None
    is_monitor: bool = False


@dataclass(slots=True)
class Programme:
    """What commands have changed on the pump; None: as the bedside has it."""

    mode: int = DOKU
    address: int = 0
    is_running: bool | None = None
    is_standby: bool = False
    is_bolus: bool = False
    rate: float | None = None
    vtbd: float | None = None
    cleared_volume: float = 0.0
    cleared_s: float = 0.0
    is_muted: bool = False
    is_locked: bool = False
    written: dict[int, bytes] = field(default_factory=dict)  # every write that was obeyed, by segment

    def switch(self, data: bytes) -> None:
        """Take a mode and an address."""
        self.mode, self.address = data[4], data[5]

    def act(self, action: int, is_on: bool, volume: float, seconds: float) -> None:
        """Do what AKTION says."""
        match action:
            case 0x00:
                self.is_running = is_on
            case 0x01:
                self.is_muted = is_on
            case 0x02:
                self.is_locked = is_on
            case 0x03:
                self.cleared_s = seconds
            case 0x04:
                self.cleared_volume = volume
            case 0x05 | 0x06:
                self.is_bolus = is_on
            case 0x08:
                self.is_standby = is_on

    def set(self, data: bytes) -> None:
        """Take set values; all bits set leaves one as it is."""
        rate, vtbd = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
        self.rate = self.rate if rate == _UNCHANGED else rate / 100
        self.vtbd = self.vtbd if vtbd == _UNCHANGED else vtbd / 10


class Ear:
    """Cuts a byte stream into commands."""

    def __init__(self) -> None:
        self._frame: bytearray | None = None

    def hear(self, data: bytes) -> list[Command | Noise]:
        """Take bytes in, in any split."""
        return [heard for byte in data if (heard := self._byte(byte)) is not None]

    def _byte(self, byte: int) -> Command | Noise | None:
        if byte == MONITOR_BYTE:
            self._frame = None
            return Noise("monitor activation", is_monitor=True)
        if byte == 0x7E:
            return self._flag()
        if self._frame is None:
            return Noise(f"byte {byte:02X} between frames")
        self._frame.append(byte)
        if len(self._frame) <= _LONGEST:
            return None
        self._frame = None
        return Noise("frame too long", error=0x02)

    def _flag(self) -> Command | Noise | None:
        if not self._frame:
            self._frame = bytearray()
            return None
        frame, self._frame = bytes(self._frame), None
        return _command(frame)


def frame(address: int, segment: int, data: bytes = b"", crc: str = "braun") -> bytes:
    """Frame what a host says."""
    block = bytes((address, segment)) + data
    out = bytearray()
    for byte in block + CRCS[crc](block).to_bytes(2, "big"):
        out += bytes((0x7D, byte ^ 0x20)) if byte in (0x7D, 0x7E, MONITOR_BYTE) else bytes((byte,))
    return b"\x7e" + bytes(out) + b"\x7e"


def _braun(data: bytes) -> int:
    """Bit by bit, each entering at the low end, no zero bits after the last: not the driver's code."""
    value = 0xFFFF
    for byte in data:
        for place in range(7, -1, -1):
            carry = value & 0x8000
            value = (value << 1 | byte >> place & 1) & 0xFFFF
            value ^= 0x1021 if carry else 0
    return value


def _ccitt_false(data: bytes) -> int:
    """Bit by bit, each entering at the high end."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xFFFF
    return value


CRCS: Final = {"braun": _braun, "ccitt_false": _ccitt_false}


def _command(stuffed: bytes) -> Command | Noise:
    checked, escaped = bytearray(), False
    for byte in stuffed:
        if byte == 0x7D and not escaped:
            escaped = True
            continue
        checked.append(byte ^ 0x20 if escaped else byte)
        escaped = False
    if escaped or len(checked) < 4:
        return Noise("frame too short", error=0x02)
    block, check = bytes(checked[:-2]), int.from_bytes(checked[-2:], "big")
    if not (fitting := frozenset(name for name, over in CRCS.items() if over(block) == check)):
        return Noise("wrong CRC", error=0x01)
    return Command(block[0], block[1], block[2:], fitting)
