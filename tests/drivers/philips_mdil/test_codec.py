"""Foreign bytes first; then the arithmetic of codes, and what any stream does to the decoder."""

import itertools
from pathlib import Path

import hl7
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Announcement, Code, Damage, Identity
from drivers.common.hl7.message import Message
from drivers.philips_mdil.codec import Decoder, Term, fields, term_of
from drivers.vocabulary import AlarmCode, EventKind, Metric, Priority, Reason, Validity
from tests.captures import load_all
from tests.drivers.philips_mdil.senders import (
    FOLDER,
    announced,
    capture,
    codes,
    frame,
    header,
    hear,
    obx,
    reading,
    reports,
)  # fmt: skip

SAMPLE = Path(__file__).parents[2] / "data" / "hl7" / "mdil_efficia_style.hl7"


def test_each_capture_says_where_it_is_from_and_names_nobody() -> None:
    found = load_all(FOLDER / "captures")
    assert {item.evidence for item in found} == {"real", "printed", "library"}
    assert not any(b"PID" in line for item in found for line in item.frames)


def test_a_trend_record_as_a_monitor_sent_it() -> None:
    outputs = hear(*capture("efficia_trend.txt"))
    (report,) = reports(outputs)
    assert [(r.metric, r.value, r.validity, r.code) for r in report.readings] == [
        (Metric.HEART_RATE, 60, Validity.VALID, Code(147842, "MDC_ECG_HEART_RATE")),
        (Metric.SPO2, 96, Validity.VALID, Code(150456, "MDC_PULS_OXIM_SAT_O2")),
        (Metric.RESPIRATION_RATE, 20, Validity.VALID, Code(151552, "MDC_RESP")),
        (Metric.PULSE_RATE, 59, Validity.VALID, Code(149514, "MDC_PULS_RATE")),
    ]
    assert (report.device, str(report.device_time), report.late) == ("CN92390246", "2013-01-03 02:17:26", True)
    assert {str(r.device_time) for r in report.readings} == {"2013-01-03 02:17:00"}
    assert [output for output in outputs if isinstance(output, Identity)] == [
        Identity("CN92390246", "Philips", "EfficiaCM", dialect="Philips MDIL")
    ]
    assert codes(outputs) == ["AA"]


def test_an_alarm_as_the_guide_prints_it() -> None:
    outputs = hear(*capture("efficia_alarm.txt"))
    assert reports(outputs) == []
    (alarm,) = announced(outputs)
    assert alarm == Announcement(
        EventKind.ALARM, None, AlarmCode.LIMIT_HIGH, "SpO2 High, SpO2=98 %", Priority.MEDIUM, device="LOCATION34",
        raw="2^Yellow Alarm^MDIL-ALERT SpO2 High, SpO2=98 %", device_time=alarm.device_time, late=True, key=alarm.key,
    )  # fmt: skip
    assert str(alarm.device_time) == "2012-05-13 11:18:01"
    assert alarm.key
    assert codes(outputs) == ["AA"]


def test_an_alarm_in_another_language_keeps_its_words() -> None:
    outputs = hear(header(), *capture("efficia_alarm_localised.txt"))
    (alarm,) = announced(outputs)
    assert (alarm.code, alarm.text, alarm.priority) == (
        AlarmCode.UNKNOWN, "SpO₂ baja, SpO₂ = 80 %", Priority.MEDIUM,
    )  # fmt: skip


def test_rows_as_the_guide_prints_them() -> None:
    outputs = hear(header(), *capture("efficia_rows.txt"))
    (report,) = reports(outputs)
    by_name = [(r.metric, r.value, r.unit, r.validity, r.reason, r.source) for r in report.readings]
    valid, missing = (Validity.VALID, None), (None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, "")
    disowned = (None, None, Validity.INVALID, Reason.DISOWNED, "")
    assert by_name == [
        (Metric.SPO2, 98, None, *valid, ""),
        (Metric.NIBP_SYSTOLIC, 122, None, *valid, ""),
        (Metric.NIBP_DIASTOLIC, 85, None, *valid, ""),
        (Metric.NIBP_MEAN, 98, None, *valid, ""),
        (Metric.PULSE_RATE, 80, None, *valid, "SpO2"),
        (Metric.RESPIRATION_RATE, 20, None, *valid, ""),
        (Metric.TEMPERATURE, 99.1, "[degF]", *valid, "T1"),
        (Metric.UNMAPPED, 37.4, None, *valid, ""),  # `0002*f0c7`, and a unit of no known number: misprints
        (Metric.NIBP_SYSTOLIC, *missing),
        (Metric.SPO2, *disowned),
        (Metric.HEART_RATE, *disowned),
    ]
    assert {str(r.device_time) for r in report.readings if r.value in (122, 85)} == {"2012-05-10 12:35:00"}
    assert [(alarm.code, alarm.text) for alarm in announced(outputs)] == [(AlarmCode.LIMIT_LOW, "HR Low, HR=55 /min")]


