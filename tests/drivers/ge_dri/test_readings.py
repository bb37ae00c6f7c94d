"""What records say in canonical words."""

import pytest

from drivers.api import Alarm, Reading
from drivers.ge_dri.channels import PRESSURE_LABELS, SPECIAL
from drivers.ge_dri.extensions import GROUPS
from drivers.ge_dri.readings import Gatherer, status_alarms
from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity
from tests.drivers.ge_dri.records import NO_DATA, block, empty, group, real_words, with_groups

V, Q, A = Validity.VALID, Validity.QUESTIONABLE, Validity.ABSENT
CHANNEL_1_II = 0x1200


def read(class_number: int, said: list[int]) -> list[Reading]:
    return Gatherer().read(block(class_number, said))


def by_name(readings: list[Reading]) -> dict[str, Reading]:
    return {reading.name: reading for reading in readings}


def judged(reading: Reading) -> tuple[object, object, Validity, Reason | None]:
    return reading.value, reading.unit, reading.validity, reading.reason


# --- the real record


def test_record_900_as_documented() -> None:
    assert read(0, real_words()) == [
        Reading(Metric.HEART_RATE, 81, None, name="ecg.hr", raw="5100"),
        Reading(Metric.ST_II, None, "mm", A, Reason.NOT_AVAILABLE, "ecg.st1", "0180", "channel 1"),
        Reading(Metric.UNMAPPED, None, "mm", A, Reason.NOT_AVAILABLE, "ecg.st2", "0180", "channel 2"),
        Reading(Metric.UNMAPPED, None, "mm", A, Reason.NOT_AVAILABLE, "ecg.st3", "0180", "channel 3"),
        Reading(Metric.RESPIRATION_RATE_IMPEDANCE, 18, None, name="ecg.imp_rr", raw="1200"),
        Reading(Metric.SPO2, 100.0, None, name="spo2.spo2", raw="1027"),
        Reading(Metric.PULSE_RATE, 82, None, name="spo2.pr", raw="5200"),
        Reading(Metric.UNMAPPED, 39, None, Q, Reason.UNIT_UNKNOWN, "spo2.ir_amp", "2700"),
        Reading(Metric.UNMAPPED, None, "%", A, Reason.NOT_AVAILABLE, "spo2.svo2", "0180"),
        Reading(Metric.UNMAPPED, 759.8, "mm[Hg]", name="co2.amb_press", raw="ae1d"),
        *(
            Reading(Metric.UNMAPPED, None, "/min", A, Reason.NOT_AVAILABLE, f"ecg_extra.{name}", "0180")
            for name in ("hr_ecg", "hr_max", "hr_min")
        ),
    ]


def test_record_100_has_a_saturation_without_a_pulse() -> None:
    said = by_name(read(0, with_groups(0, at_118=group(3, 0, 9816, NO_DATA, 39, NO_DATA))))
    assert judged(said["spo2.spo2"]) == (98.16, None, V, None)
    assert judged(said["spo2.pr"]) == (None, None, A, Reason.NOT_AVAILABLE)


def test_the_log_in_which_the_apnea_bit_stands_beside_a_moving_carbon_dioxide() -> None:
    words = with_groups(0, at_132=group(0x0107, 0x09, 412, 0, 16, 7598))
    said = by_name(read(0, words))
    assert judged(said["co2.et"]) == (4.12, "%", V, None)
    assert judged(said["co2.et x amb_press"]) == (31.3, "mm[Hg]", V, None)
    assert (said["co2.rr"].metric, judged(said["co2.rr"])) == (Metric.RESPIRATION_RATE_CO2, (16, None, V, None))
    assert status_alarms(words) == ()


def test_500_at_760_mmhg_is_38() -> None:
    said = by_name(read(0, with_groups(0, at_132=group(3, 1, 500, 0, 14, 7600))))
    assert judged(said["co2.et x amb_press"]) == (38.0, "mm[Hg]", V, None)
    assert judged(said["co2.fi x amb_press"]) == (0.0, "mm[Hg]", V, None)
    assert said["co2.et x amb_press"].source != said["co2.et"].source


