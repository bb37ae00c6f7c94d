"""What return records say: states, alarms, and nothing doubtful as valid."""

import pytest

from drivers.api import Reading, Report
from drivers.graseby.channels import ALARMS
from drivers.graseby.codec import Reply
from drivers.graseby.readings import report
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity

M, R = Metric, Reason
PLAIN = "0012.30050.0052.5"


def said(alarms: str = "40C20A", data: str = PLAIN, is_accepted: bool | None = True) -> dict[Metric, Reading]:
    return {reading.metric: reading for reading in whole(alarms, data, is_accepted).readings}


def whole(alarms: str = "40C20A", data: str = PLAIN, is_accepted: bool | None = True) -> Report:
    return report(Reply("0", bytes.fromhex(alarms), data), is_accepted)


@pytest.mark.parametrize(
    ("alarms", "state"),
    [
        ("40C20A", "infusing"),
        ("40C30A", "infusing"),  # secondary
        ("40C60A", "kvo"),
        ("40C00A", "stopped"),
        ("40C40A", "unknown"),  # at the KVO rate, but on hold
        ("40C002", "off"),
        ("40C202", "unknown"),  # runs without power
        ("40C602", "unknown"),
        ("000000", "off"),
        ("FFFFFF", "kvo"),
    ],
)
def test_the_state_is_what_the_bits_say(alarms: str, state: str) -> None:
    assert said(alarms)[M.INFUSION_STATE].value == state


@pytest.mark.parametrize("alarms", ["40C00A", "40C60A", "40C002", "40C40A", "40C202"])
def test_a_programmed_rate_is_no_flow(alarms: str) -> None:
    flow = said(alarms)[M.INFUSION_RATE]
    assert (flow.value, flow.validity, flow.reason) == (None, Validity.ABSENT, R.NOT_AVAILABLE)
    assert said(alarms)[M.INFUSION_RATE_SET].value == 52.5


def test_at_the_kvo_rate_the_programmed_rate_is_doubtful() -> None:
    assert said("40C60A")[M.INFUSION_RATE_SET].validity is Validity.QUESTIONABLE


@pytest.mark.parametrize(
    ("data", "metric", "reason"),
    [
        ("------0050.0052.5", M.VOLUME_INFUSED, R.NOT_A_NUMBER),
        ("      0050.0052.5", M.VOLUME_INFUSED, R.NOT_AVAILABLE),
        ("0012.30050.0     ", M.INFUSION_RATE, R.NOT_AVAILABLE),
        ("0012.30050.0---.-", M.INFUSION_RATE_SET, R.NOT_A_NUMBER),
        ("0012.30050.00052.", M.INFUSION_RATE, R.NOT_A_NUMBER),
        ("0012.3-050.0052.5", M.VOLUME_TO_BE_INFUSED, R.NOT_A_NUMBER),
        ("0012.31e00.0052.5", M.VOLUME_TO_BE_INFUSED, R.NOT_A_NUMBER),
    ],
)
def test_nothing_doubtful_is_valid(data: str, metric: Metric, reason: Reason) -> None:
    reading = said(data=data)[metric]
    assert (reading.value, reading.validity, reading.reason) == (None, Validity.ABSENT, reason)


def test_blanks_before_a_number_are_taken() -> None:
    assert said(data="  12.3  50.0  2.5")[M.VOLUME_INFUSED].value == 12.3


def test_unknown_data_are_unmapped_and_kept() -> None:
    readings = whole(data="something else").readings
    assert readings[-1] == Reading(M.UNMAPPED, "something else", name="data", raw="something else")


@pytest.mark.parametrize("number", range(0x20))
def test_every_alarm_number_keeps_the_manuals_word(number: int) -> None:
    alarms = whole(f"{0x60 | number:02X}C00A").alarms
    assert alarms is not None
    expected = ALARMS.get(number, (AlarmCode.UNKNOWN, f"alarm {number:02X}"))
    assert [(alarm.code, alarm.text) for alarm in alarms] == ([expected] if number else [])


@pytest.mark.parametrize(
    ("alarms", "shown"),
    [
        ("40D00A", ["LOW_BATTERY"]),
        ("61D00A", ["LOW_BATTERY"]),  # number and bit say the same
        ("69D00A", ["OCCLUSION", "LOW_BATTERY"]),  # the one number is another alarm's now; the low battery stays
        ("6FD00A", ["DEAD_BATTERY", "LOW_BATTERY"]),
    ],
)
def test_a_low_battery_stands_while_its_bit_does(alarms: str, shown: list[str]) -> None:
    assert [alarm.text for alarm in whole(alarms).alarms or ()] == shown
    assert (whole(alarms).alarms or ())[-1].code is AlarmCode.BATTERY_LOW


def test_in_secondary_mode_whose_rate_it_is_is_doubtful() -> None:
    readings = said("40C30A")
    assert {readings[metric].validity for metric in (M.INFUSION_RATE, M.INFUSION_RATE_SET)} == {Validity.QUESTIONABLE}
    assert readings[M.VOLUME_INFUSED].validity is Validity.VALID
    assert said("40C10A")[M.INFUSION_RATE_SET].validity is Validity.QUESTIONABLE


@pytest.mark.parametrize("data", ["261301123456", "260230123456", "260101240000"])
def test_a_clock_that_cannot_be_is_no_time(data: str) -> None:
    assert whole(data=data).device_time is None


def test_the_year_is_of_this_century() -> None:
    time = whole(data="990101123456").device_time
    assert time is not None
    assert time.year == 2099


def test_battery_and_mains() -> None:
    assert said("40C80A")[M.POWER_STATE].value == "battery"
    assert said("40C00A")[M.POWER_STATE].value == "mains"
