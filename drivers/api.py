"""The contract between the three nouns: what a family gives to the gateway, and what the gateway gives to it.

`now` is always UTC seconds from a clock that never steps. Nothing in here does anything.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

from drivers.vocabulary import AlarmCode, EventKind, Metric, Phase, Priority, Reason, Validity


class Purpose(Enum):
    """Why the gateway may speak at all. There is no fourth reason."""

    QUERY = "ask for data"
    ACKNOWLEDGE = "take over data that arrived"
    LINK = "open, keep or close the conversation"


class Request(ABC):
    """Something the gateway may say. A subclass is a frozen dataclass with bounded fields; there is no raw request."""

    __slots__ = ()
    purpose: ClassVar[Purpose]
    effect: ClassVar[str] = ""  # the manual's named side effect: READ-WITH-EFFECT, needs accept_risk

    @abstractmethod
    def encode(self) -> bytes:
        """Give the wire bytes, framing included."""


class Code(NamedTuple):
    """A term as a device or a standard names it: context-free ISO/IEEE 11073 number and reference id."""

    code: int | None
    refid: str


class Reading(NamedTuple):
    """One value in canonical words. A tuple, because a ward makes ten thousand a second."""

    metric: Metric
    value: float | int | str | None
    unit: str | None = None  # UCUM; None: the metric's only unit, or none at all; empty: not known
    validity: Validity = Validity.VALID
    reason: Reason | None = None
    name: str = ""  # the device's own word for the parameter
    raw: str = ""  # the device's own text of the value; bytes as hex
    source: str = ""  # channel or slot of the device that said it
    device_time: datetime | None = None  # only a value with a time of its own (NIBP); naive: zone not said
    code: Code | None = None  # only if the device itself sent one


class Alarm(NamedTuple):
    """One alarm condition that the device shows."""

    code: AlarmCode
    text: str = ""  # the device's own words
    priority: Priority | None = None
    source: str = ""
    raw: str = ""
    mdc: Code | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What one device said at one moment."""

    readings: Sequence[Reading]
    device: str = ""  # key on the link: slot, EUI-64; empty if alone
    device_time: datetime | None = None  # naive: zone not said
    uptime_s: float | None = None  # falls when the device has restarted
    alarms: tuple[Alarm, ...] | None = None  # all that are active; None: not said
    simulated: bool = False  # the device itself says test or demo
    late: bool = False  # the device itself says that this is old news
    key: str = ""  # equal in a resend, and only there


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event that the device itself announced."""

    event: EventKind
    phase: Phase | None = None
    code: AlarmCode | None = None  # of an alarm
    text: str = ""
    priority: Priority | None = None
    mdc: Code | None = None
    device: str = ""
    source: str = ""
    raw: str = ""
    device_time: datetime | None = None
    simulated: bool = False
    late: bool = False  # the device itself says that this is old news
    key: str = ""


@dataclass(frozen=True, slots=True)
class Waveform:
    """A block of equally spaced samples; None where the device gave none."""

    metric: Metric
    samples: tuple[float | None, ...]
    period_s: float
    name: str  # topic segment, also the name that configuration asks for
    unit: str | None = None
    device: str = ""
    device_time: datetime | None = None
    validity: Validity = Validity.VALID
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the device says it is. Empty: not said."""

    device: str = ""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class Departed:
    """A device that is gone while the link stands; with an empty key, all of the link's."""

    device: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that were no frame, and why. `reason` is a fixed phrase: it becomes a counter's name."""

    reason: str
    size: int  # bytes given up


Output: TypeAlias = Report | Announcement | Waveform | Identity | Departed | Damage | Request


class Dialogue(Protocol):
    """One conversation over one port or connection. Every call returns a list, in order."""

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called; None: never."""

    def open(self, now: float) -> Sequence[Output]:
        """Take note that the port has just opened."""

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of a stream, or one whole datagram."""

    def tick(self, now: float) -> Sequence[Output]:
        """`wake_at` has passed, even if bytes keep coming."""

    def close(self, now: float) -> Sequence[Output]:
        """We leave: say what the protocol asks for, often nothing."""


@dataclass(frozen=True, slots=True)
class Port:
    """Where the conversation takes place."""

    peer: str = ""  # the other side's address, without its ephemeral port
    # A file is bytes without times: nobody can be asked, so an answer counts by what it says of itself.
    kind: Literal["stream", "datagrams", "file"] = "stream"


@dataclass(frozen=True, slots=True)
class Line:
    """Serial line settings. DTR and RTS are set once on opening and never moved afterwards."""

    baudrate: int = 9600
    bytesize: int = 8
    parity: Literal["N", "E", "O"] = "N"
    stopbits: int = 1
    dtr: bool = True
    rts: bool = True


@dataclass(frozen=True, slots=True)
class NoSettings:
    """A family without settings of its own."""


@dataclass(frozen=True, slots=True)
class Family:
    """A family's manifest."""

    name: str
    title: str  # the devices, as a person would name them
    dialogue: Callable[[Any, Port], Dialogue]  # called with settings and port
    requests: frozenset[type[Request]]  # empty: the port is opened without a writer
    recognise: Callable[[bytes], Request | None]  # all bytes are this one request, or None
    link_loss: str  # what the device does when we vanish, with source
    evidence: Literal["bench", "foreign bytes", "documents"]
    settings: type[Any] = NoSettings  # a frozen dataclass with a default for each field
    line: Line = Line()
    silent_after_s: float = 15.0
    refused: str = ""  # why live use needs accept_risk
    unconfirmed: tuple[str, ...] = ()  # frame kinds that no foreign bytes have shown
    ports: tuple[Literal["serial", "tcp", "udp", "listen"], ...] = ("serial", "tcp")  # how it is wired
    from_file: Callable[[bytes], bytes] = bytes  # what a file of this kind would be on the wire


def recognise_nothing(_data: bytes) -> None:
    """The gate of a family that never speaks."""
