"""One device's way through the gateway, in this process and in virtual time: what it says, decodes to, and costs.

In it: dialogue, gate and timers (link), roster, normaliser, and the outbox with a commit to disk for what is said at
one moment, as at the device's own pace. Not in it: reading and writing the port, and the connection to the broker.
"""

import asyncio
import gc
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from bench import parts
from bench.cable import DatagramEnd, FarEnd, StreamEnd
from bench.script import Scribe, Script
from bench.virtual import VirtualLoop
from drivers.api import Dialogue, Family, Output, Port
from gateway.clock import Clock
from gateway.config import family_settings, load
from gateway.link import Link
from gateway.normalise import Normaliser
from gateway.outbox import Outbox
from gateway.registry import installed
from gateway.roster import Roster
from gateway.transport import Inbox
from simulators.api import Device
from simulators.bedside import Chair, Timeline
from simulators.registry import installed as simulators
from simulators.scenario import SCENARIOS

START: Final = 1_767_225_600.0
PORTS: Final = {
    "serial": "serial:///dev/bench",
    "tcp": "tcp://127.0.0.1:9",
    "udp": "udp://127.0.0.1:9",
    "listen": "listen://127.0.0.1:9",
}
RISK: Final = "simulated device on a measuring bench: there is no patient"


@dataclass(frozen=True, slots=True)
class Case:
    """One device of a family, as a configuration would have it."""

    name: str  # the family's
    settings: dict[str, Any] = field(default_factory=dict)
    waveforms: tuple[str, ...] = ()

    @property
    def family(self) -> Family:
        return installed().get(self.name)

    def device(self) -> Device:
        """Give a simulated one, at a bedside where the infusion begins."""
        simulator = simulators().get(self.name)
        assert simulator is not None
        chair = Chair(SCENARIOS["S1"], Timeline(START), "bench", ZoneInfo("UTC"))
        return simulator.device(chair, simulator.settings())

    def dialogue(self) -> Dialogue:
        """Give the gateway's side."""
        family = self.family
        kind = Port("bench", "datagrams") if family.ports[0] == "udp" else Port("bench")
        return family.dialogue(family_settings(family, self.settings), kind)

    def link(self, port: str = "") -> str:
        """Give the link's entry in a gateway's configuration; JSON is YAML."""
        said = {"family": self.name, "port": port or PORTS[self.family.ports[0]], "settings": self.settings}
        return json.dumps({**said, "waveforms": self.waveforms, "accept_risk": RISK})


@dataclass(slots=True)
class Noted:
    """A dialogue, what it was asked (None: a tick), and what it said."""

    dialogue: Dialogue
    steps: list[tuple[float, bytes | None]] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)

    @property
    def wake_at(self) -> float | None:
        return self.dialogue.wake_at

    def open(self, now: float) -> Sequence[Output]:
        return self._said(self.dialogue.open(now))

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        self.steps.append((now, data))
        return self._said(self.dialogue.receive(data, now))

    def tick(self, now: float) -> Sequence[Output]:
        self.steps.append((now, None))
        return self._said(self.dialogue.tick(now))

    def close(self, now: float) -> Sequence[Output]:
        return self.dialogue.close(now)

    def _said(self, outputs: Sequence[Output]) -> Sequence[Output]:
        self.outputs += outputs
        return outputs


@dataclass(slots=True)
class Passage:
    """What came out at the gateway's end, and what it took."""

    seconds: float = 0.0  # virtual
    cpu_s: float = 0.0
    stored: int = 0  # messages that went through the outbox
    waveforms: int = 0  # messages that did not
    size: int = 0  # bytes of all

    def committed(self, messages: Sequence[Any]) -> None:
        self.stored += len(messages)
        self.size += sum(len(message.payload) for message in messages)

    def once(self, _topic: str, payload: bytes) -> None:
        self.waveforms += 1
        self.size += len(payload)

    @property
    def share(self) -> float:
        """Of one core, at the device's own pace."""
        return self.cpu_s / self.seconds


class _Watched(Outbox):
    """Knows whether the disk has it all, so that virtual time can wait for it."""

    promise: "asyncio.Future[bool] | None" = None

    @property
    def is_busy(self) -> bool:
        return self.promise is not None and not self.promise.done()

    def _current(self) -> Any:
        batch = super()._current()
        self.promise = batch.ticket
        return batch


def record(case: Case, seconds: float, pieces: int) -> tuple[Script, Noted]:
    """Let a simulated device talk with the gateway, for so long, or until it has said so many pieces."""
    scribe, noted = Scribe(case.device()), Noted(case.dialogue())
    send(case, scribe, seconds, noted, lambda: scribe.pieces >= pieces)
    if scribe.violations:
        raise RuntimeError(f"{case.name}: {scribe.violations[0]}")
    return scribe.script, noted


def send(
    case: Case,
    device: Device,
    seconds: float,
    dialogue: Dialogue | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Passage:
    """Send what a device says through the gateway."""
    with tempfile.TemporaryDirectory(prefix="onlooker-bench-") as name, asyncio.Runner(loop_factory=VirtualLoop) as run:
        gc.collect()
        gc.freeze()  # as the gateway does
        return run.run(_held(case, device, seconds, dialogue or case.dialogue(), is_over, Path(name)))


async def _held(
    case: Case, device: Device, seconds: float, dialogue: Dialogue, is_over: Callable[[], bool], where: Path
) -> Passage:
    loop, passage = asyncio.get_running_loop(), Passage()
    assert isinstance(loop, VirtualLoop)
    clock, outbox = Clock(lambda: START + loop.now, lambda: loop.now), _Watched(where / "outbox.sqlite")
    config = load(parts.gateway_config(where, 9, f"  bench: {case.link()}\n"), installed())
    outbox.open()
    outbox.on_commit = passage.committed
    normaliser = Normaliser(outbox, clock, passage.once)
    roster = Roster(config, config.links["bench"], normaliser, outbox, clock, lambda _topic, _payload: None)
    loop.is_waiting = lambda: outbox.is_busy
    inbox, far = _joined(case, device, clock)
    link = Link(case.family, dialogue, inbox, roster, outbox, clock, accepts_effects=True)
    began = time.process_time()
    roster.opened()
    far.start()
    talk = asyncio.create_task(link.run())
    while loop.now < seconds and not is_over() and not talk.done():
        await asyncio.sleep(1.0)
        clock.beat()
        roster.look(clock.steady())
    passage.cpu_s, passage.seconds = time.process_time() - began, loop.now
    far.stop()
    inbox.connection_lost(None)
    await talk
    await outbox.close()
    return passage


def _joined(case: Case, device: Device, clock: Clock) -> tuple[Inbox, FarEnd]:
    """Connect a device with a new inbox."""
    loop, inbox = asyncio.get_running_loop(), Inbox()
    wire = DatagramEnd() if case.family.ports[0] == "udp" else StreamEnd()

    def arrive(data: bytes) -> None:
        if isinstance(wire, DatagramEnd):
            inbox.datagram_received(data, None)
        else:
            inbox.data_received(data)

    far = FarEnd(device, lambda data: loop.call_soon(arrive, data), clock.steady)
    wire.hear = far.hear
    inbox.connection_made(wire)
    return inbox, far
