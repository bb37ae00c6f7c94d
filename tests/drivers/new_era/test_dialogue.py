"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

import pytest

from drivers.api import Damage, Identity, Port, Report
from drivers.new_era import FAMILY
from drivers.new_era.codec import Answer, ReadDiameter, ReadDispensed, ReadRate, ReadVersion, ReadVolume
from drivers.new_era.driver import NewEraDialogue, NewEraSettings
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity
from simulators.api import Fixed, PumpView, StillBedside
from simulators.new_era import SIMULATOR
from simulators.new_era.device import NewEraDevice, NewEraDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.bbraun_space.pumps import VISIT, Course, Phase, Rack
from tests.drivers.new_era.test_codec import DISPENSED, PHASE, RUNNING, SAFE, STALLED, STOPPED, VERSION
from tests.hand import ByHand

HERE = Path(__file__).parent
S = InfusionState
IDENTITY = Identity(manufacturer="New Era", model="NE1000", firmware="3.928")


def pump(rack: Rack | None = None, **settings: object) -> NewEraDevice:
    device = SIMULATOR.device(rack or Rack({"11": VISIT}), NewEraDeviceSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword
    assert isinstance(device, NewEraDevice)
    return device


def states(heard: Heard) -> list[str]:
    said = [str(r.value) for report in heard.reports for r in report.readings if r.metric is Metric.INFUSION_STATE]
    return [state for state, _ in groupby(said)]


def last(heard: Heard, metric: Metric) -> tuple[object, str | None]:
    readings = [reading for report in heard.reports for reading in report.readings]
    return [(r.value, r.unit) for r in readings if r.metric is metric and r.validity is Validity.VALID][-1]


@pytest.mark.parametrize("with_data", [False, True])
def test_an_hour_tells_the_visit_in_the_words_that_the_pump_has(with_data: bool) -> None:
    """KVO and a bolus are phases of a programme: the pump infuses, more is not said."""
    device = pump(alarm_with_data=with_data)
    heard = converse(FAMILY, device, 3450)
    assert states(heard) == [
        S.STOPPED, S.INFUSING, S.PAUSED, S.INFUSING, S.UNKNOWN, S.STOPPED, S.INFUSING, S.STOPPED
    ]  # fmt: skip
    alarms = [tuple(alarm.raw for alarm in report.alarms) for report in heard.reports if report.alarms is not None]
    assert [codes for codes, _ in groupby(alarms)] == [(), ("A?S",), ()]
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])
    volume, unit = last(heard, Metric.VOLUME_INFUSED)
    assert volume == pytest.approx(VISIT.at(START + 3450).volume_infused, abs=0.005)
    assert unit == "mL"


def test_an_hour_at_36_ml_h_is_36_ml() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Course((Phase(0, S.INFUSING, 36.0),))})), 3600)
    volume, _ = last(heard, Metric.VOLUME_INFUSED)
    assert volume == pytest.approx(36.0, abs=0.06)  # the last poll was up to 5 s before
    assert last(heard, Metric.INFUSION_RATE) == last(heard, Metric.INFUSION_RATE_SET) == (36.0, "mL/h")
    assert last(heard, Metric.VOLUME_TO_BE_INFUSED) == (50.0, "mL")


def test_with_a_thin_syringe_everything_is_in_microlitres() -> None:
    course = Course((Phase(0, S.INFUSING, 3.6),))
    heard = converse(FAMILY, pump(Rack({"11": course}), diameter_mm=14.0, rate_unit="UM"), 600)
    assert last(heard, Metric.INFUSION_RATE_SET) == (60.0, "uL/min")
    volume, unit = last(heard, Metric.VOLUME_INFUSED)
    assert (volume, unit) == (pytest.approx(600, abs=6), "uL")


def test_a_purge_is_no_therapy() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Course((Phase(0, S.PURGE, 600.0),))})), 20)
    assert states(heard) == [S.PURGE]


def test_what_the_pump_is() -> None:
    heard = converse(FAMILY, pump(), 30)
    assert [output for output in heard.outputs if isinstance(output, Identity)] == [IDENTITY]


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
    assert set(heard.sent) == {ReadVersion().encode()}


