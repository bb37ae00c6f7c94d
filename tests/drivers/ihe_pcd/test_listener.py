"""The listener's list: what a careless or hostile sender may do to a frame."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage, Port
from drivers.ihe_pcd.codec import wrap
from drivers.ihe_pcd.driver import IhePcdDialogue, IhePcdSettings
from drivers.vocabulary import Metric
from tests.drivers.ihe_pcd.senders import (
    MDS,
    NOW,
    codes,
    damage,
    header,
    hear,
    heard,
    obr,
    obx,
    reports,
    sample,
)

HR = obx("147842^MDC_ECG_HEART_RATE^MDC", "72", unit="264864^MDC_DIM_BEAT_PER_MIN^MDC")


def dialogue() -> IhePcdDialogue:
    return IhePcdDialogue(IhePcdSettings(), Port(peer="192.0.2.7"))


def whole(*segments: str) -> bytes:
    return wrap("".join(f"{segment}\r" for segment in segments).encode())


FRAME = whole(header(), obr(), HR)


def test_one_frame_byte_by_byte() -> None:
    talk = dialogue()
    said = [output for byte in FRAME for output in talk.receive(bytes([byte]), NOW)]
    assert said == hear(header(), obr(), HR)


def test_two_frames_in_one_write() -> None:
    said = dialogue().receive(FRAME + whole(header(control_id="C2"), obr(), HR), NOW)
    assert [type(output).__name__ for output in said] == ["Identity", "Report", "Ack", "Report", "Ack"]


def test_a_frame_split_between_1c_and_0d_is_answered_at_1c() -> None:
    talk = dialogue()
    assert codes(list(talk.receive(FRAME[:-1], NOW))) == ["CA"]
    assert talk.receive(FRAME[-1:], NOW) == []


def test_junk_and_then_a_frame() -> None:
    said = list(dialogue().receive(b"\xff\xfe junk" + FRAME, NOW))
    assert damage(said) == [Damage("bytes outside a frame", 7)]
    assert codes(said) == ["CA"]


def test_a_missing_0d_is_counted_and_costs_nothing() -> None:
    said = list(dialogue().receive(FRAME[:-1] + FRAME, NOW))
    assert codes(said) == ["CA", "CA"]
    assert damage(said) == [Damage("frame end without CR", 0)]


def test_a_missing_1c_then_a_new_0b() -> None:
    said = list(dialogue().receive(FRAME[:-2] + FRAME, NOW))
    assert codes(said) == ["CA", "CA"]
    assert damage(said) == [Damage("frame not closed", 0)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lf_only_and_crlf(end: str) -> None:
    talk = dialogue()
    text = end.join([header(), obr(), HR, ""])
    said = list(talk.receive(wrap(text.encode()), NOW))
    assert [r.metric for report in reports(said) for r in report.readings] == [Metric.HEART_RATE]
    assert damage(said) == [Damage("line ends", 0)]
    assert damage(list(talk.receive(wrap(text.encode()), NOW))) == [], "a habit is told once"


def test_a_bom() -> None:
    assert codes(list(dialogue().receive(wrap(b"\xef\xbb\xbf" + FRAME[1:-2]), NOW))) == ["CA"]


def test_a_latin_1_name_with_msh_18_empty_loses_no_vital_sign() -> None:
    body = f"{header()}\rPID|||1||M\u00fcller\r{obr()}\r{HR}\r".encode("latin_1")
    said = list(dialogue().receive(wrap(body), NOW))
    assert [r.value for report in reports(said) for r in report.readings] == [72]
    assert "ller" not in repr(said)


def test_17_digit_times() -> None:
    said = hear(header(time="20260101000000123+0100"), obr("20260101000000000+0100"), HR)
    assert str(reports(said)[0].device_time) == "2026-01-01 00:00:00+01:00"


def test_msh_10_empty_is_refused_and_its_data_are_not_lost() -> None:
    said = heard(HR, control_id="")
    assert codes(said) == ["CR"]
    assert reports(said)[0].key == ""
    assert [r.value for r in reports(said)[0].readings] == [72]


def test_msh_10_of_199_characters() -> None:
    assert codes(heard(HR, control_id="x" * 199)) == ["CA"]
    assert codes(heard(HR, control_id="x" * 200)) == ["CR"]


def test_obx_5_empty_and_null_and_a_bound() -> None:
    rows = [HR.replace("|72|", f"|{said}|") for said in ("", '""', "<5")]
    (report,) = reports(heard(*rows))
    assert [(r.value, r.validity, r.reason) for r in report.readings] == [
        (None, "absent", "not available"), (None, "absent", "not available"), ("<5", "questionable", "under range"),
    ]  # fmt: skip


def test_20_000_obx_take_bounded_time() -> None:
    row = "OBX|1|NM|147842^^MDC|1.1.1.1|{}||||||R"
    data = whole(header(), obr(), *(row.format(value % 997) for value in range(20_000)))
    talk = dialogue()
    began = time.perf_counter()
    said = list(talk.receive(data, NOW))
    assert len(reports(said)[0].readings) == 20_000
    assert codes(said) == ["CA"]
    assert time.perf_counter() - began < 2.0


@pytest.mark.parametrize(
    "row",
    [
        "OBX|1||70071^^MDC|1.1.{}.0|||||||X",
        "OBX|1|NM|1^^MDC|1.1.1.1|{}||||||R|||||||D{}",
        "OBX|1|ST|68481^^MDC|1.{}.3|end",
    ],
)
@pytest.mark.parametrize("trigger", ["R01", "R40", "R42"])
def test_many_odd_rows_take_bounded_time(row: str, trigger: str) -> None:
    data = whole(header(trigger=trigger), obr(), *(row.format(n + 1, n + 1) for n in range(10_000)))
    began = time.perf_counter()
    assert codes(list(dialogue().receive(data, NOW))) == ["CA"]
    assert time.perf_counter() - began < 5.0


def test_2_mib_of_a_with_no_end() -> None:
    talk = dialogue()
    said = list(talk.receive(b"\x0b", NOW))
    for _ in range(32):
        said += talk.receive(b"A" * 65_536, NOW)
    assert sum(output.size for output in damage(said)) == (2 << 20) + 1
    assert codes(list(talk.receive(FRAME, NOW))) == ["CA"]


def test_alarms_and_admissions_on_the_same_socket() -> None:
    talk = dialogue()
    alarm = "".join(f"{segment}\r" for segment in sample("pcd04_occlusion_start.hl7")).encode()
    said = [
        *talk.receive(whole(header(kind="ADT", trigger="A08"), "EVN|A08", "PID|||1||Testcase^Alpha"), NOW),
        *talk.receive(wrap(alarm), NOW),
        *talk.receive(FRAME, NOW),
    ]
    assert codes(said) == ["CR", "CA", "CA"]
    assert [output.reason for output in damage(said)] == ["unsupported message type"]
    assert "Alpha" not in repr(said)


def test_a_peer_that_closes_in_the_middle_of_a_frame_leaves_nothing_behind() -> None:
    talk = dialogue()
    assert talk.receive(FRAME[:-20], NOW) == []
    assert talk.close(NOW) == []
    assert codes(list(dialogue().receive(FRAME, NOW))) == ["CA"], "the next connection begins anew"


def test_a_peer_that_never_reads_its_acknowledgements_is_still_heard() -> None:
    talk = dialogue()
    said = [output for n in range(100) for output in talk.receive(whole(header(control_id=f"C{n}"), obr(), HR), NOW)]
    assert len(reports(said)) == len(codes(said)) == 100


# Properties


@given(st.binary(max_size=200), st.integers(0, 400))
@settings(max_examples=60)
def test_any_garbage_around_a_frame_and_any_split(garbage: bytes, at: int) -> None:
    talk = dialogue()
    data = garbage + b"\x1c\r" + FRAME
    outputs = [*talk.receive(data[:at], NOW), *talk.receive(data[at:], NOW)]
    assert codes(outputs)[-1:] == ["CA"]


texts = st.text(st.sampled_from("0123456789.^~&\\|OBXMSHR -<>\u00e4\n"), max_size=30)


@given(st.lists(st.lists(texts, max_size=20), max_size=6), st.booleans())
@settings(max_examples=100)
def test_no_row_raises_or_spoils_its_neighbours(rows: list[list[str]], is_alarm: bool) -> None:
    odd = ["OBX|" + "|".join(row).replace("\n", " ") for row in rows]
    outputs = hear(header(trigger="R40" if is_alarm else "R01"), obr(), *odd, MDS, HR)
    assert codes(outputs) == ["CA"]
    if not is_alarm:
        assert any(
            r.metric is Metric.HEART_RATE and r.value == 72 for report in reports(outputs) for r in report.readings
        )
    for report in reports(outputs):
        for reading in report.readings:
            assert (reading.value is None) == (reading.validity in ("invalid", "absent"))
            assert (reading.reason is None) == (reading.validity == "valid")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=30))
@settings(max_examples=60)
def test_no_message_raises(parts: list[str]) -> None:
    talk = dialogue()
    talk.receive(wrap(("MSH|" + "|".join(parts)).encode("utf-8", "replace")), NOW)
    assert codes(list(talk.receive(FRAME, NOW))) == ["CA"]
