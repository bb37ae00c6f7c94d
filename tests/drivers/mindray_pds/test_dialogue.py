"""The conversation, in virtual time, with a simulated monitor at the other end."""

import time
from dataclasses import dataclass

import pytest

from drivers.api import Alarm, Damage, Departed, Identity, Output, Report
from drivers.mindray_pds import FAMILY
from drivers.mindray_pds.codec import Heartbeat, Query
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity
from simulators.api import Cuff, Fixed, Signal, StillBedside, Vitals
from simulators.mindray_pds.device import MindrayPdsDevice, MindrayPdsDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.mindray_pds.monitors import NOW, capture, damage, dialogue, hear, message, reports

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
    assert heard.sent.count(Heartbeat().encode()) == 3601
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


def active(outputs: list[Report]) -> list[tuple[Alarm, ...] | None]:
    return [report.alarms for report in outputs if report.alarms is not None]


def test_both_kinds_of_alarms_are_told_together() -> None:
    said = hear(capture("physiological_alarm_2020.txt"), capture("technical_alarms.txt"), capture("t8_no_alarm.txt"))
    assert active(reports(said)) == [(COLD, SENSOR, LEAD), (SENSOR, LEAD)]


def test_alarms_of_one_kind_wait_for_the_other_but_not_for_ever() -> None:
    device = dialogue()
    assert active(reports(list(device.receive(capture("technical_alarms.txt"), NOW)))) == []
    assert active(reports(list(device.tick(NOW + 1.0)))) == []
    assert active(reports(list(device.tick(NOW + 3.0)))) == [(SENSOR, LEAD)]


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


def test_a_silent_monitor_departs_once_and_is_asked_again_ever_less_often() -> None:
    device = dialogue()
    device.receive(capture("periodic.txt"), NOW)
    said = [(at, output) for at in range(1, 301) for output in device.tick(NOW + at)]
    assert [(at, output) for at, output in said if isinstance(output, Departed)] == [(10, Departed("", "no heartbeat"))]
    assert [at for at, output in said if isinstance(output, Query)] == [20, 40, 80, 140, 200, 260]
    assert sum(isinstance(output, Heartbeat) for _, output in said) == 300
    device.receive(capture("periodic.txt"), NOW + 300)
    assert not any(isinstance(output, Query) for at in range(301, 310) for output in device.tick(NOW + at))


def test_a_heartbeat_is_life_but_no_data() -> None:
    device = dialogue()
    said: list[Output] = []
    for at in range(1, 60):
        said += device.tick(NOW + at)
        assert device.receive(capture("heartbeat.txt"), NOW + at) == []
    assert not any(isinstance(output, Departed) for output in said)
    assert sum(isinstance(output, Query) for output in said) == 2  # at 10 and 30 s


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
