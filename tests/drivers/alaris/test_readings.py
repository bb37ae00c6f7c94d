"""What the answers mean: values, and everything that is none."""

from typing import Final

import pytest

from drivers.alaris.channels import ALARMS, KVO_ALARMS, RUNNING_ALARMS
from drivers.alaris.codec import Answer, Decoder
from drivers.alaris.readings import alarm, infusion, syringe, vtbi
from drivers.api import Alarm, Reading
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity
from tests.drivers.alaris.test_codec import CONSTRUCTED, OBSERVED

M, R = Metric, Reason
PLAIN: Final = ("8002-51733", "-", "SET", "3.50", "ml/h", "KETAMINE", "12.345", "ml", "25.00", "mmHg", "03:15:00")


def answer(data: bytes) -> tuple[str, ...]:
    (found,) = Decoder().feed(data)
    assert isinstance(found, Answer)
    return found.fields


def said(changes: dict[int, str], named: str = "") -> dict[Metric, Reading]:
    fields = (*(changes.get(place, text) for place, text in enumerate(PLAIN)), "EVENT", "214800")
    return {reading.metric: reading for reading in infusion(fields, named, True).readings}


def test_the_observed_line_of_an_occluded_pump() -> None:
    report = infusion(answer(OBSERVED[8]), "AL_OCCLU", True)
    assert report.readings == [
        Reading(M.INFUSION_STATE, InfusionState.STOPPED, name="mode", raw="HLD"),
        Reading(M.INFUSION_RATE, 0.0, "mL/h", name="rate", raw="0.00"),
        Reading(M.VOLUME_INFUSED, 0.969, "mL", name="volume infused", raw="0.969"),
        Reading(M.LINE_PRESSURE, 530.15, "mm[Hg]", name="pressure", raw="530.15"),
        Reading(M.DRUG_NAME, None, None, Validity.ABSENT, R.NOT_AVAILABLE, "drug", ""),
        Reading(M.TIME_REMAINING, 249, "s", name="time left", raw="00:04:09"),
        Reading(M.UNMAPPED, "EVENT", name="log type", raw="EVENT"),
        Reading(M.UNMAPPED, "214725", name="log id", raw="214725"),
    ]


def test_the_constructed_line_of_a_running_pump() -> None:
    readings = {r.metric: r.value for r in infusion(answer(CONSTRUCTED[0]), "AL_NOALM", True).readings}
    assert readings[M.INFUSION_STATE] == "infusing"
    assert (readings[M.INFUSION_RATE], readings[M.VOLUME_INFUSED], readings[M.LINE_PRESSURE]) == (3.5, 12.345, 25.0)
    assert (readings[M.DRUG_NAME], readings[M.TIME_REMAINING]) == ("KETAMINE", 11700)


def test_observed_syringes_and_no_alarm() -> None:
    assert syringe(answer(OBSERVED[4])).readings == [
        Reading(M.SYRINGE_TYPE, "BD PLASTIPAK", name="syringe make", raw="BD PLASTIPAK"),
        Reading(M.SYRINGE_SIZE, 50.0, "mL", name="syringe size", raw="50"),
    ]
    assert alarm(answer(OBSERVED[7])).alarms == ()


def test_vtbi_not_set_is_absent_and_not_0() -> None:
    (reading,) = vtbi(answer(CONSTRUCTED[5])).readings
    assert reading == Reading(M.VOLUME_TO_BE_INFUSED, None, "mL", Validity.ABSENT, R.NOT_IN_USE, "INF_VTBI", "DEACT")
    reading, end = vtbi(answer(CONSTRUCTED[4])).readings
    assert reading == Reading(M.VOLUME_TO_BE_INFUSED, 11.0, "mL", name="INF_VTBI", raw="11.000")
    assert (end.metric, end.value) == (M.UNMAPPED, "STOP")


@pytest.mark.parametrize(
    ("mark", "mode", "rate", "named", "state"),
    [
        ("-", "SET", "3.50", "AL_NOALM", "infusing"),
        ("-", "SET", "0.00", "AL_NOALM", "unknown"),  # SET is not running
        ("-", "HLD", "0.00", "AL_NOALM", "stopped"),
        ("-", "HLD", "3.50", "AL_NOALM", "unknown"),
        ("-", "PRG", "100.00", "AL_NOALM", "unknown"),  # not documented: may be purge
        ("-", "", "3.50", "AL_NOALM", "unknown"),
        ("-", "SET", "", "AL_NOALM", "unknown"),
        ("-", "SET", "x", "AL_NOALM", "unknown"),
        ("-", "SET", "-1.00", "AL_NOALM", "unknown"),
        *[("A", "SET", "3.50", alarm, "infusing") for alarm in sorted(RUNNING_ALARMS)],
        ("A", "SET", "3.50", "AL_OCCLU", "unknown"),  # set, but nothing can flow
        ("A", "SET", "3.50", "AL_EOIST", "unknown"),
        ("A", "SET", "3.50", "AL_COMTO", "unknown"),
        ("A", "SET", "3.50", "AL_TITCA", "unknown"),  # whether it flows under this one is not known
        ("A", "SET", "1.00", "AL_EOIKV", "kvo"),
        ("A", "SET", "1.00", "AL_VTBIK", "kvo"),
        ("-", "SET", "1.00", "AL_VTBIK", "kvo"),
        ("A", "SET", "1.00", "AL_NOALM", "unknown"),  # has begun just now: may be KVO
        ("A", "SET", "1.00", "", "unknown"),
        ("A", "SET", "1.00", "AL_NEWER", "unknown"),
        ("?", "SET", "1.00", "AL_NOALM", "unknown"),
        ("A", "HLD", "0.00", "AL_OCCLU", "stopped"),
    ],
)
def test_running_needs_rate_and_mode_and_no_kvo(mark: str, mode: str, rate: str, named: str, state: str) -> None:
    assert said({1: mark, 2: mode, 3: rate}, named)[M.INFUSION_STATE].value == state


