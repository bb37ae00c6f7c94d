"""Listens to one connection of a sender with a dialect: what its messages say, and their acknowledgement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from drivers.api import Announcement, Damage, Identity, Output, Port, Report
from drivers.common.hl7.ack import UNSUPPORTED_TYPE, Ack, AckMode, answers, why_refused
from drivers.common.hl7.message import Message
from drivers.common.vendor_hl7.decoder import Decoder
from drivers.common.vendor_hl7.reports import observe
from drivers.common.vendor_hl7.rows import Reader

OBSERVATIONS: Final = "ORU"
NEVER_ANSWERED: Final = ("ACK", "MCF", "ADR", "ORF", "RSP", "ORA")  # nobody's answer is answered
KNOWN_LIMIT: Final = 256  # devices whose identity one connection remembers


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """How one listening port is spoken to."""

    key: str = ""  # every message is this device's, whatever it says of itself
    ack_mode: AckMode = "auto"  # auto: as MSH-15 and MSH-16 ask
    bare: bool = False  # the sender writes messages without MLLP frames


class Listener:
    """One connection. All it ever says is that a message has been taken, or can't be."""

    def __init__(self, reader: Reader, settings: ListenerSettings, port: Port) -> None:
        self._dialect = reader.dialect
        self._reader = reader
        self._settings = settings
        self._peer = port.peer
        self._decoder = Decoder(bare=settings.bare)
        self._heard_at = 0.0
        self._serial = 0
        self._told: set[str] = set()  # devices whose identity was said, and kinds of repair
        self._demonstrating: set[str] = set()  # devices whose last values were made up

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
        if message.kind != OBSERVATIONS:
            return [Damage(why_refused(message), message.size), *self._answers(message, UNSUPPORTED_TYPE, now)]
        said = [self._marked(said) for said in observe(message, self._reader, self._settings.key, self._peer)]
        return [*self._news(said, message), *said, *self._answers(message, "", now)]

    def _answers(self, message: Message, error: str, now: float) -> list[Ack]:
        mode, structure = self._settings.ack_mode, self._dialect.ack_structure
        return answers(message, error, mode, now, self._serial, structure)

    def _marked(self, said: Output) -> Output:
        """Mark alarms, and what has no value, of a device whose last values were made up: they may not say so."""
        if not isinstance(said, Report | Announcement):
            return said
        if isinstance(said, Report) and any(reading.value is not None for reading in said.readings):
            self._demonstrating.discard(said.device)
        if said.simulated and len(self._demonstrating) < KNOWN_LIMIT:
            self._demonstrating.add(said.device)
        return replace(said, simulated=True) if said.device in self._demonstrating else said

    def _news(self, said: Sequence[Output], message: Message) -> list[Output]:
        """Tell each device's identity and each kind of repair once in a connection."""
        devices = dict.fromkeys(output.device for output in said if isinstance(output, Report | Announcement))
        who, what = self._dialect.manufacturer, self._dialect.name
        model = self._dialect.model_of(message.header[3]) or ""
        news = [Identity(device, who, model, dialect=what) for device in devices if self._is_news(f"device {device}")]
        return [*news, *(Damage(repair, 0) for repair in message.repairs if self._is_news(repair))]

    def _is_news(self, word: str) -> bool:
        if word in self._told or len(self._told) >= KNOWN_LIMIT:
            return False
        self._told.add(word)
        return True
