"""Records put together by hand, from places and words; the real groups of the captures go in here too."""

from pathlib import Path
from struct import unpack

from drivers.ge_dri.codec import Block, Physiology, Stamp
from tests.captures import load

HERE = Path(__file__).parent
NO_DATA = -32767
HEADER, ECG, NIBP, SPO2, CO2, TRAILER = load(HERE / "captures" / "01_record_900.hex").frames
WAVE_HEADER, WAVE_HEAD = load(HERE / "captures" / "02_wave_record.hex").frames
REAL = {0: ECG, 72: NIBP, 118: SPO2, 132: CO2}


def block(class_number: int = 0, said: list[int] | None = None, kind: int = 1) -> Block:
    return Block(0x5B631900, kind, 10, class_number, tuple(said or empty(class_number)))


def group(status: int, label: int, *values: int) -> list[int]:
    """Give one group's words, header included."""
    return [status, 0, label, *values]


def empty(class_number: int = 0) -> list[int]:
    """Give a class in which no group is there."""
    said = [NO_DATA] * 135
    places = {
        0: (0, 16, 30, 44, 58, 72, 86, 94, 102, 110, 118, 132, 146, 156, 166, 178, 200, 214, 232, 240, 254),
        1: (0, 48, 78, 92, 106, 120, 128),
        2: (0, 24, 96, 112),
        3: (0, 14, 60, 92),
    }[class_number]
    for place in places:
        said[place // 2 : place // 2 + 3] = [0, 0, 0]
    return said


def with_groups(class_number: int, **groups: list[int]) -> list[int]:
    """Give a class in which these groups are there: `at_132=[...]`."""
    said = empty(class_number)
    for place, its_words in groups.items():
        first = int(place.removeprefix("at_")) // 2
        said[first : first + len(its_words)] = its_words
    return said


def real_words() -> list[int]:
    """Give the basic class of record 900: its four quoted groups, nothing else there."""
    said = empty()
    for place, data in REAL.items():
        said[place // 2 : place // 2 + len(data) // 2] = unpack(f"<{len(data) // 2}h", data)
    return said


def record(*blocks: Block, number: int = 0, time_s: int = 0x5B631900, level: int = 10) -> bytes:
    """Give a record's wire bytes."""
    return Physiology(Stamp(number, level, 0, time_s), blocks or (block(),)).encode()
