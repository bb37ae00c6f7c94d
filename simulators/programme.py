"""From a pump's programme to stretches of even flow: what people do, and what the pump then does by itself."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf
from typing import Final, TypeAlias

from drivers.vocabulary import AlarmCode, InfusionState
from simulators.pump import RESTING_PRESSURE, THERAPY, Act, Order, Pump, Setup, Stretch

Programme: TypeAlias = Iterable[tuple[float, Order]]  # (second, what), in order

_TRACE_ML: Final = 1e-6  # an empty syringe, as far as floating point can tell
_APART: Final = (InfusionState.BOLUS, InfusionState.PURGE)  # what has a volume of its own and then ends


def pump(programme: Programme, setup: Setup, speed: float = 1.0) -> Pump:
    """Give the pump that went through the programme."""
    course = _Course(setup)
    for second, order in programme:
        course.until(second)
        course.carry_out(order)
    course.until(inf)
    return Pump(course.stretches, setup, speed)


class _Course:
    """Walks through a programme once."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.stretches: list[Stretch] = []
        self._now = Stretch(left=setup.filled, battery_s=setup.battery_s)
        self._part = inf  # what is left of a bolus or purge, mL
        self._afterwards = (InfusionState.PAUSED, 0.0)  # what a bolus or purge returns to, and its flow
        self._kvo_left = inf

    def until(self, second: float) -> None:
        """Let time pass, with what the pump does by itself meanwhile."""
        if self._now.start == -inf:
            self._keep()
            self._now.start = second
            return
        while changes := self._own_changes():
            wait, happen = min(changes, key=lambda change: change[0])
            if self._now.start + wait > second:
                break
            self._pass(wait)
            happen()
        if second < inf:
            self._pass(second - self._now.start)
        else:
            self._keep()

    def carry_out(self, order: Order) -> None:
        """Do what a person does; at a pump that is off most of it does nothing."""
        if self._now.state is not InfusionState.OFF or order.act in (Act.ON, Act.MAINS_OFF, Act.MAINS_ON):
            _ACTS[order.act](self, order)

    def _pass(self, seconds: float) -> None:
        if seconds > 0.0:
            self._keep()
            volume = self._now.flow * seconds / 3600.0
            if self._now.state in _APART:
                self._part -= volume
            if self._now.state is InfusionState.KVO:
                self._kvo_left -= seconds
            self._now = self._now.after(seconds)

    def _keep(self) -> None:
        self.stretches.append(replace(self._now))

    def _own_changes(self) -> list[tuple[float, Callable[[], None]]]:
        """List what would happen next if nobody came: (seconds from now, what)."""
        now, setup = self._now, self._setup
        changes: list[tuple[float, Callable[[], None]]] = []
        if now.flow > 0.0:
            s_per_ml = 3600.0 / now.flow
            changes.append((max(0.0, now.left) * s_per_ml, self._empty))
            if now.state in _APART:
                changes.append((max(0.0, self._part) * s_per_ml, self._part_done))
            if now.state in THERAPY and now.vtbi is not None:
                to_go = (now.vtbi - now.given) * s_per_ml
                changes.append((max(0.0, to_go), self._complete))
                if AlarmCode.NEAR_END not in now.prealarms:
                    changes.append((max(0.0, to_go - setup.near_end_s), self._near_end))
        if now.state is InfusionState.KVO:
            changes.append((max(0.0, self._kvo_left), self._kvo_over))
        if now.pressure_rise > 0.0:
            changes.append((max(0.0, 100.0 - now.pressure) / now.pressure_rise, self._occluded))
        if not now.on_mains and now.state is not InfusionState.OFF:
            changes.append((max(0.0, now.battery_s), self._battery_empty))
            if AlarmCode.BATTERY_LOW not in now.prealarms:
                changes.append((max(0.0, now.battery_s - setup.battery_low_s), self._battery_low))
        return changes

    def _run(self, state: InfusionState, rate: float) -> None:
        self._now.state = state
        self._now.flow = rate

    def _rest(self, state: InfusionState) -> None:
        self._run(state, 0.0)
        self._now.pressure_rise = 0.0

    def _alarm(self, code: AlarmCode) -> None:
        self._now.alarms = (*self._now.alarms, code)

    def _fails(self, code: AlarmCode) -> None:
        self._rest(InfusionState.PAUSED)
        self._alarm(code)

    def _part_done(self) -> None:
        self._part = inf
        state, flow = self._afterwards
        self._run(state, self._now.rate_set if state is InfusionState.INFUSING else flow)

    def _near_end(self) -> None:
        self._now.prealarms = (*self._now.prealarms, AlarmCode.NEAR_END)

    def _complete(self) -> None:
        now = self._now
        now.given = now.vtbi or 0.0
        now.prealarms = tuple(code for code in now.prealarms if code is not AlarmCode.NEAR_END)
        self._alarm(AlarmCode.INFUSION_COMPLETE)
        if self._setup.kvo_rate > 0.0:
            self._kvo_left = self._setup.kvo_s
            self._run(InfusionState.KVO, min(self._setup.kvo_rate, now.rate_set))
        else:
            self._rest(InfusionState.STOPPED)

    def _kvo_over(self) -> None:
        self._rest(InfusionState.STOPPED)
        self._alarm(AlarmCode.KVO_END)

    def _empty(self) -> None:
        self._now.left = 0.0
        self._rest(InfusionState.STOPPED)
        self._alarm(AlarmCode.EMPTY)

    def _occluded(self) -> None:
        self._now.pressure = 100.0
        self._fails(AlarmCode.OCCLUSION)

    def _battery_low(self) -> None:
        self._now.prealarms = (*self._now.prealarms, AlarmCode.BATTERY_LOW)

    def _battery_empty(self) -> None:
        self._now.battery_s = 0.0
        self._off(Order(Act.OFF))

    def _on(self, _order: Order) -> None:
        """Switch on: counters at 0, nothing programmed."""
        self._now = Stretch(
            start=self._now.start,
            state=InfusionState.STOPPED,
            left=self._now.left,
            on_mains=self._now.on_mains,
            battery_s=self._now.battery_s,
            on_since=self._now.start,
        )

    def _off(self, _order: Order) -> None:
        self._rest(InfusionState.OFF)
        self._now.alarms = self._now.prealarms = ()

    def _program(self, order: Order) -> None:
        self._now.rate_set = order.rate
        self._now.vtbi = order.volume or None
        self._now.given = 0.0

    def _start(self, order: Order) -> None:
        now = self._now
        now.alarms = ()
        now.pressure, now.pressure_rise = RESTING_PRESSURE, 0.0
        now.rate_set = order.rate or now.rate_set
        if now.left > _TRACE_ML and now.rate_set > 0.0:
            self._run(InfusionState.INFUSING, now.rate_set)

    def _rate(self, order: Order) -> None:
        self._now.rate_set = order.rate
        if self._now.state is InfusionState.INFUSING:
            self._now.flow = order.rate

    def _bolus(self, order: Order) -> None:
        self._now.bolus_rate, self._now.bolus_given = order.rate, 0.0
        self._apart(InfusionState.BOLUS, order)

    def _purge(self, order: Order) -> None:
        self._apart(InfusionState.PURGE, order)

    def _apart(self, state: InfusionState, order: Order) -> None:
        if self._now.state not in _APART:
            self._afterwards = (self._now.state, self._now.flow)
        self._part = order.volume
        self._run(state, order.rate)

    def _occlude(self, order: Order) -> None:
        if self._now.flow > 0.0:
            self._now.pressure_rise = (100.0 - RESTING_PRESSURE) / order.seconds

    def _confirm(self, _order: Order) -> None:
        self._now.alarms = ()

    def _clear(self, _order: Order) -> None:
        self._now.infused = 0.0
        self._now.infusing_s = 0.0

    def _mains_off(self, _order: Order) -> None:
        self._now.on_mains = False

    def _mains_on(self, _order: Order) -> None:
        self._now.on_mains = True
        self._now.battery_s = self._setup.battery_s
        self._now.prealarms = tuple(code for code in self._now.prealarms if code is not AlarmCode.BATTERY_LOW)


_ACTS: Final[dict[Act, Callable[[_Course, Order], None]]] = {
    Act.ON: _Course._on,
    Act.OFF: _Course._off,
    Act.PROGRAM: _Course._program,
    Act.START: _Course._start,
    Act.PAUSE: lambda course, _: course._rest(InfusionState.PAUSED),
    Act.STOP: lambda course, _: course._rest(InfusionState.STOPPED),
    Act.RATE: _Course._rate,
    Act.BOLUS: _Course._bolus,
    Act.PURGE: _Course._purge,
    Act.STANDBY: lambda course, _: course._rest(InfusionState.STANDBY),
    Act.OCCLUDE: _Course._occlude,
    Act.AIR: lambda course, _: course._fails(AlarmCode.AIR_IN_LINE),
    Act.CONFIRM: _Course._confirm,
    Act.CLEAR: _Course._clear,
    Act.MAINS_OFF: _Course._mains_off,
    Act.MAINS_ON: _Course._mains_on,
}