@pytest.mark.parametrize("ambient", [NO_DATA, 0, -1])
def test_without_an_ambient_pressure_there_are_per_cent_only(ambient: int) -> None:
    said = by_name(read(0, with_groups(0, at_132=group(3, 1, 500, 0, 14, ambient))))
    assert said["co2.et"].value == 5.0
    assert not any("amb_press" in name for name in said)


# --- nothing that is no value becomes one


SLOTS = [
    (number, its, place)
    for number, groups in enumerate(GROUPS)
    for its in groups
    for place, field in enumerate(its.fields)
    if field is not None
]


def spoken(number: int, offset: int, words: list[int]) -> list[Reading]:
    """Give what a group says, without what stands beside it."""
    readings = read(number, with_groups(number, **{f"at_{offset}": words}))
    return [reading for reading in readings if not reading.name.startswith(("ecg_extra", "co2.amb"))]


@pytest.mark.parametrize("special", [*SPECIAL, -32768, -32761, -32001])
def test_no_special_value_is_ever_a_value(special: int) -> None:
    for number, its, _ in SLOTS:
        for reading in spoken(number, its.offset, group(3, 1, *[special] * len(its.fields))):
            assert (reading.value, reading.validity) == (None, A), reading
            assert reading.reason is SPECIAL.get(special, Reason.OTHER) or reading.name.startswith("nmt."), reading


def test_the_special_values_say_why() -> None:
    reasons = {
        -32767: Reason.NOT_AVAILABLE,
        -32766: Reason.NOT_AVAILABLE,
        -32765: Reason.NOT_AVAILABLE,
        -32764: Reason.UNDER_RANGE,
        -32763: Reason.OVER_RANGE,
        -32762: Reason.CALIBRATING,
        -32001: Reason.OTHER,
    }
    for special, reason in reasons.items():
        assert spoken(0, 94, group(3, 12, special))[0].reason is reason
    assert judged(spoken(0, 94, group(3, 12, -32000))[0]) == (-320.0, "Cel", V, None)


@pytest.mark.parametrize(("number", "its", "place"), SLOTS)
def test_no_group_is_valid_unless_present_and_active(number: int, its: object, place: int) -> None:
    group_ = GROUPS[number][[one is its for one in GROUPS[number]].index(True)]
    values = [1000] * len(group_.fields)
    assert spoken(number, group_.offset, group(0, 0, *values)) == []
    inactive = spoken(number, group_.offset, group(1, 0, *values))
    assert inactive
    assert {reading.validity for reading in inactive} <= {Q, A}
    assert {reading.reason for reading in inactive} == {Reason.NOT_IN_USE} or not group_.is_confirmed


@pytest.mark.parametrize(
    ("offset", "status", "reason"),
    [
        (0, 0x083 | 9 << 3, Reason.INTERFERENCE),  # noise
        (0, 0x103 | 9 << 3, Reason.INTERFERENCE),  # artefact
        (0, 0x203 | 9 << 3, Reason.SEARCHING),  # learning
        (16, 0x7, Reason.CALIBRATING),  # zeroing
        (132, 0x0B, Reason.CALIBRATING),
        (132, 0x13, Reason.CALIBRATING),  # zeroing
        (132, 0x23, Reason.SENSOR_FAULT),  # occlusion
        (132, 0x43, Reason.SENSOR_FAULT),  # air leak
        (156, 0x7, Reason.CALIBRATING),
        (156, 0xB, Reason.OFF),
        (166, 0x7, Reason.CALIBRATING),
        (166, 0xB, Reason.OFF),
    ],
)
def test_a_status_that_casts_doubt_leaves_nothing_valid(offset: int, status: int, reason: Reason) -> None:
    size = len(next(one for one in GROUPS[0] if one.offset == offset).fields)
    readings = spoken(0, offset, group(status, 1, *[700] * size))
    assert readings
    assert {(reading.validity, reading.reason) for reading in readings} == {(Q, reason)}


