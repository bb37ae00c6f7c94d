"""The conversation, in virtual time, with a simulated monitor at the other end."""

import time
from dataclasses import dataclass

import pytest

from drivers.api import Alarm, Damage, Departed, Identity, Output, Report, Request
from drivers.mindray_pds import FAMILY
from drivers.mindray_pds.codec import Heartbeat, Query
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity
from simulators.api import Cuff, Fixed, Signal, StillBedside, Vitals
from simulators.mindray_pds.device import MindrayPdsDevice, MindrayPdsDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.mindray_pds.monitors import FOLDER, NOW, capture, damage, dialogue, fresh, hear, message, reports

CUFF = Cuff(START - 60.0, 121, 77, 92, 66)
SENSOR = Alarm(AlarmCode.SENSOR_OFF, "SpO2 Sensor Off", source="technical", raw="205^SpO2 Sensor Off")
LEAD = Alarm(AlarmCode.LEAD_OFF, "ECG Lead Off", source="technical", raw="5^ECG Lead Off")
COLD = Alarm(AlarmCode.LIMIT_LOW, "T1 Too Low", source="physiological", raw="10076^**T1 Too Low")


@dataclass(frozen=True)
class Story:
    """A patient who is one thing until a moment, and another from then on."""

    steps: tuple[tuple[float, Vitals], ...]

    def at(self, now: float) -> Vitals:
        return [what for since, what in self.steps if START + since <= now or since == 0.0][-1]


def monitor(vitals: Vitals | Story) -> MindrayPdsDevice:
    patient = vitals if isinstance(vitals, Story) else Fixed(vitals)
    return MindrayPdsDevice(StillBedside(patient=patient), MindrayPdsDeviceSettings())


def talk(device: MindrayPdsDevice, seconds: float) -> Heard:
    heard = converse(FAMILY, device, seconds)
    assert not device.tampered
    assert device.violations == []
    return heard


def test_a_monitor_tells_what_its_sensors_find() -> None:
    heard = talk(monitor(Vitals(heart_rate=71.6, perfusion_index=2.1, cuff=CUFF)), 10)
    said = {r.metric: r for report in heard.reports for r in report.readings if r.metric is not Metric.UNMAPPED}
    assert {m: r.value for m, r in said.items() if r.validity is Validity.VALID} == {
        Metric.HEART_RATE: 72, Metric.SPO2: 98, Metric.PULSE_RATE: 72, Metric.PERFUSION_INDEX: 2.1, Metric.ETCO2: 38,
        Metric.RESPIRATION_RATE: 14, Metric.RESPIRATION_RATE_CO2: 14, Metric.FICO2: 0, Metric.TEMPERATURE: 36.6,
        Metric.NIBP_SYSTOLIC: 121, Metric.NIBP_DIASTOLIC: 77, Metric.NIBP_MEAN: 92, Metric.NIBP_PULSE_RATE: 66,
    }  # fmt: skip
    assert [output for output in heard.outputs if isinstance(output, Identity)] == [
        Identity(manufacturer="Mindray", dialect="Mindray PDS")
    ]
    assert heard.damage == []
    assert {report.key for report in heard.reports} == {""}, "MSH-10 is a kind: nothing is taken for a resend"


def test_an_hour_takes_about_a_second_and_asks_once() -> None:
    began = time.perf_counter()
    heard = talk(monitor(Vitals(cuff=CUFF)), 3600)
    assert heard.sent.count(Query().encode()) == 1
    assert 3590 < heard.sent.count(Heartbeat().encode()) <= 3601
    assert len([r for report in heard.reports for r in report.readings if r.metric is Metric.NIBP_SYSTOLIC]) == 1
    assert time.perf_counter() - began < 10.0


@pytest.mark.parametrize(
    ("vitals", "metric"),
    [
        (Vitals(probe="off"), Metric.SPO2), (Vitals(probe="none"), Metric.PULSE_RATE),
        (Vitals(probe="searching"), Metric.PERFUSION_INDEX), (Vitals(leads=False), Metric.HEART_RATE),
        (Vitals(co2_line=False), Metric.ETCO2), (Vitals(standby=True), Metric.TEMPERATURE),
        (Vitals(cuff=CUFF, cuff_state="failed"), Metric.NIBP_SYSTOLIC), (Vitals(), Metric.NIBP_MEAN),
    ],
)  # fmt: skip
def test_no_sensor_state_looks_valid(vitals: Vitals, metric: Metric) -> None:
    found = [r for report in talk(monitor(vitals), 3).reports for r in report.readings if r.metric is metric]
    assert found
    assert {(r.value, r.validity, r.reason) for r in found} == {(None, Validity.ABSENT, Reason.NOT_AVAILABLE)}


def test_training_messages_are_simulated() -> None:
    said = hear(message("204", "OBX||NM|101^HR|2101|72||||||F").replace(b"|P|", b"|D|"))
    assert reports(said)[0].simulated


