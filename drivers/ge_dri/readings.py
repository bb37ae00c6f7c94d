"""One record's numerics as readings. Each group is read by its table; equal groups give the same readings again."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from drivers.api import Alarm, Reading
from drivers.ge_dri.channels import (
    ACTIVE,
    AMBIENT,
    AMBIENT_WORD,
    APNOEA,
    ASYSTOLE,
    CO2,
    ECG,
    ECG_EXTRA,
    ECG_EXTRA_WORD,
    HR_ORIGINS,
    LEAD_METRICS,
    LEAD_SHIFTS,
    LEADS,
    LOWEST_VALUE,
    PRESENT,
    PRESSURE_METRICS,
    RATE_METRICS,
    SPECIAL,
    Field,
    Group,
)
from drivers.ge_dri.codec import Block
from drivers.ge_dri.extensions import GROUPS
from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity

BASIC_CLASS: Final = 0
_PLACES: Final = tuple(
    tuple((group, group.first - 3, group.first, group.first + len(group.fields)) for group in groups)
    for groups in GROUPS
)
_PTC_NONE: Final = 31


class Air(NamedTuple):
    """What a group's status and label say of all its values."""

    status: int
    label: int
    word: str  # the label's, if it has one
    doubt: Reason | None  # of a value
    excuse: Reason | None  # for none


class Gatherer:
    """Reads records of one conversation. Remembers which groups have spoken, and what the episodic ones said last."""

    def __init__(self) -> None:
        self._spoken: set[Group] = set()
        self._last: dict[Group, tuple[int, ...]] = {}

    def read(self, block: Block) -> list[Reading]:
        """Give one class's readings, without NIBP. A group that was never there is not spoken of."""
        words = block.words
        readings: list[Reading] = []
        for group, head, first, end in _PLACES[block.class_number]:
            if words[head] & PRESENT:
                self._spoken.add(group)
            elif group not in self._spoken:
                continue
            if not group.is_episodic or self._is_news(group, words[head:end]):
                readings += of_group(group, words[head] & 0xFFFF, words[first - 1] & 0xFFFF, words[first:end])
        if block.class_number == BASIC_CLASS:
            readings += _beside(words)
        return readings

    def _is_news(self, group: Group, words: tuple[int, ...]) -> bool:
        before = self._last.get(group)
        self._last[group] = words
        return words != before


def status_alarms(words: Sequence[int], shown: Sequence[Alarm] = ()) -> tuple[Alarm, ...]:
    """List the alarms that the basic class's status bits tell; `shown` are those of the record before.

    A bit alone is not believed: CO2's stands for minutes beside a moving etCO2 in a public log. But what has begun
    lasts until its bit has fallen or something is counted.
    """
    ecg, co2, rate = words[ECG.first - 3], words[CO2.first - 3], words[CO2.first + 2]
    goes_on = rate < LOWEST_VALUE and any(alarm.code is AlarmCode.APNOEA for alarm in shown)
    found = []
    if ecg & PRESENT and ecg & ASYSTOLE and words[ECG.first] <= 0:
        found.append(Alarm(AlarmCode.ASYSTOLE, "ECG status: asystole", Priority.HIGH, "ECG", _hex(ecg)))
    if co2 & PRESENT and co2 & APNOEA and (rate == 0 or goes_on):
        found.append(Alarm(AlarmCode.APNOEA, "CO2 status: apnea", Priority.HIGH, "CO2", _hex(co2)))
    return tuple(found)


@lru_cache(maxsize=16_384)
def of_group(group: Group, status: int, label: int, values: tuple[int, ...]) -> tuple[Reading, ...]:
    """Say one group's values in the light of its status and label."""
    air = _air(group, status, label)
    pairs = zip(group.fields, values, strict=True)
    readings = [r for field, value in pairs if field is not None for r in _field(group, field, value, air)]
    return (*readings, *(_in_mmhg(readings, values[3]) if group is CO2 else ()))


def _beside(words: Sequence[int]) -> Iterator[Reading]:
    """Say what has no header: the barometer, and three values of the ECG."""
    if words[AMBIENT_WORD] > 0:
        yield plain(AMBIENT, "", AMBIENT.name, words[AMBIENT_WORD])
    if words[ECG.first - 3] & PRESENT:
        for place, field in enumerate(ECG_EXTRA, ECG_EXTRA_WORD):
            yield plain(field, "", field.name, words[place])


def _air(group: Group, status: int, label: int) -> Air:
    word = group.labels[label] if label < len(group.labels) else ""
    if not status & PRESENT:
        return Air(status, label, word, Reason.NOT_AVAILABLE, None)
    if not status & ACTIVE:
        return Air(status, label, word, Reason.NOT_IN_USE, Reason.NOT_IN_USE)
    said = [doubt for doubt in group.doubts if status & doubt.bits]
    excuse = said[0].reason if said else None
    doubt = next((one.reason for one in said if not one.only_explains), None)
    return Air(status, label, word, doubt if group.is_confirmed else Reason.OTHER, excuse)