def test_zero_is_a_value_where_the_group_is_active() -> None:
    nitrous = spoken(0, 156, group(3, 0, 0, 0))
    assert [judged(reading) for reading in nitrous] == [(0.0, None, V, None)] * 2
    assert spoken(0, 178, group(3, 0, 12, 0, 0, 0, 0, 0, 0, 0))[1].value == 0.0


def test_a_channel_that_is_off_tells_why_there_is_no_heart_rate_and_leaves_one_that_there_is() -> None:
    off = 0x0800 | 9 << 3 | 3
    assert judged(spoken(0, 0, group(off, CHANNEL_1_II, *[NO_DATA] * 5))[0]) == (None, None, A, Reason.SENSOR_OFF)
    assert judged(spoken(0, 0, group(off, CHANNEL_1_II, 72, *[NO_DATA] * 4))[0]) == (72, None, V, None)


def test_a_module_that_has_been_pulled_is_said_to_be_gone() -> None:
    gatherer = Gatherer()
    assert gatherer.read(block(0, empty())) == []
    assert gatherer.read(block(0, with_groups(0, at_118=group(3, 0, 9800, 70, 0, 0))))[0].value == 98.0
    (gone, *_) = gatherer.read(block(0, with_groups(0, at_118=group(0, 0, 9800, 70, 0, 0))))
    assert judged(gone) == (None, None, A, Reason.NOT_AVAILABLE)


# --- what a value is


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (1, (Metric.HEART_RATE, "", V, None)),
        (9, (Metric.HEART_RATE, "", V, None)),
        (2, (Metric.IBP_PULSE_RATE, "HR from P1", V, None)),
        (5, (Metric.IBP_PULSE_RATE, "HR from P4", V, None)),
        (6, (Metric.PULSE_RATE, "HR from pleth", V, None)),
        (7, (Metric.IBP_PULSE_RATE, "HR from P5", V, None)),
        (8, (Metric.IBP_PULSE_RATE, "HR from P6", V, None)),
        *((number, (Metric.HEART_RATE, "", Q, Reason.OTHER)) for number in (0, 10, 11, 12, 13, 14, 15)),
    ],
)
def test_the_heart_rate_is_what_it_was_counted_from(
    origin: int, expected: tuple[Metric, str, Validity, Reason | None]
) -> None:
    rate = spoken(0, 0, group(3 | origin << 3, 0, 70, *[NO_DATA] * 4))[0]
    assert (rate.metric, rate.source, rate.validity, rate.reason) == expected


def test_the_lead_of_channel_1_stands_in_bits_8_to_11() -> None:
    metrics = [Metric.UNMAPPED, Metric.ST_I, Metric.ST_II, Metric.ST_III, Metric.ST_AVR, Metric.ST_AVL, Metric.ST_AVF]
    for lead, metric in enumerate([*metrics, Metric.UNMAPPED, Metric.UNMAPPED]):
        st1 = spoken(0, 0, group(0x4B, lead << 8, 70, 25, NO_DATA, NO_DATA, 14))[1]
        assert (st1.metric, st1.value, st1.unit, st1.validity) == (metric, 0.25, "mm", V)
    st2, st3 = spoken(0, 0, group(0x4B, 0x1234, 70, 1, 2, -3, 14))[2:4]
    assert (st2.metric, st2.value) == (Metric.ST_III, 0.02)
    assert (st3.metric, st3.value) == (Metric.ST_AVR, -0.03)


