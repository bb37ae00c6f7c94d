"""The conversation, in virtual time, with a simulated device at the other end."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from drivers.api import Announcement, Port
from drivers.ihe_pcd import FAMILY
from drivers.ihe_pcd.codec import Ack, wrap
from drivers.ihe_pcd.driver import IhePcdDialogue, IhePcdSettings
from drivers.vocabulary import AlarmCode, EventKind, InfusionState, Metric, Phase, Priority, Reason, Validity
from simulators.api import Cuff, Fixed, PumpView, Signal, StillBedside, Vitals
from simulators.ihe_pcd.device import Answers, IhePcdDevice, IhePcdDeviceSettings, Profile
from tests.converse import START, Heard, converse
from tests.drivers.ihe_pcd.senders import NOW, codes, damage, header, hear, obr, obx, reports, sample

HR_ROW = obx("147842^MDC_ECG_HEART_RATE^MDC", "72")
CUFF = Cuff(START - 60.0, 121, 77, 92, 66)


@dataclass(frozen=True)
class Story:
    """A source that is one thing until a moment, and another from then on."""

    steps: tuple[tuple[float, object], ...]

    def at(self, now: float) -> object:
        return [what for since, what in self.steps if START + since <= now or since == 0.0][-1]


def monitor(vitals: Vitals | Story, **settings: object) -> IhePcdDevice:
    patient = vitals if isinstance(vitals, Story) else Fixed(vitals)
    return IhePcdDevice(StillBedside(patient=patient), IhePcdDeviceSettings(**settings))  # type: ignore[arg-type]  # the story's items are vitals


def pump(view: PumpView | Story, profile: Profile = "pump_new", **settings: object) -> IhePcdDevice:
    source = view if isinstance(view, Story) else Fixed(view)
    bedside = StillBedside(pumps={"11": source})  # type: ignore[dict-item]  # the story's items are views
    return IhePcdDevice(bedside, IhePcdDeviceSettings(profile=profile, **settings))  # type: ignore[arg-type]


def talk(device: IhePcdDevice, seconds: float, **options: object) -> Heard:
    heard = converse(FAMILY, device, seconds, **options)  # type: ignore[arg-type]  # options are converse's own
    assert not device.tampered
    return heard


def announced(heard: Heard) -> list[Announcement]:
    return [output for output in heard.outputs if isinstance(output, Announcement)]


def test_a_monitor_tells_what_its_sensors_find() -> None:
    device = monitor(Vitals(heart_rate=71.6, spo2=97.0, perfusion_index=2.1, cuff=CUFF))
    heard = talk(device, 10)
    said = {reading.metric: reading for reading in heard.reports[-1].readings}
    assert {metric: reading.value for metric, reading in said.items()} == {
        Metric.HEART_RATE: 72, Metric.SPO2: 97, Metric.PULSE_RATE: 72, Metric.PERFUSION_INDEX: 2.1, Metric.ETCO2: 38,
        Metric.RESPIRATION_RATE: 14, Metric.FICO2: 0, Metric.TEMPERATURE: 36.6, Metric.NIBP_SYSTOLIC: 121,
        Metric.NIBP_DIASTOLIC: 77, Metric.NIBP_MEAN: 92, Metric.NIBP_PULSE_RATE: 66,
    }  # fmt: skip
    assert {reading.validity for reading in said.values()} == {Validity.VALID}
    measured_at = said[Metric.NIBP_SYSTOLIC].device_time
    assert measured_at is not None
    assert measured_at.timestamp() == CUFF.ended
    assert heard.reports[-1].device == "0011220000C0FFEE"
    assert device.violations == []
    assert device.unanswered == device.refused == []


def test_a_day_takes_about_a_second() -> None:
    device = monitor(Vitals(cuff=CUFF), period_s=60.0)
    began = time.perf_counter()
    heard = talk(device, 86_400)
    assert len(heard.reports) == len(heard.sent) == 1441
    assert len({report.key for report in heard.reports}) == 1441
    assert device.violations == []
    assert time.perf_counter() - began < 20.0


@pytest.mark.parametrize(
    ("vitals", "metric", "validity", "reason"),
    [
        (Vitals(probe="off"), Metric.SPO2, Validity.ABSENT, Reason.OFF),
        (Vitals(probe="none"), Metric.PULSE_RATE, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (Vitals(probe="searching"), Metric.SPO2, Validity.ABSENT, Reason.MEASURING),
        (Vitals(leads=False), Metric.HEART_RATE, Validity.ABSENT, Reason.OFF),
        (Vitals(co2_line=False), Metric.ETCO2, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (Vitals(standby=True), Metric.HEART_RATE, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (Vitals(motion=True), Metric.SPO2, Validity.QUESTIONABLE, Reason.OTHER),
        (Vitals(low_perfusion=True), Metric.SPO2, Validity.QUESTIONABLE, Reason.OTHER),
        (Vitals(cuff=CUFF, cuff_state="failed"), Metric.NIBP_SYSTOLIC, Validity.INVALID, Reason.DISOWNED),
        (Vitals(), Metric.NIBP_SYSTOLIC, Validity.ABSENT, Reason.NOT_AVAILABLE),
    ],
)
def test_no_sensor_state_looks_valid(vitals: Vitals, metric: Metric, validity: Validity, reason: Reason) -> None:
    (reading,) = [r for r in talk(monitor(vitals), 1).reports[0].readings if r.metric is metric]
    assert (reading.validity, reading.reason) == (validity, reason)
    assert (reading.value is None) == (validity in (Validity.ABSENT, Validity.INVALID))


def test_a_demonstrating_device_says_so_in_everything() -> None:
    alarm = Signal(AlarmCode.LIMIT_HIGH, "HR HIGH")
    heard = talk(monitor(Vitals(cuff=CUFF, alarms=(alarm,)), demo=True), 10)
    assert all(report.simulated for report in heard.reports)
    assert all(said.simulated for said in announced(heard))
    assert announced(heard)


def test_an_alarm_begins_and_ends() -> None:
    high = Signal(AlarmCode.LIMIT_HIGH, "HR HIGH", Priority.HIGH)
    low = Signal(AlarmCode.DESATURATION, "SpO2 LOW")
    device = monitor(Story(((0.0, Vitals()), (20.0, Vitals(alarms=(high, low))), (40.0, Vitals(alarms=(low,))))))
    said = announced(talk(device, 60))
    assert [(a.code, a.phase, a.text, a.priority, a.source) for a in said] == [
        (AlarmCode.LIMIT_HIGH, Phase.BEGIN, "HR HIGH", Priority.HIGH, "1.1.1.1"),
        (AlarmCode.LIMIT_LOW, Phase.BEGIN, "SpO2 LOW", Priority.MEDIUM, "1.2.1.1"),
        (AlarmCode.LIMIT_HIGH, Phase.END, "HR HIGH", Priority.HIGH, "1.1.1.1"),
    ]
    assert device.violations == []


RUNNING = PumpView(
    state=InfusionState.INFUSING, rate=12.0, volume_infused=3.2, volume_left=16.8, time_left_s=5040.0, drug="KETAMINE",
    concentration=2.0, dose_rate=0.3, weight_kg=80.0,
)  # fmt: skip


@pytest.mark.parametrize(("profile", "source"), [("pump_new", "primary"), ("pump_old", "source")])
def test_a_pump_tells_what_its_display_shows(profile: Profile, source: str) -> None:
    device = pump(RUNNING, profile)
    said = {(r.source, r.metric): r for r in talk(device, 10).reports[-1].readings}
    shown = {metric: said[(source, metric)].value for metric in (
        Metric.INFUSION_RATE, Metric.VOLUME_INFUSED, Metric.VOLUME_REMAINING, Metric.TIME_REMAINING, Metric.DRUG_NAME,
        Metric.DRUG_CONCENTRATION, Metric.DOSE_RATE, Metric.PATIENT_WEIGHT)}  # fmt: skip
    assert list(shown.values()) == [12.0, 3.2, 16.8, 5040, "KETAMINE", 2.0, 0.3, 80.0]
    assert said[("", Metric.INFUSION_STATE)].value == InfusionState.INFUSING
    assert {reading.validity for reading in said.values()} == {Validity.VALID}
    assert device.violations == []


@pytest.mark.parametrize(
    ("state", "new", "old"),
    [
        (InfusionState.INFUSING, "infusing", "infusing"),
        (InfusionState.BOLUS, "infusing", "infusing"),
        (InfusionState.KVO, "kvo", "kvo"),
        (InfusionState.PAUSED, "stopped", "paused"),
        (InfusionState.STOPPED, "stopped", "stopped"),
        (InfusionState.STANDBY, "standby", "standby"),
        (InfusionState.OFF, "off", "stopped"),
        (InfusionState.PURGE, "unknown", "stopped"),
    ],
)
def test_a_pumps_state_in_both_models(state: InfusionState, new: str, old: str) -> None:
    both: tuple[tuple[Profile, str], ...] = (("pump_new", new), ("pump_old", old))
    for profile, expected in both:
        said = talk(pump(PumpView(state=state), profile), 1).reports[0]
        assert [r.value for r in said.readings if r.metric is Metric.INFUSION_STATE] == [expected]


def test_a_pump_announces_start_completion_and_stop() -> None:
    steps = (
        (0.0, PumpView()),
        (10.0, RUNNING),
        (20.0, PumpView(state=InfusionState.KVO, rate=1.0, volume_left=0.0)),
        (30.0, PumpView(volume_left=0.0)),
        (40.0, RUNNING),
        (50.0, PumpView(volume_left=9.0)),
        (60.0, RUNNING),
        (70.0, PumpView(volume_left=0.0)),
    )
    device = pump(Story(steps))
    heard = talk(device, 80)
    assert [said.event for said in announced(heard)] == [
        EventKind.INFUSION_STARTED, EventKind.INFUSION_COMPLETED, EventKind.INFUSION_STOPPED,
        EventKind.INFUSION_STARTED, EventKind.INFUSION_STOPPED,
        EventKind.INFUSION_STARTED, EventKind.INFUSION_COMPLETED,
    ]  # fmt: skip
    assert {said.source for said in announced(heard)} == {"primary"}
    at = heard.outputs.index(announced(heard)[0])
    after = heard.outputs[at + 1]
    assert [r.value for r in after.readings if r.metric is Metric.INFUSION_STATE] == ["infusing"]  # type: ignore[union-attr]
    assert device.violations == []


def test_a_pumps_alarm_and_prealarm_are_announced() -> None:
    occlusion, near_end = (
        Signal(AlarmCode.OCCLUSION, "PRESSURE HIGH", Priority.HIGH),
        Signal(AlarmCode.NEAR_END, "NEAR END"),
    )
    stopped = PumpView(alarms=(occlusion,), prealarms=(near_end,))
    heard = talk(pump(Story(((0.0, RUNNING), (10.0, stopped), (20.0, RUNNING)))), 30)
    alarms = [(a.code, a.phase) for a in announced(heard) if a.event is EventKind.ALARM]
    assert alarms == [
        (AlarmCode.OCCLUSION, Phase.BEGIN), (AlarmCode.NEAR_END, Phase.BEGIN),
        (AlarmCode.OCCLUSION, Phase.END), (AlarmCode.NEAR_END, Phase.END),
    ]  # fmt: skip


@pytest.mark.parametrize("acknowledge", ["accept", "application", "both", "original"])
def test_every_way_to_ask_for_an_acknowledgement_is_satisfied(acknowledge: Answers) -> None:
    device = monitor(Vitals(), acknowledge=acknowledge)
    heard = talk(device, 60)
    assert device.violations == device.unanswered == device.refused == []
    assert len(heard.sent) == len(heard.reports) * (2 if acknowledge == "both" else 1)


def test_a_device_that_hears_nothing_sends_again_with_the_same_id() -> None:
    device = monitor(Vitals(), period_s=1000.0)
    heard = talk(device, 100, settings=IhePcdSettings(ack_mode="none"))
    assert len(heard.reports) == 4, "once, and three times more"
    assert len({report.key for report in heard.reports}) == 1
    assert len(device.unanswered) == 1


def test_a_damaged_frame_is_sent_again_and_nothing_is_lost() -> None:
    counts = iter(range(1_000_000))

    def wire(data: bytes) -> Iterable[bytes]:
        return [data[:-2]] if next(counts) % 3 == 0 else [data[: len(data) // 2], data[len(data) // 2 :]]

    device = monitor(Vitals(), ack_timeout_s=12.0)
    heard = talk(device, 600, wire=wire)
    assert device.unanswered == device.violations == []
    assert {output.reason for output in heard.damage} <= {"frame not finished", "frame not closed"}
    assert len({report.key for report in heard.reports}) > 20


def test_a_wire_of_single_bytes_makes_no_difference() -> None:
    whole, single = monitor(Vitals(cuff=CUFF)), monitor(Vitals(cuff=CUFF))
    by_bytes = talk(single, 20, wire=lambda data: [data[n : n + 1] for n in range(len(data))])
    assert talk(whole, 20).reports == by_bytes.reports


# The dialogue by itself


def dialogue(**settings: object) -> IhePcdDialogue:
    return IhePcdDialogue(IhePcdSettings(**settings), Port(peer="192.0.2.7"))  # type: ignore[arg-type]  # settings by name


FRAME = wrap(f"{header()}\r{obr()}\r{HR_ROW}\r".encode())


def test_it_says_nothing_of_itself() -> None:
    said = dialogue()
    assert said.open(NOW) == said.tick(NOW) == said.close(NOW) == []
    assert said.wake_at is None


def test_a_frame_without_an_end_is_given_up_after_10_s_of_silence() -> None:
    said = dialogue()
    said.receive(FRAME[:50], NOW)
    assert said.wake_at == NOW + 10.0
    said.receive(FRAME[50:60], NOW + 8.0)
    assert said.wake_at == NOW + 18.0
    assert said.tick(NOW + 17.0) == []
    assert [output.reason for output in damage(list(said.tick(NOW + 18.0)))] == ["frame not finished"]
    assert said.wake_at is None
    assert codes(list(said.receive(FRAME, NOW + 19.0))) == ["CA"]


def test_bare_messages_end_in_quiet() -> None:
    said = dialogue(bare=True)
    assert said.receive(FRAME[1:-2], NOW) == []
    assert said.wake_at == NOW + 1.0
    outputs = list(said.tick(NOW + 1.0))
    assert codes(outputs) == ["CA"]
    assert reports(outputs)[0].readings[0].value == 72


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        *(
            (kind, "order refused")
            for kind in ("RGV^O15", "RDE^O11", "RDS^O13", "RAS^O17", "OMP^O09", "OMG^O19", "ORM^O01", "rgv^O15")
        ),
        *(
            (kind, "unsupported message type")
            for kind in ("ADT^A01", "QRY^A19", "QBP^Q22", "ORA^R41", "", "ORU2^R01", "oru^R01")
        ),
    ],
)
def test_what_is_no_observation_is_refused_and_says_nothing(kind: str, reason: str) -> None:
    text = header().replace("ORU^R01^ORU_R01", kind)
    outputs = hear(text, "PID|||4711||Testcase^Alpha", "ORC|NW|1", "RXG|1|||KETAMINE|20||mL", obr(), HR_ROW)
    assert codes(outputs) == ["CR"]
    assert [output.reason for output in damage(outputs)] == [reason]
    assert len(outputs) == 2
    (ack,) = [output for output in outputs if isinstance(output, Ack)]
    assert ack.error == "200"


@pytest.mark.parametrize("kind", ["ORU^W01^ORU_W01", "ORU^R30^ORU_R30", "ORU^R32", "ORU"])
def test_other_observation_messages_are_read_like_r01(kind: str) -> None:
    outputs = hear(header().replace("ORU^R01^ORU_R01", kind), obr(), HR_ROW)
    assert [report.readings[0].value for report in reports(outputs)] == [72]
    assert codes(outputs) == ["CA"]


def test_one_bad_row_never_refuses_a_message() -> None:
    bad = [
        "OBX",
        "OBX|",
        "OBX||||||||||||||||||||||||",
        "OBX|1|NM|^^|x|y",
        "OBX|1|NM|147842^^MDC|1.1.1.1|\x7f",
        "NTE|1|x",
    ]
    for row in bad:
        outputs = hear(header(), obr(), row, HR_ROW)
        assert codes(outputs) == ["CA"]
        assert any(r.value == 72 for report in reports(outputs) for r in report.readings)


@pytest.mark.parametrize("name", ["pcd01_monitor", "pcd01_syringe_pump", "pcd01_mindray_style", "pcd10_delivery_start",
                                  "pcd04_occlusion_start", "mdil_efficia_style"])  # fmt: skip
def test_the_acknowledgement_comes_last(name: str) -> None:
    outputs = hear(*sample(f"{name}.hl7"))
    assert [type(output).__name__ for output in outputs].index("Ack") == len(outputs) - 1
    assert len(outputs) > 1


def test_silence_is_no_damage() -> None:
    said = dialogue()
    said.receive(FRAME, NOW)
    assert said.wake_at is None
    assert said.tick(NOW + 3600.0) == []
