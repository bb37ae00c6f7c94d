"""PCD-04 and PCD-10: what a device announces."""

from datetime import UTC, datetime

import pytest

from drivers.api import Code
from drivers.common.mdc import ALARMS
from drivers.ihe_pcd.alarms import number_of, phase_of
from drivers.ihe_pcd.channels import EVENT_REFIDS, EVENTS, FACETS
from drivers.ihe_pcd.parameters import Coded
from drivers.vocabulary import AlarmCode, EventKind, Phase, Priority
from tests.drivers.ihe_pcd.senders import (
    EUI,
    announcements,
    codes,
    damage,
    header,
    hear,
    obr,
    obx,
    reports,
    sample,
)

BARREL = "MDC_EVT_SYRINGE_BARREL_CAPTURE_FAULT"
EVENT = obx(
    "196616^MDC_EVT_ALARM^MDC", "196940^MDC_EVT_FLUID_LINE_OCCL^MDC", place="1.1.2.201.1", kind="CWE", flags="PH~ST"
)


def facet(number: int, refid: str, word: str, last: int, base: str = "1.1.2.201") -> str:
    return obx(f"{number}^{refid}^MDC", word, place=f"{base}.{last}", kind="ST")


def life(phase: str, state: str, base: str = "1.1.2.201") -> list[str]:
    return [
        facet(68481, "MDC_ATTR_EVENT_PHASE", phase, 3, base), facet(68482, "MDC_ATTR_ALARM_STATE", state, 4, base),
    ]  # fmt: skip


def alarm(*rows: str) -> list[object]:
    return list(hear(header(trigger="R40"), obr(about="196616^MDC_EVT_ALARM^MDC"), *rows))


@pytest.mark.parametrize(
    ("phase", "state", "expected"),
    [
        ("start", "active", Phase.BEGIN), ("present", "active", Phase.BEGIN), ("continue", "active", Phase.CHANGE),
        ("update", "active", Phase.CHANGE), ("escalate", "active", Phase.CHANGE),
        ("deescalate", "active", Phase.CHANGE), ("inactivate", "active", Phase.CHANGE),
        ("acknowledged", "active", Phase.CHANGE), ("end", "inactive", Phase.END), ("end", "active", Phase.END),
        ("reset", "inactive", Phase.END), ("stop", "off", Phase.END), ("START", "Active", Phase.BEGIN),
        # what is no longer active has ended, whatever the phase; what is latched is still shown
        ("start", "inactive", Phase.END), ("update", "off", Phase.END), ("end", "latched", Phase.CHANGE),
        ("update", "latched", Phase.CHANGE),
        # half of it
        ("", "active", Phase.BEGIN), ("", "inactive", Phase.END), ("start", "", Phase.BEGIN),
        ("tpoint", "active", None), ("", "", None),
    ],
)  # fmt: skip
def test_where_in_its_life_an_alarm_is(phase: str, state: str, expected: Phase | None) -> None:
    assert phase_of(phase, state) is expected


def test_begin_change_and_end_are_one_alarm() -> None:
    said = []
    for phase, state in (("start", "active"), ("update", "active"), ("end", "inactive")):
        (announced,) = announcements(hear(header(trigger="R40"), obr(), EVENT, *life(phase, state)))
        said.append(announced)
    assert [announced.phase for announced in said] == [Phase.BEGIN, Phase.CHANGE, Phase.END]
    assert len({(announced.code, announced.source, announced.device) for announced in said}) == 1
    assert len({announced.key for announced in said}) == 3


def test_facets_are_recognised_by_code_in_every_spelling() -> None:
    spellings = {
        68481: [68481, 68165, 684810], 68482: [68482, 68166, 684820], 68484: [68484, 68168, 684840],
    }  # fmt: skip
    for variant in range(3):
        rows = [
            facet(spellings[68481][variant], "X", "end", 3), facet(spellings[68482][variant], "X", "inactive", 4),
            facet(spellings[68484][variant], "X", "PL", 6),
        ]  # fmt: skip
        (said,) = announcements(hear(header(trigger="R40"), obr(), EVENT, *rows))
        assert (said.phase, said.priority) == (Phase.END, Priority.LOW)


