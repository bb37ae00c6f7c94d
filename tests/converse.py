"""A dialogue and a simulated device on one virtual wire, in virtual time. A day takes about a second."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from drivers.api import Damage, Dialogue, Family, Output, Port, Report, Request
from simulators.api import Device

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


@dataclass
class Heard:
    """What a conversation brought."""

    outputs: list[Output] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    @property
    def reports(self) -> list[Report]:
        return [output for output in self.outputs if isinstance(output, Report)]

    @property
    def damage(self) -> list[Damage]:
        return [output for output in self.outputs if isinstance(output, Damage)]


def converse(
    family: Family,
    device: Device,
    seconds: float,
    *,
    settings: object | None = None,
    start: float = START,
    wire: Callable[[bytes], Iterable[bytes]] = lambda data: [data],
    step_s: float = 0.001,
) -> Heard:
    """Let them talk from `open` to `close`. `wire` may split, harm or drop what the device says."""
    talk = _Talk(family, device, settings, start, wire)
    talk.run(start + seconds, step_s)
    return talk.heard


class _Talk:
    def __init__(
        self,
        family: Family,
        device: Device,
        settings: object | None,
        now: float,
        wire: Callable[[bytes], Iterable[bytes]],
    ) -> None:
        self.heard = Heard()
        self._family = family
        self._device = device
        self._wire = wire
        self._dialogue: Dialogue = family.dialogue(settings or family.settings(), Port(peer="test"))
        self._to_gateway: deque[bytes] = deque()
        self._now = now

    def run(self, end: float, step_s: float) -> None:
        self._hear(self._device.open(self._now))
        self._carry_out(self._dialogue.open(self._now))
        self._exchange()
        while (wakes := self._wakes()) and (due := min(wakes)) <= end:
            self._now = max(due, self._now + step_s)
            if _is_due(self._device.wake_at, self._now):
                self._hear(self._device.tick(self._now))
            self._exchange()
            if _is_due(self._dialogue.wake_at, self._now):
                self._carry_out(self._dialogue.tick(self._now))
            self._exchange()
        self._carry_out(self._dialogue.close(max(end, self._now)))
        self._device.close(max(end, self._now))

    def _wakes(self) -> list[float]:
        return [at for at in (self._device.wake_at, self._dialogue.wake_at) if at is not None]

    def _hear(self, writes: Iterable[bytes]) -> None:
        for data in writes:
            self._to_gateway.extend(piece for piece in self._wire(data) if piece)

    def _exchange(self) -> None:
        for _ in range(10_000):
            if not self._to_gateway:
                return
            self._carry_out(self._dialogue.receive(self._to_gateway.popleft(), self._now))
        raise AssertionError("dialogue and device talk without end at one moment")

    def _carry_out(self, outputs: Iterable[Output]) -> None:
        assert isinstance(outputs, list), "a dialogue returns a list"
        for output in outputs:
            self.heard.outputs.append(output)
            if isinstance(output, Request):
                data = output.encode()
                assert type(output) in self._family.requests
                assert self._family.recognise(data) == output, f"the gate would refuse {data!r}"
                self.heard.sent.append(data)
                self._hear(self._device.receive(data, self._now))


def _is_due(at: float | None, now: float) -> bool:
    return at is not None and at <= now
