"""What the parameters become: values, sentinels, states, alarms."""

from datetime import datetime
from pathlib import Path

import pytest

from drivers.api import Alarm, Reading, Report
from drivers.bbraun_space.channels import ALARM_BITS, ALARM_FLAGS, CHANNELS, PREALARM_BITS, PREALARM_FLAGS, UNITS
from drivers.bbraun_space.codec import Block, Decoder, Entry
from drivers.bbraun_space.readings import clock, report
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Priority, Reason, Validity, units_of
from tests.captures import load

ANSWERS = load(Path(__file__).parent / "captures" / "answers.hex").frames
M, V, R, S = Metric, Validity, Reason, InfusionState
ON = {"DSSTATUS": "00051"}


def said(values: dict[str, str], slot: str = "13") -> Report:
    entries = [Entry(100, f"501{slot}", name, value) for name, value in values.items()]
    spoken = report(slot, entries, clock(entries))
    assert spoken is not None
    return spoken


def one(name: str, raw: str, **others: str) -> Reading:
    (found,) = [reading for reading in said({name: raw, **others}).readings if reading.name == name]
    return found


def state(**values: str) -> Reading | None:
    readings = said({"INSYR": "50", **values}).readings
    return next((reading for reading in readings if reading.metric is M.INFUSION_STATE), None)


def entries_of(frame: bytes) -> list[Entry]:
    (block,) = Decoder().feed(frame)
    assert isinstance(block, Block)
    return list(block.entries)


def test_line_8_a_pump_that_infuses() -> None:
    assert report("13", entries_of(ANSWERS[2])) == Report(
        [
            Reading(M.INFUSION_STATE, "infusing", name="INM3", raw="1"),
            Reading(M.INFUSION_RATE, 0.3, name="INRT", raw="0.30"),
            Reading(M.VOLUME_INFUSED, 1.4, name="INVI", raw="1.4"),
        ],
        "13",
    )


def test_line_12_a_pump_that_is_off_measures_nothing() -> None:
    entries = [entry for entry in entries_of(ANSWERS[6]) if entry.slot == "11"]
    assert report("11", entries) == Report(
        [
            Reading(M.INFUSION_STATE, "off", name="DSSTATUS", raw="00050"),
            Reading(M.INFUSION_RATE, None, None, V.ABSENT, R.OFF, "INRT", "0"),
        ],
        "11",
    )


def test_line_13_left_over_dose_and_saturated_time() -> None:
    assert report("13", entries_of(ANSWERS[7])) == Report(
        [
            Reading(M.INFUSION_STATE, "infusing", name="INM3", raw="1"),
            Reading(M.INFUSION_RATE, 75.0, name="INRT", raw="75.00"),
            Reading(M.DRUG_NAME, "Ketamine", name="INSOL", raw="Ketamine"),
            Reading(M.DOSE_RATE_SET, None, None, V.ABSENT, R.NOT_IN_USE, "INDORT", "0"),
            Reading(M.TIME_REMAINING, None, "s", V.ABSENT, R.OVER_RANGE, "INRMT", "65535"),
        ],
        "13",
    )


def test_line_14_bit_words() -> None:
    assert report("13", entries_of(ANSWERS[8])) == Report(
        [
            Reading(M.INFUSION_STATE, "infusing", name="STATUS1", raw="0x00000183h"),
            Reading(M.INFUSION_RATE, 75.0, name="INRT", raw="75.00"),
            Reading(M.POWER_STATE, "mains", name="STATUS1", raw="0x00000183h"),
        ],
        "13",
        alarms=(Alarm(AlarmCode.NEAR_END, "volume near end", Priority.LOW, raw="PREALARM bit 2"),),
    )


