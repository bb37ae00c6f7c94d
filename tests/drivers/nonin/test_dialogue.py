from datetime import datetime
from pathlib import Path

import pytest

from drivers.api import Alarm, Announcement, Identity, Output, Port, Reading, Report, Waveform
from drivers.nonin import averages, packets, spot
from drivers.nonin.codec import Averages, Format, Packet, Spot, TextLine
from drivers.nonin.driver import NoninDialogue, NoninSettings
from drivers.nonin.packets import floats
from drivers.vocabulary import AlarmCode, EventKind, Metric, Reason, Validity
from tests.captures import load_all

CAPTURES = {capture.path.stem: capture.frames for capture in load_all(Path(__file__).parent / "captures")}
TAKEN = datetime.fromisoformat("2026-11-22T09:30:15")
SENSOR_OFF = (Alarm(AlarmCode.SENSOR_OFF, "sensor alarm"),)
BATTERY = (Alarm(AlarmCode.BATTERY_LOW, "low battery"),)
Said = tuple[float | int | str | None, str, str | None]


def hear(kind: Format, *data: bytes) -> list[Output]:
    dialogue = NoninDialogue(NoninSettings(kind), Port())
    outputs = [output for piece in data for output in dialogue.receive(piece, 0.0)]
    return [*outputs, *dialogue.tick(3600.0)]


def reports(kind: Format, *data: bytes) -> list[Report]:
    return [output for output in hear(kind, *data) if isinstance(output, Report)]


def in_short(report: Report) -> dict[str, Said]:
    return {r.name: (r.value, r.validity.value, r.reason.value if r.reason else None) for r in report.readings}


def packet(
    spo2_d: int = 97, hr_d: int = 72, *, status: int = 0, in_frame: int | None = None, colour: int = 0, stat2: int = 0
) -> Packet:
    """The plain values are always gone: what is published must come from the display's."""
    statuses = [0x81 | status * (in_frame is None) | colour] + [0x80 | status * (in_frame is None)] * 24
    if in_frame is not None:
        statuses[in_frame] |= status
    laid = floats(
        {packets.SPO2: 127, packets.SPO2_D: spo2_d, packets.SREV: 0x94, packets.STAT2: stat2},
        {packets.HR: 511, packets.HR_D: hr_d},
    )
    return Packet("df2", bytes(statuses), tuple(range(25)), laid)


# --- foreign bytes


def test_the_public_log_in_full() -> None:
    identity, report, wave = hear("df2", b"".join(CAPTURES["01_df2_log"]))
    assert identity == Identity(manufacturer="Nonin", firmware="94", dialect="data format 2")
    assert report == Report(
        [
            Reading(Metric.SPO2, 96, name="SpO2-D", raw="60"),
            Reading(Metric.PULSE_RATE, 74, name="HR-D", raw="004A"),
        ],
        alarms=(),
    )
    assert isinstance(wave, Waveform)
    assert (wave.metric, wave.name, wave.unit, wave.validity) == (Metric.PLETH, "pleth", "1", Validity.VALID)
    assert wave.samples[:6] == (0x43, 0x43, 0x43, 0x43, 0x43, 0x41)
    assert len(wave.samples) * wave.period_s == pytest.approx(1 / 3)


def test_format_8_as_made_by_hand() -> None:
    good, weak, lost = reports("df8", b"".join(CAPTURES["05_df8_frames"]))
    assert in_short(good) == {"SP": (97, "valid", None), "HR": (72, "valid", None)}
    assert in_short(weak) == {
        "SP": (93, "valid", None),
        "HR": (150, "valid", None),
        "perfusion": ("low", "valid", None),
    }
    assert in_short(lost) == {"SP": (None, "absent", "sensor off"), "HR": (None, "absent", "sensor off")}
    assert [report.alarms for report in (good, weak, lost)] == [(), (), SENSOR_OFF]


def test_the_spot_measurement_carries_its_own_time() -> None:
    (report,) = reports("df13", CAPTURES["06_df13_spot"][0])
    assert report == Report(
        [
            Reading(Metric.SPO2, 97, name="SpO2", raw="61", device_time=TAKEN),
            Reading(Metric.PULSE_RATE, 72, name="HR", raw="0048", device_time=TAKEN),
        ],
        device_time=TAKEN,
        alarms=(),
    )


def test_lines_as_in_the_operators_manuals() -> None:
    good, fast, event, lost, clock = reports("ascii", b"\r\n".join([*CAPTURES["07_ascii"], b""]))
    for report in (good, fast, event, clock):
        assert report.readings == [
            Reading(Metric.SPO2, 97, name="SPO2", raw="097"),
            Reading(Metric.PULSE_RATE, 72, name="HR", raw="072"),
        ]
        assert (report.alarms, report.device_time) == (None, None)
    assert in_short(lost) == {"SPO2": (None, "absent", "not available"), "HR": (None, "absent", "not available")}


# --- what must never look valid


