from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Alarm, Announcement, Reading, Report
from drivers.vocabulary import AlarmCode, EventKind, InfusionState, Metric, Phase, Priority, Reason, Validity
from drivers.vocabulary import EventKind as E
from drivers.vocabulary import InfusionState as S
from gateway.events import of_announcement, of_report
from gateway.states import Happening, States
from tests.gateway.parts import START

STARTED, PAUSED, RESUMED, STOPPED, COMPLETED = (
    [(kind, None)]
    for kind in (E.INFUSION_STARTED, E.INFUSION_PAUSED, E.INFUSION_RESUMED, E.INFUSION_STOPPED, E.INFUSION_COMPLETED)
)
BOLUS, BOLUS_ENDS = [(E.INFUSION_BOLUS, Phase.BEGIN)], [(E.INFUSION_BOLUS, Phase.END)]
NOTHING: list[tuple[EventKind, Phase | None]] = []
RESTING = (S.STOPPED, S.STANDBY, S.OFF)

# What a nurse would write beside each change, by (before, now). No row: nothing happened to the infusion.
TABLE = {
    **{(rest, S.INFUSING): STARTED for rest in RESTING},
    **{(rest, S.BOLUS): BOLUS for rest in RESTING},
    (S.INFUSING, S.PAUSED): PAUSED,
    (S.INFUSING, S.BOLUS): BOLUS,
    (S.INFUSING, S.KVO): COMPLETED,
    **{(S.INFUSING, rest): STOPPED for rest in RESTING},
    (S.PAUSED, S.INFUSING): RESUMED,
    (S.PAUSED, S.BOLUS): BOLUS,
    (S.PAUSED, S.KVO): COMPLETED,
    **{(S.PAUSED, rest): STOPPED for rest in RESTING},
    (S.BOLUS, S.INFUSING): BOLUS_ENDS,
    (S.BOLUS, S.PAUSED): BOLUS_ENDS + PAUSED,
    (S.BOLUS, S.KVO): BOLUS_ENDS + COMPLETED,
    **{(S.BOLUS, rest): BOLUS_ENDS + STOPPED for rest in RESTING},
    (S.KVO, S.INFUSING): STARTED,
    (S.KVO, S.BOLUS): BOLUS,
}
KNOWN = [state for state in S if state not in (S.UNKNOWN, S.PURGE)]


def state(now: InfusionState | str, source: str = "") -> Reading:
    return Reading(Metric.INFUSION_STATE, str(now), source=source, raw=f"raw {now}")


def number(metric: Metric, value: float | None, source: str = "", **more: Any) -> Reading:
    return Reading(metric, value, source=source, **more)


class Device:
    """States, and what has happened to them."""

    def __init__(self) -> None:
        self.states = States()
        self.at = START

    def says(self, *readings: Reading, **more: Any) -> list[Happening]:
        happened = of_report(self.states, Report(readings, **more), self.at)
        self.at += 1.0
        return happened

    def announces(self, event: EventKind, phase: Phase | None = None, **more: Any) -> list[Happening]:
        happened = of_announcement(self.states, Announcement(event, phase, **more), self.at)
        self.at += 1.0
        return happened

    def through_a_restart(self) -> None:
        self.states = States.from_json(self.states.to_json())


@pytest.fixture
def device() -> Device:
    return Device()


def kinds(happened: Sequence[Happening]) -> list[tuple[EventKind, Phase | None]]:
    return [(happening.event, happening.phase) for happening in happened]


# Infusion states


@pytest.mark.parametrize("before", KNOWN)
@pytest.mark.parametrize("now", KNOWN)
def test_each_change_of_state_is_what_it_is_called(device: Device, before: S, now: S) -> None:
    assert device.says(state(before)) == [], "the first state is no event"
    happened = device.says(state(now))
    assert kinds(happened) == TABLE.get((before, now), NOTHING)
    for happening in happened:
        assert (happening.from_, happening.to) == (before, now)
        assert happening.origin == "gateway"
        assert happening.not_before == START
        assert happening.raw == f"raw {now}"
    assert device.says(state(now)) == [], "said again is nothing new"


