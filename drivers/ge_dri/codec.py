"""Records of the DRI protocol, both directions (S/5 Computer Interface, level '09 as seen in public raw logs).

    header 40 | subrecords
    header: length i16 | number u8 | level u8 | plug id u16 | time u32 | subnet u8 | 3 reserved | main type i16
            | 8 x (offset i16, type u8), ended by type FF; offsets count from the header's end

All numbers are little-endian. A record counts only as a whole: its length, its subrecords' places and classes must fit.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from drivers.api import Damage
from drivers.ge_dri.framing import Splitter, wrap

PHYSIOLOGY, WAVE, ALARM = 0, 1, 4  # main types; 5 network and 8 FO are never asked for
DISPLAYED: Final = 1  # record type: displayed values; 2 and 3 are trends of 10 and 60 s
END: Final = 0xFF
MOST_SUBRECORDS: Final = 8
CLASSES: Final = ("basic", "ext1", "ext2", "ext3")

WRONG_LENGTH: Final = "length field and record differ"
NO_LIST: Final = "empty subrecord list"
OUTSIDE: Final = "subrecord outside of its record"
UNKNOWN_CLASS: Final = "unknown class"
REPEATED_CLASS: Final = "class said twice"
NOT_ASKED_FOR: Final = "record of a kind never asked for"

HEADER: Final = Struct("<hBBHIBBHh" + "hB" * MOST_SUBRECORDS)
_BLOCK: Final = Struct("<I135hBBH")
_WAVE_HEAD: Final = Struct("<hHH")
_ALARM_HEAD: Final = Struct("<5h")
_ALARM_LINE: Final = Struct("<80shhh12x")
_ALARM_LINES: Final = 5
_ALARM_TAIL: Final = bytes(10)
_ALARM_SIZE: Final = _ALARM_HEAD.size + _ALARM_LINES * _ALARM_LINE.size + len(_ALARM_TAIL)
_MOST_SAMPLES: Final = 512  # per wave and record; the fastest wave has 500/s, and a record comes each second at latest
_SAMPLES: Final = tuple(Struct(f"<{count}h") for count in range(_MOST_SAMPLES + 1))


class Stamp(NamedTuple):
    """What all records begin with."""

    number: int = 0  # counts records of one main type, modulo 256
    level: int = 10
    plug_id: int = 0
    time_s: int = 0  # the monitor's clock as Unix seconds
    subnet: int = 0


class Block(NamedTuple):
    """One class of numerics: the 270 bytes as words; a group's status takes two of them, its label one."""

    time_s: int
    kind: int  # record type
    level: int
    class_number: int
    words: tuple[int, ...]


class Wave(NamedTuple):
    """One wave's samples since the last record."""

    kind: int
    status: int
    label: int
    samples: tuple[int, ...]


class AlarmLine(NamedTuple):
    """One of the five alarm texts that the monitor shows; colour 0 is none, 3 is red."""

    text: bytes
    colour: int
    text_changed: int = 0
    colour_changed: int = 0


@dataclass(frozen=True, slots=True)
class Physiology:
    """A record of numerics."""

    stamp: Stamp
    blocks: tuple[Block, ...]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _record(self.stamp, PHYSIOLOGY, [(block.kind, _block_bytes(block)) for block in self.blocks])


@dataclass(frozen=True, slots=True)
class Waves:
    """A record of samples."""

    stamp: Stamp
    waves: tuple[Wave, ...]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        return _record(self.stamp, WAVE, [(wave.kind, _wave_bytes(wave)) for wave in self.waves])


@dataclass(frozen=True, slots=True)
class AlarmStatus:
    """A record of what the monitor shows as alarms. UNVERIFIED: laid out after a public header, seen in no log."""

    stamp: Stamp
    is_sounding: bool
    silence: int
    lines: tuple[AlarmLine, ...]

    def encode(self) -> bytes:
        """Give the wire bytes."""
        head = _ALARM_HEAD.pack(0, self.is_sounding, 0, 0, self.silence)
        said = [_ALARM_LINE.pack(line.text, line.text_changed, line.colour, line.colour_changed) for line in self.lines]
        return _record(self.stamp, ALARM, [(1, head + b"".join(said) + _ALARM_TAIL)])


Frame = Physiology | Waves | AlarmStatus


class Decoder:
    """Turns the monitor's bytes into records. Keeps at most one frame's 2982 bytes."""

    def __init__(self) -> None:
        self._frames = Splitter()

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes in; give back what they completed."""
        return [found if isinstance(found, Damage) else _opened(*found) for found in self._frames.feed(data)]


class _BadRecordError(ValueError):
    """A payload that is no record; the text is the damage's reason. Never leaves this module."""


def _opened(payload: bytes, size: int) -> Frame | Damage:
    try:
        return _frame(payload)
    except _BadRecordError as why:
        return Damage(str(why), size)


