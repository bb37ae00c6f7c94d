from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import PumpView
from simulators.programme import pump
from simulators.pump import Act, Order, Pump, Setup

MIN = 60.0
RUNNING = ((0.0, Order(Act.ON)), (0.0, Order(Act.PROGRAM, rate=75.0, volume=50.0)), (0.0, Order(Act.START)))


def after(*orders: tuple[float, Order], setup: Setup = Setup()) -> Pump:  # noqa: B008  # frozen
    return pump((*RUNNING, *orders), setup)


def codes(view: PumpView) -> set[AlarmCode]:
    return {signal.code for signal in (*view.alarms, *view.prealarms)}


def test_before_it_is_switched_on_it_is_off() -> None:
    assert after().at(-1.0).state is InfusionState.OFF


def test_an_infusion_shows_rate_volume_and_times() -> None:
    view = after().at(20 * MIN)
    assert view.state is InfusionState.INFUSING
    assert (view.rate, view.rate_set, view.vtbi) == (75.0, 75.0, 50.0)
    assert view.volume_infused == pytest.approx(25.0)
    assert view.volume_left == pytest.approx(25.0)
    assert view.time_left_s == pytest.approx(20 * MIN)
    assert view.infusing_s == pytest.approx(20 * MIN)
    assert view.syringe_left == pytest.approx(30.0)
    assert view.dose_rate == pytest.approx(75.0 * 0.7 / 70.0)


def test_paused_keeps_the_set_rate_and_the_volume() -> None:
    the_pump = after((18 * MIN, Order(Act.PAUSE)), (24 * MIN, Order(Act.START)))
    paused, resumed = the_pump.at(20 * MIN), the_pump.at(30 * MIN)
    assert (paused.state, paused.rate, paused.rate_set) == (InfusionState.PAUSED, 0.0, 75.0)
    assert paused.volume_infused == pytest.approx(22.5)
    assert paused.dose_rate == 0.0
    assert resumed.volume_infused == pytest.approx(30.0)
    assert resumed.infusing_s == pytest.approx(24 * MIN)


def test_reaching_the_volume_leads_to_kvo_and_kvo_to_a_stop() -> None:
    the_pump = after(setup=Setup(kvo_s=5 * MIN))
    near, kvo, over = the_pump.at(38 * MIN), the_pump.at(42 * MIN), the_pump.at(46 * MIN)
    assert codes(near) == {AlarmCode.NEAR_END}
    assert (kvo.state, kvo.rate, kvo.volume_left) == (InfusionState.KVO, 3.0, 0.0)
    assert codes(kvo) == {AlarmCode.INFUSION_COMPLETE}
    assert kvo.volume_infused == pytest.approx(50.0 + 3.0 * 2 / 60)
    assert (over.state, over.rate) == (InfusionState.STOPPED, 0.0)
    assert codes(over) == {AlarmCode.INFUSION_COMPLETE, AlarmCode.KVO_END}


def test_without_kvo_it_stops() -> None:
    view = after(setup=Setup(kvo_rate=0.0)).at(41 * MIN)
    assert (view.state, view.rate) == (InfusionState.STOPPED, 0.0)
    assert view.volume_infused == pytest.approx(50.0)


def test_an_occlusion_is_a_rising_pressure_and_then_an_alarm() -> None:
    the_pump = after((8 * MIN, Order(Act.OCCLUDE, seconds=60.0)), (12 * MIN, Order(Act.START)))
    rising, stopped, again = the_pump.at(8.5 * MIN), the_pump.at(10 * MIN), the_pump.at(13 * MIN)
    assert rising.pressure_percent == pytest.approx(60.0)
    assert not rising.alarms
    assert (stopped.state, stopped.pressure_percent) == (InfusionState.PAUSED, 100.0)
    assert codes(stopped) == {AlarmCode.OCCLUSION}
    assert (again.state, again.pressure_percent, again.alarms) == (InfusionState.INFUSING, 20.0, ())
    assert again.volume_infused == pytest.approx(75.0 * 10 / 60)


