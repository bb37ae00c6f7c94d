"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import pytest

from drivers.api import Damage, Identity, Output, Port, Report
from drivers.sapphire import FAMILY
from drivers.sapphire.codec import CUT_SHORT, NONE_RIGHT, Message, ThisIsPc
from drivers.sapphire.driver import SapphireDialogue, SapphireSettings
from drivers.vocabulary import InfusionState, Metric, Reason, Validity
from simulators.sapphire import SIMULATOR
from simulators.sapphire.device import SapphireDevice, SapphireDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.bbraun_space.pumps import VISIT, Course, Phase, Rack
from tests.drivers.sapphire.test_codec import RESTING, RUNNING, SHORT, TRICKY

HERE = Path(__file__).parent
S = InfusionState
LISTENING = SapphireSettings(this_is_pc=True)


def pump(rack: Rack | None = None, **settings: object) -> SapphireDevice:
    device = SIMULATOR.device(rack or Rack({"11": VISIT}), SapphireDeviceSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword
    assert isinstance(device, SapphireDevice)
    return device


def told(heard: Heard, metric: Metric) -> list[object]:
    return [r.value for report in heard.reports for r in report.readings if r.metric is metric]


def test_an_hour_tells_the_visit_in_the_words_that_the_pump_has() -> None:
    """A rate or none: KVO and a bolus look like infusing, and nothing says why a pump rests."""
    device = pump()
    heard = converse(FAMILY, device, 3450)
    assert [state for state, _ in groupby(told(heard, Metric.INFUSION_STATE))] == [
        S.UNKNOWN, S.INFUSING, S.UNKNOWN, S.INFUSING, S.UNKNOWN, S.INFUSING, S.UNKNOWN
    ]  # fmt: skip
    assert [rate for rate, _ in groupby(told(heard, Metric.INFUSION_RATE))] == [
        0.0, 52.5, 0.0, 52.5, 0.0, 52.5, 200.0, 52.5, 1.0, 0.0
    ]  # fmt: skip
    assert (device.violations, device.tampered, heard.damage, heard.sent) == ([], False, [], [])
    assert all(report.alarms is None for report in heard.reports)
    assert told(heard, Metric.VOLUME_INFUSED)[-1] == pytest.approx(VISIT.at(START + 3450).volume_infused, abs=0.01)


def test_an_hour_at_36_ml_h_is_36_ml() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Course((Phase(0, S.INFUSING, 36.0),))})), 3600)
    assert told(heard, Metric.VOLUME_INFUSED)[-1] == pytest.approx(36.0, abs=0.02)
    assert set(told(heard, Metric.INFUSION_RATE)) == {36.0}
    assert 3590 <= len(heard.reports) <= 3610  # one a second, of ten batches


def test_a_change_of_rate_is_told_with_the_second_batch_that_says_it() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Course((Phase(0, S.INFUSING, 5.0), Phase(10.25, S.PAUSED)))})), 10.45)
    assert told(heard, Metric.INFUSION_RATE)[-2:] == [5.0, 0.0]


def test_what_the_pump_is() -> None:
    heard = converse(FAMILY, pump(), 30)
    assert [output for output in heard.outputs if isinstance(output, Identity)] == [
        Identity(manufacturer="Q Core", model="Sapphire", serial=str(0x00BB65BB), firmware="15000")
    ]


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    whole, pieces = (converse(FAMILY, pump(), 20, wire=w) for w in (lambda d: [d], trickle))
    assert whole.outputs == pieces.outputs


def test_nothing_is_said_by_default_and_a_pump_without_a_pc_says_nothing_either() -> None:
    heard = converse(FAMILY, pump(needs_pc=True), 120)
    assert (heard.sent, heard.reports) == ([], [])


