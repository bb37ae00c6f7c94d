import asyncio
import contextlib
import errno
import json
import os
import socket
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import serialx

from drivers.api import Line
from drivers.capture import Header, Piece, header_line, piece_line
from gateway import transport as transport_module
from gateway.config import PortUrl
from gateway.errors import LinkError
from gateway.transport import Inbox, listen, open_port, reason_of
from tests.gateway.parts import (
    PATIENCE_S,
    Ask,
    Hello,
    Taken,
    Talk,
    eventually,
    family,
    free_port,
    listening,
    loop_errors,
    report,
    tcp,
)

ANY = Line()


class Ears:
    """What an inbox hands over."""

    def __init__(self, inbox: Inbox) -> None:
        self.pieces: list[bytes] = []
        self.is_over = False
        inbox.attach(self.pieces.append, self.over)

    def over(self, *_reason: object) -> None:
        self.is_over = True

    @property
    def heard(self) -> bytes:
        return b"".join(self.pieces)


@contextlib.asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator["asyncio.Task[None]"]:
    """A link on a real port."""
    task = asyncio.create_task(talk.link().run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        await talk.inbox.close()


# Serial


@dataclass
class Cable:
    """A pseudo terminal under a name of its own, so that it can be pulled and plugged in again."""

    path: Path
    device: int = -1
    gateway: int = -1

    def plug_in(self) -> None:
        self.device, self.gateway = os.openpty()
        tty.setraw(self.gateway)
        os.set_blocking(self.device, False)
        self.path.symlink_to(os.ttyname(self.gateway))

    def pull(self) -> None:
        self.path.unlink()
        os.close(self.device)
        os.close(self.gateway)
        self.device = self.gateway = -1

    @property
    def port(self) -> PortUrl:
        return PortUrl("serial", path=str(self.path), text=f"serial://{self.path}")

    def arrived(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self.device, 65536)
        return b""


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "usb-adapter")
    cable.plug_in()
    yield cable
    if cable.device >= 0:
        cable.pull()


async def test_a_serial_line_is_heard_and_spoken_to(cable: Cable) -> None:
    talk = Talk()
    talk.inbox = await open_port(cable.port, ANY)
    talk.dialogue.on_open = [Ask(1)]
    async with talking(talk):
        os.write(cable.device, b"hello")
        await eventually(lambda: talk.dialogue.heard == b"hello")
        await eventually(lambda: cable.arrived() == b"?1\n")


async def test_a_family_that_says_nothing_says_nothing_on_a_real_line_either(cable: Cable) -> None:
    talk = Talk(family=family(requests=frozenset()))
    talk.inbox = await open_port(cable.port, ANY)
    talk.dialogue.on_open = [Hello()]
    async with talking(talk) as task:
        await eventually(task.done)
        assert cable.arrived() == b""


@pytest.mark.parametrize("rate", [9600, 19200, 115200])
@pytest.mark.parametrize("stopbits", [1, 2])
async def test_the_line_is_set_as_configured_without_flow_control(cable: Cable, rate: int, stopbits: int) -> None:
    inbox = await open_port(cable.port, Line(baudrate=rate, stopbits=stopbits))
    input_, _, control, local, speed, *_ = termios.tcgetattr(cable.gateway)
    await inbox.close()
    assert speed == getattr(termios, f"B{rate}")
    assert bool(control & termios.CSTOPB) == (stopbits == 2)
    assert control & termios.CSIZE == termios.CS8
    assert not control & termios.CRTSCTS
    assert not input_ & (termios.IXON | termios.IXOFF), "XON and XOFF are bytes like any other"
    assert not local & (termios.ECHO | termios.ICANON), "an echo would be a byte that nobody asked for"


@pytest.mark.parametrize(("dtr", "rts"), [(True, True), (False, True), (True, False), (False, False)])
@pytest.mark.parametrize("parity", ["N", "E", "O"])
async def test_dtr_and_rts_are_set_once_on_opening_and_left_alone(
    monkeypatch: pytest.MonkeyPatch, dtr: bool, rts: bool, parity: Any
) -> None:
    opened: list[dict[str, Any]] = []

    async def create(_loop: object, factory: Any, url: str, **settings: Any) -> tuple[object, Inbox]:
        opened.append({"url": url, **settings})
        return object(), factory()

    monkeypatch.setattr(serialx, "create_serial_connection", create)
    port = PortUrl("serial", path="/dev/ttyUSB0", text="serial:///dev/ttyUSB0?baudrate=4800")
    await open_port(port, Line(baudrate=4800, bytesize=7, parity=parity, stopbits=2, dtr=dtr, rts=rts))
    pins = {True: serialx.PinState.HIGH, False: serialx.PinState.LOW}
    (settings,) = opened
    assert settings == {
        "url": "/dev/ttyUSB0", "baudrate": 4800, "byte_size": 7, "stopbits": serialx.StopBits.TWO,
        "parity": {"N": serialx.Parity.NONE, "E": serialx.Parity.EVEN, "O": serialx.Parity.ODD}[parity],
        "xonxoff": False, "rtscts": False, "exclusive": True, "dtr_on_open": pins[dtr], "rts_on_open": pins[rts],
        "dtr_on_close": serialx.PinState.UNDEFINED, "rts_on_close": serialx.PinState.UNDEFINED,
    }  # fmt: skip