@pytest.mark.parametrize("in_frame", [None, *range(25)])
def test_a_display_value_held_after_the_finger_has_gone_is_not_valid(in_frame: int | None) -> None:
    held = packet(status=packets.SENSOR_ALARM, in_frame=in_frame)
    (report,) = reports("df2", held.encode())
    assert in_short(report) == {"SpO2-D": (None, "invalid", "held"), "HR-D": (None, "invalid", "held")}
    assert report.alarms == SENSOR_OFF


@pytest.mark.parametrize(
    ("spo2", "hr", "status", "expected_spo2", "expected_hr"),
    [
        (97, 72, 0, (97, "valid", None), (72, "valid", None)),
        (127, 511, 0, (None, "absent", "not available"), (None, "absent", "not available")),
        (97, 511, 0, (97, "valid", None), (None, "absent", "not available")),
        (127, 72, 0, (None, "absent", "not available"), (72, "valid", None)),
        (127, 511, packets.SENSOR_ALARM, (None, "absent", "sensor off"), (None, "absent", "sensor off")),
        (127, 511, packets.OUT_OF_TRACK, (None, "absent", "low signal"), (None, "absent", "low signal")),
        (97, 72, packets.OUT_OF_TRACK, (97, "questionable", "low signal"), (72, "questionable", "low signal")),
        (97, 72, packets.OUT_OF_TRACK | packets.SENSOR_ALARM, (None, "invalid", "held"), (None, "invalid", "held")),
        (97, 72, packets.ARTIFACT, (97, "valid", None), (72, "valid", None)),
        (101, 17, 0, (None, "invalid", "implausible"), (None, "invalid", "implausible")),
        (126, 322, 0, (None, "invalid", "implausible"), (None, "invalid", "implausible")),
        (0, 0, 0, (0, "questionable", "implausible"), (None, "invalid", "implausible")),
        (100, 321, 0, (100, "valid", None), (321, "valid", None)),
        (1, 18, 0, (1, "valid", None), (18, "valid", None)),
    ],
)
def test_what_a_number_is_worth_in_formats_2_and_8(
    spo2: int, hr: int, status: int, expected_spo2: Said, expected_hr: Said
) -> None:
    (report,) = reports("df2", packet(spo2, hr, status=status).encode())
    assert in_short(report) == {"SpO2-D": expected_spo2, "HR-D": expected_hr}
    status_8 = averages.OUT_OF_TRACK * bool(status & packets.OUT_OF_TRACK)
    status_8 |= averages.ARTIFACT * bool(status & packets.ARTIFACT)
    status2_8 = averages.SENSOR_ALARM * bool(status & packets.SENSOR_ALARM)
    (report,) = reports("df8", Averages(status_8, hr, spo2, status2_8).encode())
    assert in_short(report) == {"SP": expected_spo2, "HR": expected_hr}


def test_no_sentinel_becomes_a_value_whatever_stands_beside_it() -> None:
    for status in range(0, 0x80, 4):
        for status2 in range(0x80):
            (report,) = reports("df8", Averages(status & 0x7C, 511, 127, status2).encode())
            numbers = [r for r in report.readings if r.metric in (Metric.SPO2, Metric.PULSE_RATE)]
            assert {(r.value, r.validity) for r in numbers} == {(None, Validity.ABSENT)}


def test_a_bit_that_one_program_reads_as_disconnected_is_a_doubt() -> None:
    (report,) = reports("df8", Averages(averages.DISCONNECTED, 72, 97, 0).encode())
    assert in_short(report)["SP"] == (97, "questionable", "no sensor")


@pytest.mark.parametrize(
    ("status", "spo2", "hr", "expected"),
    [
        (spot.SMART_POINT, 97, 72, (97, "valid", None)),
        (0, 97, 72, (97, "questionable", "low signal")),
        (spot.SMART_POINT, 127, 511, (None, "absent", "not available")),
        (spot.NO_MEASUREMENT, 127, 511, (None, "absent", "not available")),
        (spot.NO_MEASUREMENT, 97, 72, (None, "invalid", "disowned")),
        (spot.NO_MEASUREMENT | spot.SMART_POINT, 97, 72, (None, "invalid", "disowned")),
    ],
)
def test_what_a_spot_measurement_is_worth(status: int, spo2: int, hr: int, expected: Said) -> None:
    (report,) = reports("df13", Spot(TAKEN, status, hr, spo2).encode())
    assert in_short(report)["SpO2"] == expected


def test_a_measurement_from_memory_is_old_news() -> None:
    (report,) = reports("df13", Spot(TAKEN, spot.SMART_POINT | spot.FROM_MEMORY, 72, 97).encode())
    assert (report.late, report.device_time) == (True, None)
    assert {reading.device_time for reading in report.readings} == {TAKEN}


def test_a_measurement_without_a_time_is_of_unknown_age() -> None:
    (report,) = reports("df13", Spot(None, spot.SMART_POINT, 72, 97).encode())
    assert in_short(report) == {
        "SpO2": (97, "questionable", "age unknown"),
        "HR": (72, "questionable", "age unknown"),
    }
    (report,) = reports("df13", Spot(None, spot.SMART_POINT, 511, 127).encode())
    assert {reading.validity for reading in report.readings} == {Validity.ABSENT}


