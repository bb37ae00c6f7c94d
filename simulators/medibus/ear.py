"""What a host may say to a MEDIBUS device; own code."""

from collections.abc import Iterator
from typing import Final, NamedTuple

ICC: Final = 0x51
IDENTIFY: Final = 0x52
NOP: Final = 0x30
STOP: Final = 0x55
NOT_UNDERSTOOD: Final = 0x15
MEASURED: Final = 0x24
ALARMS: Final = {0x27: 1, 0x2E: 2, 0x23: 3}
# Reads whose answers this device leaves empty: limits, settings, texts, page 2, realtime configuration.
EMPTY: Final = frozenset({0x25, 0x26, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x53, 0x6C, 0x6D})
UNCLEAR: Final = frozenset({0x28})  # date and time: its form is not documented
READS: Final = frozenset({ICC, IDENTIFY, NOP, STOP, MEASURED, *ALARMS, *EMPTY, *UNCLEAR})
WRITES: Final = {
    0x49: "the time was changed",
    0x4A: "what an answer holds",
    0x54: "what is streamed",
    0x56: "the realtime configuration",
}
_LONGEST: Final = 256


class Command(NamedTuple):
    """A command of the host."""

    code: int
    arguments: bytes


class Answer(NamedTuple):
    """The host's answer to a command of the device."""

    code: int


class Noise(NamedTuple):
    """Bytes that were neither."""

    reason: str


class Ear:
    """Takes the host's bytes one by one."""

    def __init__(self) -> None:
        self._text = bytearray()

    def hear(self, data: bytes) -> Iterator[Command | Answer | Noise]:
        """Give what the bytes completed."""
        for byte in data:
            if byte in (0x1B, 0x01):
                if self._text:
                    yield Noise("frame cut short")
                self._text = bytearray([byte])
            elif not self._text:
                yield Noise("byte outside a frame")
            elif byte != 0x0D:
                self._text.append(byte)
                if len(self._text) > _LONGEST:
                    self._text = bytearray()
                    yield Noise("frame too long")
            else:
                text, self._text = bytes(self._text), bytearray()
                yield _whole(text)


def _whole(text: bytes) -> Command | Answer | Noise:
    total = 0
    for byte in text[:-2]:
        total += byte
    if len(text) < 4 or text[-2:] != f"{total & 0xFF:02X}".encode():
        return Noise("wrong checksum")
    return Command(text[1], text[2:-2]) if text[0] == 0x1B else Answer(text[1])