def test_a_pump_that_was_without_power_says_so_once() -> None:
    course = Course((Phase(0, S.STOPPED), Phase(60, S.OFF), Phase(90, S.STOPPED)))
    heard = converse(FAMILY, pump(Rack({"11": course})), 300)
    alarms = [alarm.code for report in heard.reports for alarm in report.alarms or ()]
    assert alarms == [AlarmCode.POWER_LOSS]
    assert states(heard) == [S.STOPPED, S.UNKNOWN, S.STOPPED]
    restarted = Course((Phase(0, S.STOPPED),), restarts_at=50)
    heard = converse(FAMILY, pump(Rack({"11": restarted})), 100)
    assert [alarm.raw for report in heard.reports for alarm in report.alarms or ()] == ["A?R"]


def test_golden_transcript() -> None:
    """All bytes sent from start over damage, timeouts and a new beginning; kept in transcript.txt."""
    said = (row.partition("#") for row in (HERE / "transcript.txt").read_text().splitlines() if row[:1] != "#")
    golden = [bytes.fromhex(data) for data, _, _ in said]
    device = pump(Rack({"11": Fixed(PumpView())}))
    heard = converse(FAMILY, device, 60, wire=_bad_cable())
    assert heard.sent == golden
    assert device.violations == []


def _bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Harm the 4th and 9th thing said, lose the 13th to 18th."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] in (4, 9):
            return [data[:3] + b"#" + data[4:]]
        return [] if count[0] in range(13, 19) else [data]

    return wire


# --- by hand


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, **settings: object) -> None:
        super().__init__(NewEraDialogue(NewEraSettings(**settings), Port()))  # type: ignore[arg-type]  # keyword by keyword

    def polling(self) -> "Hand":
        """Meet the pump; the first question of the round is out."""
        self.dialogue.open(self.now)
        self.hear(VERSION)
        assert self.wait() == [ReadDispensed()]
        return self


def test_who_it_is_comes_before_anything_else() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.open(START) == [ReadVersion()]
    assert hand.hear(RUNNING) != []  # which answers nothing that was asked
    assert hand.wait() == []
    assert hand.wait() == [ReadVersion()]
    assert hand.hear(VERSION)[0] == IDENTITY
    assert hand.wait() == [ReadDispensed()]


def test_nothing_is_asked_while_an_answer_is_awaited() -> None:
    hand = Hand().polling()
    assert hand.dialogue.tick(hand.now + 0.9) == []
    assert hand.dialogue.wake_at == hand.now + 1.0


def test_of_an_answer_to_another_question_the_status_alone_is_used() -> None:
    hand = Hand().polling()
    damage, late = hand.hear(RUNNING)
    assert damage == Damage("answer to another question", len(RUNNING))
    assert isinstance(late, Report)
    assert [reading.value for reading in late.readings] == [S.INFUSING]
    assert hand.dialogue.wake_at == hand.now + 1.0  # what was asked is still awaited
    hand.hear(DISPENSED)
    assert hand.wait() == [ReadRate()]


@pytest.mark.parametrize(
    ("question", "said", "harmed"),
    [(ReadVolume(), "5.000ML", "5.000MM"), (ReadVolume(), "5.000ML", "5.000MH"), (ReadRate(), "5.00MH", "5.00ML")],
)
def test_one_altered_bit_makes_no_rate_of_a_volume(question: object, said: str, harmed: str) -> None:
    """L, M and H are one bit apart, and the volume's unit becomes a rate's."""
    assert sum((a ^ b).bit_count() for a, b in zip(said.encode(), harmed.encode(), strict=True)) == 1
    hand = Hand().polling()
    hand.hear(DISPENSED)
    assert hand.wait() == [ReadRate()]
    if question == ReadVolume():
        hand.hear(RUNNING)
        assert hand.wait() == [question]
    outputs = hand.hear(Answer("00", "I", harmed).encode())
    assert [r.metric for o in outputs if isinstance(o, Report) for r in o.readings] == [Metric.INFUSION_STATE]


@pytest.mark.parametrize("data", ["5.00XX", "5.00MH"])
def test_an_alarm_is_told_whatever_stands_behind_it(data: str) -> None:
    """The pump takes it as acknowledged: it won't say it again."""
    hand = Hand().polling()
    damage, told = hand.hear(Answer("00", "A?S", data).encode())
    assert isinstance(damage, Damage)
    assert isinstance(told, Report)
    assert [alarm.raw for alarm in told.alarms or ()] == ["A?S"]
    assert [r.value for r in told.readings] == [S.UNKNOWN]


