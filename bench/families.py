"""Each family that is installed: how fast it decodes, and what one device costs at its own pace.

Bytes and questions are those of its simulator in a visit, said again without the simulator's own cost.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from bench import parts
from bench.path import START, Case, Noted, Passage, record, send
from bench.script import Player, Script
from drivers.api import Damage, Output, Report, Waveform
from gateway.outbox import Outbox
from gateway.registry import installed

SECONDS: Final = 1800.0
PIECES: Final = 1000
LEAST_S: Final = 0.4


class Speed(NamedTuple):
    """Decoding alone, as fast as it goes."""

    mb_per_s: float
    values_per_s: float
    damage: int


def values(outputs: Iterable[Output]) -> int:
    """Count readings and samples."""
    return sum(
        len(said.readings) if isinstance(said, Report) else len(said.samples) if isinstance(said, Waveform) else 0
        for said in outputs
    )


def decode(case: Case, noted: Noted) -> Speed:
    """Ask a new dialogue the same again, with all ticks, until that took long enough to be measured."""
    size = sum(len(data) for _, data in noted.steps if data)
    rounds, took = 0, 0.0
    while took < LEAST_S:
        took += _repeated(case, noted.steps)
        rounds += 1
    damage = sum(isinstance(said, Damage) for said in noted.outputs)
    return Speed(size * rounds / took / 1e6, values(noted.outputs) * rounds / took, damage)


def _repeated(case: Case, steps: Sequence[tuple[float, bytes | None]]) -> float:
    dialogue = case.dialogue()
    dialogue.open(START)
    began = time.process_time()
    for now, data in steps:
        if data is None:
            dialogue.tick(now)
        else:
            dialogue.receive(data, now)
    return time.process_time() - began


class Silence:
    """A dialogue that says nothing."""

    wake_at = None

    def open(self, _now: float) -> Sequence[Any]:
        return []

    def receive(self, _data: bytes, _now: float) -> Sequence[Any]:
        return []

    def tick(self, _now: float) -> Sequence[Any]:
        return []

    def close(self, _now: float) -> Sequence[Any]:
        return []


def measure(case: Case, seconds: float = SECONDS, pieces: int = PIECES) -> tuple[Speed, Passage]:
    """Record, decode, and send it all through the gateway with every waveform that there is."""
    script, noted = record(case, seconds, pieces)
    waveforms = tuple(dict.fromkeys(said.name for said in noted.outputs if isinstance(said, Waveform)))
    return decode(case, noted), send(replace(case, waveforms=waveforms), Player(script), noted.steps[-1][0] - START)


def commit_us(count: int = 500) -> float:
    """Give what the outbox takes for one message of 1,700 bytes that comes alone."""

    async def run(outbox: Outbox) -> float:
        outbox.open()
        stream, began = outbox.stream("bench"), time.process_time()
        for number in range(1, count + 1):
            outbox.put(stream, number, START, bytes(1700))
            await outbox.ticket()
        took = time.process_time() - began
        await outbox.close()
        return took / count * 1e6

    with parts.folder() as where:
        return asyncio.run(run(Outbox(where / "outbox.sqlite")))


def main() -> None:
    names = installed().names
    idle = send(Case(names[0]), Player(Script()), SECONDS, Silence())
    print("each family: decoding alone, as fast as it goes on one core; and one device at its own pace, from bytes to")
    print("stored messages or waveforms' payloads: dialogue, gate, normaliser, outbox with a commit for each moment")
    print(f"  of each message's us, about {commit_us():.0f} are the commit, which devices share that speak at one time")
    print(f"  watching a silent link takes {idle.share * 1e6:.0f} us a second: part of the share, not of the messages")
    for name in names:
        print(f"  {name:16} {_row(*measure(Case(name)), idle.share)}")


def _row(speed: Speed, passage: Passage, idle: float) -> str:
    messages = passage.stored + passage.waveforms
    each_us = (passage.share - idle) * passage.seconds / messages * 1e6
    decoding = f"{speed.mb_per_s:5.1f} MB/s {speed.values_per_s:11,.0f} values/s"
    damaged = f"   {speed.damage} damaged" if speed.damage else ""
    pace = f"{messages / passage.seconds:6.3f} messages/s {each_us:5.0f} us each {passage.share:8.4%} of a core"
    return f"{decoding}   {pace}{damaged}"
