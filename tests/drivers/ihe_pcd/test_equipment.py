"""Whose values they are: no two devices may become one, and no value another device's."""

import pytest

from drivers.api import Announcement, Port, Report
from drivers.ihe_pcd.codec import Ack, wrap
from drivers.ihe_pcd.driver import IhePcdDialogue, IhePcdSettings
from drivers.ihe_pcd.equipment import device_of, sender_of
from drivers.vocabulary import Metric
from tests.drivers.ihe_pcd.senders import (
    EUI,
    OTHER_EUI,
    announcements,
    damage,
    header,
    hear,
    heard,
    identities,
    obr,
    obx,
    reports,
    sample,
)

HR = "147842^MDC_ECG_HEART_RATE^MDC"
SPO2 = "150456^MDC_PULS_OXIM_SAT_O2^MDC"
MDS = "69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC"
ONE, TWO = f"A^^{EUI}^EUI-64", f"B^^{OTHER_EUI}^EUI-64"


def who(*segments: str) -> list[tuple[str, list[object]]]:
    return [(report.device, [reading.value for reading in report.readings]) for report in reports(hear(*segments))]


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (f"SIM01^^{EUI}^EUI-64", EUI),
        (f"SIM01^^{EUI.lower()}^EUI-64", EUI),
        (f"{EUI}^EUI-64", EUI),
        (f"{EUI}^B40_GE", EUI),
        ("000F14049B507238^BIG_DIPPER^000F14049B507238^EUI-64", "000F14049B507238"),
        # the same for all pumps of one maker: their labels tell them apart
        ("P52814^^0012210000000000^EUI-64", "P52814"),
        ("I51316^^0012210000000000^EUI-64", "I51316"),
        ("4711^Root^masimo.com^DNS", "4711"),
        ("urn:uuid:f9bd67ba-10f9-11ea-bab1-0050b612afeb^^x^URN", "urn:uuid:f9bd67ba-10f9-11ea-bab1-0050b612afeb"),
        # repeats: the lowest level first, so the device is the last one
        (f"MODULE^^{OTHER_EUI}^EUI-64~SIM01^^{EUI}^EUI-64", EUI),
        ("~~WARD~FACILITY", "FACILITY"),
        ("", ""),
        ("^^^", ""),
        ("x" * 5000, "x" * 128),
    ],
)
def test_the_device_that_obx_18_names(said: str, key: str) -> None:
    assert device_of(said) == key


@pytest.mark.parametrize(
    ("application", "location", "key"),
    [
        (f"SIM^{EUI}^EUI-64", "A^B^C", EUI),
        ("NC_Monitor", "ICU^2^5^CLINIC", "NC_Monitor-ICU-2-5"),
        ("NC_Monitor", "^^&24", "NC_Monitor-24"),
        ("NC_Monitor", "", "NC_Monitor@192.0.2.7"),
        ("^EfficiaCM", "INF^^CHAIR1", "INF-CHAIR1"),
        ("", "^^CHAIR1", "CHAIR1"),
        ("", "", "192.0.2.7"),
        ("GW^0012210000000000^EUI-64", "^^5", "GW-5"),
    ],
)
def test_the_device_that_only_its_sender_names(application: str, location: str, key: str) -> None:
    assert sender_of(application, location, "192.0.2.7") == key


def test_two_devices_in_one_message_are_two_reports() -> None:
    assert who(
        header(), obr(),
        obx(MDS, place="1.0.0.0", kind="", status="X", equipment=ONE), obx(HR, "70", place="1.1.1.1"),
        obx(MDS, place="2.0.0.0", kind="", status="X", equipment=TWO), obx(HR, "80", place="2.1.1.1"),
        obx(SPO2, "97", place="1.2.1.1"),
    ) == [(EUI, [70, 97]), (OTHER_EUI, [80])]  # fmt: skip


def test_two_devices_in_two_obrs_are_two_reports() -> None:
    assert who(
        header(), obr(), obx(HR, "70", equipment=ONE), obx(SPO2, "97", place="1.2.1.1"),
        obr(), obx(HR, "80", equipment=TWO), obx(SPO2, "98", place="1.2.1.1"),
    ) == [(EUI, [70, 97]), (OTHER_EUI, [80, 98])]  # fmt: skip


def test_an_mds_rows_number_holds_for_its_modules_too() -> None:
    assert who(
        header(), obr(), obx(MDS, place="1.0.0.0", kind="", status="X", equipment=ONE),
        obx(HR, "70", place="1.1.1.1", equipment=TWO),
    ) == [(EUI, [70])]  # fmt: skip


def test_without_an_mds_row_a_vmd_row_and_a_rows_own_number_count() -> None:
    vmd = obx("69798^MDC_DEV_ECG_VMD^MDC", place="1.5.0.0", kind="", status="X", equipment=ONE)
    assert who(
        header(), obr(), vmd, obx(HR, "70", place="1.5.1.1"), obx(SPO2, "97", place="1.6.1.1", equipment=TWO),
        obx(SPO2, "96", place="1.5.2.1"),
    ) == [(EUI, [70, 96]), (OTHER_EUI, [97])]  # fmt: skip


def test_a_number_said_once_holds_for_the_rows_after_it() -> None:
    rows = [obx(HR, "70", place="1.7.4.147842", equipment=ONE), obx(SPO2, "97", place="1.3.1.150456")]
    assert who(header(), obr(), *rows) == [(EUI, [70, 97])]


def test_rows_without_a_number_are_the_senders() -> None:
    assert who(header(application=f"GW^{OTHER_EUI}^EUI-64"), obr(), obx(HR, "70")) == [(OTHER_EUI, [70])]


