"""The conversation, led by hand and with the simulated monitor."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import pairwise

import pytest

from drivers.api import Alarm, Identity, Output, Port, Report, Waveform
from drivers.ge_dri import FAMILY
from drivers.ge_dri.codec import AlarmLine, AlarmStatus, Block, Physiology, Stamp, Wave, Waves
from drivers.ge_dri.driver import DriDialogue, patience_s, scaled
from drivers.ge_dri.requests import LEVELS, WAVE_RATES, AskAlarms, StartNumerics, StartWaves, StopNumerics, StopWaves
from drivers.ge_dri.settings import DriSettings
from drivers.ge_dri.traces import TRACES
from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity
from simulators.api import Cuff, Signal, StillBedside, Vitals
from simulators.ge_dri.monitor import Monitor, MonitorSettings
from tests.converse import START, converse
from tests.drivers.ge_dri.records import HERE, NO_DATA, block, empty, group, real_words, record, with_groups
from tests.hand import ByHand


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, **settings: object) -> None:
        super().__init__(DriDialogue(DriSettings(**settings), Port()))  # type: ignore[arg-type]  # keyword by keyword

    def delivering(self) -> "Hand":
        """Open, and hear the record that doesn't count."""
        self.open()
        self.hear(record(), after=1.0)
        return self


def test_it_asks_with_level_0_and_says_what_it_hears_from_the_second_record_on() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.open() == [StartNumerics(0, 5, 14)]
    (identity,) = hand.hear(record(block(0, real_words())), after=5.0)
    assert identity == Identity(manufacturer="GE Healthcare (Datex-Ohmeda)", dialect="DRI level 10 ('09)")
    (report,) = hand.hear(record(block(0, real_words()), number=1), after=5.0)
    assert isinstance(report, Report)
    assert report.device_time == datetime.fromisoformat("2018-08-02T14:45:20")
    assert (report.device, report.alarms, report.simulated, report.uptime_s) == ("", (), False, None)
    said = {reading.metric: (reading.value, reading.validity) for reading in report.readings}
    assert said[Metric.HEART_RATE] == (81, Validity.VALID)
    assert said[Metric.SPO2] == (100.0, Validity.VALID)
    assert said[Metric.NIBP_SYSTOLIC] == (85.0, Validity.QUESTIONABLE)


def test_a_first_record_out_of_a_buffer_is_never_said_nor_its_clock_taken() -> None:
    old = with_groups(0, at_118=group(3, 0, 7000, 40, 39, NO_DATA))
    hand = Hand()
    hand.open()
    assert not any(isinstance(output, Report) for output in hand.hear(record(block(0, old), time_s=1)))
    (report,) = hand.hear(record(block(0, real_words())))
    assert isinstance(report, Report)
    assert 70.0 not in [reading.value for reading in report.readings]


def test_each_level_is_tried_and_then_there_is_a_rest() -> None:
    hand = Hand()
    asked: list[Output] = hand.open()
    times = [hand.now]
    for _ in range(11):
        asked += hand.wait()
        times.append(hand.now)
    assert asked == [StartNumerics(level) for level in (*LEVELS, *LEVELS)]
    waits = [b - a for a, b in pairwise(times)]
    assert waits == [7.0] * 5 + [22.0] + [7.0] * 5
    assert patience_s(5 + 6 * 50, 5) == 67.0, "at last a minute more"


def test_the_level_that_was_answered_is_asked_first_after_a_silence() -> None:
    hand = Hand()
    hand.open()
    assert hand.wait() == [StartNumerics(11)]
    assert hand.wait() == [StartNumerics(10)]
    hand.hear(record())
    hand.hear(record())
    assert hand.wait() == [StartNumerics(10)]
    assert hand.wait() == [StartNumerics(0)]
    assert hand.wait() == [StartNumerics(11)]
    assert hand.wait() == [StartNumerics(9)]


@pytest.mark.parametrize(("interval_s", "silence_s"), [(1, 15.0), (5, 15.0), (10, 30.0), (60, 180.0)])
def test_three_intervals_of_silence_and_at_least_15_s_are_a_restart(interval_s: int, silence_s: float) -> None:
    hand = Hand(interval_s=interval_s).delivering()
    assert hand.dialogue.wake_at == hand.now + silence_s
    assert hand.wait() == [StartNumerics(0, interval_s)]
    assert not any(isinstance(output, Report) for output in hand.hear(record())), "the first one may be old again"
    assert any(isinstance(output, Report) for output in hand.hear(record()))


def test_bytes_that_are_no_record_do_not_hold_off_the_watchdog() -> None:
    hand = Hand().delivering()
    due = hand.dialogue.wake_at
    hand.hear(b"\x55" * 500 + b"\x7e", after=10.0)
    hand.hear(record(block(0, kind=2)), after=1.0)
    assert hand.dialogue.wake_at == due


