"""Foreign bytes first, then the constructed samples; python-hl7 and hl7apy read and write beside us."""

import hl7
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message as Hl7apyMessage

from drivers.api import Code, Damage, Identity, Port, Reading
from drivers.common.hl7.message import Message
from drivers.ihe_pcd import FAMILY
from drivers.ihe_pcd.codec import Decoder, fields, place_of, wrap
from drivers.ihe_pcd.driver import IhePcdDialogue, IhePcdSettings
from drivers.vocabulary import AlarmCode, EventKind, InfusionState, Metric, Phase, Priority
from tests.captures import load_all
from tests.drivers.ihe_pcd.senders import (
    EUI,
    FOLDER,
    NOW,
    SAMPLES,
    announcements,
    capture,
    codes,
    hear,
    identities,
    reports,
    sample,
)

CAPTURES = sorted(path.name for path in (FOLDER / "captures").iterdir())


def values(segments: list[str]) -> dict[str, object]:
    (report,) = reports(hear(*segments))
    return {f"{reading.source}/{reading.metric}": reading.value for reading in report.readings}


def dialogue() -> IhePcdDialogue:
    return IhePcdDialogue(IhePcdSettings(), Port(peer="192.0.2.7"))


# Foreign bytes


def test_each_capture_says_where_it_is_from() -> None:
    found = load_all(FOLDER / "captures")
    assert {item.evidence for item in found} == {"real", "printed", "library"}
    assert all(frame.split(b"|")[0] in (b"MSH", b"OBR", b"OBX") for item in found for frame in item.frames)


@pytest.mark.parametrize("name", CAPTURES)
def test_python_hl7_finds_the_same_fields_in_foreign_messages(name: str) -> None:
    check_against_python_hl7(capture(name))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.hl7")), ids=lambda path: path.stem)
def test_python_hl7_finds_the_same_fields_in_constructed_messages(path: object) -> None:
    check_against_python_hl7(sample(str(path)))


def check_against_python_hl7(segments: list[str]) -> None:
    """Compare every field that we use."""
    theirs = hl7.parse("\r".join(segments))
    (ours,) = Decoder().feed(wrap("".join(f"{segment}\r" for segment in segments).encode()))
    assert isinstance(ours, Message)
    for number in range(3, 22):
        assert ours.header[number] == _field(theirs[0], number)
    for segment, their in zip(ours.segments, list(theirs)[1:], strict=True):
        ours_split = fields(segment)
        assert ours_split[0] == str(their[0])
        for number in range(1, 19):
            assert ours_split[number] == _field(their, number)


def _field(segment: hl7.Segment, number: int) -> str:
    return str(segment(number)) if number < len(segment) else ""


def test_a_delivery_start_as_ihe_printed_it() -> None:
    outputs = hear(*capture("ipec_delivery_start.txt"))
    (event,) = announcements(outputs)
    (report,) = reports(outputs)
    assert (event.event, event.source, event.device) == (EventKind.INFUSION_STARTED, "primary", "E0002")
    assert event.mdc == Code(197288, "MDC_EVT_PUMP_DELIV_START")
    said = {f"{reading.source}/{reading.metric}": reading for reading in report.readings}
    assert {name: reading.value for name, reading in said.items()} == {
        "1.0.0/drug_library_version": "DL1",
        "delivery/infusing_status": "pump-status-infusing",
        "delivery/infusion_rate": 15.4,
        "delivery/active_sources": "pump-source-info-primary",
        "primary/delivery_status": "pump-delivery-status-delivering",
        "primary/program_delivery_mode": "pump-program-delivery-mode-continuous",
        "primary/source_label": "Primary",
        "primary/infusion_rate": 15.4,
        "primary/dose_rate": 5.0,
        "primary/volume_to_be_infused": 250.0,
        "primary/volume_infused_source_total": 0.0,
        "primary/volume_remaining": 250.0,
        "primary/time_remaining": 974,
        "primary/drug_name": "Dopamine",
        "primary/drug_concentration": 1.6,
        "primary/drug_library_care_area": "Crit Care",
        "primary/patient_weight": 82.0,
        "/infusion_state": InfusionState.INFUSING,
    }
    assert said["primary/dose_rate"].unit == "ug/kg/min"
    assert said["primary/time_remaining"].unit == "min"
    assert said["delivery/infusion_rate"].code == Code(158014, "MDC_FLOW_FLUID_PUMP_CURRENT")
    assert codes(outputs) == ["CA"]
    assert outputs.index(event) < outputs.index(report)


