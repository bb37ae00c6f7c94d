"""Keeps every link going: one named task for each, or for each accepted connection; one that fails touches no other."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from drivers.api import Port
from gateway.clock import Clock
from gateway.config import Config, LinkConfig
from gateway.errors import ForbiddenRequestError, LinkError
from gateway.link import Link
from gateway.logs import fields
from gateway.outbox import Outbox
from gateway.roster import Roster
from gateway.transport import Inbox, listen, open_port, reason_of

log = logging.getLogger(__name__)

STATUS_EVERY_S: Final = 30.0
CONNECTIONS_LIMIT: Final = 64  # on one listening port
STEADY_S: Final = 10.0  # a conversation that lasted this long was a good one: the next retry is quick again


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long to wait before the n-th try in a row: doubling, capped, jittered."""

    first_s: float
    longest_s: float

    def wait_s(self, failures: int, jitter: float) -> float:
        """Give the wait; `jitter` between 0 and 1 shortens it by up to a third."""
        return min(self.longest_s, self.first_s * 2.0 ** min(failures, 16)) * (1 - jitter / 3)


# A look at a serial port that isn't there costs its device nothing, and a replugged one is back within a second. What
# reaches the device does: a storm of connections, or of conversations that break off, is a presence effect.
BACK_OFF: Final = {"serial": BackOff(0.1, 0.5)}
DEFAULT_BACK_OFF: Final = BackOff(0.25, 4.0)


class Patience:
    """How long to leave a port alone: by how often in a row it didn't open, and how often it broke off soon."""

    def __init__(self, scheme: str) -> None:
        self._look = BACK_OFF.get(scheme, DEFAULT_BACK_OFF)
        self._unopened = 0
        self._broken = 0

    def after_failure_to_open(self, jitter: float) -> float:
        """Give the wait (s) before the next look."""
        self._unopened += 1
        if self._look is not DEFAULT_BACK_OFF:
            self._broken = 0  # a line that is not there can't be disturbed: a replug is a new beginning
        return self._look.wait_s(self._unopened - 1, jitter)

    def after_conversation(self, lasted_s: float, jitter: float) -> float:
        """Give the wait (s) before the next conversation."""
        self._unopened = 0
        self._broken = 0 if lasted_s > STEADY_S else self._broken + 1
        return DEFAULT_BACK_OFF.wait_s(max(0, self._broken - 1), jitter)


@dataclass(slots=True)
class Post:
    """One link on duty."""

    config: LinkConfig
    roster: Roster
    connections: int = 0
    accepted: int = 0
    is_troubled: bool = False
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)  # accepted connections
    is_stopped: bool = False  # for good: a request was denied


