"""What a pump does, out of its status rows."""

import pytest

from drivers.api import Reading
from drivers.vocabulary import InfusionState, Metric, Reason, Validity
from tests.drivers.ihe_pcd.senders import heard, obx, reports

S = InfusionState
ML_H = "265266^MDC_DIM_MILLI_L_PER_HR^MDC"
DELIVERY = obx("70067^MDC_DEV_PUMP_DELIVERY_INFO^MDC", place="1.1.1.0", kind="", status="X")
PRIMARY = obx("70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY^MDC", place="1.1.2.0", kind="", status="X")
SECONDARY = obx("70075^MDC_DEV_PUMP_INFUS_CHAN_SECONDARY^MDC", place="1.1.3.0", kind="", status="X")


def infusing(word: str, place: str = "1.1.1.1") -> str:
    return obx("184519^MDC_PUMP_INFUSING_STATUS^MDC", f"^pump-status-{word}", place=place, kind="CWE")


def active(*sources: str) -> str:
    said = "~".join(f"^pump-source-info-{source}" for source in sources)
    return obx("158016^MDC_DEV_PUMP_ACTIVE_SOURCES^MDC", said, place="1.1.1.3", kind="CWE")


def delivers(word: str, place: str = "1.1.2.5") -> str:
    return obx(
        "158005^MDC_DEV_PUMP_CURRENT_DELIVERY_STATUS^MDC", f"^pump-delivery-status-{word}", place=place, kind="CWE"
    )


def reason(word: str, place: str = "1.1.2.6") -> str:
    return obx("158006^MDC_PUMP_NOT_DELIVERING_REASON^MDC", f"^pump-stopped-{word}", place=place, kind="CWE")


def old(word: str) -> str:
    return obx("184508^MDC_PUMP_STAT^MDC", word, place="1.1.2.1", kind="CWE")


def rate(value: str, place: str) -> str:
    return obx("157784^MDC_FLOW_FLUID_PUMP^MDC", value, place=place, unit=ML_H)


def said(*rows: str) -> list[Reading]:
    (report,) = reports(heard(*rows))
    return list(report.readings)


def state(*rows: str) -> Reading | None:
    return next((reading for reading in said(*rows) if reading.metric is Metric.INFUSION_STATE), None)


NEW = (DELIVERY, PRIMARY)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((*NEW, infusing("infusing"), active("primary"), delivers("delivering")), S.INFUSING),
        ((*NEW, infusing("not-infusing"), active("primary"), delivers("not-delivering")), S.STOPPED),
        ((*NEW, infusing("not-infusing"), delivers("not-delivering"), reason("by-clinician")), S.STOPPED),
        ((*NEW, infusing("not-infusing"), delivers("not-delivering"), reason("alarming")), S.STOPPED),
        ((*NEW, infusing("not-infusing"), delivers("not-delivering"), reason("powered-off")), S.OFF),
        ((*NEW, infusing("not-infusing"), delivers("not-delivering"), reason("standby")), S.STANDBY),
        ((*NEW, infusing("not-infusing"), delivers("not-delivering"), reason("switching-source")), S.UNKNOWN),
        # kvo: the pump as a whole may call itself either
        ((*NEW, infusing("infusing"), active("primary"), delivers("kvo")), S.KVO),
        ((*NEW, infusing("not-infusing"), active("primary"), delivers("kvo")), S.KVO),
        # transitioning: the vendor may say either, and it is no stop
        ((*NEW, infusing("infusing"), active("primary"), delivers("transitioning")), S.UNKNOWN),
        ((*NEW, infusing("not-infusing"), active("primary"), delivers("transitioning")), S.UNKNOWN),
        # words are compared without case; an unknown one is unknown
        ((*NEW, delivers("DELIVERING")), S.INFUSING),
        ((*NEW, delivers("pondering")), S.UNKNOWN),
        ((infusing("pondering"),), S.UNKNOWN),
        # contradiction
        ((*NEW, infusing("not-infusing"), active("primary"), delivers("delivering")), S.UNKNOWN),
        ((*NEW, infusing("infusing"), active("primary"), delivers("not-delivering")), S.UNKNOWN),
        # only one of the rows
        ((infusing("infusing"),), S.INFUSING),
        ((infusing("not-infusing"),), S.STOPPED),
        ((delivers("delivering"),), S.INFUSING),
        # a source that waits doesn't overwrite the one that delivers, whichever stands first
        ((*NEW, SECONDARY, infusing("infusing"), active("primary"), delivers("delivering"),
          delivers("not-delivering", "1.1.3.5")), S.INFUSING),
        ((*NEW, SECONDARY, infusing("infusing"), active("secondary"), delivers("not-delivering"),
          delivers("delivering", "1.1.3.5")), S.INFUSING),
        ((*NEW, SECONDARY, infusing("infusing"), active("secondary"), delivers("transitioning"),
          delivers("delivering", "1.1.3.5")), S.INFUSING),
        # both active
        ((*NEW, SECONDARY, active("primary", "secondary"), delivers("delivering"),
          delivers("not-delivering", "1.1.3.5")), S.INFUSING),
        # a dose whose channel is not in the message: the pump as a whole tells
        ((*NEW, infusing("infusing"), active("pca"), delivers("not-delivering")), S.INFUSING),
        # without channel rows all sources count
        ((infusing("infusing"), active("primary"), delivers("delivering"), delivers("not-delivering", "1.1.3.5")),
         S.INFUSING),
        # old model, with and without the prefix
        ((old("^infusing"),), S.INFUSING), ((old("^kvo"),), S.KVO), ((old("^ready"),), S.STOPPED),
        ((old("^standby"),), S.STANDBY), ((old("^paused"),), S.PAUSED), ((old("^pump-status-paused"),), S.PAUSED),
        ((old("infusing"),), S.INFUSING), ((old("^dreaming"),), S.UNKNOWN),
    ],
)  # fmt: skip
def test_the_state_of_an_infusion(rows: tuple[str, ...], expected: InfusionState) -> None:
    found = state(*rows)
    assert found is not None
    assert (found.value, found.validity, found.source) == (expected, Validity.VALID, "")


