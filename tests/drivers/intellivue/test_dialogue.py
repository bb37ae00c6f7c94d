"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from drivers.api import Damage, Departed, Family, Identity, Output, Port, Request, Waveform
from drivers.intellivue import FAMILY
from drivers.intellivue.driver import IntellivueDialogue, IntellivueSettings
from drivers.intellivue.export import (
    ALERT_MONITOR,
    NUMERIC,
    WAVE,
    EventReport,
    Link,
    Observed,
    PollReply,
    Refused,
)
from drivers.intellivue.polls import RENEW_S
from drivers.intellivue.requests import Associate, FollowNumerics, FollowWaves, KeepAlive, Release, recognise
from drivers.intellivue.session import Accepted, Asked, End, Ended, UserInformation
from drivers.intellivue.states import STEPS, Event, State, rest_s
from drivers.intellivue.values import time_bcd
from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity
from simulators.api import Cuff, Signal, Vitals
from tests.captures import load
from tests.converse import START, converse
from tests.drivers.intellivue.monitors import (
    LAN,
    NOON,
    Hand,
    created,
    damage,
    monitor,
    reports,
    requests,
    values,
)
from tests.drivers.intellivue.test_readings import entry, listed

HERE = Path(__file__).parent
LOW = Signal(AlarmCode.LIMIT_LOW, "HR LOW")

# --- against the simulator


@pytest.mark.parametrize("family", [FAMILY, LAN], ids=["line", "lan"])
def test_an_hour_of_numerics(family: Family) -> None:
    device = monitor(Vitals(heart_rate=61.4, cuff=Cuff(START - 60, 120, 80, 93, 71)))
    heard = converse(family, device, 3600)
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])
    heart_rates = values(heard, Metric.HEART_RATE)
    assert len(heart_rates) == pytest.approx(3600 / 1.024, abs=8)
    assert set(heart_rates) == {61}
    assert values(heard, Metric.TEMPERATURE)[-1] == 36.6
    assert values(heard, Metric.NIBP_SYSTOLIC) == [120]


def test_a_line_and_a_lan_say_the_same() -> None:
    on_line, on_lan = (converse(family, monitor(), 60, settings=IntellivueSettings(True)) for family in (FAMILY, LAN))
    assert [o for o in on_line.outputs if not isinstance(o, Request)] == [
        o for o in on_lan.outputs if not isinstance(o, Request)
    ]


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    whole, pieces = (converse(FAMILY, monitor(), 30, wire=wire) for wire in (lambda data: [data], trickle))
    assert whole.outputs == pieces.outputs


def test_the_association_is_kept_and_streams_are_renewed() -> None:
    device = monitor()
    said: list[tuple[float, bytes]] = []
    receive = device.receive

    def watch(data: bytes, now: float) -> Sequence[bytes]:
        said.append((now, data))
        return receive(data, now)

    device.receive = watch  # type: ignore[method-assign]  # to see when it was said
    converse(LAN, device, 3600)
    assert max(later - earlier for (earlier, _), (later, _) in pairwise(said)) <= 2.01
    follows = [now - START for now, data in said if data == FollowNumerics().encode()]
    assert len(follows) == 7
    assert all(later - earlier == pytest.approx(RENEW_S, abs=2.0) for earlier, later in pairwise(follows))
    assert said[-1][1] == Release().encode()


def test_time_is_the_monitors_own() -> None:
    heard = converse(LAN, monitor(), 10)
    (first, *_) = [report for report in heard.reports if report.readings]
    assert first.device_time is not None
    assert first.device_time.tzinfo is None
    assert first.device_time.isoformat() == "2026-01-01T00:00:00"
    assert first.uptime_s is None


def test_waves_that_the_monitor_offers() -> None:
    device = monitor()
    heard = converse(LAN, device, 600, settings=IntellivueSettings(waveforms=True))
    waves = [output for output in heard.outputs if isinstance(output, Waveform)]
    assert {wave.name for wave in waves} == {"pleth", "ecg_i", "ecg_ii", "ecg_iii", "co2"}
    seconds = {name: sum(len(w.samples) * w.period_s for w in waves if w.name == name) for name in ("pleth", "ecg_ii")}
    assert seconds == {name: pytest.approx(600, abs=1.5) for name in seconds}
    assert {wave.validity for wave in waves} == {Validity.VALID}
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])