class Supervisor:
    """Runs all links until cancelled."""

    def __init__(
        self,
        config: Config,
        outbox: Outbox,
        clock: Clock,
        rosters: dict[str, Roster],
        each_second: Callable[[float], None],
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._each_second = each_second
        self._posts = [Post(link, rosters[name]) for name, link in config.links.items()]
        self._is_troubled = False

    async def run(self) -> None:
        """Keep everything going; on cancellation each conversation takes its leave first."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch(), name="watch")
                for post in self._posts:
                    keep = self._listen if post.config.port.scheme == "listen" else self._keep
                    group.create_task(keep(post, group), name=f"link {post.config.name}")
        finally:
            for post in self._posts:
                post.roster.lost("the gateway stops")

    async def _watch(self) -> None:
        status_at = self._clock.steady()
        while True:
            now = self._clock.steady()
            self._look_around(now)
            for post in self._posts:
                self._look(post, now, says_all=now >= status_at)
            if now >= status_at:
                status_at = now + STATUS_EVERY_S
            await asyncio.sleep(1.0)

    def _look_around(self, now: float) -> None:
        """A fault in what is done for the whole gateway must not end its links."""
        try:
            self._each_second(now)
        except Exception:
            if not self._is_troubled:
                log.exception("the gateway's own watch failed: this is a bug")
            self._is_troubled = True

    def _look(self, post: Post, now: float, *, says_all: bool) -> None:
        """One link's trouble must not end the watch over the others."""
        try:
            post.roster.look(now)
            if says_all:
                post.roster.say_all()
        except Exception:
            if not post.is_troubled:
                log.exception("watch over a link failed: this is a bug", extra=fields(link=post.config.name))
            post.is_troubled = True

    # Links that we open

    async def _keep(self, post: Post, _group: asyncio.TaskGroup) -> None:
        patience, told = Patience(post.config.port.scheme), ""
        while True:
            try:
                inbox = await open_port(post.config.port, post.config.line)
            except Exception as error:
                reason, wait_s = self._reason(post, error), patience.after_failure_to_open(random.random())
            else:
                began = self._clock.steady()
                ended = await self._hold(post, inbox)
                if ended is None:
                    return
                reason = ended
                wait_s = patience.after_conversation(self._clock.steady() - began, random.random())
            post.roster.lost(reason)
            if reason != told:
                log.warning("link not connected", extra=fields(link=post.config.name, reason=reason))
                told = reason
            if post.config.port.scheme == "replay" and "closed" in reason:
                return
            await asyncio.sleep(wait_s)

    async def _hold(self, post: Post, inbox: Inbox) -> str | None:
        """Hold one conversation; gives why it ended, or None if there must not be another."""
        try:
            log.info("link connected", extra=fields(link=post.config.name, port=post.config.port.text))
            post.roster.opened()
            await self._talk(post, inbox, post.config.port.host)
        except ForbiddenRequestError as error:
            self._stop_for_good(post, error)
            return None
        except Exception as error:
            return self._reason(post, error)
        finally:
            await inbox.close()
        return reason_of(inbox.error)

    def _reason(self, post: Post, error: Exception) -> str:
        if isinstance(error, LinkError | OSError):
            return str(error)
        log.error("link failed: this is a bug", extra=fields(link=post.config.name), exc_info=error)
        return f"internal error: {type(error).__name__}"

    async def _talk(self, post: Post, inbox: Inbox, peer: str) -> None:
        config = post.config
        port = Port(peer, "datagrams" if config.port.scheme == "udp" else "stream")
        link = Link(
            config.family,
            config.family.dialogue(config.settings, port),
            inbox,
            post.roster,
            self._outbox,
            self._clock,
            accepts_effects=bool(config.accept_risk),
        )
        with self._on_duty(link):
            await link.run()

    @contextlib.contextmanager
    def _on_duty(self, link: Link) -> Iterator[None]:
        """A conversation that ends because we end takes its leave."""
        try:
            yield
        except asyncio.CancelledError:
            try:
                link.close()
            except Exception:
                log.exception("leave-taking failed: this is a bug")
            raise

    def _stop_for_good(self, post: Post, error: ForbiddenRequestError) -> None:
        post.is_stopped = True
        for task in post.tasks:
            if task is not asyncio.current_task():
                task.cancel()
        post.roster.lost("stopped: a request was denied")
        log.critical("link stopped for good", extra=fields(link=post.config.name, reason=str(error)))

    # Links that devices open

    async def _listen(self, post: Post, group: asyncio.TaskGroup) -> None:
        failures, told = 0, ""
        while True:
            try:
                server = await listen(post.config.port, lambda inbox, peer: self._accept(post, group, inbox, peer))
                break
            except LinkError as error:
                if str(error) != told:
                    told = str(error)
                    log.warning("link can't listen", extra=fields(link=post.config.name, reason=told))
                post.roster.lost(told)
                await asyncio.sleep(DEFAULT_BACK_OFF.wait_s(failures, random.random()))
                failures += 1
        log.info("link listens", extra=fields(link=post.config.name, port=post.config.port.text))
        post.roster.opened()
        async with server:
            await asyncio.get_running_loop().create_future()

    def _accept(self, post: Post, group: asyncio.TaskGroup, inbox: Inbox, peer: str) -> None:
        if post.is_stopped or post.connections >= CONNECTIONS_LIMIT:
            post.roster.counters["connections refused"] += 1
            if inbox.transport is not None:
                inbox.transport.close()
            return
        post.connections += 1
        post.accepted += 1
        name = f"link {post.config.name} #{post.accepted}"
        task = group.create_task(self._converse(post, inbox, peer), name=name)
        post.tasks.add(task)
        task.add_done_callback(post.tasks.discard)

    async def _converse(self, post: Post, inbox: Inbox, peer: str) -> None:
        try:
            await self._talk(post, inbox, peer)
        except ForbiddenRequestError as error:
            self._stop_for_good(post, error)
        except (LinkError, OSError) as error:
            log.info("connection ended", extra=fields(link=post.config.name, peer=peer, reason=str(error)))
        except Exception:
            log.exception("connection failed: this is a bug", extra=fields(link=post.config.name, peer=peer))
        finally:
            post.connections -= 1
            await inbox.close()
