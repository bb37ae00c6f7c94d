"""Makes all the parts and ties them together; nothing else calls constructors of another layer."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator, Coroutine, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from drivers.api import Output, Port, Request
from drivers.capture import Header
from gateway import mqtt
from gateway.clock import Clock, iso
from gateway.config import Config, LinkConfig
from gateway.errors import ConfigError, ForbiddenRequestError, LinkError
from gateway.link import Link
from gateway.logs import fields
from gateway.message import EXPIRES_S
from gateway.model import GatewayStatus
from gateway.normalise import Normaliser
from gateway.outbox import Outbox
from gateway.publisher import Publisher
from gateway.recorder import Recorder
from gateway.roster import Roster
from gateway.spans import lost_ranges
from gateway.store import Message
from gateway.supervisor import Supervisor
from gateway.transport import Inbox, listen, open_port, reason_of

log = logging.getLogger(__name__)

STATUS_EVERY_S: Final = 30.0
LIMITS_EVERY_S: Final = 10.0
COMMIT_S: Final = 1.0
DAY_S: Final = 86_400
MIB: Final = 1024 * 1024


def run(config: Config, config_path: Path) -> int:
    """Run the gateway until SIGTERM or Ctrl-C; gives the exit code. Raises ConfigError if it can't start."""
    log.info("gateway starts", extra=fields(version=version("onlooker"), config=str(config_path), mode=config.mode))
    asyncio.run(_until_told(Gateway(config).run()))
    log.info("gateway has stopped")
    return 0


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run until done; SIGTERM, SIGINT and a closed terminal cancel it, and what it does then runs to its end."""
    task = asyncio.create_task(work, name="gateway")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _notice(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("%s has ended: this is a bug", task.get_name(), exc_info=error)


class Gateway:
    """All parts of one gateway."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._clock = Clock()
        self._status_at = 0.0
        self._limits_at = 0.0
        self._trimming: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run until cancelled; then leave cleanly."""
        async with self._broker(), self._opened_outbox() as outbox:
            self._outbox = outbox
            self._publisher = Publisher(self._config.broker, outbox, self._will(), self._utc)
            normaliser = Normaliser(outbox, self._clock, self._publisher.once)
            self._normaliser = normaliser
            self._rosters = {
                name: Roster(self._config, link, normaliser, outbox, self._clock, self._publisher.retain)
                for name, link in self._config.links.items()
            }
            self._publisher.on_connected = self._say_all
            self._publisher.on_given_up = self._given_up
            gc.freeze()  # what is there now stays: no need to look at it again and again
            async with self._publishing():
                await Supervisor(self._config, outbox, self._clock, self._rosters, self._each_second).run()

    def _utc(self) -> float:
        return self._clock.utc(self._clock.steady())

    @contextlib.asynccontextmanager
    async def _broker(self) -> AsyncIterator[None]:
        """The demo's own broker, if the configuration asks for one."""
        if self._config.broker.scheme != "embedded":
            yield
            return
        from gateway.broker import EmbeddedBroker

        with EmbeddedBroker(self._config.broker.host, self._config.broker.port):
            yield

    @contextlib.asynccontextmanager
    async def _opened_outbox(self) -> AsyncIterator[Outbox]:
        outbox = Outbox(self._config.outbox.path)
        outbox.open()
        try:
            yield outbox
        finally:
            await outbox.close()

    @contextlib.asynccontextmanager
    async def _publishing(self) -> AsyncIterator[None]:
        """Publish; on leaving, commit, say what came last, and only then disconnect."""
        task = asyncio.create_task(self._publisher.run(), name="publisher")
        task.add_done_callback(_notice)
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):  # a full disk may have no room ever again
                async with asyncio.timeout(COMMIT_S):
                    await asyncio.shield(self._outbox.ticket())
            self._say_all(offline=True)
            await self._publisher.close()
            task.cancel()
            await asyncio.wait([task])

    # The gateway's own status

    def _topic(self) -> str:
        return f"{self._config.root}/{self._config.site}/_gateway/{self._config.gateway}/status"

    def _will(self) -> mqtt.Will:
        status = self._status_fields("offline")
        return mqtt.Will(self._topic(), _encode(status))

    def _status_fields(self, state: str) -> dict[str, object]:
        return {
            "schema": "onlooker.gateway/1",
            "gateway": self._config.gateway,
            "site": self._config.site,
            "state": state,
            "version": version("onlooker"),
            "simulated": self._config.simulated,
        }

    def _say_all(self, *, offline: bool = False) -> None:
        for roster in self._rosters.values():
            roster.say_all()
        self._say_gateway("offline" if offline else "online")

    def _say_gateway(self, state: str) -> None:
        now = self._utc()
        status = {
            **self._status_fields(state),
            "sent_at": iso(now),
            "expires_at": iso(now + EXPIRES_S),
            "outbox_depth": self._publisher.depth,
            "outbox_bytes": self._outbox.bytes,
            "dropped": dict(self._outbox.dropped),
            "refused": dict(self._publisher.refused),
            "links": {name: roster.state for name, roster in self._rosters.items()},
        }
        self._publisher.retain(self._topic(), _encode(status))

    # Once a second

    def _each_second(self, now: float) -> None:
        step = self._clock.beat()
        if step is not None:
            log.warning("the system clock was set", extra=fields(step_s=round(step, 3)))
            for roster in self._rosters.values():
                roster.clock_step(step, self._utc())
        if now >= self._status_at:
            self._status_at = now + STATUS_EVERY_S
            self._say_gateway("online")
        if now >= self._limits_at and (self._trimming is None or self._trimming.done()):
            self._limits_at = now + LIMITS_EVERY_S
            self._trimming = asyncio.create_task(self._keep_limits(), name="outbox limits")
            self._trimming.add_done_callback(_notice)

    async def _keep_limits(self) -> None:
        limits = self._config.outbox
        lost = await self._publisher.give_up_oldest(limits.max_mib * MIB, limits.max_days * DAY_S)
        if lost:
            log.error("outbox is full: oldest messages were given up", extra=fields(messages=lost))

    def _given_up(self, lost: Sequence[Message]) -> None:
        """Put on the record of each device what is lost."""
        limits = self._config.outbox
        cause = f"over the outbox's limits ({limits.max_mib} MiB, {limits.max_days:g} days)"
        for topic, first, last in lost_ranges((message.stream.topic, message.seq) for message in lost):
            for roster in self._rosters.values():
                if (device := roster.owner(topic)) is not None:
                    self._normaliser.lost(device, topic.rsplit("/", 1)[-1], first, last, cause, self._utc())