def test_golden_transcript() -> None:
    """All bytes sent in ten minutes over a bad cable, if told to keep the pump talking; kept in transcript.txt."""
    said = (row.partition("#") for row in (HERE / "transcript.txt").read_text().splitlines() if row[:1] != "#")
    golden = [bytes.fromhex(data) for data, _, _ in said]
    device = pump(needs_pc=True)
    heard = converse(FAMILY, device, 600, settings=LISTENING, wire=lambda data: [data[:50], b"\xbb", data[50:]])
    assert heard.sent == golden
    assert (device.violations, device.tampered, heard.reports) == ([], False, [])


def test_a_pump_that_needs_a_pc_is_kept_talking() -> None:
    device = pump(needs_pc=True, batch_s=1.0)
    heard = converse(FAMILY, device, 3600, settings=LISTENING)
    assert len(heard.reports) > 3400
    assert len(heard.sent) == 241  # twice at the beginning, then each 15 s
    assert (device.violations, device.tampered) == ([], False)


def test_the_numbers_go_on_from_255_to_0() -> None:
    heard = converse(FAMILY, pump(batch_s=5.0), 5000, settings=LISTENING)
    numbers = [data[7] for data in heard.sent]
    assert numbers == [place % 256 for place in range(len(numbers))]
    assert len(numbers) > 300


def test_a_reader_that_vanishes_does_not_stop_the_simulated_pump() -> None:
    device = pump(Rack({"11": Course((Phase(0, S.INFUSING, 36.0),))}), needs_pc=True)
    converse(FAMILY, device, 60, settings=LISTENING)
    assert (device.at(START + 7200).state, device.at(START + 7200).rate) == (S.INFUSING, 36.0)
    assert not device.tampered


def test_a_pump_switched_off_is_silent() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Course((Phase(0, S.OFF),))})), 60)
    assert heard.outputs == []


def test_a_pump_with_another_layout_gives_no_values() -> None:
    heard = converse(FAMILY, pump(batch_bytes=170), 10)
    assert heard.reports == []
    assert {damage.reason for damage in heard.damage} == {"batch of another layout"}


# --- by hand


def listen(settings: SapphireSettings | None = None) -> SapphireDialogue:
    dialogue = SapphireDialogue(settings or SapphireSettings(), Port())
    dialogue.open(START)
    return dialogue


def reports(outputs: Iterable[Output]) -> list[Report]:
    return [output for output in outputs if isinstance(output, Report)]


def test_one_batch_of_ten_is_told() -> None:
    dialogue = listen()
    assert [len(reports(dialogue.receive(RUNNING, START))) for _ in range(13)] == [0, 1, *[0] * 9, 1, 0]
    assert [len(reports(dialogue.receive(RESTING, START))) for _ in range(2)] == [0, 1]  # another rate


def test_another_pump_on_the_cable_is_met_and_told_when_it_is_certain() -> None:
    dialogue = listen()
    dialogue.receive(RUNNING * 2, START)
    assert dialogue.receive(TRICKY, START) == []
    identity, report = dialogue.receive(TRICKY, START)
    assert isinstance(identity, Identity)
    assert isinstance(report, Report)
    values = {reading.metric: reading.value for reading in report.readings}
    assert (values[Metric.INFUSION_RATE], values[Metric.VOLUME_INFUSED]) == (120.0, 480.59)
    assert all(reading.validity is Validity.VALID for reading in report.readings)


def altered(offset: int, by: int) -> bytes:
    """Change one byte, and the sum with it: a harmed batch that looks right."""
    data = bytearray(RUNNING)
    data[8 + offset] = (data[8 + offset] + by) % 256
    data[-1] = (data[-1] + by) % 256
    return bytes(data)


@pytest.mark.parametrize("offset", [34, 38, 41, 45, 47, 48, 164, 165, 166, 168, 169, 170])
def test_a_harmed_batch_that_looks_right_is_not_told(offset: int) -> None:
    dialogue = listen()
    outputs = dialogue.receive((RUNNING * 12 + altered(offset, 3)) * 20 + RUNNING * 3, START)
    told = {tuple(reading.value for reading in report.readings) for report in reports(outputs)}
    assert told == {(S.INFUSING, 5.0, 50.0, 123.45, 20)}
    assert sum(isinstance(output, Identity) for output in outputs) == 1


