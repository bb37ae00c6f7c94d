"""A serial line: a pseudo terminal behind a name that stays."""

import asyncio
import os
import select
import termios
import tty
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from simulators.port import Port, PortError
from simulators.talk import Talk

_READ: Final = 4096
_LOOKS_S: Final = (0.005, 0.2)  # a closed pty can't be waited for: how often to look, at first and at last


class PtyPort(Port):
    """A pseudo terminal. While nobody has it open, the master is hung up: that tells opening and closing exactly."""

    def __init__(self, talk: Talk, link: Path | None = None) -> None:
        super().__init__(talk)
        self._link = link  # a name that stays, whatever the system calls the pty
        self._master = -1
        self._device = ""

    @property
    def url(self) -> str:
        """Give the lasting name, or the system's."""
        return f"serial://{quote(str(self._link.absolute() if self._link else self._device))}"

    async def start(self) -> None:
        """Open the pty."""
        self._plug()

    async def run(self) -> None:
        """Wait for the gateway to open, talk, and again."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._opened()
                master = self._master
                loop.add_reader(master, self._readable)
                try:
                    await self._talk.run(self._write)
                finally:
                    if self._master == master:
                        loop.remove_reader(master)
                        self._make_reopenable()
        finally:
            self.unplug()

    def unplug(self) -> None:
        """Take the pty away, as a USB converter goes."""
        if self._master < 0:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        self._master = -1
        if self._link and os.path.realpath(self._link) == self._device:
            self._link.unlink()
        self._talk.hang_up()

    async def replug(self) -> None:
        """Open another pty behind the same name."""
        if self._master < 0:
            self._plug()

    def _plug(self) -> None:
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(slave)
        self._device = os.ttyname(slave)
        os.close(slave)
        if self._link:
            self._point(self._link)

    def _point(self, link: Path) -> None:
        if link.exists() and not link.is_symlink():
            raise PortError(f"{link}: stands there and is no link; name another place")
        fresh = link.with_name(f".{link.name}.new")
        try:
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self._device)
            fresh.replace(link)
        except OSError as error:
            raise PortError(f"{link}: {error.strerror}; make the folder, or choose another") from error

    async def _opened(self) -> None:
        wait, longest = _LOOKS_S
        while not self._is_open():
            await asyncio.sleep(wait)
            wait = min(wait * 1.5, longest)

    def _is_open(self) -> bool:
        if self._master < 0:
            return False
        look = select.poll()
        look.register(self._master, 0)
        return not look.poll(0)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _READ)
        except BlockingIOError:
            return
        except OSError:  # EIO: closed on the other side
            data = b""
        if data:
            self._talk.hear(data)
        else:
            asyncio.get_running_loop().remove_reader(self._master)
            self._talk.hang_up()

    def _write(self, data: bytes) -> None:
        """Say it to whoever reads. A serial line waits for nobody: what doesn't fit is gone."""
        with suppress(OSError):
            os.write(self._master, data)

    def _make_reopenable(self) -> None:
        """Change something, or the next open with parity or 7 bits fails (EINVAL): only changes are accepted there."""
        with suppress(termios.error):
            attributes = termios.tcgetattr(self._master)
            attributes[4] = attributes[5] = termios.B50
            termios.tcsetattr(self._master, termios.TCSANOW, attributes)
