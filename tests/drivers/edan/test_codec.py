"""The one foreign frame first; then what rows are worth, and what any stream does to the decoder."""

import itertools

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.common.hl7.message import Message
from drivers.edan.channels import CHANNELS
from drivers.edan.codec import HIGHEST_BED, Decoder, Query, recognise
from drivers.vocabulary import TERM_BY_CODE, Metric, Reason, Validity
from tests.captures import load_all
from tests.drivers.edan.gateways import FOLDER, answer, capture, frame, hear, obx, reading, reports

ABSENT = (None, Validity.ABSENT, Reason.NOT_AVAILABLE)


def test_each_capture_says_where_it_is_from() -> None:
    assert [item.evidence for item in load_all(FOLDER / "captures")] == ["library", "constructed"]


def test_the_query_is_the_one_that_a_public_program_sends() -> None:
    assert Query(1).encode() == b"\x0b" + "\r".join(capture("query.txt")).encode() + b"\x1c\r"


def test_python_hl7_reads_the_query() -> None:
    query = hl7.parse(Query(12).encode()[1:-2].decode())
    assert [str(segment[0]) for segment in query] == ["MSH", "QRD", "QRF"]
    assert str(query.segment("MSH")(9)) == "QRY^R02"
    assert str(query.segment("QRF")(5)) == "12"


@given(st.integers(-10, 20_000))
@settings(max_examples=100)
def test_a_query_is_understood_or_cant_be_built(bed: int) -> None:
    if 1 <= bed <= HIGHEST_BED:
        assert recognise(Query(bed).encode()) == Query(bed)
    else:
        with pytest.raises(ValueError, match="set it between"):
            Query(bed)


def test_the_nine_known_parameters() -> None:
    (report,) = reports(hear(answer(*capture("rows.txt"))))
    assert {(r.metric, r.source): (r.value, r.unit, r.validity) for r in report.readings} == {
        (Metric.HEART_RATE, ""): (72, None, Validity.VALID),
        (Metric.SPO2, ""): (98, None, Validity.VALID),
        (Metric.PULSE_RATE, ""): (71, None, Validity.VALID),
        (Metric.NIBP_SYSTOLIC, ""): (120, None, Validity.VALID),
        (Metric.NIBP_DIASTOLIC, ""): (80, None, Validity.VALID),
        (Metric.NIBP_MEAN, ""): (93, None, Validity.VALID),
        (Metric.NIBP_PULSE_RATE, ""): (70, None, Validity.VALID),
        (Metric.TEMPERATURE, "T1"): (36.6, "Cel", Validity.VALID),
        (Metric.TEMPERATURE, "quick"): (36.8, "Cel", Validity.VALID),
    }
    assert {str(r.device_time) for r in report.readings} == {"2026-01-01 00:00:00", "2025-12-31 23:55:00"}
    assert {r.code for r in report.readings} == {None}, "their numbers are no 11073 codes"


def test_their_numbers_are_never_looked_up_as_11073_codes() -> None:
    for number, name in CHANNELS:
        term = TERM_BY_CODE.get(int(number))
        assert term is None or term.refid != name


@pytest.mark.parametrize(
    "code",
    [
        "131072^ECG_HR^MDC", "131072^ECG_HR", "131072^HR^EHC", "131073^ECG_HR^EHC", "ECG_HR^131072^EHC", "131072^^EHC",
        "150456^MDC_PULS_OXIM_SAT_O2^MDC", "0131072^ECG_HR^EHC",
    ],
)  # fmt: skip
def test_what_is_not_wholly_as_seen_is_unmapped(code: str) -> None:
    found = reading(obx(code, "72", "bpm"))
    assert (found.metric, found.value, found.name, found.raw) == (Metric.UNMAPPED, 72, code, "72")


@pytest.mark.parametrize("said", ["", '""', "---", "?", "8388607", "-1", "-100", "-100.00"])
@pytest.mark.parametrize("code", sorted(f"{number}^{name}^EHC" for number, name in CHANNELS))
def test_no_sentinel_looks_like_a_value(code: str, said: str) -> None:
    found = reading(obx(code, said, "%"))
    assert (found.value, found.validity) == (None, Validity.ABSENT)


