"""When something was measured: own time, inherited time, the report's time, and how late it is."""

from datetime import UTC, datetime

import pytest

from drivers.api import Reading
from drivers.vocabulary import Metric, Reason, Validity
from tests.drivers.ihe_pcd.senders import announcements, header, hear, heard, obr, obx, reports

HR = "147842^MDC_ECG_HEART_RATE^MDC"
SYS = "150021^MDC_PRESS_BLD_NONINV_SYS^MDC"
MMHG = "266016^MDC_DIM_MMHG^MDC"
NOW, CUFF = "20260101000000+0000", "20251231235500+0000"
AT, AT_CUFF = datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 23, 55, tzinfo=UTC)


def said(*rows: str) -> list[Reading]:
    (report,) = reports(heard(*rows))
    return list(report.readings)


def row(code: str, value: str, time: str = "", place: str = "1.1.1.1", method: str = "", flags: str = "") -> str:
    unit = MMHG if code == SYS else ""
    return obx(code, value, time=time, place=place, unit=unit, method=method, flags=flags)


def test_a_cuff_result_has_its_own_time_however_often_it_is_repeated() -> None:
    first, second = said(row(SYS, "120", CUFF)), said(row(SYS, "120", CUFF))
    assert first == second
    assert (first[0].device_time, first[0].validity) == (AT_CUFF, Validity.VALID)


def test_a_cuff_result_keeps_its_time_even_if_it_is_the_reports() -> None:
    assert said(row(SYS, "120", NOW))[0].device_time == AT


def test_a_cuff_result_without_a_time_may_be_old() -> None:
    (reading,) = said(row(SYS, "120"))
    assert (reading.value, reading.validity, reading.reason) == (120, Validity.QUESTIONABLE, Reason.AGE_UNKNOWN)
    (missing,) = said(obx(SYS, "", unit=MMHG, status="X"))
    assert (missing.validity, missing.reason) == (Validity.ABSENT, Reason.NOT_AVAILABLE)


def test_a_time_that_every_row_repeats_is_the_reports_and_makes_equal_readings() -> None:
    (reading,) = said(row(HR, "72", NOW))
    assert reading.device_time is None
    assert reading == said(row(HR, "72"))[0]


def test_a_value_that_is_older_than_its_report_says_so() -> None:
    assert said(row(HR, "72", CUFF))[0].device_time == AT_CUFF


def test_an_aperiodic_value_keeps_its_time() -> None:
    (reading,) = said(row("188496^MDC_TEMP_AXIL^MDC", "36.5", NOW, method="^APERIODIC"))
    assert reading.device_time == AT


def test_a_time_is_inherited_from_channel_and_vmd() -> None:
    channel = obx("70687^MDC_DEV_PRESS_BLD_NONINV_CHAN^MDC", place="1.1.1.0", kind="", status="X", time=CUFF)
    vmd = obx("70686^MDC_DEV_PRESS_BLD_NONINV_VMD^MDC", place="1.2.0.0", kind="", status="X", time=CUFF)
    inherited = said(channel, vmd, row(SYS, "120"), row(SYS, "121", place="1.2.1.1"), row(HR, "72", place="1.3.1.1"))
    assert [reading.device_time for reading in inherited] == [AT_CUFF, AT_CUFF, None]
    assert all(reading.validity is Validity.VALID for reading in inherited)


def test_a_compound_rows_time_holds_for_its_parts() -> None:
    compound = obx("150020^MDC_PRESS_BLD_NONINV^MDC", place="1.0.1", kind="", status="X", time=CUFF)
    assert said(compound, row(SYS, "120", place="1.0.1.1"))[0].device_time == AT_CUFF


def test_an_mds_rows_time_is_the_reports() -> None:
    mds = obx("69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC", place="1.0.0.0", kind="", status="X", time=CUFF)
    (report,) = reports(heard(mds, row(HR, "72")))
    assert report.device_time == AT_CUFF
    assert report.readings[0].device_time is None


