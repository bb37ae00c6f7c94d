"""Listens to a Sapphire. It says nothing, unless it has been told to say that a PC listens.

A sum of one byte is a weak check, and ten batches a second say nearly the same: one counts if the one before it agrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.api import Damage, Identity, Output, Port
from drivers.sapphire.codec import BATCH, Decoder, Message, ThisIsPc
from drivers.sapphire.readings import agree, doubtful, identity, is_readable, rate_of, report

CONTRADICTED: Final = "batch that the next one contradicts"
_BATCHES: Final = 10  # for one report, at ten a second; fewer if they come more slowly
_REPORT_S: Final = 1.0
_SECOND_S: Final = 1.0  # the public driver says it twice at the beginning, as the maker's own program does
_SETTLE_S: Final = 2.0  # a message is never as slow: 1033 bytes take 1.1 s
_PERIOD_S: Final = 15.0  # the document asks for it each 30 s, the public driver does so each 15 s


@dataclass(frozen=True, slots=True)
class SapphireSettings:
    """Whether we keep the pump talking. UNVERIFIED what it does when that stops: for the bench only."""

    this_is_pc: bool = False


class SapphireDialogue:
    """One conversation with one pump."""

    def __init__(self, settings: SapphireSettings, _port: Port) -> None:
        self._settings = settings
        self._decoder = Decoder()
        self._due_at: float | None = None  # of the next ThisIsPc
        self._settle_at: float | None = None  # of what waits for more bytes
        self._number = 0
        self._before: bytes | None = None  # the batch before, with no damage since
        self._is_alone = False  # that one, which none has confirmed
        self._identity: Identity | None = None
        self._rate = b""  # told last
        self._batches = 0  # since the last report
        self._told_at = float("-inf")

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return min((at for at in (self._due_at, self._settle_at) if at is not None), default=None)

    def open(self, now: float) -> Sequence[Output]:
        """Listen; if so told, say that a PC does."""
        return self._say(now, _SECOND_S) if self._settings.this_is_pc else []

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take bytes; publish what they completed."""
        outputs = self._take_all(self._decoder.feed(data), now)
        self._settle_at = now + _SETTLE_S if self._decoder.kept or self._is_alone else None
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Say again that a PC listens, or give up waiting for a message's end."""
        outputs: list[Output] = []
        if self._settle_at is not None and now >= self._settle_at:
            self._settle_at = None
            outputs += [*self._take_all(self._decoder.give_up(), now), *self._tell_alone()]
        if self._due_at is not None and now >= self._due_at:
            outputs += self._say(now, _PERIOD_S)
        return outputs

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing: the protocol has no goodbye that changes nothing else."""
        self._due_at = self._settle_at = None
        return []

    def _say(self, now: float, wait_s: float) -> list[Output]:
        number, self._number = self._number, (self._number + 1) % 256
        self._due_at = now + wait_s
        return [ThisIsPc(number)]

    def _take_all(self, found: Sequence[Message | Damage], now: float) -> list[Output]:
        outputs: list[Output] = []
        for what in found:
            outputs += self._take(what, now) if isinstance(what, Message) else self._lose(what)
        return outputs

    def _take(self, message: Message, now: float) -> list[Output]:
        """Other messages than batches answer what we never ask."""
        if message.kind != BATCH:
            return []
        if not is_readable(message.data):
            return self._lose(Damage("batch of another layout", len(message.encode())))
        before, self._before = self._before, message.data
        was_alone, self._is_alone = self._is_alone, before is None or not agree(before, message.data)
        if not self._is_alone:
            return [*self._met(message.data), *self._told(message.data, now)]
        return [Damage(CONTRADICTED, len(message.encode()))] if was_alone else []

    def _lose(self, damage: Damage) -> list[Output]:
        """Of 256 harmed batches one has a right sum: what stands beside damage must be confirmed anew."""
        self._before, self._is_alone = None, False
        return [damage]

    def _tell_alone(self) -> list[Output]:
        """Silence has followed: nothing will confirm the last batch."""
        if self._before is None or not self._is_alone:
            return []
        self._is_alone = False
        return [doubtful(report(self._before))]

    def _met(self, data: bytes) -> list[Output]:
        if (now := identity(data)) == self._identity:
            return []
        self._identity, self._rate = now, b""
        return [now]

    def _told(self, data: bytes, now: float) -> list[Output]:
        """Tell one a second, and at once one with another rate."""
        self._batches += 1
        rate = rate_of(data)
        if rate == self._rate and self._batches < _BATCHES and now < self._told_at + _REPORT_S:
            return []
        self._rate, self._batches, self._told_at = rate, 0, now
        return [report(data)]
