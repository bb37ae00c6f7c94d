"""The contract inside the simulators: what is true at a bedside, and what stands at the far end of a wire.

Models are functions of time: `at(now)` gives the same answer however often and in whatever order it is asked.
`now` is UTC seconds; a model that runs faster than the clock keeps that to itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeVar

from drivers.vocabulary import AlarmCode, InfusionState, Priority

T_co = TypeVar("T_co", covariant=True)


class Source(Protocol[T_co]):
    """Something that is true at each moment."""

    def at(self, now: float) -> T_co:
        """Say what is true."""


@dataclass(frozen=True, slots=True)
class Cuff:
    """One completed NIBP measurement, mmHg and /min; `ended` is UTC seconds."""

    ended: float
    systolic: int
    diastolic: int
    mean: int
    pulse_rate: int


@dataclass(frozen=True, slots=True)
class Signal:
    """An alarm that a device shows."""

    code: AlarmCode
    text: str
    priority: Priority = Priority.MEDIUM


@dataclass(frozen=True, slots=True)
class Vitals:
    """One patient as the sensors find them: /min, %, mmHg, Cel."""

    heart_rate: float = 72.0
    pulse_rate: float = 72.0
    spo2: float = 98.0
    perfusion_index: float = 4.0
    respiration_rate: float = 14.0
    etco2: float = 38.0
    fico2: float = 0.0
    temperature: float = 36.6
    cuff: Cuff | None = None  # the last one that ended
    cuff_state: Literal["idle", "measuring", "failed", "off"] = "idle"
    probe: Literal["on", "off", "none", "searching"] = "on"  # the pulse oximeter's
    low_perfusion: bool = False
    motion: bool = False
    leads: bool = True  # ECG
    co2_line: bool = True
    standby: bool = False
    alarms: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class PumpView:
    """One pump as its own display shows it: mL/h, mL, s, mg/mL, kg, mg/kg/h."""

    state: InfusionState = InfusionState.STOPPED
    rate: float = 0.0  # what flows now
    rate_set: float = 0.0
    volume_infused: float = 0.0
    vtbi: float | None = None  # as programmed
    volume_left: float | None = None  # of the VTBI
    time_left_s: float | None = None
    infusing_s: float = 0.0
    drug: str = ""
    concentration: float | None = None
    dose_rate: float | None = None
    weight_kg: float | None = None
    bolus_rate: float = 0.0
    bolus_volume: float = 0.0
    syringe_size: float = 50.0
    syringe_left: float = 50.0
    pressure_percent: float = 20.0  # of the alarm level
    battery_min: int = 480
    on_mains: bool = True
    uptime_s: float = 0.0
    alarms: tuple[Signal, ...] = ()  # those that stop or would stop delivery
    prealarms: tuple[Signal, ...] = ()


class Bedside(Protocol):
    """One station: a patient, the pumps beside it, and the clock that its devices believe in."""

    @property
    def patient(self) -> Source[Vitals]:
        """The patient."""

    @property
    def pumps(self) -> Mapping[str, Source[PumpView]]:
        """Pumps by slot, in order; a single pump's slot is "11"."""

    def device_time(self, now: float) -> datetime:
        """Give the devices' own local time, with its zone; may be wrong on purpose."""


class Device(Protocol):
    """One conversation, seen from the device: bytes in, bytes out. It outlives its connections."""

    violations: list[str]  # what a gateway may not have said, in words
    tampered: bool  # latched when a command would have changed the device

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""

    def open(self, now: float) -> Sequence[bytes]:
        """A gateway has opened the port. Each item is one write or one datagram."""

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Take what the gateway said, in any split."""

    def tick(self, now: float) -> Sequence[bytes]:
        """`wake_at` has passed."""

    def close(self, now: float) -> None:
        """The gateway is gone."""


@dataclass(frozen=True, slots=True)
class NoSettings:
    """A simulator without settings."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """A simulator's manifest, found by entry point under its family's name."""

    name: str
    device: Callable[[Bedside, Any], Device]
    kind: Literal["monitor", "pump"]
    ports: tuple[Literal["serial", "tcp", "udp", "dial"], ...]  # dial: the device calls the gateway
    settings: type[Any] = NoSettings  # a frozen dataclass with a default for each field


@dataclass(frozen=True, slots=True)
class Fixed:
    """A source that never changes, for tests and examples."""

    value: Any

    def at(self, _now: float) -> Any:
        """Say the same as always."""
        return self.value


@dataclass(frozen=True)
class StillBedside:
    """A bedside where nothing happens, for tests and examples."""

    patient: Source[Vitals] = Fixed(Vitals())
    pumps: Mapping[str, Source[PumpView]] = field(default_factory=lambda: {"11": Fixed(PumpView())})
    clock: Callable[[float], datetime] = lambda now: datetime.fromtimestamp(now, UTC)

    def device_time(self, now: float) -> datetime:
        """Give the devices' time."""
        return self.clock(now)
