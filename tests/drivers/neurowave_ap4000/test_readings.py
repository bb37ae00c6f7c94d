"""What a status means: values, everything that is none, and that persons stay out."""

from datetime import datetime

import pytest

from drivers.api import Alarm, Reading, Report
from drivers.neurowave_ap4000.channels import ALARMS
from drivers.neurowave_ap4000.codec import Answer, Decoder
from drivers.neurowave_ap4000.readings import clock, status
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Priority, Reason, Validity
from tests.drivers.neurowave_ap4000.test_codec import STATUS, STATUS_2

M, R, V = Metric, Reason, Validity


def plain(data: bytes = STATUS_2) -> tuple[str, ...]:
    (answer,) = Decoder().feed(data)
    assert isinstance(answer, Answer)
    return answer.fields


def report(changes: dict[int, str] | None = None) -> Report:
    fields = tuple((changes or {}).get(place, text) for place, text in enumerate(plain()))
    said = status(fields)
    assert said is not None
    return said


def said(changes: dict[int, str], source: str = "1") -> dict[Metric, Reading]:
    return {reading.metric: reading for reading in report(changes).readings if reading.source == source}


def alarmed(*alarms: str, count: str = "") -> dict[int, str]:
    """Put alarms into a status, each as its four fields."""
    places = {14 + 4 * slot + n: text for slot, alarm in enumerate(alarms) for n, text in enumerate(alarm.split("^"))}
    return {12: count or str(len(alarms)), **places}


def test_the_constructed_status() -> None:
    whole = status(plain(STATUS))
    assert whole is not None
    assert whole.device_time == datetime.fromisoformat("2022-11-04T11:10:39.500")
    assert [reading for reading in whole.readings if reading.source == "1"] == [
        Reading(M.INFUSION_STATE, InfusionState.INFUSING, name="DEV_STATUS_INFRATE_ACTUAL", raw="75", source="1"),
        Reading(M.INFUSION_RATE, 75.0, "mL/h", name="DEV_STATUS_INFRATE_ACTUAL", raw="75", source="1"),
        Reading(M.VOLUME_TO_BE_INFUSED, 50.0, "mL", name="DEV_PROG_CONT_VTBI", raw="50", source="1"),
        Reading(M.VOLUME_INFUSED, 12.5, "mL", name="DEV_STATUS_TVI", raw="12.5", source="1"),
        Reading(M.VOLUME_REMAINING, 37.5, "mL", name="DEV_STATUS_VTBIr", raw="37.5", source="1"),
        Reading(M.BOLUS_VOLUME, 0.0, "mL", name="DEV_STATUS_BOL_INFUSED", raw="0", source="1"),
        Reading(M.DRUG_NAME, "Ketamine", name="drug", raw="Ketamine", source="1"),
        Reading(M.DRUG_CONCENTRATION, 0.7, "mg/mL", name="concentration", raw="0.7^mg/mL", source="1"),
        Reading(M.UNMAPPED, "120", name="time", raw="120", source="1"),
        Reading(M.UNMAPPED, "1.5", name="DEV_STATUS_ACC_BOL_VOL", raw="1.5", source="1"),
    ]
    assert whole.alarms == (
        Alarm(AlarmCode.NEAR_END, "Reservoir nearly depleted", Priority.LOW, "1", "PA.07^PUMP1^LOW^LP_PUMP"),
        Alarm(AlarmCode.POWER_LOSS, "System on battery", Priority.LOW, "SYSTEM", "BA.01^SYSTEM^LOW^LP_POW"),
    )


def test_the_second_channel_is_33_fields_further() -> None:
    second = said({}, "2")
    assert second[M.INFUSION_RATE] == Reading(
        M.INFUSION_RATE, 0.0, "mL/h", name="DEV_STATUS_INFRATE_ACTUAL", raw="0", source="2"
    )
    assert second[M.INFUSION_STATE].value == InfusionState.UNKNOWN
    assert second[M.VOLUME_TO_BE_INFUSED].validity is V.ABSENT
    assert said({94: "20", 89: "3"}, "2")[M.INFUSION_STATE].value == InfusionState.INFUSING
    assert said({94: "20", 89: "3"}, "2")[M.VOLUME_INFUSED].value == 3.0


def test_no_person_is_read() -> None:
    persons = {5: "SECRETNURSE", 6: "SECRETCASE", 7: "701", 8: "702", 9: "703", 10: "SECRETX", 11: "SECRETSTATE"}
    text = repr(report(persons))
    assert "SECRET" not in text
    assert not any(number in text for number in ("701", "702", "703"))


