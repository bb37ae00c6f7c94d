from datetime import datetime
from pathlib import Path

import pytest

from drivers.api import Alarm, Damage, Identity, NoSettings, Output, Port, Reading, Report
from drivers.masimo.channels import CHANNELS, FAULTS, HEALTHY, NOT_READINGS, UNNAMED
from drivers.masimo.codec import FORMS
from drivers.masimo.driver import MasimoDialogue, alarms, reading
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity
from tests.captures import load_all

LINES = {capture.path.stem[:2]: capture.frames for capture in load_all(Path(__file__).parent / "captures")}
HEAD = "02/24/18 04:48:53 "


def hear(*lines: str | bytes) -> list[Output]:
    dialogue = MasimoDialogue(NoSettings(), Port())
    texts = [line.encode() if isinstance(line, str) else line for line in lines]
    return list(dialogue.receive(b"".join(text + b"\r\n" for text in texts), 0.0))


def the_report(line: str | bytes) -> Report:
    (report,) = (output for output in hear(line) if isinstance(output, Report))
    return report


def documented(line: bytes) -> dict[str, tuple[float | str | None, str, str | None]]:
    return {
        r.name: (r.value, r.validity.value, None if r.reason is None else r.reason.value)
        for r in the_report(line).readings
    }


NOT_MEASURED = (None, "absent", "not available")
SPCO_ETC = dict.fromkeys(("SPCO", "SPMET", "DESAT", "PIDELTA"), NOT_MEASURED)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("01", {"SPO2": (97, "valid", None), "BPM": (80, "valid", None), "PI": (4.96, "valid", None), **SPCO_ETC}),
        (
            "02",
            dict.fromkeys(("SPO2", "BPM", "PI", "SPCO", "SPMET", "DESAT", "PIDELTA"), (None, "absent", "no sensor")),
        ),
        (
            "03",
            {
                **dict.fromkeys(("SPO2", "BPM"), (None, "invalid", "sensor off")),
                **dict.fromkeys(("PI", "SPCO", "SPMET", "DESAT", "PIDELTA"), (None, "absent", "sensor off")),
            },
        ),
        ("04", {**dict.fromkeys(("SPO2", "BPM", "PI"), NOT_MEASURED), **SPCO_ETC, "PVI": NOT_MEASURED}),
        (
            "05",
            {
                "SPO2": (98, "questionable", "low signal"),
                "BPM": (123, "questionable", "low signal"),
                "PI": (0.55, "questionable", "low signal"),
                **dict.fromkeys(("SPCO", "SPMET", "SPHB", "SPOC", "DESAT", "PIDELTA", "PVI"), NOT_MEASURED),
            },
        ),
        ("06", {"SPO2": (97, "valid", None), "BPM": (64, "valid", None), "PI": (11.82, "valid", None)}),
        (
            "07",
            dict.fromkeys(
                ("SPO2", "BPM", "PI", "SPCO", "SPMET", "DESAT", "PIDELTA", "PVI"), (None, "invalid", "sensor off")
            ),
        ),
        ("10", {"SPO2": (98, "valid", None), "BPM": (57, "valid", None), "PI": (7.02, "valid", None), **SPCO_ETC}),
    ],
)
def test_foreign_lines_say_what_is_documented(number: str, expected: dict[str, tuple[float | None, str, str]]) -> None:
    (line,) = LINES[number]
    assert documented(line) == expected


def test_the_rad8_line_in_full() -> None:
    identity, report = hear(*LINES["01"])
    assert identity == Identity(manufacturer="Masimo", serial="0000145838", dialect="ASCII 1")
    assert isinstance(report, Report)
    assert report.device_time == datetime.fromisoformat("2018-02-24T04:48:53")
    assert report.alarms == ()
    assert report.readings[:4] == [
        Reading(Metric.SPO2, 97, name="SPO2", raw="097%"),
        Reading(Metric.PULSE_RATE, 80, name="BPM", raw="080"),
        Reading(Metric.PERFUSION_INDEX, 4.96, "%", name="PI", raw="04.96%"),
        Reading(Metric.CARBOXYHAEMOGLOBIN, None, None, Validity.ABSENT, Reason.NOT_AVAILABLE, name="SPCO", raw="--.-%"),
    ]


def test_five_seconds_of_a_rad8_are_five_reports_of_one_device() -> None:
    identity, *reports = hear(*LINES["09"])
    assert isinstance(identity, Identity)
    said = [[r.value for r in report.readings[:3]] for report in reports if isinstance(report, Report)]
    assert said == [[98, 97, 3.60], [98, 96, 3.95], [98, 96, 4.25], [98, 96, 3.19], [98, 97, 2.41]]


def test_the_trend_line_of_ascii_2_is_damage_and_nothing_else() -> None:
    assert hear(*LINES["08"]) == [Damage("ASCII 2 trend line", len(LINES["08"][0]) + 2)]


