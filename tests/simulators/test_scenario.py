"""The default visit against the effect model, and each scenario by what it is there for."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import PumpView, Vitals
from simulators.bedside import Chair, Timeline
from simulators.patient import Measure, Shows
from simulators.physiology import Person, Swing
from simulators.pump import Order
from simulators.scenario import FIRST_MIN, LAST_MIN, SCENARIOS, Clock

START = 1_767_225_600.0
VISIT_MIN = LAST_MIN - FIRST_MIN
BERLIN = ZoneInfo("Europe/Berlin")


def chair(name: str, speed: float = 1.0, slots: tuple[str, ...] = ("11",), seed: str = "1") -> Chair:
    return Chair(SCENARIOS[name], Timeline(START, FIRST_MIN, speed), seed, BERLIN, slots)


def moment(minute: float, visit: int = 0, speed: float = 1.0) -> float:
    return START + (minute - FIRST_MIN + visit * VISIT_MIN) * 60.0 / speed


def vitals(name: str, minute: float, visit: int = 0) -> Vitals:
    return chair(name).patient.at(moment(minute, visit))


def pump(name: str, minute: float, visit: int = 0) -> PumpView:
    return chair(name).pumps["11"].at(moment(minute, visit))


def codes(shown: Vitals | PumpView) -> set[AlarmCode]:
    return {signal.code for signal in shown.alarms}


# Minute -> systolic, diastolic, HR, SpO2, RR, EtCO2 of the printed default visit.
DEFAULT_VISIT = {
    -2: (124, 76, 73, 98, 14, 38),
    7: (128, 79, 74, 98, 14, 38),
    20: (134, 83, 76, 98, 14, 38),
    30: (138, 86, 77, 97, 13, 39),
    40: (140, 87, 77, 97, 14, 39),
    50: (134, 83, 76, 98, 14, 38),
    60: (129, 79, 74, 98, 14, 38),
    75: (127, 78, 73, 98, 14, 38),
    90: (126, 77, 72, 98, 14, 38),
}


@pytest.mark.parametrize("minute", DEFAULT_VISIT)
def test_the_default_visit_is_the_printed_one(minute: int) -> None:
    visit, second = chair("S1").locate(moment(minute))
    trend = visit.patient.body.at(second)
    found = (trend.systolic, trend.diastolic, trend.heart_rate, trend.spo2, trend.respiration_rate, trend.etco2)
    assert found == pytest.approx(DEFAULT_VISIT[minute], abs=3.0)


def test_the_default_visit_follows_the_effect_model_at_each_minute() -> None:
    the_chair = chair("S1")
    for minute in range(5, 130):
        visit, second = the_chair.locate(moment(minute))
        effect, trend = visit.patient.body.effect(second), visit.patient.body.at(second)
        assert trend.systolic == pytest.approx(124.0 + 16.0 * effect, abs=0.5)
        assert trend.heart_rate == pytest.approx(72.0 + 5.0 * effect, abs=0.5)


def test_the_default_infusion_is_75_ml_h_to_50_ml_and_ends_in_kvo() -> None:
    ready, running = pump("S1", -1.0), pump("S1", 20.0)
    assert (ready.state, ready.rate_set, ready.vtbi) == (InfusionState.STOPPED, 75.0, 50.0)
    assert (running.state, running.rate, running.concentration) == (InfusionState.INFUSING, 75.0, 0.7)
    assert running.dose_rate == pytest.approx(0.75)
    assert running.volume_infused == pytest.approx(25.0)
    end = pump("S1", 41.0)
    assert end.state is InfusionState.KVO
    assert AlarmCode.INFUSION_COMPLETE in codes(end)
    assert pump("S1", 60.0).state is InfusionState.STOPPED
    assert pump("S1", 95.0).state is InfusionState.OFF


def test_the_cuff_is_inflated_every_10_minutes_and_then_every_15() -> None:
    the_chair = chair("S1")
    ended = {
        shown.cuff.ended
        for second in range(0, int(VISIT_MIN * 60), 10)
        if (shown := the_chair.patient.at(START + second)).cuff is not None
    }
    minutes = [round((at - START) / 60.0 + FIRST_MIN - 0.6) for at in sorted(ended)]
    assert minutes == [-11, -2, 10, 20, 30, 40, 55, 70, 85, 100]


def test_arrival_and_leaving_show_on_the_sensors() -> None:
    assert vitals("S1", -19.9).probe == "none"
    assert not vitals("S1", -19.9).leads
    assert vitals("S1", -19.0).motion
    assert vitals("S1", 49.2).probe == "off"
    assert not vitals("S1", 105.0).co2_line
    assert vitals("S1", 109.0).cuff_state == "off"
    assert vitals("S1", 120.0).standby


def test_two_devices_at_one_chair_see_the_same_patient_and_pump() -> None:
    the_chair = chair("S1")
    assert the_chair.patient.at(moment(12.3)) == the_chair.patient.at(moment(12.3))
    assert the_chair.pumps["11"].at(moment(12.3)) == the_chair.pumps["11"].at(moment(12.3))


def test_s2_peaks_above_165_and_rings() -> None:
    shown = vitals("S2", 44.5)
    assert shown.cuff is not None
    visit, second = chair("S2").locate(moment(40.0))
    assert visit.patient.body.at(second).systolic == pytest.approx(169.0, abs=0.5)
    assert AlarmCode.LIMIT_HIGH in codes(shown)


def test_s3_pauses_for_six_minutes_or_stops() -> None:
    assert [pump("S3", minute).state for minute in (17, 20, 25)] == [
        InfusionState.INFUSING,
        InfusionState.PAUSED,
        InfusionState.INFUSING,
    ]
    assert pump("S3", 47.0).volume_infused == pytest.approx(50.0, abs=0.2)
    assert pump("S3", 47.0, visit=1).state is InfusionState.STOPPED
    assert pump("S3", 47.0, visit=1).volume_infused == pytest.approx(22.5)
    paused, stopped = (chair("S3").locate(moment(24.0, number))[0] for number in (0, 1))
    unbroken = chair("S1").locate(moment(24.0))[0]
    assert paused.patient.body.effect(24 * 60.0) < unbroken.patient.body.effect(24 * 60.0)
    assert stopped.patient.body.effect(40 * 60.0) < 0.1


def test_s4_shows_each_pump_alarm_and_kvo() -> None:
    the_pump = chair("S4").pumps["11"]
    found = [the_pump.at(moment(tenth / 10.0)) for tenth in range(600)]
    alarms = {signal.code for view in found for signal in (*view.alarms, *view.prealarms)}
    assert alarms == {
        AlarmCode.OCCLUSION,
        AlarmCode.AIR_IN_LINE,
        AlarmCode.BATTERY_LOW,
        AlarmCode.NEAR_END,
        AlarmCode.INFUSION_COMPLETE,
    }
    states = {view.state for view in found}
    assert {InfusionState.BOLUS, InfusionState.KVO, InfusionState.PAUSED} <= states


def test_s5_fails_twice_succeeds_and_is_switched_off() -> None:
    assert [vitals("S5", minute).cuff_state for minute in (11.0, 12.5, 14.0, 30.0)] == [
        "failed",
        "failed",
        "idle",
        "off",
    ]
    before, after = vitals("S5", 12.5).cuff, vitals("S5", 14.0).cuff
    assert before is not None
    assert after is not None
    assert before.ended == pytest.approx(moment(-2.0), abs=60.0)
    assert after.ended > moment(13.0)


def test_s6_loses_the_probe_the_perfusion_and_the_quiet() -> None:
    assert vitals("S6", 5.5).probe == "off"
    assert vitals("S6", 6.1).probe == "searching"
    weak = vitals("S6", 9.7)
    assert weak.low_perfusion
    assert weak.perfusion_index < 0.4
    assert vitals("S6", 12.5).motion
    assert vitals("S6", 16.5).probe == "none"


def test_s7_is_no_breath_for_the_monitor_while_the_saturation_stays() -> None:
    shown = vitals("S7", 15.5)
    assert shown.etco2 < 10.0
    assert shown.respiration_rate == 0.0
    assert shown.spo2 > 96.0
    assert AlarmCode.APNOEA in codes(shown)


def test_s8_bursts() -> None:
    the_patient = chair("S8").patient
    found = [the_patient.at(moment(24.0 + number / 20.0)) for number in range(60)]
    assert max(shown.heart_rate for shown in found) > 92.0
    assert all(shown.motion for shown in found)
    changes = sum(a.alarms != b.alarms for a, b in pairwise(found))
    assert changes >= 10


def test_s9_carbon_dioxide_rises_before_the_saturation_falls() -> None:
    early, late, over = vitals("S9", 23.9), vitals("S9", 26.4), vitals("S9", 32.0)
    assert early.etco2 > 48.0
    assert early.spo2 > 96.0
    assert late.spo2 == pytest.approx(90.0, abs=1.0)
    assert AlarmCode.DESATURATION in codes(late)
    assert over.spo2 > 96.0


def test_s10_is_before_the_infusion() -> None:
    shown = vitals("S10", -8.7)
    assert shown.heart_rate == pytest.approx(44.0, abs=8.0)
    assert shown.cuff is not None
    assert shown.cuff.systolic == pytest.approx(82.0, abs=10.5)
    assert AlarmCode.LIMIT_LOW in codes(shown)


def test_s12_clocks_are_24_min_fast_until_corrected() -> None:
    the_chair = chair("S12")
    fast, right = (the_chair.device_time(moment(minute)) for minute in (10.0, 25.0))
    assert fast.timestamp() - moment(10.0) == pytest.approx(24 * 60.0)
    assert right.timestamp() == pytest.approx(moment(25.0))
    assert fast.utcoffset() == timedelta(hours=1)
    by_hand = the_chair.device_time(moment(25.0, visit=1))
    assert by_hand.timestamp() - moment(25.0, visit=1) == pytest.approx(3600.0)


def test_s15_changes_dose_and_weight() -> None:
    first, second, third = (pump("S15", 10.0, visit) for visit in (0, 1, 2))
    assert first.dose_rate == pytest.approx(1.0)
    assert pump("S15", 59.0).state is InfusionState.INFUSING
    assert second.dose_rate == pytest.approx(0.45)
    assert third.weight_kg == 110.0
    assert third.concentration == pytest.approx(1.1)


def test_visits_follow_each_other_with_other_people() -> None:
    the_chair = chair("S1")
    people = [the_chair.locate(moment(0.0, number))[0].person for number in range(4)]
    assert people[0] == Person()
    assert len(set(people)) == 4
    assert the_chair.pumps["11"].at(moment(20.0, 3)).volume_infused == pytest.approx(25.0)
    assert the_chair.patient.at(moment(-15.0, 3)).cuff is None


def test_speed_hurries_the_visit_but_not_the_clocks() -> None:
    the_chair = chair("S1", speed=60.0)
    now = moment(20.0, speed=60.0)
    assert now == START + 40.0
    assert the_chair.pumps["11"].at(now).volume_infused == pytest.approx(25.0)
    assert the_chair.device_time(now).timestamp() == pytest.approx(now)
    assert the_chair.pumps["11"].at(now).uptime_s == pytest.approx(28.0)
    cuff = the_chair.patient.at(now).cuff
    assert cuff is not None
    assert now - 11.0 < cuff.ended < now


def test_a_demonstration_begins_where_something_is_about_to_happen() -> None:
    for name, kinds in SCENARIOS.items():
        begin = kinds[0].begin_min
        soon = [minute for minute, _ in kinds[0].story if begin < minute <= begin + 7.0]
        assert soon, name


def test_further_slots_carry_a_carrier() -> None:
    the_chair = chair("S1", slots=("11", "12", "21"))
    assert list(the_chair.pumps) == ["11", "12", "21"]
    assert the_chair.pumps["11"].at(moment(10.0)).drug == "Ketamine"
    assert the_chair.pumps["21"].at(moment(10.0)).drug == "NaCl 0.9 %"
    assert the_chair.pumps["12"].at(moment(10.0)).state is InfusionState.INFUSING


@pytest.mark.parametrize("name", SCENARIOS)
def test_stories_are_made_of_known_things_within_the_visit(name: str) -> None:
    for scenario in SCENARIOS[name]:
        assert FIRST_MIN <= scenario.begin_min < LAST_MIN
        for minute, what in scenario.story:
            assert FIRST_MIN <= minute < LAST_MIN
            if isinstance(what, Shows):
                assert what.seconds > 0.0
            else:
                assert type(what).__name__ in {"Anxiety", "Placed"} or isinstance(what, Swing | Measure | Order | Clock)


@given(st.lists(st.floats(-3600.0, 40_000.0), min_size=1, max_size=12), st.sampled_from(["S1", "S4", "S8"]))
@settings(max_examples=25, deadline=None)
def test_a_chair_answers_the_same_in_any_order(seconds: list[float], name: str) -> None:
    one, other = chair(name), chair(name)
    moments = [START + second for second in seconds]
    forwards = [(one.patient.at(now), one.pumps["11"].at(now), one.device_time(now)) for now in moments]
    backwards = [(other.patient.at(now), other.pumps["11"].at(now), other.device_time(now)) for now in moments[::-1]]
    assert forwards == backwards[::-1]
