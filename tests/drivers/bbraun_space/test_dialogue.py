"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Callable, Iterable
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from drivers.api import Announcement, Damage, Departed, Identity, Output, Port, Report
from drivers.bbraun_space import FAMILY
from drivers.bbraun_space.codec import Ack, Alive, Block, Entry, Nak, ReadAll, Version
from drivers.bbraun_space.driver import SpaceDialogue, SpaceSettings, rest_s
from drivers.vocabulary import EventKind, InfusionState, Metric, Reason, Validity
from simulators.api import Fixed, PumpView
from simulators.bbraun_space import SIMULATOR
from simulators.bbraun_space.device import SpaceDevice, SpaceDeviceSettings
from tests.captures import load
from tests.converse import START, Heard, converse
from tests.drivers.bbraun_space.pumps import VISIT, Course, Phase, Rack
from tests.hand import ByHand

HERE = Path(__file__).parent
ANSWERS = load(HERE / "captures" / "answers.hex").frames
GNACK, NO_PUMPS, INFUSING, DRUG, REMOVED, VERSION, BLOCK_1, BLOCK_2, WORDS, FAULT = ANSWERS
ACK = Ack()
S = InfusionState


def space(rack: Rack, **settings: object) -> SpaceDevice:
    device = SIMULATOR.device(rack, SpaceDeviceSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword
    assert isinstance(device, SpaceDevice)
    return device


def states(heard: Heard, device: str = "11") -> list[str]:
    said = [
        str(reading.value)
        for report in heard.reports
        if report.device == device
        for reading in report.readings
        if reading.metric is Metric.INFUSION_STATE and reading.value is not None
    ]
    return [state for state, _ in groupby(said)]


def last(heard: Heard, metric: Metric, device: str = "11") -> object:
    readings = [r for report in heard.reports if report.device == device for r in report.readings]
    return [r.value for r in readings if r.metric is metric and r.validity is Validity.VALID][-1]


# --- against the simulator


@pytest.mark.parametrize("stuffing", [False, True])
def test_an_hour_in_bit_words_tells_the_whole_visit(stuffing: bool) -> None:
    device = space(Rack({"11": VISIT}), bitwords=True, stuffing=stuffing)
    heard = converse(FAMILY, device, 3600, settings=SpaceSettings(stuffing=stuffing))
    assert states(heard) == [
        S.STOPPED, S.INFUSING, S.PAUSED, S.INFUSING, S.STOPPED, S.INFUSING, S.BOLUS, S.INFUSING, S.KVO, S.STOPPED,
        S.STANDBY, S.OFF,
    ]  # fmt: skip
    alarms = [tuple(alarm.code for alarm in report.alarms) for report in heard.reports if report.alarms is not None]
    assert [codes for codes, _ in groupby(alarms)] == [
        (), ("occlusion",), (), ("near_end",), ("infusion_complete",), ()
    ]  # fmt: skip
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])


def test_an_hour_in_flags_tells_the_visit_but_for_the_pause_that_flags_have_no_word_for() -> None:
    device = space(Rack({"11": VISIT}))
    heard = converse(FAMILY, device, 3600)
    assert states(heard) == [
        S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.BOLUS, S.INFUSING, S.KVO, S.STOPPED,
        S.STANDBY, S.OFF,
    ]  # fmt: skip
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])


@pytest.mark.parametrize("bitwords", [False, True])
def test_the_volume_at_the_end_is_the_sources(bitwords: bool) -> None:
    heard = converse(FAMILY, space(Rack({"11": VISIT}), bitwords=bitwords), 3450)
    assert last(heard, Metric.VOLUME_INFUSED) == pytest.approx(VISIT.at(START + 3450).volume_infused, abs=0.005)


def test_an_hour_at_36_ml_h_is_36_ml() -> None:
    heard = converse(FAMILY, space(Rack({"11": Course((Phase(0, S.INFUSING, 36.0),))})), 3600)
    assert last(heard, Metric.VOLUME_INFUSED) == pytest.approx(36.0, abs=0.06)  # the last poll was up to 5 s before
    assert last(heard, Metric.INFUSION_RATE) == 36.0