def test_air_stops_delivery_until_somebody_starts_again() -> None:
    the_pump = after((5 * MIN, Order(Act.AIR)), (6 * MIN, Order(Act.CONFIRM)), (7 * MIN, Order(Act.START)))
    assert codes(the_pump.at(5.5 * MIN)) == {AlarmCode.AIR_IN_LINE}
    assert (the_pump.at(6.5 * MIN).state, the_pump.at(6.5 * MIN).alarms) == (InfusionState.PAUSED, ())
    assert the_pump.at(8 * MIN).state is InfusionState.INFUSING


def test_an_empty_syringe_stops_and_cannot_be_started() -> None:
    the_pump = after((30 * MIN, Order(Act.START)), setup=Setup(filled=20.0))
    for minute in (17, 31):
        view = the_pump.at(minute * MIN)
        assert view.state is InfusionState.STOPPED
        assert view.syringe_left == 0.0
        assert view.volume_infused == pytest.approx(20.0)
    assert codes(the_pump.at(17 * MIN)) == {AlarmCode.EMPTY}


def test_a_bolus_has_its_own_rate_counts_and_ends_by_itself() -> None:
    the_pump = after((10 * MIN, Order(Act.BOLUS, rate=300.0, volume=2.0)))
    during, later = the_pump.at(10 * MIN + 12.0), the_pump.at(11 * MIN)
    assert (during.state, during.rate, during.bolus_rate) == (InfusionState.BOLUS, 300.0, 300.0)
    assert during.bolus_volume == pytest.approx(1.0)
    assert (later.state, later.rate) == (InfusionState.INFUSING, 75.0)
    assert later.bolus_volume == pytest.approx(2.0)
    assert later.volume_infused == pytest.approx(12.5 + 2.0 + 75.0 * 36.0 / 3600.0)


def test_a_purge_is_not_infused() -> None:
    orders = ((0.0, Order(Act.ON)), (60.0, Order(Act.PURGE, rate=600.0, volume=1.0)))
    the_pump = pump(orders, Setup(filled=50.0))
    assert the_pump.at(63.0).state is InfusionState.PURGE
    view = the_pump.at(120.0)
    assert (view.state, view.volume_infused) == (InfusionState.STOPPED, 0.0)
    assert view.syringe_left == pytest.approx(49.0)
    assert the_pump.delivered() == ()


def test_the_battery_runs_down_and_takes_the_pump_with_it() -> None:
    setup = Setup(battery_s=35 * MIN)
    the_pump = after((1 * MIN, Order(Act.MAINS_OFF)), setup=setup)
    assert not the_pump.at(2 * MIN).on_mains
    assert the_pump.at(6 * MIN + 1.0).prealarms[0].code is AlarmCode.BATTERY_LOW
    assert the_pump.at(6 * MIN + 1.0).battery_min == 29
    assert the_pump.at(36 * MIN).state is InfusionState.OFF
    saved = after((1 * MIN, Order(Act.MAINS_OFF)), (10 * MIN, Order(Act.MAINS_ON)), setup=setup)
    assert saved.at(36 * MIN).state is InfusionState.INFUSING
    assert (saved.at(11 * MIN).prealarms, saved.at(11 * MIN).battery_min) == ((), 35)


def test_counters_go_to_zero_when_cleared_and_when_switched_on_again() -> None:
    the_pump = after(
        (10 * MIN, Order(Act.CLEAR)),
        (20 * MIN, Order(Act.OFF)),
        (21 * MIN, Order(Act.ON)),
    )
    assert the_pump.at(10 * MIN).volume_infused == 0.0
    assert the_pump.at(20.5 * MIN).state is InfusionState.OFF
    view = the_pump.at(22 * MIN)
    assert (view.state, view.volume_infused, view.vtbi) == (InfusionState.STOPPED, 0.0, None)
    assert view.uptime_s == pytest.approx(60.0)


def test_a_pump_that_is_off_takes_no_orders() -> None:
    the_pump = pump(((0.0, Order(Act.PROGRAM, rate=10.0)), (1.0, Order(Act.START))), Setup())
    assert the_pump.at(5.0).state is InfusionState.OFF


