"""The conversation, in virtual time, with a simulated gateway at the other end."""

import itertools
import time

import pytest

from drivers.api import Damage, Identity, Output, Port, Request
from drivers.edan import FAMILY
from drivers.edan.codec import Query
from drivers.edan.driver import EdanSettings
from drivers.vocabulary import Metric, Reason, Validity
from simulators.api import Cuff, Fixed, StillBedside, Vitals
from simulators.edan.device import EdanDevice, EdanDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.edan.gateways import FOLDER, NOW, answer, damage, dialogue, hear, obx, reports

PORT = Port(peer="192.0.2.7")
CUFF = Cuff(START - 60.0, 121, 77, 92, 66)
HR = obx("131072^ECG_HR^EHC", "72", "bpm")


def gateway(vitals: Vitals, *, bed: int = 1, says_times: bool = True) -> EdanDevice:
    return EdanDevice(StillBedside(patient=Fixed(vitals)), EdanDeviceSettings(bed, says_times))


def talk(device: EdanDevice, seconds: float, settings: EdanSettings | None = None) -> Heard:
    heard = converse(FAMILY, device, seconds, settings=settings)
    assert not device.tampered
    assert device.violations == []
    return heard


def test_a_gateway_tells_what_the_sensors_find() -> None:
    heard = talk(gateway(Vitals(heart_rate=71.6, cuff=CUFF)), 5)
    (report,) = heard.reports
    assert {(r.metric, r.value) for r in report.readings if r.validity is Validity.VALID} == {
        (Metric.HEART_RATE, 72), (Metric.SPO2, 98), (Metric.PULSE_RATE, 72), (Metric.TEMPERATURE, 36.6),
        (Metric.NIBP_SYSTOLIC, 121), (Metric.NIBP_DIASTOLIC, 77), (Metric.NIBP_MEAN, 92), (Metric.NIBP_PULSE_RATE, 66),
    }  # fmt: skip
    assert (report.device, report.key) == ("", "")
    assert [output for output in heard.outputs if isinstance(output, Identity)] == [
        Identity(manufacturer="Edan", dialect="Edan EHC")
    ]


def test_values_without_a_time_of_their_own_are_of_unknown_age() -> None:
    heard = talk(gateway(Vitals(cuff=CUFF), says_times=False), 5)
    assert {(r.validity, r.reason) for report in heard.reports for r in report.readings} == {
        (Validity.QUESTIONABLE, Reason.AGE_UNKNOWN)
    }


def test_the_answers_time_is_not_when_the_cuff_measured() -> None:
    """OBR-7 may be the moment of the answer: each one would tell the same old pressure as a new one."""
    row = obx("393216^NIBP_SYS^EHC", "121", "mmHg", time="")
    (found,) = reports(hear(answer("OBR|1||||||20260101000000", row)))[0].readings
    assert (found.value, found.validity, found.reason) == (121, Validity.QUESTIONABLE, Reason.AGE_UNKNOWN)
    assert found.device_time is None


def test_what_the_gateway_still_says_of_a_silent_monitor_is_late() -> None:
    cuff = obx("393216^NIBP_SYS^EHC", "120", "mmHg", time="20251231120000")
    for said_at, is_late in (
        ("20251231235900", False),
        ("20251231235859", True),
        ("20251231235859+0000", False),
        ("", False),
    ):
        (report,) = reports(hear(answer("OBR|1", obx("131072^ECG_HR^EHC", "72", "bpm", time=said_at), cuff)))
        assert report.late is is_late
    (report,) = reports(hear(answer("OBR|1", cuff)))
    assert not report.late, "a cuff result is always from before"


def test_a_day_takes_some_seconds_and_asks_every_ten() -> None:
    began = time.perf_counter()
    heard = talk(gateway(Vitals(cuff=CUFF)), 86_400)
    assert len(heard.reports) == len(heard.sent)
    assert 8_600 < len(heard.sent) <= 8_641
    assert set(heard.sent) == {Query(1).encode()}
    assert heard.damage == []
    assert time.perf_counter() - began < 30.0


@pytest.mark.parametrize(
    ("vitals", "metric"),
    [
        (Vitals(probe="off"), Metric.SPO2), (Vitals(probe="none"), Metric.PULSE_RATE),
        (Vitals(probe="searching"), Metric.SPO2), (Vitals(leads=False), Metric.HEART_RATE),
        (Vitals(standby=True), Metric.TEMPERATURE),
    ],
)  # fmt: skip
def test_no_sensor_state_looks_valid(vitals: Vitals, metric: Metric) -> None:
    found = [r for report in talk(gateway(vitals), 30).reports for r in report.readings if r.metric is metric]
    assert found
    assert {(r.value, r.validity, r.reason) for r in found} == {(None, Validity.ABSENT, Reason.NOT_AVAILABLE)}


def test_a_bed_that_the_gateway_doesnt_have_is_asked_for_ever_less_often() -> None:
    heard = talk(gateway(Vitals(), bed=2), 3600)
    assert heard.reports == []
    assert {part.reason for part in heard.damage} == {"query refused"}
    assert len(heard.sent) < 250


def test_another_bed_is_asked_for_by_setting_only() -> None:
    heard = talk(gateway(Vitals(), bed=7), 30, EdanSettings(bed=7, poll_s=5.0))
    assert set(heard.sent) == {Query(7).encode()}
    assert len(heard.reports) > 4