def test_a_sensor_alarm_as_the_acm_reference_has_it() -> None:
    outputs = hear(*capture("acm_sensor_unplugged.txt"))
    (alarm,) = announcements(outputs)
    assert (alarm.event, alarm.phase, alarm.code) == (EventKind.ALARM, Phase.BEGIN, AlarmCode.NO_SENSOR)
    assert (alarm.text, alarm.priority, alarm.source) == ("CO2 Sensor unplugged", Priority.LOW, "1.1.1")
    assert alarm.mdc == Code(196916, "MDC_EVT_SENSOR_DISCONN")
    assert alarm.device == "urn:uuid:f9bd67ba-10f9-11ea-bab1-0050b612afeb"
    assert alarm.simulated, "MSH-11 is D"
    assert reports(outputs) == []
    assert codes(outputs) == ["CA"]


def test_a_real_syringe_pump_that_is_off() -> None:
    outputs = hear(*capture("bbraun_spaceplus_off.txt"))
    (report,) = reports(outputs)
    said = {f"{reading.source}/{reading.metric}": reading.value for reading in report.readings}
    assert said["/infusion_state"] == InfusionState.OFF
    assert said["delivery/infusion_rate"] == 0
    assert said["primary/source_label"] == "Primary"
    assert report.device == "P52814", "its EUI-64 is the same for all pumps"
    assert identities(outputs) == [
        Identity(
            "P52814", model="B Braun SpacePlus Perfusor", serial="3107c7c4-59d7-54b7-b500-8d716e5ca2cb",
            dialect="B. Braun Space",
        )
    ]  # fmt: skip
    assert codes(outputs) == ["CA"]


def test_a_real_monitor_with_an_old_cuff_result() -> None:
    outputs = hear(*capture("mindray_vs900.txt"))
    (report,) = reports(outputs)
    assert report.device == "00A0370098007A80"
    said = {reading.metric: reading for reading in report.readings}
    assert said[Metric.SPO2] == Reading(
        Metric.SPO2, 99, name="150456^MDC_PULS_OXIM_SAT_O2", raw="99", source="1.3.1",
        code=Code(150456, "MDC_PULS_OXIM_SAT_O2"),
    )  # fmt: skip
    assert (said[Metric.PERFUSION_INDEX].value, said[Metric.PERFUSION_INDEX].unit) == (0.94, "%")
    assert [said[metric].value for metric in (Metric.NIBP_SYSTOLIC, Metric.NIBP_DIASTOLIC, Metric.NIBP_MEAN)] == [
        147, 90, 109,
    ]  # fmt: skip
    assert str(said[Metric.NIBP_SYSTOLIC].device_time) == "2019-12-06 11:10:16"
    assert str(said[Metric.TEMPERATURE].device_time) == "2019-12-06 11:34:15"
    assert str(report.device_time) == "2019-12-06 11:34:52"
    assert codes(outputs) == ["CA"]


def test_a_b40_wants_aa_and_names_itself_in_the_first_component() -> None:
    outputs = hear(*capture("ge_b40.txt"))
    (report,) = reports(outputs)
    assert report.device == "080019FFFE1443EC"
    assert {reading.metric: reading.value for reading in report.readings} == {
        Metric.HEART_RATE: 68, Metric.UNMAPPED: 1, Metric.FICO2: 1, Metric.PULSE_RATE: 67, Metric.SPO2: 97,
    }  # fmt: skip
    assert codes(outputs) == ["AA"]


