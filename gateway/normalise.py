"""What a dialogue said, as messages: identity, two clocks, validity, and the events behind it.

The hot path builds JSON from pieces that are made once: the head of each device's messages, and each distinct reading
(a patient's values repeat), which the pydantic model validates and writes the first time it is seen.
"""

import hashlib
import json
import math
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Final

from drivers.api import Announcement, Code, Identity, Reading, Report, Waveform
from drivers.vocabulary import TERM_BY_CODE, TERM_BY_METRIC, TERMS, EventKind, Metric, Phase, Reason, Validity, units_of
from gateway import model
from gateway.clock import Clock, OffsetEstimator, iso, utc_seconds
from gateway.events import Happening, States, of_announcement, of_report
from gateway.outbox import Outbox, Stream

TEXT_LIMIT: Final = 4096  # characters; no device of any manual says more in one value
MESSAGE_LIMIT: Final = 256 * 1024  # bytes of observations in a message; brokers refuse some above a megabyte
END_OF_TIME: Final = 253_402_300_800.0  # UTC seconds of the year 10000
CACHE_LIMIT: Final = 16_384  # distinct readings kept as JSON, about 6 MB; beyond it the cache begins anew

# Outer plausible ranges, unit by unit: what lies outside is published, and marked. An engineering choice, not clinical.
PLAUSIBLE: Final[dict[tuple[Metric, str], tuple[float, float]]] = {
    **{(metric, "/min"): (20, 250) for metric in (Metric.HEART_RATE, Metric.PULSE_RATE, Metric.NIBP_PULSE_RATE)},
    (Metric.SPO2, "%"): (50, 100),
    **{
        (metric, "/min"): (0, 60)
        for metric in (Metric.RESPIRATION_RATE, Metric.RESPIRATION_RATE_CO2, Metric.RESPIRATION_RATE_IMPEDANCE)
    },
    (Metric.ETCO2, "mm[Hg]"): (0, 100),
    (Metric.ETCO2, "kPa"): (0, 13.3),
    (Metric.NIBP_SYSTOLIC, "mm[Hg]"): (40, 280),
    (Metric.NIBP_DIASTOLIC, "mm[Hg]"): (20, 200),
    (Metric.NIBP_MEAN, "mm[Hg]"): (30, 230),
    (Metric.TEMPERATURE, "Cel"): (25, 45),
    (Metric.TEMPERATURE, "[degF]"): (77, 113),
    (Metric.PERFUSION_INDEX, "%"): (0, 30),
    (Metric.PERFUSION_INDEX, "1"): (0, 30),
    (Metric.INFUSION_RATE, "mL/h"): (0, 1200),
    (Metric.DOSE_RATE, "mg/kg/h"): (0, 5),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device stands in the hospital, and who speaks for it."""

    root: str
    gateway: str
    site: str
    station: str
    device: str
    family: str
    simulated: bool  # the whole gateway is in test mode

    def topic(self, kind: str) -> str:
        """Give the topic of a kind of message."""
        return f"{self.root}/{self.site}/{self.station}/{self.device}/{kind}"

    def fields(self) -> dict[str, str]:
        """Give what stands in every message."""
        names = ("gateway", "site", "station", "device", "family")
        return {name: getattr(self, name) for name in names}


_WITH_VALUE: Final = (Validity.VALID, Validity.QUESTIONABLE)


def _mdc(reading: Reading, unit: str | None) -> Code | None:
    if reading.code is not None:
        return reading.code
    term = next(
        (t for t in TERMS if t.metric is reading.metric and unit in t.units), TERM_BY_METRIC.get(reading.metric)
    )
    return Code(term.code, term.refid) if term else None


def _loinc(reading: Reading, mdc: Code | None) -> str | None:
    term = TERM_BY_CODE.get(mdc.code) if mdc is not None and mdc.code is not None else None
    return term.loinc or None if term is not None and term.metric is reading.metric else None


def _judged(reading: Reading, unit: str | None) -> tuple[Validity, Reason | None]:
    if reading.validity in _WITH_VALUE:
        if reading.value is None:
            return Validity.ABSENT, reading.reason or Reason.NOT_AVAILABLE
        if isinstance(reading.value, float) and not math.isfinite(reading.value):
            return Validity.INVALID, Reason.NOT_A_NUMBER
        if isinstance(reading.value, str) and len(reading.value) > TEXT_LIMIT:
            return Validity.QUESTIONABLE, Reason.OVER_RANGE
    if reading.validity is Validity.VALID and isinstance(reading.value, int | float):
        limits = PLAUSIBLE.get((reading.metric, unit or ""))
        if limits is not None and not limits[0] <= reading.value <= limits[1]:
            return Validity.QUESTIONABLE, Reason.IMPLAUSIBLE
    return reading.validity, reading.reason


def observation_fields(reading: Reading) -> dict[str, object]:
    """Give an observation as the contract has it, without its own times."""
    units = units_of(reading.metric)
    unit = reading.unit if reading.unit is not None or len(units) != 1 else units[0]
    mdc = _mdc(reading, unit)
    validity, reason = _judged(reading, unit)
    value = reading.value if validity in _WITH_VALUE else None
    return {
        "metric": reading.metric,
        "value": _short(value) if isinstance(value, str) else value,
        "unit": _short(unit) if unit else None,
        "validity": validity,
        "reason": reason,
        "mdc": {"code": mdc.code, "refid": _short(mdc.refid)} if mdc else None,
        "loinc": _loinc(reading, mdc),
        "name": _short(reading.name),
        "raw": _short(reading.raw),
        "source": _short(reading.source),
    }


def _short(text: str) -> str:
    """Keep a message small and writable, whatever a device calls a text."""
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


_pieces: dict[Reading, bytes] = {}
_write_plain: Final = model.Observation.__pydantic_serializer__.to_json
_write_timed: Final = model.TimedObservation.__pydantic_serializer__.to_json
_write_event: Final = model.Happened.__pydantic_serializer__.to_json
_write_samples: Final = model.Samples.__pydantic_serializer__.to_json
_MESSAGE: Final = (
    b'%b%d,"id":"%b:%d","received_at":"%b","device_time":%b,"clock_offset_s":%b,"simulated":%b,%b,"historical":%b}'
)
_BOOL: Final = (b"false", b"true")


def _piece(reading: Reading) -> bytes:
    """Validate and write one reading without a time of its own."""
    if len(_pieces) >= CACHE_LIMIT:
        _pieces.clear()
    piece = _pieces[reading] = _write_plain(model.Observation.model_validate(observation_fields(reading)))
    return piece


def _timed_piece(reading: Reading, measured_at: str | None) -> bytes:
    assert reading.device_time is not None
    own = {"device_time": reading.device_time.isoformat(), "measured_at": measured_at}
    return _write_timed(model.TimedObservation.model_validate({**observation_fields(reading), **own}))


@dataclass(slots=True)
class Device:
    """One published device: its streams, its last states, its clock. Lives as long as the gateway."""

    place: Place
    key: str
    zone: tzinfo
    silent_after_s: float
    observations: Stream
    events: Stream
    states: States
    offset: OffsetEstimator
    memory_key: str
    measured_key: str  # under which measurements that are said again are known
    heads: dict[str, bytes]  # by topic: how its messages begin
    counters: Counter[str] = field(default_factory=Counter)
    identity: Identity = field(default_factory=Identity)  # all that was ever said of it
    said: Identity | None = None  # the last time
    last_at: float | None = None  # UTC: when a reading was last taken
    simulated: bool = False  # of the last report
    waves: dict[str, Stream] = field(default_factory=dict)
    refused: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # seq by kind, not yet on record


class Normaliser:
    """Makes messages for one link's devices and hands them to the outbox."""

    def __init__(self, outbox: Outbox, clock: Clock, once: Callable[[str, bytes], None]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._once = once

    def device(self, place: Place, key: str, zone: tzinfo, silent_after_s: float) -> Device:
        """Make a device, with what is remembered of it from before."""
        memory_key = f"{place.root}/{place.site}/{place.device}"
        states = States.from_json(self._outbox.recall(memory_key, "states"))
        offset = self._outbox.recall(memory_key, "offset")
        observations = self._outbox.stream(place.topic("observations"))
        events = self._outbox.stream(place.topic("events"))
        heads = {
            observations.topic: _head(place, "observations", observations),
            events.topic: _head(place, "event", events),
        }
        estimate = OffsetEstimator(float(offset) if offset else None)
        device = Device(
            place,
            key,
            zone,
            silent_after_s,
            observations,
            events,
            states,
            estimate,
            memory_key,
            f"{memory_key} measured",
            heads,
        )
        device.identity = Identity(**states.identity) if states.identity else Identity()
        device.last_at = device.observations.last_at
        return device

    # Reports

    def report(self, device: Device, report: Report, now: float) -> bool:
        """Take what a device said. False if it could not be taken: then it must not be acknowledged."""
        utc = self._clock.utc(now)
        if not self._outbox.is_taking:
            return self._refuse(device, device.observations)
        report = _bounded(report)
        if report.key and self._outbox.is_repeat(device.memory_key, report.key):
            device.counters["repeats"] += 1
            return True
        try:
            self._report(device, report, utc)
        except Exception:
            self._outbox.forget_repeat(device.memory_key, report.key)  # not taken: if it comes again, it is news
            raise
        return True

    def _report(self, device: Device, report: Report, utc: float) -> None:
        device.counters["reports"] += 1
        happened = self._clocks(device, report, utc)
        happened += of_report(device.states, report, device.last_at)
        device.simulated = report.simulated
        readings = self._news(device, report.readings)
        historical = report.late or self._clock.is_stalled()
        if readings:
            self._observations(device, report, readings, utc, historical)
        for happening in happened:
            self._event(device, happening, utc, report.device_time, report.simulated, historical)
        if not report.late:
            device.last_at = utc
        self._remember(device)

    def _refuse(self, device: Device, stream: Stream) -> bool:
        """The disk is so far behind that memory is full: leave a hole that the record can name."""
        stream.seq += 1
        self._outbox.dropped["disk"] += 1
        device.counters["lost: disk"] += 1
        runs = device.refused.setdefault(stream.topic.rsplit("/", 1)[-1], [])
        if runs and runs[-1][1] == stream.seq - 1:
            runs[-1] = (runs[-1][0], stream.seq)
        else:
            runs.append((stream.seq, stream.seq))
        return False

    def own_up(self, device: Device, now: float) -> None:
        """Once there is room again, put on record what was refused."""
        if device.refused and self._outbox.has_room:
            refused, device.refused = device.refused, {}
            for kind, runs in refused.items():
                for first, last in runs:
                    self.lost(device, kind, first, last, "the gateway's disk was full or too slow", now)

    def _clocks(self, device: Device, report: Report, utc: float) -> list[Happening]:
        if report.device_time is None or report.late:
            return []
        before = device.offset.offset
        said = utc_seconds(report.device_time, device.zone, utc + (before or 0.0))
        if said is None:
            return []
        jump = device.offset.take(said, utc)
        self._remember_offset(device)
        if jump is None:
            return []
        return [
            Happening(
                EventKind.CLOCK_JUMPED, from_=round(jump.before, 3), to=round(jump.after, 3),
                text="the device's clock was set; offsets in seconds, device minus gateway",
            )
        ]  # fmt: skip

    def _remember_offset(self, device: Device) -> None:
        """A restart must not take a drift, or a step of ours, for a device clock that was set."""
        kept = self._outbox.recall(device.memory_key, "offset")
        offset = device.offset.offset
        if offset is not None and (kept is None or abs(float(kept) - offset) > 1.0):
            self._outbox.remember(device.memory_key, "offset", repr(offset))

    def _news(self, device: Device, readings: Sequence[Reading]) -> Sequence[Reading]:
        """Leave out what was measured once, and said again."""
        for reading in readings:
            if reading.device_time is not None:
                break
        else:
            return readings
        return [
            reading
            for reading in readings
            if reading.device_time is None or not self._outbox.is_repeat(device.measured_key, _once_key(reading))
        ]

    def _observations(
        self, device: Device, report: Report, readings: Sequence[Reading], utc: float, historical: bool
    ) -> None:
        pieces = _pieces
        written = [
            (pieces.get(reading) or _piece(reading))
            if reading.device_time is None
            else _timed_piece(reading, self._measured_at(device, reading, utc))
            for reading in readings
        ]
        stream = device.observations
        for body in _bodies(written):
            payload = self._message(device, stream, body, utc, report.device_time, report.simulated, historical)
            self._outbox.put(stream, stream.seq, utc, payload)

    def _measured_at(self, device: Device, reading: Reading, utc: float) -> str | None:
        """Give a measurement's moment by our clock; unknown while the device's clock may just have been set."""
        offset = device.offset.offset
        if offset is None or not device.offset.is_sure or reading.device_time is None:
            return None
        said = utc_seconds(reading.device_time, device.zone, utc + offset)
        if said is None or not 0 <= said - offset < END_OF_TIME:
            return None
        return iso(said - offset)

    def _message(
        self,
        device: Device,
        stream: Stream,
        body: bytes,
        utc: float,
        device_time: datetime | None,
        simulated: bool,
        historical: bool,
    ) -> bytes:
        """Put the next message of a stream together."""
        stream.seq += 1
        offset = device.offset.offset
        return _MESSAGE % (
            device.heads[stream.topic],
            stream.seq,
            stream.name.encode(),
            stream.seq,
            iso(utc).encode(),
            b"null" if device_time is None else b'"%b"' % device_time.isoformat().encode(),
            b"null" if offset is None else b"%.3f" % offset,
            _BOOL[simulated or device.place.simulated],
            body,
            _BOOL[historical],
        )

    def _remember(self, device: Device) -> None:
        if device.states.moved:
            self._outbox.remember(device.memory_key, "states", device.states.to_json())

    # Events

    def announcement(self, device: Device, said: Announcement, now: float) -> bool:
        """Take an event that the device announced."""
        utc = self._clock.utc(now)
        if not self._outbox.is_taking:
            return self._refuse(device, device.events)
        if said.key and self._outbox.is_repeat(device.memory_key, said.key):
            device.counters["repeats"] += 1
            return True
        device.counters["announcements"] += 1
        try:
            for happening in of_announcement(device.states, said):
                self._event(device, happening, utc, said.device_time, said.simulated, self._clock.is_stalled())
        except Exception:
            self._outbox.forget_repeat(device.memory_key, said.key)
            raise
        self._remember(device)
        return True

    def identity(self, device: Device, said: Identity, now: float) -> bool:
        """Take who a device says it is; True if that is new. A different serial number is an event."""
        if said == device.said:
            return False
        device.said = said
        known = asdict(device.identity)
        merged = {name: _short(value) or known[name] for name, value in asdict(said).items()}
        merged["device"] = ""
        if merged == known:
            return False
        changed = [name for name in ("serial", "model") if known[name] and known[name] != merged[name]]
        device.identity = Identity(**merged)
        device.states.identity = merged
        device.states.moved = True
        for name in changed:
            happening = Happening(EventKind.IDENTITY_CHANGED, from_=known[name], to=merged[name], text=name)
            self._event(device, happening, self._clock.utc(now), None, device.simulated, False)
        self._remember(device)
        return True

    def gap(self, device: Device, phase: Phase, began: float, now: float, cause: str) -> None:
        """Put a gap on record: from when nothing was heard, and until when. Both UTC seconds."""
        happening = Happening(
            EventKind.DATA_GAP, phase, from_=iso(began), to=iso(now) if phase is Phase.END else None, text=cause
        )
        self._event(device, happening, now, None, device.simulated, False)

    def lost(self, device: Device, kind: str, first_seq: int, last_seq: int, cause: str, now: float) -> None:
        """Put on record which `observations` or `events` of a device were given up."""
        happening = Happening(EventKind.DATA_GAP, from_=first_seq, to=last_seq, text=f"lost seq of {kind}: {cause}")
        self._event(device, happening, now, None, device.simulated, False)

    def clock_step(self, device: Device, step_s: float, now: float) -> None:
        """Put on record that the gateway's own clock was set (s)."""
        device.offset.shift(step_s)
        self._remember_offset(device)
        happening = Happening(
            EventKind.CLOCK_JUMPED, to=round(step_s, 3), text="the gateway's clock was set, by seconds"
        )
        self._event(device, happening, now, None, device.simulated, False)

    def _event(
        self,
        device: Device,
        happening: Happening,
        utc: float,
        device_time: datetime | None,
        simulated: bool,
        historical: bool,
    ) -> None:
        said = asdict(happening)
        said["from"] = said.pop("from_")
        said["not_before"] = None if happening.not_before is None else iso(happening.not_before)
        said["mdc"] = happening.mdc._asdict() if happening.mdc else None
        said = {name: _short(text) if isinstance(text, str) else text for name, text in said.items()}
        if happening.mdc:
            said["mdc"] = {"code": happening.mdc.code, "refid": _short(happening.mdc.refid)}
        body = _write_event(model.Happened.model_validate(said), by_alias=True)[1:-1]
        device.counters["events"] += 1
        stream = device.events
        payload = self._message(device, stream, body, utc, device_time, simulated, historical)
        self._outbox.put(stream, stream.seq, utc, payload)

    # Waveforms

    def waveform(self, device: Device, wave: Waveform, now: float) -> None:
        """Publish a block of samples at once; it is neither stored nor repeated."""
        stream = device.waves.get(wave.name)
        if stream is None:
            topic = device.place.topic(f"waveforms/{wave.name}")
            stream = device.waves[wave.name] = Stream(0, topic, secrets.token_hex(8), 0, None)
            device.heads[topic] = _head(device.place, "waveform", stream)
        units = units_of(wave.metric)
        unit = wave.unit if wave.unit is not None or len(units) != 1 else units[0]
        said = {"metric": wave.metric, "name": wave.name, "unit": unit, "period_s": wave.period_s}
        samples = model.Samples.model_validate({**said, "samples": list(wave.samples), "validity": wave.validity})
        body, utc = _write_samples(samples)[1:-1], self._clock.utc(now)
        device.counters["waveforms"] += 1
        payload = self._message(device, stream, body, utc, wave.device_time, wave.simulated, self._clock.is_stalled())
        self._once(stream.topic, payload)


def _bounded(report: Report) -> Report:
    """Shorten what states would keep."""
    if not report.alarms and not any(len(r.source) > TEXT_LIMIT for r in report.readings):
        return report
    alarms = tuple(
        a._replace(text=_short(a.text), source=_short(a.source), raw=_short(a.raw)) for a in report.alarms or ()
    )
    readings = [r._replace(source=_short(r.source)) for r in report.readings]
    return replace(report, alarms=alarms if report.alarms is not None else None, readings=readings)


def _bodies(written: list[bytes]) -> Iterable[bytes]:
    """Join observations to as many messages as brokers will take."""
    size = sum(map(len, written))
    if size <= MESSAGE_LIMIT:
        return (b'"observations":[%b]' % b",".join(written),)
    groups: list[list[bytes]] = [[]]
    room = MESSAGE_LIMIT
    for piece in written:
        if groups[-1] and len(piece) > room:
            groups.append([])
            room = MESSAGE_LIMIT
        groups[-1].append(piece)
        room -= len(piece)
    return [b'"observations":[%b]' % b",".join(group) for group in groups]


def _head(place: Place, kind: str, stream: Stream) -> bytes:
    """Write what all messages of a stream begin with."""
    said = {"schema": f"onlooker.{kind}/1", **place.fields(), "stream": stream.name}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))[:-1].encode() + b',"seq":'