def test_purge_is_told_from_infusing_only_since_3_34() -> None:
    rack = Rack({"11": Course((Phase(0, S.PURGE, 100.0),))})
    assert states(converse(FAMILY, space(rack), 20)) == [S.INFUSING]
    assert states(converse(FAMILY, space(rack, version="3.34"), 20)) == [S.PURGE]
    assert states(converse(FAMILY, space(rack, bitwords=True), 20)) == [S.PURGE]


def test_each_poll_brings_one_report_per_pump_and_one_of_the_rack() -> None:
    rack = Rack({"11": VISIT, "1A": VISIT, "112": VISIT})
    heard = converse(FAMILY, space(rack), 59)
    assert len([data for data in heard.sent if b"MEM:GET" in data]) == 12
    for key in ("rack", "11", "1A", "112"):
        assert len([report for report in heard.reports if report.device == key]) == 12


def test_what_the_devices_are() -> None:
    heard = converse(FAMILY, space(Rack()), 30)
    identities = [output for output in heard.outputs if isinstance(output, Identity)]
    assert identities == [
        Identity("rack", manufacturer="B. Braun", dialect="BCC V3.30"),
        Identity("rack", "B. Braun", serial="10203", firmware="3.34", dialect="BCC V3.30"),
        Identity("11", "B. Braun", model="688F030006", serial="20098"),
    ]


def test_the_first_answer_of_a_new_pump_has_no_values_and_no_zeros() -> None:
    heard = converse(FAMILY, space(Rack({"11": VISIT})), 8)
    first, second = (report for report in heard.reports if report.device == "11")
    assert {reading.validity for reading in first.readings} == {Validity.ABSENT}
    assert Validity.VALID in {reading.validity for reading in second.readings}


def test_time_and_uptime_are_the_devices_own() -> None:
    heard = converse(FAMILY, space(Rack({"11": VISIT})), 3)
    (report,) = [report for report in heard.reports if report.device == "11"]
    assert report.uptime_s is None, "what BCC counts is the ComDevice's uptime"
    assert [report.uptime_s for report in heard.reports if report.device == "rack"] == [1000.0]
    assert report.device_time is not None
    assert report.device_time.isoformat() == "2026-01-01T00:00:00"
    assert report.device_time.tzinfo is None


def test_a_restart_shows_as_an_uptime_that_falls() -> None:
    course = Course((Phase(0, S.INFUSING, 10.0),), restarts_at=100)
    heard = converse(FAMILY, space(Rack({"11": course, "13": course})), 200)
    uptimes = [report.uptime_s for report in heard.reports if report.uptime_s is not None]
    assert {report.device for report in heard.reports if report.uptime_s is not None} == {"rack"}, "no pump restarted"
    assert [later < earlier for earlier, later in pairwise(uptimes)].count(True) == 1
    assert uptimes[-1] < 101


def test_a_pump_taken_out_departs_once_and_may_come_back() -> None:
    rack = Rack({"11": VISIT, "13": VISIT})
    device = space(rack)

    def wire(data: bytes) -> Iterable[bytes]:
        polls[0] += b"FMNOR" in data
        rack.pumps = {"11": VISIT} if 3 <= polls[0] < 6 else {"11": VISIT, "13": VISIT}
        return [data]

    polls = [0]
    heard = converse(FAMILY, device, 60, wire=wire)
    assert [o for o in heard.outputs if isinstance(o, Departed)] == [
        Departed("13", "GNERR 39: pump removed or unreachable")
    ]
    assert [o.model for o in heard.outputs if isinstance(o, Identity) and o.device == "13"] == ["688F030006"]
    assert device.violations == []


def test_an_empty_rack_is_no_damage() -> None:
    heard = converse(FAMILY, space(Rack({})), 60)
    assert heard.reports == []
    assert heard.damage == []
    assert len([data for data in heard.sent if b"MEM:GET" in data]) == 12


def test_the_fastest_poll_keeps_the_minimum() -> None:
    device = space(Rack())
    heard = converse(FAMILY, device, 60, settings=SpaceSettings(poll_s=0.5))
    assert device.violations == []
    assert len([data for data in heard.sent if b"MEM:GET" in data]) == 120


