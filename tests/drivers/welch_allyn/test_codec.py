"""The printed row, what is not valid, and what a stream does to the decoder."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Reading, Report
from drivers.common.hl7.message import Message
from drivers.vocabulary import Metric, Reason, Validity
from drivers.welch_allyn import FAMILY
from drivers.welch_allyn.codec import Decoder, wrap
from drivers.welch_allyn.driver import WelchAllynSettings
from tests.captures import load_all

FOLDER = Path(__file__).parent
NOW = 1_767_225_600.0
HEAD = "MSH|^~\\&|WACS||||20090127093400-0800||ORU^R01|1|P|2.4\rPV1||I|^^BED1\rOBR|1\r"


def reading(row: str) -> Reading:
    dialogue = FAMILY.dialogue(WelchAllynSettings(), Port(peer="192.0.2.7"))
    (report,) = (o for o in dialogue.receive(wrap(f"{HEAD}{row}\r".encode()), NOW) if isinstance(o, Report))
    assert report.device == "BED1"
    (found,) = report.readings
    return found


def obx(name: str, value: str, unit: str = "^BPM", *, level: str = "", flag: str = "", time: str = "") -> str:
    return f"OBX|1|ST|{name}^{name}^WAP|{level}|{value}|{unit}||{flag}||||||{time}"


def test_the_row_that_the_guide_prints() -> None:
    (item,) = load_all(FOLDER / "captures")
    assert item.evidence == "printed"
    (row,) = item.frames
    assert reading(row.decode()) == Reading(Metric.HEART_RATE, 80, name="Heart Rate^Heart Rate^WAP", raw="80")


@pytest.mark.parametrize(
    ("row", "value", "validity", "reason"),
    [
        (obx("Heart Rate", "80", flag="?"), None, Validity.INVALID, Reason.DISOWNED),
        (obx("Heart Rate", "20", flag="<"), None, Validity.INVALID, Reason.UNDER_RANGE),
        (obx("Heart Rate", "300", flag=">"), None, Validity.INVALID, Reason.OVER_RANGE),
        (obx("Heart Rate", ""), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx("Heart Rate", "---"), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx("Heart Rate", "-100"), None, Validity.ABSENT, Reason.IMPLAUSIBLE),
        (obx("Heart Rate", "80", "^mmHg"), 80, Validity.QUESTIONABLE, Reason.UNIT_CONFLICT),
        (obx("NIBP", "120", "^mmHg", level="SYS"), 120, Validity.QUESTIONABLE, Reason.AGE_UNKNOWN),
    ],
)
def test_what_is_not_simply_valid(row: str, value: object, validity: Validity, reason: Reason) -> None:
    found = reading(row)
    assert (found.value, found.validity, found.reason) == (value, validity, reason)


def test_a_cuff_result_has_its_own_time() -> None:
    found = reading(obx("NIBP", "120", "^mmHg", level="SYS", time="20090127093000.000-0800"))
    assert (found.metric, found.value, found.validity) == (Metric.NIBP_SYSTOLIC, 120, Validity.VALID)
    assert found.device_time == datetime(2009, 1, 27, 17, 30, tzinfo=UTC)


def test_other_names_levels_and_systems_are_unmapped() -> None:
    rows = (obx("SpO2", "98", "^Percent"), obx("NIBP", "98", level="PULSE"), obx("IBP-1", "98", level="SYS"))
    for row in (*rows, "OBX|1|ST|Heart Rate^Heart Rate^LN||98|^BPM"):
        assert (reading(row).metric, reading(row).value) == (Metric.UNMAPPED, "98")


@given(st.binary(max_size=200), st.integers(0, 400))
@settings(max_examples=100)
def test_any_garbage_and_split_and_the_next_message_is_found(junk: bytes, cut: int) -> None:
    data = junk + b"\x1c\r" + wrap(HEAD.encode())
    decoder = Decoder()
    said = decoder.feed(data[:cut]) + decoder.feed(data[cut:])
    assert isinstance(said[-1], Message)
