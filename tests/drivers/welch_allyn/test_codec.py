"""The printed row, what is not valid, and what a stream does to the decoder."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage, Port, Reading, Report
from drivers.common.hl7.message import Message
from drivers.vocabulary import Metric, Reason, Validity
from drivers.welch_allyn import FAMILY
from drivers.welch_allyn.codec import Ack, Decoder, wrap
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
    row, message = load_all(FOLDER / "captures")
    assert row.evidence == message.evidence == "printed"
    assert reading(row.frames[0].decode()) == Reading(
        Metric.HEART_RATE, 80, name="Heart Rate^Heart Rate^WAP", raw="80"
    )  # fmt: skip


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])  # MSH-18 is empty, and names neither
def test_the_message_that_the_guide_prints(charset: str) -> None:
    lines = (FOLDER / "captures" / "observation_message.txt").read_text(encoding="utf-8").splitlines()
    text = "".join(f"{line}\r" for line in lines if not line.startswith("# "))
    outputs = FAMILY.dialogue(WelchAllynSettings(), Port(peer="192.0.2.7")).receive(wrap(text.encode(charset)), NOW)
    (report,) = (output for output in outputs if isinstance(output, Report))
    assert [(r.metric, r.value, r.unit, r.source, r.validity) for r in report.readings] == [
        (Metric.HEART_RATE, 80, None, "", Validity.VALID),
        (Metric.TEMPERATURE, 98.6, "[degF]", "1", Validity.VALID),
        (Metric.TEMPERATURE, 97.5, "[degF]", "2", Validity.VALID),
        (Metric.SPO2, 97, None, "", Validity.VALID),
        (Metric.FICO2, 0.0, "%", "", Validity.VALID),
        (Metric.ETCO2, 5.0, "%", "", Validity.VALID),
        (Metric.RESPIRATION_RATE, 12, None, "", Validity.VALID),
        (Metric.PVC_RATE, 0.0, None, "", Validity.VALID),
    ]
    assert {r.device_time for r in report.readings} == {datetime(2009, 1, 27, 17, 34, tzinfo=UTC)}
    assert report.device_time == datetime(2009, 1, 27, 17, 36, 1, 105000, UTC)
    assert (report.device, report.late) == ("192.0.2.7", True)
    (ack,) = (output for output in outputs if isinstance(output, Ack))
    assert (ack.code, ack.control_id, ack.sender) == ("AA", "20090127093601106c5", "WAP^WAP")


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
        (obx("NIBP", "", "^mmHg", level="SYS"), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx("SPO2", "0", "^%"), 0, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE),
        (obx("SPO2", "98", "^%", flag="?"), None, Validity.INVALID, Reason.DISOWNED),
        (obx("CO2 (Ex)", "5.0", "^BPM"), 5.0, Validity.QUESTIONABLE, Reason.UNIT_CONFLICT),
        (obx("CO2 (Ex)", "5.0", ""), 5.0, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
        (obx("Temperature", "98.6", "", level="1"), 98.6, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
    ],
)
def test_what_is_not_simply_valid(row: str, value: object, validity: Validity, reason: Reason) -> None:
    found = reading(row)
    assert (found.value, found.validity, found.reason) == (value, validity, reason)


def test_a_cuff_result_has_its_own_time() -> None:
    found = reading(obx("NIBP", "120", "^mmHg", level="SYS", time="20090127093000.000-0800"))
    assert (found.metric, found.value, found.validity) == (Metric.NIBP_SYSTOLIC, 120, Validity.VALID)
    assert found.device_time == datetime(2009, 1, 27, 17, 30, tzinfo=UTC)


def test_the_time_of_the_report_is_not_the_cuffs() -> None:
    rows = "OBR|1||||||20090127093400-0800\r" + obx("NIBP", "120", "^mmHg", level="SYS")
    dialogue = FAMILY.dialogue(WelchAllynSettings(), Port(peer="192.0.2.7"))
    (report,) = (o for o in dialogue.receive(wrap(f"{HEAD}{rows}\r".encode()), NOW) if isinstance(o, Report))
    assert (report.readings[0].reason, report.readings[0].device_time) == (Reason.AGE_UNKNOWN, None)


def test_other_names_levels_and_systems_are_unmapped() -> None:
    rows = (obx("SpO2", "98", "^Percent"), obx("NIBP", "98", level="PULSE"), obx("IBP-1", "98", level="SYS"))
    for row in (*rows, "OBX|1|ST|Heart Rate^Heart Rate^LN||98|^BPM"):
        assert (reading(row).metric, reading(row).value) == (Metric.UNMAPPED, "98")


@given(st.binary(max_size=200), st.lists(st.integers(0, 400), max_size=4))
@settings(max_examples=100)
def test_any_garbage_and_split_and_the_next_message_is_found(junk: bytes, cuts: list[int]) -> None:
    data = junk + b"\x1c\r" + wrap(HEAD.encode()) * 2
    at_once = Decoder().feed(data)
    decoder, places = Decoder(), sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    in_pieces = [said for a, b in itertools.pairwise(places) for said in decoder.feed(data[a:b])]
    assert [s for s in in_pieces if isinstance(s, Message)] == [s for s in at_once if isinstance(s, Message)]
    assert isinstance(at_once[-1], Message)
    assert _lost(in_pieces) == _lost(at_once)


def _lost(said: list[Message | Damage]) -> int:
    return sum(part.size for part in said if isinstance(part, Damage))


def test_memory_is_bounded() -> None:
    said = Decoder().feed(b"\x0bMSH|" + b"A" * (2 << 20))
    assert next(part.reason for part in said if isinstance(part, Damage)) == "frame too long"
