"""What is valid and what isn't; the conversation in virtual time."""

import pytest

from drivers.api import Damage
from drivers.nihon_kohden import FAMILY
from drivers.nihon_kohden.driver import NihonKohdenSettings
from drivers.vocabulary import Metric, Reason, Validity
from simulators.api import Cuff, Fixed, StillBedside, Vitals
from simulators.nihon_kohden import SIMULATOR
from simulators.nihon_kohden.device import NihonKohdenDevice, NihonKohdenDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.nihon_kohden.senders import codes, damage, header, hear, obx, reading, reports

HR, SPO2, SYS, ART = "001000^VITAL HR", "007000^VITAL SpO2", "009000^NIBP SYS", "044000^ART-S"


def talk(vitals: Vitals, seconds: float = 1.0) -> Heard:
    device = NihonKohdenDevice(StillBedside(patient=Fixed(vitals)), NihonKohdenDeviceSettings())
    heard = converse(FAMILY, device, seconds)
    assert device.violations == device.unanswered == device.refused == []
    assert not device.tampered
    return heard


def test_an_hour_is_sixty_reports_and_as_many_answers() -> None:
    heard = talk(Vitals(heart_rate=71.6, spo2=97.0, cuff=Cuff(START - 60.0, 121, 77, 92, 66)), 3600.0)
    assert len(heard.sent) == 61
    assert len(heard.reports) == 122
    assert len({report.key for report in heard.reports}) == 122
    said = {r.metric: r for report in heard.reports[-2:] for r in report.readings}
    assert {metric: r.value for metric, r in said.items()} == {
        Metric.HEART_RATE: 72, Metric.SPO2: 97, Metric.PULSE_RATE: 72, Metric.UNMAPPED: 72,
        Metric.NIBP_SYSTOLIC: 121, Metric.NIBP_DIASTOLIC: 77, Metric.NIBP_MEAN: 92,
    }  # fmt: skip
    assert str(said[Metric.NIBP_MEAN].device_time) == "2025-12-31 23:59:00"
    assert {report.device for report in heard.reports} == {"BED-001"}
    assert heard.damage == []


def test_a_byte_at_a_time_is_the_same() -> None:
    device = NihonKohdenDevice(StillBedside(), NihonKohdenDeviceSettings())
    heard = converse(FAMILY, device, 60.0, wire=lambda data: [bytes([byte]) for byte in data])
    assert (len(heard.reports), heard.damage, device.violations) == (2, [], [])


def test_a_lost_message_is_sent_again() -> None:
    device = NihonKohdenDevice(StillBedside(), NihonKohdenDeviceSettings())
    writes = iter((0, 1, 1, 1))
    heard = converse(FAMILY, device, 20.0, wire=lambda data: [data] if next(writes) else [data[:40]])
    assert [part.reason for part in heard.damage] == ["frame not closed"]
    assert (len(heard.reports), len(heard.sent), device.unanswered) == (1, 1, [])


@pytest.mark.parametrize(
    ("vitals", "metric"),
    [
        (Vitals(probe="off"), Metric.SPO2), (Vitals(probe="none"), Metric.PULSE_RATE),
        (Vitals(probe="searching"), Metric.SPO2), (Vitals(leads=False), Metric.HEART_RATE),
        (Vitals(standby=True), Metric.HEART_RATE),
    ],
)  # fmt: skip
def test_a_sensor_that_is_off_has_no_value(vitals: Vitals, metric: Metric) -> None:
    (found,) = [r for r in talk(vitals).reports[0].readings if r.metric is metric]
    assert (found.value, found.validity, found.reason) == (None, Validity.ABSENT, Reason.NOT_AVAILABLE)


