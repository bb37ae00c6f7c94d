"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from drivers.api import Damage, Port, Report
from drivers.baxter_as50 import FAMILY
from drivers.baxter_as50.codec import Frame, ReadRate, ReadStatus, Resend
from drivers.baxter_as50.driver import As50Dialogue, As50Settings
from drivers.vocabulary import InfusionState, Metric, Reason, Validity
from simulators.api import Bedside, Fixed, PumpView, StillBedside
from simulators.baxter_as50 import SIMULATOR
from simulators.baxter_as50.device import As50Device, As50DeviceSettings
from simulators.bedside import Chair, Timeline
from simulators.scenario import SCENARIOS
from tests.converse import START, Heard, converse
from tests.drivers.baxter_as50.test_codec import ANSWERS
from tests.hand import ByHand

HERE = Path(__file__).parent
RATE, STATUS, REJECT = ANSWERS[1], Frame("STATUS=1").encode(), Frame("REJECT").encode()
HARMED = RATE.replace(b"12.5", b"82.5")
S = InfusionState


def pump(bedside: Bedside | None = None) -> As50Device:
    device = SIMULATOR.device(bedside or StillBedside(), As50DeviceSettings())
    assert isinstance(device, As50Device)
    return device


def resting(**shown: object) -> StillBedside:
    return StillBedside(pumps={"11": Fixed(PumpView(**shown))})  # type: ignore[arg-type]  # keyword by keyword


def told(heard: Heard, metric: Metric) -> list[object]:
    values = [reading.value for report in heard.reports for reading in report.readings if reading.metric is metric]
    return [value for value, _ in groupby(values)]


def test_a_whole_visit_tells_the_set_rate_and_never_a_state() -> None:
    """Pause, occlusion, air, bolus, end and KVO: nothing of it is in the protocol, and nothing of it is invented."""
    chair = Chair(SCENARIOS["S4"], Timeline(START, -9.0), "1", ZoneInfo("UTC"))
    device = pump(chair)
    heard = converse(FAMILY, device, 100 * 60)
    assert told(heard, Metric.INFUSION_RATE_SET) == [0.0, 75.0]
    assert told(heard, Metric.INFUSION_STATE) == [S.UNKNOWN]
    assert {pump.state for pump in (chair.pumps["11"].at(START + 30.0 * n) for n in range(200))} >= {
        S.OFF, S.INFUSING, S.STOPPED, S.KVO, S.PAUSED
    }  # fmt: skip
    assert all(report.alarms is None for report in heard.reports)
    assert not told(heard, Metric.INFUSION_RATE)
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])


def test_the_status_is_asked_once_and_the_rate_every_5_s() -> None:
    heard = converse(FAMILY, pump(resting(rate_set=5.0)), 600)
    assert heard.sent.count(ReadStatus().encode()) == 1
    assert heard.sent.count(ReadRate().encode()) == pytest.approx(120, abs=2)
    assert told(heard, Metric.UNMAPPED) == ["NOT KNOWN"]


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    whole, pieces = (converse(FAMILY, pump(), 60, wire=w) for w in (lambda d: [d], trickle))
    assert whole.outputs == pieces.outputs


def test_a_pump_switched_off_is_asked_hardly_more_than_one_that_answers() -> None:
    heard = converse(FAMILY, pump(resting(state=S.OFF)), 3600)
    assert heard.reports == []
    assert len(heard.sent) < 1.2 * len(converse(FAMILY, pump(resting()), 3600).sent)
    assert set(heard.sent) == {ReadStatus().encode()}


def test_golden_transcript() -> None:
    """All bytes sent from start over damage, silence, RESEND, REJECT and a new beginning; kept in transcript.txt."""
    said = (row.partition("#") for row in (HERE / "transcript.txt").read_text().splitlines() if row[:1] != "#")
    golden = [bytes.fromhex(data) for data, _, _ in said]
    device = pump(resting(rate_set=5.0))
    heard = converse(FAMILY, device, 90, wire=_bad_cable())
    assert heard.sent == golden
    assert device.violations == []


def _bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Harm answers, lose some, and put a pump's complaints in place of others."""
    instead = {
        2: RATE.replace(b"2.5", b"9.9"),
        **dict.fromkeys((5, 6, 7, 8), HARMED),
        11: Frame("RESEND").encode(),
        13: REJECT,
        **dict.fromkeys(range(15, 19), b""),
    }
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        return [instead.get(count[0], data)]

    return wire


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, **settings: object) -> None:
        super().__init__(As50Dialogue(As50Settings(**settings), Port()))  # type: ignore[arg-type]  # keyword by keyword

    def polling(self) -> "Hand":
        """Go through the opening; the first question for the rate is out."""
        self.dialogue.open(self.now)
        self.hear(STATUS)
        assert self.wait() == [ReadRate()]
        return self


