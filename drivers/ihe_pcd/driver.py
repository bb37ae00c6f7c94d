"""Listens to one connection of an IHE PCD sender: what its messages say, and their acknowledgement."""

import hashlib
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, repeat
from typing import Final, TypeAlias

from drivers.api import Announcement, Damage, Identity, Output, Port
from drivers.common.hl7.ack import UNSUPPORTED_TYPE, AckMode, answers, why_refused
from drivers.common.hl7.message import Message, component
from drivers.ihe_pcd.alarms import Entry, alarms
from drivers.ihe_pcd.channels import ALARM_TRIGGER, NEVER_ANSWERED, OBSERVATIONS, SIMULATED_PROCESSING
from drivers.ihe_pcd.codec import Decoder
from drivers.ihe_pcd.dialects import Dialect, DialectName, dialect_of_rows, dialect_of_sender
from drivers.ihe_pcd.equipment import MAX_KEY, owners, sender_of
from drivers.ihe_pcd.groups import Group, groups_of
from drivers.ihe_pcd.reports import dated, identities, observe
from drivers.ihe_pcd.sentinels import sift

KNOWN_LIMIT: Final = 256  # devices whose identity one connection remembers

_Owned: TypeAlias = tuple[Group, Sequence[str]]  # and each row's device


@dataclass(frozen=True, slots=True)
class IhePcdSettings:
    """How one listening port is spoken to."""

    key: str = ""  # every message is this device's, whatever it says of itself
    ack_mode: AckMode = "auto"  # auto: as MSH-15 and MSH-16 ask
    bare: bool = False  # the sender writes messages without MLLP frames
    dialect: DialectName = "auto"  # auto: as its messages show