def test_a_record_of_trends_is_not_said() -> None:
    hand = Hand().delivering()
    assert hand.hear(record(block(0, real_words(), kind=3))) == []
    mixed = record(block(0, real_words(), kind=2), block(1, kind=1))
    (report,) = hand.hear(mixed)
    assert report == Report([], device_time=datetime.fromisoformat("2018-08-02T14:45:20"))


def test_a_clock_that_was_never_set_is_no_time() -> None:
    (report,) = Hand().delivering().hear(record(time_s=0))
    assert isinstance(report, Report)
    assert report.device_time is None


def test_a_closed_dialogue_says_and_hears_nothing() -> None:
    hand = Hand(waves=("pleth",)).delivering()
    assert hand.dialogue.close(hand.now) == [StopWaves(0), StopNumerics(0)]
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.close(hand.now) == []
    assert hand.dialogue.tick(hand.now + 100) == []
    assert hand.hear(record()) == []


def test_an_answer_that_comes_late_is_not_taken_for_one_to_the_last_level() -> None:
    hand = Hand(alarms=True)
    hand.open()
    assert hand.wait() == [StartNumerics(11)]
    assert hand.hear(record(level=9))[-1] == AskAlarms(9)
    strange = Hand(alarms=True)
    strange.open()
    assert strange.wait() == [StartNumerics(11)]
    assert strange.hear(record(level=200))[-1] == AskAlarms(11), "no level of ours"


# --- waves


def wave_record(*waves: Wave) -> bytes:
    return Waves(Stamp(0x2B, 10, 0, 0x5B63157D), waves).encode()


PLETH = Wave(8, 0x0632, 0, (21, 24, 27, NO_DATA, 29))


def test_waves_are_asked_for_after_the_first_record_and_again_when_they_stop() -> None:
    hand = Hand(waves=("pleth", "co2"))
    hand.open()
    assert hand.hear(wave_record(PLETH)) == [], "left over from another conversation"
    assert hand.hear(record())[-1] == StartWaves(0, (8, 9))
    asked_at = [hand.now]
    for _ in range(200):
        hand.hear(record(), after=1.0)
        if (wake := hand.dialogue.wake_at) is not None and wake <= hand.now:
            assert hand.dialogue.tick(hand.now) == [StartWaves(0, (8, 9))]
            asked_at.append(hand.now)
    assert [b - a for a, b in pairwise(asked_at)] == [15.0, 30.0, 60.0, 60.0], "ever more rarely"


def test_waves_that_flow_are_not_asked_for_again() -> None:
    hand = Hand(waves=("pleth",)).delivering()
    for _ in range(100):
        assert all(isinstance(output, Waveform) for output in hand.hear(wave_record(PLETH), after=1.0))
        assert all(isinstance(output, Report) for output in hand.hear(record()))


def test_the_plethysmogram_of_the_log() -> None:
    (wave,) = Hand().delivering().hear(wave_record(PLETH))
    assert wave == Waveform(
        Metric.PLETH,
        (0.21, 0.24, 0.27, None, 0.29),
        0.01,
        "pleth",
        "%",
        device_time=datetime.fromisoformat("2018-08-02T14:30:21"),
    )


def test_a_lead_that_is_off_leaves_no_valid_wave_and_a_counter_does() -> None:
    hand = Hand().delivering()
    (off,) = hand.hear(wave_record(PLETH._replace(status=0x063A)))
    assert isinstance(off, Waveform)
    assert off.validity is Validity.QUESTIONABLE
    for count in range(60):
        (wave,) = hand.hear(wave_record(PLETH._replace(status=0x402 | count << 4)))
        assert isinstance(wave, Waveform)
        assert wave.validity is Validity.VALID


def test_a_wave_without_a_known_rate_or_without_samples_is_left_out() -> None:
    said = Hand().delivering().hear(wave_record(Wave(14, 0, 0, (1, 2)), Wave(9, 0, 0, ()), Wave(33, 0, 0, (1,)), PLETH))
    assert [wave.name for wave in said if isinstance(wave, Waveform)] == ["pleth"]


def test_no_special_sample_is_a_value() -> None:
    assert scaled((-32767, -32764, -32001, -32000, 0), 100) == (None, None, None, -320.0, 0.0)
    assert scaled((1, 2), 1) == (1, 2)
    assert scaled((57, 29), 100) == (0.57, 0.29)


def test_each_wave_that_can_be_asked_for_has_a_name_and_a_rate() -> None:
    assert TRACES.keys() == WAVE_RATES.keys()
    assert len({trace.name for trace in TRACES.values()}) == len(TRACES)
    assert max(WAVE_RATES.values()) <= 512


