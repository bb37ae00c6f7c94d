"""Foreign bytes, framing, and what rows are worth."""

import itertools
import re
from datetime import datetime

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.common.hl7.message import Message
from drivers.mindray_pds.channels import Units, channels
from drivers.mindray_pds.codec import IDS, MOST_IDS, Decoder, Heartbeat, Query, compose, fields
from drivers.mindray_pds.driver import MindrayPdsSettings
from drivers.vocabulary import Metric, Reason, Validity
from tests.captures import load_all
from tests.drivers.mindray_pds.monitors import (
    FOLDER,
    SAMPLES,
    capture,
    damage,
    frame,
    hear,
    message,
    reading,
    readings,
    reports,
)

CHANNELS = channels(Units())
ABSENT = (None, Validity.ABSENT, Reason.NOT_AVAILABLE)


def test_each_capture_says_where_it_is_from() -> None:
    assert {item.evidence for item in load_all(FOLDER / "captures")} == {"real", "library"}


def test_the_query_and_the_heartbeat_are_those_of_public_clients() -> None:
    assert Query().encode() == capture("query.txt")
    assert Heartbeat().encode() == capture("heartbeat.txt")
    assert Heartbeat().encode()[1:-2].rstrip(b"\r") == (SAMPLES / "pds_heartbeat.hl7").read_bytes().rstrip(b"\r\n")


def test_the_query_by_id_has_the_form_that_a_public_client_uses() -> None:
    theirs, ours = capture("query_by_id.txt").split(b"\r"), Query(by_id=True).encode().split(b"\r")
    assert ours[:2] == theirs[:2]
    for line in (*ours[2:7], *theirs[2:7]):
        assert re.fullmatch(rb"QRF\|MON\|\|\|\|0&0\^1\^1\^0\^[0-9]{3}(&[0-9]{3}){0,3}", line)
    assert ours[7:] == Query().encode().split(b"\r")[3:], "the alarms are asked for as ever"


def test_what_is_asked_for_by_id_is_known_and_never_more_than_four_at_once() -> None:
    assert set(IDS) <= set(CHANNELS)
    assert MOST_IDS == 4
    assert len(IDS) % MOST_IDS == 0


def test_a_periodic_message() -> None:
    found = {r.name: (r.metric, r.value, r.validity) for r in readings(capture("periodic.txt"))}
    assert found["101^HR"] == (Metric.HEART_RATE, 60, Validity.VALID)
    assert found["102^PVCs"] == (Metric.PVC_RATE, 0, Validity.VALID)
    assert found["105^I"] == (Metric.ST_I, None, Validity.ABSENT)
    assert found["110^aVF"] == (Metric.ST_AVF, None, Validity.ABSENT)
    assert found["117^ST-V"] == (Metric.UNMAPPED, None, Validity.ABSENT)


def test_an_aperiodic_message_has_the_cuffs_time() -> None:
    time = datetime(2007, 1, 6, 19, 19, 15)  # noqa: DTZ001  # the monitor says no zone
    assert [(r.metric, r.value, r.unit, r.device_time) for r in readings(capture("aperiodic.txt"))] == [
        (Metric.NIBP_DIASTOLIC, 80, None, time), (Metric.NIBP_MEAN, 93, None, time),
        (Metric.NIBP_SYSTOLIC, 120, None, time), (Metric.NIBP_SYSTOLIC, None, None, None),
    ]  # fmt: skip


def test_the_constructed_sample() -> None:
    text = (SAMPLES / "pds_periodic.hl7").read_bytes().decode().rstrip("\r").split("\r")
    assert [(r.metric, r.value) for r in readings(frame(*text))] == [
        (Metric.HEART_RATE, 72), (Metric.RESPIRATION_RATE, None), (Metric.SPO2, 98), (Metric.PULSE_RATE, 71),
        (Metric.TEMPERATURE, None), (Metric.ETCO2, 38),
    ]  # fmt: skip


def test_the_log_of_a_t8() -> None:
    said = readings(capture("t8.txt"), settings=MindrayPdsSettings(gas_unit="mm[Hg]"))
    assert [
        (r.metric, r.source, r.value, r.unit) for r in said if r.validity is Validity.VALID and r.metric != "unmapped"
    ] == [
        (Metric.HEART_RATE, "", 60, None),
        (Metric.PVC_RATE, "", 0, None),
        (Metric.RESPIRATION_RATE, "", 20, None),
        (Metric.TEMPERATURE, "T1", 37.0, "Cel"),
        (Metric.TEMPERATURE, "T2", 37.2, "Cel"),
        (Metric.TEMPERATURE_DIFFERENCE, "", 0.2, None),
        (Metric.SPO2, "", 98, None),
        (Metric.PULSE_RATE, "", 60, None),
        (Metric.PERFUSION_INDEX, "", 12.0, "%"),
        (Metric.IBP_SYSTOLIC, "ART", 120, None),
        (Metric.IBP_MEAN, "ART", 90, None),
        (Metric.IBP_DIASTOLIC, "ART", 75, None),
        (Metric.ETCO2, "", 38, None),
        (Metric.FICO2, "", 2, None),
        (Metric.ETO2, "", 144, "mm[Hg]"),
        (Metric.FIO2, "", 160, "mm[Hg]"),
        (Metric.N2O_END_TIDAL, "", 45, "mm[Hg]"),
        (Metric.N2O_INSPIRED, "", 50, "mm[Hg]"),
        (Metric.RESPIRATION_RATE_CO2, "", 20, None),
    ]
    assert {r.name: r.value for r in said if r.metric is Metric.UNMAPPED and r.name[:4] != "2037"} == {
        "600^PR": 60, "587^PPV": 7, "503^Sys": 25, "504^Mean": 14, "505^Dia": 9, "212^C.I.": None, "213^TB": 37.2,
        "268^EtIso": 1.39, "269^FiIso": 1.69, "281^MAC": 1.81, "0^RR": 20,
    }  # fmt: skip
    assert [(r.metric, r.value, r.validity) for r in said if r.raw == "-100.00"] == [
        *((CHANNELS[str(number)].metric, None, Validity.ABSENT) for number in range(105, 117)),
        (Metric.UNMAPPED, None, Validity.ABSENT),
        (Metric.CARDIAC_OUTPUT, None, Validity.ABSENT),
    ]