def test_facets_are_recognised_by_refid() -> None:
    rows = [facet(0, "MDC_ATTR_EVENT_PHASE", "end", 3), facet(0, "MDC_ATTR_ALERT_STATE", "inactive", 4)]
    (said,) = announcements(hear(header(trigger="R40"), obr(), EVENT, *rows))
    assert said.phase is Phase.END


def test_every_facet_number_leads_to_a_facet() -> None:
    assert set(FACETS.values()) == {68480, 68481, 68482, 68483, 68484, 68485, 68546}


@pytest.mark.parametrize(
    ("word", "priority"),
    [
        ("PH", Priority.HIGH),
        ("PM", Priority.MEDIUM),
        ("PL", Priority.LOW),
        ("PN", Priority.NONE),
        ("20", Priority.HIGH),
    ],
)
def test_priority_from_its_facet_else_from_the_flags(word: str, priority: Priority) -> None:
    rows = [*life("start", "active"), facet(68484, "MDC_ATTR_ALARM_PRIORITY", word, 6)]
    (said,) = announcements(hear(header(trigger="R40"), obr(), EVENT, *rows))
    assert said.priority is priority


@pytest.mark.parametrize(
    ("row", "code", "mdc", "text"),
    [
        (EVENT, AlarmCode.OCCLUSION, Code(196940, "MDC_EVT_FLUID_LINE_OCCL"), "MDC_EVT_FLUID_LINE_OCCL"),
        # the event itself, with a text
        (obx("196670^MDC_EVT_LO^MDC", "SpO2 low", place="1.1.2.201.1", kind="ST"), AlarmCode.LIMIT_LOW,
         Code(196670, "MDC_EVT_LO"), "SpO2 low"),
        # a small private number: the REFID tells, and the text stands in component 9
        (obx("196616^MDC_EVT_ALARM^MDC", "56^MDC_EVT_BATT_LO^MDC^^^^^^Low battery", place="1.1.2.201.1", kind="ST"),
         AlarmCode.BATTERY_LOW, Code(196802, "MDC_EVT_BATT_LO"), "Low battery"),
        (obx("0^MDCX_EVT_ALERT_ADVISORY^MDC", "HYPERTENSION", place="1.1.2.201.1", kind="ST"), AlarmCode.UNKNOWN,
         Code(None, "MDCX_EVT_ALERT_ADVISORY"), "HYPERTENSION"),
        # a vendor's number for LEAD_OFF
        (obx("196616^MDC_EVT_ALARM^MDC", "196680^MDC_EVT_LEAD_OFF^MDC", place="1.1.2.201.1", kind="CWE"),
         AlarmCode.LEAD_OFF, Code(196880, "MDC_EVT_LEAD_OFF"), "MDC_EVT_LEAD_OFF"),
        (obx("196616^MDC_EVT_ALARM^MDC", f"197218^{BARREL}^MDC", place="1.1.2.201.1", kind="CWE"),
         AlarmCode.SYRINGE, Code(197218, BARREL), BARREL),
        (obx("196616^MDC_EVT_ALARM^MDC", "plain words", place="1.1.2.201.1", kind="ST"), AlarmCode.UNKNOWN, None,
         "plain words"),
        (obx("199999^MDC_EVT_NEW^MDC", "something", place="1.1.2.201.1", kind="ST"), AlarmCode.UNKNOWN,
         Code(199999, "MDC_EVT_NEW"), "something"),
    ],
)  # fmt: skip
def test_what_an_alarm_is(row: str, code: AlarmCode, mdc: Code | None, text: str) -> None:
    (said,) = announcements(hear(header(trigger="R40"), obr(), row, *life("start", "active")))
    assert (said.code, said.mdc, said.text) == (code, mdc, text)


def test_a_measured_value_is_part_of_the_alarm_and_no_observation() -> None:
    event = obx("196670^MDC_EVT_LO^MDC", "SpO2 low", place="1.2.1.1.1", kind="ST")
    value = "OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.2.1.1.2|85|262688^MDC_DIM_PERCENT^MDC|90-100||||R"
    outputs = hear(header(trigger="R40"), obr(), event, value, *life("start", "active", "1.2.1.1"))
    (said,) = announcements(outputs)
    assert reports(outputs) == []
    assert said.source == "1.2.1.1"
    assert said.raw == "196670^MDC_EVT_LO^MDC SpO2 low start active 150456^MDC_PULS_OXIM_SAT_O2 85 [90-100]"


