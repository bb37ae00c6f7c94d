"""Ports: the only module that opens them. Whatever the kind, a link gets an inbox to read and maybe a way to write.

Serial lines are opened with an exclusive lock and no flow control; DTR and RTS are set once and never
moved, no BREAK is sent.
"""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import serialx

from drivers import capture
from drivers.api import Line
from gateway.config import PortUrl
from gateway.errors import LinkError

log = logging.getLogger(__name__)

OPEN_S: Final = 5.0
CLOSE_S: Final = 1.0
EARLY_LIMIT: Final = 64  # datagrams that may come before the link reads
PIECE_LIMIT: Final = 16 * 1024  # bytes given at a time: what they become must fit the outbox's memory


class Inbox(asyncio.Protocol, asyncio.DatagramProtocol):
    """One open port: hands what it says to whoever reads it, at once and in pieces of bounded size."""

    def __init__(self) -> None:
        self._reader: Callable[[bytes], None] | None = None
        self._early: list[bytes] = []
        self._is_datagrams = False
        self._closed = asyncio.Event()
        self.error: Exception | None = None
        self.transport: asyncio.BaseTransport | None = None
        self.on_connected: Callable[[Inbox], None] = lambda _inbox: None
        self.on_closed: Callable[[], None] = lambda: None

    # What the event loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport
        self._is_datagrams = hasattr(transport, "sendto")
        self.on_connected(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a stream."""
        if self._reader is None:
            self._early.append(data)
            self.pause()
        elif len(data) <= PIECE_LIMIT:
            self._reader(data)
        else:
            for start in range(0, len(data), PIECE_LIMIT):
                self._reader(data[start : start + PIECE_LIMIT])

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take one datagram, whole; the socket is connected, so it comes from our device."""
        if self._reader is not None:
            self._reader(data)
        elif len(self._early) < EARLY_LIMIT:
            self._early.append(data)

    def error_received(self, exc: Exception) -> None:
        """Keep a socket's complaint (nobody listens there yet): the dialogue's own time-outs decide."""
        self.error = exc

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the reader that it is over."""
        self.error = exc
        self._closed.set()
        self.on_closed()

    # What the link asks

    def attach(self, reader: Callable[[bytes], None], on_closed: Callable[[], None]) -> None:
        """Begin reading: first what has already come."""
        self._reader, self.on_closed = reader, on_closed
        early, self._early = self._early, []
        for data in early:
            self._reader(data) if self._is_datagrams else self.data_received(data)
        self.resume()
        if self._closed.is_set():
            on_closed()

    def pause(self) -> None:
        """Leave what comes in the kernel for now. A datagram socket can't."""
        if isinstance(self.transport, asyncio.ReadTransport) and not self._is_datagrams:
            self.transport.pause_reading()

    def resume(self) -> None:
        """Go on reading."""
        transport = self.transport
        if isinstance(transport, asyncio.ReadTransport) and not self._is_datagrams and not transport.is_closing():
            transport.resume_reading()

    async def close(self) -> None:
        """Close the port, and wait until it is free again."""
        self._reader = lambda _data: None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._closed.wait()


async def open_port(port: PortUrl, line: Line) -> Inbox:
    """Open a port. Raises LinkError in words that name the remedy."""
    try:
        async with asyncio.timeout(OPEN_S):
            return await _OPENERS[port.scheme](port, line)
    except TimeoutError as error:
        raise LinkError(
            f"{port.text}: no answer within {OPEN_S:.0f} s: is the device on, and the address right?"
        ) from error
    except (OSError, UnicodeError, serialx.SerialException, capture.CaptureError) as error:
        raise LinkError(f"{port.text}: {_words(error)}") from error


async def _open_serial(port: PortUrl, line: Line) -> Inbox:
    url = port.path if port.scheme == "serial" else f"rfc2217://{port.host}:{port.port}"
    loop = asyncio.get_running_loop()
    _, inbox = await serialx.create_serial_connection(
        loop,
        Inbox,
        url,
        baudrate=line.baudrate,
        byte_size=line.bytesize,
        parity=_PARITY[line.parity],
        stopbits=serialx.StopBits(line.stopbits),
        xonxoff=False,
        rtscts=False,
        exclusive=True,
        dtr_on_open=_pin(line.dtr),
        rts_on_open=_pin(line.rts),
        dtr_on_close=serialx.PinState.UNDEFINED,
        rts_on_close=serialx.PinState.UNDEFINED,
    )
    assert isinstance(inbox, Inbox)
    return inbox


_PARITY: Final = {"N": serialx.Parity.NONE, "E": serialx.Parity.EVEN, "O": serialx.Parity.ODD}


def _pin(is_high: bool) -> serialx.PinState:
    return serialx.PinState.HIGH if is_high else serialx.PinState.LOW


async def _open_tcp(port: PortUrl, _line: Line) -> Inbox:
    _, inbox = await asyncio.get_running_loop().create_connection(Inbox, port.host, port.port)
    _keep_alive(inbox)
    return inbox


async def _open_udp(port: PortUrl, _line: Line) -> Inbox:
    loop = asyncio.get_running_loop()
    _, inbox = await loop.create_datagram_endpoint(Inbox, remote_addr=(port.host, port.port))
    return inbox


async def _open_replay(port: PortUrl, _line: Line) -> Inbox:
    """Say a recording's bytes again, in their time; only in test mode, and the link is never written to."""
    try:
        text = await asyncio.to_thread(Path(port.path).read_text, encoding="utf-8")
    except FileNotFoundError as error:
        raise LinkError(f"{port.text}: there is no such recording") from error
    _, pieces = capture.read(text.splitlines(keepends=True))
    inbox = Inbox()
    inbox.transport = _Replay(inbox, [piece for piece in pieces if piece.dir == "rx"])
    return inbox


class _Replay(asyncio.BaseTransport):
    def __init__(self, inbox: Inbox, pieces: list[capture.Piece]) -> None:
        super().__init__()
        self._inbox = inbox
        self._task = asyncio.create_task(self._say(pieces), name="replay")

    async def _say(self, pieces: list[capture.Piece]) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for piece in pieces:
            await asyncio.sleep(max(0.0, start + piece.t - loop.time()))
            self._inbox.data_received(piece.data)
        self._inbox.connection_lost(None)

    def is_closing(self) -> bool:
        return self._task.done()

    def close(self) -> None:
        self._task.cancel()
        self._inbox.connection_lost(None)


_OPENERS: Final = {
    "serial": _open_serial,
    "rfc2217": _open_serial,
    "tcp": _open_tcp,
    "udp": _open_udp,
    "replay": _open_replay,
}


async def listen(port: PortUrl, accept: Callable[[Inbox, str], None]) -> asyncio.Server:
    """Accept connections; `accept` gets each with its peer's address. Raises LinkError."""

    def connected(inbox: Inbox) -> None:
        _keep_alive(inbox)
        peer = inbox.transport.get_extra_info("peername") if inbox.transport else None
        accept(inbox, str(peer[0]) if peer else "")

    def factory() -> Inbox:
        inbox = Inbox()
        inbox.on_connected = connected
        return inbox

    try:
        return await asyncio.get_running_loop().create_server(factory, port.host, port.port, reuse_address=True)
    except OSError as error:
        raise LinkError(f"{port.text}: {_words(error)}") from error


def _keep_alive(inbox: Inbox) -> None:
    """A monitor that loses power leaves a half-open connection; the kernel finds out within about a minute."""
    sock = inbox.transport.get_extra_info("socket") if inbox.transport else None
    if sock is None:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)


# What a person can do about it.
_REMEDIES: Final = {
    errno.ENOENT: "there is no such port: is the adapter plugged in? `ls /dev/serial/by-id` shows the names",
    errno.EBUSY: "the port is in use by another program: stop that, there must be one reader only",
    errno.EACCES: "no permission: add the gateway's user to the port's group (often dialout)",
    errno.ECONNREFUSED: "nobody listens there: is the device on, and its network service enabled?",
    errno.EHOSTUNREACH: "no route to the device: check cable and address",
    errno.ENETUNREACH: "no route to the device: check cable and address",
    errno.EADDRINUSE: "the port is taken by another program: choose another, or stop that",
    errno.EADDRNOTAVAIL: "this machine doesn't have that address: use 0.0.0.0 or one of its own",
    errno.EIO: "the port has gone: cable pulled, or adapter lost power",
}


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in _REMEDIES:
        return _REMEDIES[error.errno]
    return str(error) or type(error).__name__


def reason_of(error: BaseException | None) -> str:
    """Say why a port has closed, for log and status."""
    return "closed by the other side" if error is None else _words(error)