# --- alarms


def alarm_record(*lines: AlarmLine) -> bytes:
    return AlarmStatus(Stamp(), True, 0, (*lines, *[AlarmLine(b"", 0)] * (5 - len(lines)))).encode()


def test_alarm_texts_are_asked_for_only_where_set_and_then_each_5_s() -> None:
    assert Hand().delivering().hear(alarm_record(AlarmLine(b"HR HIGH", 2))) == []
    hand = Hand(alarms=True)
    hand.open()
    assert hand.hear(record())[-1] == AskAlarms(0)
    assert hand.dialogue.wake_at == hand.now + 5.0
    assert hand.wait() == [AskAlarms(0)]


def test_alarm_texts_stand_in_every_report_until_they_are_too_old() -> None:
    hand = Hand(alarms=True).delivering()
    (before,) = hand.hear(record())
    assert isinstance(before, Report)
    assert before.alarms is None, "not said yet"
    (told,) = hand.hear(alarm_record(AlarmLine(b"SpO2 LOW", 3), AlarmLine(b"HR\x01 HIGH ", 2), AlarmLine(b"old", 0)))
    shown = (
        Alarm(AlarmCode.UNKNOWN, "SpO2 LOW", Priority.HIGH, raw="colour 3"),
        Alarm(AlarmCode.UNKNOWN, "HR HIGH", Priority.MEDIUM, raw="colour 2"),
    )
    assert told == Report([], device_time=None, alarms=shown)
    asystole = with_groups(0, at_0=group(0x4F, 0x1200, 0, *[NO_DATA] * 4))
    (report,) = hand.hear(record(block(0, asystole)), after=1.0)
    assert isinstance(report, Report)
    assert [alarm.code for alarm in report.alarms or ()] == [AlarmCode.ASYSTOLE, AlarmCode.UNKNOWN, AlarmCode.UNKNOWN]
    hand.hear(record(), after=10.0)
    (late,) = hand.hear(record(), after=5.0)
    assert isinstance(late, Report)
    assert late.alarms is None, "nobody has said whether they still ring"


ASYSTOLE = with_groups(0, at_0=group(0x4F, 0x1200, 0, *[NO_DATA] * 4))


def test_after_an_interruption_no_alarm_is_said_before_the_status_has_been_read_again() -> None:
    """A report that left it out would end an alarm that still rings."""
    hand = Hand(alarms=True)
    hand.open()
    hand.hear(record(block(0, ASYSTOLE)))
    assert hand.hear(alarm_record()) == [], "the record that doesn't count has said nothing"
    (report,) = hand.hear(record(block(0, ASYSTOLE)))
    assert isinstance(report, Report)
    assert [alarm.code for alarm in report.alarms or ()] == [AlarmCode.ASYSTOLE]
    assert hand.wait() == [AskAlarms(0)]
    while StartNumerics(0) not in hand.wait():
        pass
    hand.hear(record(block(0, real_words())))
    assert hand.hear(alarm_record()) == []


def test_texts_of_before_an_interruption_are_not_said_after_it() -> None:
    hand = Hand(alarms=True).delivering()
    hand.hear(record(block(0, real_words())))
    (told,) = hand.hear(alarm_record(AlarmLine(b"HR HIGH", 2)), after=14.0)
    assert isinstance(told, Report)
    assert told.alarms
    while StartNumerics(0) not in hand.wait():
        pass
    hand.hear(record(), after=1.0)
    (report,) = hand.hear(record(), after=1.0)
    assert isinstance(report, Report)
    assert report.alarms is None


def test_a_record_without_the_basic_class_says_nothing_of_alarms() -> None:
    hand = Hand().delivering()
    (before,) = hand.hear(record(block(1)))
    hand.hear(record(block(0, ASYSTOLE)))
    (after,) = hand.hear(record(block(1)))
    assert isinstance(before, Report)
    assert isinstance(after, Report)
    assert (before.alarms, after.alarms) == (None, None)


def test_an_apnoea_lasts_until_its_bit_falls_or_a_breath_is_counted() -> None:
    hand = Hand().delivering()

    def rings(status: int, rate: int) -> bool:
        words = with_groups(0, at_132=group(status, 1, 100, 0, rate, 7600))
        (report,) = hand.hear(record(block(0, words)))
        assert isinstance(report, Report)
        return [alarm.code for alarm in report.alarms or ()] == [AlarmCode.APNOEA]

    assert [rings(7, NO_DATA), rings(7, 0), rings(7, NO_DATA), rings(7, 0), rings(7, NO_DATA)] == [False, *[True] * 4]
    assert [rings(3, NO_DATA), rings(7, NO_DATA), rings(7, 0), rings(7, 4), rings(7, NO_DATA)] == [
        False, False, True, False, False,
    ]  # fmt: skip


