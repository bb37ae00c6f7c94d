"""What a gateway says, as a SpaceCom hears it: code of its own, so that it can't share a mistake with the driver.

The specification has four requests and no write. Any other verb in a good frame is taken for one here.
"""

from dataclasses import dataclass
from typing import Final

ACK: Final = b"\x06"
NAK: Final = b"\x15"
_SOH, _EOT = 0x01, 0x04
_LONGEST: Final = 4096  # no request comes near; more is noise


@dataclass(frozen=True, slots=True)
class Command:
    """A good frame: whom it addresses and what it asks."""

    bed_id: str
    words: str


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that no request is made of, and why. What looks like a request gets an answer all the same."""

    reason: str
    is_frame: bool = True


class Ear:
    """Cuts a byte stream into ACK, NAK, commands and noise."""

    def __init__(self, stuffing: bool) -> None:
        self._stuffing = stuffing
        self._frame = bytearray()

    def hear(self, data: bytes) -> list[bytes | Command | Noise]:
        """Take bytes in; give back what they completed."""
        heard: list[bytes | Command | Noise] = []
        for byte in data:
            if byte == _SOH:
                heard += [Noise("frame cut short")] if self._frame else []
                self._frame = bytearray([byte])
            elif self._frame:
                self._frame.append(byte)
                if byte == _EOT or len(self._frame) > _LONGEST:
                    heard.append(_command(bytes(self._frame), self._stuffing))
                    self._frame.clear()
            else:
                letter = bytes([byte])
                heard.append(
                    letter if letter in (ACK, NAK) else Noise(f"byte {byte:02X} between frames", is_frame=False)
                )
        return heard


def _command(frame: bytes, stuffing: bool) -> Command | Noise:
    plain = _without_stuffing(frame) if stuffing else frame
    if plain is None or len(plain) < 15 or plain[6] != 0x02 or plain[-7] not in (0x03, 0x17):
        return Noise("no BCC frame")
    if plain[1:6] != b"%05d" % len(plain) or plain[-6:-1] != b"%05d" % (sum(plain[:-6]) % 256):
        return Noise("wrong length or checksum")
    address, separator, words = plain[7:-7].partition(b">")
    if not separator or not address.endswith(b"/1/1"):
        return Noise("no address")
    return Command(address[:-4].decode("latin-1"), words.decode("latin-1"))


def _without_stuffing(frame: bytes) -> bytes | None:
    plain = bytearray()
    letters = iter(frame)
    for letter in letters:
        if letter in b"Ee":
            second = next(letters, 0)
            if second not in (letter, letter + 0x13):  # EE and ee stay E and e, EX and ex were D and d
                return None
            plain.append(letter if second == letter else letter - 1)
        elif letter in b"Dd":
            return None
        else:
            plain.append(letter)
    return bytes(plain)
