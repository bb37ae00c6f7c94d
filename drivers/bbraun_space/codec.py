"""BCC frames of B. Braun SpaceCom, both directions (BCC 3.25/3.26 specification, version 4).

    SOH LLLLL STX bedId/1/1>information ETX|ETB CCCCC EOT

LLLLL is the length from SOH to EOT, CCCCC the sum of the bytes from SOH to ETX or ETB, modulo 256; both are decimal
and made before stuffing. The information of an answer is `time,address,parameter,value`, joined with RS.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple

from drivers.api import Damage, Purpose, Request

RACK: Final = "50100"

_SOH, _STX, _ETX, _EOT, _ACK, _NAK, _ETB, _RS = (bytes([n]) for n in (0x01, 0x02, 0x03, 0x04, 0x06, 0x15, 0x17, 0x1E))
_FIXED: Final = b"/1/1>"

# One block is one pump: about 120 quadruples of 30 bytes. Four times that, and half of it stuffed twice as long.
_MAX_FRAME: Final = 16_384
_MAX_QUADRUPLE: Final = 512  # the longest documented text has 25 characters

_FRAME: Final = re.compile(rb"\x01([0-9]{5})\x02([^>]*)/1/1>(.*)([\x03\x17])([0-9]{5})\x04", re.DOTALL)
_BOUNDARY: Final = re.compile(rb"[\x01\x04]")
_BED_ID: Final = re.compile(r"[/-9A-z]{1,15}")  # ASCII 47-57 and 65-122
_ADDRESS: Final = re.compile(r"501(?:00|[1-3](?:[1-9A-O]|0[1-9]|1[0-9]|2[0-4]))")
_NAME: Final = re.compile(r"[!-+\--~]{1,32}")  # printable, no comma

_STUFFED: Final = {b"D": b"EX", b"E": b"EE", b"d": b"ex", b"e": b"ee"}
_PLAIN: Final = {stuffed: plain for plain, stuffed in _STUFFED.items()}
_LETTER: Final = re.compile(rb"[DEde]")
_PAIR: Final = re.compile(rb"[Ee].?", re.DOTALL)


class Entry(NamedTuple):
    """One quadruple; `value` is None in the triple that answers ADMIN:VERSION."""

    time_s: int  # since the ComDevice was switched on
    address: str
    name: str
    value: str | None = None

    @property
    def slot(self) -> str:
        """Pillar and position, as sent."""
        return self.address[3:]

    @property
    def is_version(self) -> bool:
        """Whether this is the triple that names BCC's version."""
        return self.value is None and self.address == RACK


@dataclass(frozen=True, slots=True)
class Block:
    """One frame from the device: the rack's values, or one pump's, or both."""

    bed_id: str
    entries: tuple[Entry, ...]
    is_last: bool = True  # ETX; else ETB, and more to follow after ACK

    def encode(self, stuffing: bool = False) -> bytes:
        """Give the wire bytes."""
        information = _RS.join(",".join(str(word) for word in e if word is not None).encode() for e in self.entries)
        return _frame(self.bed_id, information, _ETX if self.is_last else _ETB, stuffing)


@dataclass(frozen=True, slots=True)
class _Question(Request):
    """What all framed requests share. The first one goes to bed id `1`, the others to the id that answered."""

    bed_id: str = "1"
    stuffing: bool = False
    words: ClassVar[bytes]

    def __post_init__(self) -> None:
        if not is_bed_id(self.bed_id):
            raise ValueError(f"bed_id {self.bed_id!r}: take 1 to 15 characters out of / to 9 and A to z")

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _frame(self.bed_id, self.words, _ETX, self.stuffing)


@dataclass(frozen=True, slots=True)
class Alive(_Question):
    """See whether the device answers: at the start and after a timeout, never as a keepalive."""

    purpose = Purpose.LINK
    words = b"ADMIN:ALIVE"


@dataclass(frozen=True, slots=True)
class Version(_Question):
    """Ask for the version of BCC."""

    purpose = Purpose.QUERY
    words = b"ADMIN:VERSION"


@dataclass(frozen=True, slots=True)
class ReadAll(_Question):
    """Ask for all parameters of all pumps; one block each."""

    purpose = Purpose.QUERY
    effect = "uses up what is counted since the last request: GNERR 39, GNNEW, DISPCHG, INBOCNT, INAVRT"
    words = b"MEM:GET"


@dataclass(frozen=True, slots=True)
class Ack(Request):
    """Take over a block; the device goes on to the next one."""

    purpose = Purpose.ACKNOWLEDGE

    def encode(self) -> bytes:
        """Give the wire byte."""
        return _ACK


@dataclass(frozen=True, slots=True)
class Nak(Request):
    """Have a damaged block said again."""

    purpose = Purpose.LINK

    def encode(self) -> bytes:
        """Give the wire byte."""
        return _NAK


_QUESTIONS: Final = {kind.words: kind for kind in (Alive, Version, ReadAll)}


def recognise(data: bytes) -> Request | None:
    """Say which one request all these bytes are; each of them holds an E, so its stuffed form is another."""
    if data in (_ACK, _NAK):
        return Ack() if data == _ACK else Nak()
    for stuffing in (False, True):
        plain = _unstuff(data) if stuffing else data
        if (parts := _FRAME.fullmatch(plain or b"")) and (question := _question(parts, stuffing)):
            return question if question.encode() == data else None
    return None