@pytest.mark.parametrize(
    ("label", "metric", "source"),
    [
        (1, Metric.RESPIRATION_RATE_CO2, ""),
        (2, Metric.RESPIRATION_RATE_IMPEDANCE, "CO2"),
        (10, Metric.RESPIRATION_RATE_IMPEDANCE, "CO2"),
        (0, Metric.RESPIRATION_RATE, "CO2"),
    ],
)
def test_the_respiration_rate_is_what_it_was_counted_from(label: int, metric: Metric, source: str) -> None:
    rate = spoken(0, 132, group(3, label, 500, 0, 14, 7600))[2]
    assert (rate.metric, rate.source, rate.value) == (metric, source, 14)


@pytest.mark.parametrize("label", [*range(23), 23, 999])
def test_a_pressure_is_arterial_only_by_its_label(label: int) -> None:
    word = PRESSURE_LABELS[label] if label < len(PRESSURE_LABELS) else ""
    readings = spoken(0, 30, group(3, label, 12000, 8000, 9300, 70))
    assert [reading.value for reading in readings] == [120.0, 80.0, 93.0, 70]
    metrics = [reading.metric for reading in readings]
    if word in ("ART", "ABP"):
        assert metrics == [Metric.IBP_SYSTOLIC, Metric.IBP_DIASTOLIC, Metric.IBP_MEAN, Metric.IBP_PULSE_RATE]
    elif word == "CVP":
        assert metrics == [Metric.UNMAPPED, Metric.UNMAPPED, Metric.CVP_MEAN, Metric.UNMAPPED]
    else:
        assert set(metrics) == {Metric.UNMAPPED}
    assert {reading.source for reading in readings} == {f"P2 {word}".strip() if word != "P2" else "P2"}


def test_temperatures_and_gases() -> None:
    (temperature,) = spoken(0, 86, group(3, 1, 3660))
    assert (temperature.metric, temperature.value, temperature.unit, temperature.source) == (
        Metric.TEMPERATURE,
        36.6,
        "Cel",
        "T1 ESO",
    )
    assert spoken(0, 86, group(3, 11, 3660))[0].source == "T1"
    agent = spoken(0, 166, group(3, 6, 180, 200, 95))
    assert [(r.name, r.value, r.source) for r in agent] == [
        ("aa.et", 1.8, "SEV"),
        ("aa.fi", 2.0, "SEV"),
        ("aa.mac_sum", 0.95, "SEV"),
    ]
    oxygen = spoken(0, 146, group(3, 0, 4500, 5000))
    assert [(r.metric, r.value) for r in oxygen] == [(Metric.ETO2, 45.0), (Metric.FIO2, 50.0)]


def test_entropy_and_spectral_edge() -> None:
    entropy = spoken(2, 112, group(3, 0, 88, 97, NO_DATA))
    assert [(r.value, r.validity) for r in entropy] == [(88, V), (97, V), (None, A)]
    eeg = spoken(2, 24, group(3, 0, 12, *(value for n in range(4) for value in (100, 145 + n, 50, 1, 2, 3, 4, 5))))
    edges = [(r.value, r.source) for r in eeg if r.metric is Metric.EEG_SPECTRAL_EDGE]
    assert edges == [(14.5, "EEG1"), (14.6, "EEG2"), (14.7, "EEG3"), (14.8, "EEG4")]


def test_twelve_leads_are_in_the_order_of_the_record() -> None:
    leads = spoken(1, 48, group(3, 0, *range(10, 130, 10)))
    assert [r.metric.value for r in leads] == [
        *("st_i", "st_ii", "st_iii", "st_avl", "st_avr", "st_avf"),
        *("st_v1", "st_v2", "st_v3", "st_v4", "st_v5", "st_v6"),
    ]
    assert [r.value for r in leads][:3] == [0.1, 0.2, 0.3]


def test_31_in_the_nmt_word_is_no_count() -> None:
    readings = spoken(0, 214, group(3, 0, NO_DATA, NO_DATA, 31))
    assert {(r.value, r.validity) for r in readings} == {(None, A)}