def test_without_a_status_row_there_is_no_state() -> None:
    assert state(*NEW, rate("12.0", "1.1.2.4")) is None


def test_the_status_rows_are_published_too() -> None:
    found = {(reading.source, reading.metric): reading.value for reading in said(
        *NEW, infusing("infusing"), active("primary"), delivers("delivering"))}  # fmt: skip
    assert found[("delivery", Metric.INFUSING_STATUS)] == "pump-status-infusing"
    assert found[("delivery", Metric.ACTIVE_SOURCES)] == "pump-source-info-primary"
    assert found[("primary", Metric.DELIVERY_STATUS)] == "pump-delivery-status-delivering"


def test_a_status_that_the_pump_disowns_is_no_state() -> None:
    row = obx("184519^MDC_PUMP_INFUSING_STATUS^MDC", "^pump-status-infusing", kind="CWE", status="X", flags="NAV")
    found = state(row)
    assert found is not None
    assert (found.value, found.validity, found.reason) == (None, Validity.ABSENT, Reason.NOT_AVAILABLE)


def test_a_questionable_status_is_a_questionable_state() -> None:
    row = obx("184519^MDC_PUMP_INFUSING_STATUS^MDC", "^pump-status-infusing", kind="CWE", flags="QUES")
    found = state(row)
    assert found is not None
    assert (found.value, found.validity, found.reason) == (S.INFUSING, Validity.QUESTIONABLE, Reason.OTHER)


def test_a_waiting_sources_rate_does_not_look_live() -> None:
    found = {reading.source: reading for reading in said(
        *NEW, SECONDARY, active("primary"), rate("12.0", "1.1.2.4"), rate("100", "1.1.3.4"))
        if reading.metric is Metric.INFUSION_RATE}  # fmt: skip
    assert (found["primary"].value, found["primary"].validity) == (12.0, Validity.VALID)
    assert (found["secondary"].value, found["secondary"].validity, found["secondary"].reason) == (
        100, Validity.QUESTIONABLE, Reason.WAITING_SOURCE,
    )  # fmt: skip


def test_total_and_source_rate_are_told_apart() -> None:
    found = [(r.source, r.value) for r in said(*NEW, rate("14.0", "1.1.1.4"), rate("12.0", "1.1.2.4"))]
    assert found == [("delivery", 14.0), ("primary", 12.0)]


def test_without_channel_rows_the_place_is_the_source() -> None:
    assert [r.source for r in said(rate("14.0", "1.1.1.4"), rate("12.0", "1.1.2.4"))] == ["1.1.1", "1.1.2"]


def test_two_vmds_run_two_infusions() -> None:
    second = obx("70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY^MDC", place="1.2.2.0", kind="", status="X")
    found = said(
        *NEW, infusing("infusing"), delivers("delivering"), second, infusing("not-infusing", "1.2.1.1"),
        delivers("not-delivering", "1.2.2.5"),
    )  # fmt: skip
    states = {r.source: r.value for r in found if r.metric is Metric.INFUSION_STATE}
    assert states == {"": S.INFUSING, "1.2": S.STOPPED}
    assert {r.source for r in found if r.metric is Metric.DELIVERY_STATUS} == {"primary", "1.2.primary"}


def test_two_channels_of_one_kind_keep_their_places() -> None:
    twin = obx("70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY^MDC", place="1.1.4.0", kind="", status="X")
    found = said(*NEW, twin, rate("12.0", "1.1.2.4"), rate("13.0", "1.1.4.4"))
    assert [(r.source, r.value) for r in found] == [("primary", 12.0), ("1.1.4", 13.0)]
