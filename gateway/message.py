"""Messages: what is to be said, with identity and times, numbered and handed to the outbox.

The hot path joins pieces that are made once: the head of each device's messages, and each distinct reading.
"""

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Final, NamedTuple

from gateway import model
from gateway.bounds import short
from gateway.clock import iso
from gateway.device import Device
from gateway.outbox import Outbox
from gateway.states import Happening
from gateway.store import Stream

EXPIRES_S: Final = 90.0  # of a status
_write_event: Final = model.Happened.__pydantic_serializer__.to_json
_MESSAGE: Final = (
    b'%b%d,"id":"%b:%d","received_at":"%b","device_time":%b,"clock_offset_s":%b,"simulated":%b,%b,"historical":%b}'
)
_BOOL: Final = (b"false", b"true")


class Moment(NamedTuple):
    """When something was said, and how it counts."""

    utc: float  # seconds
    device_time: datetime | None = None
    simulated: bool = False
    historical: bool = False


class Messages:
    """Numbers messages and hands them to the outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def compose(self, device: Device, stream: Stream, body: bytes, moment: Moment) -> bytes:
        """Put the next message of a stream together."""
        stream.seq += 1
        offset = device.offset.offset
        utc, device_time, simulated, historical = moment
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

    def heard(self, device: Device, utc: float, *, is_written: bool = False) -> None:
        """Keep when a device last said something fresh: with its observations, if there are to be any."""
        device.observations.last_at = utc
        if not is_written:
            self._outbox.stands(device.observations)

    def observations(self, device: Device, body: bytes, moment: Moment) -> None:
        """Take what a device said at one moment."""
        self._put(device, device.observations, body, moment)

    def event(self, device: Device, body: bytes, moment: Moment) -> None:
        """Take an event."""
        device.counters["events"] += 1
        self._put(device, device.events, body, moment)

    def _put(self, device: Device, stream: Stream, body: bytes, moment: Moment) -> None:
        payload = self.compose(device, stream, body, moment)
        self._outbox.put(stream, stream.seq, moment.utc, payload)

    def refuse(self, device: Device, stream: Stream) -> None:
        """The disk is so far behind that memory is full: leave a hole that the record can name."""
        stream.seq += 1
        self._outbox.dropped["disk"] += 1
        device.counters["lost: disk"] += 1
        runs = device.refused.setdefault(stream.topic.rsplit("/", 1)[-1], [])
        if runs and runs[-1][1] == stream.seq - 1:
            runs[-1] = (runs[-1][0], stream.seq)
        else:
            runs.append((stream.seq, stream.seq))


def event_body(happening: Happening) -> bytes:
    """Validate and write what has happened. Raises ValueError if that is none of the contract's events."""
    said = {
        "event": happening.event,
        "phase": happening.phase,
        "origin": happening.origin,
        "not_before": None if happening.not_before is None else iso(happening.not_before),
        "from": _plain(happening.from_),
        "to": _plain(happening.to),
        "code": happening.code,
        "priority": happening.priority,
        "mdc": {"code": happening.mdc.code, "refid": short(happening.mdc.refid)} if happening.mdc else None,
        "text": short(happening.text),
        "source": short(happening.source),
        "raw": short(happening.raw),
    }
    return _write_event(model.Happened.model_validate(said), by_alias=True)[1:-1]


def _plain(value: float | int | str | None) -> float | int | str | None:
    return short(value) if isinstance(value, str) else value


def status(device: Device, state: str, since: float, now: float, counters: Counter[str]) -> bytes:
    """Write a device's status: who it is, whether it delivers, and for how long that holds. Times are UTC seconds."""
    identity = asdict(device.identity)
    del identity["device"]
    said = {
        "schema": "onlooker.status/1",
        **device.place.fields(),
        "state": state,
        "since": iso(since),
        "sent_at": iso(now),
        "expires_at": iso(now + EXPIRES_S),
        "last_data_at": None if device.last_at is None else iso(device.last_at),
        "clock_offset_s": None if device.offset.offset is None else round(device.offset.offset, 3),
        "simulated": device.place.simulated,
        "identity": identity,
        "counters": dict(device.counters + counters),
    }
    return model.Status.model_validate(said).model_dump_json(by_alias=True).encode()