def test_an_alarm_in_an_answers_place_is_told_and_the_question_asked_again() -> None:
    hand = Hand().polling()
    (told,) = hand.hear(STALLED)
    assert isinstance(told, Report)
    assert [alarm.raw for alarm in told.alarms or ()] == ["A?S"]
    assert hand.wait() == [ReadDispensed()]
    (after,) = hand.hear(DISPENSED)
    assert isinstance(after, Report)
    assert after.alarms == ()


def test_an_alarm_with_the_answers_data_is_told_and_the_question_is_answered() -> None:
    hand = Hand().polling()
    (told,) = hand.hear(Answer("00", "A?S", "I1.000W0.000ML").encode())
    assert isinstance(told, Report)
    assert told.readings[1].value == 1.0
    assert hand.wait() == [ReadRate()]


def test_a_status_alone_is_no_answer_but_is_told() -> None:
    hand = Hand().polling()
    (told,) = hand.hear(STOPPED)
    assert isinstance(told, Report)
    assert [reading.value for reading in told.readings] == [S.STOPPED]
    assert hand.dialogue.wake_at == hand.now + 1.0


def test_a_pump_in_safe_mode_is_left_alone() -> None:
    """Reading from it would feed the watchdog that guards somebody else's control."""
    hand = Hand()
    hand.dialogue.open(START)
    assert hand.hear(SAFE) == [Damage("the pump is in safe mode", len(SAFE))]
    asked = [output for _ in range(8) for output in hand.wait()]
    assert set(asked) == {ReadVersion()}
    assert hand.now > START + 8


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (Answer("07", "I", "5.00MH"), "answer of another address"),
        (Answer("00", "I", "5.00XX"), "answer not known"),
        (Answer("00", "S", "?WHAT"), "answer not known"),
    ],
)
def test_what_does_not_fit_is_dropped_whole(data: Answer, reason: str) -> None:
    hand = Hand().polling()
    assert hand.hear(data.encode()) == [Damage(reason, len(data.encode()))]
    assert hand.dialogue.wake_at == hand.now + 1.0


def test_a_refused_question_is_left_out() -> None:
    device = pump(Rack({"11": Fixed(PumpView())}))

    def refusing(data: bytes) -> Iterable[bytes]:
        return [Answer("00", "S", "?NA").encode()] if data == Answer("00", "S", "26.59").encode() else [data]

    heard = converse(FAMILY, device, 250, wire=refusing)
    assert heard.sent.count(ReadDiameter().encode()) == 2
    assert heard.sent.count(ReadDispensed().encode()) == 50
    assert heard.damage == []


def test_half_an_answer_does_not_swallow_the_next_one() -> None:
    hand = Hand().polling()
    assert hand.hear(b"\x02\x20") == []
    assert hand.wait() == []
    assert hand.wait() == [Damage("frame cut short", 2), ReadDispensed()]
    assert len(hand.hear(DISPENSED)) == 1


def test_after_close_nothing_is_asked() -> None:
    hand = Hand().polling()
    assert hand.dialogue.close(hand.now) == []
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(hand.now + 100) == []


def test_raw_answers_can_be_decoded_without_a_conversation() -> None:
    dialogue = NewEraDialogue(NewEraSettings(), Port("file", "file"))
    dialogue.open(0.0)
    found = dialogue.receive(RUNNING + DISPENSED + PHASE, 0.0)
    assert [len(report.readings) for report in found if isinstance(report, Report)] == [3, 3, 2]


def test_a_resting_pump_without_an_end() -> None:
    device = NewEraDevice(StillBedside(), NewEraDeviceSettings())
    heard = converse(FAMILY, device, 60)
    ends = [r for report in heard.reports for r in report.readings if r.metric is Metric.VOLUME_TO_BE_INFUSED]
    assert {(r.value, r.reason) for r in ends} == {(None, Reason.NOT_IN_USE)}
    assert ReadVolume().encode() in heard.sent


@pytest.mark.parametrize("wrong", [{"poll_s": 0.5}, {"timeout_s": 0.1}, {"retries": 3}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="set it between"):
        NewEraSettings(**wrong)  # type: ignore[arg-type]  # that is the test