def test_a_batch_that_the_next_one_contradicts_is_counted() -> None:
    """One field that never rests would silence the pump: that must show."""
    dialogue = listen()
    dialogue.receive(RUNNING * 2, START)
    assert dialogue.receive(altered(45, 1), START) == []
    assert dialogue.receive(altered(45, 2), START) == [Damage("batch that the next one contradicts", len(RUNNING))]
    assert len(reports(dialogue.receive(altered(45, 2) * 10, START))) == 1


def test_what_stands_beside_damage_is_confirmed_anew() -> None:
    dialogue = listen()
    dialogue.receive(RESTING * 2, START)
    assert reports(dialogue.receive(RUNNING + b"\x00" + RUNNING + b"\x00" + RUNNING + b"\x00", START)) == []
    assert len(reports(dialogue.receive(RUNNING * 2, START))) == 1


def test_a_batch_that_nothing_confirms_is_questionable() -> None:
    dialogue = listen()
    assert dialogue.receive(RUNNING, START) == []
    assert dialogue.wake_at == START + 2.0
    (report,) = dialogue.tick(START + 2.0)
    assert isinstance(report, Report)
    assert [reading.value for reading in report.readings] == [S.INFUSING, 5.0, 50.0, 123.45, 20]
    assert {(reading.validity, reading.reason) for reading in report.readings} == {
        (Validity.QUESTIONABLE, Reason.OTHER)
    }  # fmt: skip
    assert dialogue.wake_at is None
    assert dialogue.tick(START + 9.0) == []
    assert len(reports(dialogue.receive(RUNNING, START + 10))) == 1  # which is now confirmed


def test_a_shorter_batch_is_damage() -> None:
    assert listen().receive(SHORT, START) == [Damage("batch of another layout", len(SHORT))]


@pytest.mark.parametrize("kind", [0, 3, 13, 19, 26, 27])
def test_other_messages_say_nothing(kind: int) -> None:
    assert listen().receive(Message(kind, 0, bytes(180)).encode(), START) == []


def test_wrong_checksums_are_said_and_no_value_comes_from_them() -> None:
    wrong = RUNNING[:-1] + bytes([RUNNING[-1] ^ 1])
    outputs = listen().receive(wrong * 3, START)
    assert {output.reason for output in outputs if isinstance(output, Damage)} >= {NONE_RIGHT}
    assert reports(outputs) == []


def test_what_waits_too_long_is_given_up_and_what_stands_within_is_told() -> None:
    dialogue = listen()
    assert dialogue.wake_at is None
    assert dialogue.receive(b"\xbb\x67\x00\x65\x01\x03\x00\x00" + RUNNING, START) == []
    assert dialogue.wake_at == START + 2.0
    assert dialogue.tick(START + 1.9) == []
    outputs = dialogue.tick(START + 2.0)
    assert [report.readings[1].value for report in reports(outputs)] == [5.0]
    assert {output.reason for output in outputs if isinstance(output, Damage)} >= {CUT_SHORT}
    assert dialogue.wake_at is None


def test_when_it_is_said_that_a_pc_listens() -> None:
    dialogue = SapphireDialogue(LISTENING, Port())
    assert dialogue.open(START) == [ThisIsPc(0)]
    assert dialogue.wake_at == START + 1.0
    assert dialogue.tick(START + 0.9) == []
    assert dialogue.tick(START + 1.0) == [ThisIsPc(1)]
    assert dialogue.wake_at == START + 16.0
    assert dialogue.tick(START + 16.0) == [ThisIsPc(2)]
    assert dialogue.close(START + 17.0) == []
    assert dialogue.wake_at is None
    assert dialogue.tick(START + 100.0) == []


def test_a_silent_dialogue_wants_no_waking() -> None:
    dialogue = listen()
    dialogue.receive(RUNNING * 2, START)
    assert dialogue.wake_at is None
    assert dialogue.tick(START + 1000) == []