def _once_key(reading: Reading) -> str:
    """Tell one measurement from another: source, metric, own time and value."""
    assert reading.device_time is not None
    said = f"{reading.source}|{reading.metric}|{reading.device_time.isoformat()}|{reading.value}|{reading.validity}"
    return hashlib.blake2s(said.encode("utf-8", "replace"), digest_size=12).hexdigest()


SEGMENT_LIMIT: Final = 128
_SEGMENT: Final = re.compile(r"[^A-Za-z0-9-]")


def _hex(odd: re.Match[str]) -> str:
    """Write a character so that no two keys become one name."""
    return "".join(f"_{byte:02x}" for byte in odd.group().encode("utf-8", "replace"))


def segment(text: str) -> str:
    """Make a topic segment of a device's key; odd characters as `_` and hex, and what is too long as a digest of it."""
    plain = _SEGMENT.sub(_hex, text)
    if len(plain) <= SEGMENT_LIMIT:
        return plain
    digest = hashlib.blake2s(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{plain[:SEGMENT_LIMIT]}-{digest}"


def lost_ranges(messages: Iterable[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Fold (topic, seq) into runs of seq for each topic."""
    runs: list[tuple[str, int, int]] = []
    for topic, seq in sorted(messages):
        if runs and runs[-1][0] == topic and runs[-1][2] == seq - 1:
            runs[-1] = (topic, runs[-1][1], seq)
        else:
            runs.append((topic, seq, seq))
    return runs
