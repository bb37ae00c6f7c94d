"""The conversation, with the simulated machine and by hand."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from drivers.api import Damage, Identity, Output, Port, Report, Request
from drivers.common.rounds import SECOND_CHANCE
from drivers.medibus import FAMILY
from drivers.medibus.codec import (
    AlarmRecord,
    Alarms,
    Answer,
    DeviceCommand,
    Echo,
    IdentifyDevice,
    InitialiseCommunication,
    Measured,
    NoOperation,
    ReadAlarms1,
    ReadAlarms2,
    ReadMeasured,
    StopCommunication,
    Value,
)
from drivers.medibus.driver import MedibusDialogue, MedibusSettings
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity
from simulators.api import Fixed, Signal, StillBedside, Vitals
from simulators.medibus.device import MedibusDevice, MedibusDeviceSettings
from tests.converse import START, Heard, converse

HERE = Path(__file__).parent
MEASURED = Measured((Value("E6", "  38"),))
ICC = InitialiseCommunication()


def machine(vitals: Vitals | None = None, **settings: object) -> MedibusDevice:
    chosen = MedibusDeviceSettings(**settings)  # type: ignore[arg-type]  # keyword by keyword
    return MedibusDevice(StillBedside(patient=Fixed(vitals or Vitals())), chosen)


def said(heard: Heard, metric: Metric) -> set[tuple[object, Validity, Reason | None]]:
    return {(r.value, r.validity, r.reason) for report in heard.reports for r in report.readings if r.metric is metric}


# --- with the simulator


def test_an_hour_is_3600_rounds() -> None:
    device = machine()
    heard = converse(FAMILY, device, 3600)
    assert (heard.damage, device.violations, device.tampered) == ([], [], False)
    values = [report for report in heard.reports if report.readings]
    assert 3595 <= len(values) <= 3601
    assert said(heard, Metric.ETCO2) == {(38, Validity.VALID, None)}
    assert said(heard, Metric.SPO2) == {(98, Validity.VALID, None)}
    assert {report.alarms for report in values} == {None}
    assert {report.alarms for report in heard.reports if not report.readings} == {()}
    (identity,) = [output for output in heard.outputs if isinstance(output, Identity)]
    assert (identity.model, identity.firmware) == ("Apollo (8603)", "04.10:04.00")
    assert heard.sent[-1] == StopCommunication().encode()


def test_a_slow_round_keeps_the_communication_with_nop() -> None:
    device = machine(asks=False)
    heard = converse(FAMILY, device, 600, settings=MedibusSettings(poll_s=30))
    assert device.violations == []
    assert 280 <= heard.sent.count(NoOperation().encode()) <= 300
    assert len([report for report in heard.reports if report.readings]) == 20


def test_each_command_of_the_device_is_answered() -> None:
    heard = converse(FAMILY, machine(), 60)
    assert Echo(0x52).encode() in heard.sent
    assert heard.sent.count(Echo(0x30).encode()) >= 29


@pytest.mark.parametrize(("unit", "ucum"), [("mmHg", "mm[Hg]"), ("kPa", "kPa"), ("%", "%")])
def test_end_tidal_co2_comes_in_the_devices_unit(unit: str, ucum: str) -> None:
    heard = converse(FAMILY, machine(unit=unit), 5)
    readings = [r for report in heard.reports for r in report.readings if r.metric is Metric.ETCO2]
    assert {r.unit for r in readings} == {ucum}
    assert {r.value for r in readings} == {{"mmHg": 38, "kPa": 5.1, "%": 5.0}[unit]}


@pytest.mark.parametrize(
    ("vitals", "metric"),
    [
        (Vitals(probe="off"), Metric.SPO2),
        (Vitals(probe="none"), Metric.PULSE_RATE),
        (Vitals(co2_line=False), Metric.ETCO2),
        (Vitals(standby=True), Metric.SPO2),
        (Vitals(standby=True), Metric.RESPIRATION_RATE),
    ],
)
def test_what_is_not_measured_is_absent(vitals: Vitals, metric: Metric) -> None:
    heard = converse(FAMILY, machine(vitals), 5)
    assert said(heard, metric) == {(None, Validity.ABSENT, Reason.NOT_AVAILABLE)}


@pytest.mark.parametrize("has_page_2", [True, False])
def test_alarms_are_heard_with_and_without_a_second_page(has_page_2: bool) -> None:
    signals = (Signal(AlarmCode.APNOEA, "APNOEA"), Signal(AlarmCode.LIMIT_HIGH, "NIBP SYS HIGH"))
    device = machine(Vitals(alarms=signals), has_page_2=has_page_2)
    heard = converse(FAMILY, device, 30)
    sets = [report.alarms for report in heard.reports if not report.readings]
    assert len(sets) in (30, 31)
    assert all(alarms is not None and [alarm.code for alarm in alarms] == [AlarmCode.APNOEA] for alarms in sets)
    assert heard.sent.count(ReadAlarms2().encode()) in ((30, 31) if has_page_2 else (1,))
    assert device.violations == []


def test_a_byte_at_a_time_is_as_good_as_a_frame() -> None:
    def slowly(data: bytes) -> Iterable[bytes]:
        return [data[i : i + 1] for i in range(len(data))]

    assert converse(FAMILY, machine(), 60, wire=slowly).outputs == converse(FAMILY, machine(), 60).outputs


def test_golden_transcript() -> None:
    """All bytes sent over damage, lost answers, a pulled cable and the end; kept in transcript.txt."""
    lines = (HERE / "transcript.txt").read_text(encoding="utf-8").splitlines()
    golden = [bytes.fromhex(line.partition("|")[0]) for line in lines if line[:1] != "#"]
    heard = converse(FAMILY, machine(asks=False, has_page_2=False), 60, wire=bad_cable())
    assert heard.sent == golden
    assert "wrong checksum" in {damage.reason for damage in heard.damage}


def bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Lose the first answer, harm the 6th, lose the 20th to 24th."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] == 1 or 20 <= count[0] < 24:
            return []
        return [data[:2] + b"~" + data[3:]] if count[0] == 6 else [data]

    return wire


# --- by hand


class Hand:
    """A dialogue led by hand."""

    def __init__(self, poll_s: float = 1.0) -> None:
        self.dialogue = MedibusDialogue(MedibusSettings(poll_s), Port())
        self.now = START

    def open(self) -> list[Output]:
        return list(self.dialogue.open(self.now))

    def hear(self, *frames: Answer | Measured | Alarms | DeviceCommand) -> list[Output]:
        return [output for frame in frames for output in self.dialogue.receive(frame.encode(), self.now)]

    def wait(self) -> list[Output]:
        wake = self.dialogue.wake_at
        assert wake is not None
        self.now = wake
        return list(self.dialogue.tick(self.now))


def ready(poll_s: float = 1.0) -> Hand:
    hand = Hand(poll_s)
    assert hand.open() == [ICC]
    assert hand.hear(Answer(0x51)) == [IdentifyDevice()]
    assert isinstance(hand.hear(Answer(0x52, b"0161'Evita4'01.03:06.00"))[0], Identity)
    return hand


def test_a_round_asks_one_thing_at_a_time() -> None:
    hand = ready()
    assert hand.wait() == [ReadMeasured()]
    report, question = hand.hear(MEASURED)
    assert isinstance(report, Report)
    assert question == ReadAlarms1()
    assert hand.hear(Alarms(())) == [ReadAlarms2()]
    (report,) = hand.hear(Alarms((), page=2))
    assert isinstance(report, Report)
    assert (report.readings, report.alarms) == ([], ())
    assert hand.dialogue.wake_at == START + 1


def test_the_alarms_of_both_pages_are_said_together() -> None:
    hand = ready()
    hand.wait()
    hand.hear(MEASURED, Alarms((AlarmRecord("1", "0D", "APNEA       "),)))
    (report,) = hand.hear(Alarms((AlarmRecord("3", "33", "VOL INCONST "),), page=2))
    assert isinstance(report, Report)
    assert report.alarms is not None
    assert [alarm.text for alarm in report.alarms] == ["APNEA", "VOL INCONST"]


def test_half_a_set_of_alarms_is_not_said() -> None:
    hand = ready()
    apnoea = Alarms((AlarmRecord("1", "0D", "APNEA       "),))
    hand.wait()
    hand.hear(MEASURED, apnoea, Alarms((), page=2))
    hand.wait()
    assert [type(output) for output in hand.hear(MEASURED, apnoea)] == [Report, ReadAlarms1, ReadAlarms2]
    assert hand.wait() == []  # page 2 is lost
    assert hand.wait() == [ReadMeasured()]
    assert hand.hear(Alarms((), page=2)) == []


APNOEA = AlarmRecord("1", "0D", "APNEA       ")
VOLUME = AlarmRecord("3", "33", "VOL INCONST ")


def said_alarms(outputs: Iterable[Output]) -> list[list[str]]:
    reports = (output for output in outputs if isinstance(output, Report) and output.alarms is not None)
    return [[alarm.text for alarm in report.alarms or ()] for report in reports]


def test_a_refusal_of_a_page_that_has_been_answered_ends_no_alarm() -> None:
    """15h says "corrupt" too: one harmed request must not look as if page 2 had nothing to say."""
    hand = ready()
    hand.wait()
    assert said_alarms(hand.hear(MEASURED, Alarms(()), Alarms((VOLUME,), page=2))) == [["VOL INCONST"]]
    hand.wait()
    assert said_alarms(hand.hear(MEASURED, Alarms((APNOEA,)), Answer(0x15))) == []
    assert hand.wait() == [ReadMeasured()]
    assert said_alarms(hand.hear(MEASURED, Alarms((APNOEA,)), Alarms((), page=2))) == [["APNEA"]]


def test_a_page_that_is_refused_again_and_again_leads_to_a_new_beginning_without_it() -> None:
    hand = ready()
    hand.wait()
    hand.hear(MEASURED, Alarms(()), Alarms((), page=2))
    for _ in range(2):
        hand.wait()
        assert said_alarms(hand.hear(MEASURED, Alarms((APNOEA,)), Answer(0x15))) == []
    assert hand.wait() == [ICC]
    hand.hear(Answer(0x51), Answer(0x52))
    hand.wait()
    assert said_alarms(hand.hear(MEASURED, Alarms((APNOEA,)), Answer(0x15))) == [["APNEA"]]


def test_a_page_refused_at_first_has_a_second_chance() -> None:
    hand, asked = ready(), []
    for _ in range(2 * SECOND_CHANCE):
        assert hand.wait() == [ReadMeasured()]
        outputs = hand.hear(MEASURED, Alarms((APNOEA,)))
        asked.append(outputs[-1] == ReadAlarms2())
        outputs += hand.hear(Answer(0x15)) if asked[-1] else []
        assert said_alarms(outputs) == [["APNEA"]]
    assert [number for number, is_asked in enumerate(asked, 1) if is_asked] == [1, SECOND_CHANCE, 2 * SECOND_CHANCE]
    for _ in range(SECOND_CHANCE - 1):
        hand.wait()
        hand.hear(MEASURED, Alarms(()))
    hand.wait()
    hand.hear(MEASURED, Alarms(()), Alarms((VOLUME,), page=2))
    hand.wait()
    assert said_alarms(hand.hear(MEASURED, Alarms((APNOEA,)), Alarms((VOLUME,), page=2))) == [["APNEA", "VOL INCONST"]]


def test_a_page_that_is_never_answered_keeps_the_other_ones_alarms_back_for_two_rounds_only() -> None:
    hand, heard = ready(), []
    for _ in range(4):
        assert hand.wait() == [ReadMeasured()]
        outputs = hand.hear(MEASURED, Alarms((APNOEA,)))
        heard.append(said_alarms([*outputs, *(hand.wait() if outputs[-1] == ReadAlarms2() else [])]))
    assert heard == [[], [["APNEA"]], [["APNEA"]], [["APNEA"]]]


def test_a_late_page_does_not_become_part_of_the_next_set() -> None:
    hand = ready()
    hand.wait()
    hand.hear(MEASURED, Alarms(()))
    assert hand.wait() == []  # page 2 stays away
    assert hand.wait() == [ReadMeasured()]
    hand.hear(Alarms((VOLUME,), page=2), MEASURED)
    assert said_alarms(hand.hear(Alarms((APNOEA,)))) == []
    assert said_alarms(hand.hear(Alarms((), page=2))) == [["APNEA"]]


def test_a_device_that_does_not_answer_is_greeted_before_it_would_give_up() -> None:
    hand = Hand()
    hand.open()
    rests = []
    for _ in range(8):
        assert hand.wait() == []
        assert hand.wait() == [ICC]
        rests.append(hand.now - START)
    assert rests == [2.5 * number for number in range(1, 9)]


@pytest.mark.parametrize("answered", [0, 1])
def test_a_lost_answer_ends_its_round_before_the_device_gives_up(answered: int) -> None:
    hand = ready()
    hand.wait()
    hand.hear(*(MEASURED, Alarms((AlarmRecord("1", "0D", "APNEA       "),)))[:answered])
    asked = hand.now
    assert hand.wait() == []
    assert hand.wait() == [ReadMeasured()]
    assert hand.now - asked < 3
    hand.hear(MEASURED)
    assert hand.wait() == []  # another one is lost, but one came between


@pytest.mark.parametrize("answered", [0, 1])
def test_two_lost_answers_begin_from_the_beginning_and_forget_alarms(answered: int) -> None:
    hand = ready()
    hand.wait()
    hand.hear(*(MEASURED, Alarms((AlarmRecord("1", "0D", "APNEA       "),)))[:answered])
    assert hand.wait() == []
    assert hand.wait() == [ReadMeasured()]
    assert hand.wait() == []
    assert hand.wait() == [ICC]
    hand.hear(Answer(0x51), Answer(0x52))
    hand.wait()
    assert hand.hear(MEASURED, Alarms(()))[-1] == ReadAlarms2()


def test_a_refused_identification_is_no_obstacle_and_a_refused_reading_is() -> None:
    hand = Hand()
    hand.open()
    hand.hear(Answer(0x51))
    assert hand.hear(Answer(0x15)) == []
    assert hand.wait() == [ReadMeasured()]
    assert hand.hear(Answer(0x15)) == []
    assert hand.wait() == [ICC]


def test_a_device_that_stops_is_let_go_and_greeted_later() -> None:
    hand = ready()
    assert hand.hear(DeviceCommand(0x55)) == [Echo(0x55)]
    assert hand.now < (hand.dialogue.wake_at or 0)
    assert hand.wait() == [ICC]


@pytest.mark.parametrize("wakes_by", ["time", "bytes"])
def test_a_gateway_that_stood_still_begins_anew(wakes_by: str) -> None:
    """The device has given up by then: a question, or an answer to what it asked, would be out of place."""
    hand = ready()
    hand.now += 60.0
    if wakes_by == "bytes":
        assert hand.hear(DeviceCommand(0x30)) == []
    else:
        assert hand.dialogue.tick(hand.now) == []
    assert hand.wait() == [ICC]


def test_a_command_that_a_device_does_not_give_is_not_answered() -> None:
    hand = ready()
    assert hand.hear(DeviceCommand(0x54, b"00")) == [Damage("command not expected of a device", 7)]
    assert hand.hear(DeviceCommand(0x24)) == [Damage("command not expected of a device", 5)]
    assert hand.hear(DeviceCommand(0x49, b"hostile")) == [Echo(0x49)]


def test_a_late_answer_is_published_and_moves_nothing() -> None:
    hand = ready()
    hand.wait()
    hand.wait()
    outputs = hand.hear(MEASURED)
    assert [type(output) for output in outputs] == [Report]
    assert hand.wait() == [ReadMeasured()]


def test_closing_says_stop_only_in_a_communication() -> None:
    assert list(ready().dialogue.close(START)) == [StopCommunication()]
    hand = Hand()
    hand.open()
    assert hand.dialogue.close(START) == []
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(START + 100) == []


def test_our_own_words_coming_back_are_no_device() -> None:
    hand = Hand()
    queue, outputs = hand.open(), []
    for _ in range(50):
        said_ = queue.pop(0) if queue else None
        outputs += [said_] if said_ else []
        queue += list(hand.dialogue.receive(said_.encode(), hand.now)) if isinstance(said_, Request) else []
        queue += hand.wait() if not queue else []
    assert not any(isinstance(output, Report) for output in outputs)
    assert len([output for output in outputs if isinstance(output, Request)]) < 50


def test_a_recording_is_read_without_a_conversation() -> None:
    dialogue = MedibusDialogue(MedibusSettings(), Port())
    data = MEASURED.encode() + Alarms(()).encode() + DeviceCommand(0x30).encode()
    outputs = dialogue.receive(data, START)
    assert [type(output) for output in outputs] == [Report, Report]
    assert dialogue.wake_at is None


def test_a_recording_without_its_beginning_keeps_pages_of_one_round_together() -> None:
    dialogue = MedibusDialogue(MedibusSettings(), Port())
    rounds = [((APNOEA,), ()), ((), (VOLUME,)), ((APNOEA,), (VOLUME,)), ((), ())]
    data = b"".join(Alarms(one).encode() + Alarms(two, page=2).encode() for one, two in rounds)
    first, *others = said_alarms(dialogue.receive(data, START))
    assert first == ["APNEA"]  # as long as no page 2 has come, page 1 is all
    assert others == [["VOL INCONST"], ["APNEA", "VOL INCONST"], []]


@pytest.mark.parametrize("poll_s", [0, 0.4, 61, float("nan")])
def test_wrong_settings_name_the_remedy(poll_s: float) -> None:
    with pytest.raises(ValueError, match="set it between"):
        MedibusSettings(poll_s)
