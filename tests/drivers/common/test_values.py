"""OBX-5: no sentinel, bound or word may become a plain number."""

import pytest

from drivers.common.hl7.values import MAX_TEXT, Value, label, number, text
from drivers.vocabulary import Reason, Validity

NONE = Value(None, Validity.ABSENT, Reason.NOT_AVAILABLE)
NO_NUMBER = Value(None, Validity.INVALID, Reason.NOT_A_NUMBER)


def doubtful(value: float | str, reason: Reason) -> Value:
    return Value(value, Validity.QUESTIONABLE, reason)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("72", Value(72)),
        ("+72", Value(72)),
        ("-0.5", Value(-0.5)),
        ("36.50", Value(36.5)),
        (".5", Value(0.5)),
        ("98.", Value(98.0)),
        ("0", Value(0)),
        ("^5", Value(5)),
        ("=^5", Value(5)),
        ("5^^", Value(5)),
        ("", NONE),
        ('""', NONE),
        ("---", NONE),
        ("***", NONE),
        ("--", NONE),
        ("?", NONE),
        (" ", NONE),
        ("8388607", Value(None, Validity.ABSENT, Reason.NOT_A_NUMBER)),
        ("8388607.0", Value(None, Validity.ABSENT, Reason.NOT_A_NUMBER)),
        ("8388608", NONE),
        ("-8388608", NONE),
        ("8388606", Value(None, Validity.ABSENT, Reason.OVER_RANGE)),
        ("-8388606", Value(None, Validity.ABSENT, Reason.UNDER_RANGE)),
        ("^8388607", Value(None, Validity.ABSENT, Reason.NOT_A_NUMBER)),
        ("<5", doubtful("<5", Reason.UNDER_RANGE)),
        (">300", doubtful(">300", Reason.OVER_RANGE)),
        (">^300", doubtful(">300", Reason.OVER_RANGE)),
        (">=^300", doubtful(">=300", Reason.OVER_RANGE)),
        ("1^:^2", doubtful("1:2", Reason.OTHER)),
        ("10^-^20", doubtful("10-20", Reason.OTHER)),
        ("36.4^99.9^", doubtful(36.4, Reason.OTHER)),
        ("8388607^99.9", Value(None, Validity.ABSENT, Reason.NOT_A_NUMBER)),
        ("36,5", NO_NUMBER),
        ("1e3", NO_NUMBER),
        ("nan", NO_NUMBER),
        ("inf", NO_NUMBER),
        ("1_000", NO_NUMBER),
        ("٧٢", NO_NUMBER),
        ("²", NO_NUMBER),
        ("72~73", NO_NUMBER),
        ("9" * 400, NO_NUMBER),
        ("leads off", NO_NUMBER),
    ],
)
def test_a_number_as_it_was_said(said: str, meant: Value) -> None:
    found = number(said)
    assert found == meant
    assert type(found.value) is type(meant.value)
    assert (found.validity is Validity.VALID) == (found.reason is None)


@pytest.mark.parametrize(
    ("kind", "said", "meant"),
    [
        ("CWE", "^pump-status-infusing", Value("pump-status-infusing")),
        ("CWE", "197288^MDC_EVT_PUMP_DELIV_START^MDC", Value("MDC_EVT_PUMP_DELIV_START")),
        ("CWE", "AC", Value("AC")),
        ("CWE", "^^^^^^^^text", Value("text")),
        ("CWE", "^pump-source-info-primary~^pump-source-info-secondary",
         Value("pump-source-info-primary, pump-source-info-secondary")),
        ("ST", "^pump-status-infusing", Value("pump-status-infusing")),
        ("ST", r"NaCl 0.9 \T\ K", Value("NaCl 0.9 & K")),
        ("ST", "a~b", Value("a~b")),
        ("ST", "x" * 1000, Value("x" * MAX_TEXT)),
        ("ST", "", NONE),
        ("ST", '""', NONE),
        ("CWE", "^^", NONE),
        ("ST", "  ", NONE),
    ],
)  # fmt: skip
def test_a_text_as_it_was_said(kind: str, said: str, meant: Value) -> None:
    assert text(kind, said) == meant


def test_the_text_of_a_code_comes_before_its_number() -> None:
    assert label("56^MDC_EVT_BATT_LO^MDC^^^^^^Low battery") == "MDC_EVT_BATT_LO"
    assert label("70071") == "70071"