@pytest.mark.parametrize(
    ("row", "value", "validity", "reason"),
    [
        (obx("131072^ECG_HR^EHC", "72", "bpm", status="X"), *ABSENT),
        (obx("131072^ECG_HR^EHC", "72", "bpm", status="W"), None, Validity.INVALID, Reason.DISOWNED),
        (obx("131072^ECG_HR^EHC", "72", "bpm", status="P"), 72, Validity.QUESTIONABLE, Reason.OTHER),
        (obx("131072^ECG_HR^EHC", "abc", "bpm"), None, Validity.INVALID, Reason.NOT_A_NUMBER),
        (obx("131072^ECG_HR^EHC", "72", "bpm", time=""), 72, Validity.QUESTIONABLE, Reason.AGE_UNKNOWN),
        (obx("131072^ECG_HR^EHC", "72", "bpm", time="0" * 14), 72, Validity.QUESTIONABLE, Reason.AGE_UNKNOWN),
        (obx("131072^ECG_HR^EHC", "72"), 72, Validity.VALID, None),
        (obx("327680^SPO2_SPO2^EHC", "0", "%"), 0, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE),
        (obx("393216^NIBP_SYS^EHC", "120"), 120, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
        (obx("458752^TEMP_T1^EHC", "36.6"), 36.6, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
        (obx("458752^TEMP_T1^EHC", "98.1", "F"), 98.1, Validity.VALID, None),
        (obx("1^PATIENT_NAME^EHC", "TEST^CASE", kind="ST"), None, Validity.ABSENT, Reason.MASKED),
    ],
)
def test_what_a_row_is_worth(row: str, value: object, validity: Validity, reason: Reason | None) -> None:
    found = reading(row)
    assert (found.value, found.validity, found.reason) == (value, validity, reason)


def test_demonstrations_and_training_are_simulated() -> None:
    row = obx("131072^ECG_HR^EHC", "72", "bpm")
    (training,) = reports(hear(answer("OBR|1", row).replace(b"|1|P|2.3.1", b"|1|T|2.3.1")))
    (demo,) = reports(hear(answer("OBR|1", row.replace("|bpm||", "|bpm||DEMO"))))
    assert training.simulated
    assert demo.simulated


MESSAGE = answer(*capture("rows.txt"))


@given(st.binary(max_size=200), st.lists(st.integers(0, 900), max_size=4))
@settings(max_examples=100)
def test_any_split_gives_the_same_and_the_next_good_message_is_found(junk: bytes, cuts: list[int]) -> None:
    data = junk + b"\x1c\r" + MESSAGE + MESSAGE
    at_once = Decoder().feed(data)
    decoder, places = Decoder(), sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    in_pieces = [said for a, b in itertools.pairwise(places) for said in decoder.feed(data[a:b])]
    assert [s for s in in_pieces if isinstance(s, Message)] == [s for s in at_once if isinstance(s, Message)]
    assert isinstance(at_once[-1], Message)
    assert _lost(in_pieces) == _lost(at_once)


def _lost(said: list[Message | Damage]) -> int:
    return sum(part.size for part in said if isinstance(part, Damage))


def test_memory_is_bounded() -> None:
    decoder = Decoder()
    said = decoder.feed(b"\x0b")
    for _ in range(32):
        said += decoder.feed(b"A" * 65_536)
    assert _lost(said) == (2 << 20) + 1


cells = st.lists(st.text(st.sampled_from("0123456789.^~&\\|OBXEHC -<>\u00e4"), max_size=30), max_size=12)


@given(cells)
@settings(max_examples=100)
def test_no_row_raises_or_spoils_its_neighbours(said: list[str]) -> None:
    outputs = hear(answer("OBR|1", "OBX|" + "|".join(said), obx("131072^ECG_HR^EHC", "72", "bpm")))
    found = [r for report in reports(outputs) for r in report.readings]
    assert any(r.metric is Metric.HEART_RATE and r.value == 72 for r in found)
    for r in found:
        assert (r.value is None) == (r.validity in (Validity.INVALID, Validity.ABSENT))
        assert (r.reason is None) == (r.validity is Validity.VALID)


def test_a_frame_of_anything_is_no_message() -> None:
    assert hear(frame("hello")) == [Damage("no message in the frame", 7)]
