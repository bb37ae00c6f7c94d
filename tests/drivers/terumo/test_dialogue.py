"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

import pytest

from drivers.api import Announcement, Damage, Departed, Identity, Port, Report
from drivers.terumo import FAMILY
from drivers.terumo.codec import CommandReply, ReadDeviceId, ReadStatus
from drivers.terumo.driver import TerumoDialogue, TerumoSettings
from drivers.vocabulary import AlarmCode, EventKind, InfusionState, Metric, Validity
from simulators.api import Fixed, PumpView
from simulators.terumo import SIMULATOR
from simulators.terumo.device import TerumoDevice, TerumoDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.bbraun_space.pumps import VISIT, Course, Phase, Rack
from tests.drivers.terumo.test_codec import (
    DEVICE_ID,
    DOSING,
    ID_OF_730,
    OCCLUDED,
    RUNNING,
    SAID_ID,
    STOPPED,
    TOO_SHORT,
    UNKNOWN_COMMAND,
)
from tests.hand import ByHand

HERE = Path(__file__).parent
S = InfusionState


def pump(rack: Rack | None = None, **settings: object) -> TerumoDevice:
    device = SIMULATOR.device(rack or Rack({"11": VISIT}), TerumoDeviceSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword
    assert isinstance(device, TerumoDevice)
    return device


def states(heard: Heard) -> list[str]:
    said = [str(r.value) for report in heard.reports for r in report.readings if r.metric is Metric.INFUSION_STATE]
    return [state for state, _ in groupby(said)]


def last(heard: Heard, metric: Metric) -> object:
    readings = [reading for report in heard.reports for reading in report.readings]
    return [r.value for r in readings if r.metric is metric and r.validity is Validity.VALID][-1]


# --- against the simulator


def test_an_hour_tells_the_visit_in_the_words_that_the_pump_has() -> None:
    device = pump()
    heard = converse(FAMILY, device, 3490)
    assert states(heard) == [
        S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.BOLUS, S.INFUSING, S.UNKNOWN, S.STOPPED,
        S.STANDBY,
    ]  # fmt: skip
    alarms = [tuple(alarm.code for alarm in report.alarms) for report in heard.reports if report.alarms is not None]
    assert [codes for codes, _ in groupby(alarms)] == [
        (), ("occlusion",), (), ("near_end",), ("infusion_complete",), ()
    ]  # fmt: skip
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])
    assert last(heard, Metric.VOLUME_INFUSED) == pytest.approx(VISIT.at(START + 3490).volume_infused, abs=0.005)


def test_an_hour_at_36_ml_h_is_36_ml() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Course((Phase(0, S.INFUSING, 36.0),))})), 3600)
    assert last(heard, Metric.VOLUME_INFUSED) == pytest.approx(36.0, abs=0.06)  # the last poll was up to 5 s before
    assert last(heard, Metric.INFUSION_RATE_SET) == 36.0
    assert last(heard, Metric.VOLUME_TO_BE_INFUSED) == 50.0
    assert last(heard, Metric.DOSE_RATE_SET) == 0.75
    assert last(heard, Metric.PATIENT_WEIGHT) == 70.0


@pytest.mark.parametrize("state", [S.PURGE, S.KVO])
def test_purge_and_kvo_are_no_infusion(state: InfusionState) -> None:
    course = Course((Phase(0, S.INFUSING, 36.0), Phase(60, state, 1.0)))
    said = states(converse(FAMILY, pump(Rack({"11": course})), 120))
    assert said == [S.INFUSING, {S.PURGE: S.PURGE, S.KVO: S.UNKNOWN}[state]]


def test_a_counter_that_was_cleared_is_said_as_it_is() -> None:
    class Cleared:
        def at(self, now: float) -> PumpView:
            return PumpView(volume_infused=9.0 if now < START + 30 else 0.0)

    heard = converse(FAMILY, pump(Rack({"11": Cleared()})), 60)
    said = [r.value for report in heard.reports for r in report.readings if r.metric is Metric.VOLUME_INFUSED]
    assert [value for value, _ in groupby(said)] == [9.0, 0.0]


def test_what_the_pump_is_with_its_software_once_that_is_known() -> None:
    heard = converse(FAMILY, pump(), 60)
    assert [output for output in heard.outputs if isinstance(output, Identity)] == [
        Identity(manufacturer="Terumo", serial=DEVICE_ID),
        Identity(manufacturer="Terumo", serial=DEVICE_ID, firmware="0301"),
    ]


def test_an_infusion_pump() -> None:
    settings = TerumoSettings(pump="infusion")
    heard = converse(FAMILY, pump(pump="infusion"), 60, settings=settings)
    names = {r.name: r for report in heard.reports for r in report.readings}
    assert names["Syringe status"].validity is Validity.ABSENT


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    whole, pieces = (converse(FAMILY, pump(), 60, wire=w) for w in (lambda d: [d], trickle))
    assert whole.outputs == pieces.outputs


def test_a_pump_switched_off_is_asked_hardly_more_than_one_that_answers() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Fixed(PumpView(state=S.OFF))})), 3600)
    assert heard.reports == []
    assert len(heard.sent) < 1.2 * len(converse(FAMILY, pump(Rack({"11": Fixed(PumpView())})), 3600).sent)
    assert set(heard.sent) == {ReadDeviceId().encode()}


def test_golden_transcript() -> None:
    """All bytes sent from start over damage, timeouts and a new beginning; kept in transcript.txt."""
    said = (row.partition("#") for row in (HERE / "transcript.txt").read_text().splitlines() if row[:1] != "#")
    device = pump(Rack({"11": Fixed(PumpView())}))
    assert transcript(device) == [bytes.fromhex(data) for data, _, _ in said]
    assert device.violations == []