def test_a_rate_changed_while_running_takes_effect() -> None:
    the_pump = after((10 * MIN, Order(Act.RATE, rate=60.0)))
    view = the_pump.at(20 * MIN)
    assert (view.rate, view.rate_set) == (60.0, 60.0)
    assert view.volume_infused == pytest.approx(12.5 + 10.0)


def test_standby_shows_itself() -> None:
    assert after((1.0, Order(Act.STANDBY))).at(2.0).state is InfusionState.STANDBY


def test_uptime_is_not_hurried() -> None:
    hurried = pump(RUNNING, Setup(), speed=10.0)
    assert hurried.at(600.0).uptime_s == pytest.approx(60.0)


def test_what_the_patient_gets_is_the_flow_times_the_concentration() -> None:
    delivered = after((18 * MIN, Order(Act.PAUSE)), (24 * MIN, Order(Act.START))).delivered()
    mg = sum((min(part.end_min, 46.0) - part.start_min) * part.mg_min for part in delivered if part.start_min < 46.0)
    assert mg == pytest.approx(35.0)


orders = st.sampled_from(
    [
        Order(Act.START),
        Order(Act.PAUSE),
        Order(Act.STOP),
        Order(Act.RATE, rate=120.0),
        Order(Act.BOLUS, rate=400.0, volume=3.0),
        Order(Act.PURGE, rate=400.0, volume=1.0),
        Order(Act.PROGRAM, rate=90.0, volume=4.0),
        Order(Act.OCCLUDE, seconds=20.0),
        Order(Act.AIR),
        Order(Act.CONFIRM),
        Order(Act.STANDBY),
        Order(Act.MAINS_OFF),
        Order(Act.MAINS_ON),
        Order(Act.OFF),
        Order(Act.ON),
    ]
)
programmes = st.lists(st.tuples(st.floats(0.0, 7200.0), orders), max_size=20).map(
    lambda items: sorted(items, key=lambda item: item[0])
)


@given(programmes, st.floats(0.0, 9000.0))
@settings(max_examples=100)
def test_volumes_are_the_integral_of_the_rate_whatever_happens(
    programme: list[tuple[float, Order]], second: float
) -> None:
    the_pump = pump((*RUNNING, *programme), Setup(filled=40.0, battery_s=2400.0))
    view = the_pump.at(second)
    assert view.volume_infused >= 0.0
    assert 0.0 <= view.syringe_left <= 40.0
    assert 20.0 <= view.pressure_percent <= 100.0
    assert (view.rate > 0.0) == (
        view.state in (InfusionState.INFUSING, InfusionState.BOLUS, InfusionState.KVO, InfusionState.PURGE)
    )
    later = the_pump.at(second + 1e-3)
    if later.state is view.state and later.rate == view.rate and view.state is not InfusionState.PURGE:
        grown = later.volume_infused - view.volume_infused
        assert grown == pytest.approx(view.rate * 1e-3 / 3600.0, abs=1e-9)
    mg = sum(
        (min(part.end_min * 60.0, second) - part.start_min * 60.0) / 60.0 * part.mg_min
        for part in the_pump.delivered()
        if part.start_min * 60.0 < second
    )
    if not any(order.act is Act.ON for _, order in programme):
        assert mg == pytest.approx(view.volume_infused * 0.7, abs=1e-6)


@given(programmes, st.lists(st.floats(-10.0, 9000.0), max_size=8))
@settings(max_examples=50)
def test_asking_changes_nothing(programme: list[tuple[float, Order]], seconds: list[float]) -> None:
    the_pump = pump((*RUNNING, *programme), Setup())
    assert [the_pump.at(s) for s in seconds] == [the_pump.at(s) for s in reversed(seconds)][::-1]


def test_a_carrier_without_concentration_gives_no_dose() -> None:
    the_pump = after(setup=replace(Setup(), concentration=None, weight_kg=None))
    assert the_pump.at(60.0).dose_rate is None
    assert the_pump.delivered() == ()
