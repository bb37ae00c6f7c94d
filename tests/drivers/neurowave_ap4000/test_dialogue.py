"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from drivers.api import Damage, Departed, Identity, Output, Port, Report
from drivers.neurowave_ap4000 import FAMILY
from drivers.neurowave_ap4000.codec import Connect, ReadStatus
from drivers.neurowave_ap4000.driver import Ap4000Dialogue, Ap4000Settings
from drivers.vocabulary import InfusionState, Metric, Validity
from simulators.api import Bedside, Fixed, PumpView, StillBedside
from simulators.bedside import Chair, Timeline
from simulators.neurowave_ap4000 import SIMULATOR
from simulators.neurowave_ap4000.device import Ap4000Device, Ap4000DeviceSettings
from simulators.neurowave_ap4000.hearing import line
from simulators.scenario import SCENARIOS
from tests.converse import START, Heard, converse
from tests.drivers.neurowave_ap4000.test_codec import OBSERVED, STATUS, STATUS_2
from tests.hand import ByHand

HERE = Path(__file__).parent
S = InfusionState
ASK = ReadStatus("032-19-50-014")
STATE = Metric.INFUSION_STATE


def pump(bedside: Bedside | None = None, **settings: object) -> Ap4000Device:
    device = SIMULATOR.device(bedside or StillBedside(), Ap4000DeviceSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword
    assert isinstance(device, Ap4000Device)
    return device


def chair(name: str, begin_min: float, slots: tuple[str, ...] = ("11",)) -> Chair:
    return Chair(SCENARIOS[name], Timeline(START, begin_min), "1", ZoneInfo("UTC"), slots)


def told(heard: Heard, metric: Metric, source: str = "1") -> list[object]:
    readings = [reading for report in heard.reports for reading in report.readings]
    values = [reading.value for reading in readings if reading.metric is metric and reading.source == source]
    return [value for value, _ in groupby(values)]


def alarms(heard: Heard) -> list[tuple[str, ...]]:
    shown = [tuple(alarm.raw.split("^")[0] for alarm in report.alarms or ()) for report in heard.reports]
    return [codes for codes, _ in groupby(shown)]


def test_a_whole_visit_with_occlusion_air_bolus_end_and_kvo() -> None:
    bedside = chair("S4", -2.5)
    device = pump(bedside)
    heard = converse(FAMILY, device, 92 * 60)
    shown = alarms(heard)
    for code in ("PA.02", "PA.01", "BA.02", "PA.07", "PA.08"):
        assert any(code in codes for codes in shown), code
    assert told(heard, STATE) == [S.UNKNOWN, S.INFUSING, S.UNKNOWN, S.INFUSING, S.UNKNOWN, S.INFUSING, S.UNKNOWN]
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])


def test_kvo_is_never_an_infusion() -> None:
    """Not even after somebody has confirmed the end's alarm."""
    bedside = chair("S1", 35.0)
    heard = converse(FAMILY, pump(bedside), 12 * 60)
    kvo = [s for s in range(12 * 60) if bedside.pumps["11"].at(START + s).state is S.KVO]
    assert len(kvo) > 100
    rates = told(heard, Metric.INFUSION_RATE)
    assert rates == [75.0, 3.0, 0.0]
    for report in heard.reports:
        said = {reading.metric: reading.value for reading in report.readings if reading.source == "1"}
        assert said[STATE] == (S.INFUSING if said[Metric.INFUSION_RATE] == 75.0 else S.UNKNOWN)


def test_two_channels_tell_their_own_figures() -> None:
    bedside = chair("S1", 10.0, ("11", "12"))
    heard = converse(FAMILY, pump(bedside), 60)
    assert (told(heard, Metric.INFUSION_RATE), told(heard, Metric.INFUSION_RATE, "2")) == ([75.0], [20.0])
    assert (told(heard, Metric.DRUG_NAME), told(heard, Metric.DRUG_NAME, "2")) == (["Ketamine"], ["NaCl 0.9 %"])
    assert (told(heard, STATE), told(heard, STATE, "2")) == ([S.INFUSING], [S.INFUSING])
    assert told(heard, Metric.VOLUME_TO_BE_INFUSED, "2") == [None]


@pytest.mark.parametrize("version", ["0.1", "v0.2"])
def test_an_hour_at_36_ml_h_is_36_ml(version: str) -> None:
    class Flowing:
        def at(self, now: float) -> PumpView:
            return PumpView(state=S.INFUSING, rate=36.0, rate_set=36.0, volume_infused=(now - START) / 100.0)

    heard = converse(FAMILY, pump(StillBedside(pumps={"11": Flowing()}), version=version), 3600)
    assert told(heard, Metric.VOLUME_INFUSED)[-1] == pytest.approx(36.0, abs=0.04)
    assert told(heard, STATE) == [S.INFUSING]
    last = heard.reports[-1].device_time
    assert last is not None
    assert last.replace(tzinfo=ZoneInfo("UTC")).timestamp() == pytest.approx(START + 3600, abs=4)


