"""Real ptys and loopback sockets; each wait ends with what it waits for."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import serialx

from simulators.api import StillBedside
from simulators.port import Port, PortError
from simulators.ports import Address, make, parse
from simulators.talk import Talk, steady_clock
from simulators.wire import Faults
from tests.simulators.tiny import TinyDevice, TinySettings

LOCAL = "127.0.0.1"
CLEAN = Faults()


def tiny(period_s: float = 0.0, greeting: str = "hello") -> TinyDevice:
    return TinyDevice(StillBedside(), TinySettings(greeting=greeting, period_s=period_s))


@asynccontextmanager
async def standing(address: Address, device: TinyDevice, faults: Faults = CLEAN) -> AsyncIterator[Port]:
    port = make(address, Talk(device, steady_clock(), faults, "seed", address.kind != "udp"))
    await port.start()
    task = asyncio.create_task(port.run())
    try:
        yield port
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5.0):
        while not is_so():  # noqa: ASYNC110  # a device has no event to wait for
            await asyncio.sleep(0.002)


async def opened(path: str, **line: object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await serialx.open_serial_connection(path, **{"baudrate": 9600, **line})
    return reader, writer


async def left(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def path_of(port: Port) -> str:
    return port.url.removeprefix("serial://")


def tcp_of(port: Port) -> tuple[str, int]:
    host, _, number = port.url.rpartition("://")[2].rpartition(":")
    return host, int(number)


async def test_a_pty_speaks_hears_and_tells_opening_from_closing(tmp_path: Path) -> None:
    device = tiny(period_s=0.01, greeting="")
    async with standing(Address("serial", path=str(tmp_path / "monitor")), device) as port:
        assert port.url == f"serial://{tmp_path}/monitor"
        assert device.opened == 0
        reader, writer = await opened(path_of(port))
        assert await reader.readline() in (b"1\r\n", b"2\r\n")  # what came before the port was ready is flushed
        writer.write(b"what?")
        await until(lambda: device.heard == b"what?")
        await left(writer)
        await until(lambda: device.closed == 1)
        reader, writer = await opened(path_of(port))
        await until(lambda: device.opened == 2)
        await left(writer)
    assert device.closed == 2
    assert not (tmp_path / "monitor").is_symlink()


@pytest.mark.parametrize("line", [{"parity": "E"}, {"byte_size": 7, "parity": "O"}, {"stopbits": 2}])
async def test_a_pty_can_be_opened_again_with_parity_and_seven_bits(line: dict[str, object]) -> None:
    device = tiny()
    async with standing(Address("serial"), device) as port:
        for number in (1, 2, 3):
            reader, writer = await opened(path_of(port), **line)
            await until(lambda: device.opened == number)  # noqa: B023  # awaited within the turn
            writer.write(b"x")
            assert await reader.readuntil(b"x") == b"=x"
            await left(writer)
            await until(lambda: device.closed == number)  # noqa: B023


async def test_an_unplugged_pty_is_gone_and_comes_back_behind_the_same_name(tmp_path: Path) -> None:
    device = tiny()
    link = tmp_path / "pump"
    async with standing(Address("serial", path=str(link)), device) as port:
        reader, writer = await opened(str(link))
        await until(lambda: device.opened == 1)
        before = link.resolve()
        held = os.open(before, os.O_RDWR | os.O_NOCTTY)  # keeps the number: the next pty is another one
        port.unplug()
        await until(lambda: device.closed == 1)
        with pytest.raises(OSError, match="Errno 5"):
            await reader.read()
        await left(writer)
        assert not link.is_symlink()
        port.unplug()  # twice is once
        await port.replug()
        os.close(held)
        assert link.resolve() != before
        _, writer = await opened(str(link))
        await until(lambda: device.opened == 2)
        await left(writer)


async def test_a_pty_that_nobody_reads_loses_bytes_and_goes_on() -> None:
    device = tiny(period_s=0.0005, greeting="x" * 3000)
    async with standing(Address("serial"), device) as port:
        _, writer = await opened(path_of(port))
        await until(lambda: device.opened == 1)
        await left(writer)
        await until(lambda: device.closed == 1)


async def test_a_file_where_the_link_should_stand_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    with pytest.raises(PortError, match="is no link"):
        await make(Address("serial", path=str(tmp_path / "precious")), Talk(tiny(), steady_clock())).start()
    with pytest.raises(PortError, match="make the folder"):
        await make(Address("serial", path=str(tmp_path / "no" / "x")), Talk(tiny(), steady_clock())).start()
    assert (tmp_path / "precious").read_text() == "data"


async def test_tcp_serves_one_after_the_other() -> None:
    device = tiny(period_s=0.01)
    async with standing(Address("tcp"), device) as port:
        reader, writer = await asyncio.open_connection(*tcp_of(port))
        assert await reader.readline() == b"hello\r\n"
        assert await reader.readline() == b"1\r\n"
        second_reader, second_writer = await asyncio.open_connection(*tcp_of(port))
        await reader.readline()
        assert device.opened == 1
        writer.close()
        assert await second_reader.readline() == b"hello\r\n"
        assert (device.opened, device.closed) == (2, 1)
        second_writer.close()
        await until(lambda: device.closed == 2)


async def test_tcp_unplugged_refuses_and_replugged_serves_on_the_same_port() -> None:
    device = tiny()
    async with standing(Address("tcp"), device) as port:
        address = tcp_of(port)
        reader, writer = await asyncio.open_connection(*address)
        await reader.readline()
        port.unplug()
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        await port.replug()
        assert tcp_of(port) == address
        reader, writer = await asyncio.open_connection(*address)
        assert await reader.readline() == b"hello\r\n"
        writer.close()


async def test_a_taken_port_is_said_in_words() -> None:
    async with standing(Address("tcp"), tiny()) as port:
        with pytest.raises(PortError, match="choose another port"):
            await make(Address("tcp", port=tcp_of(port)[1]), Talk(tiny(), steady_clock())).start()


async def test_a_gateway_that_reads_nothing_loses_the_connection() -> None:
    device = tiny(greeting="x" * (8 << 20), period_s=0.001)
    async with standing(Address("tcp"), device) as port:
        _, writer = await asyncio.open_connection(*tcp_of(port), limit=1024)
        await until(lambda: device.closed == 1)
        writer.close()


async def test_a_dialling_device_calls_until_somebody_answers_and_calls_again() -> None:
    device, calls = tiny(), asyncio.Queue[asyncio.StreamWriter]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"hello\r\n"
        calls.put_nowait(writer)

    async with standing(Address("dial"), device) as port:
        assert port.url.startswith("listen://127.0.0.1:")
        server = await asyncio.start_server(answer, *tcp_of(port))
        writer = await asyncio.wait_for(calls.get(), 5.0)
        writer.write(b"ACK")
        await until(lambda: device.heard == b"ACK")
        writer.close()
        await until(lambda: device.closed == 1)
        writer = await asyncio.wait_for(calls.get(), 5.0)
        assert device.opened == 2
        port.unplug()
        await until(lambda: device.closed == 2)
        await port.replug()
        (await asyncio.wait_for(calls.get(), 5.0)).close()
        writer.close()
        server.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.got.put_nowait(data)


async def test_udp_answers_who_spoke_last() -> None:
    device, loop = tiny(), asyncio.get_running_loop()
    async with standing(Address("udp"), device) as port:
        ends = [await loop.create_datagram_endpoint(_Datagrams, remote_addr=tcp_of(port)) for _ in range(2)]
        for number, (transport, protocol) in enumerate(ends, start=1):
            transport.sendto(b"a%d" % number)
            assert await asyncio.wait_for(protocol.got.get(), 5.0) == b"hello\r\n"
            assert await asyncio.wait_for(protocol.got.get(), 5.0) == b"=a%d" % number
            transport.sendto(b"b%d" % number)
            assert await asyncio.wait_for(protocol.got.get(), 5.0) == b"=b%d" % number
            assert (device.opened, device.closed) == (number, number - 1)
        port.unplug()
        await until(lambda: device.closed == 2)
        await port.replug()
        ends[0][0].sendto(b"again")
        assert await asyncio.wait_for(ends[0][1].got.get(), 5.0) == b"hello\r\n"
        for transport, _ in ends:
            transport.close()


async def test_a_bad_cable_stands_between_device_and_port() -> None:
    device = tiny(greeting="abcdefghijklmnopqrstuvwxyz")
    faults = Faults(byte_at_a_time=True, baud=115_200, corruption=1.0)
    async with standing(Address("tcp"), device, faults) as port:
        reader, writer = await asyncio.open_connection(*tcp_of(port))
        writer.write(b"request")
        struck = await asyncio.wait_for(reader.readexactly(26), 5.0)
        assert [(got ^ sent).bit_count() for got, sent in zip(struck, b"abcdefghijklmnopqrstuvwxyz", strict=True)] == [
            1
        ] * 26
        await until(lambda: device.heard == b"request")
        writer.close()


async def test_a_device_that_fails_takes_its_port_with_it() -> None:
    class Broken(TinyDevice):
        def receive(self, data: bytes, _now: float) -> list[bytes]:
            raise ValueError("a simulator's bug")

    port = make(Address("tcp"), Talk(Broken(StillBedside(), TinySettings()), steady_clock()))
    await port.start()
    task = asyncio.create_task(port.run())
    _, writer = await asyncio.open_connection(*tcp_of(port))
    writer.write(b"x")
    with pytest.raises(ValueError, match="bug"):
        await asyncio.wait_for(task, 5.0)
    writer.close()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pty", Address("serial")),
        ("pty:/tmp/x", Address("serial", path="/tmp/x")),
        ("tcp://127.0.0.1:0", Address("tcp")),
        ("udp://0.0.0.0:24105", Address("udp", "0.0.0.0", 24105)),
        ("dial://[::1]:2575", Address("dial", "::1", 2575)),
    ],
)
def test_addresses_are_read(text: str, address: Address) -> None:
    assert parse(text) == address


@pytest.mark.parametrize("text", ["", "tcp", "tcp:127.0.0.1:1", "tcp://:1", "tcp://h", "tcp://h:x", "http://h:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)