def _field(group: Group, field: Field, value: int, air: Air) -> Iterator[Reading]:
    if field.rule == "ptc":
        yield from _stimulation(field, value, air)
        return
    metric, source, doubt = _meaning(group, field, air)
    if not group.is_confirmed:
        metric = Metric.UNMAPPED
    name = f"{group.name}.{field.name}"
    if not air.status & PRESENT:  # it was there before: say that it is gone, whatever stands here now
        reason = Reason.NOT_AVAILABLE
        yield Reading(metric, None, field.unit, Validity.ABSENT, reason, name, _hex(value), source)
        return
    reading = plain(field, source, name, value, air.excuse)._replace(metric=metric)
    if reading.value is not None and (doubt := air.doubt or doubt):
        reading = reading._replace(validity=Validity.QUESTIONABLE, reason=doubt)
    yield reading


def _meaning(group: Group, field: Field, air: Air) -> tuple[Metric, str, Reason | None]:
    """Give metric, source and, if the device leaves it open what the value is, a doubt."""
    source = field.source or group.source
    match field.rule:
        case "hr":
            if origin := HR_ORIGINS.get(air.status >> 3 & 0xF):
                return origin.metric, origin.source, None
            return field.metric, "", Reason.OTHER
        case "st":
            lead = air.label >> LEAD_SHIFTS[field.name] & 0xF
            word = LEADS[lead] if lead < len(LEADS) else ""
            return LEAD_METRICS.get(word, Metric.UNMAPPED), f"channel {field.name[2:]}", None
        case "rr":
            metric = RATE_METRICS.get(air.label & 0x7, Metric.RESPIRATION_RATE)
            return metric, "" if metric is Metric.RESPIRATION_RATE_CO2 else source, None
        case "pressure":
            return PRESSURE_METRICS.get((air.word, field.name), Metric.UNMAPPED), _joined(source, air.word), None
    return field.metric, _joined(source, air.word), None


def _joined(source: str, word: str) -> str:
    return f"{source} {word}".strip() if word != source else source


@lru_cache(maxsize=16_384)
def plain(field: Field, source: str, name: str, value: int, excuse: Reason | None = None) -> Reading:
    """Say one number by its field alone."""
    if value < LOWEST_VALUE:
        reason = SPECIAL.get(value, Reason.OTHER)
        reason = excuse if excuse and reason is Reason.NOT_AVAILABLE else reason
        return Reading(field.metric, None, field.unit, Validity.ABSENT, reason, name, _hex(value), source)
    number = value / field.divisor if field.divisor > 1 else value
    validity = Validity.QUESTIONABLE if field.doubt else Validity.VALID
    return Reading(field.metric, number, field.unit, validity, field.doubt, name, _hex(value), source)


def _in_mmhg(readings: Sequence[Reading], ambient: int) -> Iterator[Reading]:
    """Say etCO2 and fiCO2 as pressures too: per cent of the ambient pressure, which has tenths of mmHg."""
    if ambient <= 0:
        return
    for reading in readings:
        if reading.unit == "%":
            percent = reading.value
            pressure = round(percent * ambient / 1000, 1) if isinstance(percent, float) else None
            yield reading._replace(
                value=pressure,
                unit="mm[Hg]",
                name=f"{reading.name} x amb_press",
                raw=f"{reading.raw} x {_hex(ambient)}",
                source="",
            )


def _stimulation(field: Field, value: int, air: Air) -> Iterator[Reading]:
    """Take the packed word apart: post-tetanic count, train-of-four count, current.

    The logs hold 31 in it without any measurement; so without a current nothing was counted.
    """
    current = value >> 9 & 0x7F
    is_counted = value >= LOWEST_VALUE and current > 0 and air.status & PRESENT
    doubt = air.doubt if is_counted else None
    counts = (("ptc", value & 0x1F, "1"), ("tof_count", value >> 5 & 0xF, "1"), ("current", current, "mA"))
    for name, count, unit in counts:
        reading = Reading(field.metric, count, unit, name=f"nmt.{name}", raw=_hex(value))
        if not is_counted or (name == "ptc" and count == _PTC_NONE):
            reading = reading._replace(value=None, validity=Validity.ABSENT, reason=air.excuse or Reason.NOT_AVAILABLE)
        elif doubt:
            reading = reading._replace(validity=Validity.QUESTIONABLE, reason=doubt)
        yield reading


def _hex(value: int) -> str:
    """Give a word as it stood on the wire."""
    return (value & 0xFFFF).to_bytes(2, "little").hex()