def test_what_the_pump_is() -> None:
    old, new = (converse(FAMILY, pump(version=version), 30) for version in ("0.1", "v0.2"))
    assert [output for output in old.outputs if isinstance(output, Identity)] == [
        Identity("", "NeuroWave", "AP-4000", "032-19-50-014", "", "0.1")
    ]
    assert [output for output in new.outputs if isinstance(output, Identity)] == [
        Identity("", "NeuroWave", "AP-4000", "032-19-50-014", "v0.1.0.8218", "v0.2")
    ]


def test_no_person_leaves_the_driver() -> None:
    text = repr(converse(FAMILY, pump(), 60).outputs)
    assert not any(word in text for word in ("SMITH", "JONES", "CASE"))


def test_the_status_is_asked_every_3_s() -> None:
    heard = converse(FAMILY, pump(), 600)
    assert heard.sent[0] == Connect().encode()
    assert heard.sent.count(ASK.encode()) == len(heard.sent) - 1 == pytest.approx(200, abs=2)


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    whole, pieces = (converse(FAMILY, pump(), 60, wire=w) for w in (lambda d: [d], trickle))
    assert whole.outputs == pieces.outputs


def test_a_pump_switched_off_is_asked_less_than_one_that_answers() -> None:
    device = pump(StillBedside(pumps={"11": Fixed(PumpView(state=S.OFF))}))
    heard = converse(FAMILY, device, 3600)
    assert heard.reports == []
    assert len(heard.sent) < len(converse(FAMILY, pump(), 3600).sent)
    assert set(heard.sent) == {Connect().encode()}


def test_golden_transcript() -> None:
    """All bytes sent from start over damage, silence, another pump and a new beginning; kept in transcript.txt."""
    said = (row.partition("#") for row in (HERE / "transcript.txt").read_text().splitlines() if row[:1] != "#")
    golden = [bytes.fromhex(data) for data, _, _ in said]
    device = pump()
    heard = converse(FAMILY, device, 60, wire=_bad_cable())
    assert heard.sent == golden
    assert device.violations == []


def _bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Harm the first and fourth thing said, lose the 7th to 9th, put another version in place of the 10th."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] in (1, 4):
            return [data[:6] + b"#" + data[7:]]
        if count[0] == 10:
            return [line("CONNREQ^0.3^032-19-50-014^2022-11-04^11:10:36.067")]
        return [] if count[0] in range(7, 10) else [data]

    return wire


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, **settings: object) -> None:
        super().__init__(Ap4000Dialogue(Ap4000Settings(**settings), Port()))  # type: ignore[arg-type]  # keyword by keyword

    def polling(self) -> "Hand":
        """Go through the opening; the first question for the status is out."""
        self.dialogue.open(self.now)
        self.hear(OBSERVED[0])
        assert self.wait() == [ASK]
        return self


def test_the_order_of_questions() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.open(START) == [Connect()]
    assert hand.hear(OBSERVED[1]) == [Identity("", "NeuroWave", "AP-4000", "066-22-20-003", "v0.1.0.8218", "v0.2")]
    assert hand.wait() == [ReadStatus("066-22-20-003")]
    (report,) = hand.hear(STATUS)
    assert isinstance(report, Report)
    assert hand.wait() == [ReadStatus("066-22-20-003")]
    assert hand.now == pytest.approx(START + 0.1 + 3.0)


@pytest.mark.parametrize(
    "answer",
    [
        "CONNREQ^0.3^032-19-50-014^2022-11-04^11:10:36.067",
        "CONNREQ^v0.2^032-19-50-014^2022-11-04^11:10:36.067",  # a version with another number of fields
        "CONNREQ^0.1^066-22-20-003^v0.1.0.8218^v1.0^2022-11-04^11:59:44.217",
    ],
)
def test_a_version_that_is_not_known_is_not_read(answer: str) -> None:
    hand = Hand()
    hand.dialogue.open(START)
    assert hand.hear(line(answer)) == [Damage("protocol version not known", len(line(answer)))]
    assert hand.wait() == [Connect()]
    hand.hear(line(answer))
    assert hand.wait() == [Connect()]
    assert hand.now >= START + 3.0, "a rest before the new beginning"


def test_a_status_of_another_layout_is_dropped_and_asked_for_again() -> None:
    hand = Hand().polling()
    odd = line("STATREQ" + "^" * 96)
    assert hand.hear(odd) == [Damage("status of another layout", len(odd))]
    assert hand.wait() == [ASK]
    assert hand.hear(odd) == [Damage("status of another layout", len(odd))]
    assert hand.wait() == [Connect()]