def test_two_alarms_in_one_message_are_two() -> None:
    other = obx("196616^MDC_EVT_ALARM^MDC", "196802^MDC_EVT_BATT_LO^MDC", place="1.0.0.5.1", kind="CWE")
    said = announcements(
        hear(header(trigger="R40"), obr(), EVENT, *life("start", "active"), other, *life("end", "inactive", "1.0.0.5"))
    )
    assert [(a.code, a.phase, a.source) for a in said] == [
        (AlarmCode.OCCLUSION, Phase.BEGIN, "1.1.2.201"), (AlarmCode.BATTERY_LOW, Phase.END, "1.0.0.5"),
    ]  # fmt: skip
    assert len({a.key for a in said}) == 2


def test_texts_beside_an_alarm_are_no_alarms() -> None:
    beside = [
        obx("0^MDCX_PUMP_POWER_STATUS^MDC", "PowerSource=AC", place="1.1.0.3", kind="ST"),
        obx("69985^MDC_DEV_PUMP_INFUS_MDS^MDC", place="1.0.0.0", kind="", status="X"),
    ]
    assert len(announcements(hear(header(trigger="R40"), obr(), *beside, EVENT, *life("start", "active")))) == 1


def test_an_event_without_facets_is_still_said() -> None:
    (said,) = announcements(hear(header(trigger="R40"), obr(), EVENT))
    assert (said.code, said.phase, said.priority) == (AlarmCode.OCCLUSION, None, Priority.HIGH)


def test_a_watchdog_is_acknowledged_and_no_alarm() -> None:
    timeout = obx("67860^MDC_ATTR_CONFIRM_TIMEOUT^MDC", "5", place="1.0.0.0.9", unit="264320^MDC_DIM_X_SEC^MDC")
    rows = [obx("0^MDC_EVT_WATCHDOG^MDC", "alive", place="1.0.0.0.1", kind="ST"), *life("start", "active", "1.0.0.0")]
    for said in (hear(header(trigger="R40"), obr(), EVENT, timeout), hear(header(trigger="R40"), obr(), *rows)):
        assert announcements(said) == []
        assert damage(said) == []
        assert codes(said) == ["CA"]


def test_an_alarm_message_without_an_alarm_is_damage_and_acknowledged() -> None:
    said = hear(
        header(trigger="R40"), obr(), obx("69985^MDC_DEV_PUMP_INFUS_MDS^MDC", place="1.0.0.0", kind="", status="X")
    )
    assert [output.reason for output in damage(said)] == ["alarm message without an alarm"]
    assert codes(said) == ["CA"]


def test_an_alarms_time_is_its_own_else_its_groups() -> None:
    own = EVENT.replace("|||R|||", "|||R|||20260101000007+0000")
    (said,) = announcements(hear(header(trigger="R40"), obr(), own))
    assert said.device_time == datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC)
    (said,) = announcements(hear(header(trigger="R40"), obr("20260101000003+0000"), EVENT))
    assert said.device_time == datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)


@pytest.mark.parametrize("rows", [[EVENT.replace("PH~ST", "PH~ST~DEMO")], [EVENT, facet(68481, "X", "start", 3)]])
def test_a_demonstrated_alarm_is_simulated(rows: list[str]) -> None:
    is_demo = "DEMO" in rows[0]
    (said,) = announcements(hear(header(trigger="R40", processing="P" if is_demo else "T"), obr(), *rows))
    assert said.simulated


@pytest.mark.parametrize(("refid", "number"), EVENT_REFIDS.items())
def test_each_event_is_found_by_refid(refid: str, number: int) -> None:
    assert number_of(Coded(0, refid, "MDC")) == number_of(Coded(number, "", "MDC")) == number
    assert number in ALARMS or number in EVENTS