def test_a_configured_bed_id_is_used_from_the_first_request_on() -> None:
    device = space(Rack(), bed_id="ward/7")
    heard = converse(FAMILY, device, 10, settings=SpaceSettings(bed_id="ward/7"))
    assert heard.sent[0] == Alive("ward/7").encode()
    assert device.violations == []
    assert len(heard.reports) == 4


def test_another_rack_than_configured_publishes_nothing() -> None:
    device = space(Rack(), bed_id="other")
    heard = converse(FAMILY, device, 600, settings=SpaceSettings(bed_id="ward7"))
    assert heard.reports == []
    assert {damage.reason for damage in heard.damage} == {"answer carries another bed id"}
    assert len(heard.sent) < 20  # backs off


@pytest.mark.parametrize("stuffing", [False, True])
def test_a_wrong_stuffing_setting_publishes_nothing_and_says_so(stuffing: bool) -> None:
    heard = converse(FAMILY, space(Rack(), stuffing=stuffing), 300, settings=SpaceSettings(stuffing=not stuffing))
    assert heard.reports == []
    assert any("compare the stuffing setting" in damage.reason for damage in heard.damage)


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    whole, pieces = (converse(FAMILY, space(Rack({"11": VISIT})), 60, wire=w) for w in (lambda d: [d], trickle))
    assert whole.outputs == pieces.outputs


def test_golden_transcript() -> None:
    """All bytes sent from start over damage, NAK, timeouts and a new beginning; kept in transcript.txt."""
    said = (line.partition("|") for line in (HERE / "transcript.txt").read_text().splitlines() if line[:1] != "#")
    golden = [bytes.fromhex(data) for data, _, _ in said]
    device = space(Rack({"11": Fixed(PumpView()), "13": Fixed(PumpView())}))
    heard = converse(FAMILY, device, 130, wire=_bad_cable())
    assert heard.sent == golden
    assert device.violations == []


def _bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Harm the 3rd thing said and the 6th to 8th, so that NAK gives up; lose the 11th and the 16th to 20th."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] in (3, 6, 7, 8):
            return [data[:30] + b"#" + data[31:]]
        return [] if count[0] in (11, *range(16, 21)) else [data]

    return wire


# --- by hand


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, **settings: object) -> None:
        super().__init__(SpaceDialogue(SpaceSettings(**settings), Port()))  # type: ignore[arg-type]  # keyword by keyword

    def reading(self) -> "Hand":
        """Greet, ask for the version, poll."""
        self.open()
        self.hear(GNACK)
        self.wait()
        self.hear(VERSION)
        assert self.wait() == [ReadAll("ComSystem")]
        return self


def test_the_way_to_the_first_poll() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.open() == [Alive("1")]
    assert hand.hear(GNACK) == [ACK]
    assert hand.wait() == [Version("ComSystem")]
    assert hand.hear(VERSION) == [Identity("rack", "B. Braun", dialect="BCC V3.30"), ACK]
    assert hand.wait() == [ReadAll("ComSystem")]


def test_two_blocks_are_taken_over_one_by_one_and_acknowledged_after_publishing() -> None:
    hand = Hand().reading()
    rack, identity, first, ack = hand.hear(BLOCK_1)
    assert isinstance(rack, Report)
    assert isinstance(first, Report)
    assert (rack.device, identity, first.device, ack) == ("rack", Identity("11", "B. Braun", "688F030006"), "11", ACK)
    identity, second, ack = hand.hear(BLOCK_2)
    assert isinstance(second, Report)
    assert (identity, second.device, ack) == (Identity("13", "B. Braun", "688F030006"), "13", ACK)
    assert hand.wait() == [ReadAll("ComSystem")]


def test_the_next_poll_is_counted_from_the_last_one() -> None:
    hand = Hand().reading()
    asked = hand.now
    hand.now += 2
    hand.hear(INFUSING)
    hand.wait()
    assert hand.now == asked + 5.0