def test_waves_are_not_asked_for_by_default_and_never_chosen() -> None:
    quiet = converse(LAN, monitor(), 120)
    assert FollowWaves().encode() not in quiet.sent
    device = monitor(offers_waves=False)
    heard = converse(LAN, device, 3600, settings=IntellivueSettings(waveforms=True))
    assert not [output for output in heard.outputs if isinstance(output, Waveform)]
    assert not device.tampered
    assert values(heard, Metric.SPO2)


def test_an_alarm_is_said_at_once_and_goes_on_with_the_numerics() -> None:
    heard = converse(LAN, monitor(Vitals(alarms=(LOW,))), 10)
    first = heard.reports[0]
    assert first.readings == []
    assert first.alarms is not None
    assert [(a.code, a.text, a.priority, a.source) for a in first.alarms] == [
        (AlarmCode.LIMIT_LOW, "HR LOW", Priority.MEDIUM, "heart_rate")
    ]
    assert all(report.readings and report.alarms == first.alarms for report in heard.reports[1:])


def test_a_sensor_that_is_off_gives_no_valid_value() -> None:
    vitals = Vitals(probe="off", leads=False, co2_line=False, cuff_state="failed")
    heard = converse(LAN, monitor(vitals), 5)
    said = {r.metric: r for report in heard.reports for r in report.readings}
    assert {m for m, r in said.items() if r.validity is Validity.VALID} == {
        Metric.TEMPERATURE, Metric.ST_I, Metric.ST_II, Metric.ST_III
    }  # fmt: skip
    assert (said[Metric.SPO2].value, said[Metric.SPO2].reason) == (None, Reason.DISOWNED)
    assert (said[Metric.NIBP_MEAN].value, said[Metric.NIBP_MEAN].reason) == (None, Reason.NOT_AVAILABLE)


def test_a_monitor_in_standby_says_nothing_of_the_patient() -> None:
    heard = converse(LAN, monitor(Vitals(standby=True)), 60)
    assert [report.readings for report in heard.reports] == [[]]


def test_a_monitor_in_demo_never_speaks_for_a_patient() -> None:
    vitals = Vitals(alarms=(LOW,), cuff=Cuff(START - 9, 120, 80, 93, 71))
    heard = converse(LAN, monitor(vitals, demo=True), 60, settings=IntellivueSettings(waveforms=True))
    assert all(report.simulated or (not report.readings and not report.alarms) for report in heard.reports)
    assert not [r for report in heard.reports for r in report.readings if r.validity is Validity.VALID]
    assert all(o.simulated for o in heard.outputs if isinstance(o, Waveform))
    assert [r.alarms for r in heard.reports if r.simulated and r.alarms]


def test_another_association_is_refused_until_the_first_has_died() -> None:
    device = monitor()
    device.open(START)
    device.receive(Associate().encode(), START)
    device.receive(load(HERE / "captures" / "client_requests.hex").frames[1], START)
    heard = converse(LAN, device, 60, start=START + 1)
    assert heard.sent[:2] == [Associate().encode()] * 2
    assert len(values(heard, Metric.SPO2)) > 30
    assert device.violations == []


def test_golden_transcript() -> None:
    """All bytes sent from start over harmed frames, a dead line and a new beginning; kept in transcript.txt."""
    said = (line.partition("|") for line in (HERE / "transcript.txt").read_text().splitlines() if line[:1] != "#")
    golden = [bytes.fromhex(data) for data, _, _ in said]
    device = monitor()
    heard = converse(FAMILY, device, 70, settings=IntellivueSettings(waveforms=True), wire=bad_cable())
    assert heard.sent == golden
    assert device.violations == []
    assert [o.reason for o in heard.outputs if isinstance(o, Departed)] == ["association over: silence"]
    assert {d.reason for d in heard.damage} == {
        "wrong FCS",
        "message out of turn",
    }  # MDS create after the harmed accept


def bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Harm the accept; later harm a frame; then lose what comes for a while."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] in (1, 20):
            return [data[:30] + b"#" + data[31:]]
        return [] if 60 <= count[0] < 136 else [data]

    return wire


