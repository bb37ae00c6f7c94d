"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

import pytest

from drivers.alaris import FAMILY
from drivers.alaris.codec import (
    ReadAlarm,
    ReadInfusion,
    ReadProtocol,
    ReadResponseMax,
    ReadSerialNumber,
    ReadSyringe,
    ReadVtbi,
)
from drivers.alaris.driver import AlarisDialogue, AlarisSettings
from drivers.api import Damage, Departed, Identity, Output, Port, Report, Request
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity
from simulators.alaris import SIMULATOR
from simulators.alaris.commands import line
from simulators.alaris.device import AlarisDevice, AlarisDeviceSettings
from simulators.api import Fixed, PumpView, StillBedside
from tests.converse import START, Heard, converse
from tests.drivers.alaris.test_codec import CONSTRUCTED, OBSERVED
from tests.drivers.bbraun_space.pumps import VISIT, Course, Phase, Rack
from tests.hand import ByHand

HERE = Path(__file__).parent
SERIAL, PROTOCOL, RESPONSE_MAX, SYRINGE, NO_ALARM, OCCLUDED = (OBSERVED[n] for n in (1, 2, 3, 4, 7, 8))
RUNNING, OCCLUSION, VTBI = CONSTRUCTED[0], CONSTRUCTED[2], CONSTRUCTED[4]
S = InfusionState


def pump(rack: Rack | None = None, **settings: object) -> AlarisDevice:
    device = SIMULATOR.device(rack or Rack({"11": VISIT}), AlarisDeviceSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword
    assert isinstance(device, AlarisDevice)
    return device


def states(heard: Heard) -> list[str]:
    said = [
        str(reading.value)
        for report in heard.reports
        for reading in report.readings
        if reading.metric is Metric.INFUSION_STATE
    ]
    return [state for state, _ in groupby(said)]


def last(heard: Heard, metric: Metric) -> object:
    readings = [reading for report in heard.reports for reading in report.readings]
    return [r.value for r in readings if r.metric is metric and r.validity is Validity.VALID][-1]


def test_an_hour_tells_the_visit_in_the_words_that_the_pump_has() -> None:
    device = pump()
    heard = converse(FAMILY, device, 3450)
    assert states(heard) == [
        S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.KVO, S.STOPPED
    ]  # fmt: skip
    alarms = [tuple(alarm.code for alarm in report.alarms) for report in heard.reports if report.alarms is not None]
    assert [codes for codes, _ in groupby(alarms)] == [
        (), ("occlusion",), (), ("near_end",), ("infusion_complete",), ()
    ]  # fmt: skip
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])
    assert last(heard, Metric.VOLUME_INFUSED) == pytest.approx(VISIT.at(START + 3450).volume_infused, abs=0.005)


def test_an_hour_at_36_ml_h_is_36_ml() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Course((Phase(0, S.INFUSING, 36.0),))})), 3600)
    assert last(heard, Metric.VOLUME_INFUSED) == pytest.approx(36.0, abs=0.06)  # the last poll was up to 5 s before
    assert last(heard, Metric.INFUSION_RATE) == 36.0
    assert last(heard, Metric.VOLUME_TO_BE_INFUSED) == 50.0
    assert last(heard, Metric.DRUG_NAME) == "KETAMINE"


def test_purge_and_kvo_are_no_infusion() -> None:
    course = Course((Phase(0, S.PURGE, 500.0), Phase(60, S.INFUSING, 36.0), Phase(120, S.KVO, 1.0)))
    assert states(converse(FAMILY, pump(Rack({"11": course})), 180)) == [S.UNKNOWN, S.INFUSING, S.KVO]


def test_a_counter_that_was_cleared_is_said_as_it_is() -> None:
    views = {0: PumpView(volume_infused=9.0), 1: PumpView(volume_infused=0.0)}

    class Cleared:
        def at(self, now: float) -> PumpView:
            return views[now >= START + 30]

    heard = converse(FAMILY, pump(Rack({"11": Cleared()})), 60)
    said = [r.value for report in heard.reports for r in report.readings if r.metric is Metric.VOLUME_INFUSED]
    assert [value for value, _ in groupby(said)] == [9.0, 0.0]


def test_what_the_pump_is() -> None:
    heard = converse(FAMILY, pump(), 30)
    assert [output for output in heard.outputs if isinstance(output, Identity)] == [
        Identity(manufacturer="Alaris", serial="8002-51733"),
        Identity(manufacturer="Alaris", serial="8002-51733", dialect="Asena Rev 2.1.5"),
    ]


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    whole, pieces = (converse(FAMILY, pump(), 60, wire=w) for w in (lambda d: [d], trickle))
    assert whole.outputs == pieces.outputs


def test_a_pump_switched_off_is_asked_less_than_one_that_answers() -> None:
    device = pump(Rack({"11": Fixed(PumpView(state=S.OFF))}))
    heard = converse(FAMILY, device, 3600)
    assert heard.reports == []
    assert len(heard.sent) < len(converse(FAMILY, pump(Rack({"11": Fixed(PumpView())})), 3600).sent)
    assert set(heard.sent) == {ReadSerialNumber().encode()}