@pytest.mark.parametrize(
    ("place", "text", "metric", "value", "validity", "reason"),
    [
        (61, "", M.INFUSION_RATE, None, V.ABSENT, R.NOT_AVAILABLE),
        (61, "-1", M.INFUSION_RATE, None, V.ABSENT, R.NOT_AVAILABLE),
        (61, "-1.0", M.INFUSION_RATE, None, V.ABSENT, R.NOT_AVAILABLE),
        (61, "---", M.INFUSION_RATE, None, V.INVALID, R.NOT_A_NUMBER),
        (61, "1e3", M.INFUSION_RATE, None, V.INVALID, R.NOT_A_NUMBER),
        (61, "nan", M.INFUSION_RATE, None, V.INVALID, R.NOT_A_NUMBER),
        (61, "-2.5", M.INFUSION_RATE, -2.5, V.QUESTIONABLE, R.IMPLAUSIBLE),
        (61, "65535", M.INFUSION_RATE, 65535.0, V.QUESTIONABLE, R.IMPLAUSIBLE),
        (56, "", M.VOLUME_INFUSED, None, V.ABSENT, R.NOT_AVAILABLE),
        (56, "-1", M.VOLUME_INFUSED, None, V.ABSENT, R.NOT_AVAILABLE),
        (42, "-1", M.VOLUME_TO_BE_INFUSED, None, V.ABSENT, R.NOT_AVAILABLE),
        (58, "x", M.VOLUME_REMAINING, None, V.INVALID, R.NOT_A_NUMBER),
        (62, "", M.BOLUS_VOLUME, None, V.ABSENT, R.NOT_AVAILABLE),
        (37, "  ", M.DRUG_NAME, None, V.ABSENT, R.NOT_AVAILABLE),
        (38, "0", M.DRUG_CONCENTRATION, None, V.ABSENT, R.NOT_IN_USE),
        (38, "0.00", M.DRUG_CONCENTRATION, None, V.ABSENT, R.NOT_IN_USE),
        (38, "", M.DRUG_CONCENTRATION, None, V.ABSENT, R.NOT_AVAILABLE),
        (38, "x", M.DRUG_CONCENTRATION, None, V.INVALID, R.NOT_A_NUMBER),
        (38, "-3", M.DRUG_CONCENTRATION, -3.0, V.QUESTIONABLE, R.IMPLAUSIBLE),
        (39, "", M.DRUG_CONCENTRATION, 0.7, V.QUESTIONABLE, R.UNIT_UNKNOWN),
        (39, "units/mL", M.DRUG_CONCENTRATION, 0.7, V.QUESTIONABLE, R.UNIT_UNKNOWN),
    ],
)
def test_nothing_doubtful_is_valid(
    place: int, text: str, metric: Metric, value: float | None, validity: Validity, reason: Reason
) -> None:
    reading = said({place: text})[metric]
    assert (reading.value, reading.validity, reading.reason) == (value, validity, reason)


@pytest.mark.parametrize(
    ("text", "unit"), [("mg/mL", "mg/mL"), ("mg/ml", "mg/mL"), ("mcg/mL", "ug/mL"), ("\u00b5g/mL", "ug/mL")]
)
def test_known_units_of_concentration(text: str, unit: str) -> None:
    reading = said({39: text})[M.DRUG_CONCENTRATION]
    assert (reading.value, reading.unit, reading.validity) == (0.7, unit, V.VALID)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "infusing"),
        ({61: "0"}, "unknown"),  # stopped, paused and alarm look alike
        ({61: "-1"}, "unknown"),
        ({61: ""}, "unknown"),
        ({61: "65535"}, "unknown"),
        ({58: "0"}, "unknown"),  # all is given: what flows may be KVO
        ({58: "0", 42: "-1"}, "infusing"),  # without a VTBI nothing is left of it
        ({58: "0", 42: "0"}, "infusing"),
        (alarmed("PA.07^PUMP1^LOW^LP_PUMP"), "infusing"),
        (alarmed("PA.08^PUMP1^HIGH^HP_PUMP"), "unknown"),
        (alarmed("PA.08^PUMP2^HIGH^HP_PUMP"), "infusing"),  # the other channel's
        (alarmed("PA.08^^HIGH^HP_PUMP"), "unknown"),  # anybody's
        (alarmed("PA.08^HEAD A^HIGH^HP_PUMP"), "unknown"),
        (alarmed("PA.10^PUMP1^LOW^LP_PUMP"), "unknown"),  # may be priming
        (alarmed("ZZ.99^PUMP1^HIGH^HP_PUMP"), "unknown"),  # may be the beginning of KVO
        (alarmed("PA.02^PUMP1^HIGH^HP_PUMP"), "unknown"),  # nothing should flow
        (alarmed("PA.02^PUMP2^HIGH^HP_PUMP"), "infusing"),
        (alarmed("SE.99C^SYSTEM^HIGH^HP_PUMP"), "unknown"),
        (alarmed("BA.01^SYSTEM^LOW^LP_POW"), "infusing"),
        (alarmed("SN.04^SYSTEM^NONE^BEEP"), "infusing"),
        ({12: "-2"}, "unknown"),  # alarms not said
        ({12: "5"}, "unknown"),  # one has no name
    ],
)
def test_running_needs_a_rate_and_no_sign_of_kvo(changes: dict[int, str], state: str) -> None:
    assert said(changes)[M.INFUSION_STATE].value == state