def _encode(status: dict[str, object]) -> bytes:
    return GatewayStatus.model_validate(status).model_dump_json(by_alias=True).encode()


# Recording


class _Nobody:
    """Listens to a conversation for a recording: nothing is kept but the bytes."""

    def take(self, _output: Output, _now: float) -> bool:
        """Take one output."""
        return True

    def spoke(self, _request: Request) -> None:
        """A request has been sent."""

    def denied(self, _request: Request) -> None:
        """The gate has refused a request."""


def record(config: Config, link_name: str, output: Path, seconds: float | None) -> int:
    """Hold one link's conversation and keep its bytes; gives the exit code. Raises ConfigError, LinkError."""
    link = config.links.get(link_name)
    if link is None:
        raise ConfigError(f"there is no link {link_name!r}: the file has {', '.join(config.links)}")
    try:
        recorder = Recorder(output, Header(link.family.name, link.name, iso(Clock().steady()), link.port.text))
    except OSError as error:
        raise ConfigError(f"{output}: {error.strerror}: name a file in a folder that you may write") from error
    try:
        asyncio.run(_until_told(_record(link, recorder, seconds)))
    except LinkError:
        recorder.discard()
        raise
    finally:
        recorder.close()
    log.info("recorded", extra=fields(file=str(output), pieces=recorder.pieces, bytes=recorder.bytes))
    return 0 if recorder.bytes else 1


async def _record(link: LinkConfig, recorder: Recorder, seconds: float | None) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            if link.port.scheme == "listen":
                await _hold_all(link, recorder)
            else:
                await _hold(link, recorder, await open_port(link.port, link.line), link.port.host)


async def _hold_all(link: LinkConfig, recorder: Recorder) -> None:
    """Hold whatever connections come. Nothing but a cancellation ends it."""
    calls: set[asyncio.Task[None]] = set()

    def call(inbox: Inbox, peer: str) -> None:
        task = asyncio.create_task(_hold(link, recorder, inbox, peer), name=f"recording of {peer}")
        calls.add(task)
        task.add_done_callback(calls.discard)

    async with await listen(link.port, call):
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for task in tuple(calls):
                task.cancel()
            await asyncio.gather(*calls, return_exceptions=True)


async def _hold(link: LinkConfig, recorder: Recorder, inbox: Inbox, peer: str) -> None:
    port = Port(peer, "datagrams" if link.port.scheme == "udp" else "stream")
    talk = Link(
        link.family,
        link.family.dialogue(link.settings, port),
        inbox,
        _Nobody(),
        recorder,
        Clock(),
        accepts_effects=bool(link.accept_risk),
        tap=recorder.tap(),
    )
    try:
        await talk.run()
    except asyncio.CancelledError:
        talk.close()
        raise
    except (ForbiddenRequestError, LinkError) as error:
        log.warning("conversation ended", extra=fields(link=link.name, reason=str(error)))
    finally:
        await inbox.close()
        log.info("connection closed", extra=fields(link=link.name, reason=reason_of(inbox.error)))
