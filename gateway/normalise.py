"""What a dialogue said, as messages: identity, two clocks, validity, and the events behind it.

Whatever can fail comes before anything is kept: what could not be taken is news when it is said again.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, tzinfo
from typing import Final

from drivers.api import Announcement, Identity, Reading, Report, Waveform
from drivers.vocabulary import EventKind, Phase, units_of
from gateway import model
from gateway.bounds import bounded, bounded_identity, channel, short
from gateway.clock import END_OF_TIME, Clock, OffsetEstimator, iso, utc_seconds
from gateway.device import Device, Place, head, meet, memory_key
from gateway.events import of_announcement, of_report
from gateway.message import Messages, Moment, event_body
from gateway.observation import WITH_VALUE, bodies, once_key, plain_piece, timed_piece
from gateway.outbox import Outbox
from gateway.states import Happening, States
from gateway.store import Stream

_write_samples: Final = model.Samples.__pydantic_serializer__.to_json


class Normaliser:
    """Makes messages for one link's devices and hands them to the outbox."""

    def __init__(self, outbox: Outbox, clock: Clock, once: Callable[[str, bytes], None]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._once = once
        self._messages = Messages(outbox)

    def device(self, place: Place, key: str, zone: tzinfo, silent_after_s: float) -> Device:
        """Make a device, with what is remembered of it from before."""
        remembered = memory_key(place)
        offset = self._outbox.recall(remembered, "offset")
        return Device(
            place,
            key,
            zone,
            silent_after_s,
            self._outbox.stream(place.topic("observations")),
            self._outbox.stream(place.topic("events")),
            States.from_json(self._outbox.recall(remembered, "states")),
            OffsetEstimator(float(offset) if offset else None),
        )

    # What a device says

    def report(self, device: Device, report: Report, now: float) -> bool:
        """Take what a device said. False if it could not be taken: then it must not be acknowledged."""
        if not self._outbox.is_taking:
            self._messages.refuse(device, device.observations)
            return False
        if self._is_repeat(device, report.key):
            return True
        try:
            self._report(device, bounded(report, device.counters), self._clock.utc(now))
        except Exception:
            self._take_back(device)
            raise
        self._remember(device)
        return True

    def announcement(self, device: Device, said: Announcement, now: float) -> bool:
        """Take an event that the device announced. False if it could not be taken."""
        if not self._outbox.is_taking:
            self._messages.refuse(device, device.events)
            return False
        if self._is_repeat(device, said.key):
            return True
        try:
            self._announcement(device, said, self._clock.utc(now))
        except Exception:
            self._take_back(device)
            raise
        self._remember(device)
        return True

    def _is_repeat(self, device: Device, key: str) -> bool:
        if not key or not self._outbox.knows(device.memory_key, key):
            return False
        device.counters["repeats"] += 1
        return True

    def _take_back(self, device: Device) -> None:
        """What moved the states could not be taken: they stand where the record says."""
        device.states = States.from_json(self._outbox.recall(device.memory_key, "states"))

    def _remember(self, device: Device) -> None:
        if device.states.moved:
            self._outbox.remember(device.memory_key, "states", device.states.to_json())

    def _report(self, device: Device, report: Report, utc: float) -> None:
        device.counters["reports"] += 1
        is_stalled = self._clock.is_stalled()
        happened = [] if report.late or is_stalled else self._clocks(device, report.device_time, utc)
        readings, measured = self._news(device, report.readings)
        observed = self._observed(device, readings, utc)
        if not report.late:
            happened += of_report(device.states, report, utc)
            device.simulated = report.simulated
        events = [event_body(happening) for happening in happened]

        moment = Moment(utc, report.device_time, report.simulated, report.late or is_stalled)
        if not report.late:
            self._messages.heard(device, utc, is_written=bool(observed))
        for body in observed:
            self._messages.observations(device, body, moment)
        for body in events:
            self._messages.event(device, body, moment)
        for key in measured:
            self._outbox.learn(device.measured_key, key)
        if report.key:
            self._outbox.learn(device.memory_key, report.key)

    def _announcement(self, device: Device, said: Announcement, utc: float) -> None:
        device.counters["announcements"] += 1
        said = replace(said, text=short(said.text), source=channel(said.source), raw=short(said.raw))
        events = [event_body(happening) for happening in of_announcement(device.states, said, utc)]
        if not said.late:
            self._messages.heard(device, utc)
        moment = Moment(utc, said.device_time, said.simulated, said.late or self._clock.is_stalled())
        for body in events:
            self._messages.event(device, body, moment)
        if said.key:
            self._outbox.learn(device.memory_key, said.key)

    def own_up(self, device: Device, now: float) -> None:
        """Once there is room again, put on record what was refused."""
        if device.refused and self._outbox.has_room:
            refused, device.refused = device.refused, {}
            for kind, runs in refused.items():
                for first, last in runs:
                    self.lost(device, kind, first, last, "the gateway's disk was full or too slow", now)

    # Clocks

    def _clocks(self, device: Device, device_time: datetime | None, utc: float) -> list[Happening]:
        """Compare the clocks. What is late, or waited for us, says nothing of the device's."""
        if device_time is None:
            return []
        before = device.offset.offset
        said = utc_seconds(device_time, device.zone, utc + (before or 0.0))
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
        kept, offset = device.kept_offset, device.offset.offset
        if offset is not None and (kept is None or abs(kept - offset) > 1.0):
            device.kept_offset = offset
            self._outbox.remember(device.memory_key, "offset", repr(offset))

    def _measured_at(self, device: Device, reading: Reading, utc: float) -> str | None:
        """Give a measurement's moment by our clock; unknown while the device's clock may just have been set."""
        offset = device.offset.offset
        if offset is None or not device.offset.is_sure or reading.device_time is None:
            return None
        said = utc_seconds(reading.device_time, device.zone, utc + offset)
        if said is None or not 0 <= said - offset < END_OF_TIME:
            return None
        return iso(said - offset)

    # Observations

    def _news(self, device: Device, readings: Sequence[Reading]) -> tuple[Sequence[Reading], Iterable[str]]:
        """Leave out what was measured once, and said again; gives the rest, and by which keys it is known again."""
        for reading in readings:
            if reading.device_time is not None:
                break
        else:
            return readings, ()
        news: list[Reading] = []
        keys: dict[str, None] = {}
        for reading in readings:
            if reading.device_time is not None:
                key = once_key(reading)
                if key in keys or self._outbox.knows(device.measured_key, key):
                    continue
                keys[key] = None
            news.append(reading)
        return news, keys

    def _observed(self, device: Device, readings: Sequence[Reading], utc: float) -> Sequence[bytes]:
        if not readings:
            return ()
        return bodies(
            [
                plain_piece(reading)
                if reading.device_time is None
                else timed_piece(reading, self._measured_at(device, reading, utc))
                for reading in readings
            ]
        )

    # What we notice ourselves

    def _notice(self, device: Device, happening: Happening, utc: float) -> None:
        self._messages.event(device, event_body(happening), Moment(utc, simulated=device.simulated))

    def identity(self, device: Device, said: Identity, now: float) -> bool:
        """Take who a device says it is; True if that is new. Another device begins anew, and is an event."""
        if said == device.said:
            return False
        device.said = said
        known = device.identity
        identity, changed, is_another = meet(known, bounded_identity(said))
        if identity == known:
            return False
        if is_another:
            self._begin_anew(device)
        device.identity, device.states.identity, device.states.moved = identity, asdict(identity), True
        for name in changed:
            before, after = getattr(known, name), getattr(identity, name)
            happening = Happening(EventKind.IDENTITY_CHANGED, from_=before, to=after, text=name)
            self._notice(device, happening, self._clock.utc(now))
        self._remember(device)
        return True

    def _begin_anew(self, device: Device) -> None:
        """Nothing is compared with what another device said: neither states nor clocks."""
        device.states = States()
        device.offset = OffsetEstimator()
        device.kept_offset = None
        self._outbox.remember(device.memory_key, "offset", "")

    def gap(self, device: Device, phase: Phase, began: float, now: float, cause: str) -> None:
        """Put a gap on record: from when nothing was heard, and until when. Both UTC seconds."""
        happening = Happening(
            EventKind.DATA_GAP, phase, from_=iso(began), to=iso(now) if phase is Phase.END else None, text=cause
        )
        self._notice(device, happening, now)

    def lost(self, device: Device, kind: str, first_seq: int, last_seq: int, cause: str, now: float) -> None:
        """Put on record which `observations` or `events` of a device were given up."""
        happening = Happening(EventKind.DATA_GAP, from_=first_seq, to=last_seq, text=f"lost seq of {kind}: {cause}")
        self._notice(device, happening, now)

    def clock_step(self, device: Device, step_s: float, now: float) -> None:
        """Put on record that the gateway's own clock was set (s)."""
        device.offset.shift(step_s)
        device.states.date_anew(lambda at: self._clock.dated_anew(at, step_s))
        if device.last_at is not None:
            self._messages.heard(device, self._clock.dated_anew(device.last_at, step_s))
        self._remember_offset(device)
        self._remember(device)
        happening = Happening(
            EventKind.CLOCK_JUMPED, to=round(step_s, 3), text="the gateway's clock was set, by seconds"
        )
        self._notice(device, happening, now)

    # Waveforms

    def waveform(self, device: Device, wave: Waveform, now: float) -> None:
        """Publish a block of samples at once; it is neither stored nor repeated."""
        stream = device.waves.get(wave.name)
        if stream is None:
            topic = device.place.topic(f"waveforms/{wave.name}")
            stream = device.waves[wave.name] = Stream(0, topic, secrets.token_hex(8), 0, None)
            device.heads[topic] = head(device.place, "waveform", stream)
        units = units_of(wave.metric)
        unit = wave.unit if wave.unit is not None or len(units) != 1 else units[0]
        values = wave.samples if wave.validity in WITH_VALUE else [None] * len(wave.samples)
        said = {"metric": wave.metric, "name": wave.name, "unit": unit or None, "period_s": wave.period_s}
        samples = model.Samples.model_validate({**said, "samples": list(values), "validity": wave.validity})
        body, utc = _write_samples(samples)[1:-1], self._clock.utc(now)
        device.counters["waveforms"] += 1
        moment = Moment(utc, wave.device_time, wave.simulated, self._clock.is_stalled())
        self._once(stream.topic, self._messages.compose(device, stream, body, moment))
