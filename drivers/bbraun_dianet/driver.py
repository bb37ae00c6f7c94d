"""The conversation with a pump that speaks Dianet Star: who are you, again and again. The rest is overheard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from drivers.api import Announcement, Damage, Identity, Output, Port
from drivers.bbraun_dianet.channels import ERRORS
from drivers.bbraun_dianet.codec import LAYOUTS, Crc, Decoder, ReadIdent, Reply, Segment
from drivers.bbraun_dianet.readings import identity, key, report
from drivers.vocabulary import EventKind

_MOST_ANNOUNCED: Final = 256  # different refusals in one conversation; more are noise


@dataclass(frozen=True, slots=True)
class DianetSettings:
    """Whether and how to ask. Replies are taken with either CRC."""

    ask: bool = True  # False: another system asks, and we only listen
    crc: Literal["braun", "ccitt_false"] = "braun"  # of our question
    poll_s: float = 5.0  # whether there is an answer or not: a silent pump is asked no more than one that answers

    def __post_init__(self) -> None:
        if self.crc not in tuple(crc.value for crc in Crc):
            raise ValueError(f"crc {self.crc!r}: set it to braun or ccitt_false")
        if not 1 <= self.poll_s <= 3600:
            raise ValueError(f"poll_s {self.poll_s}: set it between 1 and 3600 s (5 is usual)")


class DianetDialogue:
    """One line: a pump without an address, or those that a controller has given one."""

    def __init__(self, settings: DianetSettings, _port: Port) -> None:
        self._settings = settings
        self._question = ReadIdent(Crc(settings.crc))
        self._decoder = Decoder()
        self._due_at: float | None = None
        self._known: dict[str, Identity] = {}
        self._announced: set[tuple[int, int, bytes]] = set()

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        return self._due_at

    def open(self, now: float) -> Sequence[Output]:
        """Ask who it is."""
        return self._ask(now) if self._settings.ask else []

    def receive(self, data: bytes, _now: float) -> Sequence[Output]:
        """Take bytes; publish what they completed."""
        outputs: list[Output] = []
        for found in self._decoder.feed(data):
            outputs += [found] if isinstance(found, Damage) else self._take(found)
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Ask again."""
        return self._ask(now) if self._due_at is not None and now >= self._due_at else []

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing: there is no goodbye."""
        self._due_at = None
        return []

    def _ask(self, now: float) -> list[Output]:
        self._due_at = now + self._settings.poll_s
        return [self._question]

    def _take(self, reply: Reply) -> list[Output]:
        if not reply.is_ack:
            return self._announce(reply, f"refused, {ERRORS.get(reply.data[0], 'not documented')}")
        if reply.segment not in LAYOUTS:
            return self._announce(reply, "acknowledged: a controller speaks to this pump")
        met = self._meet(identity(reply)) if reply.segment == Segment.IDENT else []
        return [*met, report(reply)]

    def _meet(self, who: Identity) -> list[Output]:
        is_known = self._known.get(who.device) == who
        self._known[who.device] = who
        return [] if is_known else [who]

    def _announce(self, reply: Reply, what: str) -> list[Output]:
        """Say it once in a conversation."""
        about = (reply.address, reply.segment, reply.data)
        if about in self._announced or len(self._announced) >= _MOST_ANNOUNCED:
            return []
        self._announced.add(about)
        name = Segment(reply.segment).name if reply.segment in LAYOUTS else f"segment {reply.segment:02X}"
        return [Announcement(EventKind.DEVICE_EVENT, text=f"{name} {what}", device=key(reply), raw=reply.data.hex())]
