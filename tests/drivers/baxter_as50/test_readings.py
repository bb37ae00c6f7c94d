"""What the answers mean, and above all what they don't."""

import pytest

from drivers.api import Reading
from drivers.baxter_as50.readings import rate, refused, status
from drivers.vocabulary import InfusionState, Metric, Reason, Validity

M, R, V = Metric, Reason, Validity


def test_a_rate_is_what_is_set_in_a_unit_that_is_not_said() -> None:
    assert rate("12.5") == (
        Reading(M.INFUSION_STATE, InfusionState.UNKNOWN, name="PRIRATE", raw="12.5"),
        Reading(M.INFUSION_RATE_SET, 12.5, "", V.QUESTIONABLE, R.UNIT_UNKNOWN, "PRIRATE", "12.5"),
    )


@pytest.mark.parametrize("raw", ["0", "0.0", "5.0", "999.9", "", "x", "-1.0"])
def test_no_rate_says_that_anything_flows(raw: str) -> None:
    state, number = rate(raw)
    assert (state.metric, state.value) == (M.INFUSION_STATE, InfusionState.UNKNOWN)
    assert number.metric is M.INFUSION_RATE_SET


@pytest.mark.parametrize(
    ("raw", "value", "validity", "reason"),
    [
        ("0.0", 0.0, V.QUESTIONABLE, R.UNIT_UNKNOWN),
        ("5", 5.0, V.QUESTIONABLE, R.UNIT_UNKNOWN),
        (" 5.0 ", 5.0, V.QUESTIONABLE, R.UNIT_UNKNOWN),
        ("-1.0", -1.0, V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("", None, V.ABSENT, R.NOT_AVAILABLE),
        ("   ", None, V.ABSENT, R.NOT_AVAILABLE),
        ("---", None, V.INVALID, R.NOT_A_NUMBER),
        ("5,0", None, V.INVALID, R.NOT_A_NUMBER),
        ("5.0 mL/hr", None, V.INVALID, R.NOT_A_NUMBER),
        ("1e3", None, V.INVALID, R.NOT_A_NUMBER),
        ("nan", None, V.INVALID, R.NOT_A_NUMBER),
        ("999999.0", None, V.INVALID, R.NOT_A_NUMBER),
    ],
)
def test_nothing_is_valid(raw: str, value: float | None, validity: Validity, reason: Reason) -> None:
    number = rate(raw)[1]
    assert (number.value, number.validity, number.reason, number.raw) == (value, validity, reason, raw)


def test_a_status_stays_the_pumps_own_text() -> None:
    assert status("STATUS=0,1,2") == Reading(M.UNMAPPED, "0,1,2", name="STATUS", raw="STATUS=0,1,2")
    assert status("R7") == Reading(M.UNMAPPED, "R7", name="STATUS", raw="R7")
    assert status("STATUS=") == Reading(M.UNMAPPED, None, None, V.ABSENT, R.NOT_AVAILABLE, "STATUS", "STATUS=")


def test_a_refusal_is_no_rate() -> None:
    assert refused("PRIRATE", "REJECT 3") == Reading(
        M.INFUSION_RATE_SET, None, None, V.ABSENT, R.NOT_AVAILABLE, "PRIRATE", "REJECT 3"
    )
