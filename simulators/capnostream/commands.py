"""What a host may say to a Capnostream, by the protocol and by a public program for later revisions; own code."""

from collections.abc import Iterator
from typing import Final, NamedTuple

ENABLE: Final = 1
DISABLE: Final = 2
INQUIRE_ITEM: Final = 3
START: Final = 4
STOP: Final = 5
LINK_IS_ACTIVE: Final = 6
INQUIRE_REVISION: Final = 9
INQUIRE_PATIENT: Final = 11
INQUIRE_EVENTS: Final = 21
START_TREND: Final = 54
STOP_TREND: Final = 55
SESSION: Final = frozenset({ENABLE, DISABLE})
READS: Final = frozenset(
    {
        INQUIRE_ITEM,
        START,
        STOP,
        LINK_IS_ACTIVE,
        INQUIRE_REVISION,
        INQUIRE_PATIENT,
        INQUIRE_EVENTS,
        START_TREND,
        STOP_TREND,
    }
)
_DATA: Final = {INQUIRE_ITEM: 1}  # bytes; all other reads have none

WRITES: Final = {
    7: "host name",
    8: "host name",
    10: "what a periodic message holds",
    56: "what a trend download holds",
    60: "a setting: alarm silence, start or end of case, patient type, limits",
    61: "patient id",
    62: "patient id",
}


class Command(NamedTuple):
    """One whole frame."""

    code: int
    data: bytes

    @property
    def is_read(self) -> bool:
        """Whether it is one of the commands that change nothing but the conversation."""
        return self.code in SESSION | READS and len(self.data) == _DATA.get(self.code, 0)


class Noise(NamedTuple):
    """Bytes that were none."""

    reason: str


class Ear:
    """Takes the host's bytes one by one."""

    def __init__(self) -> None:
        self._plain: bytearray | None = None
        self._is_escaped = False

    def hear(self, data: bytes) -> Iterator[Command | Noise]:
        """Give what the bytes completed."""
        for byte in data:
            if heard := self._next(byte):
                yield heard

    def _next(self, byte: int) -> Command | Noise | None:
        if byte == 0x85:
            cut = self._plain is not None
            self._plain, self._is_escaped = bytearray(), False
            return Noise("frame cut short") if cut else None
        if self._plain is None:
            return Noise("byte outside a frame")
        if byte == 0x80 and not self._is_escaped:
            self._is_escaped = True
            return None
        if self._is_escaped and byte not in (0, 5):
            self._plain = None
            return Noise("broken stuffing")
        self._plain.append(0x80 + byte if self._is_escaped else byte)
        self._is_escaped = False
        return self._whole(self._plain)

    def _whole(self, plain: bytearray) -> Command | Noise | None:
        if len(plain) < plain[0] + 2:
            return None
        self._plain = None
        check = 0
        for byte in plain:
            check ^= byte
        if check or plain[0] == 0:
            return Noise("wrong checksum or no code")
        return Command(plain[1], bytes(plain[2:-1]))