@pytest.mark.parametrize("mark", ["|T|", "|D|"])
def test_alarms_of_a_training_message_are_simulated(mark: str) -> None:
    row = "OBX||CE|2|1|10044^**RR TOO LOW||||||F"
    played = message("54", row).replace(b"|P|", mark.encode())
    said = reports(hear(played, message("56"), message("54", row)))
    assert [(report.alarms is not None, report.simulated) for report in said] == [(True, True), (True, False)]


def test_alarms_of_rows_marked_as_a_demonstration_are_simulated() -> None:
    said = reports(hear(message("54", "OBX||CE|2|1|10044^**RR TOO LOW|||DEMO|||F"), message("56")))
    assert [report.simulated for report in said if report.alarms] == [True]


def active(outputs: list[Report]) -> list[tuple[Alarm, ...] | None]:
    return [report.alarms for report in outputs if report.alarms is not None]


def test_both_kinds_of_alarms_are_told_together() -> None:
    said = hear(capture("physiological_alarm_2020.txt"), capture("technical_alarms.txt"), message("54"))
    assert active(reports(said)) == [(COLD, SENSOR, LEAD), (SENSOR, LEAD)]


def test_alarms_of_one_kind_wait_for_the_other_but_not_for_ever() -> None:
    device = dialogue()
    assert active(reports(list(device.receive(capture("technical_alarms.txt"), NOW)))) == []
    assert active(reports(list(device.tick(NOW + 1.0)))) == []
    assert active(reports(list(device.tick(NOW + 3.0)))) == [(SENSOR, LEAD)]


def test_a_monitor_that_is_gone_has_ended_no_alarm() -> None:
    """Also if nobody woke us between: the alarms are told first, and none are after it has departed."""
    device = dialogue()
    device.receive(capture("technical_alarms.txt"), NOW)
    said = [output for output in device.tick(NOW + 60.0) if isinstance(output, Report | Departed)]
    assert said == [Report((), alarms=(SENSOR, LEAD)), Departed("", "no heartbeat")]


def test_limits_are_named_by_the_devices_words() -> None:
    (alarms,) = active(reports(hear(capture("physiological_alarms.txt"), message("56"))))
    assert alarms is not None
    assert [(a.code, a.text, a.priority) for a in alarms] == [
        (AlarmCode.LIMIT_HIGH, "SpO2 TOO HIGH", None), (AlarmCode.LIMIT_HIGH, "Art-Sys TOO HIGH", None),
        (AlarmCode.LIMIT_HIGH, "CVP-Mean TOO HIGH", None), (AlarmCode.LIMIT_LOW, "HR TOO LOW", None),
        (AlarmCode.LIMIT_LOW, "RR TOO LOW", None),
    ]  # fmt: skip


def test_an_alarm_begins_and_ends() -> None:
    low = Signal(AlarmCode.LIMIT_LOW, "HR TOO LOW")
    off = Signal(AlarmCode.SENSOR_OFF, "SpO2 Sensor Off")
    story = Story(((0.0, Vitals()), (20.0, Vitals(alarms=(low, off))), (40.0, Vitals(alarms=(off,)))))
    said = [tuple(a.text for a in alarms or ()) for alarms in active(talk(monitor(story), 60).reports)]
    assert said[0] == ()
    assert ("HR TOO LOW", "SpO2 Sensor Off") in said
    assert said[-1] == ("SpO2 Sensor Off",)


def queries(said: list[tuple[int, Output]]) -> list[tuple[int, bool]]:
    return [(at, output.by_id) for at, output in said if isinstance(output, Query)]


def test_a_silent_monitor_departs_once_and_is_asked_again_ever_less_often() -> None:
    device = dialogue()
    device.receive(capture("periodic.txt"), NOW)
    said = [(at, output) for at in range(1, 301) for output in device.tick(NOW + at)]
    assert [(at, output) for at, output in said if isinstance(output, Departed)] == [(15, Departed("", "no heartbeat"))]
    assert queries(said) == [
        (15, False), (20, False), (30, True), (50, False), (90, True), (150, False), (210, True), (270, False),
    ]  # fmt: skip
    assert sum(isinstance(output, Heartbeat) for _, output in said) == 300
    back = device.receive(capture("periodic.txt"), NOW + 300)
    assert [output for output in back if isinstance(output, Query)] == [Query()], "it may have forgotten"
    again = [(at, output) for at in range(301, 315) for output in device.tick(NOW + at)]
    assert queries(again) == []


def test_a_heartbeat_is_life_but_no_data() -> None:
    device = dialogue()
    said: list[tuple[int, Output]] = []
    for at in range(1, 60):
        said += [(at, output) for output in device.tick(NOW + at)]
        assert device.receive(capture("heartbeat.txt"), NOW + at) == []
    assert not any(isinstance(output, Departed) for _, output in said)
    assert queries(said) == [(5, False), (15, True), (35, False)]