@pytest.mark.parametrize(
    ("row", "value", "validity", "reason"),
    [
        (obx(HR, "", "bpm"), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx(HR, '""', "bpm"), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx(HR, "---", "bpm"), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx(HR, "-100", "bpm"), None, Validity.ABSENT, Reason.IMPLAUSIBLE),
        (obx(HR, "-1", "bpm"), None, Validity.ABSENT, Reason.IMPLAUSIBLE),
        (obx(HR, "8388607", "bpm"), None, Validity.ABSENT, Reason.NOT_A_NUMBER),
        (obx(HR, "abc", "bpm"), None, Validity.INVALID, Reason.NOT_A_NUMBER),
        (obx(HR, "1^x", "bpm", kind="CWE"), None, Validity.INVALID, Reason.NOT_A_NUMBER),
        (obx(HR, "72", "bpm", status="X"), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx(HR, "72", "bpm", status="W"), None, Validity.INVALID, Reason.DISOWNED),
        (obx(HR, "72", "bpm", status="P"), 72, Validity.QUESTIONABLE, Reason.OTHER),
        (obx(HR, ">300", "bpm"), ">300", Validity.QUESTIONABLE, Reason.OVER_RANGE),
        (obx(HR, "72", "mmHg"), 72, Validity.QUESTIONABLE, Reason.UNIT_CONFLICT),
        (obx(HR, "72", "furlong"), 72, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
        (obx(SPO2, "0", "%"), 0, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE),
        (obx(HR, "0", "bpm"), 0, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE),
        (obx("073001^EtCO2", "0", "mmHg"), 0, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE),
        (obx("004073^RR/CO2", "0", "/min"), 0, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE),
        (obx(ART, "120", ""), 120, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
        (obx(SYS, "120", "mmHg", time=""), 120, Validity.QUESTIONABLE, Reason.AGE_UNKNOWN),
    ],
)
def test_what_is_not_simply_valid(row: str, value: object, validity: Validity, reason: Reason) -> None:
    found = reading(row)
    assert (found.value, found.validity, found.reason) == (value, validity, reason)


def test_a_cuff_result_among_other_values_is_as_old_as_its_own_time_says() -> None:
    row = obx(SYS, "120", "mmHg", time="")
    for group, reason in (("VITAL", Reason.AGE_UNKNOWN), ("", Reason.AGE_UNKNOWN), ("NIBP", None)):
        (report,) = reports(hear(header(), f"OBR|2|||{group}|||20251231235900", row))
        assert report.readings[0].reason is reason
    assert str(report.readings[0].device_time) == "2025-12-31 23:59:00"


def test_units_are_said_not_converted() -> None:
    assert (reading(obx(ART, "16.5", "kPa")).value, reading(obx(ART, "16.5", "kPa")).unit) == (16.5, "kPa")
    assert (reading(obx(SPO2, "97")).unit, reading(obx(SPO2, "97")).validity) == (None, Validity.VALID)


def test_an_unknown_parameter_is_unmapped_whatever_its_name_says() -> None:
    for code in ("014000^VITAL TRECT", "999999^VITAL HR", "073001^FiCO2", "HR", "147842^MDC_ECG_HEART_RATE^MDC"):
        found = reading(obx(code, "37", "C"))
        assert (found.metric, found.value, found.name) == (Metric.UNMAPPED, 37, code)


def test_a_text_that_may_name_a_person_is_left_out() -> None:
    for row in (obx("900000^PATIENT NAME", "Testcase", kind="ST"), obx("900001^X", "Testcase^A", kind="XPN")):
        found = reading(row)
        assert (found.value, found.raw, found.validity, found.reason) == (None, "", Validity.ABSENT, Reason.MASKED)


def test_demonstration_is_said() -> None:
    for flag in ("DEMO", "TEST", " demo", "H~DEMO"):
        (demo,) = reports(hear(header(), "OBR|1", obx(HR, "72", "bpm"), obx(HR, "60", "bpm", flags=flag)))
        assert (demo.simulated, [reading.value for reading in demo.readings]) == (True, [72, 60])
    (training,) = reports(hear(header(processing="T"), "OBR|1", obx(HR, "72", "bpm")))
    assert training.simulated


def test_a_value_older_than_5_s_is_late() -> None:
    for time, is_late in (("20251231235954", True), ("20251231235955", False), ("20251231235954+0000", False)):
        (report,) = reports(hear(header(), "OBR|1", obx(HR, "72", "bpm", time=time)))
        assert report.late is is_late


def test_the_key_is_the_bed_else_the_monitors_address_else_the_peer() -> None:
    row = obx(HR, "72", "bpm")
    for location, key in (("^^B7^192.0.2.9:1", "B7"), ("ICU^2^B7", "ICU-2-B7"), ("^^^192.0.2.9:1", "192.0.2.9:1")):
        assert reports(hear(header(), f"PV1||I|{location}", "OBR|1", row))[0].device == key
    assert reports(hear(header(), "OBR|1", row))[0].device == "192.0.2.7"
    assert reports(hear(header(), "OBR|1", row, settings=NihonKohdenSettings(key="x")))[0].device == "x"


def test_a_query_for_a_patient_is_refused_and_an_answer_is_not_answered() -> None:
    outputs = hear(header(kind="QRY^A19"), "QRD|20260101|R|I|1|||1^RD|4711|DEM")
    assert [part.reason for part in damage(outputs)] == ["unsupported message type"]
    assert codes(outputs) == ["AR"]
    assert codes(hear(header(kind="ADR^A19"), "MSA|AA|1")) == []


@pytest.mark.parametrize("kind", ["RGV^O15", "RDE^O11", "OMP^O09", "ORM^O01"])
def test_an_order_is_refused_and_counted_as_one(kind: str) -> None:
    outputs = hear(header(kind=kind), "ORC|NW|1", "OBR|1", obx(HR, "72", "bpm"))
    assert [part.reason for part in damage(outputs)] == ["order refused"]
    assert codes(outputs) == ["AR"]
    assert len(outputs) == 2


def test_a_row_without_a_parameter_spoils_nothing_else() -> None:
    outputs = hear(header(), "OBR|1", "OBX|1|NM||1|5", obx(HR, "72", "bpm"))
    assert damage(outputs) == [Damage("row without a parameter", 13)]
    assert reports(outputs)[0].readings[0].value == 72
    assert codes(outputs) == ["AA"]


def test_the_simulator_is_of_this_family() -> None:
    assert (SIMULATOR.name, SIMULATOR.ports) == (FAMILY.name, ("dial",))