@pytest.mark.parametrize("skipped", [S.UNKNOWN, S.PURGE])
@pytest.mark.parametrize("before", KNOWN)
@pytest.mark.parametrize("now", KNOWN)
def test_unknown_and_purge_are_skipped(device: Device, before: S, skipped: S, now: S) -> None:
    device.says(state(before))
    assert device.says(state(skipped)) == []
    assert kinds(device.says(state(now))) == TABLE.get((before, now), NOTHING)


@pytest.mark.parametrize("validity", [Validity.QUESTIONABLE, Validity.INVALID, Validity.ABSENT])
def test_a_state_that_the_device_disowns_moves_nothing(device: Device, validity: Validity) -> None:
    device.says(state(S.INFUSING))
    doubtful = Reading(Metric.INFUSION_STATE, "stopped", validity=validity, reason=Reason.DISOWNED)
    assert device.says(doubtful) == []
    assert device.says(state(S.INFUSING)) == []


@given(st.lists(st.sampled_from(list(S)), max_size=40), st.lists(st.integers(0, 40), max_size=5))
@settings(max_examples=100, deadline=None)
def test_a_restart_of_the_gateway_repeats_nothing_and_misses_nothing(said: list[S], restarts: list[int]) -> None:
    steady, restarted = Device(), Device()
    for at, now in enumerate(said):
        if at in restarts:
            restarted.through_a_restart()
        assert restarted.says(state(now)) == steady.says(state(now))


