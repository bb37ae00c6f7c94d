"""The conversation, with the simulated monitor and by hand."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from drivers.api import Damage, Port, Reading, Report, Request, Waveform
from drivers.bis_vista import FAMILY, channels
from drivers.bis_vista.channels import CHANNELS
from drivers.bis_vista.codec import (
    NAK,
    Control,
    Decoder,
    Other,
    Processed,
    RawEeg,
    StartProcessed,
    StopProcessed,
    Trend,
)
from drivers.bis_vista.driver import BisVistaDialogue, BisVistaSettings, reading, readings, rest_s
from drivers.vocabulary import Metric, Reason, Validity
from simulators.api import StillBedside
from simulators.bis_vista.device import BisVistaDevice, BisVistaDeviceSettings
from tests.captures import load
from tests.converse import START, converse
from tests.hand import ByHand

HERE = Path(__file__).parent
(ANSWER,) = load(HERE / "captures" / "05_processed.hex").frames
(SAID,) = Decoder().feed(ANSWER)


def monitor(**settings: object) -> BisVistaDevice:
    chosen = BisVistaDeviceSettings(**settings)  # type: ignore[arg-type]  # keyword by keyword
    return BisVistaDevice(StillBedside(), chosen)


# --- what the numbers are worth


def test_the_constructed_answer_in_full() -> None:
    assert isinstance(SAID, Processed)
    said = readings(SAID.trends)
    assert said[:6] == [
        Reading(Metric.BISPECTRAL_INDEX, 41.2, name="BIS", raw="412", source="channel 1"),
        Reading(Metric.BIS_SIGNAL_QUALITY, 87.0, name="SQI", raw="870", source="channel 1"),
        Reading(Metric.EEG_SUPPRESSION_RATIO, 12.5, name="SR", raw="125", source="channel 1"),
        Reading(Metric.EEG_SPECTRAL_EDGE, 22.5, name="SEF95", raw="2250", source="channel 1"),
        Reading(Metric.UNMAPPED, 38.1, "dB", name="EMG", raw="3810", source="channel 1"),
        Reading(Metric.UNMAPPED, 62.0, "dB", name="total power", raw="6200", source="channel 1"),
    ]
    assert {(r.value, r.validity, r.reason) for r in said if r.source == "channel 2"} == {
        (None, Validity.ABSENT, Reason.NOT_AVAILABLE)
    }
    assert [r.value for r in said if r.source == "combined"][:2] == [40.8, 90.0]


@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_special_and_nothing_impossible_is_valid(channel: channels.Channel) -> None:
    for steps in (-32768, -32767, -10_000, -3278, -3277, -327_680):
        said = reading(channel, steps, "channel 1", True)
        assert (said.value, said.validity, said.reason) == (None, Validity.ABSENT, Reason.NOT_AVAILABLE)
        assert said.raw == str(steps)
    for steps in (-3276, -1, channel.most + 1, 32767):
        said = reading(channel, steps, "channel 1", True)
        assert (said.value, said.validity, said.reason) == (None, Validity.INVALID, Reason.IMPLAUSIBLE)


@pytest.mark.parametrize("sqi", [0, -1, -32768, 1001])
def test_without_signal_quality_no_number_of_the_block_is_valid(sqi: int) -> None:
    assert isinstance(SAID, Processed)
    trend = SAID.trends[0]._replace(sqi=sqi)
    said = [r for r in readings((trend, *SAID.trends[1:])) if r.source == "channel 1"]
    assert not any(r.validity is Validity.VALID for r in said)
    assert {r.reason for r in said if r.name != "SQI"} == {Reason.LOW_SIGNAL}
    assert [r.validity for r in readings(SAID.trends)][12] is Validity.VALID


def test_noughts_without_signal_quality_are_nobodys() -> None:
    """A block that is all zero must not look like a silent brain."""
    nothing = Trend(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    said = {r.name: (r.value, r.validity, r.reason) for r in readings([nothing] * 3)}
    assert said.pop("SQI") == (0, Validity.QUESTIONABLE, Reason.LOW_SIGNAL)
    assert set(said.values()) == {(None, Validity.INVALID, Reason.LOW_SIGNAL)}
    assert readings([nothing._replace(sqi=800)] * 3)[0].value == 0


def test_the_index_is_named_as_the_monitor_names_it() -> None:
    index = next(channel for channel in CHANNELS if channel.field == "bis")
    assert (index.name, index.metric) == ("BIS", Metric.BISPECTRAL_INDEX)
    for path in (Path(channels.__file__).parent).glob("*.py"):
        text = path.read_text(encoding="utf-8").lower()
        assert not any(word in text for word in ("depth", "hypnosis", "consciousness"))


# --- with the simulator


def test_an_hour_is_3600_reports() -> None:
    device = monitor()
    heard = converse(FAMILY, device, 3600)
    assert len(heard.reports) == 3600
    assert (heard.damage, device.violations, device.tampered) == ([], [], False)
    assert heard.sent == [StartProcessed().encode(), StopProcessed().encode()]
    index = {r.value for report in heard.reports for r in report.readings if r.name == "BIS"}
    assert all(isinstance(value, float) and 80 <= value <= 95 for value in index)
    assert len(index) > 50
    assert device.wake_at is None


@pytest.mark.parametrize("long_form", [False, True])
def test_a_sensor_that_is_off_gives_no_value(long_form: bool) -> None:
    heard = converse(FAMILY, monitor(sensor=False, long_form=long_form), 10)
    assert len(heard.reports) == 10
    assert {(r.value, r.validity) for report in heard.reports for r in report.readings} == {(None, Validity.ABSENT)}


def test_raw_eeg_only_where_asked_for() -> None:
    heard = converse(FAMILY, monitor(), 10, settings=BisVistaSettings(raw_eeg=True))
    waves = [output for output in heard.outputs if isinstance(output, Waveform)]
    assert {wave.name for wave in waves} == {"eeg_1", "eeg_2"}
    assert sum(len(wave.samples) for wave in waves) == 2 * 128 * 10
    assert {(wave.period_s, wave.unit) for wave in waves} == {(1 / 128, None)}
    assert len(heard.sent) == 4
    assert not any(isinstance(x, Waveform) for x in converse(FAMILY, monitor(), 10).outputs)


def test_a_monitor_that_wants_receipts_is_asked_again() -> None:
    device = monitor(wants_receipt=True)
    heard = converse(FAMILY, device, 120)
    assert 40 <= len(heard.reports) <= 60
    assert set(heard.sent[:-1]) == {StartProcessed().encode()}
    assert device.violations == []


def test_a_byte_at_a_time_is_as_good_as_a_frame() -> None:
    def slowly(data: bytes) -> Iterable[bytes]:
        return [data[i : i + 1] for i in range(len(data))]

    assert converse(FAMILY, monitor(), 60, wire=slowly).outputs == converse(FAMILY, monitor(), 60).outputs


def test_golden_transcript() -> None:
    """All bytes sent over a dead line, damage, a pulled cable and the end; kept in transcript.txt."""
    lines = (HERE / "transcript.txt").read_text(encoding="utf-8").splitlines()
    golden = [bytes.fromhex(line.partition("|")[0]) for line in lines if line[:1] != "#"]
    device = monitor()
    heard = converse(FAMILY, device, 120, wire=bad_cable(), settings=BisVistaSettings(raw_eeg=True))
    assert heard.sent == golden
    assert "wrong checksum" in {damage.reason for damage in heard.damage}
    assert device.violations == []


def bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Lose the first 7 s, harm some, then lose 40 s."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] < 63 or 150 <= count[0] < 510:
            return []
        return [data[:-1] + bytes([data[-1] ^ 1])] if 100 <= count[0] < 150 else [data]

    return wire


# --- by hand


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, **settings: bool) -> None:
        super().__init__(BisVistaDialogue(BisVistaSettings(**settings), Port()))


def test_nothing_is_said_before_opening_or_after_closing() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(START) == []
    assert hand.dialogue.close(START) == []
    assert hand.open() == [StartProcessed()]
    assert hand.dialogue.close(START) == [StopProcessed()]
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(START + 100) == []


def test_a_monitor_that_never_answers_is_asked_less_and_less_often() -> None:
    hand = Hand()
    hand.open()
    assert len(hand.pass_time(60)) == 3
    assert 59 <= len(hand.pass_time(3600)) <= 61
    assert [rest_s(n) for n in (0, 1, 2, 3, 4, 5000)] == [5, 10, 20, 40, 60, 60]


def test_ten_seconds_without_variables_is_silence_even_if_raw_eeg_comes() -> None:
    hand = Hand(raw_eeg=True)
    hand.open()
    assert isinstance(hand.hear(ANSWER)[0], Report)
    assert hand.pass_time(9.9) == []
    hand.hear(RawEeg(128, ((1, 2), (3, 4))).encode())
    assert len(hand.pass_time(0.2)) == 2


def test_half_a_frame_does_not_hold_back_the_next() -> None:
    hand = Hand()
    hand.open()
    assert hand.hear(Processed((SAID.trends[0],) * 3, spectra=bytes(244)).encode()[:200]) == []  # type: ignore[union-attr]  # checked above
    hand.pass_time(0.8)
    damage, report = hand.hear(ANSWER)
    assert damage == Damage("frame cut short by a pause", 200)
    assert isinstance(report, Report)


def test_a_refusal_is_counted_and_what_nobody_described_is_left() -> None:
    hand = Hand()
    hand.open()
    assert hand.hear(Control(NAK).encode()) == [Damage("NAK from the monitor", 10)]
    assert hand.hear(Control(2).encode() + Other(0x99, b"x").encode()) == []


def test_a_recording_is_read_without_a_conversation() -> None:
    dialogue = BisVistaDialogue(BisVistaSettings(), Port())
    outputs = dialogue.receive(ANSWER * 2, START)
    assert [type(output) for output in outputs] == [Report, Report]
    assert not any(isinstance(output, Request) for output in outputs)
    assert dialogue.wake_at is None


def test_long_blocks_of_eeg_are_divided() -> None:
    hand = Hand(raw_eeg=True)
    hand.open()
    waves = hand.hear(RawEeg(1024, (tuple(range(1000)),)).encode())
    assert [len(wave.samples) for wave in waves if isinstance(wave, Waveform)] == [512, 488]