def test_a_monitor_that_forgets_the_query_is_asked_again() -> None:
    device = dialogue()
    device.receive(capture("periodic.txt"), NOW + 1)
    said: list[tuple[int, Output]] = []
    for at in range(2, 20):
        said += [(at, output) for output in device.tick(NOW + at)]
        device.receive(capture("heartbeat.txt") + message("54") + capture("aperiodic.txt"), NOW + at)
    assert queries(said) == [(16, False)]


def test_a_monitor_that_wants_ids_gets_them() -> None:
    device = MindrayPdsDevice(StillBedside(), MindrayPdsDeviceSettings(only_by_id=True))
    heard = talk(device, 120)
    assert heard.sent.count(Query().encode()) == 2
    assert heard.sent.count(Query(by_id=True).encode()) == 1
    rates = [r for report in heard.reports for r in report.readings if r.metric is Metric.HEART_RATE]
    assert 100 < len(rates) < 110


def test_a_monitor_that_ends_lines_with_line_feeds() -> None:
    device = MindrayPdsDevice(StillBedside(), MindrayPdsDeviceSettings(line_feeds=True))
    heard = talk(device, 10)
    assert heard.damage == [Damage("line ends", 0)]
    assert any(r.metric is Metric.SPO2 and r.value == 98 for report in heard.reports for r in report.readings)


def test_waveforms_between_the_rows_spoil_nothing() -> None:
    """A public client of an iPM10 saw binary ZMW segments among the others."""
    wave = b"ZMW|" + bytes((204, 208, 132, 147, 130, 128, 128, 200, 128, 210)) + b"\r"
    data = capture("periodic.txt").replace(b"OBX||NM|102", wave + b"OBX||NM|102")
    found = [r for report in reports(hear(data)) for r in report.readings]
    theirs = [r for report in reports(hear(capture("periodic.txt"))) for r in report.readings]
    assert found == theirs


def test_alarms_are_told_when_they_change_only() -> None:
    device = dialogue()
    for at in range(5):
        said = device.receive(capture("technical_alarms.txt") + message("54"), NOW + at)
        assert active(reports(list(said))) == ([(SENSOR, LEAD)] if at == 0 else [])
    assert active(reports(list(device.receive(message("56"), NOW + 6)))) == [()]


def test_an_alarm_row_without_words_is_none() -> None:
    said = hear(message("54", "OBX||CE|2||0^||||||F"), message("56"))
    assert active(reports(said)) == [()]
    assert [(r.metric, r.name, r.value) for report in reports(said) for r in report.readings] == [
        (Metric.UNMAPPED, "2", "0")
    ]


def test_golden_transcript() -> None:
    """All bytes sent from start over damage, silence and return; kept in transcript.txt."""
    said = (line.partition("|") for line in (FOLDER / "transcript.txt").read_text().splitlines() if line[:1] != "#")
    golden = [(float(at), bytes.fromhex(data)) for at, _, data in said]
    talk = fresh()
    sent = [(0.0, output) for output in talk.open(NOW)]
    heard = {
        2: capture("t8.txt"), 4: b"\xff\x0bMSH|^~\\&|broken", 6: message("1", "MSA|AE|1"),
        30: capture("heartbeat.txt"), 32: capture("t8.txt"),
    }  # fmt: skip
    for at in range(1, 36):
        sent += [(at, output) for output in talk.tick(NOW + at)]
        sent += [(at, output) for output in talk.receive(heard.get(at, b""), NOW + at)]
    sent += [(36.0, output) for output in talk.close(NOW + 36)]
    assert [(at, output.encode()) for at, output in sent if isinstance(output, Request)] == golden


def test_a_frame_that_nobody_finishes_is_given_up() -> None:
    device = dialogue()
    device.receive(capture("periodic.txt")[:40], NOW)
    assert device.wake_at is not None
    assert damage([o for at in range(1, 12) for o in device.tick(NOW + at)]) == [Damage("frame not finished", 40)]


def test_other_messages_are_damage_and_never_answered() -> None:
    data = message("101", "PID|||4711||Testcase^Alpha").replace(b"ORU^R01", b"ADT^A01")
    said = hear(data)
    assert [output.reason for output in damage(said)] == ["unsupported message type"]
    assert len(said) == 1


def test_a_row_without_a_parameter_is_counted() -> None:
    said = hear(message("204", "OBX||NM||2101|5||||||F", "OBX||NM|101^HR|2101|72||||||F"))
    assert [output.reason for output in damage(said)] == ["row without a parameter"]
    assert reports(said)[0].readings[0].value == 72


def test_a_closed_dialogue_says_nothing_more() -> None:
    device = dialogue()
    assert device.close(NOW + 1) == []
    assert device.wake_at is None
    assert device.tick(NOW + 100) == []
    assert device.receive(capture("periodic.txt"), NOW + 101) == []
    assert device.wake_at is None
