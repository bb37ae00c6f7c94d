"""A monitor with a Computer Interface. It says nothing until asked, and goes on until told to stop."""

from calendar import timegm
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, Literal

from drivers.ge_dri.codec import AlarmLine, AlarmStatus, Block, Physiology, Stamp, Wave, Waves
from drivers.vocabulary import Priority
from simulators.api import Bedside, Vitals
from simulators.ge_dri.ear import AlarmsOrder, Ear, Noise, NumericsOrder, WavesOrder
from simulators.ge_dri.words import numerics, sample

_DISPLAYED: Final = 1
_ONCE, _STOP = -1, 0
_CLASS_BITS: Final = ((1, 2), (2, 4), (3, 8))  # class and its bit; the basic one is denied by bit 0
_STALE_S: Final = 33.0  # how old the record in the buffer was in a public log

_RATES: Final = {
    **dict.fromkeys((1, 2, 3), 300),
    **dict.fromkeys((4, 5, 6, 7, 8, 18, 19, 20, 21, 32, 39), 100),
    **dict.fromkeys((9, 10, 11, 12, 13, 15), 25),
    22: 500,
}
_MOST_SAMPLES_S: Final = 600
_PLENTY: Final = 130  # in each so many records one has a sample more, and the next one less
_ALWAYS: Final = 0x402  # bits 1 and 10 of a wave's status

_COLOURS: Final = {Priority.HIGH: 3, Priority.MEDIUM: 2, Priority.LOW: 1, Priority.NONE: 0}
_LINES: Final = 5


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """Which monitor this is."""

    level: int = 10
    answers: Literal["any level", "own level"] = "any level"
    alarms: bool = True  # whether the alarm request is understood on this port
    stale_first: bool = False  # the first record after a request comes out of a buffer

    def __post_init__(self) -> None:
        if not 2 <= self.level <= 12:
            raise ValueError(f"level {self.level}: take 2 to 12 (10 is usual)")