def test_the_central_venous_pressure_may_have_a_unit_of_its_own() -> None:
    rows = message("204", "OBX||NM|605^CVP|2116|8||||||F", "OBX||NM|500^Sys|2116|120||||||F")
    for said, units in (
        (MindrayPdsSettings(), [None, None]),
        (MindrayPdsSettings(cvp_unit="cm[H2O]"), ["cm[H2O]", None]),
        (MindrayPdsSettings(pressure_unit="kPa"), ["kPa", "kPa"]),
    ):
        assert [r.unit for r in readings(rows, settings=said)] == units


def test_a_gas_without_a_known_unit_is_no_percentage() -> None:
    gases = {r.name: r for r in readings(capture("t8.txt")) if r.metric in (Metric.FIO2, Metric.ETO2)}
    assert {(r.unit, r.validity, r.reason) for r in gases.values()} == {
        ("", Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN)
    }


def test_states_are_kept_in_the_devices_words() -> None:
    states = [(r.value, r.source) for r in readings(capture("t8.txt")) if r.name == "2037^"]
    assert states[:4] == [("3", "101"), ("3", "102"), ("2", "105"), ("3", "151")]


def test_of_a_patient_nothing_is_kept() -> None:
    assert hear(capture("patient.txt")) == []
    rows = tuple(f"OBX||ST|{number}^||4711||||||F" for number in (51, 52, 2301, 2302, 2303, 2308))
    assert {(r.value, r.raw, r.reason) for r in readings(message("204", *rows))} == {(None, "", Reason.MASKED)}


def test_a_name_never_gets_through() -> None:
    said = hear(message("103", "PID|||4711||Testcase^Alpha", "PV1||I|^^X&1", "OBX||ST|2301^||4711||||||F"))
    said += hear(message("204", "OBX||ST|9999^||Testcase Alpha||||||F"))
    assert reports(said)
    for word in ("4711", "Testcase", "Alpha"):
        assert word not in repr(said)


@pytest.mark.parametrize("said", ["-100", "-100.00", "-1000", "-1000.0", "-10000", "", '""', "---", "?"])
@pytest.mark.parametrize("number", sorted(CHANNELS))
def test_no_sentinel_looks_like_a_value(number: str, said: str) -> None:
    found = reading(f"OBX||NM|{number}^x|2101|{said}||||||F|||20260101000000")
    assert (found.value, found.validity, found.reason) == ABSENT
    assert found.metric is CHANNELS[number].metric