def test_a_message_that_hl7apy_built_says_what_was_put_in() -> None:
    built = Hl7apyMessage("ORU_R01", version="2.6", validation_level=VALIDATION_LEVEL.STRICT)
    built.msh.msh_3, built.msh.msh_9, built.msh.msh_10 = f"SIM^{EUI}^EUI-64", "ORU^R01^ORU_R01", "X1"
    built.msh.msh_11, built.msh.msh_7 = "P", "20260101000000+0000"
    order = built.add_group("ORU_R01_PATIENT_RESULT").add_group("ORU_R01_ORDER_OBSERVATION")
    order.obr.obr_4, order.obr.obr_7 = "182777000^monitoring of patient^SCT", "20260101000000+0000"
    rows = order.add_group("ORU_R01_OBSERVATION")
    rows.obx.obx_2, rows.obx.obx_3, rows.obx.obx_4 = "NM", "150456^MDC_PULS_OXIM_SAT_O2^MDC", "1.2.1.1"
    rows.obx.obx_5, rows.obx.obx_6, rows.obx.obx_11 = "97", "262688^MDC_DIM_PERCENT^MDC", "R"
    outputs = hear(*built.to_er7().rstrip("\r").split("\r"))
    (report,) = reports(outputs)
    assert (report.device, [(r.metric, r.value, r.source) for r in report.readings]) == (
        EUI, [(Metric.SPO2, 97, "1.2.1")],
    )  # fmt: skip
    assert codes(outputs) == ["AA"], "hl7apy left MSH-15 and MSH-16 out"


# Constructed samples: consistency with the profiles' text, no more


def test_the_sample_monitor() -> None:
    assert values(sample("pcd01_monitor.hl7")) == {
        "1.1.1/heart_rate": 72,
        "1.2.1/spo2": 97,
        "1.2.1/pulse_rate": 71,
        "1.2.1/perfusion_index": 2.1,
        "1.3.1/nibp_systolic": 124,
        "1.3.1/nibp_diastolic": 78,
        "1.3.1/nibp_mean": 93,
        "1.4.1/etco2": 38,
        "1.4.1/respiration_rate": 14,
        "1.5.1/temperature": None,
        "1.6.1/ibp_systolic": ">300",
    }


def test_the_sample_pump() -> None:
    said = values(sample("pcd01_syringe_pump.hl7"))
    assert said["primary/infusion_rate"] == 12.0
    assert said["primary/dose_rate"] == 0.3
    assert said["primary/time_remaining"] == 5040
    assert said["primary/drug_name"] == "KETAMINE"
    assert said["syringe/syringe_size"] == 50
    assert said["/infusion_state"] == InfusionState.INFUSING


def test_the_sample_event_comes_before_the_state_behind_it() -> None:
    outputs = hear(*sample("pcd10_delivery_start.hl7"))
    assert [type(output).__name__ for output in outputs] == ["Identity", "Announcement", "Report", "Ack"]
    (event,) = announcements(outputs)
    assert (event.event, event.source) == (EventKind.INFUSION_STARTED, "primary")


def test_the_sample_alarm() -> None:
    (alarm,) = announcements(hear(*sample("pcd04_occlusion_start.hl7")))
    assert (alarm.code, alarm.phase, alarm.priority) == (AlarmCode.OCCLUSION, Phase.BEGIN, Priority.HIGH)
    assert (alarm.text, alarm.source, alarm.device) == ("LINE OCCLUSION", "1.1.2.201", "00112200000BADF0")


@pytest.mark.parametrize("name", ["ack_aa.hl7", "ack_ca.hl7"])
def test_an_acknowledgement_is_never_answered(name: str) -> None:
    (said,) = hear(*sample(name))
    assert said == Damage("answer without a question", (SAMPLES / name).stat().st_size)


@pytest.mark.parametrize(
    ("said", "path", "level", "channel"),
    [
        ("1.1.2.209", "1.1.2.209", 4, "1.1.2"), ("1.1.2.0", "1.1.2", 3, "1.1.2"), ("1.1.0.0", "1.1", 2, "1.1"),
        ("1.0.0.0", "1", 1, "1"), ("1", "1", 1, "1"), ("", "", 0, ""), ("1.7.4.147842", "1.7.4.147842", 4, "1.7.4"),
        ("1.1.2.201.3", "1.1.2.201.3", 5, "1.1.2"), ("1.0.0.9", "1.0.0.9", 4, "1.0.0"), ("0", "", 0, ""),
    ],
)  # fmt: skip
def test_a_place_in_the_containment_tree(said: str, path: str, level: int, channel: str) -> None:
    assert (place_of(said).path, place_of(said).level, place_of(said).channel) == (path, level, channel)


def test_a_file_of_bare_messages_is_read_like_the_wire() -> None:
    data = b"\n".join(
        (SAMPLES / name).read_bytes().replace(b"\r", b"\n") for name in ("pcd01_monitor.hl7", "pcd01_syringe_pump.hl7")
    )
    assert codes(list(dialogue().receive(FAMILY.from_file(data), NOW))) == ["CA", "CA"]
