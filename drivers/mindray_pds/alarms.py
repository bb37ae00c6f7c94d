"""What a monitor sounds: two kinds of messages that make one set."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from drivers.api import Alarm
from drivers.common.hl7.message import unescape
from drivers.common.hl7.values import MAX_TEXT
from drivers.mindray_pds.channels import ALARM_IDS, ALARM_SOURCES, ALARM_WORDS
from drivers.mindray_pds.codec import fields
from drivers.vocabulary import AlarmCode

MAX_ALARMS: Final = 64  # of one kind: a monitor shows far fewer


class ActiveAlarms:
    """The alarms of both kinds. Half of them alone would look as if the others had ended."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[Alarm, ...]] = {}
        self._told: tuple[Alarm, ...] | None = None

    @property
    def is_whole(self) -> bool:
        """Say whether both kinds have been heard."""
        return len(self._kinds) == len(ALARM_IDS)

    def hear(self, kind: str, rows: Sequence[str]) -> list[str]:
        """Take a message's alarms, which are all of its kind; give the rows that are none."""
        split = [(row, fields(row)) for row in rows]
        found = [alarm(said[5], ALARM_SOURCES[kind]) for _, said in split if _is_alarm(said, kind)]
        self._kinds[kind] = tuple(dict.fromkeys(found))[:MAX_ALARMS]
        return [row for row, said in split if not _is_alarm(said, kind)]

    def news(self) -> tuple[Alarm, ...] | None:
        """Give all that are active, if that has not been told yet: monitors repeat them each second."""
        active = tuple(said for kind in ALARM_IDS for said in self._kinds.get(kind, ()))
        if active == self._told:
            return None
        self._told = active
        return active

    def forget(self) -> None:
        """The monitor is gone."""
        self._kinds.clear()
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