def test_test_string_values_are_read_when_the_sensor_is_on() -> None:
    line = LINES["07"][0].replace(b"EXC=000820", b"EXC=000800")
    values = {r.metric: (r.value, r.unit) for r in the_report(line).readings}
    assert values == {
        Metric.SPO2: (98, None),
        Metric.PULSE_RATE: (240, None),
        Metric.PERFUSION_INDEX: (20.0, "%"),
        Metric.CARBOXYHAEMOGLOBIN: (1.0, None),
        Metric.METHAEMOGLOBIN: (0.5, None),
        Metric.DESATURATION_INDEX: (1, None),
        Metric.PERFUSION_INDEX_DELTA: (-2, None),
        Metric.PLETH_VARIABILITY_INDEX: (27, None),
    }


def test_a_serial_number_is_told_once_and_again_when_it_changes() -> None:
    a, b = (f"{HEAD}SN=000000000{n} SPO2=097% BPM=080 EXC=000800" for n in (1, 2))
    unknown = f"{HEAD}SN=---------- SPO2=097% BPM=080 EXC=000800"
    serials = [output.serial for output in hear(unknown, a, a, unknown, a, b, b) if isinstance(output, Identity)]
    assert serials == ["0000000001", "0000000002"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(("SPO2", text) for text in ("---%", "000%", "-97%", "0--%")),
        *(("BPM", text) for text in ("---", "---%", "000", "000%", "-80")),
        *(("PI", text) for text in ("--.--%", "--.--", "00.00%", "00.00")),
        *(("SPCO", "--.-%"), ("SPCO", "--%"), ("SPMET", "--.-%"), ("SPHB", "--.-"), ("SPOC", "--"), ("PVI", "---")),
        *(("DESAT", "--"), ("PIDELTA", "+--"), ("PIDELTA", "---"), ("X1", "---"), ("X1", "+-.-%")),
    ],
)
def test_dashes_and_zeros_for_a_reading_are_never_a_value(key: str, text: str) -> None:
    for exc in (0, *(1 << place for place in range(28))):
        said = reading(key, text, exc)
        assert said.value is None
        assert said.validity is Validity.ABSENT
        assert said.reason is not None
        assert said.raw == text


@pytest.mark.parametrize(("key", "text"), [("SPCO", "00.0%"), ("DESAT", "00"), ("PIDELTA", "+00"), ("PVI", "000")])
def test_zero_is_a_value_of_the_other_parameters(key: str, text: str) -> None:
    assert (reading(key, text, HEALTHY.bit).value, reading(key, text, HEALTHY.bit).validity) == (0, Validity.VALID)


def test_a_passing_fault_explains_dashes_only_of_what_each_sensor_measures() -> None:
    why = {key: reading(key, text, 0x000804).reason for key, text in (("SPO2", "---%"), ("BPM", "---"), ("PVI", "---"))}
    assert why == {"SPO2": Reason.LOW_PERFUSION, "BPM": Reason.LOW_PERFUSION, "PVI": Reason.NOT_AVAILABLE}


@pytest.mark.parametrize(
    ("exc", "validity", "reason"),
    [
        (0x000000, Validity.VALID, None),
        (0x000800, Validity.VALID, None),
        (0x000001, Validity.INVALID, Reason.NO_SENSOR),
        (0x000802, Validity.INVALID, Reason.SENSOR_FAULT),
        (0x000804, Validity.QUESTIONABLE, Reason.LOW_PERFUSION),
        (0x000808, Validity.INVALID, Reason.SEARCHING),
        (0x000810, Validity.QUESTIONABLE, Reason.INTERFERENCE),
        (0x000820, Validity.INVALID, Reason.SENSOR_OFF),
        (0x000840, Validity.QUESTIONABLE, Reason.INTERFERENCE),
        (0x000880, Validity.INVALID, Reason.SENSOR_FAULT),
        (0x000900, Validity.INVALID, Reason.SENSOR_FAULT),
        (0x000A00, Validity.QUESTIONABLE, Reason.OTHER),
        (0x000C00, Validity.QUESTIONABLE, Reason.LOW_SIGNAL),
        (0x001800, Validity.QUESTIONABLE, Reason.NO_SENSOR),
        (0x002800, Validity.QUESTIONABLE, Reason.SENSOR_FAULT),
        (0x004800, Validity.QUESTIONABLE, Reason.SENSOR_FAULT),
        (0x008800, Validity.QUESTIONABLE, Reason.SENSOR_FAULT),
        (0x010800, Validity.QUESTIONABLE, Reason.SENSOR_FAULT),
        (0x020800, Validity.QUESTIONABLE, Reason.CALIBRATING),
        (0x040800, Validity.QUESTIONABLE, Reason.SENSOR_FAULT),
        (0x080800, Validity.QUESTIONABLE, Reason.SENSOR_FAULT),
        (0x100800, Validity.QUESTIONABLE, Reason.SENSOR_FAULT),
        (0x200800, Validity.VALID, None),
        (0x400800, Validity.VALID, None),
        (0x8000800, Validity.QUESTIONABLE, Reason.OTHER),
        (0x000824, Validity.INVALID, Reason.SENSOR_OFF),
        (0x001C0D, Validity.INVALID, Reason.NO_SENSOR),
    ],
)
def test_exceptions_decide_what_a_number_is_worth(exc: int, validity: Validity, reason: Reason | None) -> None:
    value = None if validity is Validity.INVALID else 97
    assert reading("SPO2", "097%", exc) == Reading(Metric.SPO2, value, None, validity, reason, "SPO2", "097%")


