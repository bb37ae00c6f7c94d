"""What is valid and what isn't: states, units, private codes, demonstrations, names."""

import pytest

from drivers.api import Announcement, Port, Report
from drivers.philips_mdil import FAMILY
from drivers.philips_mdil.driver import PhilipsMdilSettings
from drivers.vocabulary import Metric, Reason, Validity
from tests.drivers.philips_mdil.senders import NOW, TIME, announced, frame, header, hear, obx, reading, reports

HR, SPO2, SYS, PULSE, RESP = (
    "0002-4182^HR^MDIL", "0002-4bb8^SpO2^MDIL", "0002-4a05^NBPs^MDIL", "0002-480a^Pulse^MDIL", "0002-5000^Resp^MDIL",
)  # fmt: skip
ST2, CVP, TCORE, ETCO2, PERF = (
    "0002-0302^ST-II^MDIL", "0002-4a47^CVPm^MDIL", "0002-4b60^Tcore^MDIL", "0002-50b0^etCO2^MDIL",
    "0002-4bb0^Perf^MDIL",
)  # fmt: skip
BPM, RPM, PERCENT, MMHG, KPA, CELSIUS, FAHRENHEIT = (
    "0004-0aa0^bpm^MDIL", "0004-0ae0^rpm^MDIL", "0004-0220^%^MDIL", "0004-0f20^mmHg^MDIL", "0004-0f03^kPa^MDIL",
    "0004-17a0^C^MDIL", "0004-1140^F^MDIL",
)  # fmt: skip