def test_status_alarms_begin_and_end() -> None:
    hand = Hand().delivering()
    asystole = with_groups(0, at_0=group(0x4F, 0x1200, 0, *[NO_DATA] * 4))
    heard = [hand.hear(record(block(0, words)))[-1] for words in (empty(), asystole, real_words())]
    assert [[a.code for a in r.alarms or ()] for r in heard if isinstance(r, Report)] == [[], [AlarmCode.ASYSTOLE], []]


# --- settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"interval_s": 0},
        {"interval_s": 61},
        {"classes": ("ext1",)},
        {"classes": ("basic", "ext9")},
        {"waves": ("flow",)},
        {"waves": ("ecg_1", "ecg_2", "ecg_3")},
        {"waves": ("pleth", "pleth")},
        {"interval_s": 1, "waves": ("ecg_1", "ecg_2")},
    ],
)
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"set it|take|at most|raise interval_s"):
        DriSettings(**wrong)  # type: ignore[arg-type]  # that is the test


def test_what_the_public_log_carried_fits_on_the_line() -> None:
    assert DriSettings(interval_s=1, waves=("pleth", "entropy")).bytes_s == pytest.approx(1612, abs=1)
    assert DriSettings(classes=("basic", "ext2")).class_bits == 4


# --- the golden transcript


def test_golden_transcript() -> None:
    """All bytes sent from start over other levels, damage, silence and a restart to the end; kept in transcript.txt."""
    said = (line.partition("|") for line in (HERE / "transcript.txt").read_text().splitlines() if line[:1] != "#")
    golden = [bytes.fromhex(data) for data, _, _ in said]
    monitor = Monitor(StillBedside(), MonitorSettings(answers="own level"))
    chosen = DriSettings(interval_s=2, waves=("pleth", "co2"), alarms=True)
    heard = converse(FAMILY, monitor, 130, settings=chosen, wire=_bad_cable(monitor))
    assert heard.sent == golden
    assert monitor.violations == []
    assert not monitor.tampered


def _bad_cable(monitor: Monitor) -> Callable[[bytes], Iterable[bytes]]:
    """Harm the 5th thing said; at the 40th the monitor loses power, and the next 8 are lost."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] == 40:
            monitor.restart()
        if count[0] == 5:
            return [data[:30] + b"#" + data[31:]]
        return [] if 40 <= count[0] < 48 else [data]

    return wire


# --- with the simulated monitor


def test_a_record_says_nothing_of_the_cuff_twice() -> None:
    cuff = Cuff(START + 100.0, 120, 80, 93, 72)

    class Patient:
        def at(self, now: float) -> Vitals:
            return Vitals(
                cuff=cuff if now >= cuff.ended else None, cuff_state="measuring" if 70 < now - START < 100 else "idle"
            )

    heard = converse(FAMILY, Monitor(StillBedside(patient=Patient()), MonitorSettings()), 3600)
    readings = [r for report in heard.reports for r in report.readings if r.metric is Metric.NIBP_SYSTOLIC]
    assert [(r.value, r.validity, r.reason) for r in readings] == [
        (None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (120.0, Validity.VALID, None),
    ]


def test_its_alarms_are_heard_where_it_tells_them() -> None:
    ringing = Vitals(alarms=(Signal(AlarmCode.DESATURATION, "SpO2 LOW", Priority.HIGH),))

    class Patient:
        def at(self, now: float) -> Vitals:
            return ringing if 60 < now - START < 120 else Vitals()

    heard = converse(
        FAMILY, Monitor(StillBedside(patient=Patient()), MonitorSettings()), 200, settings=DriSettings(alarms=True)
    )
    told = [tuple(alarm.text for alarm in report.alarms) for report in heard.reports if report.alarms is not None]
    assert [text for n, text in enumerate(told) if n == 0 or text != told[n - 1]] == [(), ("SpO2 LOW",), ()]
    deaf = converse(
        FAMILY,
        Monitor(StillBedside(patient=Patient()), MonitorSettings(alarms=False)),
        200,
        settings=DriSettings(alarms=True),
    )
    assert {report.alarms for report in deaf.reports} == {None}


def test_all_of_a_block_is_in_the_right_class() -> None:
    frame = Physiology(Stamp(), (Block(0, 1, 10, 2, tuple(with_groups(2, at_112=group(3, 0, 40, 45, 0)))),)).encode()
    (report,) = Hand().delivering().hear(frame)
    assert isinstance(report, Report)
    assert [reading.name for reading in report.readings] == [
        "entropy.state_entropy",
        "entropy.response_entropy",
        "entropy.bsr",
    ]