def test_only_the_six_bits_of_the_rule_disown_a_number() -> None:
    disowning = {1 << place for place in range(28) if reading("BPM", "080", 1 << place).value is None}
    assert disowning == {0x0001, 0x0002, 0x0008, 0x0020, 0x0080, 0x0100}


def test_low_confidence_speaks_of_one_parameter() -> None:
    assert reading("SPCO", "01.0%", 0x200800)[3:5] == (Validity.QUESTIONABLE, Reason.LOW_SIGNAL)
    assert reading("SPMET", "01.0%", 0x200800).validity is Validity.VALID
    assert reading("SPMET", "01.0%", 0x400800)[3:5] == (Validity.QUESTIONABLE, Reason.LOW_SIGNAL)
    assert reading("SPCO", "--.-%", 0x200800).reason is Reason.LOW_SIGNAL


def test_a_value_whose_unit_nobody_knows_is_questionable() -> None:
    for key, text, value in (("SPHB", "12.5", 12.5), ("SPOC", "18", 18)):
        said = reading(key, text, HEALTHY.bit)
        assert (said.value, said.unit) == (value, None)
        assert (said.validity, said.reason) == (Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN)


def test_an_unknown_key_is_published_as_it_stands() -> None:
    report = the_report(f"{HEAD}SPO2=097% BPM=080 RRA=14 EXC=000800")
    assert report.readings[-1] == Reading(Metric.UNMAPPED, "14", name="RRA", raw="14")


def test_each_key_of_the_codec_has_a_meaning_or_is_left_out_on_purpose() -> None:
    assert CHANNELS.keys() | NOT_READINGS == FORMS.keys()
    assert not CHANNELS.keys() & NOT_READINGS


def test_each_bit_stands_in_one_row() -> None:
    bits = [fault.bit for fault in (*FAULTS, HEALTHY)]
    assert len(set(bits)) == len(bits)
    assert all(bit & ~UNNAMED.bit for bit in bits)


SPO2_LOW = Alarm(AlarmCode.LIMIT_LOW, "SpO2 low", source="spo2", raw="0002")
ALARM_ACTIVE = Alarm(AlarmCode.UNKNOWN, "alarm active", raw="0010")


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (0x0000, ()),
        (0x0001, (Alarm(AlarmCode.LIMIT_HIGH, "SpO2 high", source="spo2", raw="0001"),)),
        (0x0012, (SPO2_LOW,)),
        (0x0032, (SPO2_LOW,)),
        (0x0014, (Alarm(AlarmCode.LIMIT_HIGH, "pulse high", source="pulse", raw="0004"),)),
        (0x001A, (SPO2_LOW, Alarm(AlarmCode.LIMIT_LOW, "pulse low", source="pulse", raw="0008"))),
        (0x0010, (ALARM_ACTIVE,)),
        (0x0020, ()),
        (0x0030, (ALARM_ACTIVE,)),
        (0x0050, (ALARM_ACTIVE, Alarm(AlarmCode.UNKNOWN, "bit 0040: battery low", raw="0040"))),
        (0x0080, (Alarm(AlarmCode.UNKNOWN, "bit 0080: no known meaning", raw="0080"),)),
        (0x2000, (Alarm(AlarmCode.UNKNOWN, "bit 2000: PI delta", raw="2000"),)),
        (0x800000, (Alarm(AlarmCode.UNKNOWN, "bit 800000: no known meaning", raw="800000"),)),
    ],
)
def test_alarm_bits(bits: int, expected: tuple[Alarm, ...]) -> None:
    assert alarms(bits) == expected


@pytest.mark.parametrize(("number", "expected"), [("03", (ALARM_ACTIVE,)), ("05", ()), ("06", ()), ("07", ())])
def test_alarms_of_foreign_lines(number: str, expected: tuple[Alarm, ...]) -> None:
    assert the_report(LINES[number][0]).alarms == expected


def test_the_silenced_pulse_alarm_of_a_rad8_is_still_an_alarm() -> None:
    assert the_report(LINES["10"][0]).alarms == (Alarm(AlarmCode.LIMIT_LOW, "pulse low", source="pulse", raw="0008"),)


def test_a_line_without_alarm_bits_says_nothing_of_alarms() -> None:
    assert the_report(f"{HEAD}SPO2=097% BPM=080 EXC=000800").alarms is None