# --- by hand


def reply(
    *objects: Observed,
    invoke_id: int = 3,
    sequence: int | None = 0,
    time: int = 8000,
    link: Link | None = None,
    subject: int = NUMERIC,
) -> bytes:
    return PollReply(invoke_id, 2, time, subject, objects, sequence, link).encode()


def heart(rate: int, handle: int = 1) -> Observed:
    return Observed(0, handle, {2384: bytes.fromhex("418200000AA0") + rate.to_bytes(4, "big")})


def alerts(*entries: bytes, **fields: object) -> bytes:
    lists = Observed(0, 1, {2306: listed(*entries), 2308: listed()})
    fields = {"invoke_id": 5, "sequence": None, "subject": ALERT_MONITOR} | fields
    return reply(lists, **fields)  # type: ignore[arg-type]  # keyword by keyword


def test_how_an_association_begins() -> None:
    hand = Hand(waveforms=True)
    assert hand.open() == [Associate()]
    assert hand.hear(Accepted(hand.granted).encode()) == []
    outputs = hand.hear(created(invoke_id=77))
    assert requests(outputs) == ["Created", "KeepAlive", "FollowNumerics", "FollowWaves"]
    assert outputs[0] == recognise(bytes.fromhex("E1000002 00020014 004D 0001 000E 002100000000 00001F40 0D06 0000"))
    assert [o for o in outputs if isinstance(o, Identity)] == [
        Identity(manufacturer="Philips", dialect="IntelliVue Data Export")
    ]


def test_mds_create_again_is_confirmed_again_and_nothing_else() -> None:
    hand = Hand()
    hand.associate()
    assert requests(hand.hear(created())) == ["Created"]


def test_what_is_not_granted_is_not_asked_for() -> None:
    assert requests(Hand(options=0x08000000, waveforms=True).associate()) == [
        "Created", "KeepAlive", "ReadNumerics", "FollowWaves"
    ]  # fmt: skip
    assert requests(Hand(options=0x80000000, waveforms=True).associate()) == ["Created", "KeepAlive", "FollowNumerics"]


def test_single_polls_are_repeated_a_little_less_than_each_second() -> None:
    """A monitor leaves a second poll within a second unanswered."""
    hand = Hand(options=0)
    hand.associate()
    said = []
    while hand.now < START + 10:
        said += [(name, round(hand.now - START, 1)) for name in requests(hand.wait())]
    assert [at for name, at in said if name == "ReadNumerics"] == [1.1, 2.2, 3.3, 4.4, 5.5, 6.6, 7.7, 8.8, 9.9]
    assert [at for name, at in said if name == "KeepAlive"] == [2, 4, 6, 8]


def test_a_monitor_that_takes_its_time_between_polls_is_given_it() -> None:
    hand = Hand(options=0)
    hand.granted = replace(hand.granted, min_poll_ticks=4 * 8000)
    hand.associate()
    assert requests(hand.wait()) == ["KeepAlive", "ReadNumerics"]
    assert hand.now == START + 4


def test_an_answer_in_pieces_is_one_report() -> None:
    hand = Hand()
    hand.associate()
    assert hand.hear(reply(heart(60), link=Link(1, 1))) == []
    assert hand.hear(reply(heart(61, 2), link=Link(2, 2))) == []
    assert hand.hear(reply(heart(62, 3), link=Link(3, 3))) == []
    (report,) = reports(hand.hear(reply()))
    assert [r.value for r in report.readings] == [60, 61, 62]
    assert report.device_time == NOON


def test_the_closing_message_may_hold_objects_and_the_last_piece_may_be_missing() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(reply(heart(60), link=Link(1, 1)))
    outputs = hand.hear(reply(heart(61, 2)))
    assert [r.value for r in reports(outputs)[0].readings] == [60, 61]
    assert damage(outputs) == []


def test_pieces_of_another_poll_may_stand_between() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(reply(heart(60), link=Link(1, 1)))
    (rings,) = reports(hand.hear(alerts(entry(0x4182, 62, 512))))
    assert rings.alarms is not None
    hand.hear(reply(heart(61, 2), link=Link(3, 2)))
    assert len(reports(hand.hear(reply()))[0].readings) == 2


