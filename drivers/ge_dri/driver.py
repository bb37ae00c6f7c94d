"""The conversation with a monitor: ask once, then listen; ask again when it falls silent."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from math import inf
from typing import Final

from drivers.api import Alarm, Damage, Identity, Output, Port, Reading, Report, Waveform
from drivers.ge_dri.channels import LEVEL_YEARS, LOWEST_VALUE, PRIORITIES
from drivers.ge_dri.codec import DISPLAYED, AlarmStatus, Block, Decoder, Frame, Physiology, Wave, Waves
from drivers.ge_dri.cuff import Cuff
from drivers.ge_dri.readings import BASIC_CLASS, Gatherer, status_alarms
from drivers.ge_dri.requests import LEVELS, WAVE_RATES, AskAlarms, StartNumerics, StartWaves, StopNumerics, StopWaves
from drivers.ge_dri.settings import DriSettings
from drivers.ge_dri.traces import TRACES, WAVE_LEAD_OFF
from drivers.vocabulary import AlarmCode, Validity

_SHORTEST_WATCH_S: Final = 15.0  # of silence, before the request is repeated
_ANSWER_S: Final = 2.0  # beyond the interval, until a level counts as unanswered
_LONGEST_REST_S: Final = 60.0
_ALARMS_S: Final = 5.0  # our choice: between two questions for the alarms


class State(Enum):
    """Where the conversation stands."""

    CLOSED = auto()
    ASKING = auto()  # no record since the last request
    DELIVERING = auto()


class Event(Enum):
    """What moves it."""

    OPENED = auto()
    NUMERICS = auto()
    SILENCE = auto()


S, E = State, Event
STEPS: Final = {
    (S.CLOSED, E.OPENED): S.ASKING,
    (S.ASKING, E.NUMERICS): S.DELIVERING,
    (S.ASKING, E.SILENCE): S.ASKING,  # with the next level
    (S.DELIVERING, E.NUMERICS): S.DELIVERING,
    (S.DELIVERING, E.SILENCE): S.ASKING,  # a restarted monitor has forgotten the request
}


class DriDialogue:
    """One monitor on one line."""

    def __init__(self, settings: DriSettings, port: Port) -> None:
        self._settings = settings
        self._is_file = port.kind == "file"
        self._decoder = Decoder()
        self._gatherer = Gatherer()
        self._cuff = Cuff()
        self._state = S.CLOSED
        self._level = LEVELS[0]  # of the last request, or the one that was answered
        self._order: Sequence[int] = LEVELS
        self._attempts = 0  # since the last record
        self._due_at = 0.0  # of SILENCE
        self._waves_due_at = inf
        self._waves_rest_s = _SHORTEST_WATCH_S
        self._alarms_due_at = inf
        self._shown: tuple[Alarm, ...] = ()
        self._shown_until = -inf
        self._status_alarms: tuple[Alarm, ...] | None = None  # not read yet
        self._said_level: int | None = None

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        if self._state is S.CLOSED:
            return None
        return min(self._due_at, self._waves_due_at, self._alarms_due_at)

    def open(self, now: float) -> Sequence[Output]:
        """Ask for numerics."""
        return self._move(E.OPENED, now)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the monitor says."""
        outputs: list[Output] = []
        for found in self._decoder.feed(data):
            outputs += [found] if isinstance(found, Damage) else self._take(found, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Ask again for what doesn't come."""
        if self._state is S.CLOSED:
            return []
        if self._due_at <= now:
            return self._move(E.SILENCE, now)
        outputs: list[Output] = []
        if self._waves_due_at <= now:
            self._waves_rest_s = min(2 * self._waves_rest_s, _LONGEST_REST_S)
            outputs += self._ask_waves(now)
        if self._alarms_due_at <= now:
            outputs += self._ask_alarms(now)
        return outputs

    def close(self, _now: float) -> Sequence[Output]:
        """End the transmission, which would else go on for ever."""
        if self._state is S.CLOSED:
            return []
        self._state = S.CLOSED
        waves: list[Output] = [StopWaves(self._level)] if self._settings.waves else []
        return [*waves, StopNumerics(self._level)]

    def _take(self, frame: Frame, now: float) -> list[Output]:
        match frame:
            case Physiology():
                return self._numerics(frame, now)
            case Waves():
                return self._samples(frame, now)
            case AlarmStatus():
                return self._texts(frame, now)

    def _numerics(self, record: Physiology, now: float) -> list[Output]:
        blocks = [block for block in record.blocks if block.kind == DISPLAYED]
        if not blocks or self._state is S.CLOSED:
            return []
        is_first = self._state is S.ASKING
        if is_first and self._attempts > 1 and record.stamp.level in LEVELS:
            self._level = record.stamp.level  # which request was answered is not known; its own level it understands
        outputs = [*self._introduce(record.stamp.level), *self._move(E.NUMERICS, now)]
        if is_first and not self._is_file:  # it may be an old one out of a buffer: 33 s old in a public log
            return outputs
        readings = [reading for block in blocks for reading in self._readings(block)]
        is_status_said = any(block.class_number == BASIC_CLASS for block in blocks)
        alarms = self._alarms(now) if is_status_said else None
        return [*outputs, Report(readings, device_time=clock(record.stamp.time_s), alarms=alarms)]

    def _readings(self, block: Block) -> list[Reading]:
        readings = self._gatherer.read(block)
        if block.class_number == BASIC_CLASS:
            self._status_alarms = status_alarms(block.words, self._status_alarms or ())
            readings += self._cuff.take(block.words)
        return readings

    def _alarms(self, now: float) -> tuple[Alarm, ...] | None:
        """Give what is active; None while the status wasn't read, or if texts are asked for and none came lately."""
        if self._status_alarms is None or (self._settings.alarms and now > self._shown_until):
            return None
        return self._status_alarms + self._shown

    def _samples(self, record: Waves, now: float) -> list[Output]:
        if self._state is not S.DELIVERING:
            return []
        if self._settings.waves:
            self._waves_rest_s = _SHORTEST_WATCH_S
            self._waves_due_at = now + _SHORTEST_WATCH_S
        device_time = clock(record.stamp.time_s)
        return [trace for wave in record.waves if (trace := waveform(wave, device_time)) is not None]

    def _texts(self, status: AlarmStatus, now: float) -> list[Output]:
        if not self._settings.alarms or self._state is not S.DELIVERING:
            return []
        self._shown = tuple(dict.fromkeys(alarm for line in status.lines if (alarm := shown(line.text, line.colour))))
        self._shown_until = now + 3 * _ALARMS_S
        active = self._alarms(now)
        return [] if active is None else [Report([], device_time=clock(status.stamp.time_s), alarms=active)]

    def _introduce(self, level: int) -> list[Output]:
        if level == self._said_level:
            return []
        self._said_level = level
        dialect = f"DRI level {level} ({LEVEL_YEARS.get(level, 'unknown')})"
        return [Identity(manufacturer="GE Healthcare (Datex-Ohmeda)", dialect=dialect)]

    def _move(self, event: Event, now: float) -> list[Output]:
        state = STEPS.get((self._state, event))
        if state is None:
            return []
        before, self._state = self._state, state
        if state is S.ASKING:
            return self._ask(before, now)
        self._attempts = 0
        self._due_at = now + max(_SHORTEST_WATCH_S, 3.0 * self._settings.interval_s)
        return [*self._ask_waves(now), *self._ask_alarms(now)] if before is S.ASKING else []

    def _ask(self, before: State, now: float) -> list[Output]:
        """Ask with the level that was answered last, then with each of the others."""
        if before is S.DELIVERING:
            self._order = (self._level, *(level for level in LEVELS if level != self._level))
            self._cuff.lose_track()
        self._level = self._order[self._attempts % len(self._order)]
        self._due_at = now + patience_s(self._attempts, self._settings.interval_s)
        self._attempts += 1
        self._waves_due_at = self._alarms_due_at = inf
        self._status_alarms, self._shown_until = None, -inf
        self._waves_rest_s = _SHORTEST_WATCH_S
        return [StartNumerics(self._level, self._settings.interval_s, self._settings.class_bits)]

    def _ask_waves(self, now: float) -> list[Output]:
        if not self._settings.waves:
            return []
        self._waves_due_at = now + self._waves_rest_s
        return [StartWaves(self._level, self._settings.wave_numbers)]

    def _ask_alarms(self, now: float) -> list[Output]:
        if not self._settings.alarms:
            return []
        self._alarms_due_at = now + _ALARMS_S
        return [AskAlarms(self._level)]


def patience_s(attempt: int, interval_s: int) -> float:
    """Give how long an attempt waits: for one interval; after each round of levels longer, at last a minute more."""
    rounds, place = divmod(attempt, len(LEVELS))
    is_last = place == len(LEVELS) - 1
    return interval_s + _ANSWER_S + (min(_SHORTEST_WATCH_S * 2 ** min(rounds, 10), _LONGEST_REST_S) if is_last else 0.0)


def clock(time_s: int) -> datetime | None:
    """Give the monitor's own time. Whether it counts in UTC or local time is UNVERIFIED, so no zone is said."""
    return datetime.fromtimestamp(time_s, UTC).replace(tzinfo=None) if time_s else None


def waveform(wave: Wave, device_time: datetime | None) -> Waveform | None:
    """Give the samples of a wave whose rate is known."""
    trace = TRACES.get(wave.kind)
    if trace is None or not wave.samples:
        return None
    return Waveform(
        trace.metric,
        scaled(wave.samples, trace.divisor),
        1 / WAVE_RATES[wave.kind],
        trace.name,
        trace.unit,
        device_time=device_time,
        validity=Validity.QUESTIONABLE if wave.status & WAVE_LEAD_OFF else Validity.VALID,
    )


def scaled(samples: tuple[int, ...], divisor: int) -> tuple[float | None, ...]:
    """Give samples in their unit; None where the monitor has none."""
    if min(samples) < LOWEST_VALUE:
        return tuple(None if sample < LOWEST_VALUE else sample / divisor for sample in samples)
    return samples if divisor == 1 else tuple([sample / divisor for sample in samples])


def shown(text: bytes, colour: int) -> Alarm | None:
    """Give one of the alarm texts; colour 0 is none."""
    words = "".join(letter for letter in text.decode("latin-1") if letter.isprintable()).strip()
    return Alarm(AlarmCode.UNKNOWN, words, PRIORITIES.get(colour), raw=f"colour {colour}") if words and colour else None