@pytest.mark.parametrize("wrong", [{"bed": 0}, {"bed": 10_000}, {"poll_s": 1.0}, {"poll_s": 1e9}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="set it between"):
        EdanSettings(**wrong)  # type: ignore[arg-type]  # whole numbers where it matters


# --- whose values they are


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        (("QRF|MON||||2", "OBR|1", HR), "answer about another bed"),
        (("QRF|MON||||", "OBR|1", HR), "answer about another bed"),
        (("PID|1||A", "OBR|1", HR, "PID|2||B", "OBR|2", HR), "answer about more than one patient"),
        (("PV1|1|I|^^1", "OBR|1", HR, "PV1|2|I|^^2", "OBR|2", HR), "answer about more than one patient"),
    ],
)
def test_another_patients_values_are_never_taken(segments: tuple[str, ...], reason: str) -> None:
    said = hear(answer(*segments))
    assert damage(said) == [reason]
    assert reports(said) == []


def test_an_answer_that_names_our_bed_is_taken() -> None:
    assert reports(hear(answer("MSA|AA|1", "QRD|1", "QRF|MON||||1", "PID|1||A", "PV1||I|^^1", "OBR|1", HR)))


def test_nothing_is_taken_that_nobody_asked_for() -> None:
    device = dialogue()
    assert reports(list(device.receive(answer("OBR|1", HR), NOW)))
    assert damage(list(device.receive(answer("OBR|1", HR), NOW))) == ["answer that nobody waits for"]


def test_an_observation_message_is_an_answer_too() -> None:
    assert reports(hear(answer("OBR|1", HR, kind="ORU^R01")))


@pytest.mark.parametrize("kind", ["ADT^A01", "ORM^O01", "QRY^R02", "RGV^O15"])
def test_other_messages_are_damage_and_never_answered(kind: str) -> None:
    said = hear(answer("PID|||4711||TEST^CASE", kind=kind))
    assert damage(said) == ["unsupported message type"]
    assert len(said) == 1


def test_refusals_and_empty_answers_bring_nothing() -> None:
    assert damage(hear(answer("MSA|AE|1", kind="ACK"))) == ["query refused"]
    assert damage(hear(answer("MSA|AR|1", "OBR|1", HR))) == ["query refused"]
    assert damage(hear(answer("MSA|AA|1", kind="ACK"))) == ["answer without values"]
    assert hear(answer("MSA|AA|1", "QRF|MON||||1")) == []


def test_who_the_patient_is_stays_where_it_is() -> None:
    said = hear(answer("PID|||4711||TEST^CASE", "PV1||I|^^B7", "NTE||TEST", "OBR|1", HR))
    assert reports(said)
    assert not any(word in repr(said) for word in ("4711", "TEST", "CASE", "B7"))


# --- silence, damage, the end


def test_a_silent_gateway_is_asked_less_than_one_that_answers() -> None:
    device = dialogue()
    asked = [at for at in range(1, 900) for output in device.tick(NOW + at) if isinstance(output, Query)]
    assert {b - a for a, b in itertools.pairwise(asked)} == {12}


def test_a_gateway_that_refuses_is_asked_at_growing_intervals() -> None:
    device = dialogue()
    asked, refusal = [0], answer("MSA|AE|1", kind="ACK")
    device.receive(refusal, NOW)
    for at in range(1, 600):
        if any(isinstance(output, Query) for output in device.tick(NOW + at)):
            asked.append(at)
        if asked[-1] == at:
            device.receive(refusal, NOW + at)
    gaps = [b - a for a, b in itertools.pairwise(asked)]
    assert gaps == sorted(gaps)
    assert max(gaps) == 60


def test_a_frame_that_nobody_finishes_is_given_up() -> None:
    device = dialogue()
    device.receive(answer("OBR|1", HR)[:40], NOW)
    said = [output for at in range(1, 12) for output in device.tick(NOW + at)]
    assert [output for output in said if isinstance(output, Damage)] == [Damage("frame not finished", 40)]


def test_line_feeds_are_put_right_and_told_once() -> None:
    device, data = dialogue(), answer("OBR|1", HR).replace(b"\r", b"\n")[:-1] + b"\r"
    first = list(device.receive(data, NOW))
    assert damage(first) == ["line ends"]
    assert reports(first)[0].readings[0].value == 72
    device.tick(NOW + 10)
    again = list(device.receive(data, NOW + 10))
    assert damage(again) == []
    assert reports(again)


def test_a_closed_dialogue_says_nothing_more() -> None:
    device = dialogue()
    assert device.close(NOW + 1) == []
    assert device.wake_at is None
    assert device.tick(NOW + 100) == []


def test_golden_transcript() -> None:
    """All bytes sent from start over damage and silence; kept in transcript.txt."""
    said = (line.partition("|") for line in (FOLDER / "transcript.txt").read_text().splitlines() if line[:1] != "#")
    assert transcript() == [(float(at), bytes.fromhex(data)) for at, _, data in said]


def transcript() -> list[tuple[float, bytes]]:
    talk = dialogue()
    sent: list[tuple[float, Output]] = [(0.0, output) for output in FAMILY.dialogue(EdanSettings(), PORT).open(NOW)]
    heard = {
        1: answer("OBR|1", HR), 11: b"\xff\x0bMSH|^~\\&|broken", 12: answer("OBR|1", HR),
        22: answer("MSA|AE|1", kind="ACK"),
        24: answer("QRF|MON||||2", "OBR|1", HR), 100: answer("OBR|1", HR),
    }  # fmt: skip
    for at in range(1, 140):
        sent += [(at, output) for output in talk.tick(NOW + at)]
        sent += [(at, output) for output in talk.receive(heard.get(at, b""), NOW + at)]
    sent += [(140.0, output) for output in talk.close(NOW + 140)]
    return [(at, output.encode()) for at, output in sent if isinstance(output, Request)]