def transcript(device: TerumoDevice) -> list[bytes]:
    return converse(FAMILY, device, 90, wire=_bad_cable()).sent


def _bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Harm the 1st and 4th thing said, lose the 7th to 10th."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] in (1, 4):
            return [data[:40] + b"#" + data[41:]]
        return [] if count[0] in range(7, 11) else [data]

    return wire


# --- by hand


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, **settings: object) -> None:
        super().__init__(TerumoDialogue(TerumoSettings(**settings), Port()))  # type: ignore[arg-type]  # keyword by keyword

    def polling(self) -> "Hand":
        """Meet SS730-0001; the first question for its status is out."""
        self.dialogue.open(self.now)
        self.hear(ID_OF_730)
        assert self.wait() == [ReadStatus("SS730-0001")]
        return self


def test_the_order_of_questions() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.open(START) == [ReadDeviceId()]
    assert hand.hear(SAID_ID) == [Identity(manufacturer="Terumo", serial=DEVICE_ID)]
    assert hand.wait() == [ReadStatus(DEVICE_ID)]
    assert hand.now == START + 0.1
    hand.hear(STOPPED)
    assert hand.wait() == [ReadStatus(DEVICE_ID)]
    assert hand.now == START + 0.1 + 5.0


def test_the_manuals_own_answer_has_another_sequence_number_and_is_used() -> None:
    hand = Hand()
    hand.dialogue.open(START)
    hand.hear(SAID_ID)
    hand.wait()
    strange, identity, report = hand.hear(STOPPED)
    assert strange == Damage("other sequence number", 0)
    assert identity == Identity(manufacturer="Terumo", serial=DEVICE_ID, firmware="0403")
    assert isinstance(report, Report)
    assert report.readings[0].value == "stopped"


def test_an_answer_with_our_sequence_number_is_nothing_strange() -> None:
    hand = Hand().polling()
    identity, report = hand.hear(RUNNING)
    assert isinstance(identity, Identity)
    assert isinstance(report, Report)
    assert report.alarms == ()


def test_alarms_come_with_the_status() -> None:
    *_, report = Hand().polling().hear(OCCLUDED)
    assert isinstance(report, Report)
    assert [alarm.code for alarm in report.alarms or ()] == [AlarmCode.OCCLUSION]


@pytest.mark.parametrize("answer", [SAID_ID, ID_OF_730, UNKNOWN_COMMAND])
def test_an_answer_to_another_question_is_dropped_whole(answer: bytes) -> None:
    hand = Hand().polling()
    assert hand.hear(answer) == [Damage("answer to another question", len(answer))]
    assert any(isinstance(output, Report) for output in hand.hear(RUNNING))


def test_a_status_that_nobody_asked_for_is_dropped() -> None:
    hand = Hand()
    hand.dialogue.open(START)
    assert hand.hear(RUNNING) == [Damage("answer to another question", len(RUNNING))]
    hand.polling().hear(RUNNING)
    assert hand.hear(DOSING) == [Damage("answer to another question", len(DOSING))]


def test_a_refusal_is_an_event_once_and_no_status() -> None:
    hand = Hand(retries=2).polling()
    assert hand.hear(TOO_SHORT) == [
        Announcement(EventKind.DEVICE_EVENT, text="status refused, 13: short message", raw="13 000000")
    ]
    assert hand.wait() == [ReadStatus("SS730-0001")]
    assert hand.hear(TOO_SHORT) == []
    hand.wait()
    (other,) = hand.hear(CommandReply("SS730-0001", 1, 1, 0, 0x77, b"").encode())
    assert isinstance(other, Announcement)
    assert (other.text, other.raw) == ("status refused, 77: not documented", "77")


@pytest.mark.parametrize("size", [0, 1, 28])
def test_a_status_that_is_too_short_gives_no_values(size: int) -> None:
    hand = Hand().polling()
    reply = CommandReply("SS730-0001", 1, 1, 0, 0, bytes(size)).encode()
    assert hand.hear(reply) == [Damage("status too short", len(reply))]
    assert hand.wait() == [ReadStatus("SS730-0001")]


def test_another_pump_on_the_cable_is_met_before_it_is_read() -> None:
    hand = Hand().polling()
    assert hand.hear(STOPPED) == [Departed(reason="another device id answers")]
    assert hand.wait() == [ReadDeviceId()]
    assert hand.hear(SAID_ID) == [Identity(manufacturer="Terumo", serial=DEVICE_ID)]


def test_a_silent_pump_may_be_another_one_by_now() -> None:
    hand = Hand().polling()
    assert hand.wait() == []
    assert hand.wait() == [ReadStatus("SS730-0001")]
    assert hand.wait() == []
    assert hand.wait() == [ReadDeviceId()]
    assert hand.hear(SAID_ID) == [Identity(manufacturer="Terumo", serial=DEVICE_ID)]
    assert hand.wait() == [ReadStatus(DEVICE_ID)]


def test_nothing_is_asked_while_an_answer_is_awaited() -> None:
    hand = Hand().polling()
    assert hand.dialogue.tick(hand.now + 1.9) == []
    assert hand.dialogue.wake_at == hand.now + 2.0


def test_after_close_nothing_is_asked() -> None:
    hand = Hand().polling()
    assert hand.dialogue.close(hand.now) == []
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(hand.now + 100) == []
    assert isinstance(hand.hear(RUNNING)[0], Damage)


@pytest.mark.parametrize("wrong", [{"pump": "x"}, {"poll_s": 0.5}, {"timeout_s": 0.1}, {"retries": 3}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="set it"):
        TerumoSettings(**wrong)  # type: ignore[arg-type]  # that is the test