def _frame(payload: bytes) -> Frame:
    if len(payload) < HEADER.size:
        raise _BadRecordError(WRONG_LENGTH)
    length, number, level, plug_id, time_s, subnet, _, _, main_type, *entries = HEADER.unpack_from(payload)
    if length != len(payload):
        raise _BadRecordError(WRONG_LENGTH)
    if main_type not in _OPENERS:
        raise _BadRecordError(NOT_ASKED_FOR)
    places = _places(entries, length)
    return _OPENERS[main_type](Stamp(number, level, plug_id, time_s, subnet), payload, places)


def _places(entries: Sequence[int], length: int) -> list[tuple[int, int, int]]:
    """Give type, begin and end of each subrecord; one ends where the next begins, the last with the record."""
    types, offsets = entries[1::2], entries[::2]
    count = types.index(END) if END in types else MOST_SUBRECORDS
    if not count:
        raise _BadRecordError(NO_LIST)
    begins = [HEADER.size + offset for offset in offsets[:count]]
    ends = [*begins[1:], length]
    if begins[0] < HEADER.size or any(begin >= end for begin, end in zip(begins, ends, strict=True)):
        raise _BadRecordError(OUTSIDE)
    return list(zip(types[:count], begins, ends, strict=True))


def _physiology(stamp: Stamp, payload: bytes, places: Sequence[tuple[int, int, int]]) -> Physiology:
    blocks = tuple(_block(payload, begin, end) for _, begin, end in places)
    if len({block.class_number for block in blocks}) < len(blocks):
        raise _BadRecordError(REPEATED_CLASS)
    return Physiology(stamp, blocks)


def _block(payload: bytes, begin: int, end: int) -> Block:
    if end - begin < _BLOCK.size:
        raise _BadRecordError(OUTSIDE)
    time_s, *words, _marker, _reserved, trailer = _BLOCK.unpack_from(payload, begin)
    class_number = trailer >> 8 & 0xF  # by the trailer, not by the position in the list
    if class_number >= len(CLASSES):
        raise _BadRecordError(UNKNOWN_CLASS)
    return Block(time_s, trailer & 0xF, trailer >> 4 & 0xF, class_number, tuple(words))


def _waves(stamp: Stamp, payload: bytes, places: Sequence[tuple[int, int, int]]) -> Waves:
    return Waves(stamp, tuple(_wave(payload, *place) for place in places))


def _wave(payload: bytes, kind: int, begin: int, end: int) -> Wave:
    room = (end - begin - _WAVE_HEAD.size) // 2
    if room < 0:
        raise _BadRecordError(OUTSIDE)
    count, status, label = _WAVE_HEAD.unpack_from(payload, begin)
    if not 0 <= count <= min(room, _MOST_SAMPLES):
        raise _BadRecordError(OUTSIDE)
    return Wave(kind, status, label, _SAMPLES[count].unpack_from(payload, begin + _WAVE_HEAD.size))


def _alarms(stamp: Stamp, payload: bytes, places: Sequence[tuple[int, int, int]]) -> AlarmStatus:
    """Open the first subrecord; one of another size would be read shifted."""
    _, begin, end = places[0]
    if end - begin != _ALARM_SIZE:
        raise _BadRecordError(OUTSIDE)
    _, is_sounding, _, _, silence = _ALARM_HEAD.unpack_from(payload, begin)
    first = begin + _ALARM_HEAD.size
    return AlarmStatus(stamp, bool(is_sounding), silence, tuple(_alarm_lines(payload[first : end - len(_ALARM_TAIL)])))


def _alarm_lines(data: bytes) -> Iterator[AlarmLine]:
    for text, text_changed, colour, colour_changed in _ALARM_LINE.iter_unpack(data):
        yield AlarmLine(text.partition(b"\0")[0], colour, text_changed, colour_changed)


_OPENERS: Final[dict[int, Callable[[Stamp, bytes, Sequence[tuple[int, int, int]]], Frame]]] = {
    PHYSIOLOGY: _physiology,
    WAVE: _waves,
    ALARM: _alarms,
}


def _record(stamp: Stamp, main_type: int, subrecords: Sequence[tuple[int, bytes]]) -> bytes:
    entries: list[int] = []
    place = 0
    for kind, data in subrecords:
        entries += [place, kind]
        place += len(data)
    entries += [0, END] * (len(subrecords) < MOST_SUBRECORDS)
    entries += [0] * (2 * MOST_SUBRECORDS - len(entries))
    number, level, plug_id, time_s, subnet = stamp
    head = HEADER.pack(HEADER.size + place, number, level, plug_id, time_s, subnet, 0, 0, main_type, *entries)
    return wrap(head + b"".join(data for _, data in subrecords))


def _block_bytes(block: Block) -> bytes:
    trailer = block.class_number << 8 | block.level << 4 | block.kind
    return _BLOCK.pack(block.time_s, *block.words, 0, 0, trailer)


def _wave_bytes(wave: Wave) -> bytes:
    count = len(wave.samples)
    return _WAVE_HEAD.pack(count, wave.status, wave.label) + _SAMPLES[count].pack(*wave.samples)
