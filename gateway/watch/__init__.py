"""A broker's devices, live in the terminal. It is a customer: it knows the published contract and nothing else."""

import asyncio
import contextlib
import re
import secrets
import signal
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import aiomqtt

from gateway.watch.board import ROOTS, Board
from gateway.watch.screen import Lines, LiveTable
from gateway.watch.view import View

KEEPALIVE_S: Final = 5  # a frozen broker is noticed after about twice this
RETRY_S: Final = 2.0
ONCE_S: Final = 10.0  # how long a single look waits for something to show
SETTLE_S: Final = 1.0  # retained messages come at once; after this, what is still missing isn't there
KINDS: Final = ("status", "observations", "events")
QUEUE: Final = 10_000  # messages; a watcher that can't keep up shows ages that grow, and drops what is older


@dataclass(frozen=True, slots=True)
class Address:
    """A broker, and who we are to it."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


async def watch(
    address: Address,
    screen: LiveTable | Lines,
    *,
    roots: Sequence[str] = ROOTS,
    seconds: float | None = None,
    is_once: bool = False,
) -> int:
    """Show until the time is over, or (once) until there is something; gives 1 if nothing was heard at all."""
    listener = _Listener(address, Board(roots), roots)
    task = asyncio.create_task(listener.run(), name="listener")
    end = time.monotonic() + seconds if seconds is not None else None
    if is_once and end is None:
        end = time.monotonic() + ONCE_S
    try:
        with screen:
            await _show(listener, screen, end, is_once=is_once)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return 0 if listener.view().rows or listener.view().gateways else 1


def run(
    address: Address, screen: LiveTable | Lines, roots: Sequence[str], seconds: float | None, *, is_once: bool
) -> int:
    """Watch until Ctrl-C or SIGTERM, which are good ends; gives the exit code."""

    async def until_told() -> int:
        task = asyncio.create_task(watch(address, screen, roots=roots, seconds=seconds, is_once=is_once))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return 0

    return asyncio.run(until_told())


async def _show(listener: "_Listener", screen: LiveTable | Lines, end: float | None, *, is_once: bool) -> None:
    while True:
        is_over = end is not None and time.monotonic() >= end
        if not is_once or is_over or listener.is_settled():
            screen.show(listener.view(), listener.trouble)
            if is_once or is_over:
                return
        left = end - time.monotonic() if end is not None else screen.every_s
        await asyncio.sleep(min(screen.every_s, max(left, 0.0)))


class _Listener:
    """Hears a broker, and tries again when it is gone."""

    def __init__(self, address: Address, board: Board, roots: Sequence[str]) -> None:
        self._address = address
        self._board = board
        self._topics = [f"{root.strip('/')}/+/+/+/{kind}" for root in roots for kind in KINDS]
        self._waiting = f"waiting for devices below {' and '.join(roots)}"
        self._since: float | None = None
        self._reason = f"connecting to {address}"

    @property
    def trouble(self) -> str:
        """Why there is nothing to see, or empty."""
        if self._since is None:
            return self._reason
        view = self.view()
        return "" if view.rows or view.gateways else self._waiting

    def view(self) -> View:
        """What is so now."""
        return self._board.view(time.time(), is_connected=self._since is not None)

    def is_settled(self) -> bool:
        """Say whether all has come that comes by itself, and each device that delivers has said something."""
        if self._since is None or time.monotonic() < self._since + SETTLE_S:
            return False
        rows = self.view().rows
        return bool(rows) and all(row.heard for row in rows if row.is_current)

    async def run(self) -> None:
        while True:
            try:
                await self._hear()
            except aiomqtt.MqttError as error:
                self._reason = f"no connection to {self._address} ({_words(error)}): trying again every {RETRY_S:g} s"
            self._since = None
            await asyncio.sleep(RETRY_S)

    async def _hear(self) -> None:
        address = self._address
        async with aiomqtt.Client(
            address.host,
            address.port,
            username=address.user,
            password=address.password,
            tls_context=address.tls,
            identifier=f"onlooker-watch-{secrets.token_hex(4)}",
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=QUEUE,
        ) as client:
            for topic in self._topics:
                await client.subscribe(topic, qos=1)
            self._since = time.monotonic()
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                self._board.feed(message.topic.value, payload, time.time(), retained=message.retain)


def _words(error: aiomqtt.MqttError) -> str:
    """A refused login is the watcher's to mend; anything else is the network's."""
    words = re.sub(r"^\[Errno -?\d+\] ", "", str(error))
    return f"{words}: check the user and --password-file" if "uthori" in words or "user name" in words else words