async def test_a_port_has_one_reader(cable: Cable) -> None:
    inbox = await open_port(cable.port, ANY)
    with pytest.raises(LinkError, match=r"usb-adapter.*in use by another program"):
        await open_port(cable.port, ANY)
    await inbox.close()
    again = await open_port(cable.port, ANY)
    await again.close()


async def test_a_missing_adapter_is_told_with_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=r"nowhere.*plugged in.*/dev/serial/by-id"):
        await open_port(Cable(tmp_path / "nowhere").port, ANY)


async def test_what_is_no_serial_port_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(LinkError, match=r"file: \S+"):
        await open_port(Cable(path).port, ANY)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "dialout"), (errno.EBUSY, "one reader"), (errno.ENOENT, "plugged in"),
        (errno.EIO, "cable pulled"), (errno.ECONNREFUSED, "is the device on"), (errno.EHOSTUNREACH, "check cable"),
    ],
)  # fmt: skip
async def test_what_a_person_can_do_is_said(monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(serialx, "create_serial_connection", fail)
    with pytest.raises(LinkError, match=f"ttyUSB0.*{words}"):
        await open_port(PortUrl("serial", path="/dev/ttyUSB0", text="serial:///dev/ttyUSB0"), ANY)


async def heard_until_pulled(cable: Cable, word: bytes) -> str:
    talk = Talk()
    talk.inbox = await open_port(cable.port, ANY)
    async with talking(talk) as task:
        os.write(cable.device, word)
        await eventually(lambda: talk.dialogue.heard == word)
        cable.pull()
        await asyncio.wait_for(asyncio.wait([task]), PATIENCE_S)
    return reason_of(talk.inbox.error)


async def test_a_pulled_adapter_ends_the_conversation_and_can_be_plugged_in_again(cable: Cable) -> None:
    assert "cable pulled" in await heard_until_pulled(cable, b"before")
    cable.plug_in()
    assert "cable pulled" in await heard_until_pulled(cable, b"after")


async def test_an_acknowledgement_on_a_pulled_adapter_is_no_crash(cable: Cable) -> None:
    talk = Talk()
    talk.inbox = await open_port(cable.port, ANY)
    talk.dialogue.answer = lambda _data: [report(), Taken(1)]
    with loop_errors() as errors:
        async with talking(talk) as task:
            os.write(cable.device, b"x")
            await eventually(lambda: talk.dialogue.heard)
            cable.pull()
            await asyncio.wait_for(asyncio.wait([task]), PATIENCE_S)
            talk.store.commit()
            await asyncio.sleep(0)
    assert errors == []


# TCP


@contextlib.asynccontextmanager
async def device() -> AsyncIterator[tuple[int, "asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]"]]:
    """A device with a network service: its port, and who has called."""
    calls: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await calls.put((reader, writer))

    server = await asyncio.start_server(called, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], calls
    finally:
        server.close()


async def test_a_device_on_the_network_is_heard_and_spoken_to() -> None:
    async with device() as (port, calls):
        talk = Talk()
        talk.inbox = await open_port(tcp(port), ANY)
        talk.dialogue.answer = lambda _data: [Ask(1)]
        async with talking(talk) as task:
            reader, writer = await calls.get()
            writer.write(b"hello")
            assert await asyncio.wait_for(reader.readexactly(3), PATIENCE_S) == b"?1\n"
            assert talk.dialogue.heard == b"hello"
            writer.close()
            await asyncio.wait_for(task, PATIENCE_S)
        assert reason_of(talk.inbox.error) == "closed by the other side"


async def test_a_half_open_connection_is_found_out_by_the_kernel() -> None:
    async with device() as (port, calls):
        inbox = await open_port(tcp(port), ANY)
        assert inbox.transport is not None
        sock = inbox.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        alive = [
            sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_KEEP{name}")) for name in ("IDLE", "INTVL", "CNT")
        ]
        assert alive[0] + alive[1] * alive[2] <= 90
        await inbox.close()
        (await calls.get())[1].close()


async def test_a_device_that_is_off_is_told_in_words() -> None:
    with pytest.raises(LinkError, match=r"tcp://127.0.0.1:\d+: nobody listens there: is the device on"):
        await open_port(tcp(free_port()), ANY)


async def test_a_device_that_does_not_answer_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any) -> Any:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(transport_module, "OPEN_S", 0.01)
    monkeypatch.setitem(transport_module._OPENERS, "tcp", never)
    with pytest.raises(LinkError, match=r"tcp://.*no answer within.*address right"):
        await open_port(tcp(4001), ANY)


