"""TCP from both ends: a device that listens, and one that calls the gateway."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from simulators.port import LOOPBACK, Port, PortError, free_port, url_of
from simulators.talk import Talk

_DIALS_S: Final = (0.02, 5.0)  # back-off of a device that can't reach the gateway
_STEADY_S: Final = 5.0  # a connection that lasted so long was a good one
_WAITING: Final = 4  # connections that may wait for the first to leave
_UNREAD: Final = 1 << 20  # bytes that a gateway may leave unread before a device drops the connection


class _Peer(asyncio.Protocol):
    """One TCP connection, from the device's side."""

    def __init__(self, talk: Talk, meet: "Callable[[_Peer], None]" = lambda _: None) -> None:
        self._talk = talk
        self._meet = meet
        self._transport: asyncio.Transport | None = None
        self.is_served = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say nothing and hear nothing until it is this one's turn."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.pause_reading()
        self._meet(self)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on."""
        self._talk.hear(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The gateway is gone."""
        if self.is_served:
            self._talk.hang_up()

    async def serve(self) -> None:
        """Talk until the connection ends."""
        assert self._transport is not None
        if self._transport.is_closing():
            return
        self.is_served = True
        self._transport.resume_reading()
        try:
            await self._talk.run(self._write)
        finally:
            self.is_served = False
            self.abort()

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        if self._transport.get_write_buffer_size() > _UNREAD:
            self._transport.abort()
        elif not self._transport.is_closing():
            self._transport.write(data)


class TcpPort(Port):
    """A device that listens. It talks to one gateway at a time; a second one waits."""

    def __init__(self, talk: Talk, host: str = LOOPBACK, port: int = 0) -> None:
        super().__init__(talk)
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._peers: asyncio.Queue[_Peer] = asyncio.Queue(_WAITING)
        self._current: _Peer | None = None

    @property
    def url(self) -> str:
        """Give the address with the port that was picked."""
        return url_of("tcp", self._host, self._port)

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: _Peer(self._talk, self._queue), self._host, self._port)
        except OSError as error:
            raise PortError(f"{self.url}: {error.strerror}; choose another port, or 0 for a free one") from error
        self._port = self._server.sockets[0].getsockname()[1]

    async def run(self) -> None:
        """Serve one connection after the other."""
        try:
            while True:
                self._current = await self._peers.get()
                await self._current.serve()
                self._current = None
        finally:
            self.unplug()

    def unplug(self) -> None:
        """Stop listening and drop the connections."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._current is not None:
            self._current.abort()
        while not self._peers.empty():
            self._peers.get_nowait().abort()

    async def replug(self) -> None:
        """Listen on the same port again."""
        if self._server is None:
            await self.start()

    def _queue(self, peer: _Peer) -> None:
        try:
            self._peers.put_nowait(peer)
        except asyncio.QueueFull:
            peer.abort()


class DialPort(Port):
    """A device that calls the gateway, and calls again."""

    def __init__(self, talk: Talk, host: str = LOOPBACK, port: int = 0) -> None:
        super().__init__(talk)
        self._host, self._port = host, port
        self._plugged = asyncio.Event()
        self._current: _Peer | None = None

    @property
    def url(self) -> str:
        """Give the gateway's end."""
        return url_of("listen", self._host, self._port)

    async def start(self) -> None:
        """Plug in; calling is done by `run`."""
        self._port = self._port or free_port(self._host)
        self._plugged.set()

    async def run(self) -> None:
        """Call, talk, and call again; a call that fails or soon ends is repeated more slowly."""
        wait, longest = _DIALS_S
        loop = asyncio.get_running_loop()
        while True:
            await self._plugged.wait()
            began = loop.time()
            await self._call()
            if loop.time() - began > _STEADY_S:
                wait = _DIALS_S[0]
            await asyncio.sleep(wait)
            wait = min(wait * 2.0, longest)

    async def _call(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, peer = await loop.create_connection(lambda: _Peer(self._talk), self._host, self._port)
        except OSError:
            return
        self._current = peer
        try:
            await peer.serve()
        finally:
            self._current = None

    def unplug(self) -> None:
        """Drop the connection, and don't call."""
        self._plugged.clear()
        if self._current is not None:
            self._current.abort()

    async def replug(self) -> None:
        """Call again."""
        self._plugged.set()