@pytest.mark.parametrize("code", sorted(ALARMS))
def test_every_alarm_keeps_the_pumps_code(code: str) -> None:
    (alarm,) = report(alarmed(f"{code}^PUMP2^MEDIUM^MP_GEN")).alarms or ()
    assert (alarm.code, alarm.text) == ALARMS[code]
    assert (alarm.source, alarm.priority, alarm.raw) == ("2", Priority.MEDIUM, f"{code}^PUMP2^MEDIUM^MP_GEN")


def test_the_alarm_count_decides() -> None:
    assert report({12: "-1"}).alarms == report({12: "0"}).alarms == ()
    assert report({12: "-7"}).alarms is None
    two = alarmed("PA.02^PUMP1^HP^HP_PUMP", "PA.01^PUMP2^odd^HP_PUMP")
    first, second = report(two).alarms or ()
    assert (first.code, first.priority) == (AlarmCode.OCCLUSION, Priority.HIGH)
    assert (second.code, second.priority) == (AlarmCode.AIR_IN_LINE, None)
    assert len(report({**two, 12: "1"}).alarms or ()) == 1


def test_more_alarms_than_slots_are_said_to_be_more() -> None:
    five = alarmed(*(f"PE.0{n}^PUMP1^HIGH^HP_PUMP" for n in range(1, 5)), count="5")
    *named, more = report(five).alarms or ()
    assert [alarm.code for alarm in named] == [AlarmCode.MALFUNCTION] * 4
    assert more == Alarm(AlarmCode.UNKNOWN, "more alarms than are named", raw="5")


def test_an_unknown_alarm_is_said_in_the_pumps_code() -> None:
    (alarm,) = report(alarmed("ZZ.99^X^LOW^")).alarms or ()
    assert alarm == Alarm(AlarmCode.UNKNOWN, "ZZ.99", Priority.LOW, "X", "ZZ.99^X^LOW^")
    (alarm,) = report(alarmed("^^^")).alarms or ()
    assert (alarm.code, alarm.text) == (AlarmCode.UNKNOWN, "alarm without a code")


@pytest.mark.parametrize(
    ("date", "time", "moment"),
    [
        ("2022-11-04", "11:10:36.067", "2022-11-04T11:10:36.067"),
        ("2022-11-04", "11:10:36:067", "2022-11-04T11:10:36.067"),
        ("2022-11-04", "11:10:36", "2022-11-04T11:10:36"),
        ("2022-13-04", "11:10:36.067", None),
        ("0000-00-00", "00:00:00.000", None),
        ("2022-11-04", "25:10:36.067", None),
        ("04.11.2022", "11:10:36.067", None),
    ],
)
def test_the_pumps_own_time(date: str, time: str, moment: str | None) -> None:
    assert clock(date, time) == (datetime.fromisoformat(moment) if moment else None)


def test_a_clock_that_was_never_set_takes_no_value_away() -> None:
    whole = report({3: "0000-00-00"})
    assert whole.device_time is None
    assert any(reading.value == 75.0 for reading in whole.readings)


@pytest.mark.parametrize("changes", [{3: "x"}, {3: ""}, {4: "75"}, {12: ""}, {12: "x"}, {12: "1.5"}])
def test_another_layout_is_not_read(changes: dict[int, str]) -> None:
    assert status(tuple(changes.get(place, text) for place, text in enumerate(plain()))) is None


def test_every_reading_keeps_the_rule_of_value_and_reason() -> None:
    for odd in ("", "-1", "x", "0", "99999", "5"):
        for reading in report(dict.fromkeys(range(34, 97), odd)).readings:
            assert (reading.value is None) == (reading.validity in (V.INVALID, V.ABSENT)), reading
            assert (reading.reason is None) == (reading.validity is V.VALID), reading
