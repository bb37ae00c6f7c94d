"""The conversation in virtual time."""

import pytest

from drivers.api import Announcement, Damage
from drivers.philips_mdil import FAMILY
from drivers.philips_mdil.driver import PhilipsMdilSettings
from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity
from simulators.api import Cuff, Fixed, Signal, StillBedside, Vitals
from simulators.philips_mdil import SIMULATOR
from simulators.philips_mdil.device import PhilipsMdilDevice, PhilipsMdilDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.philips_mdil.senders import codes, damage, header, hear, obx, reports

HR, BPM = "0002-4182^HR^MDIL", "0004-0aa0^bpm^MDIL"


def talk(vitals: Vitals, seconds: float = 1.0) -> Heard:
    device = PhilipsMdilDevice(StillBedside(patient=Fixed(vitals)), PhilipsMdilDeviceSettings())
    heard = converse(FAMILY, device, seconds)
    assert device.violations == device.unanswered == device.refused == []
    assert not device.tampered
    return heard


def alarms(heard: Heard) -> list[Announcement]:
    return [output for output in heard.outputs if isinstance(output, Announcement)]


def test_an_hour_is_sixty_reports_and_as_many_answers() -> None:
    heard = talk(Vitals(heart_rate=71.6, spo2=97.0, cuff=Cuff(START - 60.0, 121, 77, 92, 66)), 3600.0)
    assert len(heard.sent) == len(heard.reports) == len({report.key for report in heard.reports}) == 61
    said = {r.metric: r for r in heard.reports[-1].readings}
    assert {metric: r.value for metric, r in said.items()} == {
        Metric.HEART_RATE: 72, Metric.SPO2: 97, Metric.PULSE_RATE: 72, Metric.ETCO2: 38, Metric.IMCO2: 0,
        Metric.RESPIRATION_RATE: 14, Metric.TEMPERATURE: 36.6, Metric.NIBP_SYSTOLIC: 121, Metric.NIBP_DIASTOLIC: 77,
        Metric.NIBP_MEAN: 92,
    }  # fmt: skip
    assert {r.validity for r in said.values()} == {Validity.VALID}
    assert str(said[Metric.NIBP_MEAN].device_time) == "2025-12-31 23:59:00"
    assert {report.device for report in heard.reports} == {"CHAIR1"}
    assert heard.damage == []


def test_alarms_come_in_a_message_of_their_own_and_once() -> None:
    low = Signal(AlarmCode.LIMIT_LOW, "HR LOW")
    heard = talk(Vitals(heart_rate=45.0, alarms=(low, Signal(AlarmCode.CUFF, "NIBP CUFF ERROR", Priority.LOW))), 120.0)
    assert [(alarm.code, alarm.text, alarm.priority, alarm.phase) for alarm in alarms(heard)] == [
        (AlarmCode.LIMIT_LOW, "HR Low, HR=45 /min", Priority.MEDIUM, None),
        (AlarmCode.UNKNOWN, "NIBP CUFF ERROR", None, None),
    ]
    assert len(heard.reports) == 2
    assert len(heard.sent) == 3


def test_a_byte_at_a_time_is_the_same() -> None:
    device = PhilipsMdilDevice(StillBedside(), PhilipsMdilDeviceSettings())
    heard = converse(FAMILY, device, 60.0, wire=lambda data: [bytes([byte]) for byte in data])
    assert (len(heard.reports), heard.damage, device.violations) == (2, [], [])


def test_a_lost_message_is_sent_again() -> None:
    device = PhilipsMdilDevice(StillBedside(), PhilipsMdilDeviceSettings())
    writes = iter((0, 1, 1, 1))
    heard = converse(FAMILY, device, 20.0, wire=lambda data: [data] if next(writes) else [data[:40]])
    assert [part.reason for part in heard.damage] == ["frame not closed"]
    assert (len(heard.reports), len(heard.sent), device.unanswered) == (1, 1, [])


@pytest.mark.parametrize(
    ("vitals", "metric", "validity", "reason"),
    [
        (Vitals(probe="off"), Metric.SPO2, Validity.INVALID, Reason.DISOWNED),
        (Vitals(probe="none"), Metric.PULSE_RATE, Validity.INVALID, Reason.DISOWNED),
        (Vitals(probe="searching"), Metric.SPO2, Validity.INVALID, Reason.DISOWNED),
        (Vitals(leads=False), Metric.HEART_RATE, Validity.INVALID, Reason.DISOWNED),
        (Vitals(co2_line=False), Metric.ETCO2, Validity.INVALID, Reason.DISOWNED),
        (Vitals(standby=True), Metric.TEMPERATURE, Validity.INVALID, Reason.DISOWNED),
        (Vitals(cuff=None), Metric.NIBP_MEAN, Validity.ABSENT, Reason.NOT_AVAILABLE),
    ],
)
def test_a_sensor_that_is_off_has_no_value(vitals: Vitals, metric: Metric, validity: Validity, reason: Reason) -> None:
    (found,) = [r for r in talk(vitals).reports[0].readings if r.metric is metric]
    assert (found.value, found.validity, found.reason) == (None, validity, reason)


def test_the_key_is_the_place_else_the_monitors_name_else_the_peer() -> None:
    row, orc = obx(HR, "72", BPM), "ORC|NW|||||||||||||||||MONITORABC"
    for location, key in (("INF^^CHAIR1", "INF-CHAIR1"), ("^^Doc1&5&1", "Doc1"), ("^^&24", "24"), ("^^", "MONITORABC")):
        assert reports(hear(header(), f"PV1|||{location}", orc, "OBR||||MONITOR", row))[0].device == key
    assert reports(hear(header(), "OBR||||MONITOR", row))[0].device == "192.0.2.7"
    mine = PhilipsMdilSettings(key="x")
    assert reports(hear(header(), "PV1|||^^B7", orc, "OBR||||MONITOR", row, settings=mine))[0].device == "x"


def test_a_second_patients_rows_dont_go_under_the_first_ones_monitor() -> None:
    row, orc = obx(HR, "72", BPM), "ORC|NW|||||||||||||||||MONITORABC"
    first, second = reports(hear(header(), "PID|1", "PV1|||^^B7", orc, "OBR|1", row, "PID|2", "OBR|1", row))
    assert (first.device, second.device) == ("B7", "192.0.2.7")


def test_a_query_is_refused_and_an_answer_is_not_answered() -> None:
    outputs = hear(header(kind="QRY^A19"), "QRD|20260101|R|I|1|||1^RD|4711|DEM")
    assert [part.reason for part in damage(outputs)] == ["unsupported message type"]
    assert codes(outputs) == ["AR"]
    assert codes(hear(header(kind="ORF^R04"), "MSA|AA|1")) == []


def test_a_row_without_a_parameter_spoils_nothing_else() -> None:
    outputs = hear(header(), "OBR||||MONITOR", "OBX||NM|||5", obx(HR, "72", BPM))
    assert damage(outputs) == [Damage("row without a parameter", 11)]
    assert reports(outputs)[0].readings[0].value == 72
    assert codes(outputs) == ["AA"]


def test_the_simulator_is_of_this_family() -> None:
    assert (SIMULATOR.name, SIMULATOR.ports) == (FAMILY.name, ("dial",))