def test_another_pump_on_the_cable_is_met_before_it_is_read() -> None:
    hand = Hand().polling()
    hand.hear(STATUS)
    assert hand.wait() == [ASK]
    other = line(STATUS[1:-7].decode().replace("AP1-0101", "AP1-0999"))
    assert hand.hear(other) == [Departed(reason="other serial numbers answer")]
    assert hand.wait() == [Connect()]
    hand.hear(OBSERVED[0])
    hand.wait()
    assert isinstance(hand.hear(other)[0], Report)


def alarmed(*codes: str, count: int = 0, serial: str = "AP1-0101") -> bytes:
    fields = STATUS[1:-7].decode().replace("AP1-0101", serial).split("^")
    fields[12] = str(count or len(codes) or -1)
    fields[14:30] = [text for code in codes for text in (code, "PUMP1", "HIGH", "HP_PUMP")] + [""] * (
        16 - 4 * len(codes)
    )
    return line("^".join(fields))


def shown(outputs: list[Output]) -> list[str]:
    (report,) = outputs
    assert isinstance(report, Report)
    return [alarm.raw.split("^")[0] for alarm in report.alarms or ()]


def test_an_alarm_that_lost_its_place_to_a_fifth_has_not_ended() -> None:
    hand = Hand().polling()
    four = ("PA.01", "PA.02", "PA.03", "PA.04")
    assert shown(hand.hear(alarmed(*four))) == [*four]
    five = alarmed("PE.01", *four[:3], count=5)
    assert shown(hand.hear(five, after=3)) == ["PE.01", *four[:3], "5", "PA.04"]
    assert shown(hand.hear(five, after=3)) == ["PE.01", *four[:3], "5", "PA.04"]
    assert shown(hand.hear(alarmed("PE.01", *four[:3]), after=3)) == ["PE.01", *four[:3]]
    assert shown(hand.hear(alarmed(), after=3)) == []


def test_what_one_pump_alarmed_is_not_held_for_another() -> None:
    hand = Hand().polling()
    hand.hear(alarmed("PA.01", "PA.02", "PA.03", "PA.04"))
    hand.hear(alarmed("PE.01", count=5, serial="AP1-0999"))
    hand.wait()
    hand.hear(OBSERVED[0])
    assert shown(hand.hear(alarmed("PE.01", "PE.02", "PE.03", "PE.04", count=5, serial="AP1-0999"))) == [
        "PE.01", "PE.02", "PE.03", "PE.04", "5"
    ]  # fmt: skip


def test_a_pump_that_names_others_without_end_fills_no_memory() -> None:
    hand = Hand().polling()
    for n in range(100):
        found = shown(hand.hear(alarmed(*(f"ZZ.{n}.{slot}" for slot in range(4)), count=999), after=3))
        assert len(found) <= 64


def test_a_channel_that_says_no_serial_number_is_no_other_pump() -> None:
    hand = Hand().polling()
    hand.hear(STATUS)
    hand.wait()
    assert isinstance(hand.hear(line(STATUS[1:-7].decode().replace("AP1-0102", "")))[0], Report)


def test_a_greeting_that_nobody_asked_for_is_dropped() -> None:
    hand = Hand().polling()
    assert hand.hear(OBSERVED[1]) == [Damage("answer to another question", len(OBSERVED[1]))]
    hand.hear(STATUS)
    assert hand.wait() == [ASK]


def test_a_late_status_is_taken_and_moves_nothing() -> None:
    hand = Hand()
    hand.dialogue.open(START)
    wake = hand.dialogue.wake_at
    assert isinstance(hand.hear(STATUS_2)[0], Report)
    assert hand.dialogue.wake_at == wake
    odd = line("STATREQ" + "^" * 96)
    assert hand.hear(odd) == [Damage("status of another layout", len(odd))]
    assert hand.dialogue.wake_at == wake


def test_our_own_questions_coming_back_are_no_answers() -> None:
    hand = Hand().polling()
    assert hand.hear(ASK.encode()) == [Damage("wrong number of fields", len(ASK.encode()))]


@pytest.mark.parametrize("wrong", [{"poll_s": 0.5}, {"timeout_s": 0.1}, {"retries": 3}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="set it between"):
        Ap4000Settings(**wrong)  # type: ignore[arg-type]  # that is the test


def test_an_hour_beside_a_resting_pump_is_clean() -> None:
    device = pump()
    heard = converse(FAMILY, device, 3600)
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])
    for reading in (reading for report in heard.reports for reading in report.readings):
        assert (reading.value is None) == (reading.validity in (Validity.INVALID, Validity.ABSENT)), reading


def test_after_close_nothing_is_said() -> None:
    hand = Hand().polling()
    assert hand.dialogue.close(hand.now) == []
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(hand.now + 100) == []