def test_a_damaged_block_is_asked_for_again_and_published_once() -> None:
    hand = Hand().reading()
    assert hand.hear(INFUSING.replace(b"0.30", b"0.80")) == [Damage("wrong checksum", len(INFUSING))]
    assert hand.wait() == [Nak()]
    assert len([o for o in hand.hear(INFUSING) if isinstance(o, Report)]) == 1
    assert hand.hear(INFUSING) == [ACK]  # it has not heard our ACK


def test_nak_waits_until_the_line_is_quiet() -> None:
    hand = Hand().reading()
    hand.hear(INFUSING.replace(b"0.30", b"0.8\x04"))
    hand.now += 0.15
    hand.hear(b"rest of it")
    hand.now += 0.15
    assert hand.dialogue.tick(hand.now) == []
    assert hand.wait() == [Nak()]


def test_after_two_naks_this_poll_is_given_up() -> None:
    hand = Hand().reading()
    asked = hand.now
    broken = INFUSING.replace(b"0.30", b"0.80")
    said = []
    for _ in range(3):
        hand.hear(broken)
        said += hand.wait()
    assert said == [Nak(), Nak()]
    assert hand.wait() == [ReadAll("ComSystem")]
    assert hand.now == asked + 5.0


def test_damage_when_nothing_was_asked_is_not_answered() -> None:
    hand = Hand().reading()
    hand.hear(INFUSING)
    assert hand.hear(b"noise") == [Damage("bytes between frames", 5)]
    assert hand.wait() == [ReadAll("ComSystem")]


def test_a_timeout_is_followed_by_alive_no_more_often_than_a_poll_and_a_new_beginning() -> None:
    hand = Hand().reading()
    asked = hand.now
    said: list[tuple[float, Output]] = []
    while hand.now < asked + 250:
        said += [(hand.now - asked, output) for output in hand.wait()]
    assert [output for _, output in said] == [Alive("ComSystem"), Alive("ComSystem"), *[Alive("1")] * (len(said) - 2)]
    assert [round(at, 1) for at, _ in said][:6] == [3.1, 9.1, 17.1, 25.1, 33.1, 41.1]


def test_the_pause_has_a_limit() -> None:
    assert [rest_s(n, 3.0) for n in (0, 1, 2, 3, 4, 5, 6, 99)] == [0.1, 0.1, 3.0, 9.0, 21.0, 45.0, 60.0, 60.0]


def test_a_device_that_is_back_is_polled_again() -> None:
    hand = Hand().reading()
    assert hand.wait() == []
    assert hand.wait() == [Alive("ComSystem")]
    hand.hear(GNACK)
    assert hand.wait() == [Version("ComSystem")]
    hand.hear(VERSION)
    assert hand.wait() == [ReadAll("ComSystem")]


def test_a_slow_block_is_waited_for_while_it_comes() -> None:
    hand = Hand().reading()
    for byte in BLOCK_1[:-1]:
        hand.now += 0.1
        assert hand.hear(bytes([byte])) == []
        assert hand.dialogue.tick(hand.now) == []
    assert ACK in hand.hear(BLOCK_1[-1:])


def test_but_not_for_ever() -> None:
    hand = Hand().reading()
    asked = hand.now
    said: list[Output] = []
    hand.hear(b"\x01")
    while not said and hand.now < asked + 60:
        hand.now += 1
        hand.hear(b"x")
        said += hand.dialogue.tick(hand.now)
        hand.now += 0.2
        said += hand.dialogue.tick(hand.now)
    assert said == [Alive("ComSystem")]
    assert hand.now <= asked + 22


def test_endless_garbage_does_not_postpone_the_timeout() -> None:
    hand = Hand().reading()
    asked = hand.now
    said: list[Output] = []
    while not said and hand.now < asked + 60:
        hand.now += 0.1
        hand.hear(b"garbage\x04")
        said += hand.dialogue.tick(hand.now)
    assert said == [Alive("ComSystem")]
    assert hand.now < asked + 4


def test_gnerr_39_ends_one_pump() -> None:
    hand = Hand().reading()
    hand.hear(INFUSING)
    hand.wait()
    assert hand.hear(REMOVED) == [Departed("13", "GNERR 39: pump removed or unreachable"), ACK]