def test_the_specifications_sample_values() -> None:
    sample = {"INRT": "0.30", "INSOL": "Arterenol4mg/50", "INVOLACT": "47.64", "INVI": "1.4", "INTIME": "97"}
    sample |= {"INP1": "4", "INP2": "35", "INSYR": "50", "INM3": "1", "INM8": "1"}
    assert said(sample).readings == [
        Reading(M.INFUSION_STATE, "infusing", name="INM3", raw="1"),
        Reading(M.INFUSION_RATE, 0.3, name="INRT", raw="0.30"),
        Reading(M.DRUG_NAME, "Arterenol4mg/50", name="INSOL", raw="Arterenol4mg/50"),
        Reading(M.SYRINGE_VOLUME, 47.64, name="INVOLACT", raw="47.64"),
        Reading(M.VOLUME_INFUSED, 1.4, name="INVI", raw="1.4"),
        Reading(M.UNMAPPED, "97", name="INTIME", raw="97"),
        Reading(M.UNMAPPED, "4", name="INP1", raw="4"),
        Reading(M.LINE_PRESSURE, 35.0, "%", name="INP2", raw="35"),
        Reading(M.SYRINGE_SIZE, 50.0, name="INSYR", raw="50"),
        Reading(M.POWER_STATE, "mains", name="INM8", raw="1"),
    ]


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("INVTB", "50", Reading(M.VOLUME_TO_BE_INFUSED, 50.0, name="INVTB", raw="50")),
        ("VOLREMAIN", "12.5", Reading(M.VOLUME_REMAINING, 12.5, name="VOLREMAIN", raw="12.5")),
        ("INRMT", "1200", Reading(M.TIME_REMAINING, 1200.0, "s", name="INRMT", raw="1200")),
        ("TIMEOFINF", "40", Reading(M.TIME_PROGRAMMED, 40.0, "min", name="TIMEOFINF", raw="40")),
        ("INAKKU", "480", Reading(M.BATTERY_TIME_REMAINING, 480.0, name="INAKKU", raw="480")),
        ("INSTBY", "30", Reading(M.STANDBY_REMAINING, 30.0, name="INSTBY", raw="30")),
        ("INBORT", "600", Reading(M.BOLUS_RATE, 600.0, name="INBORT", raw="600")),
        ("INBOVAL", "2.5", Reading(M.BOLUS_VOLUME, 2.5, name="INBOVAL", raw="2.5")),
        ("BOVAL", "2.5", Reading(M.BOLUS_VOLUME, 2.5, name="BOVAL", raw="2.5")),
        ("BOCNT", "255", Reading(M.BOLUS_COUNT, 255.0, name="BOCNT", raw="255")),
        ("INSOLID", "K-1", Reading(M.DRUG_ID, "K-1", name="INSOLID", raw="K-1")),
        ("INPATW", "70", Reading(M.PATIENT_WEIGHT, 70.0, name="INPATW", raw="70")),
        ("PATW", "70.5", Reading(M.PATIENT_WEIGHT, 70.5, name="PATW", raw="70.5")),
        ("INM8", "0", Reading(M.POWER_STATE, "battery", name="INM8", raw="0")),
        ("OPMODE", "5", Reading(M.PUMP_MODE, "TCI", name="OPMODE", raw="5")),
        ("OPMODE", "6", Reading(M.UNMAPPED, "6", name="OPMODE", raw="6")),
        ("TCIMODEL", "4", Reading(M.TCI_MODEL, "Minto", name="TCIMODEL", raw="4")),
        ("INBOCNT", "1", Reading(M.UNMAPPED, "1", name="INBOCNT", raw="1")),
        ("INAVRT", "3.2", Reading(M.UNMAPPED, "3.2", name="INAVRT", raw="3.2")),
        ("QZX9", "what", Reading(M.UNMAPPED, "what", name="QZX9", raw="what")),
        ("RUNSTATE", "7", Reading(M.UNMAPPED, "7", name="RUNSTATE", raw="7")),
        ("STATUS2", "_NV", Reading(M.UNMAPPED, None, None, V.ABSENT, R.NOT_AVAILABLE, "STATUS2", "_NV")),
    ],
)
def test_one_parameter(name: str, raw: str, expected: Reading) -> None:
    assert expected in said({name: raw}).readings


@pytest.mark.parametrize("name", [*CHANNELS, "INDCON", "INDORT", "DORT", "QZX9"])
@pytest.mark.parametrize(("raw", "reason"), [("_NV", R.NOT_AVAILABLE), ("_NA", R.NOT_AVAILABLE), ("", R.NOT_AVAILABLE)])
def test_a_missing_value_is_absent_and_never_zero(name: str, raw: str, reason: Reason) -> None:
    reading = one(name, raw, INDOCAL="1", INDCONU="31", INDORTU="69", DORTU="69")
    assert (reading.value, reading.validity, reading.reason) == (None, V.ABSENT, reason)
    assert reading.raw == raw