class Monitor:
    """One monitor on one line."""

    def __init__(self, bedside: Bedside, settings: MonitorSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        self._ear = Ear()
        self._is_open = False
        self._order = NumericsOrder(0, _DISPLAYED, _STOP, 0)
        self._numerics_at = inf
        self._kinds: tuple[int, ...] = ()
        self._waves_at = inf
        self._wave_records = 0  # since the request
        self._numbers = {"numerics": 0, "waves": 0, "alarms": 0}  # each main type counts its own records
        self._is_fresh = True  # no record since the request
        self._tells_changes = False
        self._shown: tuple[AlarmLine, ...] = ()

    @property
    def wake_at(self) -> float | None:
        """When the next record is due."""
        due = min(self._numerics_at, self._waves_at)
        return due if self._is_open and due < inf else None

    def open(self, now: float) -> Sequence[bytes]:
        """Somebody listens: what was asked for before still goes on."""
        self._is_open, self._ear = True, Ear()
        self._numerics_at = max(self._numerics_at, now)
        self._waves_at = max(self._waves_at, now)
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Start and stop, as asked."""
        said: list[bytes] = []
        for heard in self._ear.hear(data):
            match heard:
                case Noise():
                    self.violations.append(heard.reason)
                    self.tampered |= heard.is_frame
                case _ if self._settings.answers == "own level" and heard.level != self._settings.level:
                    continue
                case NumericsOrder():
                    said += self._start_numerics(heard, now)
                case WavesOrder():
                    self._start_waves(heard, now)
                case AlarmsOrder():
                    said += self._start_alarms(heard, now)
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        """Say what is due."""
        said: list[bytes] = []
        if self._numerics_at <= now:
            self._numerics_at = now + self._order.interval_s
            said.append(self._physiology(now))
            said += self._changed_alarms(now)
        if self._waves_at <= now:
            self._waves_at = now + 1.0
            said.append(self._waves(now))
        return said

    def close(self, _now: float) -> None:
        """Nobody listens; nobody has said stop."""
        self._is_open = False

    def restart(self) -> None:
        """Lose power: all requests are forgotten."""
        self._numerics_at = self._waves_at = inf
        self._tells_changes = False

    def _start_numerics(self, order: NumericsOrder, now: float) -> list[bytes]:
        if order.record_type != _DISPLAYED:
            self.violations.append(f"record type {order.record_type}: not simulated")
            return []
        self._is_fresh = True
        if order.interval_s == _ONCE:
            self._order = order
            return [self._physiology(now)]
        self._order = order
        self._numerics_at = now + order.interval_s if order.interval_s > 0 else inf
        return []

    def _start_waves(self, order: WavesOrder, now: float) -> None:
        if order.command:
            self._waves_at = inf
        elif sum(_RATES.get(kind, _MOST_SAMPLES_S + 1) for kind in order.kinds) > _MOST_SAMPLES_S:
            self.violations.append(f"waves {order.kinds}: unknown, or too many samples")
        else:
            self._kinds, self._wave_records = order.kinds, 0
            self._waves_at = now + 1.0

    def _start_alarms(self, order: AlarmsOrder, now: float) -> list[bytes]:
        if not self._settings.alarms:
            return []
        if order.command:
            self._tells_changes = order.command == 2
            return []
        return [self._alarms(now)]

    def _physiology(self, now: float) -> bytes:
        at = now - _STALE_S if self._is_fresh and self._settings.stale_first else now
        self._is_fresh = False
        vitals, stamp = self._bedside.patient.at(at), self._stamp("numerics", at)
        classes = [0] * (not self._order.classes & 1)
        classes += [number for number, bit in _CLASS_BITS if self._order.classes & bit]
        blocks = [
            Block(stamp.time_s, _DISPLAYED, self._settings.level, number, tuple(numerics(number, vitals, at)))
            for number in classes
        ]
        return Physiology(stamp, tuple(blocks)).encode()

    def _waves(self, now: float) -> bytes:
        vitals = self._bedside.patient.at(now)
        status = _ALWAYS | self._wave_records % 60 << 4 | (self._wave_records == 0)
        extra = {_PLENTY - 2: 1, _PLENTY - 1: -1}.get(self._wave_records % _PLENTY, 0)
        waves = [
            Wave(kind, status, 0, tuple(_samples(kind, vitals, now, _RATES[kind] + extra))) for kind in self._kinds
        ]
        self._wave_records += 1
        return Waves(self._stamp("waves", now), tuple(waves)).encode()

    def _alarms(self, now: float) -> bytes:
        self._shown = _lines(self._bedside.patient.at(now))
        return AlarmStatus(self._stamp("alarms", now), bool(self._shown[0].colour), 0, self._shown).encode()

    def _changed_alarms(self, now: float) -> list[bytes]:
        is_changed = self._tells_changes and _lines(self._bedside.patient.at(now)) != self._shown
        return [self._alarms(now)] if is_changed else []

    def _stamp(self, what: str, at: float) -> Stamp:
        number = self._numbers[what]
        self._numbers[what] = (number + 1) % 256
        local = timegm(self._bedside.device_time(at).timetuple())
        return Stamp(number, self._settings.level, time_s=max(0, local))


def _samples(kind: int, vitals: Vitals, now: float, count: int) -> list[int]:
    rate = _RATES[kind]
    return [sample(kind, vitals, now - 1.0 + place / rate) for place in range(count)]


def _lines(vitals: Vitals) -> tuple[AlarmLine, ...]:
    lines = [
        AlarmLine(signal.text.encode("latin-1", "replace")[:80], _COLOURS[signal.priority]) for signal in vitals.alarms
    ]
    lines.sort(key=lambda line: -line.colour)
    return tuple((lines + [AlarmLine(b"", 0)] * _LINES)[:_LINES])