class IhePcdDialogue:
    """One connection. All it ever says is that a message has been taken, or can't be."""

    def __init__(self, settings: IhePcdSettings, port: Port) -> None:
        self._settings = settings
        self._peer = port.peer
        self._decoder = Decoder(bare=settings.bare)
        self._heard_at = 0.0
        self._serial = 0
        self._known: dict[str, Identity] = {}
        self._demonstrating: set[str] = set()  # devices whose last values were made up
        self._repairs: set[str] = set()

    @property
    def wake_at(self) -> float | None:
        """When a frame that was begun is to be given up."""
        wait_s = self._decoder.wait_s
        return None if wait_s is None else self._heard_at + wait_s

    def open(self, _now: float) -> Sequence[Output]:
        """Say nothing: the sender begins."""
        return []

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the sender says."""
        self._heard_at = now
        return self._take(self._decoder.feed(data), now)

    def tick(self, now: float) -> Sequence[Output]:
        """Give up what nobody goes on with."""
        if self.wake_at is None or now < self.wake_at:
            return []
        return self._take(self._decoder.pause(), now)

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing; an unfinished message was not acknowledged, and will come again."""
        return []

    def _take(self, said: Iterable[Message | Damage], now: float) -> list[Output]:
        outputs: list[Output] = []
        for message in said:
            if isinstance(message, Damage):
                outputs.append(message)
            else:
                outputs += self._message(message, now)
        return outputs

    def _message(self, message: Message, now: float) -> list[Output]:
        if message.kind in NEVER_ANSWERED:
            return [Damage("answer without a question", message.size)]
        self._serial += 1
        dialect = dialect_of_sender(message.header, self._settings.dialect)
        if message.kind != OBSERVATIONS:
            refusal = answers(message, UNSUPPORTED_TYPE, self._ack_mode(dialect), now, self._serial)
            return [Damage(why_refused(message), message.size), *refusal]
        groups = groups_of(message)
        dialect = dialect or dialect_of_rows(groups, message.header[21])
        outputs = self._said(message, groups, dialect)
        outputs += answers(message, "", self._ack_mode(dialect), now, self._serial)
        return outputs

    def _ack_mode(self, dialect: Dialect | None) -> AckMode:
        """As configured, else as the dialect is known to want it."""
        said = self._settings.ack_mode
        return dialect.ack_mode if dialect is not None and said == "auto" else said

    def _said(self, message: Message, groups: Sequence[Group], dialect: Dialect) -> list[Output]:
        """Say everything that a message holds; what is wrong with a row spoils that row only."""
        keys = _keys(message, groups)
        serial = component(message.header[4], 1).strip()[:MAX_KEY] if dialect.key == "MSH-4" else ""
        owned = [(group, self._devices(group, message, dialect)) for group in groups]
        simulated = self._simulated(message, owned)
        who: list[Output] = []  # first of all: what another device says isn't compared with what the last one said
        said: list[Output] = []
        damage: list[Output] = []
        for group, devices in owned:
            if dialect.nothing or dialect.doubtful:
                sift(group, dialect)
            who += self._news(identities(group, devices, self._known, dialect, serial))
            if group.nameless:
                damage.append(Damage("row without a parameter", group.nameless))
            if message.trigger == ALARM_TRIGGER:
                found = _alarms(group, devices, keys, simulated)
                said += found or ()
                if found is None:
                    damage.append(Damage("alarm message without an alarm", message.size))
            elif group.rows:
                said += observe(group, devices, keys, simulated)
        return who + said + damage + self._repaired(message)

    def _simulated(self, message: Message, owned: Sequence[_Owned]) -> set[str]:
        """Give the devices that say test or demonstration: once a row of theirs does, all that they say is made up.

        Alarms and messages without a value may not say so: there the device's last values count.
        """
        is_test = component(message.header[11], 1).strip().upper() in SIMULATED_PROCESSING
        found = {
            device
            for group, devices in owned
            if is_test or any(row.is_simulated for row in group.special)
            for row, device in zip(group.rows, devices, strict=True)
            if is_test or row.is_simulated
        }
        if message.trigger != ALARM_TRIGGER and (found or self._demonstrating):
            rows = (pair for group, devices in owned for pair in zip(group.rows, devices, strict=True))
            told = {device for row, device in rows if row.reading is not None and row.reading.value is not None}
            known = self._demonstrating - told | found
            self._demonstrating = known if len(known) <= KNOWN_LIMIT else self._demonstrating
        return found | self._demonstrating

    def _devices(self, group: Group, message: Message, dialect: Dialect) -> list[str]:
        """Give each row's device: the port's only one, or the one that rows or sender name."""
        if self._settings.key:
            return [self._settings.key] * len(group.rows)
        header = message.header
        return owners(group, sender_of(header[3], group.location, self._peer, header[4], dialect.key))

    def _news(self, said: Iterable[Identity]) -> list[Identity]:
        """Leave out identities that this connection has told before."""
        news = [identity for identity in said if self._known.get(identity.device) != identity]
        for identity in news:
            if len(self._known) < KNOWN_LIMIT:
                self._known[identity.device] = identity
        return news

    def _repaired(self, message: Message) -> list[Output]:
        """Tell each kind of repair once in a connection: the sender's habit won't change."""
        news = [repair for repair in message.repairs if repair not in self._repairs]
        self._repairs.update(news)
        return [Damage(repair, 0) for repair in news]


def _alarms(
    group: Group, devices: Sequence[str], keys: Iterator[str], simulated: Container[str]
) -> list[Announcement] | None:
    entries = [Entry(*entry) for entry in zip(group.texts, group.rows, devices, strict=True)]
    found = alarms(entries)
    if found is None:
        return None
    return [
        replace(dated(said, group, group.time), simulated=said.device in simulated, key=next(keys)) for said in found
    ]


def _keys(message: Message, groups: Iterable[Group]) -> Iterator[str]:
    """Give keys that are equal in a resend, and only there: sender, MSH-10, content, number of the output.

    A resend may have another MSH-7. What says no other time is as old as that: steady values under an id that is used
    again are news.
    """
    if not message.control_id:
        return repeat("")
    sent_at = "" if all(group.observed_at for group in groups) else message.header[7]
    content = "\r".join((message.header[3], message.header[4], message.control_id, sent_at, *message.segments))
    digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return (f"{digest}-{number}" for number in count())