@pytest.mark.parametrize("name", [n for n, channel in CHANNELS.items() if channel.kind == "number"] + ["INDCON"])
@pytest.mark.parametrize("raw", ["---", "1,5", "NaN", "inf", "1e9", "0x10", "٣", "9" * 400, "1.2.3", "+1"])
def test_what_is_no_number_is_absent(name: str, raw: str) -> None:
    reading = one(name, raw, INDOCAL="1", INDCONU="31")
    assert (reading.value, reading.validity, reading.reason) == (None, V.ABSENT, R.NOT_A_NUMBER)


@pytest.mark.parametrize(
    ("name", "raw", "value", "validity", "reason"),
    [
        ("INRMT", "65534", 65534.0, V.VALID, None),
        ("INRMT", "65535", None, V.ABSENT, R.OVER_RANGE),
        ("INRMT", "65536", None, V.ABSENT, R.OVER_RANGE),
        ("INVI", "9999.8", 9999.8, V.VALID, None),
        ("INVI", "9999.9", 9999.9, V.QUESTIONABLE, R.OVER_RANGE),
        ("INRT", "1800", 1800.0, V.VALID, None),
        ("INRT", "1800.1", 1800.1, V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("INRT", "-1", -1.0, V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("INVOLACT", "61", 61.0, V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("PATW", "0", 0.0, V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("INRT", "0", 0.0, V.VALID, None),
    ],
)
def test_where_a_range_ends(
    name: str, raw: str, value: float | None, validity: Validity, reason: Reason | None
) -> None:
    reading = one(name, raw)
    assert (reading.value, reading.validity, reading.reason) == (value, validity, reason)


def test_a_dose_comes_in_the_pumps_own_unit() -> None:
    dose = {"INDOCAL": "1", "INDCON": "0.7", "INDCONU": "31", "INDORT": "0.75", "INDORTU": "69"}
    assert said(dose).readings == [
        Reading(M.DRUG_CONCENTRATION, 0.7, "mg/mL", name="INDCON", raw="0.7"),
        Reading(M.DOSE_RATE_SET, 0.75, "mg/kg/h", name="INDORT", raw="0.75"),
    ]


@pytest.mark.parametrize("off", [{"INDOCAL": "0", "INDCON": "5"}, {"INDOCAL": "1", "INDCON": "0.00"}, {"INDCON": "0"}])
def test_without_dose_calculation_dose_and_concentration_are_left_overs(off: dict[str, str]) -> None:
    readings = said({**off, "INDCONU": "31", "INDORT": "4", "INDORTU": "50", "DORT": "4", "DORTU": "50"}).readings
    assert {(r.value, r.validity, r.reason) for r in readings} == {(None, V.ABSENT, R.NOT_IN_USE)}


def test_a_dose_that_may_be_a_left_over_is_questionable() -> None:
    reading = one("INDORT", "4", INDORTU="50")
    assert (reading.value, reading.unit, reading.validity, reading.reason) == (4.0, "ug/min", V.QUESTIONABLE, R.OTHER)


@pytest.mark.parametrize("code", ["140", "0", "_NV", "", "x"])
def test_an_unknown_unit_is_never_assumed(code: str) -> None:
    readings = said({"INDOCAL": "1", "INDORT": "4", "INDORTU": code}).readings
    assert readings[0] == Reading(M.DOSE_RATE_SET, 4.0, "", V.QUESTIONABLE, R.UNIT_UNKNOWN, "INDORT", "4")
    assert readings[1].name == "INDORTU"
    assert readings[1].metric is M.UNMAPPED


def test_the_dose_rate_being_delivered_is_not_the_configured_one() -> None:
    dose = {"INDOCAL": "1", "INDORT": "0.75", "INDORTU": "69", "DORT": "0.70", "DORTU": "69"}
    configured, delivered = said(dose).readings
    assert (configured.metric, configured.value, configured.unit) == (M.DOSE_RATE_SET, 0.75, "mg/kg/h")
    assert (delivered.metric, delivered.value, delivered.unit) == (M.DOSE_RATE, 0.7, "mg/kg/h")
    stopped = said({"INM3": "0", "INRT": "0", **dose, "DORT": "0"}).readings
    assert [r.value for r in stopped if r.metric is M.DOSE_RATE] == [0.0]


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        (1, "mL/h"), (24, "mg"), (25, "ug"), (31, "mg/mL"), (44, "ng/min"), (45, "ng/h"), (46, "ng/d"), (47, "mg/min"),
        (48, "mg/h"), (49, "mg/d"), (50, "ug/min"), (53, "g/min"), (64, "[IU]/d"), (65, "ng/kg/min"), (68, "mg/kg/min"),
        (69, "mg/kg/h"), (70, "mg/kg/d"), (71, "ug/kg/min"), (72, "ug/kg/h"), (76, "g/kg/d"), (86, "mm[Hg]"), (94, "h"),
        (155, "mL/kg/h"),
    ],
)  # fmt: skip
def test_unit_codes(code: int, unit: str) -> None:
    assert UNITS[code] == unit


def test_channels_without_a_unit_have_only_one() -> None:
    for name, channel in CHANNELS.items():
        if channel.unit is None:
            assert len(units_of(channel.metric)) <= 1, name
        elif units_of(channel.metric):
            assert channel.unit in units_of(channel.metric), name


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"INM3": "1"}, S.INFUSING),
        ({"INM3": "1", "INM14": "0"}, S.INFUSING),
        ({"INM3": "1", "INM14": "_NV"}, S.INFUSING),
        ({"INM3": "1", "INM14": "1"}, S.PURGE),
        ({"INM3": "1", "INM2": "1"}, S.BOLUS),
        ({"INM3": "1", "INM10": "1"}, S.KVO),
        ({"INM3": "0", "INM10": "1"}, S.KVO),
        ({"INM3": "0", "INM6": "1"}, S.STANDBY),
        ({"INM3": "0", "INVI": "5"}, S.STOPPED),
        ({"INM3": "1", "INM2": "1", "DSSTATUS": "00050"}, S.OFF),
        ({"INM3": "0", "DSSTATUS": "00051"}, S.STOPPED),
        ({"INM3": "7"}, S.UNKNOWN),
        ({"STATUS1": "0x00000000h"}, S.OFF),
        ({"STATUS1": "0x00000080h"}, S.OFF),
        ({"STATUS1": "0x00000081h"}, S.INFUSING),
        ({"STATUS1": "0x00000091h"}, S.PURGE),
        ({"STATUS1": "0x00000481h"}, S.BOLUS),
        ({"STATUS1": "0x00000881h"}, S.BOLUS),
        ({"STATUS1": "0x00002001h"}, S.KVO),
        ({"STATUS1": "0x00001001h"}, S.STOPPED),
        ({"STATUS1": "0x00000005h"}, S.STANDBY),
        ({"STATUS1": "0x00000101h", "INVI": "5.0"}, S.PAUSED),
        ({"STATUS1": "0x00000101h", "INVI": "0.0"}, S.STOPPED),
        ({"STATUS1": "0x00000101h", "INVI": "_NV"}, S.STOPPED),
        ({"STATUS1": "0x00000001h", "INVI": "5.0"}, S.STOPPED),
        ({"STATUS1": "0x00000001h", "RUNSTATE": "2"}, S.INFUSING),
        ({"STATUS1": "0x00000001h", "RUNSTATE": "8"}, S.KVO),
        ({"STATUS1": "0x00000001h", "RUNSTATE": "0x02h"}, S.INFUSING),
        ({"RUNSTATE": "1"}, S.STOPPED),
        ({"RUNSTATE": "0x00000002h"}, S.INFUSING),
        ({"RUNSTATE": "16"}, S.UNKNOWN),
        ({"STATUS1": "junk"}, S.UNKNOWN),
    ],
)
def test_the_first_row_that_applies_is_the_state(values: dict[str, str], expected: InfusionState) -> None:
    reading = state(**values)
    assert reading is not None
    assert reading.value == expected
    assert values[reading.name] == reading.raw


