"""Listens to a Nellcor oximeter. Each data line is a report; nothing is remembered but the model."""

from collections.abc import Sequence
from functools import lru_cache

from drivers.api import Alarm, Damage, Identity, NoSettings, Output, Port, Reading, Report
from drivers.nellcor.channels import (
    BELLS,
    BPM,
    CHANNELS,
    FAULTS,
    HEALTHY,
    KNOWN,
    PA,
    SPO2,
    STARS,
    UNNAMED,
    Bell,
    Fault,
)
from drivers.nellcor.codec import Decoder, Frame, Model, TextLine, number
from drivers.vocabulary import Metric, Reason, Validity


class NellcorDialogue:
    """One oximeter on one line. It has nothing to say."""

    wake_at: None = None

    def __init__(self, _settings: NoSettings, _port: Port) -> None:
        self._decoder = Decoder()
        self._model: Model | None = None

    def open(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def receive(self, data: bytes, _now: float) -> Sequence[Output]:
        """Take any split of what the device says."""
        outputs: list[Output] = []
        for frame in self._decoder.feed(data):
            outputs += [frame] if isinstance(frame, Damage) else self._take(frame)
        return outputs

    def tick(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def _take(self, frame: Frame) -> list[Output]:
        match frame:
            case TextLine():
                return [report(frame)]
            case Model() if frame != self._model:
                self._model = frame
                return [Identity("", "Nellcor", frame.model, firmware=frame.version, dialect="ASCII")]
            case _:
                return []


def report(line: TextLine) -> Report:
    """Say one line in canonical words."""
    values = {SPO2: line.spo2, BPM: line.bpm, PA: line.pa}
    readings = [reading(name, text, line.codes) for name, text in values.items()]
    readings += [unknown(code) for code in line.codes if code not in KNOWN]
    stars = tuple(name for name, text in values.items() if text.endswith("*"))
    return Report(readings, device_time=line.clock, alarms=alarms(line.codes, stars))


@lru_cache(maxsize=8_192)
def reading(name: str, text: str, codes: tuple[str, ...]) -> Reading:
    """Say one value in the light of the codes that stand beside it."""
    channel, fault, value = CHANNELS[name], _fault(codes), number(text)
    if value is None:
        return Reading(channel.metric, None, None, Validity.ABSENT, fault.reason, name, text)
    if fault.validity is Validity.INVALID:
        return Reading(channel.metric, None, None, Validity.INVALID, fault.reason, name, text)
    if value == 0 and not channel.can_be_zero:  # an N-560 says noughts while it searches a pulse
        return Reading(channel.metric, None, None, Validity.INVALID, Reason.IMPLAUSIBLE, name, text)
    if fault is not HEALTHY:
        return Reading(channel.metric, value, None, Validity.QUESTIONABLE, fault.reason, name, text)
    return Reading(channel.metric, value, name=name, raw=text)


@lru_cache(maxsize=128)
def unknown(code: str) -> Reading:
    """Pass on a code that nobody has explained."""
    return Reading(Metric.UNMAPPED, code, name="Status", raw=code)


@lru_cache(maxsize=1_024)
def alarms(codes: tuple[str, ...], stars: tuple[str, ...]) -> tuple[Alarm, ...]:
    """List what the codes show, and limits that only a star shows."""
    ringing = [_alarm(BELLS[code], code) for code in codes if code in BELLS]
    for name in stars:
        bell, named = STARS.get(name, (None, frozenset[str]()))
        if bell and not named & set(codes):
            ringing.append(_alarm(bell, "*"))
    return tuple(ringing)


def _fault(codes: tuple[str, ...]) -> Fault:
    worst = next((fault for fault in FAULTS if fault.code in codes), HEALTHY)
    return UNNAMED if worst is HEALTHY and not KNOWN.issuperset(codes) else worst


def _alarm(bell: Bell, raw: str) -> Alarm:
    return Alarm(bell.code, bell.text, source=bell.source, raw=raw)
