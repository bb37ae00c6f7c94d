"""What a monitor sounds: two kinds of messages that make one set."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from drivers.api import Alarm
from drivers.common.hl7.message import unescape
from drivers.common.hl7.values import MAX_TEXT
from drivers.common.vendor_hl7.rows import is_simulated
from drivers.mindray_pds.channels import ALARM_IDS, ALARM_SOURCES, ALARM_WORDS
from drivers.mindray_pds.codec import fields
from drivers.vocabulary import AlarmCode

MAX_ALARMS: Final = 64  # of one kind: a monitor shows far fewer


class ActiveAlarms:
    """The alarms of both kinds. Half of them alone would look as if the others had ended."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[Alarm, ...]] = {}
        self._made_up: set[str] = set()  # kinds whose last message called itself made up
        self._told: tuple[tuple[Alarm, ...], bool] | None = None

    @property
    def is_whole(self) -> bool:
        """Say whether both kinds have been heard."""
        return len(self._kinds) == len(ALARM_IDS)

    @property
    def is_simulated(self) -> bool:
        """Say whether some of them are made up: a monitor is in training, or isn't, as a whole."""
        return bool(self._made_up)

    def hear(self, kind: str, rows: Sequence[str], *, is_training: bool = False) -> list[str]:
        """Take a message's alarms, which are all of its kind; give the rows that are none."""
        split = [(row, fields(row)) for row in rows]
        found = [alarm(said[5], ALARM_SOURCES[kind]) for _, said in split if _is_alarm(said, kind)]
        self._kinds[kind] = tuple(dict.fromkeys(found))[:MAX_ALARMS]
        self._made_up.discard(kind)
        if is_training or any(is_simulated(said[8]) for _, said in split):
            self._made_up.add(kind)
        return [row for row, said in split if not _is_alarm(said, kind)]

    def news(self) -> tuple[Alarm, ...] | None:
        """Give all that are active, if that has not been told yet: monitors repeat them each second."""
        active = tuple(said for kind in ALARM_IDS for said in self._kinds.get(kind, ()))
        if (active, self.is_simulated) == self._told:
            return None
        self._told = active, self.is_simulated
        return active

    def forget(self) -> None:
        """The monitor is gone."""
        self._kinds.clear()
        self._made_up.clear()
        self._told = None


def _is_alarm(row: Sequence[str], kind: str) -> bool:
    return row[3].partition("^")[0] == ALARM_IDS[kind] and bool(_text(row[5]))


def _text(said: str) -> str:
    """Give the words of `code^**TEXT`. What the stars mean is in no source: they stay in `raw`."""
    return unescape(said[:MAX_TEXT].partition("^")[2]).strip().lstrip("*").strip()


@lru_cache(maxsize=1024)
def alarm(said: str, source: str) -> Alarm:
    """Read an alarm row's OBX-5."""
    text = _text(said)
    code = next((code for words, code in ALARM_WORDS if words.search(text)), AlarmCode.UNKNOWN)
    return Alarm(code, text, source=source, raw=said[:MAX_TEXT])
