"""Foreign bytes first; then what any stream does to the decoder."""

import itertools

import hl7
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage, Identity
from drivers.common.hl7.message import Message
from drivers.nihon_kohden.codec import Decoder, Parameter, fields, parameter_of
from drivers.vocabulary import Metric, Reason, Validity
from tests.captures import load_all
from tests.drivers.nihon_kohden.senders import FOLDER, capture, codes, frame, header, hear, obx, reports


def test_each_capture_says_where_it_is_from() -> None:
    found = load_all(FOLDER / "captures")
    assert [item.evidence for item in found] == ["real", "real"]
    assert not any(b"PID" in line for item in found for line in item.frames)


def test_vital_signs_and_a_cuff_result_as_a_monitor_sent_them() -> None:
    outputs = hear(*capture("vital_and_nibp.txt"))
    signs, cuff = reports(outputs)
    assert {reading.name: (reading.metric, reading.value) for reading in signs.readings} == {
        "007001^VITAL PR(spo2)": (Metric.PULSE_RATE, 77),
        "007000^VITAL SpO2": (Metric.SPO2, 99),
        "072007^VITAL rPR(spo2)": (Metric.UNMAPPED, 77),
    }
    assert {reading.device_time for reading in signs.readings} == {None}
    assert {reading.metric: reading.value for reading in cuff.readings} == {
        Metric.NIBP_SYSTOLIC: 133, Metric.NIBP_DIASTOLIC: 77, Metric.NIBP_MEAN: 95,
    }  # fmt: skip
    assert {str(reading.device_time) for reading in cuff.readings} == {"2026-04-22 18:43:37"}
    assert {reading.validity for reading in (*signs.readings, *cuff.readings)} == {Validity.VALID}
    for report in (signs, cuff):
        assert (report.device, str(report.device_time), report.late) == ("BED-001", "2026-04-22 18:44:00", False)
    assert [output for output in outputs if isinstance(output, Identity)] == [
        Identity("BED-001", "Nihon Kohden", dialect="Nihon Kohden")
    ]
    assert codes(outputs) == ["AA"]


def test_the_other_generation_has_other_names_and_o_beside_good_values() -> None:
    signs, cuff = reports(hear(header(), *capture("vital_signs_2024.txt")))
    valid = {(r.source, r.metric): (r.value, r.unit) for r in signs.readings if r.validity is Validity.VALID}
    assert {key: said for key, said in valid.items() if key[1] is not Metric.UNMAPPED} == {
        ("", Metric.HEART_RATE): (75, None),
        ("RR", Metric.RESPIRATION_RATE_CO2): (16, None),
        ("", Metric.SPO2): (98, None),
        ("", Metric.PULSE_RATE): (73, None),
        ("Tskin", Metric.TEMPERATURE): (36.5, "Cel"),
        ("Tskin2", Metric.TEMPERATURE): (36.5, "Cel"),
        ("", Metric.TEMPERATURE_DIFFERENCE): (0.0, None),
        ("ART", Metric.IBP_SYSTOLIC): (124, None),
        ("ART", Metric.IBP_DIASTOLIC): (88, None),
        ("ART", Metric.IBP_MEAN): (100, None),
        ("ART", Metric.IBP_PULSE_RATE): (75, None),
        ("CO2", Metric.RESPIRATION_RATE_CO2): (16, None),
        ("CO2", Metric.ETCO2): (40, None),
    }
    doubted = {r.metric: r.reason for r in signs.readings if r.validity is Validity.QUESTIONABLE}
    assert doubted == {Metric.QT_INTERVAL: Reason.IMPLAUSIBLE, Metric.QTC_INTERVAL: Reason.IMPLAUSIBLE}
    assert [reading.value for reading in cuff.readings] == [171, 122, 138]
    assert {str(reading.device_time) for reading in cuff.readings} == {"2024-05-03 10:07:18"}


def test_python_hl7_finds_the_same_fields() -> None:
    segments = capture("vital_and_nibp.txt")
    theirs = hl7.parse("\r".join(segments))
    (ours,) = Decoder().feed(frame(*segments))
    assert isinstance(ours, Message)
    assert ours.header[3] == str(theirs[0](3))
    for segment, their in zip(ours.segments, list(theirs)[1:], strict=True):
        for number in range(min(len(their), 19)):
            assert fields(segment)[number] == str(their(number))


def test_a_parameter_in_both_spellings() -> None:
    assert parameter_of("001000^VITAL HR") == parameter_of("001000^HR") == Parameter("001000", "HR")
    assert parameter_of("147842^MDC_ECG_HEART_RATE^MDC").number == "147842"
    assert parameter_of("HR") == Parameter("", "")
    assert parameter_of("") == Parameter("", "")


MESSAGE = frame(header(), "OBR|1|||VITAL", obx("001000^VITAL HR", "72", "bpm"))


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
    decoder = Decoder()
    said = decoder.feed(b"\x0bMSH|" + b"A" * (2 << 20))
    assert next(part.reason for part in said if isinstance(part, Damage)) == "frame too long"
