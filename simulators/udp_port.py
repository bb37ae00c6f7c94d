"""UDP: a device that answers whoever spoke last."""

import asyncio

from simulators.port import LOOPBACK, Port, PortError, url_of
from simulators.talk import Talk


class UdpPort(Port, asyncio.DatagramProtocol):
    """A device that answers whoever spoke last. A new address is a new conversation."""

    def __init__(self, talk: Talk, host: str = LOOPBACK, port: int = 0) -> None:
        super().__init__(talk)
        self._host, self._port = host, port
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._first: list[bytes] = []
        self._spoken = asyncio.Event()

    @property
    def url(self) -> str:
        """Give the address with the port that was picked."""
        return url_of("udp", self._host, self._port)

    async def start(self) -> None:
        """Take the port."""
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, (self._host, self._port))
        except OSError as error:
            raise PortError(f"{self.url}: {error.strerror}; choose another port, or 0 for a free one") from error
        self._port = self._transport.get_extra_info("sockname")[1]

    async def run(self) -> None:
        """Talk with one address after the other."""
        try:
            while True:
                await self._spoken.wait()
                self._spoken.clear()
                for data in self._first:
                    self._talk.hear(data)
                self._first.clear()
                await self._talk.run(self._write)
        finally:
            self.unplug()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one datagram."""
        if addr == self._peer and not self._spoken.is_set():
            self._talk.hear(data)
            return
        if self._peer not in (None, addr):
            self._talk.hang_up()
        if addr != self._peer:
            self._first.clear()
        self._peer = addr
        self._first.append(data)
        self._spoken.set()

    def unplug(self) -> None:
        """Give the port up."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        if self._peer is not None:
            self._peer = None
            self._talk.hang_up()

    async def replug(self) -> None:
        """Take the same port again."""
        if self._transport is None:
            await self.start()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and self._peer is not None:
            self._transport.sendto(data, self._peer)