@pytest.mark.parametrize(
    ("sent", "observed", "expected"),
    [
        (NOW, "20251231235959+0000", datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (NOW, "", AT),
        (NOW, "00000000000000", AT),
        ("", "", None),
        ("20260101010000+0100", "", AT),
    ],
)
def test_the_reports_time_is_obr_7_else_msh_7(sent: str, observed: str, expected: datetime | None) -> None:
    (report,) = reports(hear(header(time=sent), obr(observed), row(HR, "72")))
    assert report.device_time == expected


def test_a_time_without_a_zone_stays_without_one() -> None:
    (report,) = reports(hear(header(time="20260101000000"), obr("20260101000000"), row(SYS, "120", "20251231235500")))
    assert report.device_time is not None
    assert report.device_time.tzinfo is None
    assert report.readings[0].device_time is not None
    assert report.readings[0].device_time.tzinfo is None


@pytest.mark.parametrize(
    ("sent", "observed", "is_late"),
    [
        (NOW, NOW, False), ("20260101000005+0000", NOW, False), ("20260101000006+0000", NOW, True),
        ("20260101000118+0000", NOW, True), (NOW, "20260101000200+0000", False), ("20260101010006+0100", NOW, True),
        ("20260101000118", NOW, False), (NOW, "", False), ("20260101000118", "20260101000000", True),
    ],
)  # fmt: skip
def test_a_message_sent_over_5_s_after_its_observation_is_late(sent: str, observed: str, is_late: bool) -> None:
    (report,) = reports(hear(header(time=sent), obr(observed), row(HR, "72")))
    assert report.late is is_late


def test_a_report_is_late_by_its_own_time() -> None:
    mds = obx("69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC", place="1.0.0.0", kind="", status="X", time=CUFF)
    (report,) = reports(heard(mds, row(HR, "72")))
    assert (report.device_time, report.late) == (AT_CUFF, True)


@pytest.mark.parametrize(("ended", "is_late"), [(NOW, False), (CUFF, True), ("", True), ("0", True)])
def test_an_average_is_as_old_as_its_end(ended: str, is_late: bool) -> None:
    (report,) = reports(hear(header(time=NOW), f"{obr(CUFF)}|{ended}", row(HR, "72")))
    assert (report.device_time, report.late) == (AT_CUFF, is_late)


EVENT = obx("68487^MDC_ATTR_EVT_COND^MDC", "197288^MDC_EVT_PUMP_DELIV_START^MDC", place="1.1.0.1", kind="CWE")
ALARM = obx("196616^MDC_EVT_ALARM^MDC", "196940^MDC_EVT_FLUID_LINE_OCCL^MDC", place="1.1.2.201.1", kind="CWE")


@pytest.mark.parametrize(("trigger", "said"), [("R42", EVENT), ("R40", ALARM)])
@pytest.mark.parametrize(
    ("observed", "own", "is_late"),
    [
        (NOW, "", False), (CUFF, "", True), ("", "", False), ("", CUFF, True),
        (NOW, CUFF, False),  # which may be when the alarm began
        (CUFF, NOW, True),
    ],
)  # fmt: skip
def test_an_announcement_that_waited_is_no_news(
    trigger: str, said: str, observed: str, own: str, is_late: bool
) -> None:
    row = said.replace("|||R|||", f"|||R|||{own}")
    (announced,) = announcements(hear(header(trigger=trigger, time=NOW), obr(observed), row))
    assert announced.late is is_late
    assert announced.device_time == (AT_CUFF if (own or observed) == CUFF else AT)


def test_without_an_obr_7_the_time_of_sending_is_the_observations_and_makes_a_message_news() -> None:
    def key(sent: str, observed: str = "") -> str:
        (report,) = reports(hear(header(time=sent), obr(observed), row(HR, "72")))
        return report.key

    assert key(NOW) == key(NOW)
    assert key(NOW) != key("20260101000010+0000"), "steady values under an id that is used again are no resend"
    assert key(NOW, NOW) == key("20260101000010+0000", NOW)


def test_a_resend_has_the_same_key_and_another_message_has_not() -> None:
    def keys(*rows: str, control_id: str = "C1", time: str = NOW) -> list[str]:
        return [report.key for report in reports(hear(header(control_id=control_id, time=time), obr(), *rows))]

    first = keys(row(HR, "72"))
    assert first == keys(row(HR, "72"))
    assert first == keys(row(HR, "72"), time="20260101000010+0000"), "a resend may have a new MSH-7"
    assert first != keys(row(HR, "73")), "the same id with other content is news"
    assert first != keys(row(HR, "72"), control_id="C2")
    assert keys(row(HR, "72"), control_id="") == [""]


def test_metrics_of_a_cuff_are_the_episodic_ones() -> None:
    (reading,) = said(row("149546^MDC_PULS_RATE_NON_INV^MDC", "70"))
    assert (reading.metric, reading.reason) == (Metric.NIBP_PULSE_RATE, Reason.AGE_UNKNOWN)