def test_the_order_of_questions() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.open(START) == [ReadStatus()]
    hand.hear(STATUS)
    assert hand.wait() == [ReadRate()]
    hand.hear(RATE)
    assert hand.wait() == [ReadRate()]
    assert hand.now == pytest.approx(START + 0.1 + 5.0)


def test_a_damaged_answer_is_asked_for_three_times_and_no_more() -> None:
    hand = Hand().polling()
    said = [hand.hear(HARMED) for _ in range(6)]
    assert [outputs[1:] for outputs in said] == [[Resend()]] * 3 + [[]] * 3
    assert {outputs[0] for outputs in said} == {Damage("wrong checksum", len(HARMED))}
    assert hand.wait() == []
    assert hand.wait() == [ReadRate()]
    assert hand.hear(HARMED)[1:] == [], "a question asked again is no new beginning"
    hand.hear(RATE)
    hand.wait()
    assert hand.hear(HARMED)[1:] == [Resend()]


def test_one_burst_is_answered_once() -> None:
    hand = Hand().polling()
    assert hand.hear(HARMED + HARMED).count(Resend()) == 1
    assert hand.hear(HARMED + RATE).count(Resend()) == 0, "the good answer is there already"


def test_noise_makes_nobody_speak() -> None:
    hand = Hand().polling()
    hand.hear(RATE)
    assert hand.hear(HARMED) == [Damage("wrong checksum", len(HARMED))]
    assert hand.hear(b"\x00noise") == [Damage("bytes between frames", 6)]
    hand.wait()
    assert hand.hear(b"\x00noise") == [Damage("bytes between frames", 6)]


def test_a_pump_that_did_not_understand_is_asked_again() -> None:
    hand = Hand().polling()
    assert hand.hear(Frame("RESEND").encode()) == []
    assert hand.wait() == [ReadRate()]
    assert hand.hear(Frame("RESEND").encode()) == []
    assert hand.wait() == [ReadStatus()]
    assert hand.now >= START + 4.0, "a rest before the new beginning"


def test_a_refusal_is_an_absent_rate_and_the_round_goes_on() -> None:
    hand = Hand().polling()
    (report,) = hand.hear(Frame("REJECT 3").encode())
    assert isinstance(report, Report)
    (reading,) = report.readings
    assert (reading.metric, reading.value, reading.validity) == (Metric.INFUSION_RATE_SET, None, Validity.ABSENT)
    assert (reading.reason, reading.raw) == (Reason.NOT_AVAILABLE, "REJECT 3")
    assert hand.wait() == [ReadRate()]


@pytest.mark.parametrize("text", ["ACK", "PRIVTBI=5.0", "STATUS=1", "DEV=AS50", "PRIRATE?", "X", ""])
def test_what_was_not_asked_for_is_dropped(text: str) -> None:
    data = Frame(text).encode()
    hand = Hand().polling()
    assert hand.hear(data) == [Damage("answer to another question", len(data))]
    assert hand.dialogue.tick(hand.now + 1.9) == [], "the answer is still awaited"


def test_our_own_question_coming_back_is_no_status() -> None:
    hand = Hand()
    hand.dialogue.open(START)
    data = ReadStatus().encode()
    assert hand.hear(data) == [Damage("answer to another question", len(data))]


def test_a_status_of_any_form_is_taken_and_a_late_one_is_not() -> None:
    hand = Hand()
    hand.dialogue.open(START)
    (report,) = hand.hear(Frame("R 7").encode())
    assert isinstance(report, Report)
    assert report.readings[0].value == "R 7"
    assert isinstance(hand.hear(Frame("R 7").encode())[0], Damage)


def test_a_late_rate_is_taken_and_moves_nothing() -> None:
    hand = Hand()
    hand.dialogue.open(START)
    wake = hand.dialogue.wake_at
    assert len(hand.hear(RATE)) == 1
    assert hand.dialogue.wake_at == wake


@pytest.mark.parametrize("wrong", [{"poll_s": 0.5}, {"timeout_s": 0.1}, {"retries": 3}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="set it between"):
        As50Settings(**wrong)  # type: ignore[arg-type]  # that is the test


def test_after_close_nothing_is_said() -> None:
    hand = Hand().polling()
    assert hand.dialogue.close(hand.now) == []
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(hand.now + 100) == []
    assert hand.hear(HARMED) == [Damage("wrong checksum", len(HARMED))]