def test_beds_behind_one_sender_are_told_apart() -> None:
    assert who(
        header(application="GATEWAY"), "PID|||1", "PV1||I|ICU^^5", obr(), obx(HR, "70"),
        "PID|||2", "PV1||I|ICU^^6", obr(), obx(HR, "80"), "PID|||3", obr(), obx(HR, "90"),
    ) == [("GATEWAY-ICU-5", [70]), ("GATEWAY-ICU-6", [80]), ("GATEWAY@192.0.2.7", [90])]  # fmt: skip


def test_the_setting_fixes_one_key() -> None:
    rows = [obx(HR, "70", equipment=ONE), obx(HR, "80", place="2.1.1.1", equipment=TWO)]
    (report,) = reports(heard(*rows, settings=IhePcdSettings(key="chair1")))
    assert (report.device, len(report.readings)) == ("chair1", 2)
    alarm = obx("196616^MDC_EVT_ALARM^MDC", "196940^^MDC", place="1.1.1.1.1", kind="CWE", equipment=ONE)
    (said,) = announcements(heard(alarm, settings=IhePcdSettings(key="chair1"), trigger="R40"))
    assert said.device == "chair1"


def test_a_device_is_introduced_once_in_a_connection_and_before_its_first_report() -> None:
    outputs = heard(obx(HR, "70", equipment=ONE), obx(HR, "80", place="2.1.1.1", equipment=TWO))
    assert [type(output).__name__ for output in outputs] == ["Identity", "Identity", "Report", "Report", "Ack"]
    assert [identity.device for identity in identities(outputs)] == sorted((EUI, OTHER_EUI))


def test_another_pump_is_introduced_before_anything_that_it_says() -> None:
    def serial(number: str) -> str:
        return obx("67972^MDC_ATTR_SYS_ID^MDC", number, place="1.1.0.9", kind="ST")

    dialogue = IhePcdDialogue(IhePcdSettings(key="chair1"), Port())
    for number in ("A1", "B2"):
        segments = (header(control_id=number), obr(), obx(HR, "70"), obr(), serial(number))
        outputs = dialogue.receive(wrap("".join(f"{segment}\r" for segment in segments).encode()), 0.0)
        said = [output for output in outputs if not isinstance(output, Ack)]
        assert [type(output).__name__ for output in said][-1] == "Report"
        assert [identity.serial for identity in identities(list(said))][-1] == number


# Simulated data


ALARM = obx("196616^MDC_EVT_ALARM^MDC", "196940^MDC_EVT_FLUID_LINE_OCCL^MDC", place="1.1.2.201.1", kind="CWE")


@pytest.mark.parametrize("flag", ["DEMO", "TEST", "A~DEMO", "demo", " TEST "])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_once_a_row_says_demo_all_of_its_device_is_simulated(flag: str, place: int) -> None:
    rows = [
        obx(HR, "70", equipment=ONE, flags=flag if place == 0 else ""),
        obx(SPO2, "97", place="1.2.1.1", flags=flag if place == 1 else ""),
        obx("150344^MDC_TEMP^MDC", "", place="1.3.1.1", flags=flag if place == 2 else ""),
    ]
    (report,) = reports(heard(*rows))
    assert report.simulated
    assert len(report.readings) == 3


def test_the_constructed_demonstration_is_one_whole_simulated_report() -> None:
    (report,) = reports(hear(*sample("pcd01_mindray_style.hl7")))
    assert report.simulated
    assert Metric.RESPIRATION_RATE_IMPEDANCE in {reading.metric for reading in report.readings}


def test_a_demonstration_in_one_group_holds_for_the_devices_others_and_for_no_other_device() -> None:
    outputs = hear(
        header(), obr(), obx(HR, "70", equipment=ONE), obx(HR, "80", place="2.1.1.1", equipment=TWO),
        obr(), obx(SPO2, "97", place="1.2.1.1", equipment=ONE, flags="DEMO"),
    )  # fmt: skip
    assert [(report.device, report.simulated) for report in reports(outputs)] == [
        (EUI, True), (OTHER_EUI, False), (EUI, True),
    ]  # fmt: skip
    assert len({report.key for report in reports(outputs)}) == 3


def test_an_alarm_of_a_device_that_demonstrates_is_simulated_though_it_does_not_say_so() -> None:
    dialogue = IhePcdDialogue(IhePcdSettings(), Port())

    def tell(trigger: str, *rows: str) -> list[bool]:
        segments = (header(trigger=trigger), obr(), *rows)
        outputs = dialogue.receive(wrap("".join(f"{segment}\r" for segment in segments).encode()), 0.0)
        return [output.simulated for output in outputs if isinstance(output, Report | Announcement)]

    assert tell("R40", ALARM) == [False]
    assert tell("R01", obx(HR, "70", flags="DEMO")) == [True]
    assert tell("R40", ALARM) == [True]
    assert tell("R01", obx(HR, "", status="X")) == [True], "a message without a value doesn't end it"
    assert tell("R40", ALARM) == [True]
    assert tell("R01", obx(HR, "70")) == [False]
    assert tell("R40", ALARM) == [False]


@pytest.mark.parametrize("processing", ["T", "D", "T^A", "t", " D"])
def test_a_test_message_is_simulated_as_a_whole(processing: str) -> None:
    assert [report.simulated for report in reports(heard(obx(HR, "70"), processing=processing))] == [True]


def test_a_row_without_a_parameter_spoils_only_itself() -> None:
    outputs = heard("OBX|1|NM||1.1.1.1|5", obx(HR, "70"))
    assert [report.readings[0].value for report in reports(outputs)] == [70]
    assert [output.reason for output in damage(outputs)] == ["row without a parameter"]
