"""Whose dialect a sender speaks, and that none of its ways to say "no value" comes out as one."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest

from drivers.api import Code, Identity, Reading
from drivers.ihe_pcd.codec import Ack
from drivers.ihe_pcd.dialects import DIALECTS, FOREIGN, DialectName
from drivers.ihe_pcd.driver import IhePcdSettings
from drivers.vocabulary import AlarmCode, Metric, Phase, Reason, Validity
from tests.drivers.ihe_pcd.senders import (
    EUI,
    announcements,
    capture,
    codes,
    damage,
    header,
    hear,
    identities,
    obr,
    obx,
    reports,
    sample,
)

HR = "147842^MDC_ECG_HEART_RATE^MDC"
ST = "131842^MDC_ECG_AMPL_ST_II^MDC"
SYS = "150021^MDC_PRESS_BLD_NONINV_SYS^MDC"
MMHG = "266016^MDC_DIM_MMHG^MDC"
MV = "266418^MDC_DIM_MILLI_VOLT^MDC"
PSN = "4711^Radical-7^masimo.com"

# How each dialect begins a message: MSH-3, MSH-4, MSH-15 and MSH-16, OBR-4, the first row's OBX-3 and OBX-18.
SENDERS = {
    "ihe_pcd": (f"SIM^{EUI}^EUI-64", "VENDOR", "AL|NE", "182777000^monitoring of patient^SCT", HR, ""),
    "mindray": ("MINDRAY_N17^00A0370098007A80^EUI-64", "MINDRAY", "AL|NE", "182777000^^SCT", HR, ""),
    "mindray_egateway": ("MINDRAY_EGATEWAY^00A03700273EDE18^EUI-64", "MINDRAY", "AL|NE", "69952^^MDC", HR, ""),
    "ge_b_series": ("VSP^080019FFFE1443EC^EUI-64", "GE Healthcare", "NE|AL", "182777000^^SCT", HR, ""),
    "comen": ("", "KC261551373G", "|", "1^MON_PARAM^99COMEN", HR, ""),
    "bbraun_space": ("PAT_DEVICE_BBRAUN^0012211839000001^EUI-64", "BBRAUN", "AL|NE", "999999^Unknown", HR, "I51559"),
    "icu_medical": ("PAT_DEVICE_ICU_MEDICAL^0003B10000000001^EUI-64", "ICU_MEDICAL", "AL|NE", "1", HR, "PLUM-1"),
    "masimo_psn": ("", "", "|", "196616^MDC_EVT_ALARM^MDC", HR, PSN),
    "oem": ("", "", "|", "", "101^HR", ""),
}

# What stands for "no value": OBX-5, OBX-11, OBX-8. The same for all, then each dialect's own.
EVERYWHERE = [
    ("", "F", ""), ("", "R", ""), ("", "X", ""), ('""', "R", ""), ("72", "X", ""), ("---", "R", ""), ("?", "F", ""),
    ("no sensor", "F", ""), ("8388607", "R", ""), ("-100", "F", ""), ("-100.00", "F", ""), ("-999", "F", ""),
    ("-99.9", "F", ""), ("-1000", "F", ""), ("-10000", "F", ""), ("72", "R", "DEMO"), ("72", "R", "A~DEMO"),
    ("72", "R", "INV"), ("", "X", "NAV"),
]  # fmt: skip
OWN = {"comen": [("0", "F", ""), ("0.0", "F", "")], "oem": [("-1", "F", ""), ("-1.0", "R", "")]}


def said_by(name: str, *rows: str, trigger: str = "R01", time: str = "20260101000000") -> list[str]:
    application, facility, answers, about, _, _ = SENDERS[name]
    msh = f"MSH|^~\\&|{application}|{facility}|||{time}||ORU^{trigger}^ORU_{trigger}|C1|P|2.6|||{answers}"
    return [msh, obr(time, about), *rows]


def first_row(name: str, value: str = "72", status: str = "R", flags: str = "") -> str:
    *_, code, equipment = SENDERS[name]
    return obx(code, value, status=status, flags=flags, equipment=equipment)


def readings_of(*segments: str, settings: IhePcdSettings | None = None) -> list[Reading]:
    return [reading for report in reports(hear(*segments, settings=settings)) for reading in report.readings]


def dialect_in(*segments: str, settings: IhePcdSettings | None = None) -> list[str]:
    return [identity.dialect for identity in identities(hear(*segments, settings=settings))]


def test_every_dialect_can_be_configured_and_has_a_sender_here() -> None:
    assert set(get_args(DialectName)) == {"auto", *DIALECTS}
    assert set(SENDERS) == set(DIALECTS)
    names = [dialect.name for dialect in (*DIALECTS.values(), *FOREIGN)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", SENDERS)
def test_each_sender_is_recognised_and_its_dialect_published(name: str) -> None:
    assert dialect_in(*said_by(name, first_row(name))) == [DIALECTS[name].name]


@pytest.mark.parametrize("name", SENDERS)
def test_what_is_configured_comes_before_what_is_said(name: str) -> None:
    settings = IhePcdSettings(dialect=name)  # type: ignore[arg-type]  # parametrized: a str
    for other in SENDERS:
        assert dialect_in(*said_by(other, first_row(other)), settings=settings) == [DIALECTS[name].name]


@pytest.mark.parametrize(
    ("file", "dialect"),
    [
        ("mindray_vs900.txt", "Mindray"),
        ("mindray_egateway.txt", "Mindray eGateway"),
        ("ge_b40.txt", "GE B-series"),
        ("comen_nc.txt", "Comen"),
        ("bbraun_spaceplus_off.txt", "B. Braun Space"),
        ("icu_plum360_alarm.txt", "ICU Medical"),
        ("acm_sensor_unplugged.txt", "IHE PCD"),
        ("ipec_delivery_start.txt", "IHE PCD"),
    ],
)
def test_foreign_messages_show_whose_they_are(file: str, dialect: str) -> None:
    assert set(dialect_in(*capture(file))) == {dialect}


@pytest.mark.parametrize(
    ("application", "facility", "code", "dialect"),
    [
        ("^EfficiaCM", "", "0002-4bb8^SpO2^MDIL", "Philips MDIL"),
        ("", "", "0002-4bb8^SpO2^MDIL", "Philips MDIL"),
        ("", "", "131072^ECG_HR^EHC", "Edan"),
        ("", "", "Heart Rate^Heart Rate^WAP", "Welch Allyn"),
        ("NIHON KOHDEN", "NIHON KOHDEN", "001000^VITAL HR", "Nihon Kohden"),
        ("", "", "108^MNDRY_X^99MNDRY", "Mindray"),
        ("MONITOR^00A0370098007A80^EUI-64", "", HR, "Mindray"),
        ("NC_Monitor", "KC1", HR, "Comen"),
        ("", "", "147842^MDC_ECG_HEART_RATE", "IHE PCD"),
        ("", "", "9^X^99Y", "unknown HL7"),
        # near misses are nobody
        ("VSP", "GE Healthcare", HR, "IHE PCD"),
        ("MONITOR", "GE Healthcare", HR, "IHE PCD"),
        ("XMINDRAY_N17", "", HR, "IHE PCD"),
    ],
)
def test_whose_a_message_is(application: str, facility: str, code: str, dialect: str) -> None:
    msh = f"MSH|^~\\&|{application}|{facility}|||20260101000000||ORU^R01^ORU_R01|C1|P|2.6"
    assert dialect_in(msh, obr(), obx(code, "72")) == [dialect]


def test_a_private_code_in_an_ihe_message_is_still_an_ihe_message() -> None:
    msh = header(application="X") + "|||||1.2^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO"
    assert dialect_in(msh, obr(), obx("9^X^99Y", "72")) == ["IHE PCD"]


def test_constructed_samples_show_their_dialect_too() -> None:
    assert set(dialect_in(*sample("mdil_efficia_style.hl7"))) == {"Philips MDIL"}
    assert set(dialect_in(*sample("pcd01_mindray_style.hl7"))) == {"Mindray"}


# No value


@pytest.mark.parametrize("name", SENDERS)
def test_no_way_of_saying_nothing_is_a_valid_value(name: str) -> None:
    for said, status, flags in [*EVERYWHERE, *OWN.get(name, [])]:
        rows = [first_row(name, said, status, flags)]
        for code, unit, kind in ((HR, "", "NM"), (ST, MV, "NM"), (SYS, MMHG, "NM"), ("188888^MDC_NEW^MDC", "", "NM")):
            rows.append(obx(code, said, status=status, flags=flags, unit=unit, kind=kind))
        found = [report for report in reports(hear(*said_by(name, *rows))) if not report.simulated]
        readings = [reading for report in found for reading in report.readings]
        assert all(reading.validity is not Validity.VALID and reading.reason for reading in readings), (said, readings)
        assert all(
            (reading.value is None) == (reading.validity in (Validity.ABSENT, Validity.INVALID)) for reading in readings
        )


@pytest.mark.parametrize("said", ["-100", "-100.00", "-999", "-99.9", "-1000"])
@pytest.mark.parametrize("kind", ["NM", "ST"])
@pytest.mark.parametrize("code", [ST, "188888^MDC_NEW^MDC", "150087^MDC_PRESS_BLD_VEN_CENT_MEAN^MDC"])
def test_a_clones_sentinel_is_absent_whatever_the_parameter(said: str, kind: str, code: str) -> None:
    first, second = readings_of(*said_by("oem", first_row("oem"), obx(code, said, kind=kind)))
    assert (first.value, first.validity) == (72, Validity.VALID)
    assert (second.value, second.validity, second.reason) == (None, Validity.ABSENT, Reason.NOT_AVAILABLE)
    assert second.raw.startswith(said)


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("ihe_pcd", "-1", (-1, Validity.VALID, None)),
        ("mindray", "-1", (-1, Validity.VALID, None)),
        ("oem", "-1", (-1, Validity.QUESTIONABLE, Reason.OTHER)),
        ("ihe_pcd", "-100", (-100, Validity.QUESTIONABLE, Reason.IMPLAUSIBLE)),
        ("comen", "-100", (None, Validity.ABSENT, Reason.NOT_AVAILABLE)),
        ("ihe_pcd", "0", (0, Validity.VALID, None)),
        ("comen", "0", (0, Validity.QUESTIONABLE, Reason.OTHER)),
        ("comen", "1", (1, Validity.VALID, None)),
    ],
)
def test_one_dialects_sentinel_is_anothers_value(name: str, said: str, expected: tuple[object, ...]) -> None:
    found = readings_of(*said_by(name, first_row(name), obx(ST, said, unit=MV)))[1]
    assert (found.value, found.validity, found.reason) == expected


def test_a_sentinel_stays_one_below_a_pumps_channel() -> None:
    channel = obx("70071^MDC_PUMP_INFUSATE_SOURCE_PRIMARY^MDC", place="1.1.2.0", kind="", status="X")
    rows = [obx("101^HR", "72"), channel, obx("188888^MDC_NEW^MDC", "-999", place="1.1.2.1")]
    found = readings_of(*said_by("oem", *rows))[1]
    assert (found.value, found.source, found.validity) == (None, "primary", Validity.ABSENT)


@pytest.mark.parametrize("name", SENDERS)
def test_a_demonstration_is_simulated(name: str) -> None:
    found = reports(hear(*said_by(name, first_row(name, flags="DEMO"))))
    assert found
    assert all(report.simulated for report in found)


@pytest.mark.parametrize(
    "about", ["CONTINUOUS WAVEFORM", "100001^CONTINUOUS WAVEFORM^99MNDRY", "BOUNDED WAVEFORM", "^Bounded Waveform"]
)
def test_the_rows_of_a_waveform_are_no_parameters(about: str) -> None:
    rows = [obx("0^MDC_ATTR_SAMP_RATE^MDC", "250", place="1.7.6.131329.1"), obx(HR, "72")]
    outputs = hear(header(), obr(about=about), *rows, obr(), obx(HR, "73"))
    assert [reading.value for report in reports(outputs) for reading in report.readings] == [73]
    assert codes(outputs) == ["CA"]


# Times


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("20260101080000", datetime(2026, 1, 1, 8, tzinfo=UTC).replace(tzinfo=None)),
        ("20260101080000123", datetime(2026, 1, 1, 8, 0, 0, 123_000, UTC).replace(tzinfo=None)),
        ("20260101080000.0000+0800", datetime(2026, 1, 1, tzinfo=UTC)),
        ("20260101080000123+0800", datetime(2026, 1, 1, 8, 0, 0, 123_000, timezone(timedelta(hours=8)))),
        ("00000000000000", None),
    ],
)
def test_times_with_and_without_dot_and_offset(name: str, said: str, expected: datetime | None) -> None:
    (report,) = reports(hear(*said_by(name, first_row(name), time=said)))
    assert report.device_time == expected


def test_a_comens_cuff_result_with_the_messages_own_time_may_be_old() -> None:
    now, before = "20260101000000", "20251231235500"
    for time, expected in ((now, Reason.AGE_UNKNOWN), (before, None)):
        found = readings_of(*said_by("comen", obx(SYS, "120", unit=MMHG, time=time)))[0]
        assert (found.value, found.reason) == (120, expected)


# Which device


def test_beds_behind_an_egateway_are_told_apart() -> None:
    def key(location: str, equipment: str = "") -> str:
        first, *rest = said_by("mindray_egateway", obx(HR, "72", equipment=equipment))
        return reports(hear(first, f"PV1||I|{location}", *rest))[0].device

    assert key("ICU^^5^F^^^^^00-0F-14-50-72-99") == "000F14507299"
    assert key("ICU^^5^F^^^^^00:0f:14:50:72:99") == "000F14507299"
    assert key("ICU^^5") == "MINDRAY_EGATEWAY-ICU-5"
    assert key("ICU^^6^^^^^^anything") == "MINDRAY_EGATEWAY-ICU-6"
    assert key("ICU^^5", f"X^^{EUI}^EUI-64") == EUI


def test_an_egateways_message_is_the_monitors() -> None:
    outputs = hear(*capture("mindray_egateway.txt"))
    (report,) = reports(outputs)
    assert (report.device, [reading.value for reading in report.readings]) == ("000F14049B507238", [98, 65, 1.76])
    assert codes(outputs) == ["CA"]


def test_a_comen_monitor_is_known_by_its_serial_number() -> None:
    outputs = hear(*capture("comen_nc.txt"))
    (report,) = reports(outputs)
    assert identities(outputs) == [Identity("KC261551373G", serial="KC261551373G", dialect="Comen")]
    assert report.device == "KC261551373G"
    assert report.device_time == datetime(2025, 6, 9, 17, 51, 27, tzinfo=UTC)
    said = {reading.metric: reading for reading in report.readings}
    assert said[Metric.SPO2].value == 97
    assert (said[Metric.PULSE_RATE].value, said[Metric.PULSE_RATE].validity) == (59, Validity.VALID)
    assert (said[Metric.TEMPERATURE].value, said[Metric.TEMPERATURE].raw) == (37.0, "37.0")
    assert said[Metric.SPO2_DIFFERENCE].validity is Validity.QUESTIONABLE
    assert said[Metric.NIBP_SYSTOLIC].reason is Reason.AGE_UNKNOWN
    assert said[Metric.BODY_WEIGHT].validity is Validity.ABSENT
    assert said[Metric.UNMAPPED].value == "COMEN_POS_SITTING"
    assert codes(outputs) == ["AA"], "MSH-15 and MSH-16 are empty"


def test_a_message_that_does_not_show_its_dialect_takes_none_back() -> None:
    vendor = said_by("oem", first_row("oem"))
    plain = said_by("oem", obx(HR, "72"))
    assert dialect_in(*vendor, *[line for line in plain if line.startswith("OBX")]) == ["OEM, Mindray-like"]
    assert dialect_in(*plain) == ["IHE PCD"]
    outputs = hear(*vendor, *plain, *vendor, *plain)
    assert [identity.dialect for identity in identities(outputs)] == ["OEM, Mindray-like"]
    outputs = hear(*plain, *vendor, *plain)
    assert [identity.dialect for identity in identities(outputs)] == ["IHE PCD", "OEM, Mindray-like"]


# Alarms


def test_a_plum_360_alarm_goes_by_its_refid() -> None:
    outputs = hear(*capture("icu_plum360_alarm.txt"))
    (alarm,) = announcements(outputs)
    assert (alarm.code, alarm.phase, alarm.text) == (AlarmCode.OCCLUSION, Phase.BEGIN, "Distal Occlusion")
    assert alarm.mdc == Code(196940, "MDC_EVT_FLUID_LINE_OCCL")
    assert (alarm.device, alarm.priority) == ("PLUM-1", None), "20 is on a scale of its own"
    assert "20" in alarm.raw.split()
    assert (reports(outputs), damage(outputs)) == ([], [])
    assert identities(outputs) == [Identity("PLUM-1", dialect="ICU Medical")]


@pytest.mark.parametrize("kind", ["ST", "NM"])
def test_a_patient_safetynet_alarm_is_said_whatever_stands_in_it(kind: str) -> None:
    row = f"OBX|1|{kind}|196674^MDC_EVT_LO_VAL_LT_LIM^MDC|1.1.1.1|88||>98|L~SP|||R|||||||{PSN}"
    outputs = hear(*said_by("masimo_psn", row, trigger="R40"))
    (alarm,) = announcements(outputs)
    assert (alarm.mdc, alarm.device) == (Code(196674, "MDC_EVT_LO_VAL_LT_LIM"), "4711")
    assert "88 [>98]" in alarm.raw
    assert identities(outputs) == [Identity("4711", dialect="Masimo Patient SafetyNet")]
    assert codes(outputs) == ["AA"]


# Acknowledgements


@pytest.mark.parametrize(
    ("asked", "expected"), [("NE|AL", ["AA"]), ("|", ["AA"]), ("AL|NE", ["AA"]), ("AL|AL", ["AA"]), ("NE|NE", ["AA"])]
)
def test_a_ge_is_always_answered_aa_or_it_sends_again(asked: str, expected: list[str]) -> None:
    first, *rest = said_by("ge_b_series", first_row("ge_b_series"))
    first = re.sub(r"NE\|AL$", lambda _: asked, first)
    assert codes(hear(first, *rest)) == expected


def test_a_configured_answer_comes_before_a_ges_habit() -> None:
    assert codes(hear(*capture("ge_b40.txt"), settings=IhePcdSettings(ack_mode="none"))) == []
    assert codes(hear(*capture("ge_b40.txt"), settings=IhePcdSettings(ack_mode="always_ca"))) == ["CA"]


@pytest.mark.parametrize("name", sorted(set(SENDERS) - {"ge_b_series"}))
def test_everybody_else_gets_what_msh_15_and_16_ask_for(name: str) -> None:
    expected = ["CA"] if SENDERS[name][2] == "AL|NE" else ["AA"]
    assert codes(hear(*said_by(name, first_row(name)))) == expected


def test_a_query_is_refused_in_the_senders_own_way() -> None:
    (refusal,) = [
        output
        for output in hear("MSH|^~\\&|VSP^080019FFFE1443EC^EUI-64|GE|||20260101||QRY^A19|7|P|2.6|||AL|NE", "QRD|1")
        if isinstance(output, Ack)
    ]
    assert refusal.code == "AR"
