"""MLLP release 1: `VT message FS CR`. No length and no checksum: what is between VT and FS is taken as it comes.

HUNT --VT--> BODY --FS--> END --CR--> HUNT
             BODY --VT--> BODY (the earlier frame was never closed)
                          END  --other--> HUNT (the CR is missing)
"""

import re
from typing import Final, Protocol, TypeAlias

from drivers.api import Damage

VT: Final = b"\x0b"
FS: Final = b"\x1c"
CR: Final = b"\r"

MAX_BODY: Final = 1 << 20  # bytes: ample for numerics, a waveform message has some hundred KiB
IDLE_S: Final = 10.0  # of silence within a frame: it won't be finished
QUIET_S: Final = 1.0  # of silence after bare text: the message is complete

Body: TypeAlias = bytes

_OPENING: Final = re.compile(rb"(?:\xef\xbb\xbf|\xe2\x80\xa8|\s)*(?:MSH|FHS|BHS)")
_BARE_START: Final = re.compile(rb"(?:^|(?<=[\r\n]))MSH(?=[^0-9A-Za-z\r\n])")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LINE_ENDS: Final = (b"\r", b"\n")


def wrap(body: bytes) -> bytes:
    """Frame one message."""
    return VT + body + FS + CR


def wrap_file(data: bytes) -> bytes:
    """Say a file of bare HL7 as it would be on the wire, each message in a frame; a file with VT stays as it is."""
    if VT in data:
        return data
    data = data.removeprefix(_BYTE_ORDER_MARK)
    starts = [found.start() for found in _BARE_START.finditer(data)]
    if not starts:
        return wrap(data)
    ends = [*starts[1:], len(data)]
    return b"".join(wrap(data[start:end]) for start, end in zip(starts, ends, strict=True))


class Framing(Protocol):
    """How messages are told apart in a stream."""

    wait_s: float  # how long a pause may be before `pause` wants to be called

    @property
    def is_pending(self) -> bool:
        """Say whether something has begun that isn't complete."""

    def feed(self, data: bytes) -> list[Body | Damage]:
        """Take any split of the stream."""

    def pause(self) -> list[Body | Damage]:
        """Nothing has come for `wait_s`."""


class Framed:
    """Tells MLLP frames apart. Keeps at most MAX_BODY bytes; finds the next frame after any garbage."""

    wait_s = IDLE_S

    def __init__(self) -> None:
        self._body = bytearray()
        self._state = self._hunt
        self._is_said = False  # the message was handed over at its FS; only the CR is still to come
        self._out: list[Body | Damage] = []

    @property
    def is_pending(self) -> bool:
        """Say whether a frame has begun that isn't complete."""
        return self._state == self._collect or (self._state == self._close and not self._is_said)

    def feed(self, data: bytes) -> list[Body | Damage]:
        """Take any split of the stream; give the messages, unframed."""
        at = 0
        while at < len(data):
            at = self._state(data, at)
        out, self._out = self._out, []
        return out

    def pause(self) -> list[Body | Damage]:
        """Give up a frame that nobody goes on with."""
        if not self.is_pending:
            return []
        return [self._given_up("frame not finished")]

    def _given_up(self, reason: str) -> Damage:
        damage = Damage(reason, len(self._body) + 1)
        self._body.clear()
        self._state = self._hunt
        return damage

    def _hunt(self, data: bytes, at: int) -> int:
        """Drop what is outside a frame; line ends are no damage, as some senders add them."""
        start = data.find(VT, at)
        junk = data[at:] if start < 0 else data[at:start]
        if size := len(junk.translate(None, b"\r\n")):
            self._out.append(Damage("bytes outside a frame", size))
        if start < 0:
            return len(data)
        self._state = self._collect
        return start + 1

    def _collect(self, data: bytes, at: int) -> int:
        end = data.find(FS, at)
        again = data.find(VT, at, end if end >= 0 else len(data))
        stop = again if again >= 0 else end if end >= 0 else len(data)
        room = MAX_BODY - len(self._body)
        self._body += data[at : min(stop, at + room)]
        if stop > at + room:
            self._out.append(self._given_up("frame too long"))
            return at + room
        if again >= 0:
            self._restart()
        elif end >= 0:
            self._end()
        return stop + 1

    def _end(self) -> None:
        """Hand a message over at its FS: a sender that omits the CR waits for the answer."""
        self._is_said = _OPENING.match(self._body) is not None
        if self._is_said:
            self._out.append(bytes(self._body))
            self._body.clear()
        self._state = self._close

    def _restart(self) -> None:
        """A new VT in a frame: keep the earlier message if its last segment was complete, else a value may be cut."""
        if self._body.endswith(_LINE_ENDS) and _OPENING.match(self._body):
            self._out += [bytes(self._body), Damage("frame not closed", 0)]
            self._body.clear()
        else:
            self._out.append(self._given_up("frame not closed"))
        self._state = self._collect

    def _close(self, data: bytes, at: int) -> int:
        has_cr = data[at] == CR[0]
        if not self._is_said:
            self._out.append(self._given_up("no message in the frame"))
        elif not has_cr:
            self._out.append(Damage("frame end without CR", 0))
        self._state = self._hunt
        return at + 1 if has_cr else at


class Bare:
    """Tells messages apart that come without frames: one ends where the next begins, or in quiet (off by default).

    Framing characters are ignored, so that a sender may use them after all.
    """

    wait_s = QUIET_S

    def __init__(self) -> None:
        self._text = bytearray()

    @property
    def is_pending(self) -> bool:
        """Say whether a message may be complete soon."""
        return bool(self._text)

    def feed(self, data: bytes) -> list[Body | Damage]:
        """Take any split of the stream; give the messages that another one follows."""
        known = len(self._text)
        self._text += data.translate(None, VT + FS)
        out: list[Body | Damage] = []
        taken = 0
        for start in _BARE_START.finditer(self._text, max(0, known - len("MSH"))):
            if start.start() > taken:
                out.append(_bare(bytes(self._text[taken : start.start()])))
                taken = start.start()
        del self._text[:taken]
        if len(self._text) > MAX_BODY:
            out.append(Damage("message too long", len(self._text)))
            self._text.clear()
        return out

    def pause(self) -> list[Body | Damage]:
        """Take what has come as a message; a last line without an end may be cut, and is given up."""
        end = max(self._text.rfind(mark) for mark in _LINE_ENDS) + 1
        whole, cut = bytes(self._text[:end]), len(self._text) - end
        self._text.clear()
        return [_bare(whole)] * bool(whole) + [Damage("line not finished", cut)] * bool(cut)


def _bare(text: bytes) -> Body | Damage:
    return text if text.startswith(b"MSH") else Damage("text outside a message", len(text))
