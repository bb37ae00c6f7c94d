"""Values, states, measurements and alarms: what becomes of each, and that nothing doubtful is `valid`."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drivers.api import Alarm, Damage, Reading
from drivers.intellivue.alarms import Active, Alerts, active
from drivers.intellivue.channels import ALARM_STANDBY, WAVES, Attribute, metric_of, unit_of
from drivers.intellivue.clock import MonitorClock, ticks_between
from drivers.intellivue.export import Observed
from drivers.intellivue.readings import Numerics, reading
from drivers.intellivue.values import time_bcd, wide_bytes
from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity
from tests.captures import load

HERE = Path(__file__).parent / "captures"
V, R = Validity, Reason

SPO2 = bytes.fromhex("4BB8 0000 0220 00000061")
NAN = bytes.fromhex("007FFFFF")


def said(data: str, name: str = "") -> Reading:
    return reading(bytes.fromhex(data), name)


def test_the_described_values() -> None:
    spo2, temperature, heart_rate, missing = (reading(data, "") for data in load(HERE / "values.hex").frames)
    assert (spo2.metric, spo2.value, spo2.unit, spo2.validity) == (Metric.SPO2, 97, "%", V.VALID)
    assert (temperature.metric, temperature.value, temperature.unit) == (Metric.TEMPERATURE, 36.8, "Cel")
    assert (heart_rate.metric, heart_rate.value, heart_rate.unit) == (Metric.HEART_RATE, 60, "/min")
    assert (missing.value, missing.validity, missing.reason) == (None, V.ABSENT, R.NOT_AVAILABLE)
    assert spo2.code is not None
    assert (spo2.code.code, spo2.code.refid) == (150456, "MDC_PULS_OXIM_SAT_O2")
    assert (spo2.raw, spo2.name, spo2.source) == ("4bb80000022000000061", "4BB8", "4BB8")


def test_a_cuff_that_has_not_measured_as_in_another_clients_test() -> None:
    (compound,) = load(HERE / "cuff_not_measured.hex").frames
    found = Numerics().read([Observed(0, 1, {Attribute.COMPOUND_NUMERIC: compound})])
    assert [r.metric for r in found.readings] == [Metric.NIBP_SYSTOLIC, Metric.NIBP_DIASTOLIC, Metric.NIBP_MEAN]
    assert {(r.value, r.validity, r.reason, r.unit) for r in found.readings} == {
        (None, V.ABSENT, R.NOT_AVAILABLE, "mm[Hg]")
    }


@pytest.mark.parametrize(
    ("state", "number", "validity", "reason"),
    [
        ("0000", "00000061", V.VALID, None),
        ("0002", "00000061", V.VALID, None),  # in alarm
        ("0001", "00000061", V.VALID, None),  # alarm inhibited
        ("0080", "00000061", V.VALID, None),  # validated
        ("8000", "00000061", V.INVALID, R.DISOWNED),
        ("8001", "007FFFFF", V.INVALID, R.DISOWNED),
        ("2000", "007FFFFF", V.ABSENT, R.NOT_AVAILABLE),
        ("2000", "00000061", V.ABSENT, R.NOT_AVAILABLE),
        ("1000", "00000061", V.INVALID, R.CALIBRATING),
        ("1400", "00000061", V.INVALID, R.CALIBRATING),
        ("0800", "00000061", V.QUESTIONABLE, R.OTHER),  # test
        ("0400", "00000061", V.QUESTIONABLE, R.OTHER),  # demo
        ("4000", "00000061", V.QUESTIONABLE, R.OTHER),
        ("4002", "00000061", V.QUESTIONABLE, R.OTHER),
        ("0040", "00000061", V.QUESTIONABLE, R.EARLY),
        ("0020", "00000061", V.QUESTIONABLE, R.MEASURING),
        ("0100", "00000061", V.QUESTIONABLE, R.OTHER),  # a bit without a known meaning
        ("0000", "007FFFFF", V.ABSENT, R.NOT_A_NUMBER),
        ("0000", "00800000", V.ABSENT, R.NOT_A_NUMBER),
        ("0000", "00800001", V.ABSENT, R.NOT_A_NUMBER),
        ("0000", "007FFFFE", V.ABSENT, R.OVER_RANGE),
        ("0000", "00800002", V.ABSENT, R.UNDER_RANGE),
        ("4000", "007FFFFF", V.ABSENT, R.NOT_A_NUMBER),
        ("0400", "007FFFFF", V.ABSENT, R.NOT_A_NUMBER),
    ],
)
def test_state_and_number_decide(state: str, number: str, validity: Validity, reason: Reason | None) -> None:
    found = said(f"4BB8 {state} 0220 {number}")
    assert (found.validity, found.reason) == (validity, reason)
    assert (found.value is None) == (validity in (V.INVALID, V.ABSENT))


def test_only_the_four_harmless_bits_leave_a_value_valid() -> None:
    for state in range(0x10000):
        if said(f"4BB8 {state:04X} 0220 00000061").validity is V.VALID:
            assert state & ~0x0083 == 0


def test_test_and_demo_stand_apart() -> None:
    demo = bytes.fromhex("4BB8 0400 0220 00000061")
    test = bytes.fromhex("4182 0800 0AA0 0000003C")
    objects = [Observed(0, n, {Attribute.NUMERIC: data}) for n, data in enumerate((SPO2, demo, test))]
    found = Numerics().read(objects)
    assert [r.metric for r in found.readings] == [Metric.SPO2]
    assert [(r.metric, r.validity) for r in found.simulated] == [
        (Metric.SPO2, V.QUESTIONABLE), (Metric.HEART_RATE, V.QUESTIONABLE)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "metric"),
    [
        (0x4182, Metric.HEART_RATE), (16993, Metric.PVC_RATE), (0x480A, Metric.PULSE_RATE),
        (0x4822, Metric.PULSE_RATE), (0x4BB8, Metric.SPO2), (19376, Metric.PERFUSION_INDEX),
        (0x4A05, Metric.NIBP_SYSTOLIC), (0x4A06, Metric.NIBP_DIASTOLIC), (0x4A07, Metric.NIBP_MEAN),
        (61669, Metric.NIBP_PULSE_RATE), (18965, Metric.IBP_SYSTOLIC), (18966, Metric.IBP_DIASTOLIC),
        (18967, Metric.IBP_MEAN), (18961, Metric.IBP_SYSTOLIC), (0x4B48, Metric.TEMPERATURE),
        (0x500A, Metric.RESPIRATION_RATE), (0x5012, Metric.RESPIRATION_RATE), (0x50B0, Metric.ETCO2),
        (20666, Metric.IMCO2), (61518, Metric.BISPECTRAL_INDEX), (769, Metric.ST_I), (829, Metric.ST_III),
        (0xFFFF, Metric.UNMAPPED),
    ],
)  # fmt: skip
def test_codes_by_arithmetic(code: int, metric: Metric) -> None:
    assert metric_of(code) is metric


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        (512, "1"), (544, "%"), (1298, "mm"), (2176, "s"), (2194, "ms"), (2528, "/min"), (2720, "/min"),
        (2784, "/min"), (3843, "kPa"), (3872, "mm[Hg]"), (3904, "cm[H2O]"), (4274, "mV"), (4275, "uV"),
        (4416, "[degF]"), (6048, "Cel"), (1, None),
    ],
)  # fmt: skip
def test_units_by_arithmetic(code: int, unit: str | None) -> None:
    assert unit_of(code) == unit


def test_the_unit_sent_is_the_unit_said() -> None:
    assert said("50B0 0000 0F03 FF000032").unit == "kPa"
    assert said("50B0 0000 0F03 FF000032").value == 5.0


def test_an_unknown_unit_makes_a_value_questionable() -> None:
    found = said("4BB8 0000 0001 00000061")
    assert (found.value, found.unit, found.validity, found.reason) == (97, "", V.QUESTIONABLE, R.UNIT_UNKNOWN)


def test_an_unknown_code_is_passed_on() -> None:
    found = said("F0F1 0000 0F20 0000000C", "ICP2")
    assert (found.metric, found.value, found.name) == (Metric.UNMAPPED, 12, "ICP2")
    assert found.code is not None
    assert found.code == (131072 + 0xF0F1, "")


def test_an_object_without_a_value_says_nothing() -> None:
    assert Numerics().read([Observed(0, 1, {Attribute.LABEL_TEXT: wide_bytes("SpO2")})]).readings == []


def test_a_label_said_once_is_kept() -> None:
    numerics = Numerics()
    labelled = Observed(0, 1, {Attribute.LABEL_TEXT: wide_bytes("SpO\u2082  "), Attribute.NUMERIC: SPO2})
    assert numerics.read([labelled]).readings[0].name == "SpO\u2082"
    assert numerics.read([Observed(0, 1, {Attribute.NUMERIC: SPO2})]).readings[0].name == "SpO\u2082"


@pytest.mark.parametrize("data", ["", "4BB8", "4BB8 0000 0220 00000061 00"])
def test_a_value_of_wrong_length_is_counted_and_not_read(data: str) -> None:
    found = Numerics().read([Observed(0, 1, {Attribute.NUMERIC: bytes.fromhex(data)})])
    assert (found.readings, found.harmed) == ([], 1)


# --- the cuff


def cuff(systolic: int | None, stamp: datetime | None = None, state: int = 0) -> Observed:
    number = NAN if systolic is None else systolic.to_bytes(4, "big")
    value = b"\x4a\x05" + state.to_bytes(2, "big") + b"\x0f\x20" + number
    attributes = {Attribute.COMPOUND_NUMERIC: b"\x00\x01\x00\x0a" + value}
    return Observed(0, 9, attributes | ({Attribute.VALUE_TIME: time_bcd(stamp)} if stamp else {}))


NOON = datetime.fromisoformat("2026-01-01T12:00:00")


def pressures(*measured: Observed) -> list[tuple[object, ...]]:
    numerics = Numerics()
    return [(r.value, r.device_time, r.reason) for observed in measured for r in numerics.read([observed]).readings]


def test_a_measurement_with_its_time_is_said_once() -> None:
    later = NOON + timedelta(minutes=5)
    assert pressures(cuff(120, NOON), cuff(120, NOON), cuff(120, later), cuff(118, later), cuff(118, later)) == [
        (120, NOON, None),
        (120, later, None),
        (118, later, None),
    ]


def test_a_measurement_without_a_time_is_new_only_if_it_was_seen_to_change() -> None:
    assert pressures(cuff(120), cuff(120), cuff(118), cuff(118)) == [(120, None, R.AGE_UNKNOWN), (118, None, None)]


def test_measuring_then_the_same_value_is_a_new_measurement() -> None:
    """While the cuff pumps the old value stands there: it is not said again."""
    assert pressures(cuff(120), cuff(120, state=0x20), cuff(120, state=0x20), cuff(120), cuff(120)) == [
        (120, None, R.AGE_UNKNOWN),
        (120, None, None),
    ]


def test_what_was_seen_being_measured_has_a_known_age() -> None:
    assert pressures(cuff(120, state=0x20), cuff(118)) == [(120, None, R.AGE_UNKNOWN), (118, None, None)]
    assert pressures(cuff(None, state=0x2020), cuff(118, state=0x40), cuff(120)) == [
        (None, None, R.NOT_AVAILABLE),
        (120, None, None),
    ]


def test_a_result_that_is_seen_only_while_the_next_one_is_going_on_is_said() -> None:
    """The cuff is in STAT mode: one measurement after another."""
    later = NOON + timedelta(minutes=1)
    assert pressures(cuff(120, NOON), cuff(118, later, 0x20), cuff(118, later, 0x20), cuff(118, later)) == [
        (120, NOON, None),
        (118, later, None),
    ]
    assert pressures(cuff(120), cuff(120, state=0x20), cuff(118, state=0x20)) == [
        (120, None, R.AGE_UNKNOWN),
        (118, None, None),
    ]


def test_the_device_s_own_bytes_stay_beside_it() -> None:
    assert Numerics().read([cuff(120, state=0x20)]).readings[0].raw == "4a0500200f2000000078"


def test_an_early_estimate_is_no_measurement() -> None:
    later = NOON + timedelta(minutes=5)
    cycle = [cuff(120, NOON), cuff(120, NOON, 0x20), cuff(131, later, 0x60), cuff(130, later), cuff(130, later)]
    assert pressures(*cycle) == [(120, NOON, None), (130, later, None)]


def test_a_cycle_without_a_result_says_nothing_twice() -> None:
    old, nothing = cuff(120, NOON), cuff(None, NOON, 0x2000)
    assert pressures(old, cuff(120, NOON, 0x20), old) == [(120, NOON, None)]
    assert pressures(nothing, cuff(None, NOON, 0x2020), nothing) == [(None, None, R.NOT_AVAILABLE)]
    assert pressures(cuff(None, None, 0x2000), cuff(None, None, 0x2020), cuff(None, None, 0x2000)) == [
        (None, None, R.NOT_AVAILABLE)
    ]


def test_the_time_of_an_old_measurement_does_not_make_nothing_into_one() -> None:
    assert pressures(cuff(None, NOON, 0x2000), cuff(None, NOON, 0x2000)) == [(None, None, R.NOT_AVAILABLE)]


def test_a_time_that_is_left_out_later_changes_nothing() -> None:
    assert pressures(cuff(120, NOON), cuff(120), cuff(121)) == [(120, NOON, None), (121, None, None)]


def test_what_is_in_alarm_is_not_measured_again() -> None:
    assert pressures(cuff(120), cuff(120, state=0x02)) == [(120, None, R.AGE_UNKNOWN)]


# --- alarms


def entry(source: int, code: int, kind: int, state: int = 0, text: str = "", text_id: int = 0) -> bytes:
    detail = b"\x00\x01" + text_id.to_bytes(4, "big") + b"\x00\x00\x00\x00" + (wide_bytes(text) if text else b"")
    head = b"".join(word.to_bytes(2, "big") for word in (source, code, kind, state, 0x36, 0, 1, 513, len(detail)))
    return head + detail


def listed(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return len(entries).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def alarms_in(*entries: bytes) -> tuple[Alarm, ...]:
    found = active(listed(*entries))
    assert found is not None
    return found.alarms


@pytest.mark.parametrize(
    ("kind", "priority"),
    [(1, Priority.LOW), (2, Priority.MEDIUM), (4, Priority.HIGH), (256, Priority.LOW), (512, Priority.MEDIUM),
     (1024, Priority.HIGH), (0, None)],
)  # fmt: skip
def test_an_alarms_type_gives_its_priority(kind: int, priority: Priority | None) -> None:
    (alarm,) = alarms_in(entry(0x4BB8, 62, kind, text="**SpO2 88<90"))
    assert (alarm.priority, alarm.code, alarm.text, alarm.source) == (
        priority, AlarmCode.LIMIT_LOW, "**SpO2 88<90", "spo2"
    )  # fmt: skip
    assert alarm.mdc == (196670, "")


def test_an_alarm_without_a_text_is_named_by_its_number() -> None:
    (alarm,) = alarms_in(entry(0x1234, 9998, 1, text_id=0xABCD))
    assert (alarm.code, alarm.text, alarm.source) == (AlarmCode.UNKNOWN, "text 0000ABCD", "1234")


def test_silenced_latched_and_suspended_are_still_active_and_standby_is_not() -> None:
    states = (0x8000, 0x4000, 0x2000, 0x1000, 0x0008, ALARM_STANDBY)
    assert len(alarms_in(*(entry(n, n, 1, state) for n, state in enumerate(states)))) == 5


@pytest.mark.parametrize("state", [0x0400, 0x0100])
def test_alarms_in_test_or_demo_stand_apart(state: int) -> None:
    found = active(listed(entry(1, 1, 1), entry(2, 2, 1, state)))
    assert found is not None
    assert (len(found.alarms), len(found.simulated)) == (1, 1)


def test_a_list_cut_short_is_not_read_and_ends_no_alarm() -> None:
    whole = listed(entry(1, 2, 1), entry(2, 2, 1, text="**SpO2 LOW"))
    assert (found := active(whole)) is not None
    assert len(found.alarms) == 2
    for size in range(len(whole)):
        assert active(whole[:size]) is None, size
    alerts = Alerts()
    assert isinstance(alerts.read([Observed(0, 1, {Attribute.PATIENT_ALARMS: whole})]), Active)
    assert alerts.read([Observed(0, 1, {Attribute.PATIENT_ALARMS: whole[:40]})]) == Damage("alarm list cut short", 40)
    after = alerts.read([Observed(0, 1, {Attribute.TECHNICAL_ALARMS: listed()})])
    assert isinstance(after, Active)
    assert len(after.alarms) == 2, "as it was"


def test_a_list_longer_than_any_monitors_is_not_read() -> None:
    assert active(listed(*[entry(1, 2, 1)] * 64)) is not None
    assert active(listed(*[entry(1, 2, 1)] * 65)) is None


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (40, AlarmCode.LIMIT_HIGH), (62, AlarmCode.LIMIT_LOW), (3072, AlarmCode.APNOEA), (3076, AlarmCode.ASYSTOLE),
        (3246, AlarmCode.DESATURATION), (3224, AlarmCode.ARRHYTHMIA), (61444, AlarmCode.ARRHYTHMIA),
        (274, AlarmCode.LEAD_OFF), (308, AlarmCode.NO_SENSOR), (230, AlarmCode.CUFF), (70, AlarmCode.MALFUNCTION),
        (9998, AlarmCode.UNKNOWN),
    ],
)  # fmt: skip
def test_an_alarms_code_is_an_event_of_the_nomenclature(code: int, word: AlarmCode) -> None:
    (alarm,) = alarms_in(entry(0x4BB8, code, 1))
    assert (alarm.code, alarm.mdc) == (word, (196608 + code, ""))


def test_the_last_bit_of_an_alarms_code_says_that_its_source_is_no_measurement() -> None:
    (alarm,) = alarms_in(entry(0x4BB8, 71, 1))
    assert (alarm.code, alarm.source, alarm.mdc) == (AlarmCode.MALFUNCTION, "4BB8", (196678, ""))


def test_the_patients_list_is_0902_and_the_technical_one_0904() -> None:
    assert (Attribute.PATIENT_ALARMS, Attribute.TECHNICAL_ALARMS) == (0x0902, 0x0904)


def test_a_list_that_an_answer_leaves_out_is_as_it_was() -> None:
    alerts = Alerts()
    patient, technical = listed(entry(1, 1, 256)), listed(entry(2, 2, 1))
    both = alerts.read([Observed(0, 1, {Attribute.PATIENT_ALARMS: patient, Attribute.TECHNICAL_ALARMS: technical})])
    assert isinstance(both, Active)
    assert len(both.alarms) == 2
    one = alerts.read([Observed(0, 1, {Attribute.TECHNICAL_ALARMS: listed()})])
    assert isinstance(one, Active)
    assert [alarm.raw[:4] for alarm in one.alarms] == ["0001"]
    assert alerts.read([Observed(0, 1, {})]) is None


# --- clock


def test_relative_time_wraps_after_six_days() -> None:
    clock = MonitorClock(NOON, (1 << 32) - 8000)
    assert clock.at(8000) == NOON + timedelta(seconds=2)
    assert ticks_between(5, 3) == -2


def test_the_clock_follows_for_a_month() -> None:
    clock, ticks = MonitorClock(NOON, 0), 0
    for hour in range(1, 24 * 31):
        ticks = (ticks + 3600 * 8000) & 0xFFFFFFFF
        assert clock.at(ticks) == NOON + timedelta(hours=hour)


def test_without_a_wall_clock_there_is_no_time() -> None:
    assert MonitorClock(None, 0).at(8000) is None


def test_each_wave_has_a_name_of_its_own() -> None:
    names = [wave.name for wave in WAVES.values()]
    assert len(set(names)) == len(names)