def _question(parts: re.Match[bytes], stuffing: bool) -> _Question | None:
    kind = _QUESTIONS.get(parts[3])
    bed_id = parts[2].decode("latin-1")
    return kind(bed_id, stuffing) if kind and is_bed_id(bed_id) else None


def is_bed_id(text: str) -> bool:
    """Say whether a text may stand as bed id in a request."""
    return _BED_ID.fullmatch(text) is not None


class Decoder:
    """Turns the device's bytes into blocks. Keeps at most one frame's 16 KiB."""

    def __init__(self, stuffing: bool = False) -> None:
        self._stuffing = stuffing
        self._pending = bytearray()
        self._searched = 0

    @property
    def is_within_frame(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._pending)

    def feed(self, data: bytes) -> list[Block | Damage]:
        """Take bytes in; give back what they completed."""
        self._pending += data
        found: list[Block | Damage] = []
        while self._pending:
            found += self._skip_to_frame()
            if (end := self._boundary()) is None:
                break
            taken = bytes(self._pending[:end])
            self._give_up(end)
            found += self._judge(taken)
        return found

    def _skip_to_frame(self) -> list[Damage]:
        start = self._pending.find(_SOH)
        gap = bytes(self._pending[: start if start >= 0 else len(self._pending)])
        if not gap:
            return []
        self._give_up(len(gap))
        strange = len(gap.translate(None, _ACK + _NAK))  # a bare ACK or NAK between frames says nothing
        return [Damage("bytes between frames", strange)] if strange else []

    def _boundary(self) -> int | None:
        """Give how many bytes belong together: up to EOT, the next SOH, or the limit; None: the rest isn't here."""
        if found := _BOUNDARY.search(self._pending, max(1, self._searched), _MAX_FRAME):
            return found.end() if found[0] == _EOT else found.start()
        self._searched = len(self._pending)
        return _MAX_FRAME if len(self._pending) >= _MAX_FRAME else None

    def _give_up(self, size: int) -> None:
        del self._pending[:size]
        self._searched = 0

    def _judge(self, taken: bytes) -> list[Block | Damage]:
        if not taken.endswith(_EOT):
            reason = "frame too long" if len(taken) == _MAX_FRAME else "frame cut short"
            return [Damage(reason, len(taken))]
        plain = _unstuff(taken) if self._stuffing else taken
        if plain is None:
            is_plain = taken[1:6] == b"%05d" % len(taken)
            return [Damage("not stuffed: compare the stuffing setting" if is_plain else "broken stuffing", len(taken))]
        return self._open(plain, len(taken))

    def _open(self, plain: bytes, size: int) -> list[Block | Damage]:
        if not (parts := _FRAME.fullmatch(plain)):
            return [Damage("no BCC frame", size)]
        if int(parts[1]) != len(plain):
            is_stuffed = not self._stuffing and len(_unstuff(plain) or b"") == int(parts[1])
            return [Damage("stuffed: compare the stuffing setting" if is_stuffed else "wrong length", size)]
        if int(parts[5]) != _checksum(plain[: parts.end(4)]):
            return [Damage("wrong checksum", size)]
        bed_id = parts[2].decode("latin-1")
        if not is_bed_id(bed_id):
            return [Damage("bed id not allowed", size)]
        return _block(bed_id, parts[3], parts[4] == _ETX)


def _block(bed_id: str, information: bytes, is_last: bool) -> list[Block | Damage]:
    """A quadruple that can't be read is damage; the others stand, after it."""
    found: list[Block | Damage] = []
    entries = []
    for part in information.split(_RS):
        if entry := _entry(part):
            entries.append(entry)
        else:
            found.append(Damage("quadruple not understood", len(part)))
    return [*found, Block(bed_id, tuple(entries), is_last)] if entries else found


def _entry(part: bytes) -> Entry | None:
    time, _, rest = part.partition(b",")
    if len(part) > _MAX_QUADRUPLE or len(time) > 10 or not time.isdigit():
        return None
    return Entry(int(time), *words) if (words := _words(rest)) else None


@lru_cache(maxsize=4096)  # a ward's quadruples repeat but for the time
def _words(rest: bytes) -> tuple[str, str, str | None] | None:
    try:
        fields = rest.decode("utf-8").split(",", 2)  # a value may hold a comma
    except UnicodeDecodeError:
        return None
    if len(fields) < 2 or not _ADDRESS.fullmatch(fields[0]) or not _NAME.fullmatch(fields[1]):
        return None
    return fields[0], fields[1], fields[2] if len(fields) == 3 else None


def _frame(bed_id: str, information: bytes, end: bytes, stuffing: bool) -> bytes:
    text = bed_id.encode("ascii") + _FIXED + information
    body = b"%b%05d%b%b%b" % (_SOH, len(text) + 14, _STX, text, end)
    frame = b"%b%05d%b" % (body, _checksum(body), _EOT)
    return _stuff(frame) if stuffing else frame


def _checksum(data: bytes) -> int:
    """The sum of all bytes modulo 256."""
    return sum(data) % 256


def _stuff(frame: bytes) -> bytes:
    return _LETTER.sub(lambda letter: _STUFFED[letter[0]], frame)


def _unstuff(frame: bytes) -> bytes | None:
    """One scan from the left: EEX is E and X, never E and D. None: a bare D or d, or an E or e without its pair."""
    if b"D" in frame or b"d" in frame or any(pair not in _PLAIN for pair in _PAIR.findall(frame)):
        return None
    return _PAIR.sub(lambda pair: _PLAIN[pair[0]], frame)