def test_no_state_is_invented() -> None:
    assert state(INSOL="Ketamine") is None
    assert state(**ON) is None
    for name in ("INM3", "STATUS1", "RUNSTATE"):
        reading = state(**{name: "_NV"})
        assert reading == Reading(M.INFUSION_STATE, None, None, V.ABSENT, R.NOT_AVAILABLE, name, "_NV")


def test_a_pump_just_connected_has_no_zeros() -> None:
    new = dict.fromkeys(
        ["DSSTATUS", "INRT", "INVI", "INVTB", "INM3", "INM8", "INA1", "INA3", "INDOCAL", "INDORT"], "_NV"
    )
    spoken = said({"GNNEW": "688F030006", **new})
    assert spoken.alarms is None
    assert {(r.value, r.validity) for r in spoken.readings} == {(None, V.ABSENT)}


@pytest.mark.parametrize("off", [{"DSSTATUS": "00050", "INM3": "1"}, {"STATUS1": "0x00000082h"}])
def test_a_pump_that_is_off_has_a_state_and_nothing_else(off: dict[str, str]) -> None:
    values = {"INRT": "0", "INVI": "12.5", "INSOL": "Ketamine", "INDOCAL": "1", "INDORT": "4", "INDORTU": "50"}
    first, *others = said({**off, **values, "INM8": "1", "INTIME": "5"}).readings
    assert first.value == S.OFF
    assert {(r.value, r.validity, r.reason) for r in others} == {(None, V.ABSENT, R.OFF)}
    assert {r.metric for r in others} >= {
        M.INFUSION_RATE,
        M.VOLUME_INFUSED,
        M.DRUG_NAME,
        M.DOSE_RATE_SET,
        M.POWER_STATE,
    }