def test_the_nmt_word_taken_apart() -> None:
    word = 5 | 3 << 5 | 50 << 9
    readings = by_name(spoken(0, 214, group(3, 0, 850, 720, word)))
    assert {name: (r.value, r.unit) for name, r in readings.items()} == {
        "nmt.t1": (85.0, "%"),
        "nmt.tratio": (72.0, "%"),
        "nmt.ptc": (5, "1"),
        "nmt.tof_count": (3, "1"),
        "nmt.current": (50, "mA"),
    }
    without_ptc = by_name(spoken(0, 214, group(3, 0, 850, 720, 31 | 4 << 5 | 50 << 9)))
    assert (without_ptc["nmt.ptc"].value, without_ptc["nmt.tof_count"].value) == (None, 4)


def test_cardiac_output_is_said_when_it_changes_and_has_no_age() -> None:
    gatherer = Gatherer()
    first = with_groups(0, at_200=group(3, 0, 5200, NO_DATA, NO_DATA, NO_DATA))
    said = gatherer.read(block(0, first))
    assert judged(said[0]) == (5200, "mL/min", Q, Reason.AGE_UNKNOWN)
    assert gatherer.read(block(0, first)) == []
    first[203 // 2 + 2] = 5300
    assert gatherer.read(block(0, first))[0].value == 5300


@pytest.mark.parametrize("offset", [78, 92, 106, 120, 128])
def test_groups_whose_place_is_not_confirmed_have_no_metric_and_are_never_valid(offset: int) -> None:
    size = len(next(one for one in GROUPS[1] if one.offset == offset).fields)
    readings = spoken(1, offset, group(3, 1, *[3700] * size))
    assert {(r.metric, r.validity, r.reason) for r in readings} == {(Metric.UNMAPPED, Q, Reason.OTHER)}


def test_fields_without_a_known_scale_are_never_valid() -> None:
    for number, offset, names in ((2, 96, "bis"), (2, 0, "nmt2"), (3, 14, "flow2")):
        size = len(next(one for one in GROUPS[number] if one.offset == offset).fields)
        readings = spoken(number, offset, group(3, 0, *[45] * size))
        assert readings
        assert all(r.name.startswith(names) for r in readings)
        assert {(r.metric, r.value, r.validity, r.reason) for r in readings} == {
            (Metric.UNMAPPED, 45, Q, Reason.UNIT_UNKNOWN)
        }


# --- alarms out of status bits


@pytest.mark.parametrize(
    ("rate", "status", "expected"),
    [
        (0, 0x4B | 4, [AlarmCode.ASYSTOLE]),
        (NO_DATA, 0x4B | 4, [AlarmCode.ASYSTOLE]),
        (72, 0x4B | 4, []),
        (0, 0x4B, []),
        (0, 4, []),
    ],
)
def test_asystole_needs_its_bit_and_no_heart_rate(rate: int, status: int, expected: list[AlarmCode]) -> None:
    found = status_alarms(with_groups(0, at_0=group(status, CHANNEL_1_II, rate, *[NO_DATA] * 4)))
    assert [alarm.code for alarm in found] == expected


@pytest.mark.parametrize(
    ("rate", "status", "expected"),
    [(0, 7, True), (16, 7, False), (NO_DATA, 7, False), (0, 3, False), (0, 4, False)],
)
def test_apnoea_needs_its_bit_and_a_rate_of_zero(rate: int, status: int, expected: bool) -> None:
    found = status_alarms(with_groups(0, at_132=group(status, 1, 100, 0, rate, 7600)))
    wanted = Alarm(AlarmCode.APNOEA, "CO2 status: apnea", Priority.HIGH, "CO2", "0700")
    assert found == ((wanted,) if expected else ())


def test_equal_records_are_equal_readings() -> None:
    assert read(0, real_words()) == read(0, real_words())
    assert all(reading.device_time is None for reading in read(0, real_words()))