def test_golden_transcript() -> None:
    """All bytes sent from start over damage, timeouts and a new beginning; kept in transcript.txt."""
    said = (row.partition("#") for row in (HERE / "transcript.txt").read_text().splitlines() if row[:1] != "#")
    golden = [bytes.fromhex(data) for data, _, _ in said]
    device = pump(Rack({"11": Fixed(PumpView())}))
    heard = converse(FAMILY, device, 90, wire=_bad_cable())
    assert heard.sent == golden
    assert device.violations == []


def _bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Harm the 5th and 9th thing said, lose the 13th to 16th."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] in (5, 9):
            return [data[:6] + b"#" + data[7:]]
        return [] if count[0] in range(13, 17) else [data]

    return wire


# --- by hand


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, **settings: object) -> None:
        super().__init__(AlarisDialogue(AlarisSettings(**settings), Port()))  # type: ignore[arg-type]  # keyword by keyword

    def polling(self) -> "Hand":
        """Go through the opening; the first question of the round is out."""
        self.dialogue.open(self.now)
        for answer in (SERIAL, PROTOCOL, RESPONSE_MAX):
            self.hear(answer)
            said = self.wait()
        assert said == [ReadAlarm()]
        return self


def test_the_order_of_questions() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.open(START) == [ReadSerialNumber()]
    asked: list[Output] = []
    for answer in (SERIAL, PROTOCOL, RESPONSE_MAX, NO_ALARM, RUNNING, VTBI, SYRINGE):
        hand.hear(answer)
        asked += hand.wait()
    assert asked == [
        ReadProtocol(), ReadResponseMax(), ReadAlarm(), ReadInfusion(), ReadVtbi(), ReadSyringe(), ReadAlarm()
    ]  # fmt: skip
    assert hand.now == pytest.approx(START + 0.3 + 5.0)


def test_nothing_is_asked_while_an_answer_is_awaited() -> None:
    hand = Hand().polling()
    assert hand.dialogue.tick(hand.now + 3.9) == []
    assert hand.dialogue.wake_at == hand.now + 4.0


def test_an_announced_response_time_is_honoured_within_bounds() -> None:
    for announced, patience in ((b"8000", 8.0), (b"100", 4.0), (b"999999", 10.0), (b"x", 4.0)):
        hand = Hand()
        hand.dialogue.open(START)
        for answer in (SERIAL, PROTOCOL, line(f"COMMS_RESPONSE_MAX^{announced.decode()}^ms")):
            hand.hear(answer)
            hand.wait()
        assert hand.dialogue.wake_at == hand.now + patience


@pytest.mark.parametrize("answer", [OCCLUDED, VTBI, SERIAL])
def test_an_answer_to_another_question_is_dropped_whole(answer: bytes) -> None:
    hand = Hand().polling()
    assert hand.hear(answer) == [Damage("answer to another question", len(answer))]
    assert len(hand.hear(NO_ALARM)) == 1


def test_an_answer_that_nobody_asked_for_is_dropped() -> None:
    hand = Hand().polling()
    hand.hear(NO_ALARM)
    assert hand.hear(NO_ALARM) == [Damage("answer to another question", len(NO_ALARM))]


def test_another_pump_on_the_cable_is_met_before_it_is_read() -> None:
    hand = Hand().polling()
    hand.hear(NO_ALARM)
    assert hand.wait() == [ReadInfusion()]
    assert hand.hear(line(RUNNING[1:-6].decode().replace("51733", "51740"))) == [
        Departed(reason="another serial number answers")
    ]
    assert hand.wait() == [ReadSerialNumber()]
    assert hand.hear(OBSERVED[0]) == [Identity(manufacturer="Alaris", serial="8002-51740")]


def test_a_pump_without_a_serial_number_is_not_read() -> None:
    hand = Hand()
    hand.dialogue.open(START)
    assert hand.hear(line("INST_SERIALNO^ ")) == [Damage("no serial number", 22)]
    assert hand.wait() == [ReadSerialNumber()]
    assert hand.now >= START + 4.0


def test_a_question_that_a_pump_does_not_answer_is_left_out() -> None:
    device = pump(Rack({"11": Fixed(PumpView())}))
    heard = converse(FAMILY, device, 400, wire=lambda data: [] if data.startswith(b"!SYRINGE") else [data])
    assert heard.sent.count(ReadSyringe().encode()) == 3  # twice, and once again five minutes later
    assert heard.sent.count(ReadInfusion().encode()) > 70


def test_without_alarm_answers_the_mark_counts() -> None:
    rack = Rack({"11": VISIT})
    heard = converse(FAMILY, pump(rack), 1700, wire=lambda data: [] if data.startswith(b"!ALARM") else [data])
    alarms = [report.alarms for report in heard.reports if report.alarms is not None]
    assert [tuple(alarm.code for alarm in said) for said, _ in groupby(alarms)] == [(), (AlarmCode.UNKNOWN,), ()]