@pytest.mark.parametrize(
    "off", [{"DSSTATUS": "00050", "INA3": "1"}, {"STATUS1": "0x00000000h", "ALARM1": "0x00000400h"}]
)
def test_a_pump_that_is_off_shows_no_alarm(off: dict[str, str]) -> None:
    assert said(off).alarms == ()
    assert said({"DSSTATUS": "00050", "INRT": "0"}).alarms is None


def test_words_go_before_disabled_flags_for_the_power_supply() -> None:
    readings = said({"STATUS1": "0x00000083h", "INM8": "0"}).readings
    assert [r.value for r in readings if r.metric is M.POWER_STATE] == ["mains"]


@pytest.mark.parametrize("name", ALARM_FLAGS)
def test_each_flag_is_an_alarm_beside_the_state(name: str) -> None:
    spoken = said({"INM3": "1", name: "1"})
    assert spoken.readings[0].value == S.INFUSING
    assert spoken.alarms is not None
    assert [(alarm.code, alarm.priority) for alarm in spoken.alarms] == [(ALARM_FLAGS[name][0], None)]


@pytest.mark.parametrize(("name", "code"), [("INA11", AlarmCode.BATTERY_LOW), ("INA12", AlarmCode.NEAR_END)])
def test_pre_alarms_have_low_priority(name: str, code: AlarmCode) -> None:
    assert said({"INA3": "0", name: "1"}).alarms == (
        Alarm(code, PREALARM_FLAGS[name][1], Priority.LOW, raw=f"{name} 1"),
    )


@pytest.mark.parametrize("word", ALARM_BITS)
@pytest.mark.parametrize("bit", range(32))
def test_each_alarm_bit(word: str, bit: int) -> None:
    values = {"ALARM1": "0x00000000h", word: f"0x{1 << bit:08X}h"}
    alarms = said(values).alarms
    if bit == 0:
        assert alarms == ()
    else:
        code, text = ALARM_BITS[word].get(bit, (AlarmCode.UNKNOWN, f"{word} bit {bit}"))
        assert alarms == (Alarm(code, text, raw=f"{word} bit {bit}"),)


@pytest.mark.parametrize(("bit", "meaning"), PREALARM_BITS["PREALARM"].items())
def test_each_pre_alarm_bit(bit: int, meaning: tuple[AlarmCode, str]) -> None:
    spoken = said({"ALARM1": "0x00000001h", "PREALARM": f"0x{1 << bit:08x}h"})
    assert spoken.alarms == (Alarm(meaning[0], meaning[1], Priority.LOW, raw=f"PREALARM bit {bit}"),)


