"""NIBP: the monitor repeats its last measurement in each record; here each is said once.

Seen in nine cycles of a public log: the label's bit 5 rises as the cuff starts, and the old values stay while it pumps.
The new ones come in one record, with bit 8 (older than 60 s) clear, 0 to 2 s before bit 5 falls; bit 8 rises 61 s
after them. So a measurement is new when its values have changed, or bit 8 has fallen, or bit 5 has with bit 8 clear;
the last two count once in each cycle.
"""

from collections.abc import Sequence

from drivers.api import Reading
from drivers.ge_dri.channels import LOWEST_VALUE, NIBP, NIBP_DOUBTS, NIBP_MEASURING, NIBP_OLD, PRESENT
from drivers.ge_dri.readings import of_group
from drivers.vocabulary import Reason, Validity


class Cuff:
    """One cuff in one conversation."""

    def __init__(self) -> None:
        self._values: tuple[int, ...] | None = None  # as last said
        self._label = 0
        self._is_counted = False  # in this cycle
        self._has_lost_track = True  # nobody watched while the values came

    def lose_track(self) -> None:
        """The conversation was interrupted: what stands there next is of unknown age, if it is new at all."""
        self._has_lost_track = True

    def take(self, words: Sequence[int]) -> list[Reading]:
        """Take the basic class's words; give the measurement if it is one that was not said yet."""
        status, label = words[NIBP.first - 3], words[NIBP.first - 1]
        if not status & PRESENT:
            return []
        values = tuple(words[NIBP.first : NIBP.first + len(NIBP.fields)])
        before, self._label = self._label, label
        if before & NIBP_MEASURING < label & NIBP_MEASURING or label & NIBP_OLD:
            self._is_counted = False
        is_blank = all(value < LOWEST_VALUE for value in values[:3])
        lost_track, self._has_lost_track = self._has_lost_track, False
        is_again = not is_blank and not self._is_counted and _is_fresh(before, label)
        if (is_blank and label & NIBP_MEASURING) or (values == self._values and not is_again):
            return []
        self._values, self._is_counted = values, not is_blank
        doubt = Reason.AGE_UNKNOWN if lost_track or label & NIBP_OLD else _doubt(label)
        return [_doubted(reading, doubt) for reading in of_group(NIBP, status & 0xFFFF, label & 0xFFFF, values)]


def _is_fresh(before: int, now: int) -> bool:
    """Whether bit 8 has fallen, or bit 5 with bit 8 clear."""
    fallen = before & ~now
    return bool(fallen & NIBP_OLD) or (bool(fallen & NIBP_MEASURING) and not now & NIBP_OLD)


def _doubt(label: int) -> Reason | None:
    return next((doubt.reason for doubt in NIBP_DOUBTS if label & doubt.bits), None)


def _doubted(reading: Reading, doubt: Reason | None) -> Reading:
    if reading.value is None or doubt is None:
        return reading
    return reading._replace(validity=Validity.QUESTIONABLE, reason=doubt)
