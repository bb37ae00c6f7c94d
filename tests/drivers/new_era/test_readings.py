"""What the answers mean: values, and everything that is none."""

import pytest

from drivers.api import Alarm, Identity, Reading
from drivers.new_era.codec import Answer, Decoder
from drivers.new_era.readings import identity, is_refusal, report, verb_of
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity
from tests.drivers.new_era.test_codec import DISPENSED, LIBRARY, RUNNING, STALLED

M, S = Metric, InfusionState


def answer(data: bytes) -> Answer:
    (found,) = Decoder().feed(data)
    assert isinstance(found, Answer)
    return found


def said(data: str, status: str = "S") -> list[Reading]:
    return list(report(Answer("00", status, data)).readings)[1:]


def test_a_running_pump_at_5_ml_h() -> None:
    assert report(answer(RUNNING)).readings == [
        Reading(M.INFUSION_STATE, S.INFUSING, name="status", raw="I"),
        Reading(M.INFUSION_RATE, 5.0, "mL/h", name="RAT", raw="5.00MH"),
        Reading(M.INFUSION_RATE_SET, 5.0, "mL/h", name="RAT", raw="5.00MH"),
    ]
    assert report(answer(RUNNING)).alarms == ()


def test_what_was_infused_and_withdrawn() -> None:
    assert list(report(answer(DISPENSED)).readings)[1:] == [
        Reading(M.VOLUME_INFUSED, 0.0, "mL", name="DIS", raw="I0.000W0.000ML"),
        Reading(M.UNMAPPED, 0.0, "mL", name="DIS withdrawn", raw="I0.000W0.000ML"),
    ]
    assert [(r.value, r.unit) for r in said("I12.34W.5UL")] == [(12.34, "uL"), (0.5, "uL")]


def test_a_stalled_pump() -> None:
    stalled = report(answer(STALLED))
    assert stalled.readings == [Reading(M.INFUSION_STATE, S.UNKNOWN, name="status", raw="A?S")]
    assert stalled.alarms == (Alarm(AlarmCode.FLOW, "stall", raw="A?S"),)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("A?R", AlarmCode.POWER_LOSS),
        ("A?S", AlarmCode.FLOW),
        ("A?T", AlarmCode.REMOTE_LINK),
        ("A?E", AlarmCode.MALFUNCTION),
        ("A?O", AlarmCode.MALFUNCTION),
        ("A?Q", AlarmCode.UNKNOWN),
    ],
)
def test_every_alarm_keeps_the_pumps_word_and_says_nothing_of_the_state(status: str, code: AlarmCode) -> None:
    told = report(Answer("00", status, "5.00MH"))
    assert [(alarm.code, alarm.raw) for alarm in told.alarms or ()] == [(code, status)]
    assert [reading.value for reading in told.readings] == [S.UNKNOWN, 5.0]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("I", S.INFUSING),
        ("W", S.UNKNOWN),  # withdrawing has no word
        ("S", S.STOPPED),
        ("P", S.PAUSED),
        ("T", S.PAUSED),
        ("U", S.PAUSED),
        ("X", S.PURGE),
    ],
)
def test_states(status: str, state: InfusionState) -> None:
    told = report(Answer("00", status))
    assert [reading.value for reading in told.readings] == [state]
    assert told.alarms == ()


@pytest.mark.parametrize(
    ("data", "value", "unit"),
    [
        ("5.00MH", 5.0, "mL/h"),
        ("0.21MM", 0.21, "mL/min"),
        ("875.0UM", 875.0, "uL/min"),
        ("9999.UH", 9999.0, "uL/h"),
        ("500UH", 500.0, "uL/h"),
        (".5MH", 0.5, "mL/h"),
    ],
)
def test_the_unit_of_every_rate_is_its_own(data: str, value: float, unit: str) -> None:
    assert said(data) == [Reading(M.INFUSION_RATE_SET, value, unit, name="RAT", raw=data)]


@pytest.mark.parametrize("status", ["W", "S", "P", "T", "U", "X", "A?S"])
def test_a_rate_flows_only_while_the_pump_infuses(status: str) -> None:
    assert [reading.metric for reading in said("5.00MH", status)] == [M.INFUSION_RATE_SET]


def test_a_rate_of_0_is_a_setting() -> None:
    assert said("0.000MH", "S")[0].value == 0.0


@pytest.mark.parametrize(("data", "unit"), [("0.000ML", "mL"), ("0.000UL", "uL"), ("0ML", "mL"), ("0.UL", "uL")])
def test_a_pump_without_an_end_has_no_vtbi(data: str, unit: str) -> None:
    assert said(data) == [
        Reading(M.VOLUME_TO_BE_INFUSED, None, unit, Validity.ABSENT, Reason.NOT_IN_USE, "VOL", data)
    ]  # fmt: skip


def test_a_volume_and_the_rest() -> None:
    assert said("50.00ML") == [Reading(M.VOLUME_TO_BE_INFUSED, 50.0, "mL", name="VOL", raw="50.00ML")]
    assert said("26.59") == [Reading(M.UNMAPPED, 26.59, "mm", name="DIA", raw="26.59")]
    assert said("2") == [Reading(M.UNMAPPED, 2, name="PHN", raw="2")]
    assert said("WDR") == [Reading(M.UNMAPPED, "WDR", name="DIR", raw="WDR")]
    assert said("NE1000V3.928") == []


def test_who_it_is() -> None:
    assert identity("NE1000V3.928") == Identity(manufacturer="New Era", model="NE1000", firmware="3.928")
    assert identity("NE500V3.5") == Identity(manufacturer="New Era", model="NE500", firmware="3.5")


@pytest.mark.parametrize(
    "data",
    ["", "?", "?NA", "5.00", "5.00XX", "5.00ML5", "5 MH", "12345MH", "1.2345MH", "123.45MH", "1.2.3MH", ".MH", "-5MH",
     "5.00mh", "nanMH", "1e3MH", "I1W2", "I1.0W2.0XX", "IW0.000ML", "I12345W0.000ML", "INFO", "123", "26.59MM ",
     "NE1000", "1000V3.9"],
)  # fmt: skip
def test_no_doubtful_text_becomes_a_rate_or_a_volume(data: str) -> None:
    assert {reading.metric for reading in said(data)} <= {M.UNMAPPED}
    assert data == "5.00" or verb_of(data) == ""  # which has the shape of a diameter


@pytest.mark.parametrize("data", ["?", "?NA", "?OOR", "?COM", "?IGN"])
def test_refusals(data: str) -> None:
    assert is_refusal(data)
    assert said(data) == []


def test_no_shape_is_anothers() -> None:
    texts = ("NE1000V3.928", "I0.000W0.000ML", "5.00MH", "5.000ML", "INF", "1", "26.59")
    assert [verb_of(text) for text in texts] == ["VER", "DIS", "RAT", "VOL", "DIR", "PHN", "DIA"]


def test_the_librarys_answers_as_readings() -> None:
    told = [report(answer(data)) for data in LIBRARY]
    assert [[reading.value for reading in each.readings] for each in told] == [
        [S.UNKNOWN], [S.PAUSED, 0.21], [S.STOPPED], [S.PAUSED], [S.PAUSED], [S.INFUSING, "WDR"]
    ]  # fmt: skip