@pytest.mark.parametrize(
    ("row", "value", "validity", "reason"),
    [
        (obx(HR, "", BPM), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx(HR, '""', BPM), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx(HR, "?", BPM), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx(HR, "---", BPM), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (obx(HR, "", BPM, status="X"), None, Validity.INVALID, Reason.DISOWNED),
        (obx(HR, "72", BPM, status="X"), None, Validity.INVALID, Reason.DISOWNED),
        (obx(HR, "72", BPM, status="W"), None, Validity.INVALID, Reason.DISOWNED),
        (obx(HR, "72", BPM, status="P"), 72, Validity.QUESTIONABLE, Reason.OTHER),
        (obx(HR, "-100", BPM), None, Validity.ABSENT, Reason.IMPLAUSIBLE),
        (obx(HR, "-1", BPM), None, Validity.ABSENT, Reason.IMPLAUSIBLE),
        (obx(HR, "8388607", BPM), None, Validity.ABSENT, Reason.NOT_A_NUMBER),
        (obx(HR, "abc", BPM), None, Validity.INVALID, Reason.NOT_A_NUMBER),
        (obx(HR, ">300", BPM), ">300", Validity.QUESTIONABLE, Reason.OVER_RANGE),
        (obx(HR, "0", BPM), 0, Validity.VALID, None),  # asystole: no value would be empty
        (obx(SPO2, "0", PERCENT), 0, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE),
        (obx(HR, "72", ""), 72, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
        (obx(HR, "72", MMHG), 72, Validity.QUESTIONABLE, Reason.UNIT_CONFLICT),
        (obx(HR, "72", "0004-0aa0^mmHg^MDIL"), 72, Validity.QUESTIONABLE, Reason.UNIT_CONFLICT),
        (obx(RESP, "20", MMHG), 20, Validity.QUESTIONABLE, Reason.UNIT_CONFLICT),
        (obx(RESP, "20", RPM), 20, Validity.VALID, None),
        (obx(TCORE, "37.4", "0004-1710^C^MDIL"), 37.4, Validity.QUESTIONABLE, Reason.UNIT_UNKNOWN),
        (obx(TCORE, "0", CELSIUS), 0, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE),
        (obx(SYS, "120", MMHG), 120, Validity.QUESTIONABLE, Reason.AGE_UNKNOWN),
        (obx(SYS, "120", MMHG, time=TIME), 120, Validity.VALID, None),
        (obx(CVP, "-2", MMHG), -2, Validity.VALID, None),
        (obx("0002-e140^Weight^MDIL", "0", "0004-06c3^kg^MDIL"), None, Validity.ABSENT, Reason.NOT_AVAILABLE),
    ],
)
def test_what_is_valid_and_what_is_not(row: str, value: object, validity: Validity, reason: Reason | None) -> None:
    found = reading(row)
    assert (found.value, found.validity, found.reason) == (value, validity, reason)


@pytest.mark.parametrize(
    ("row", "metric", "unit"),
    [
        (obx(TCORE, "36.9", CELSIUS), Metric.TEMPERATURE, "Cel"),
        (obx(TCORE, "98.4", FAHRENHEIT), Metric.TEMPERATURE, "[degF]"),
        (obx(ETCO2, "5.7", KPA), Metric.ETCO2, "kPa"),
        (obx(ETCO2, "5.7", PERCENT), Metric.ETCO2, "%"),
        (obx(ETCO2, "38", MMHG), Metric.ETCO2, None),
        (obx(PERF, "1.2", "0004-0200^^MDIL"), Metric.PERFUSION_INDEX, None),
        (obx("0002-50ba^imCO2^MDIL", "0.0", KPA), Metric.IMCO2, "kPa"),
        (obx("0002-4a15^ABPs^MDIL", "120", MMHG), Metric.IBP_SYSTOLIC, None),
        (obx("0002-500a^RR^MDIL", "14", RPM), Metric.RESPIRATION_RATE, None),
        (obx("0002-5012^awRR^MDIL", "14", RPM), Metric.RESPIRATION_RATE, None),
        (obx(ST2, "-0.1", "0004-10b2^mV^MDIL"), Metric.ST_II, None),
    ],
)
def test_units_are_said_not_converted(row: str, metric: Metric, unit: str | None) -> None:
    found = reading(row)
    assert (found.metric, found.unit, found.validity) == (metric, unit, Validity.VALID)


def test_a_unit_of_no_known_number_is_not_taken_by_its_name() -> None:
    found = reading(obx(ST2, "0.5", "0004-0512^mm^MDIL"))
    assert (found.value, found.unit, found.reason) == (0.5, "", Reason.UNIT_UNKNOWN)


def test_of_the_private_codes_two_temperatures_are_known() -> None:
    for code, site in (("0002-f0c7^T1^MDIL", "T1"), ("0002-f0c8^Temp2^MDIL", "T2"), ("0007-f0c7^T1^MDIL", "T1")):
        found = reading(obx(code, "36.6", CELSIUS))
        assert (found.metric, found.source, found.code) == (Metric.TEMPERATURE, site, None)
    for code in ("0002-f04e^BIS^MDIL", "0401-0f01^HR^MDIL", "0002-f125^pNN50^MDIL", "0002-4822^Pulse^MDIL", "HR"):
        found = reading(obx(code, "50"))
        assert (found.metric, found.value, found.name) == (Metric.UNMAPPED, 50, code)


def test_the_number_decides_and_not_the_label() -> None:
    assert reading(obx("0002-4182^SpO2^MDIL", "72", BPM)).metric is Metric.HEART_RATE
    assert reading(obx("0002-4a1f^HR^MDIL", "20", MMHG)).metric is Metric.UNMAPPED  # pulmonary artery, mean


def test_two_of_one_metric_are_told_apart_by_their_source() -> None:
    """Else the second of two equal values of one moment would be taken for the first one, said again."""
    found = [
        reading(obx(f"{code}^x^MDIL", "36", CELSIUS))
        for code in ("0002-4b48", "0002-4b60", "0002-4b74", "0002-5000", "0002-5012", "0002-4a15", "0002-4a11")
    ]
    assert [(r.metric, r.source) for r in found] == [
        (Metric.TEMPERATURE, ""), (Metric.TEMPERATURE, "core"), (Metric.TEMPERATURE, "skin"),
        (Metric.RESPIRATION_RATE, ""), (Metric.RESPIRATION_RATE, "airway"),
        (Metric.IBP_SYSTOLIC, "ABP"), (Metric.IBP_SYSTOLIC, "ART"),
    ]  # fmt: skip


def test_what_a_value_was_measured_by_is_its_source() -> None:
    assert reading(obx(HR, "72", BPM, method="0002-4bb8^SpO2^MDIL")).source == "SpO2"
    assert reading(obx("0002-f0c7^Temp^MDIL", "37", CELSIUS, method="0002-f110^Oral^MDIL")).source == "T1 Oral"


@pytest.mark.parametrize("method", ["0002-4a05^NBPs^MDIL", "0002-4a04^Cuff^MDIL", "^NBP"])
def test_a_pulse_by_cuff_is_as_old_as_the_cuffs_result(method: str) -> None:
    found = reading(obx(PULSE, "66", BPM, method=method))
    assert (found.metric, found.reason) == (Metric.NIBP_PULSE_RATE, Reason.AGE_UNKNOWN)
    timed = reading(obx(PULSE, "66", BPM, method=method, time="20251231235900"))
    assert (timed.validity, str(timed.device_time)) == (Validity.VALID, "2025-12-31 23:59:00")


def test_only_a_spot_checks_own_time_is_a_cuffs_time() -> None:
    assert reading(obx(SYS, "120", MMHG), "SPOTCHECK").validity is Validity.VALID
    assert reading(obx(SYS, "120", MMHG), "MONITOR").reason is Reason.AGE_UNKNOWN
    assert reading(obx(SYS, "120", MMHG), "").reason is Reason.AGE_UNKNOWN


def test_demonstration_is_said() -> None:
    mode = obx("0402-f8f5^sMode^MDIL", "DEMO", kind="ST")
    assert [report.simulated for report in reports(hear(header(), "OBR|1", obx(HR, "72", BPM), mode))] == [True]
    (demo,) = reports(hear(header(), "OBR|1", obx(HR, "72", BPM), obx(HR, "60", BPM, flags="DEMO")))
    assert (demo.simulated, [reading.value for reading in demo.readings]) == (True, [72, 60])
    beds = hear(
        header(), "PV1||I|^^B1", "OBR|1", obx(HR, "72", BPM), "PV1||I|^^B2", "OBR|1", obx(HR, "60", BPM, flags="DEMO"),
        "PV1||I|^^B2", "OBR|1", obx(HR, "61", BPM),
    )  # fmt: skip
    assert [(part.device, part.simulated) for part in reports(beds)] == [("B1", False), ("B2", True), ("B2", True)]
    alarm = obx("2^Yellow Alarm^MDIL-ALERT", "HR Low, HR=55 /min", kind="TX", flags="DEMO")
    assert [said.simulated for said in announced(hear(header(), "OBR||||ALARM", alarm))] == [True]
    for processing, is_simulated in (("P", False), ("T", True), ("D", True)):
        (report,) = reports(hear(header(processing=processing), "OBR|1", obx(HR, "72", BPM)))
        assert report.simulated is is_simulated


def test_an_alarm_behind_a_demonstration_is_simulated_though_it_does_not_say_so() -> None:
    dialogue = FAMILY.dialogue(PhilipsMdilSettings(), Port())
    alarm = obx("2^Yellow Alarm^MDIL-ALERT", "HR Low, HR=55 /min", kind="TX")

    def tell(*rows: str) -> list[bool]:
        outputs = dialogue.receive(frame(header(), "PV1|||^^B1", "OBR|1", *rows), NOW)
        return [output.simulated for output in outputs if isinstance(output, Report | Announcement)]

    assert tell(obx(HR, "72", BPM, flags="DEMO")) == [True]
    assert tell(alarm) == [True]
    assert tell(obx(HR, "", BPM)) == [True], "a message without a value doesn't end it"
    assert tell(obx(HR, "72", BPM)) == [False]
    assert tell(alarm) == [False]


def test_an_alarm_row_that_says_nothing_is_no_alarm_and_not_lost() -> None:
    for value, status in (("", "F"), ('""', "F"), ("HR Low, HR=55 /min", "X")):
        outputs = hear(header(), "OBR||||ALARM", obx("2^Yellow Alarm^MDIL-ALERT", value, kind="TX", status=status))
        assert announced(outputs) == []
        (report,) = reports(outputs)
        (found,) = report.readings
        assert (found.metric, found.value, found.name) == (Metric.UNMAPPED, None, "2^Yellow Alarm^MDIL-ALERT")


def test_a_text_that_may_name_a_person_is_left_out() -> None:
    for row in (obx("0002-f001^Patient^MDIL", "Testcase", kind="ST"), obx("0002-f001^X^MDIL", "A^B", kind="XPN")):
        found = reading(row)
        assert (found.value, found.raw, found.validity, found.reason) == (None, "", Validity.ABSENT, Reason.MASKED)


def test_a_value_older_than_5_s_is_late() -> None:
    for time, is_late in (("20251231235954", True), ("20251231235955", False)):
        (report,) = reports(hear(header(), f"OBR||||MONITOR|||{time}", obx(HR, "72", BPM)))
        assert report.late is is_late