@given(st.lists(st.sampled_from(list(S)), max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_bolus_begins_and_ends_in_turn(said: list[S]) -> None:
    device = Device()
    phases = [
        happening.phase
        for now in [S.STOPPED, *said]
        for happening in device.says(state(now))
        if happening.event is E.INFUSION_BOLUS
    ]
    assert phases == ([Phase.BEGIN, Phase.END] * len(phases))[: len(phases)]


@pytest.mark.parametrize("rest", RESTING)
def test_an_infusion_that_begins_with_a_bolus_has_begun_when_the_bolus_is_over(device: Device, rest: S) -> None:
    device.says(state(rest))
    happened = device.says(state(S.BOLUS)) + device.says(state(S.INFUSING))
    assert [happening.event for happening in happened].count(E.INFUSION_STARTED) == 1, "it runs, and the chart says no"


def test_the_channels_of_a_pump_have_states_of_their_own(device: Device) -> None:
    device.says(state(S.INFUSING, "1"), state(S.STOPPED, "2"))
    (happening,) = device.says(state(S.INFUSING, "1"), state(S.INFUSING, "2"))
    assert (happening.event, happening.source) == (E.INFUSION_STARTED, "2")


def test_a_lost_link_says_nothing_and_what_changed_meanwhile_has_not_before(device: Device) -> None:
    device.says(state(S.INFUSING), alarms=(Alarm(AlarmCode.OCCLUSION),))
    last_heard = device.at - 1.0
    device.through_a_restart()
    happened = of_report(device.states, Report([state(S.STOPPED)], alarms=()), last_heard + 600.0)
    assert {happening.event for happening in happened} == {E.INFUSION_STOPPED, E.ALARM}
    assert {happening.not_before for happening in happened} == {last_heard}


def test_what_was_last_known_is_not_what_was_last_said(device: Device) -> None:
    # A report that says nothing of the infusion, or that it is unknown, tells nobody that it still ran then.
    device.says(state(S.INFUSING), number(Metric.VOLUME_INFUSED, 10.0), alarms=())
    known = device.at - 1.0
    device.says(alarms=None)
    device.says(state(S.UNKNOWN))
    device.through_a_restart()
    occlusion = Alarm(AlarmCode.OCCLUSION)
    happened = device.says(state(S.STOPPED), number(Metric.VOLUME_INFUSED, 0.0), alarms=(occlusion,))
    assert {happening.event for happening in happened} == {E.INFUSION_STOPPED, E.COUNTER_RESET, E.ALARM}
    assert {happening.not_before for happening in happened} == {known}


def test_what_a_device_announced_is_known_since_then(device: Device) -> None:
    device.says(state(S.STOPPED))
    device.announces(E.INFUSION_STARTED)
    announced = device.at - 1.0
    (stopped,) = device.says(state(S.STOPPED))
    assert stopped.not_before == announced


def test_a_step_of_our_clock_moves_what_was_last_known_with_it(device: Device) -> None:
    device.says(state(S.INFUSING))
    device.states.date_anew(lambda at: at + 600.0)
    (stopped,) = device.says(state(S.STOPPED))
    assert stopped.not_before == START + 600.0


# Completion


def test_a_stop_with_nothing_left_is_a_completion(device: Device) -> None:
    device.says(state(S.INFUSING), number(Metric.VOLUME_REMAINING, 0.4))
    happened = device.says(state(S.STOPPED), number(Metric.VOLUME_REMAINING, 0.0))
    assert kinds(happened) == COMPLETED


def test_a_stop_with_something_left_is_a_stop(device: Device) -> None:
    device.says(state(S.INFUSING), number(Metric.VOLUME_REMAINING, 0.4))
    assert kinds(device.says(state(S.STOPPED), number(Metric.VOLUME_REMAINING, 0.3))) == STOPPED


def test_the_pumps_own_word_for_completion_counts(device: Device) -> None:
    device.says(state(S.INFUSING), alarms=())
    happened = device.says(state(S.STOPPED), alarms=(Alarm(AlarmCode.INFUSION_COMPLETE),))
    assert (E.INFUSION_COMPLETED, None) in kinds(happened)
    assert (E.INFUSION_STOPPED, None) not in kinds(happened)


def test_a_word_for_completion_that_ends_with_the_infusion_counts_too(device: Device) -> None:
    """Some pumps have no word for KVO: from the completion until somebody stops them their state is unknown."""
    device.says(state(S.INFUSING), alarms=())
    device.says(state(S.UNKNOWN), alarms=(Alarm(AlarmCode.INFUSION_COMPLETE),))
    happened = device.says(state(S.STOPPED), alarms=())
    assert (E.INFUSION_COMPLETED, None) in kinds(happened)
    device.says(state(S.INFUSING), alarms=())
    assert (E.INFUSION_STOPPED, None) in kinds(device.says(state(S.STOPPED), alarms=()))


def test_a_completion_is_not_also_a_stop(device: Device) -> None:
    device.says(state(S.INFUSING))
    assert kinds(device.says(state(S.KVO))) == COMPLETED
    assert device.says(state(S.STOPPED)) == []


def test_what_was_left_of_the_last_infusion_does_not_complete_the_next(device: Device) -> None:
    gone = Reading(Metric.VOLUME_REMAINING, None, validity=Validity.ABSENT, reason=Reason.NOT_AVAILABLE)
    device.says(state(S.INFUSING), number(Metric.VOLUME_REMAINING, 5.0))
    device.says(state(S.STOPPED), number(Metric.VOLUME_REMAINING, 0.0))
    device.says(state(S.INFUSING), gone)  # without a preset volume this time
    assert kinds(device.says(state(S.STOPPED), gone)) == STOPPED, "a nurse stopped it; the chart says it was completed"


# Rate


def running(device: Device, rate: float, now: S = S.INFUSING) -> list[Happening]:
    return device.says(number(Metric.INFUSION_RATE, rate, raw=f"{rate}"), state(now))


def test_a_changed_rate_is_told_with_before_and_after(device: Device) -> None:
    assert running(device, 10.0) == []
    assert running(device, 10.0) == []
    (happening,) = running(device, 12.5)
    assert (happening.event, happening.from_, happening.to, happening.text) == (
        E.INFUSION_RATE_CHANGED, 10.0, 12.5, "mL/h",
    )  # fmt: skip
    assert (happening.not_before, happening.raw) == (START + 1.0, "12.5")


@pytest.mark.parametrize("now", [S.PAUSED, S.STOPPED, S.BOLUS, S.KVO, S.PURGE, S.STANDBY])
def test_the_rate_of_anything_but_the_infusion_is_no_change_of_it(device: Device, now: S) -> None:
    running(device, 10.0)
    assert (E.INFUSION_RATE_CHANGED, None) not in kinds(running(device, 999.0, now))
    assert (E.INFUSION_RATE_CHANGED, None) not in kinds(running(device, 10.0))


def test_a_rate_that_was_changed_during_a_pause_is_a_change(device: Device) -> None:
    running(device, 10.0)
    running(device, 0.0, S.PAUSED)
    assert sorted(kinds(running(device, 20.0))) == sorted([*RESUMED, (E.INFUSION_RATE_CHANGED, None)])


def test_the_rate_of_a_new_infusion_is_no_change(device: Device) -> None:
    running(device, 10.0)
    running(device, 0.0, S.STOPPED)
    assert kinds(running(device, 20.0)) == STARTED


def test_a_rate_of_zero_or_without_value_is_no_change(device: Device) -> None:
    running(device, 10.0)
    assert running(device, 0.0) == []
    absent = Reading(Metric.INFUSION_RATE, None, validity=Validity.ABSENT, reason=Reason.NOT_AVAILABLE)
    assert device.says(absent, state(S.INFUSING)) == []
    assert running(device, 10.0) == []


# Counters, restarts


@pytest.mark.parametrize("metric", [Metric.VOLUME_INFUSED, Metric.VOLUME_INFUSED_TOTAL])
def test_a_counter_that_goes_back_was_reset(device: Device, metric: Metric) -> None:
    assert device.says(number(metric, 10.0)) == []
    assert device.says(number(metric, 12.0)) == []
    (happening,) = device.says(number(metric, 0.0))
    assert (happening.event, happening.from_, happening.to, happening.text) == (E.COUNTER_RESET, 12.0, 0.0, metric)
    assert device.says(number(metric, 0.1)) == []


def test_rounding_is_no_reset(device: Device) -> None:
    device.says(number(Metric.VOLUME_INFUSED, 10.04))
    assert device.says(number(Metric.VOLUME_INFUSED, 10.0)) == []


def test_counters_of_different_channels_are_different(device: Device) -> None:
    device.says(number(Metric.VOLUME_INFUSED, 50.0, "1"), number(Metric.VOLUME_INFUSED, 1.0, "2"))
    assert device.says(number(Metric.VOLUME_INFUSED, 50.1, "1"), number(Metric.VOLUME_INFUSED, 1.1, "2")) == []


def test_an_uptime_that_falls_is_a_restart(device: Device) -> None:
    assert device.says(uptime_s=1000.0) == []
    assert device.says(uptime_s=1060.0) == []
    (happening,) = device.says(uptime_s=4.0)
    assert (happening.event, happening.from_, happening.to) == (E.DEVICE_RESTARTED, 1060.0, 4.0)
    assert device.says(uptime_s=64.0) == []


def test_a_restart_that_fell_into_a_restart_of_the_gateway_is_seen(device: Device) -> None:
    device.says(uptime_s=1000.0)
    device.through_a_restart()
    assert kinds(device.says(uptime_s=4.0)) == [(E.DEVICE_RESTARTED, None)]


# Alarms

OCCLUSION = Alarm(AlarmCode.OCCLUSION, "Pressure high", Priority.HIGH, "1", "E5")


def test_an_alarm_begins_and_ends(device: Device) -> None:
    assert device.says(alarms=()) == []
    (begun,) = device.says(alarms=(OCCLUSION,))
    assert (begun.event, begun.phase, begun.code, begun.priority) == (
        E.ALARM,
        Phase.BEGIN,
        *OCCLUSION[:1],
        Priority.HIGH,
    )
    assert (begun.text, begun.source, begun.raw, begun.origin) == ("Pressure high", "1", "E5", "gateway")
    assert device.says(alarms=(OCCLUSION,)) == []
    device.through_a_restart()
    assert device.says(alarms=(OCCLUSION,)) == []
    (ended,) = device.says(alarms=())
    assert (ended.phase, ended.code, ended.priority, ended.text, ended.source, ended.raw) == (
        Phase.END, AlarmCode.OCCLUSION, Priority.HIGH, "Pressure high", "1", "E5",
    )  # fmt: skip
    assert device.says(alarms=()) == []


def test_an_alarm_whose_priority_changes_changes(device: Device) -> None:
    device.says(alarms=(OCCLUSION,))
    (changed,) = device.says(alarms=(OCCLUSION._replace(priority=Priority.LOW),))
    assert (changed.phase, changed.from_, changed.to) == (Phase.CHANGE, "high", "low")
    assert device.says(alarms=(OCCLUSION._replace(priority=Priority.LOW),)) == []


def test_a_device_that_says_nothing_of_alarms_ends_none(device: Device) -> None:
    device.says(alarms=(OCCLUSION,))
    assert device.says(state(S.INFUSING), alarms=None) == []
    assert device.says(alarms=(OCCLUSION,)) == []


@pytest.mark.parametrize(
    "pair",
    [
        (Alarm(AlarmCode.LIMIT_HIGH, "HR high", source="HR"), Alarm(AlarmCode.LIMIT_HIGH, "RR high", source="RR")),
        (Alarm(AlarmCode.UNKNOWN, "Foo"), Alarm(AlarmCode.UNKNOWN, "Bar")),
        (Alarm(AlarmCode.LIMIT_HIGH, "HR high", raw="1"), Alarm(AlarmCode.LIMIT_HIGH, "RR high", raw="2")),
    ],
    ids=["by source", "by the device's word", "by its text alone"],
)
def test_two_alarms_at_once_are_two(device: Device, pair: tuple[Alarm, Alarm]) -> None:
    begun = device.says(alarms=pair)
    assert [(h.phase, h.text) for h in begun] == [(Phase.BEGIN, alarm.text) for alarm in pair]
    (ended,) = device.says(alarms=pair[:1])
    assert (ended.phase, ended.text) == (Phase.END, pair[1].text)


def test_an_alarm_text_that_counts_down_is_one_alarm(device: Device) -> None:
    device.says(alarms=(Alarm(AlarmCode.NEAR_END, "Empty in 3 min", source="1"),))
    assert device.says(alarms=(Alarm(AlarmCode.NEAR_END, "Empty in 2 min", source="1"),)) == []


@given(st.lists(st.frozensets(st.sampled_from(list(AlarmCode)), max_size=4), max_size=12), st.integers(0, 12))
@settings(max_examples=100, deadline=None)
def test_alarms_begun_less_alarms_ended_are_those_shown(shown: list[frozenset[AlarmCode]], restart_at: int) -> None:
    device, open_alarms = Device(), set[AlarmCode]()
    for at, codes in enumerate(shown):
        if at == restart_at:
            device.through_a_restart()
        for happening in device.says(alarms=tuple(Alarm(code) for code in sorted(codes))):
            assert happening.code is not None
            if happening.phase is Phase.BEGIN:
                assert happening.code not in open_alarms
                open_alarms.add(happening.code)
            else:
                open_alarms.remove(happening.code)
        assert open_alarms == codes


# Announced events


def test_an_announced_event_is_published_as_such(device: Device) -> None:
    (said,) = device.announces(
        E.ALARM, Phase.BEGIN, code=AlarmCode.APNOEA, text="Apnea", priority=Priority.HIGH, source="RR", raw="196652"
    )
    assert (said.origin, said.event, said.phase, said.code) == ("device", E.ALARM, Phase.BEGIN, AlarmCode.APNOEA)
    assert (said.text, said.priority, said.source, said.raw) == ("Apnea", Priority.HIGH, "RR", "196652")


# (state before, announced event, phase, state behind it)
ANNOUNCED = [
    (S.STOPPED, E.INFUSION_STARTED, None, S.INFUSING),
    (S.INFUSING, E.INFUSION_PAUSED, None, S.PAUSED),
    (S.PAUSED, E.INFUSION_RESUMED, None, S.INFUSING),
    (S.INFUSING, E.INFUSION_STOPPED, None, S.STOPPED),
    (S.INFUSING, E.INFUSION_STOPPED, None, S.STANDBY),
    (S.INFUSING, E.INFUSION_STOPPED, None, S.OFF),
    (S.INFUSING, E.INFUSION_COMPLETED, None, S.KVO),
    (S.INFUSING, E.INFUSION_COMPLETED, None, S.STOPPED),
    (S.INFUSING, E.INFUSION_BOLUS, Phase.BEGIN, S.BOLUS),
    (S.BOLUS, E.INFUSION_BOLUS, Phase.END, S.INFUSING),
]


@pytest.mark.parametrize(("before", "event", "phase", "behind"), ANNOUNCED)
@pytest.mark.parametrize("source", ["", "1"])
def test_the_state_behind_an_announced_event_repeats_nothing(
    device: Device, before: S, event: EventKind, phase: Phase | None, behind: S, source: str
) -> None:
    device.says(state(before, source))
    assert [happening.origin for happening in device.announces(event, phase, source=source)] == ["device"]
    device.through_a_restart()
    assert device.says(state(behind, source)) == []


def test_an_event_that_was_announced_before_any_state_is_not_repeated(device: Device) -> None:
    device.announces(E.INFUSION_STARTED)
    assert device.says(state(S.INFUSING)) == []


def test_what_one_channel_announces_leaves_the_other_alone(device: Device) -> None:
    device.says(state(S.INFUSING, "1"), state(S.INFUSING, "2"))
    device.announces(E.INFUSION_STOPPED, source="1")
    assert device.says(state(S.STOPPED, "1"), state(S.INFUSING, "2")) == [], "channel 2 ran all the time"


@pytest.mark.parametrize(
    ("named", "stopped", "others"),
    [
        ("primary", "", "1.2"),
        ("1.2.primary", "1.2", ""),
        ("1.2", "1.2", ""),
        ("1.20.primary", "", "1.2"),
        ("", "", "1.2"),
    ],
)
def test_what_one_of_a_pumps_sources_announces_is_about_the_infusion_that_it_lies_in(
    device: Device, named: str, stopped: str, others: str
) -> None:
    device.says(state(S.INFUSING, ""), state(S.INFUSING, "1.2"))
    device.announces(E.INFUSION_STOPPED, source=named)
    assert device.says(state(S.STOPPED, stopped), state(S.INFUSING, others)) == []


def test_a_rate_counts_while_the_infusion_that_it_lies_in_runs(device: Device) -> None:
    stopped, runs = state(S.STOPPED, ""), state(S.INFUSING, "1.2")
    assert device.says(stopped, runs, number(Metric.INFUSION_RATE, 10.0, "1.2.primary")) == []
    changed = device.says(stopped, runs, number(Metric.INFUSION_RATE, 12.0, "1.2.primary"))
    assert kinds(changed) == [(E.INFUSION_RATE_CHANGED, None)]


def test_a_source_that_was_announced_before_any_state_does_not_hide_the_infusion(device: Device) -> None:
    device.announces(E.INFUSION_STARTED, source="primary")
    device.says(state(S.INFUSING))
    device.announces(E.INFUSION_STOPPED, source="primary")
    assert device.says(state(S.STOPPED)) == []


def test_an_announced_change_of_rate_is_not_repeated(device: Device) -> None:
    running(device, 10.0)
    device.announces(E.INFUSION_RATE_CHANGED)
    assert running(device, 20.0) == []
    assert kinds(running(device, 30.0)) == [(E.INFUSION_RATE_CHANGED, None)]


def test_an_announced_reset_is_not_repeated(device: Device) -> None:
    device.says(number(Metric.VOLUME_INFUSED, 10.0))
    device.announces(E.COUNTER_RESET)
    assert device.says(number(Metric.VOLUME_INFUSED, 0.0)) == []


def test_an_announced_restart_is_not_repeated(device: Device) -> None:
    device.says(uptime_s=1000.0)
    device.announces(E.DEVICE_RESTARTED)
    assert device.says(uptime_s=4.0) == []


@pytest.mark.parametrize("code", [AlarmCode.OCCLUSION, AlarmCode.UNKNOWN, None])
def test_an_announced_alarm_is_not_repeated_by_the_state_behind_it(device: Device, code: AlarmCode | None) -> None:
    shown = Alarm(code or AlarmCode.UNKNOWN, "Foo", Priority.HIGH, "1")
    device.says(alarms=())
    device.announces(E.ALARM, Phase.BEGIN, code=code, text="Foo", priority=Priority.HIGH, source="1")
    device.through_a_restart()
    assert device.says(alarms=(shown,)) == []
    device.announces(E.ALARM, Phase.END, code=code, text="Foo", source="1")
    assert device.says(alarms=()) == []


def test_an_announced_alarm_that_the_device_no_longer_shows_has_ended(device: Device) -> None:
    device.announces(E.ALARM, Phase.BEGIN, code=AlarmCode.OCCLUSION, source="1")
    (ended,) = device.says(alarms=())
    assert (ended.event, ended.phase, ended.code) == (E.ALARM, Phase.END, AlarmCode.OCCLUSION)


def test_an_announcement_without_meaning_for_the_table_moves_nothing(device: Device) -> None:
    device.says(state(S.INFUSING))
    assert kinds(device.announces(E.DEVICE_EVENT, text="door opened")) == [(E.DEVICE_EVENT, None)]
    assert device.says(state(S.INFUSING)) == []


# What is remembered


def test_it_is_remembered_what_was_last_said(device: Device) -> None:
    device.says(
        state(S.INFUSING, "1"), number(Metric.INFUSION_RATE, 10.0, "1"), number(Metric.VOLUME_INFUSED, 1.5, "1"),
        number(Metric.VOLUME_REMAINING, 30.0, "1"), alarms=(OCCLUSION,), uptime_s=12.5,
    )  # fmt: skip
    device.states.identity = {"serial": "4711"}
    assert device.states.moved
    again = States.from_json(device.states.to_json())
    assert not device.states.moved
    assert again == device.states


def test_without_memory_nothing_is_known() -> None:
    assert States.from_json(None) == States()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_rate_and_no_counter(device: Device, value: float) -> None:
    running(device, 10.0)
    device.says(number(Metric.VOLUME_INFUSED, 10.0))
    assert running(device, value) == []
    assert device.says(number(Metric.VOLUME_INFUSED, value)) == []
    assert running(device, 10.0) == []


def test_memory_stays_bounded_however_many_channels_a_device_makes_up(device: Device) -> None:
    for n in range(5000):
        device.says(
            state(S.BOLUS if n % 2 else S.INFUSING, f"{n}"), number(Metric.INFUSION_RATE, 1.0, f"{n}"),
            number(Metric.VOLUME_INFUSED, 1.0, f"{n}"), number(Metric.VOLUME_REMAINING, 1.0, f"{n}"),
        )  # fmt: skip
    for n in range(5000):
        device.announces(E.INFUSION_BOLUS, Phase.BEGIN, source=f"made up {n}")
    assert len(device.states.to_json()) < 100_000, "it is written to disk with every report"


def test_memory_stays_bounded_whatever_a_device_announces(device: Device) -> None:
    for n in range(5000):
        device.announces(E.ALARM, Phase.BEGIN, text=f"made-up alarm {n}", code=AlarmCode.UNKNOWN)
    assert len(device.states.to_json()) < 100_000, "it is written to disk with every report"