# PCD-10


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("197288^MDC_EVT_PUMP_DELIV_START^MDC", EventKind.INFUSION_STARTED),
        ("197290^MDC_EVT_PUMP_DELIV_STOP^MDC", EventKind.INFUSION_STOPPED),
        ("197292^MDC_EVT_PUMP_DELIV_COMP^MDC", EventKind.INFUSION_COMPLETED),
        ("0^MDC_EVT_PUMP_DELIV_COMP^MDC", EventKind.INFUSION_COMPLETED),
        ("197306^MDC_EVT_PUMP_VOL_COUNTERS_CLEARED^MDC", EventKind.COUNTER_RESET),
        ("197308^MDC_EVT_DEVICE_TIME_CHANGED^MDC", EventKind.CLOCK_JUMPED),
        ("197294^MDC_EVT_COMM_STATUS_CHANGE^MDC", EventKind.DEVICE_EVENT),
        ("197296^MDC_EVT_PUMP_PROG_CLEARED^MDC", EventKind.DEVICE_EVENT),
        ("197300^MDC_EVT_PATIENT_CHANGE^MDC", EventKind.DEVICE_EVENT),
        ("199998^MDC_EVT_SOMETHING^MDC", EventKind.DEVICE_EVENT),
    ],
)
def test_what_a_pump_announces(event: str, kind: EventKind) -> None:
    row = obx("68487^MDC_ATTR_EVT_COND^MDC", event, place="1.1.0.1", kind="CWE")
    (said,) = announcements(hear(header(trigger="R42"), obr(), row))
    assert (said.event, said.text, said.phase, said.device) == (kind, event.split("^")[1], None, EUI)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY_CHAN^MDC", "primary"),
        ("0^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY^MDC", "primary"),
        ("70075^^MDC", "secondary"),
        ("1.1.2.0", "primary"),
        ("1.1.7.0", "1.1.7"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("kind", ["ST", "CWE"])
def test_the_source_of_an_event_is_a_code_or_a_place(source: str, expected: str, kind: str) -> None:
    rows = [
        obx("68487^MDC_ATTR_EVT_COND^MDC", "197288^MDC_EVT_PUMP_DELIV_START^MDC", place="1.1.0.1", kind="CWE"),
        obx("68488^MDC_ATTR_EVT_SOURCE^MDC", source, place="1.1.0.2", kind=kind),
        obx("70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY^MDC", place="1.1.2.0", kind="", status="X"),
    ]
    (said,) = announcements(hear(header(trigger="R42"), obr(), *rows))
    assert said.source == expected


@pytest.mark.parametrize(
    ("vmd", "source", "expected"),
    [
        ("1.2", "70071^^MDC", "1.2.primary"), ("1.2", "1.2.2.0", "1.2.primary"), ("1.2", "", "1.2"),
        ("1.1", "70071^^MDC", "primary"), ("1.1", "1.1.2.0", "primary"), ("1.0", "70071^^MDC", "primary"),
        ("1.0", "1.2.2.0", "1.2.primary"),
    ],
)  # fmt: skip
def test_the_source_of_an_event_says_in_which_vmd_it_lies(vmd: str, source: str, expected: str) -> None:
    primary = "70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY^MDC"
    rows = [
        obx("68487^MDC_ATTR_EVT_COND^MDC", "197290^MDC_EVT_PUMP_DELIV_STOP^MDC", place=f"{vmd}.0.1", kind="CWE"),
        obx("68488^MDC_ATTR_EVT_SOURCE^MDC", source, place=f"{vmd}.0.2", kind="CWE"),
        *(obx(primary, place=f"{place}.2.0", kind="", status="X") for place in ("1.1", "1.2")),
    ]
    (said,) = announcements(hear(header(trigger="R42"), obr(), *rows))
    assert said.source == expected


def test_a_demonstrated_event_is_simulated_and_so_is_its_state() -> None:
    segments = [line.replace("||||||R", "|||DEMO|||R") for line in sample("pcd10_delivery_start.hl7")]
    outputs = hear(*segments)
    assert [said.simulated for said in announcements(outputs)] == [True]
    assert any(report.simulated for report in reports(outputs))


def test_an_association_of_patient_and_device_is_read_over() -> None:
    row = obx(
        "68487^MDC_ATTR_EVT_COND^MDC", "198332^MDC_EVT_ASSOCIATION_PATIENT_DEVICE^MDC", place="0.0.0.0", kind="CWE"
    )
    about = "69136^MDC_OBS_ASSOCIATION_PATIENT_DEVICE^MDC"
    said = hear(header(), "PID|||4711||Testcase^Alpha", obr(about=about), row, "PRT||UC||EQUIP")
    assert codes(said) == ["CA"]
    assert len(said) == 1
