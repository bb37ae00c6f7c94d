from collections.abc import Sequence
from statistics import pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.vocabulary import AlarmCode
from simulators.api import Cuff
from simulators.patient import Measure, Patient, Shows
from simulators.pharmacokinetics import Infusion
from simulators.physiology import Anxiety, Body, Person, Placed, Swing, draw

DOSE = (Infusion(0.0, 40.0, 0.875),)
MIN = 60.0
ALL_NIGHT = tuple((600.0 * number, Measure()) for number in range(60))


def patient(story: Sequence[tuple[float, object]] = (), person: Person = Person()) -> Patient:  # noqa: B008  # frozen
    return Patient(person, "seed", DOSE, story)


def codes(the_patient: Patient, second: float) -> list[AlarmCode]:
    return [signal.code for signal in the_patient.at(second).alarms]


@pytest.mark.parametrize(
    ("minute", "effect"),
    [(10, 0.29), (20, 0.65), (30, 0.85), (40, 1.00), (50, 0.58), (60, 0.32), (80, 0.15), (120, 0.01)],
)
def test_the_effect_follows_the_published_course(minute: int, effect: float) -> None:
    assert Body(Person(), DOSE).effect(minute * MIN) == pytest.approx(effect, abs=0.006)


def test_the_trend_is_the_effect_model() -> None:
    person = Person(systolic_gain=30.0, heart_rate_gain=-2.0)
    body = Body(person, DOSE)
    for minute in range(0, 150, 5):
        effect, trend = body.effect(minute * MIN), body.at(minute * MIN)
        assert trend.systolic == pytest.approx(124.0 + 30.0 * effect)
        assert trend.diastolic == pytest.approx(76.0 + 0.68 * 30.0 * effect)
        assert trend.heart_rate == pytest.approx(72.0 - 2.0 * effect)
        assert (trend.spo2, trend.etco2, trend.respiration_rate) == (97.5, 38.0, 14.0)


def test_fear_rises_at_once_and_is_gone_after_five_minutes() -> None:
    body = Body(Person(), (), [(100.0, Anxiety())])
    assert body.at(99.0).heart_rate == 72.0
    assert body.at(100.0).heart_rate == pytest.approx(79.0)
    assert body.at(100.0).systolic == pytest.approx(132.0)
    assert body.at(400.0).heart_rate == pytest.approx(72.0, abs=0.5)


def test_a_probe_just_placed_starts_low() -> None:
    body = Body(Person(), (), [(0.0, Placed())])
    assert body.at(0.0).spo2 == pytest.approx(95.5)
    assert body.at(200.0).spo2 == pytest.approx(97.5, abs=0.1)


def test_a_swing_goes_and_returns() -> None:
    body = Body(Person(), (), [(0.0, Swing("spo2", 120.0, 60.0, 30.0, to=90.0))])
    found = [body.at(second).spo2 for second in (0.0, 60.0, 120.0, 170.0, 195.0, 210.0, 500.0)]
    assert found == pytest.approx([97.5, 93.75, 90.0, 90.0, 93.75, 97.5, 97.5])


def test_slow_noise_has_the_published_size() -> None:
    the_patient = patient()
    late = [the_patient.at(30_000.0 + 7.0 * number) for number in range(8000)]
    assert pstdev(v.heart_rate for v in late) == pytest.approx((2.5**2 + 1.5**2 / 2) ** 0.5, abs=0.4)
    assert pstdev(v.respiration_rate for v in late) == pytest.approx(0.95, abs=0.15)
    systolics = [cuff.systolic for cuff in _cuffs(Patient(Person(), "seed", (), ALL_NIGHT))]
    assert len(systolics) == 60
    assert pstdev(systolics) == pytest.approx(4.0, abs=1.2)


def _cuffs(the_patient: Patient) -> list[Cuff]:
    found = [the_patient.at(600.0 * number + 50.0).cuff for number in range(60)]
    return [cuff for cuff in found if cuff is not None]


seconds = st.floats(-20 * MIN, 130 * MIN)


@given(seconds)
@settings(max_examples=100, deadline=None)
def test_parameters_agree_with_each_other(second: float) -> None:
    the_patient = patient([(600.0 * number, Measure()) for number in range(-2, 13)])
    vitals, trend = the_patient.at(second), the_patient.body.at(second)
    assert abs(vitals.heart_rate - vitals.pulse_rate) <= 2.0
    assert abs(vitals.heart_rate - trend.heart_rate) <= 8.0
    assert 12.0 <= vitals.respiration_rate <= 16.0
    assert 36.0 <= vitals.etco2 <= 40.0
    assert 96.5 <= vitals.spo2 <= 98.5
    if vitals.cuff is not None:
        cuff = vitals.cuff
        assert cuff.diastolic < cuff.mean < cuff.systolic
        assert cuff.mean == round(cuff.diastolic + (cuff.systolic - cuff.diastolic) / 3)
        assert cuff.ended <= second
        assert cuff.pulse_rate == round(the_patient.at(cuff.ended).heart_rate)
        at_cuff = the_patient.body.at(cuff.ended)
        assert abs(cuff.systolic - at_cuff.systolic) <= 10.5
        assert abs(cuff.diastolic - at_cuff.diastolic) <= 5.5