def test_a_lost_piece_is_damage_and_the_others_stand() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(reply(heart(60), link=Link(1, 1)))
    hand.hear(reply(heart(62, 3), link=Link(3, 3)))
    outputs = hand.hear(reply())
    assert damage(outputs) == ["answer with a piece missing"]
    assert [r.value for r in reports(outputs)[0].readings] == [60, 62]


def test_alarms_of_which_a_piece_is_missing_are_not_said() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(alerts(entry(0x4182, 62, 512)))
    hand.hear(alerts(entry(0x4BB8, 62, 512), link=Link(2, 2), time=9000))
    outputs = hand.hear(reply(invoke_id=5, sequence=None, time=9000))
    assert damage(outputs) == ["answer with a piece missing"]
    assert reports(outputs) == []


def test_a_lost_end_is_made_up_for_by_the_next_answer() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(reply(heart(60), link=Link(1, 1)))
    hand.hear(reply(heart(61, 2), link=Link(3, 2)))
    outputs = hand.hear(reply(heart(70), link=Link(1, 1), sequence=1, time=16192))
    assert [r.value for r in reports(outputs)[0].readings] == [60, 61]
    assert damage(outputs) == []


def test_lost_repeated_and_late_answers() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(reply(heart(60), sequence=0, time=8000))
    assert hand.hear(reply(heart(60), sequence=0, time=8000)) == []
    outputs = hand.hear(reply(heart(62), sequence=2, time=24384))
    assert damage(outputs) == ["answer missing in the sequence"]
    assert not reports(outputs)[0].late
    (late,) = reports(hand.hear(reply(heart(61), sequence=1, time=16192)))
    assert late.late
    assert late.device_time == NOON + timedelta(seconds=1.024)
    assert damage(hand.hear(reply(heart(63), sequence=3, time=32576))) == []


def test_the_sequence_begins_anew_with_each_request() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(reply(heart(60), sequence=500))
    while "FollowNumerics" not in requests(hand.wait()):
        hand.hear(alerts(time=int(hand.now - START) * 8000))
    assert damage(hand.hear(reply(heart(60), sequence=0, time=900_000))) == []


def test_numerics_that_stop_are_asked_for_again() -> None:
    hand = Hand()
    hand.associate()
    said = []
    while hand.now < START + 20:
        said += requests(hand.wait())
        hand.hear(alerts(time=int(hand.now - START) * 8000))
    assert said.count("FollowNumerics") == 4


def test_alarms_alone_do_not_make_numerics_look_alive() -> None:
    hand = Hand()
    hand.associate()
    assert len(reports(hand.hear(alerts(entry(0x4182, 62, 512), time=1)))) == 1
    assert all(not reports(hand.hear(alerts(entry(0x4182, 62, 512), time=2 + n))) for n in range(100))
    (over,) = reports(hand.hear(alerts(time=500)))
    assert over.alarms == ()


def test_alarms_that_were_long_not_heard_are_not_said_again() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(alerts(entry(0x4182, 62, 512)))
    hand.now += 5
    (report,) = reports(hand.hear(reply(heart(60))))
    assert report.alarms is not None
    hand.now += 3
    (report,) = reports(hand.hear(reply(heart(60), sequence=1, time=9000)))
    assert report.alarms is None


def test_a_refused_poll_is_tried_again_much_later() -> None:
    hand = Hand(waveforms=True)
    hand.associate()
    assert hand.hear(Refused(4, 2).encode()) == []
    asked: list[float] = []
    while not asked:
        hand.hear(reply(heart(60), time=int(hand.now - START) * 8000 + 1, sequence=None))
        if "FollowWaves" in requests(hand.wait()):
            asked.append(hand.now - START)
    assert asked == [60]
    hand.hear(Refused(5, 2).encode())  # alarms are asked for all the same: the association lives by it
    assert "KeepAlive" in requests(hand.wait())


