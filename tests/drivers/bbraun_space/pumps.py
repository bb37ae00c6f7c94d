"""A bedside whose pumps follow a course: what happens from which second on."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import Fixed, PumpView, Signal, Source, Vitals
from tests.converse import START

S = InfusionState
OCCLUSION = Signal(AlarmCode.OCCLUSION, "pressure")
NEAR_END = Signal(AlarmCode.NEAR_END, "near end")


@dataclass(frozen=True)
class Phase:
    """From this second on."""

    begins: float
    state: InfusionState
    rate: float = 0.0
    alarms: tuple[Signal, ...] = ()
    prealarms: tuple[Signal, ...] = ()


KETAMINE = PumpView(drug="Ketamine", concentration=0.7, dose_rate=0.75, weight_kg=70.0, vtbi=50.0)
NOBODY: Source[Vitals] = Fixed(Vitals())


@dataclass(frozen=True)
class Course:
    """A pump that goes through phases; its volume is what the rates add up to."""

    phases: tuple[Phase, ...]
    view: PumpView = KETAMINE
    restarts_at: float = float("inf")

    def at(self, now: float) -> PumpView:
        seconds = now - START
        phase = self.phases[max(0, bisect_right([p.begins for p in self.phases], seconds) - 1)]
        infused = self._infused(seconds)
        return replace(
            self.view,
            state=phase.state,
            rate=phase.rate,
            volume_infused=infused,
            syringe_left=self.view.syringe_size - infused,
            uptime_s=1000.0 + seconds if seconds < self.restarts_at else seconds - self.restarts_at,
            alarms=phase.alarms,
            prealarms=phase.prealarms,
        )

    def _infused(self, seconds: float) -> float:
        ends = [*[p.begins for p in self.phases[1:]], float("inf")]
        spans = ((max(0.0, min(end, seconds) - p.begins), p.rate) for p, end in zip(self.phases, ends, strict=True))
        return sum(span * rate / 3600 for span, rate in spans)


VISIT = Course(
    (
        Phase(0, S.STOPPED),
        Phase(120, S.INFUSING, 52.5),
        Phase(900, S.PAUSED),
        Phase(1200, S.INFUSING, 52.5),
        Phase(1500, S.STOPPED, alarms=(OCCLUSION,)),
        Phase(1560, S.INFUSING, 52.5),
        Phase(1800, S.BOLUS, 200.0),
        Phase(1830, S.INFUSING, 52.5),
        Phase(2900, S.INFUSING, 52.5, prealarms=(NEAR_END,)),
        Phase(3000, S.KVO, 1.0, alarms=(Signal(AlarmCode.INFUSION_COMPLETE, "volume done"),)),
        Phase(3300, S.STOPPED),
        Phase(3400, S.STANDBY),
        Phase(3500, S.OFF),
    )
)


@dataclass
class Rack:
    """A bedside whose pumps can be put in and taken out."""

    pumps: Mapping[str, Source[PumpView]] = field(default_factory=lambda: {"11": Fixed(PumpView(uptime_s=900.0))})
    patient: Source[Vitals] = NOBODY
    clock: Callable[[float], datetime] = lambda now: datetime.fromtimestamp(now, UTC)

    def device_time(self, now: float) -> datetime:
        return self.clock(now)
