"""A dialogue and a simulated device over a faulty cable that may be pulled, in virtual time: what is said, and when."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final

from drivers.api import Damage, Dialogue, Family, Output, Port, Reading, Report, Request
from simulators.api import Device
from simulators.wire import Faults, Wire
from tests.converse import START

CLEAN: Final = Faults()
_AT_ONCE: Final = 10_000  # steps at one moment; more is a conversation without end
_TICK_S: Final = 0.001  # who wants to be woken in the past is woken now


@dataclass(frozen=True)
class Told:
    """One thing that the dialogue said, and when."""

    at: float
    output: Output


@dataclass
class Course:
    """A conversation, or several after each other."""

    told: list[Told] = field(default_factory=list)
    meant: list[Told] = field(
        default_factory=list
    )  # by a second dialogue that hears the device itself, before the cable
    sent: list[bytes] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def reports(self) -> list[tuple[float, Report]]:
        return [(told.at, told.output) for told in self.told if isinstance(told.output, Report)]

    @property
    def readings(self) -> list[tuple[float, str, Reading]]:
        return readings_of(self.told)

    @property
    def damage(self) -> list[Damage]:
        return [told.output for told in self.told if isinstance(told.output, Damage)]


def readings_of(told: Iterable[Told]) -> list[tuple[float, str, Reading]]:
    """Give what was read: when, of which device, what."""
    reports = ((one.at, one.output) for one in told if isinstance(one.output, Report))
    return [(at, report.device, reading) for at, report in reports for reading in report.readings]


def over_wire(
    family: Family,
    device: Device,
    seconds: float,
    *,
    settings: object | None = None,
    faults: Faults = CLEAN,
    seed: str = "",
    unplugged: Sequence[tuple[float, float]] = (),
    start: float = START,
    is_stream: bool | None = None,
) -> Course:
    """Let them talk. `unplugged`: from, to, in seconds since the start; the gateway notices both at once."""
    is_stream = family.ports[0] != "udp" if is_stream is None else is_stream
    return _Line(family, device, settings, faults, seed, unplugged, start, is_stream).run(start + seconds)


class _Line:
    def __init__(
        self,
        family: Family,
        device: Device,
        settings: object | None,
        faults: Faults,
        seed: str,
        unplugged: Sequence[tuple[float, float]],
        start: float,
        is_stream: bool,
    ) -> None:
        self._family, self._device = family, device
        self._settings = settings or family.settings()
        self._port = Port(peer="test", kind="stream" if is_stream else "datagrams")
        self._to_gateway = Wire(faults, f"{seed}/out", start, is_stream)
        self._to_device = Wire(faults.harmless(), f"{seed}/in", start, is_stream)
        self._outward: deque[tuple[float, bytes]] = deque()
        self._inward: deque[tuple[float, bytes]] = deque()
        moves = [(start, True)] + [move for a, b in unplugged for move in ((start + a, False), (start + b, True))]
        self._moves = deque(sorted(moves))
        self._dialogue: Dialogue | None = None
        self._witness: Dialogue | None = None
        self._now = start
        self._course = Course()

    def run(self, end: float) -> Course:
        at_once = 0
        while (due := self._due()) <= end:
            at_once = at_once + 1 if due <= self._now else 0
            assert at_once < _AT_ONCE, "dialogue and device talk without end at one moment"
            self._now = max(due, self._now)
            self._step()
        self._unplug()
        return self._course

    def _due(self) -> float:
        dues = [queue[0][0] for queue in (self._outward, self._inward) if queue]
        dues += [self._moves[0][0]] if self._moves else []
        if self._dialogue is not None:
            wakes = (self._device.wake_at, self._dialogue.wake_at)
            dues += [max(at, self._now + _TICK_S) if at < self._now else at for at in wakes if at is not None]
        return min(dues, default=inf)

    def _step(self) -> None:
        if self._moves and self._moves[0][0] <= self._now:
            self._plug_in() if self._moves.popleft()[1] else self._unplug()
        while self._inward and self._inward[0][0] <= self._now:
            self._say(self._device.receive(self._inward.popleft()[1], self._now))
        if self._dialogue is not None and _is_due(self._device.wake_at, self._now):
            self._say(self._device.tick(self._now))
        while self._dialogue is not None and self._outward and self._outward[0][0] <= self._now:
            self._take(self._dialogue.receive(self._outward.popleft()[1], self._now))
        if self._dialogue is not None and _is_due(self._dialogue.wake_at, self._now):
            self._take(self._dialogue.tick(self._now))

    def _plug_in(self) -> None:
        self._dialogue = self._family.dialogue(self._settings, self._port)
        self._witness = self._family.dialogue(self._settings, self._port)
        self._note(self._witness.open(self._now))
        self._say(self._device.open(self._now))
        self._take(self._dialogue.open(self._now))

    def _unplug(self) -> None:
        if self._dialogue is None:
            return
        dialogue, self._dialogue = self._dialogue, None
        self._take(dialogue.close(self._now))  # what it wants to say goes nowhere
        self._device.close(self._now)
        self._outward.clear()
        self._inward.clear()

    def _say(self, writes: Iterable[bytes]) -> None:
        for data in writes:
            if self._witness is not None:
                if _is_due(self._witness.wake_at, self._now):
                    self._note(self._witness.tick(self._now))
                self._note(self._witness.receive(data, self._now))
            self._outward.extend(self._to_gateway.carry(data, self._now))

    def _note(self, outputs: Iterable[Output]) -> None:
        self._course.meant.extend(Told(self._now, output) for output in outputs)

    def _take(self, outputs: Iterable[Output]) -> None:
        assert isinstance(outputs, list), "a dialogue returns a list"
        for output in outputs:
            self._course.told.append(Told(self._now, output))
            if isinstance(output, Request):
                data = output.encode()
                assert type(output) in self._family.requests
                assert self._family.recognise(data) == output, f"the gate would refuse {data!r}"
                if self._dialogue is not None:
                    self._course.sent.append(data)
                    self._inward.extend(self._to_device.carry(data, self._now))


def _is_due(at: float | None, now: float) -> bool:
    return at is not None and at <= now