def test_numerics_that_are_refused_as_a_stream_are_asked_for_one_by_one() -> None:
    hand = Hand()
    hand.associate()
    assert hand.hear(Refused(3, 10).encode()) == []
    said = requests(hand.wait())
    assert said == ["ReadNumerics"]
    assert hand.now == START
    assert reports(hand.hear(reply(heart(60), invoke_id=1, sequence=None)))
    for _ in range(50):
        said += requests(hand.wait())
        hand.hear(reply(heart(60), invoke_id=1, sequence=None, time=8000 + int((hand.now - START) * 8000)))
    assert said.count("ReadNumerics") > 20
    assert "FollowNumerics" not in said


def test_silence_ends_the_association() -> None:
    hand = Hand()
    hand.associate()
    outputs: list[Output] = []
    while not any(isinstance(output, Departed) for output in outputs):
        outputs += hand.wait()
    assert hand.now == START + 10
    assert requests(outputs)[-1] == "Release"
    assert hand.wait() == [Associate()]
    assert hand.now == START + 11


def test_noise_is_no_sign_of_life() -> None:
    hand = Hand()
    hand.associate()
    for _ in range(100):
        hand.hear(b"\xe1noise")
    outputs: list[Output] = []
    while not any(isinstance(output, Departed) for output in outputs):
        outputs += hand.wait()
    assert hand.now == START + 10


@pytest.mark.parametrize("end", [End.ABORT, End.RELEASE])
def test_a_monitor_that_ends_the_association_is_asked_again(end: End) -> None:
    hand = Hand()
    hand.associate()
    assert hand.hear(Ended(end).encode()) == [Departed("", "association over: ended")]
    assert hand.wait() == [Associate()]


def test_after_a_refusal_comes_a_long_rest() -> None:
    hand = Hand()
    hand.open()
    assert hand.hear(Ended(End.REFUSED).encode()) == []
    assert hand.wait() == [Associate()]
    assert hand.now == START + 10


def test_a_refusal_that_comes_late_is_respected_all_the_same() -> None:
    hand = Hand()
    hand.open()
    assert hand.wait() == []
    hand.now += 0.5
    assert hand.hear(Ended(End.REFUSED).encode()) == []
    assert hand.wait() == [Associate()]
    assert hand.now == START + 12.5


def test_an_alarm_list_that_is_cut_short_is_damage_and_ends_nothing() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(alerts(entry(0x4182, 62, 512)))
    harmed = Observed(0, 1, {2306: b"\x00\x01", 2308: listed()})
    outputs = hand.hear(reply(harmed, invoke_id=5, sequence=None, subject=ALERT_MONITOR, time=9000))
    assert damage(outputs) == ["alarm list cut short"]
    (report,) = reports(hand.hear(reply(heart(60))))
    assert report.alarms is not None
    assert len(report.alarms) == 1


def test_a_monitor_that_never_answers_is_asked_every_five_seconds() -> None:
    hand = Hand()
    hand.open()
    times = []
    while hand.now < START + 600:
        if "Associate" in requests(hand.wait()):
            times.append(hand.now)
    rests = [later - earlier for earlier, later in pairwise(times)]
    assert rests[:2] == [4, 5]
    assert set(rests[1:]) == {5}
    assert rest_s(10_000) == 3


def test_an_accept_without_mds_create_is_given_up() -> None:
    hand = Hand()
    hand.open()
    hand.hear(Accepted(hand.granted).encode())
    assert hand.wait() == [Release()]
    assert hand.now == START + 10


def test_an_accept_that_comes_late_is_taken() -> None:
    hand = Hand()
    hand.open()
    assert hand.wait() == []
    hand.hear(Accepted(hand.granted).encode())
    assert "FollowNumerics" in requests(hand.hear(created()))


def test_data_of_an_earlier_association_are_not_taken() -> None:
    hand = Hand()
    hand.open()
    assert hand.hear(reply(heart(60))) == []
    hand.hear(Accepted(hand.granted).encode())
    assert hand.hear(reply(heart(60))) == []


def test_nothing_is_carried_over_into_the_next_association() -> None:
    hand = Hand()
    hand.associate()
    hand.hear(reply(heart(60), link=Link(1, 1)))
    hand.hear(alerts(entry(0x4182, 62, 512)))
    hand.hear(Ended(End.ABORT).encode())
    hand.wait()
    hand.hear(Accepted(hand.granted).encode())
    hand.hear(created())
    (report,) = reports(hand.hear(reply(heart(61), sequence=7, time=9)))
    assert ([r.value for r in report.readings], report.alarms) == ([61], None)