@pytest.mark.parametrize("number", ["39", "41"])
def test_values_beside_an_error_that_ends_a_pump_are_left_overs(number: str) -> None:
    hand = Hand().reading()
    hand.hear(INFUSING)
    hand.wait()
    entries = (Entry(9, "50113", "INRT", "5"), Entry(9, "50113", "GNERR", number), Entry(9, "50111", "INRT", "7"))
    outputs = hand.hear(Block("ComSystem", entries).encode())
    assert [output.device for output in outputs if isinstance(output, Departed)] == ["13"]
    assert [output.device for output in outputs if isinstance(output, Report)] == ["11"]


def test_a_rack_without_pumps_still_says_its_own_values() -> None:
    hand = Hand().reading()
    entries = (Entry(9, "50100", "FMNOR", "1"), Entry(9, "50100", "GNERR", "11"))
    outputs = hand.hear(Block("ComSystem", entries).encode())
    assert [output.device for output in outputs if isinstance(output, Report)] == ["rack"]


def test_gnerr_41_ends_one_pump_among_the_others() -> None:
    hand = Hand().reading()
    hand.hear(BLOCK_1)
    outputs = hand.hear(FAULT)
    assert outputs[0] == Departed("11", "GNERR 41: communication fault")
    assert outputs[-1] == ACK
    hand.wait()
    assert hand.hear(FAULT) == [ACK]  # said once


def test_gnerr_11_ends_all_pumps() -> None:
    hand = Hand().reading()
    hand.hear(BLOCK_1)
    hand.hear(BLOCK_2)
    hand.wait()
    assert hand.hear(NO_PUMPS) == [Departed("11", "GNERR 11: no pumps"), Departed("13", "GNERR 11: no pumps"), ACK]
    hand.wait()
    assert hand.hear(NO_PUMPS) == [ACK]


def test_gnerr_11_after_blocks_only_says_that_these_were_all() -> None:
    hand = Hand().reading()
    hand.hear(BLOCK_1)
    hand.hear(BLOCK_2)
    hand.wait()
    hand.hear(more())
    assert hand.hear(NO_PUMPS) == [Departed("11", "GNERR 11: no pumps"), ACK]


def more() -> bytes:
    return Block("ComSystem", (Entry(2012, "50113", "INRT", "75"),), is_last=False).encode()


@pytest.mark.parametrize("number", ["51", "59"])
def test_gnerr_5x_ends_all_pumps(number: str) -> None:
    hand = Hand().reading()
    hand.hear(BLOCK_1)
    hand.hear(BLOCK_2)
    hand.wait()
    departed = hand.hear(error(number))[:-1]
    assert departed == [Departed(slot, f"GNERR {number}: rack topology invalid") for slot in ("11", "13")]


def error(number: str, address: str = "50100") -> bytes:
    return Block("ComSystem", (Entry(3000, address, "GNERR", number),)).encode()


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        ("68", "syntax or checksum of the request"),
        ("811", "no such slot"),
        ("99", "not documented"),
        ("x", "not documented"),
    ],
)
def test_other_errors_say_nothing_about_a_pump(number: str, meaning: str) -> None:
    hand = Hand().reading()
    hand.hear(INFUSING)
    hand.wait()
    text = f"GNERR {number}: {meaning}"
    announced = Announcement(EventKind.DEVICE_EVENT, text=text, device="rack", raw=number)
    assert hand.hear(error(number)) == [announced, ACK]
    assert hand.wait() == [ReadAll("ComSystem")]


def test_refused_again_and_again_it_begins_anew() -> None:
    hand = Hand().reading()
    for _ in range(2):
        hand.hear(error("68"))
        assert hand.wait() == [ReadAll("ComSystem")]
    hand.hear(error("68"))
    assert hand.wait() == [Alive("1")]


def test_a_pump_missing_in_a_complete_answer_is_gone() -> None:
    hand = Hand().reading()
    hand.hear(BLOCK_1)
    hand.hear(BLOCK_2)
    hand.wait()
    assert Departed("11", "not in the answer any more") in hand.hear(INFUSING)