# --- reports, waveforms, events


def test_three_equal_packets_are_one_report_and_three_waveforms() -> None:
    outputs = hear("df2", packet().encode() * 31)
    assert len([output for output in outputs if isinstance(output, Report)]) == 11
    assert len([output for output in outputs if isinstance(output, Waveform)]) == 31
    assert len([output for output in outputs if isinstance(output, Identity)]) == 1


def test_what_changes_is_said_at_once() -> None:
    stream = [packet(), packet(), packet(96), packet(96, status=packets.SENSOR_ALARM), packet(96)]
    said = [in_short(report)["SpO2-D"][0] for report in reports("df2", b"".join(p.encode() for p in stream))]
    assert said == [97, 96, None, 96]


@pytest.mark.parametrize(
    ("colours", "expected"),
    [
        ((packets.GREEN, packets.GREEN, packets.GREEN), ("high", "valid", None)),
        ((packets.GREEN, packets.RED | packets.GREEN, packets.GREEN), ("marginal", "valid", None)),
        ((packets.RED, packets.RED | packets.GREEN, packets.GREEN), ("low", "valid", None)),
        ((0, 0, packets.GREEN), ("high", "valid", None)),
        ((0, 0, 0), None),
    ],
)
def test_the_worst_perfusion_since_the_last_report_is_said(colours: tuple[int, ...], expected: Said | None) -> None:
    stream = [packet(), *(packet(colour=colour) for colour in colours)]
    _, report = reports("df2", b"".join(p.encode() for p in stream))
    assert in_short(report).get("perfusion") == expected


@pytest.mark.parametrize(
    ("status", "validity"),
    [
        (0, Validity.VALID),
        (packets.GREEN, Validity.VALID),
        (packets.ARTIFACT, Validity.QUESTIONABLE),
        (packets.OUT_OF_TRACK, Validity.QUESTIONABLE),
        (packets.SENSOR_ALARM, Validity.INVALID),
    ],
)
def test_what_a_waveform_is_worth(status: int, validity: Validity) -> None:
    (wave,) = (o for o in hear("df2", packet(status=status, in_frame=7).encode()) if isinstance(o, Waveform))
    assert wave.validity is validity
    assert wave.samples[7] == (None if validity is Validity.INVALID else 7)
    assert wave.samples[8] == 8


def test_without_a_finger_nothing_is_said_of_perfusion() -> None:
    stream = [packet(), packet(colour=packets.GREEN), packet(status=packets.SENSOR_ALARM, in_frame=3)]
    _, report = reports("df2", b"".join(p.encode() for p in stream))
    assert {reading.validity for reading in report.readings} == {Validity.INVALID}
    (report,) = reports("df8", Averages(averages.LOW_PERFUSION, 72, 97, averages.SENSOR_ALARM).encode())
    assert {reading.validity for reading in report.readings} == {Validity.INVALID}


def test_a_low_battery_is_an_alarm() -> None:
    assert reports("df2", packet(stat2=packets.LOW_BATTERY | 0x04).encode())[0].alarms == BATTERY
    assert reports("df2", packet(stat2=0x04).encode())[0].alarms == ()
    assert reports("df8", Averages(0, 72, 97, averages.LOW_BATTERY).encode())[0].alarms == BATTERY
    assert reports("df13", Spot(TAKEN, spot.LOW_BATTERY, 72, 97).encode())[0].alarms == BATTERY


def test_the_event_button_is_announced_once_a_press() -> None:
    lines = [TextLine("097", "072", has_event=has_event) for has_event in (False, True, True, False, True)]
    outputs = hear("ascii", b"".join(line.encode() for line in lines))
    events = [output for output in outputs if isinstance(output, Announcement)]
    assert events == [Announcement(EventKind.DEVICE_EVENT, text="event button", raw="*")] * 2


def test_a_frame_that_waits_for_silence_is_said_after_a_fifth_of_a_second() -> None:
    dialogue = NoninDialogue(NoninSettings("df8"), Port())
    assert dialogue.wake_at is None
    assert dialogue.receive(CAPTURES["05_df8_frames"][0], 10.0) == []
    assert dialogue.wake_at == 10.2
    assert dialogue.tick(10.1) == []
    identity, report = dialogue.tick(10.2)
    assert isinstance(identity, Identity)
    assert isinstance(report, Report)
    assert dialogue.wake_at is None


@pytest.mark.parametrize("reason", [Reason.HELD, Reason.SENSOR_OFF])
def test_reasons_of_a_missing_finger_never_stand_beside_a_value(reason: Reason) -> None:
    for number in range(512):
        for status2 in (0, averages.SENSOR_ALARM):
            (report,) = reports("df8", Averages(0, number, number & 0x7F, status2).encode())
            assert all(r.value is None for r in report.readings if r.reason is reason)
            assert not status2 or all(r.value is None for r in report.readings)
