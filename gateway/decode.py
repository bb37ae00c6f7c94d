"""A recording, or raw bytes, as observations: no port, no broker, the same dialogue and the same words as live."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo

from drivers import capture
from drivers.api import (
    Announcement,
    Damage,
    Departed,
    Dialogue,
    Family,
    Identity,
    Output,
    Port,
    Reading,
    Report,
    Waveform,
)
from drivers.vocabulary import EventKind
from gateway.clock import END_OF_TIME, OffsetEstimator, iso, utc_seconds
from gateway.config import family_settings
from gateway.device import meet
from gateway.events import of_announcement, of_report
from gateway.observation import observation_fields
from gateway.states import Happening, States

SETTLE_S = 10.0  # after the end all happens in its order: what waits for the rest of a frame, or for company, is told
FLUSH_S = 3600.0  # past every time-out of a dialogue: what was cut off at the end of the file becomes damage


def decode(
    family: Family,
    data: bytes,
    settings: Mapping[str, str],
    write: Callable[[str], None],
    warn: Callable[[str], None],
    timezone: tzinfo,
) -> int:
    """Write JSON lines, then warn of damage by cause. Gives 0, or 1 if there was damage or nothing at all."""
    reader = _Reader(family, timezone, write)
    for port, conversation in _conversations(data, family):
        reader.read(family.dialogue(family_settings(family, settings), port), conversation)
    for reason, count in sorted(reader.damage.items()):
        warn(f"damage: {reason}: {count} ({reader.damaged_bytes[reason]} bytes)")
    if not reader.lines and not reader.damage:
        warn(f"nothing was found to publish{reader.what_else}")
    return 0 if (reader.lines or reader.waveforms) and not reader.damage else 1


def _conversations(data: bytes, family: Family) -> Iterator[tuple[Port, list[tuple[float | None, bytes]]]]:
    """Give each connection's port and bytes, with the time (UTC) at which they came, where that is known."""
    if not capture.is_capture(data):
        yield Port("file", "file"), [(None, family.from_file(data))]
        return
    header, pieces = capture.read(data.decode("utf-8", "replace").splitlines(keepends=True))
    started = datetime.fromisoformat(header.started).timestamp()
    by_connection: dict[int, list[tuple[float | None, bytes]]] = {}
    for piece in pieces:
        if piece.dir == "rx":
            by_connection.setdefault(piece.conn, []).append((started + piece.t, piece.data))
    port = Port("file", "datagrams" if header.port.startswith("udp:") else "stream")
    yield from ((port, said) for said in by_connection.values())


WAKES_LIMIT = 10_000  # between two pieces of a recording: a day of an impatient dialogue


def _woken(dialogue: Dialogue, until: float) -> Iterator[tuple[float, Sequence[Output]]]:
    """Wake it whenever it wants to be, with the time."""
    for _ in range(WAKES_LIMIT):
        if (at := dialogue.wake_at) is None or at >= until:
            return
        yield at, dialogue.tick(at)


class _Reader:
    """Takes a conversation's outputs and writes them."""

    def __init__(self, family: Family, zone: tzinfo, write: Callable[[str], None]) -> None:
        self._family = family
        self._zone = zone
        self._write = write
        self._states: dict[str, States] = {}
        self._offsets: dict[str, OffsetEstimator] = {}
        self._identities: dict[str, Identity] = {}
        self.lines = 0
        self.waveforms = 0
        self.damage: Counter[str] = Counter()
        self.damaged_bytes: Counter[str] = Counter()

    @property
    def what_else(self) -> str:
        """Say what a file without anything to publish holds."""
        return f", but {self.waveforms} blocks of waveforms" if self.waveforms else ": is it the right family?"

    def read(self, dialogue: Dialogue, pieces: list[tuple[float | None, bytes]]) -> None:
        """Let a dialogue hear all of it."""
        dialogue.open(pieces[0][0] or 0.0)
        for at, data in pieces:
            if at is not None:  # let it be woken as it would have been live
                for due, outputs in _woken(dialogue, at):
                    self._take_all(outputs, due)
            self._take_all(dialogue.receive(data, at or 0.0), at)
        end = pieces[-1][0] or 0.0
        rest = [output for _, outputs in _woken(dialogue, end + SETTLE_S) for output in outputs]
        rest += dialogue.tick(end + FLUSH_S)
        # Nobody has left: the file has ended.
        self._take_all([output for output in rest if not isinstance(output, Departed)], None)

    def _take_all(self, outputs: Iterable[Output], at: float | None) -> None:
        for output in outputs:
            self._take(output, at)

    def _take(self, output: Output, at: float | None) -> None:
        match output:
            case Report():
                self._report(output, at)
            case Announcement():
                states = self._states.setdefault(output.device, States())
                for happening in of_announcement(states, output, at):
                    self._event(happening, output.device, output.device_time, output.simulated)
            case Identity():
                self._identity(output)
            case Departed():
                self._line({"device": output.device, "departed": output.reason})
            case Waveform():
                self.waveforms += 1
            case Damage():
                self.damage[output.reason] += 1
                self.damaged_bytes[output.reason] += output.size

    def _identity(self, said: Identity) -> None:
        self._line({**asdict(said), "identity": True})
        known = self._identities.get(said.device, Identity())
        self._identities[said.device], changed, is_another = meet(known, said)
        if is_another:
            self._states.pop(said.device, None)
            self._offsets.pop(said.device, None)
        for name in changed:
            before, after = getattr(known, name), getattr(said, name)
            happening = Happening(EventKind.IDENTITY_CHANGED, from_=before, to=after, text=name)
            self._event(happening, said.device, None, False)

    def _report(self, report: Report, at: float | None) -> None:
        offsets = self._offsets.setdefault(report.device, OffsetEstimator())
        if at is not None and report.device_time is not None and not report.late:
            said_at = utc_seconds(report.device_time, self._zone, at + (offsets.offset or 0.0))
            if said_at is not None:
                offsets.take(said_at, at)
        for reading in report.readings:
            said = reading.device_time or report.device_time
            self._line(
                {
                    "device": report.device,
                    **observation_fields(reading),
                    "device_time": said.isoformat() if said else None,
                    "measured_at": self._measured_at(reading, offsets.offset),
                    "simulated": report.simulated,
                }
            )
        if report.late:
            return
        states = self._states.setdefault(report.device, States())
        for happening in of_report(states, report, at):
            self._event(happening, report.device, report.device_time, report.simulated)

    def _measured_at(self, reading: Reading, offset: float | None) -> str | None:
        if reading.device_time is None or offset is None:
            return None
        said = utc_seconds(reading.device_time, self._zone)
        return None if said is None or not 0 <= said - offset < END_OF_TIME else iso(said - offset)

    def _event(self, happening: Happening, device: str, device_time: datetime | None, simulated: bool) -> None:
        said = asdict(happening)
        said["from"] = said.pop("from_")
        said["not_before"] = None if happening.not_before is None else iso(happening.not_before)
        said["mdc"] = happening.mdc._asdict() if happening.mdc else None
        times = {"device_time": device_time.isoformat() if device_time else None, "simulated": simulated}
        self._line({"device": device, **said, **times})

    def _line(self, fields: dict[str, object]) -> None:
        self.lines += 1
        self._write(json.dumps(fields, ensure_ascii=False))