@given(st.lists(seconds, max_size=10))
@settings(max_examples=30, deadline=None)
def test_asking_in_another_order_gives_the_same_answers(moments: list[float]) -> None:
    story = [(0.0, Measure()), (60.0, Shows("probe", "off", 30.0))]
    one, other = patient(story), patient(story)
    assert [one.at(s) for s in moments] == [other.at(s) for s in reversed(moments)][::-1]


def test_a_cuff_takes_20_to_45_seconds_and_the_probe_on_the_same_arm_drops_out() -> None:
    the_patient = patient([(0.0, Measure())])
    measuring = the_patient.at(10.0)
    assert (measuring.cuff_state, measuring.probe, measuring.cuff) == ("measuring", "searching", None)
    done = the_patient.at(46.0)
    assert (done.cuff_state, done.probe) == ("idle", "on")
    assert done.cuff is not None
    assert 20.0 <= done.cuff.ended <= 45.0
    assert patient([(0.0, Measure())], Person(same_arm=False)).at(10.0).probe == "on"


def test_a_failed_cuff_keeps_the_last_result_and_says_failed_until_the_next() -> None:
    the_patient = patient([(0.0, Measure()), (600.0, Measure(fails=True)), (700.0, Measure())])
    first = the_patient.at(100.0).cuff
    failed = the_patient.at(650.0)
    assert (failed.cuff, failed.cuff_state) == (first, "failed")
    assert AlarmCode.CUFF in codes(the_patient, 650.0)
    later = the_patient.at(750.0)
    assert later.cuff_state == "idle"
    assert later.cuff != first


def test_nothing_is_measured_while_nibp_is_off_or_the_monitor_in_standby() -> None:
    for shows in (Shows("cuff_state", "off", 300.0), Shows("standby", True, 300.0)):
        the_patient = patient([(0.0, shows), (100.0, Measure())])
        assert the_patient.at(200.0).cuff is None
    assert patient([(0.0, Shows("cuff_state", "off", 300.0))]).at(5.0).cuff_state == "off"


@pytest.mark.parametrize(
    ("happening", "code"),
    [
        (Shows("probe", "off", 60.0), AlarmCode.SENSOR_OFF),
        (Shows("probe", "none", 60.0), AlarmCode.NO_SENSOR),
        (Shows("low_perfusion", True, 60.0), AlarmCode.LOW_SIGNAL),
        (Shows("leads", False, 60.0), AlarmCode.LEAD_OFF),
        (Shows("co2_line", False, 60.0), AlarmCode.NO_SENSOR),
        (Swing("heart_rate", 0.0, 60.0, 0.0, to=130.0), AlarmCode.LIMIT_HIGH),
        (Swing("heart_rate", 0.0, 60.0, 0.0, to=44.0), AlarmCode.LIMIT_LOW),
        (Swing("spo2", 0.0, 60.0, 0.0, to=90.0), AlarmCode.DESATURATION),
        (Swing("etco2", 0.0, 60.0, 0.0, to=55.0), AlarmCode.LIMIT_HIGH),
        (Swing("respiration_rate", 0.0, 60.0, 0.0, to=0.0), AlarmCode.APNOEA),
    ],
)
def test_what_a_monitor_would_sound_stands_among_its_alarms(happening: object, code: AlarmCode) -> None:
    the_patient = patient([(1000.0, happening)])
    assert codes(the_patient, 990.0) == []
    assert code in codes(the_patient, 1030.0)
    assert codes(the_patient, 1100.0) == []


def test_who_does_not_breathe_reads_zero_and_rings_after_20_seconds() -> None:
    the_patient = patient([(1000.0, Swing("respiration_rate", 0.0, 60.0, 0.0, to=0.0))])
    assert the_patient.at(1010.0).respiration_rate == 0.0
    assert AlarmCode.APNOEA not in codes(the_patient, 1010.0)


def test_a_monitor_in_standby_is_silent() -> None:
    story = [(0.0, Shows("probe", "off", 60.0)), (0.0, Shows("standby", True, 60.0))]
    assert patient(story).at(5.0).alarms == ()


def test_people_differ_but_stay_people() -> None:
    people = [draw(str(number)) for number in range(400)]
    gains = [person.systolic_gain for person in people]
    assert all(-5.0 <= gain <= 45.0 for gain in gains)
    assert pstdev(gains) == pytest.approx(9.0, abs=1.5)
    assert all(48.0 <= person.weight_kg <= 130.0 for person in people)
    assert all(person.diastolic + 15.0 < person.systolic for person in people)
    assert draw("7") == draw("7")
