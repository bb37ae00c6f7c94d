from datetime import datetime
from pathlib import Path

import pytest

from drivers.api import Alarm, Identity, NoSettings, Output, Port, Reading, Report
from drivers.nellcor.channels import BELLS, FAULTS, KNOWN
from drivers.nellcor.codec import COLUMNS
from drivers.nellcor.driver import NellcorDialogue, alarms, reading
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity
from tests.captures import load_all

CAPTURES = {capture.path.stem: capture.frames for capture in load_all(Path(__file__).parent / "captures")}
Said = tuple[float | int | str | None, str, str | None]


def hear(*lines: bytes) -> list[Output]:
    return list(NellcorDialogue(NoSettings(), Port()).receive(b"".join(line + b"\r\n" for line in lines), 0.0))


def reports(*lines: bytes) -> list[Report]:
    return [output for output in hear(*lines) if isinstance(output, Report)]


def in_short(report: Report) -> list[Said]:
    return [(r.value, r.validity.value, r.reason.value if r.reason else None) for r in report.readings]


def limit_low(raw: str = "SL") -> Alarm:
    return Alarm(AlarmCode.LIMIT_LOW, "saturation low", source="spo2", raw=raw)


def test_a_real_line_in_full() -> None:
    (report,) = reports(CAPTURES["02_n560_desaturation"][4])
    assert report == Report(
        [
            Reading(Metric.SPO2, 77, name="%SpO2", raw="77*"),
            Reading(Metric.PULSE_RATE, 70, name="BPM", raw="70"),
            Reading(Metric.UNMAPPED, 8, name="PA", raw="8"),
        ],
        device_time=datetime.fromisoformat("2017-12-29T07:19:07"),
        alarms=(limit_low(),),
    )


def test_a_falling_saturation_as_logged() -> None:
    said = reports(*CAPTURES["02_n560_desaturation"])
    motion = ("questionable", "motion")
    assert [in_short(report)[0] for report in said] == [
        (99, "valid", None),
        (99, *motion),
        (89, *motion),
        (79, *motion),
        (77, "valid", None),
        (73, *motion),
        (74, *motion),
    ]
    assert [report.alarms for report in said] == [(), (), *[(limit_low(),)] * 5]


def test_sensor_and_search_as_logged() -> None:
    said = reports(*CAPTURES["03_n560_sensor"])
    assert [in_short(report) for report in said] == [
        [(None, "absent", "no sensor")] * 3,
        [(None, "absent", "sensor off")] * 3,
        [(None, "absent", "sensor off")] * 3,
        [(None, "invalid", "searching")] * 2 + [(None, "absent", "searching")],
        [(94, "valid", None), (119, "valid", None), (5, "valid", None)],
        [(None, "invalid", "searching")] * 2 + [(None, "absent", "searching")],
    ]
    assert [[alarm.code.value for alarm in report.alarms or ()] for report in said] == [
        ["no_sensor"], ["sensor_off"], ["sensor_off"], [], [], []
    ]  # fmt: skip


def test_the_model_is_told_once_and_again_when_it_changes() -> None:
    header = CAPTURES["01_n560_motion"][5:]
    other = CAPTURES["02_n560_desaturation"][6]
    outputs = hear(*header, *header, other, *header)
    assert outputs == [
        Identity("", "Nellcor", "N-560", firmware=version, dialect="ASCII")
        for version in ("1.61.00", "1.56.00", "1.61.00")
    ]


def test_alarm_off_is_neither_an_alarm_nor_a_fault() -> None:
    for report in reports(*CAPTURES["01_n560_motion"][:5]):
        assert report.alarms == ()
        assert report.readings[0].validity in (Validity.VALID, Validity.QUESTIONABLE)


def test_lines_by_hand() -> None:
    good, low, gone = reports(*CAPTURES["04_by_hand"])
    assert in_short(good) == [(97, "valid", None), (72, "valid", None), (41, "valid", None)]
    assert in_short(low) == [(88, "valid", None), (121, "valid", None), (30, "valid", None)]
    assert low.alarms == (limit_low(), Alarm(AlarmCode.LIMIT_HIGH, "pulse high", source="pulse", raw="PH"))
    assert in_short(gone) == [(None, "absent", "no sensor")] * 3


@pytest.mark.parametrize(
    ("code", "value", "validity", "reason"),
    [
        ("SD", None, "invalid", "no sensor"),
        ("SO", None, "invalid", "sensor off"),
        ("LM", None, "invalid", "interference"),
        ("LP", None, "invalid", "low signal"),
        ("PS", None, "invalid", "searching"),
        ("MO", 97, "questionable", "motion"),
        ("XX", 97, "questionable", "other"),
        *((code, 97, "valid", None) for code in ("AO", "AS", "LB", "PH", "PL", "SH", "SL")),
    ],
)
def test_what_a_code_makes_of_a_number(code: str, value: int | None, validity: str, reason: str | None) -> None:
    for codes in ((code,), ("AO", code), (code, "MO", "AS") if validity == "invalid" else (code,)):
        for name in ("%SpO2", "BPM", "PA"):
            said = reading(name, "97", codes)
            assert (said.value, said.validity, said.reason) == (value, validity, reason)


@pytest.mark.parametrize("text", ["---", "---*", "0", "0*", "00", "000"])
def test_dashes_and_noughts_are_never_a_value(text: str) -> None:
    for codes in ((), *((code,) for code in (*KNOWN, "XX"))):
        for name in ("%SpO2", "BPM"):
            said = reading(name, text, codes)
            assert said.value is None
            assert said.validity in (Validity.ABSENT, Validity.INVALID)
            assert said.reason is not None
            assert said.raw == text


def test_nought_without_a_reason_is_implausible() -> None:
    assert reading("BPM", "0", ()).reason is Reason.IMPLAUSIBLE
    assert reading("PA", "0", ()).value == 0


def test_an_unknown_code_is_passed_on() -> None:
    (report,) = reports(b"22-Nov-26 09:30:15   97      72       41    MO XX")
    assert report.readings[-1] == Reading(Metric.UNMAPPED, "XX", name="Status", raw="XX")
    assert report.alarms == ()


@pytest.mark.parametrize(
    ("codes", "stars", "expected"),
    [
        ((), (), []),
        (("SL",), ("%SpO2",), [("limit_low", "spo2", "SL")]),
        ((), ("%SpO2",), [("unknown", "spo2", "*")]),
        ((), ("BPM",), [("unknown", "pulse", "*")]),
        (("SL",), ("%SpO2", "BPM"), [("limit_low", "spo2", "SL"), ("unknown", "pulse", "*")]),
        ((), ("PA",), []),
        (("LB", "LP"), (), [("battery_low", "", "LB"), ("low_signal", "", "LP")]),
        (("AO", "AS", "MO", "PS"), (), []),
    ],
)
def test_what_rings(codes: tuple[str, ...], stars: tuple[str, ...], expected: list[tuple[str, str, str]]) -> None:
    assert [(alarm.code.value, alarm.source, alarm.raw) for alarm in alarms(codes, stars)] == expected


def test_each_code_has_a_meaning_and_a_column() -> None:
    assert COLUMNS.keys() == KNOWN
    assert len({fault.code for fault in FAULTS}) == len(FAULTS)
    assert BELLS.keys() < KNOWN
