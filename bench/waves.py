"""Monitors with their waves: what one costs, and how many fit on a core.

First one device in virtual time (see `bench.path`); then a whole ward against a gateway of its own, in real time, over
loopback sockets and ptys, with a broker and a subscriber that counts.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, NamedTuple

from bench import parts
from bench.cable import FarEnd
from bench.path import START, Case, Passage, record, send
from bench.script import Player, Script

DEVICES: Final = 64
SECONDS: Final = 40.0  # in real time
WARM_S: Final = 5.0  # until all have been asked, and what is only done once is done
TOPIC: Final = "onlooker-test/v1/+/+/+/waveforms/+"

# All that the simulated IntelliVue offers; as much as the GE's line carries.
CASES: Final = (
    Case("intellivue", {"waveforms": True}, ("ecg_i", "ecg_ii", "ecg_iii", "pleth", "co2")),
    Case(
        "ge_dri",
        {"waves": ["ecg_1", "pleth", "p1", "co2", "resp", "awp", "aa"]},
        ("ecg_1", "pleth", "p1", "co2", "resp", "awp", "aa"),
    ),
)


class Ward(NamedTuple):
    """What a gateway did with so many devices."""

    cpu: float  # share of a core
    expected: int  # waveforms
    arrived: int
    memory_mib: float


def alone(case: Case, seconds: float) -> tuple[Script, Passage]:
    """Give one device's script, and its way through the gateway in virtual time."""
    script, noted = record(case, seconds, sys.maxsize)
    return script, send(case, Player(script), noted.steps[-1][0] - START)


def ward(case: Case, script: Script, waveforms: int, devices: int) -> Ward:
    """Let so many devices say the same to one gateway, each a moment after the other."""
    with parts.folder() as where, parts.mosquitto(where) as mqtt_port:
        out, expected = where / "arrivals", waveforms * devices
        count = [sys.executable, "-m", "bench.subscriber", str(mqtt_port), str(out), str(expected), TOPIC]
        with parts.process(count) as counting:
            parts.wait_for_file(Path(f"{out}.ready"))
            cpu, memory = asyncio.run(_play(case, script, devices, where, mqtt_port))
            counting.wait(60)
        return Ward(cpu, expected, len(out.read_bytes().splitlines()), memory)


async def _play(case: Case, script: Script, devices: int, where: Path, mqtt_port: int) -> tuple[float, float]:
    """Play all parts to their end; gives the gateway's share of a core, and its memory."""
    async with contextlib.AsyncExitStack() as stack:
        players = [Player(script, number / devices) for number in range(devices)]
        open_port = _datagrams if case.family.ports[0] == "udp" else _pty
        ports = [await stack.enter_async_context(open_port(player)) for player in players]
        links = "".join(f"  d{number}: {case.link(port)}\n" for number, port in enumerate(ports))
        command = parts.onlooker("run", str(parts.gateway_config(where, mqtt_port, links)))
        gateway = stack.enter_context(parts.process(command, log=where / "gateway.log"))
        await _until(lambda: all(player.is_asked for player in players))
        await asyncio.sleep(WARM_S)
        cpu, began = parts.cpu_s(gateway.pid), time.monotonic()
        await _until(lambda: any(player.is_over for player in players))
        share = (parts.cpu_s(gateway.pid) - cpu) / (time.monotonic() - began)
        await _until(lambda: all(player.is_over for player in players))
        await asyncio.sleep(1.0)
        return share, parts.memory_mib(gateway.pid)


async def _until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS + 60):
        while not claim():  # noqa: ASYNC110  # another process is at work
            await asyncio.sleep(0.05)


class _Socket(asyncio.DatagramProtocol):
    """A device on a datagram socket: it answers whoever spoke last."""

    def __init__(self, device: Player) -> None:
        self.far = FarEnd(device, self._say, time.time)
        self._peer: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert hasattr(transport, "sendto")
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]  # asyncio's is none by class

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._peer = addr
        self.far.hear(data)

    def _say(self, data: bytes) -> None:
        self._transport.sendto(data, self._peer)


@contextlib.asynccontextmanager
async def _datagrams(device: Player) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _Socket(device), ("127.0.0.1", 0))
    protocol.far.start()
    yield f"udp://127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    protocol.far.stop()
    transport.close()


@contextlib.asynccontextmanager
async def _pty(device: Player) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    far, near, name = parts.pty_pair()
    end = FarEnd(device, lambda data: os.write(far, data), time.time)
    loop.add_reader(far, lambda: end.hear(os.read(far, 4096)))
    end.start()
    yield f"serial://{name}"
    loop.remove_reader(far)
    end.stop()
    os.close(far)
    os.close(near)


def main() -> None:
    print(f"monitors with waves: one alone in virtual time; then {DEVICES} in real time, from the wire to the broker")
    print(
        "  (blocks that come before the broker's connection is up are not kept, so a few of the first may be missing)"
    )
    for case in CASES:
        script, one = alone(case, SECONDS)
        stored, waveforms, size = (n / one.seconds for n in (one.stored, one.waveforms, one.size / 1e3))
        said = f"{stored:.2f} messages/s, {waveforms:.2f} waveforms/s, {size:.1f} kB/s"
        print(f"  {case.name:10}  1: {said}: {one.share:.3%} of a core")
        many = ward(case, script, one.waveforms, DEVICES)
        said = f"{many.arrived:,} of {many.expected:,} waveforms, {many.memory_mib:.0f} MiB"
        print(f"  {case.name:10} {DEVICES}: {said}: {many.cpu:.1%} of a core; so {DEVICES / many.cpu:,.0f} fit on one")