@pytest.mark.parametrize(
    ("row", "value", "validity", "reason"),
    [
        ("101^HR|2101|-5||||||F", None, Validity.ABSENT, Reason.IMPLAUSIBLE),
        ("101^HR|2101|72||||||X", None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        ("101^HR|2101|72||||||W", None, Validity.INVALID, Reason.DISOWNED),
        ("101^HR|2101|72||||||P", 72, Validity.QUESTIONABLE, Reason.OTHER),
        ("101^HR|2101|abc||||||F", None, Validity.INVALID, Reason.NOT_A_NUMBER),
        ("101^HR|2101|>300||||||F", ">300", Validity.QUESTIONABLE, Reason.OVER_RANGE),
        ("101^HR|2101|8388607||||||F", None, Validity.ABSENT, Reason.NOT_A_NUMBER),
        ("101^HR|2101|-1||||||F", None, Validity.ABSENT, Reason.IMPLAUSIBLE),
        ("170^Sys|2105|120||||||F", 120, Validity.QUESTIONABLE, Reason.AGE_UNKNOWN),
        ("170^Sys|2105|120||||||F||APERIODIC|00000000000000", 120, Validity.QUESTIONABLE, Reason.AGE_UNKNOWN),
        ("254^FiO2|2106|21||||||F", 21, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
        ("106^II|2101|-0.10||||||F", -0.1, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
        ("605^CVP|2116|-3||||||F", -3, Validity.VALID, None),
        ("160^SpO2|2103|0||||||F", 0, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE),
        ("101^HR|2101|0||||||F", 0, Validity.VALID, None),
        ("210^C.O.|2108|5.1||||||F|||20260101000000", 5.1, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
    ],
)
def test_what_a_row_is_worth(row: str, value: object, validity: Validity, reason: Reason | None) -> None:
    found = reading(f"OBX||NM|{row}")
    assert (found.value, found.validity, found.reason) == (value, validity, reason)


def test_the_monitors_menu_says_the_units() -> None:
    units = MindrayPdsSettings(pressure_unit="kPa", co2_unit="kPa", gas_unit="%", st_unit="mV")
    rows = ("500^ART|2115|16.1", "250^EtCO2|2106|5.1", "254^FiO2|2106|21", "106^II|2101|-0.10", "162^PI|2103|1.2")
    found = [reading(f"OBX||NM|{row}||||||F", settings=units) for row in rows]
    assert [(r.unit, r.validity) for r in found] == [
        ("kPa", "valid"), ("kPa", "valid"), (None, "valid"), (None, "valid"), ("%", "valid"),
    ]  # fmt: skip
    assert reading("OBX||NM|250^EtCO2|2106|38||||||F").unit is None, "mmHg unless configured"


def test_arterial_means_come_before_diastoles() -> None:
    found = readings(
        message("204", *(f"OBX||NM|{n}^ART|2115|{v}||||||F" for n, v in ((500, 120), (501, 93), (502, 80))))
    )
    assert [(r.metric, r.value) for r in found] == [
        (Metric.IBP_SYSTOLIC, 120), (Metric.IBP_MEAN, 93), (Metric.IBP_DIASTOLIC, 80),
    ]  # fmt: skip


def test_readings_of_one_report_are_told_apart() -> None:
    keys = [(channel.metric, channel.source) for channel in CHANNELS.values()]
    assert len(set(keys)) == len(keys)


def test_line_feeds_instead_of_carriage_returns_are_read_and_told() -> None:
    said = hear(capture("periodic.txt").replace(b"\r", b"\n")[:-1] + b"\r")
    assert reports(said)[0].readings[0].value == 60
    assert damage(said) == [Damage("line ends", 0)]


def test_python_hl7_reads_what_we_write() -> None:
    query = hl7.parse(Query().encode()[1:-2].decode())
    assert [str(segment[0]) for segment in query] == ["MSH", "QRD", "QRF", "QRF", "QRF"]
    assert str(query.segment("MSH")(10)) == "1203"


@given(st.lists(st.text(st.sampled_from("OBXNMF0123456789|^-.&~\\ "), max_size=40), max_size=5))
@settings(max_examples=60)
def test_what_is_written_is_read(rows: list[str]) -> None:
    segments = tuple(f"OBX|{row}" for row in rows)
    (found,) = Decoder().feed(compose("204", segments))
    assert isinstance(found, Message)
    assert found.segments == segments
    assert found.control_id == "204"
    for segment in segments:
        assert len(fields(segment)) > 14


@given(st.binary(max_size=200), st.lists(st.integers(0, 2000), max_size=4))
@settings(max_examples=100)
def test_any_split(junk: bytes, cuts: list[int]) -> None:
    data = junk + b"\x1c\r" + capture("periodic.txt") + capture("aperiodic.txt")
    at_once = Decoder().feed(data)
    decoder, places = Decoder(), sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    in_pieces = [said for a, b in itertools.pairwise(places) for said in decoder.feed(data[a:b])]
    assert [s for s in in_pieces if isinstance(s, Message)] == [s for s in at_once if isinstance(s, Message)]
    assert [s.control_id for s in at_once if isinstance(s, Message)][-2:] == ["204", "503"]
    assert sum(s.size for s in in_pieces if isinstance(s, Damage)) == sum(
        s.size for s in at_once if isinstance(s, Damage)
    )


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_any_garbage_and_then_a_good_message(garbage: bytes) -> None:
    said = hear(garbage, b"\x1c\r", capture("periodic.txt"))
    assert any(r.metric is Metric.HEART_RATE and r.value == 60 for report in reports(said) for r in report.readings)


def test_memory_is_bounded() -> None:
    decoder = Decoder()
    said = decoder.feed(b"\x0b")
    for _ in range(32):
        said += decoder.feed(b"A" * 65_536)
    assert sum(item.size for item in said if isinstance(item, Damage)) == (2 << 20) + 1


@given(st.lists(st.text(st.sampled_from("0123456789.^~&\\|OBXMSHR -<>\u00e4"), max_size=30), max_size=12))
@settings(max_examples=100)
def test_no_row_raises_or_spoils_its_neighbours(cells: list[str]) -> None:
    for kind in ("204", "103", "54", "56"):
        said = hear(message(kind, "OBX|" + "|".join(cells)), capture("periodic.txt"))
        found = [r for report in reports(said) for r in report.readings]
        assert any(r.metric is Metric.HEART_RATE and r.value == 60 for r in found)
        for r in found:
            assert (r.value is None) == (r.validity in ("invalid", "absent"))
            assert (r.reason is None) == (r.validity == "valid")