def test_the_alarms_a_clinic_meets() -> None:
    assert [ALARM_BITS["ALARM1"][bit][0] for bit in (9, 10, 13, 20, 28)] == [
        AlarmCode.EMPTY,
        AlarmCode.OCCLUSION,
        AlarmCode.INFUSION_COMPLETE,
        AlarmCode.OCCLUSION,
        AlarmCode.AIR_IN_LINE,
    ]
    assert [ALARM_FLAGS[name][0] for name in ("INA2", "INA3", "INA7", "INA15", "INA16")] == [
        AlarmCode.EMPTY,
        AlarmCode.OCCLUSION,
        AlarmCode.INFUSION_COMPLETE,
        AlarmCode.AIR_IN_LINE,
        AlarmCode.KVO_END,
    ]


@pytest.mark.parametrize(
    "values", [{"INRT": "1"}, {"INRT": "1", "PREALARM": "0x00000004h"}, {"INRT": "1", "ALARM1": "_NV", "INA1": "_NV"}]
)
def test_alarms_that_were_not_said_are_not_over(values: dict[str, str]) -> None:
    assert said(values).alarms is None


def test_alarms_that_were_said_to_be_off_are_over() -> None:
    assert said({"INA3": "0", "INA13": "_NV"}).alarms == ()
    assert said({"ALARM1": "0x00000001h"}).alarms == ()


def test_who_is_treated_is_left_out() -> None:
    names = ["PATID", "PATIDBADGE", "PATIDDRUG", "PATAGE", "PATSEX", "PATH", "PATNAME", "NURSEID", "DRUGORDERNO"]
    spoken = said({"INRT": "1", **dict.fromkeys([*names, "DISPNAME"], "Secret"), "PATW": "70"})
    assert "Secret" not in str(spoken)
    assert [r.metric for r in spoken.readings] == [M.INFUSION_RATE, M.PATIENT_WEIGHT]


def test_date_and_time_of_the_device_have_no_zone() -> None:
    spoken = said({"DATE": "20260228", "TIME": "235959", "INRT": "1"})
    assert spoken.device_time == datetime.fromisoformat("2026-02-28T23:59:59")
    assert [r.name for r in spoken.readings] == ["INRT"]


@pytest.mark.parametrize(
    ("date", "time"), [("20260230", "120000"), ("20260101", "240000"), ("_NV", "120000"), ("2026-1-1", "1"), ("", "")]
)
def test_a_time_that_is_none_stays_what_was_said(date: str, time: str) -> None:
    spoken = said({"DATE": date, "TIME": time})
    assert spoken.device_time is None
    assert [(r.metric, r.name, r.raw) for r in spoken.readings] == [
        (M.UNMAPPED, "DATE", date),
        (M.UNMAPPED, "TIME", time),
    ]


def test_the_uptime_is_the_racks_and_no_pumps() -> None:
    assert said({"INRT": "1"}).uptime_s is None
    spoken = report("rack", [Entry(100, "50100", "FMNOR", "1")])
    assert spoken is not None
    assert spoken.uptime_s == 100.0


def test_an_answer_without_readings_is_no_report() -> None:
    assert report("13", [Entry(1, "50113", "GNMODEL", "688F030006\r")]) is None


def test_no_invalid_reading_has_a_value_and_no_valid_one_a_reason() -> None:
    for raw in ("_NV", "0", "1", "65535", "9999.9", "-5", "junk", "0x00000001h", "00050"):
        for name in [*CHANNELS, "INDCON", "INDORT", "STATUS1", "RUNSTATE", "INM3", "DSSTATUS", "ZZZ"]:
            for reading in said({name: raw, "INSYR": "50", "INDOCAL": "1", "INDORTU": "50"}).readings:
                assert (reading.validity is V.VALID) == (reading.reason is None)
                assert reading.validity in (V.VALID, V.QUESTIONABLE) or reading.value is None
                assert reading.validity in (V.ABSENT, V.INVALID) or reading.value is not None
