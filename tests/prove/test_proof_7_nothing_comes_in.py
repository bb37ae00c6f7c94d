"""Proof 7: a hostile broker and a hostile HL7 peer, in a real gateway process, change no byte that goes to a device."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from simulators.api import Device
from tests.end_to_end.parts import Stage, free_port, hl7_message, stage
from tests.gateway.tiny_broker import TinyBroker
from tests.prove.families import chair, device_of, family_of, forbidden_frames

COURSE_S = 5.0
ORDERS = (
    b"\x0bMSH|^~\\&|EVIL|X|||20260101||RGV^O15^RGV_O15|1|P|2.6|||AL|AL\rORC|NW|1\rRXG|1||1|ketamine|999\r\x1c\r",
    b"\x0bMSH|^~\\&|EVIL|X|||20260101||OMP^O09|2|P|2.6|||AL|AL\rORC|NW|1\r\x1c\r",
    b"\x0bMSH|^~\\&|EVIL|X|||20260101||ORU^R01|3|P|2.6|||AL|NE\rOBX|1|ST|0^X^MDC||!INF_STOP|CD57\r\x1c\r",
    b"\x0b\x00\xff\x1c\r",
)


@dataclass
class Rack:
    """A simulated rack of pumps behind TCP, that keeps what it is told."""

    device: Device
    heard: list[bytes] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            writer.writelines(self.device.open(loop.time()))
            while data := await reader.read(4096):
                self.heard.append(data)
                writer.writelines(self.device.receive(data, loop.time()))
        self.device.close(loop.time())
        writer.transport.abort()


async def _shout(broker: TinyBroker) -> None:
    """Publish orders to the gateway, which has asked for nothing: whole, broken, and as every kind of packet."""
    chance = random.Random(7)
    while True:
        for writer in broker.writers:
            body = b"\x00\x08pump/cmd" + chance.choice([b'{"rate": 999}', b"!INF_STOP|CD57\r", chance.randbytes(40)])
            first = chance.choice([0x30, 0x31, 0x32, 0x82, 0x90, 0xA2, 0xF0, 0x00, chance.randrange(256)])
            writer.write(bytes((first, len(body))) + body)
        await asyncio.sleep(0.3)


async def _intrude(port: int) -> None:
    """Give orders over HL7, and the frames that the pumps' protocols forbid."""
    forbidden = [data for name in ("bbraun_space", "ihe_pcd") for data, _ in forbidden_frames(name)]
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                for data in (*ORDERS, *forbidden, hl7_message(1, 70), b"\x0b" + b"A" * 100_000):
                    writer.write(data)
                    await asyncio.sleep(0.005)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await reader.read(100_000)
            finally:
                writer.transport.abort()


async def _course(made: Stage, *, hostile: bool) -> Rack:
    ports = rack_port, hl7_port = free_port(), free_port()
    rack, broker = Rack(device_of("bbraun_space", chair("S3", 25.0))), TinyBroker()
    links = (
        f"  rack: {{family: bbraun_space, port: 'tcp://127.0.0.1:{rack_port}', station: chair1, "
        "settings: {poll_s: 1}, accept_risk: a simulated rack with no other reader; this test}\n"
        f"  hl7: {{family: ihe_pcd, port: 'listen://127.0.0.1:{hl7_port}', station: chair2}}\n"
    )
    async with broker.at_work(), rack.listening(rack_port), asyncio.TaskGroup() as group:
        gateway = made.gateway(made.config(f"{{url: 'mqtt://127.0.0.1:{broker.port}'}}", links))
        await broker.until(lambda broker: broker.introductions)
        noise = [group.create_task(_shout(broker)), group.create_task(_intrude(hl7_port))] if hostile else []
        await asyncio.sleep(COURSE_S)
        for task in noise:
            task.cancel()
        assert await asyncio.to_thread(gateway.stop) == 0, gateway.said()[-2000:]
    assert len(set(ports)) == 2
    return rack


@pytest.mark.slow
async def test_orders_from_outside_change_nothing_that_is_sent(tmp_path: Path) -> None:
    family, told = family_of("bbraun_space"), []
    for hostile in (False, True):
        folder = tmp_path / str(hostile)
        folder.mkdir()
        with stage(folder) as made:
            rack = await _course(made, hostile=hostile)
        assert not rack.device.tampered
        assert rack.device.violations == []
        assert all(family.recognise(data) for data in rack.heard)
        told.append(rack.heard)
    quiet, besieged = told
    assert len(besieged) > 5, "the rack was read all the while"
    assert set(besieged) == set(quiet)


@pytest.mark.slow
async def test_the_process_listens_where_the_configuration_says_and_nowhere_else(tmp_path: Path) -> None:
    """No HTTP, no console, no other way in."""
    hl7_port, broker = free_port(), TinyBroker()
    with stage(tmp_path) as made:
        async with broker.at_work():
            links = f"  hl7: {{family: ihe_pcd, port: 'listen://127.0.0.1:{hl7_port}', station: chair2}}\n"
            gateway = made.gateway(made.config(f"{{url: 'mqtt://127.0.0.1:{broker.port}'}}", links))
            await broker.until(lambda broker: broker.introductions)
            assert gateway.process is not None
            assert _listening(gateway.process.pid) == {hl7_port}
            assert await asyncio.to_thread(gateway.stop) == 0


def _listening(pid: int) -> set[int]:
    """Give the TCP and UDP ports at which a process can be reached (Linux)."""
    own = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if "socket:" in str(link.readlink())}
    found = set()
    for table, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            cells = line.split()
            if cells[3] == state and f"socket:[{cells[9]}]" in own:
                found.add(int(cells[1].rpartition(":")[2], 16))
    return found