def test_what_comes_out_of_turn_is_damage() -> None:
    hand = Hand()
    hand.open()
    assert damage(hand.hear(created())) == ["message out of turn"]
    assert damage(hand.hear(Asked().encode())) == ["our own words came back"]
    hand.hear(Accepted(hand.granted).encode())
    hand.hear(created())
    assert damage(hand.hear(Accepted(UserInformation()).encode())) == ["message out of turn"]
    assert damage(hand.hear(reply(invoke_id=99))) == ["answer to no question"]
    assert damage(hand.hear(reply(Observed(0, 1, {2384: b"x"})))) == ["numeric value of wrong length"]


def test_an_event_that_is_not_mds_create_is_not_answered() -> None:
    hand = Hand()
    hand.open()
    hand.hear(Accepted(hand.granted).encode())
    assert hand.hear(EventReport(0x0D05, 1, {}).encode()) == []
    assert hand.hear(EventReport(0x0D06, 1, {}, is_confirmed=False).encode()) == []
    assert hand.hear(EventReport(0x0D06, 1, {}, managed=0x23).encode()) == []


def test_a_connect_indication_says_who_is_there_and_is_not_answered() -> None:
    (data,) = load(HERE / "captures" / "connect_indication.hex").frames
    hand = Hand()
    hand.open()
    (said,) = hand.hear(data)
    assert said == Identity("", "Philips", "866062", "0009fbffff88c1bd", "L.01.18", "IntelliVue Data Export")


def test_an_absolute_time_in_the_answer_goes_before_the_computed_one() -> None:
    hand = Hand()
    hand.associate()
    later = NOON + timedelta(hours=1)
    data = PollReply(3, 2, 8000, NUMERIC, (heart(60),), 0, absolute=time_bcd(later)).encode()
    assert reports(hand.hear(data))[0].device_time == later


def test_waves_and_numerics_have_their_own_time() -> None:
    hand = Hand(waveforms=True)
    hand.associate()
    hand.hear(reply(heart(60), time=80_000))
    outputs = hand.hear(reply(invoke_id=4, sequence=0, time=70_000, subject=WAVE))
    assert outputs == []
    assert damage(outputs) == []


@pytest.mark.parametrize("alarms_s", [0.0, 0.5, 5.0, float("nan")])
def test_settings_that_would_lose_the_association_are_refused(alarms_s: float) -> None:
    with pytest.raises(ValueError, match="alarms_s"):
        IntellivueSettings(alarms_s=alarms_s)


def test_a_closed_dialogue_is_silent() -> None:
    dialogue = IntellivueDialogue(IntellivueSettings(), Port())
    assert (dialogue.wake_at, dialogue.tick(START), dialogue.close(START)) == (None, [], [])
    dialogue.open(START)
    assert dialogue.close(START) == [Release(is_framed=True)]
    assert (dialogue.wake_at, dialogue.close(START)) == (None, [])


def test_each_state_can_be_left_and_is_reached() -> None:
    assert {state for state, _ in STEPS} == set(State)
    assert {step.state for step in STEPS.values()} == set(State)
    assert {event for _, event in STEPS} == set(Event)


def test_hostile_pieces_do_not_fill_memory() -> None:
    hand = Hand()
    hand.associate()
    many = tuple(Observed(0, n, {}) for n in range(1000))
    for n in range(300):
        hand.hear(reply(*many, link=Link(1 if n == 0 else 2, n % 256)))
    outputs = hand.hear(reply())
    assert damage(outputs) == ["answer with a piece missing"]


def test_keep_alive_goes_on_while_data_pour_in() -> None:
    hand = Hand()
    hand.associate()
    said: list[Output] = []
    for n in range(1000):
        hand.now += 0.01
        hand.hear(reply(heart(60), sequence=n, time=8000 + 80 * n))
        said += hand.dialogue.tick(hand.now)
    assert said.count(KeepAlive()) >= 4
    assert not [output for output in said if isinstance(output, Damage)]