@pytest.mark.parametrize(
    ("place", "text", "metric", "validity", "reason"),
    [
        (3, "", M.INFUSION_RATE, Validity.ABSENT, R.NOT_AVAILABLE),
        (3, "----", M.INFUSION_RATE, Validity.ABSENT, R.NOT_A_NUMBER),
        (3, "1e3", M.INFUSION_RATE, Validity.ABSENT, R.NOT_A_NUMBER),
        (3, "nan", M.INFUSION_RATE, Validity.ABSENT, R.NOT_A_NUMBER),
        (3, "-1.00", M.INFUSION_RATE, Validity.QUESTIONABLE, R.IMPLAUSIBLE),
        (3, "1300.00", M.INFUSION_RATE, Validity.QUESTIONABLE, R.IMPLAUSIBLE),
        (4, "ml/min", M.INFUSION_RATE, Validity.QUESTIONABLE, R.UNIT_UNKNOWN),
        (4, "ml", M.INFUSION_RATE, Validity.QUESTIONABLE, R.UNIT_CONFLICT),
        (4, "", M.INFUSION_RATE, Validity.QUESTIONABLE, R.UNIT_UNKNOWN),
        (6, "", M.VOLUME_INFUSED, Validity.ABSENT, R.NOT_AVAILABLE),
        (6, "-0.5", M.VOLUME_INFUSED, Validity.QUESTIONABLE, R.IMPLAUSIBLE),
        (9, "kPa", M.LINE_PRESSURE, Validity.QUESTIONABLE, R.UNIT_UNKNOWN),
        (8, "", M.LINE_PRESSURE, Validity.ABSENT, R.NOT_AVAILABLE),
        (5, "  ", M.DRUG_NAME, Validity.ABSENT, R.NOT_AVAILABLE),
        (10, "24+", M.TIME_REMAINING, Validity.ABSENT, R.OVER_RANGE),
        (10, "", M.TIME_REMAINING, Validity.ABSENT, R.NOT_AVAILABLE),
        (10, "--:--:--", M.TIME_REMAINING, Validity.ABSENT, R.NOT_A_NUMBER),
        (10, "01:75:00", M.TIME_REMAINING, Validity.ABSENT, R.NOT_A_NUMBER),
    ],
)
def test_nothing_doubtful_is_valid(place: int, text: str, metric: Metric, validity: Validity, reason: Reason) -> None:
    reading = said({place: text})[metric]
    assert (reading.validity, reading.reason) == (validity, reason)
    assert (reading.value is None) == (validity is Validity.ABSENT)


def test_a_negative_pressure_is_a_value() -> None:
    assert said({8: "-50.00"})[M.LINE_PRESSURE] == Reading(
        M.LINE_PRESSURE, -50.0, "mm[Hg]", name="pressure", raw="-50.00"
    )


@pytest.mark.parametrize(
    ("fields", "validity"),
    [
        (("ACTIV", "", "ml", "STOP"), Validity.ABSENT),
        (("", "5.0", "ml", "STOP"), Validity.QUESTIONABLE),
        (("NEWER", "5.0", "ml", "STOP"), Validity.QUESTIONABLE),
        (("ACTIV", "5.0", "", "STOP"), Validity.QUESTIONABLE),
    ],
)
def test_no_doubtful_vtbi_is_valid(fields: tuple[str, ...], validity: Validity) -> None:
    assert vtbi(fields).readings[0].validity is validity


@pytest.mark.parametrize("status", ["", "NONE", "UNCONF"])
def test_a_syringe_that_is_not_confirmed_is_questionable(status: str) -> None:
    assert {r.validity for r in syringe(("BD", " 50", status)).readings} == {Validity.QUESTIONABLE}
    assert {r.validity for r in syringe(("", "0", status)).readings} == {Validity.ABSENT}


def test_the_alarms_that_tell_a_flow_are_alarms() -> None:
    assert set(ALARMS) > KVO_ALARMS | RUNNING_ALARMS
    assert not KVO_ALARMS & RUNNING_ALARMS


@pytest.mark.parametrize("code", sorted(ALARMS))
def test_every_alarm_keeps_the_pumps_word(code: str) -> None:
    (active,) = alarm((code, " ", " ")).alarms or ()
    assert active.raw == code
    assert active.code is ALARMS[code][0]


def test_an_unknown_alarm_is_said_in_the_pumps_word() -> None:
    assert alarm(("AL_NEWER", " ", " ")).alarms == (Alarm(AlarmCode.UNKNOWN, "AL_NEWER", raw="AL_NEWER"),)


def test_without_alarm_the_mark_alone_is_said() -> None:
    fields = (*PLAIN, "EVENT", "1")
    assert infusion(fields, "", False).alarms == ()
    assert infusion((fields[0], "A", *fields[2:]), "", False).alarms == (Alarm(AlarmCode.UNKNOWN, "alarm", raw="A"),)
    assert infusion((fields[0], "?", *fields[2:]), "", False).alarms is None