def test_a_spot_check_tells_when_it_was_measured() -> None:
    (report,) = reports(hear(*capture("suresigns_spotcheck.txt")))
    assert [(r.metric, r.value, r.validity) for r in report.readings] == [
        (Metric.SPO2, 100, Validity.VALID), (Metric.NIBP_DIASTOLIC, 69, Validity.VALID),
    ]  # fmt: skip
    assert {str(r.device_time) for r in report.readings} == {"2012-02-06 17:42:56"}
    assert (report.device, report.late, str(report.device_time)) == ("US93623038", True, "2012-02-14 11:23:34")


def test_an_information_centers_message() -> None:
    outputs = hear(*capture("information_center.txt"))
    (report,) = reports(outputs)
    assert {r.metric: r.value for r in report.readings} == {
        Metric.SPO2: 95, Metric.RESPIRATION_RATE: 15, Metric.HEART_RATE: 60,
        Metric.IBP_SYSTOLIC: 120, Metric.IBP_DIASTOLIC: 70, Metric.IBP_MEAN: 91,
    }  # fmt: skip
    assert {r.validity for r in report.readings} == {Validity.VALID}
    assert (report.device, str(report.device_time)) == ("Doc1", "2003-01-10 15:26:30")


def test_an_information_centers_states_and_inoperative_conditions() -> None:
    outputs = hear(*capture("information_center_states.txt"))
    (report,) = reports(outputs)
    assert [(r.metric, r.value, r.validity) for r in report.readings] == [
        (Metric.UNMAPPED, "MONITORING", Validity.VALID),
        (Metric.UNMAPPED, "Monitoring Data", Validity.VALID),
        (Metric.RESPIRATION_RATE, 30, Validity.VALID),
        (Metric.HEART_RATE, 80, Validity.VALID),
        (Metric.PVC_RATE, 0, Validity.VALID),
        (Metric.ECG_RHYTHM, "Learning Rhythm", Validity.VALID),
        (Metric.ECG_ECTOPIC, None, Validity.ABSENT),
    ]
    assert report.readings[4].code == Code(148065, "MDC_ECG_V_P_C_CNT")
    assert (report.device, report.simulated) == ("ICU/PCU-pDemo6", True)  # MSH-11 is T
    (alarm,) = announced(outputs)
    assert (alarm.code, alarm.text, alarm.priority) == (AlarmCode.UNKNOWN, "SpO2T  No Pulse", None)
    assert alarm.simulated


def test_the_sample_that_was_made_from_the_documents() -> None:
    (report,) = reports(hear(*SAMPLE.read_text(encoding="utf-8").splitlines()))
    assert [(r.metric, r.value, r.validity) for r in report.readings] == [
        (Metric.HEART_RATE, 75, Validity.VALID), (Metric.SPO2, 96, Validity.VALID),
        (Metric.NIBP_SYSTOLIC, 121, Validity.VALID), (Metric.ETCO2, 37, Validity.VALID),
        (Metric.RESPIRATION_RATE, None, Validity.INVALID),
    ]  # fmt: skip
    assert str(report.readings[2].device_time) == "2026-01-15 10:10:20"
    assert report.device == "INF-CHAIR1"


def test_python_hl7_finds_the_same_fields() -> None:
    segments = capture("efficia_trend.txt")
    theirs = hl7.parse("\r".join(segments))
    (ours,) = Decoder().feed(frame(*segments))
    assert isinstance(ours, Message)
    for segment, their in zip(ours.segments, list(theirs)[1:], strict=True):
        for number in range(min(len(their), 19)):
            assert fields(segment)[number] == str(their(number))


def test_a_code_is_partition_and_number() -> None:
    assert term_of("0002-4bb8^SpO2^MDIL") == Term(2, 0x4BB8)
    assert Term(2, 0x4BB8).mdc == 150456  # MDC_PULS_OXIM_SAT_O2
    assert Term(4, 0x0F20).mdc == 266016  # MDC_DIM_MMHG
    for other in ("0002-4bb8^SpO2^LN", "0002-4bb8", "150456^x^MDIL", "0002*f0c7^Temp^MDIL", "0002-4bb89^x^MDIL", ""):
        assert term_of(other) is None


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_a_code_is_read_as_it_is_written(partition: int, code: int) -> None:
    term = Term(partition, code)
    assert term_of(f"{term}^x^MDIL") == term_of(f"{str(term).upper()}^x^MDIL") == term


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_any_code_is_read_and_none_beyond_the_table_is_guessed(partition: int, code: int) -> None:
    found = reading(obx(f"{Term(partition, code)}^HR^MDIL", "72", "0004-0aa0^bpm^MDIL"))
    if partition != 2 and (partition, code) != (7, 0xF0C7):
        assert (found.metric, found.code) == (Metric.UNMAPPED, None)


MESSAGE = frame(header(), "OBR||||MONITOR", obx("0002-4182^HR^MDIL", "72", "0004-0aa0^bpm^MDIL"))


@given(st.binary(max_size=200), st.lists(st.integers(0, 500), max_size=4))
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
    said = Decoder().feed(b"\x0bMSH|" + b"A" * (2 << 20))
    assert next(part.reason for part in said if isinstance(part, Damage)) == "frame too long"