def test_an_alarm_that_was_named_does_not_end_because_alarm_is_not_answered_any_more() -> None:
    """While the mark stands, which alarm it is of isn't said; only without the mark it is over."""
    hand = Hand().polling()
    hand.hear(OCCLUSION)
    answers: dict[Request, bytes] = {ReadInfusion(): OCCLUDED, ReadVtbi(): VTBI, ReadSyringe(): SYRINGE}
    reports = _answered(hand, answers, 30.0)
    said = [[alarm.raw for alarm in report.alarms] for report in reports if report.alarms is not None]
    assert said
    assert all(raws == ["AL_OCCLU", "A"] for raws in said)
    rested = OCCLUDED[1:-6].decode().replace("^A^", "^-^")
    over = _answered(hand, {**answers, ReadInfusion(): line(rested)}, 10.0)
    assert {report.alarms for report in over if report.alarms is not None} == {()}
    again = _answered(hand, answers, 10.0)
    assert {tuple(a.raw for a in report.alarms) for report in again if report.alarms is not None} == {("A",)}


def _answered(hand: "Hand", answers: dict[Request, bytes], seconds: float) -> list[Report]:
    """Answer some questions, and no other ones."""
    reports, end = [], hand.now + seconds
    while hand.now < end:
        for asked in hand.wait():
            if isinstance(asked, Request) and (answer := answers.get(asked)):
                reports += [said for said in hand.hear(answer) if isinstance(said, Report)]
    return reports


def test_a_reader_that_vanishes_does_not_alarm_the_pump() -> None:
    device = pump()
    converse(FAMILY, device, 300)
    assert device.at(START + 300 + 60).alarms == ()


def test_the_simulated_pump_would_stop_if_its_controller_vanished() -> None:
    device = pump(Rack({"11": Fixed(PumpView())}))
    device.receive(line("INF_RATE^3.50^ml/h") + line("INF_START"), START)
    assert (device.at(START + 14).state, device.at(START + 14).rate) == (S.INFUSING, 3.5)
    assert (device.at(START + 16).state, device.at(START + 16).alarms[0].code) == (S.STOPPED, "remote_link")


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        ("INF_RATE^3.50^ml/h", "INF_RATE"),
        ("INF_START", "INF"),
        ("INF_VI_CLEAR", "INF_VI"),
        ("INF_VTBI^ACTIV^11.000^ml^STOP", "INF_VTBI"),
        ("INF_VTBI^DEACT", "INF_VTBI"),
        ("INF_BOLUS^ENABLED", "INF"),
    ],
)
def test_a_write_shows_in_what_the_simulated_pump_says(command: str, verb: str) -> None:
    device = pump(Rack({"11": Fixed(PumpView(volume_infused=9.0, vtbi=50.0))}))
    before = device.receive(line(verb), START)
    device.receive(line(command), START)
    assert device.receive(line(verb), START) != before
    assert device.tampered


def test_an_unknown_or_broken_line_gets_no_answer() -> None:
    device = pump()
    for data in (line("PING"), b"!INF|0000\r", b"!INF\x1b", b"x", b"!" + b"x" * 1100):
        assert device.receive(data, START) == []
        assert device.violations
        device.violations.clear()
    assert not device.tampered


@pytest.mark.parametrize("wrong", [{"poll_s": 0.5}, {"timeout_s": 0.1}, {"retries": 3}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="set it between"):
        AlarisSettings(**wrong)  # type: ignore[arg-type]  # that is the test


def test_wrong_simulator_settings_name_the_remedy() -> None:
    with pytest.raises(ValueError, match="without"):
        AlarisDeviceSettings(serial="a^b")
    with pytest.raises(ValueError, match="between"):
        AlarisDeviceSettings(response_max_ms=0)


def test_an_hour_beside_a_resting_pump_is_clean() -> None:
    device = AlarisDevice(StillBedside(), AlarisDeviceSettings())
    heard = converse(FAMILY, device, 3600)
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])
    for reading in (reading for report in heard.reports for reading in report.readings):
        assert (reading.value is None) == (reading.validity in (Validity.INVALID, Validity.ABSENT)), reading
        assert (reading.reason is None) == (reading.validity is Validity.VALID), reading
    assert any(r.reason is Reason.NOT_IN_USE for report in heard.reports for r in report.readings)


def test_after_close_nothing_is_asked() -> None:
    hand = Hand().polling()
    assert hand.dialogue.close(hand.now) == []
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(hand.now + 100) == []
    assert isinstance(hand.hear(NO_ALARM)[0], Damage)


def test_reports_are_of_one_answer_each() -> None:
    hand = Hand().polling()
    (named,) = hand.hear(OCCLUSION)
    assert isinstance(named, Report)
    assert (list(named.readings), [alarm.raw for alarm in named.alarms or ()]) == ([], ["AL_OCCLU"])
    hand.wait()
    (report,) = hand.hear(RUNNING)
    assert isinstance(report, Report)
    assert report.alarms is None