def test_a_pump_missing_in_an_answer_cut_off_is_not() -> None:
    hand = Hand().reading()
    hand.hear(BLOCK_1)
    hand.hear(BLOCK_2)
    hand.wait()
    hand.hear(more())
    assert hand.wait() == []
    assert hand.wait() == [Alive("ComSystem")]
    assert not any(isinstance(output, Departed) for output in hand.hear(INFUSING))


def test_cyclic_packages_are_taken_over_in_any_state() -> None:
    hand = Hand()
    hand.open()
    for time_s in range(5):
        said, ack = hand.hear(Block("ComSystem", (Entry(time_s, "50113", "INRT", "1"),), time_s % 2 == 0).encode())
        assert isinstance(said, Report)
        assert ack == ACK
        hand.wait()
    hand.hear(GNACK)
    assert isinstance(hand.hear(WORDS)[0], Report)


def test_another_pump_in_the_slot_inherits_nothing() -> None:
    hand = Hand().reading()

    def introduced(*values: tuple[str, str]) -> list[Output]:
        entries = tuple(Entry(5, "50113", name, value) for name, value in values)
        outputs = hand.hear(Block("ComSystem", entries, is_last=False).encode())
        return [output for output in outputs if isinstance(output, Identity)]

    assert introduced(("GNNEW", "688F"), ("INSERNUM", "_NV")) == [Identity("13", "B. Braun", "688F")]
    assert introduced(("GNMODEL", "688F\r"), ("INSERNUM", "1")) == [Identity("13", "B. Braun", "688F", "1")]
    assert introduced(("GNMODEL", "688F\r"), ("INSERNUM", "_NV")) == []
    assert introduced(
        ("INSERNUM", "2"),
    ) == [Identity("13", "B. Braun", "", "2")]
    assert introduced(
        ("GNMODEL", "688F"),
    ) == [Identity("13", "B. Braun", "688F", "2")]
    assert introduced(
        ("GNNEW", "686A"),
    ) == [Identity("13", "B. Braun", "686A")]


def test_the_order_of_parameters_makes_no_second_report() -> None:
    hand = Hand().reading()
    addresses = ("50113", "50100", "50113")
    entries = tuple(Entry(5, address, f"Q{n}", "1") for n, address in enumerate(addresses))
    reports = [o for o in hand.hear(Block("ComSystem", entries).encode()) if isinstance(o, Report)]
    assert [(report.device, len(report.readings)) for report in reports] == [("13", 2), ("rack", 1)]


def test_a_quadruple_without_value_holds_nothing_up() -> None:
    hand = Hand().reading()
    entries = (Entry(5, "50113", "INRT", None), Entry(5, "50113", "GNACK", "0"))
    said, ack = hand.hear(Block("ComSystem", entries).encode())
    assert isinstance(said, Report)
    assert [(r.name, r.value, r.reason) for r in said.readings] == [("INRT", None, Reason.NOT_AVAILABLE)]
    assert ack == ACK
    assert hand.wait() == [ReadAll("ComSystem")]


def test_nothing_is_said_on_closing_and_nothing_afterwards() -> None:
    hand = Hand().reading()
    assert hand.dialogue.close(hand.now) == []
    assert hand.dialogue.wake_at is None
    assert hand.dialogue.tick(hand.now + 100) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"poll_s": 0.4},
        {"poll_s": float("nan")},
        {"poll_s": 4000},
        {"timeout_s": 0},
        {"retries": -1},
        {"retries": 9},
        {"bed_id": "a b"},
        {"bed_id": "x" * 16},
    ],
)
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"set it|take 1 to 15"):
        SpaceSettings(**wrong)  # type: ignore[arg-type]  # that is the test


def test_a_block_of_left_over_values_is_absent_not_in_use() -> None:
    hand = Hand().reading()
    hand.hear(BLOCK_1)
    (report,) = [output for output in hand.hear(BLOCK_2) if isinstance(output, Report)]
    assert [r.reason for r in report.readings if r.metric is Metric.DOSE_RATE_SET] == [Reason.NOT_IN_USE]