async def test_a_name_that_nobody_knows_is_told_in_words() -> None:
    with pytest.raises(LinkError, match=r"tcp://device\.invalid"):
        await open_port(PortUrl("tcp", "device.invalid", 4001, text="tcp://device.invalid:4001"), ANY)


async def test_a_name_that_can_be_none_is_told_in_words() -> None:
    host = "x" * 64  # longer than a label of a name may be
    with pytest.raises(LinkError, match=r"tcp://x+"):
        await open_port(PortUrl("tcp", host, 4001, text=f"tcp://{host}:4001"), ANY)


async def test_a_flood_waits_in_the_kernel_while_the_disk_is_behind() -> None:
    async with device() as (port, calls):
        talk = Talk()
        talk.store.has_room = False
        talk.inbox = await open_port(tcp(port), ANY)
        async with talking(talk):
            _, writer = await calls.get()
            writer.write(b"x" * 50_000_000)
            await asyncio.sleep(0.2)
            assert len(talk.dialogue.heard) < 5_000_000, "the gateway's memory takes what its disk can't"
            writer.transport.abort()


# UDP


class Speaker(asyncio.DatagramProtocol):
    """A device that speaks datagrams."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.peer: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard.append(data)
        self.peer = addr

    def say(self, data: bytes) -> None:
        self.transport.sendto(data, self.peer)


@contextlib.asynccontextmanager
async def speaker() -> AsyncIterator[tuple[Speaker, PortUrl]]:
    loop = asyncio.get_running_loop()
    transport, speaking = await loop.create_datagram_endpoint(Speaker, local_addr=("127.0.0.1", 0))
    number = transport.get_extra_info("sockname")[1]
    try:
        yield speaking, PortUrl("udp", "127.0.0.1", number, text=f"udp://127.0.0.1:{number}")
    finally:
        transport.close()


async def test_a_device_that_speaks_datagrams_is_asked_and_heard() -> None:
    async with speaker() as (said, port):
        talk = Talk()
        talk.inbox = await open_port(port, ANY)
        talk.dialogue.on_open = [Hello(), Ask(1)]
        pieces: list[bytes] = []
        talk.dialogue.answer = lambda data: pieces.append(data) or []  # type: ignore[func-returns-value]  # notes it
        async with talking(talk) as task:
            await eventually(lambda: len(said.heard) >= 2 or task.done())
            assert said.heard == [b"H\n", b"?1\n"], "each request is a datagram of its own"
            for data in (b"one", b"two", b"x" * 1400):
                said.say(data)
            await eventually(lambda: len(pieces) >= 3)
            assert pieces == [b"one", b"two", b"x" * 1400]


async def test_a_strangers_datagrams_are_not_heard() -> None:
    async with speaker() as (said, port), speaker() as (stranger, _):
        inbox = await open_port(port, ANY)
        ears = Ears(inbox)
        own = inbox.transport.get_extra_info("sockname") if inbox.transport else None
        stranger.peer = said.peer = own
        stranger.say(b"set the rate")
        said.say(b"hello")
        await eventually(lambda: ears.pieces)
        await inbox.close()
        assert ears.pieces == [b"hello"]


async def test_a_device_that_does_not_listen_yet_is_no_error() -> None:
    with loop_errors() as errors:
        inbox = await open_port(PortUrl("udp", "127.0.0.1", free_port(), text="udp://127.0.0.1:1"), ANY)
        ears = Ears(inbox)
        if inbox.transport is not None:
            inbox.transport.sendto(b"x")  # type: ignore[attr-defined]  # to provoke the kernel's answer
        await asyncio.sleep(0.05)
        assert not ears.is_over
        await inbox.close()
    assert errors == []


async def test_datagrams_do_not_grow_old_in_the_kernel_while_the_disk_is_behind() -> None:
    # One datagram a pause would be two a second: a monitor's values would be minutes old, and look live.
    async with speaker() as (said, port):
        talk = Talk()
        talk.store.has_room = False
        talk.inbox = await open_port(port, ANY)
        pieces: list[bytes] = []
        talk.dialogue.answer = lambda data: pieces.append(data) or []  # type: ignore[func-returns-value]  # notes it
        async with talking(talk):
            assert talk.inbox.transport is not None
            said.peer = talk.inbox.transport.get_extra_info("sockname")
            for n in range(20):
                said.say(b"%d" % n)
            await asyncio.sleep(1.2)
        assert len(pieces) == 20


# Devices that dial us


async def test_many_senders_have_a_connection_each() -> None:
    number = free_port()
    accepted: list[tuple[Ears, str]] = []
    server = await listen(listening(number), lambda inbox, peer: accepted.append((Ears(inbox), peer)))
    async with server:
        writers = [(await asyncio.open_connection("127.0.0.1", number))[1] for _ in range(3)]
        for n, writer in enumerate(writers):
            writer.write(b"sender %d" % n)
        await eventually(lambda: sum(len(ears.heard) for ears, _ in accepted) == 24)
        assert sorted(ears.heard for ears, _ in accepted) == [b"sender 0", b"sender 1", b"sender 2"]
        assert {peer for _, peer in accepted} == {"127.0.0.1"}, "without the port, which is new each time"
        for writer in writers:
            writer.close()
        await eventually(lambda: all(ears.is_over for ears, _ in accepted))


async def test_a_port_that_is_taken_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(LinkError, match=rf"listen://127.0.0.1:{number}: the port is taken by another program"):
            await listen(listening(number), lambda _inbox, _peer: None)


async def test_an_address_that_is_not_ours_is_told_in_words() -> None:
    port = PortUrl("listen", "192.0.2.1", 2575, text="listen://192.0.2.1:2575")  # TEST-NET-1, RFC 5737
    with pytest.raises(LinkError, match=r"0\.0\.0\.0"):
        await listen(port, lambda _inbox, _peer: None)


# Recordings


def recording(folder: Path, pieces: list[Piece], tail: str = "") -> PortUrl:
    path = folder / "chair1.jsonl"
    lines = [header_line(Header("made_up", "chair1", "2026-01-01T00:00:00Z")), *map(piece_line, pieces)]
    path.write_text("\n".join(lines) + "\n" + tail, encoding="utf-8")
    return PortUrl("replay", path=str(path), text="replay://chair1.jsonl")


async def test_a_recording_says_what_was_heard_in_its_time_and_ends(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    pieces = [Piece(0.0, "rx", 0, b"one"), Piece(0.02, "tx", 0, b"said"), Piece(0.1, "rx", 0, b"two")]
    start = loop.time()
    ears = Ears(await open_port(recording(tmp_path, pieces), ANY))
    await eventually(lambda: ears.is_over)
    assert ears.pieces == [b"one", b"two"]
    assert 0.09 <= loop.time() - start < 1.0


async def test_a_recording_is_never_spoken_to(tmp_path: Path) -> None:
    talk = Talk()
    talk.inbox = await open_port(recording(tmp_path, [Piece(0.0, "rx", 0, b"x"), Piece(5.0, "rx", 0, b"y")]), ANY)
    talk.dialogue.on_open = [Hello(), Ask(1)]
    async with talking(talk) as task:
        await eventually(lambda: talk.dialogue.heard == b"x")
        assert not task.done()
        assert not hasattr(talk.inbox.transport, "write")


async def test_a_recording_can_be_left_in_the_middle(tmp_path: Path) -> None:
    inbox = await open_port(recording(tmp_path, [Piece(0.0, "rx", 0, b"x"), Piece(60.0, "rx", 0, b"y")]), ANY)
    ears = Ears(inbox)
    await eventually(lambda: ears.heard == b"x")
    await asyncio.wait_for(inbox.close(), 1.0)
    assert ears.heard == b"x"


async def test_a_recording_that_a_kill_cut_short_is_played_as_far_as_it_goes(tmp_path: Path) -> None:
    ears = Ears(await open_port(recording(tmp_path, [Piece(0.0, "rx", 0, b"x")], '{"t": 1.0, "dir": "r'), ANY))
    await eventually(lambda: ears.is_over)
    assert ears.heard == b"x"


@pytest.mark.parametrize("text", ["", "{}\n", "not a recording\n", json.dumps({"format": "other/9"}) + "\n"])
async def test_what_is_no_recording_is_told_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(LinkError, match=r"replay://x.*recording|replay://x.*format"):
        await open_port(PortUrl("replay", path=str(path), text="replay://x.jsonl"), ANY)


async def test_a_recording_that_is_not_there_is_told_without_talk_of_adapters(tmp_path: Path) -> None:
    with pytest.raises(LinkError) as caught:
        await open_port(PortUrl("replay", path=str(tmp_path / "none"), text="replay://none"), ANY)
    assert "adapter" not in str(caught.value)


# Closing


async def test_a_closed_port_says_nothing_any_more() -> None:
    async with device() as (port, calls):
        inbox = await open_port(tcp(port), ANY)
        ears = Ears(inbox)
        _, writer = await calls.get()
        await asyncio.wait_for(inbox.close(), PATIENCE_S)
        writer.write(b"too late")
        await asyncio.sleep(0.01)
        assert ears.heard == b""
        assert inbox.transport is not None
        assert inbox.transport.is_closing()
        writer.close()
