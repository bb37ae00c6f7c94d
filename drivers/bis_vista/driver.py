"""The conversation with a BIS Vista: ask for the processed variables, listen, ask again after silence."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from drivers.api import Damage, Output, Port, Reading, Report, Request, Waveform
from drivers.bis_vista.channels import CHANNELS, EEG, FULL_QUALITY, INVALID_UP_TO, SOURCES, SQI, Channel
from drivers.bis_vista.codec import (
    NAK,
    Control,
    Decoder,
    Frame,
    Processed,
    RawEeg,
    StartProcessed,
    StartRawEeg,
    StopProcessed,
    StopRawEeg,
    Trend,
)
from drivers.vocabulary import Reason, Validity

_SILENT_S: Final = 10.0
_FIRST_REST_S: Final = 5.0
_LONGEST_REST_S: Final = 60.0
_PAUSE_S: Final = 0.5  # a frame takes less than a tenth of a second; who pauses in it has lost the rest
_MOST_SAMPLES: Final = 512


@dataclass(frozen=True, slots=True)
class BisVistaSettings:
    """What to ask for."""

    raw_eeg: bool = False


class State(Enum):
    """Where the conversation stands."""

    CLOSED = auto()
    ASKED = auto()
    LIVE = auto()


class BisVistaDialogue:
    """One conversation with one monitor."""

    def __init__(self, settings: BisVistaSettings, _port: Port) -> None:
        self._settings = settings
        self._decoder = Decoder()
        self._state = State.CLOSED
        self._due_at = 0.0
        self._attempts = 0
        self._heard_at = float("-inf")

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return None if self._state is State.CLOSED else self._due_at

    def open(self, now: float) -> Sequence[Output]:
        """Ask."""
        self._attempts = 0
        return self._ask(now)

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the monitor says."""
        outputs = self._give_up_half_a_frame(now)
        self._heard_at = now
        for frame in self._decoder.feed(data):
            outputs += [frame] if isinstance(frame, Damage) else self._take(frame, now)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Ask again when nothing has come."""
        return self._ask(now) if self._state is not State.CLOSED and self._due_at <= now else []

    def close(self, _now: float) -> Sequence[Output]:
        """Ask the monitor to be silent again."""
        was, self._state = self._state, State.CLOSED
        if was is State.CLOSED:
            return []
        return [StopProcessed(), *([StopRawEeg()] if self._settings.raw_eeg else [])]

    def _ask(self, now: float) -> list[Output]:
        self._state = State.ASKED
        self._due_at = now + rest_s(self._attempts)
        self._attempts += 1
        asked: list[Request] = [StartProcessed(), *([StartRawEeg()] if self._settings.raw_eeg else [])]
        return list(asked)

    def _give_up_half_a_frame(self, now: float) -> list[Output]:
        """Else a false length would keep good frames back, and they would look younger than they are."""
        lost = self._decoder.pending
        if not lost or now - self._heard_at <= _PAUSE_S:
            return []
        self._decoder = Decoder()
        return [Damage("frame cut short by a pause", lost)]

    def _take(self, frame: Frame, now: float) -> list[Output]:
        match frame:
            case Processed():
                if self._state is not State.CLOSED:
                    self._state, self._attempts, self._due_at = State.LIVE, 0, now + _SILENT_S
                return [Report(readings(frame.trends))]
            case RawEeg():
                return list(_waves(frame))
            case Control() if frame.kind == NAK:
                return [Damage("NAK from the monitor", len(frame.encode()))]
            case _:
                return []


def rest_s(attempts: int) -> float:
    """Give how long to wait for data before asking again: doubling up to a minute."""
    return min(_LONGEST_REST_S, _FIRST_REST_S * (1 << min(attempts, 10)))


def readings(trends: Sequence[Trend]) -> list[Reading]:
    """Say the trend blocks in canonical words, each value beside its own block's signal quality."""
    return [
        reading(channel, getattr(trend, channel.field), source, 0 < trend.sqi <= FULL_QUALITY)
        for source, trend in zip(SOURCES, trends, strict=True)
        for channel in CHANNELS
    ]


@lru_cache(maxsize=16_384)
def reading(channel: Channel, steps: int, source: str, has_signal: bool) -> Reading:
    """Say one field. Without any signal quality a nought is none, and no other number is simply valid (our choice)."""
    value: float | None = steps / channel.divisor
    validity, reason = Validity.VALID, None
    if steps <= INVALID_UP_TO:
        value, validity, reason = None, Validity.ABSENT, Reason.NOT_AVAILABLE
    elif not 0 <= steps <= channel.most:
        value, validity, reason = None, Validity.INVALID, Reason.IMPLAUSIBLE
    elif not has_signal and steps == 0 and channel is not SQI:
        value, validity, reason = None, Validity.INVALID, Reason.LOW_SIGNAL
    elif not has_signal:
        validity, reason = Validity.QUESTIONABLE, Reason.LOW_SIGNAL
    return Reading(channel.metric, value, channel.unit, validity, reason, channel.name, str(steps), source)


def _waves(eeg: RawEeg) -> list[Waveform]:
    """Give blocks in the monitor's steps: what one is in µV is not documented."""
    return [
        Waveform(EEG, tuple(map(float, samples[at : at + _MOST_SAMPLES])), 1 / eeg.rate, f"eeg_{number}")
        for number, samples in enumerate(eeg.samples, start=1)
        for at in range(0, len(samples), _MOST_SAMPLES)
    ]
