"""The conversation: against the simulator in virtual time, and by hand."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.api import Announcement, Damage, Departed, Identity, Output, Port, Reading, Report
from drivers.fresenius_vial import FAMILY
from drivers.fresenius_vial.codec import (
    Ack,
    CloseSession,
    Kind,
    Letters,
    Nak,
    OpenSession,
    Present,
    ReadDrug,
    ReadType,
    ReadVariables,
    Receipt,
)
from drivers.fresenius_vial.driver import VialDialogue, VialSettings
from drivers.fresenius_vial.readings import drug, modules, readings
from drivers.vocabulary import InfusionState, Metric, Reason, Validity
from simulators.api import Fixed, PumpView, StillBedside
from simulators.fresenius_vial.device import VialDevice, VialDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.fresenius_vial.test_codec import RATES, framed
from tests.drivers.fresenius_vial.test_gate import FORBIDDEN
from tests.hand import ByHand

HERE = Path(__file__).parent
S, V = InfusionState, Validity
ACK = Ack()
RUNNING = PumpView(S.INFUSING, rate=52.5, drug="Ketamine", volume_infused=1.5)


class Steady:
    """A pump that runs from START on."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def at(self, now: float) -> PumpView:
        return replace(RUNNING, rate=self.rate, volume_infused=max(0.0, now - START) * self.rate / 3600)


def base(*pumps: PumpView) -> VialDevice:
    return VialDevice(StillBedside(pumps={str(n): Fixed(p) for n, p in enumerate(pumps)}), VialDeviceSettings())


def values(heard: Heard, metric: Metric, device: str = "1") -> list[object]:
    return [
        r.value for report in heard.reports if report.device == device for r in report.readings if r.metric is metric
    ]


# --- against the simulator


@pytest.mark.parametrize("layout", ["base", "alone"])
def test_an_hour_at_36_ml_h_is_36_ml(layout: str) -> None:
    device = VialDevice(StillBedside(pumps={"11": Steady(36.0)}), VialDeviceSettings(layout))  # type: ignore[arg-type]  # one of the two words
    heard = converse(FAMILY, device, 3600, settings=VialSettings(layout))  # type: ignore[arg-type]  # one of the two words
    key = "1" if layout == "base" else ""
    assert values(heard, Metric.VOLUME_INFUSED, key)[-1] == pytest.approx(36.0, abs=0.03)
    assert set(values(heard, Metric.INFUSION_RATE, key)) == {36.0}
    assert set(values(heard, Metric.INFUSION_STATE, key)) == {"infusing"}
    assert set(values(heard, Metric.DRUG_NAME, key)) == {"Ketamine"}
    assert [o for o in heard.outputs if isinstance(o, Identity)] == [Identity(key, "Fresenius Vial", "PILOTE C")]
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])


@pytest.mark.parametrize("state", [S.STOPPED, S.PAUSED, S.STANDBY, S.OFF])
def test_a_pump_at_rest_is_unknown_with_rate_0(state: InfusionState) -> None:
    heard = converse(FAMILY, base(PumpView(state)), 60)
    assert set(values(heard, Metric.INFUSION_STATE)) == {"unknown"}
    assert set(values(heard, Metric.INFUSION_RATE)) == {0.0}


def test_five_modules_each_have_their_turn() -> None:
    device = base(*[replace(RUNNING, rate=float(n)) for n in range(1, 6)])
    heard = converse(FAMILY, device, 120)
    for n in range(1, 6):
        said = values(heard, Metric.INFUSION_RATE, str(n))
        assert set(said) == {float(n)}
        assert len(said) > 25
    assert device.violations == []


def test_a_module_taken_out_departs_and_one_put_in_is_read() -> None:
    pumps: dict[str, Fixed] = {"1": Fixed(RUNNING), "2": Fixed(RUNNING)}
    device = VialDevice(StillBedside(pumps=pumps), VialDeviceSettings())
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] == 60:
            del pumps["2"]
        if count[0] == 400:
            pumps["2"] = Fixed(RUNNING)
        return [data]

    heard = converse(FAMILY, device, 300, wire=wire)
    gone = [o for o in heard.outputs if isinstance(o, Departed)]
    assert [departed.device for departed in gone] == ["2"]
    later = heard.outputs[heard.outputs.index(gone[0]) :]
    assert any(isinstance(o, Report) and o.device == "2" for o in later)
    assert device.violations == []


def test_sessions_are_closed_on_leaving_and_no_pump_notices() -> None:
    device = base(RUNNING, RUNNING)
    heard = converse(FAMILY, device, 30)
    assert heard.sent[-3:] == [CloseSession(a).encode() for a in ("2", "1", "0")]
    assert not device.is_open("0")
    assert device.changed("1") == {}


def test_one_byte_at_a_time_is_the_same() -> None:
    whole = converse(FAMILY, base(RUNNING), 60)
    pieces = converse(FAMILY, base(RUNNING), 60, wire=lambda data: [bytes([byte]) for byte in data])
    assert whole.outputs == pieces.outputs


def test_golden_transcript() -> None:
    """All bytes sent from start over damage, NAK, lost answers and a new beginning; kept in transcript.txt."""
    said = (line.partition("|") for line in (HERE / "transcript.txt").read_text().splitlines() if line[:1] != "#")
    assert transcript() == [bytes.fromhex(data) for data, _, _ in said]


def transcript() -> list[bytes]:
    device = base(RUNNING)
    heard = converse(FAMILY, device, 30, wire=_bad_cable())
    assert not device.tampered
    return heard.sent


def _bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Harm some of what is said, put a NAK in the way, lose a stretch."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] in (10, 16, 17, 18):
            return [data.replace(b"C;", b"C:")]
        if count[0] == 24:
            return [b"\x152"]
        return [] if 26 <= count[0] <= 45 else [data]

    return wire


def test_a_base_that_is_gone_is_called_twice_in_five_seconds() -> None:
    heard = converse(FAMILY, base(RUNNING), 600, wire=lambda _data: [])
    assert set(heard.sent) == {OpenSession("0").encode()}
    assert len(heard.sent) <= 2 * 600 / 5 + 2


# --- by hand


class Hand(ByHand):
    """A dialogue led by hand."""

    def __init__(self, **settings: object) -> None:
        super().__init__(VialDialogue(VialSettings(**settings), Port()))  # type: ignore[arg-type]  # keyword by keyword

    def wait(self) -> list[Output]:
        """Go to where it wants to be woken, until it says something."""
        for _ in range(20):
            wake = self.dialogue.wake_at
            assert wake is not None
            self.now = wake
            if said := list(self.dialogue.tick(self.now)):
                return said
        raise AssertionError("it says nothing any more")

    def reading(self) -> "Hand":
        """Open the sessions, until the rates of module 1 are asked for."""
        self.open()
        self.hear(framed(b"0C"))
        self.wait()
        self.hear(framed(b"0C;i1;b01"))
        self.wait()
        self.hear(framed(b"1C"))
        assert self.wait() == [ReadVariables("1", Letters.RATES)]
        return self


def test_the_way_to_the_first_reading() -> None:
    hand = Hand()
    assert hand.dialogue.wake_at is None
    assert hand.open() == [OpenSession("0")]
    assert hand.hear(b"\x06" + framed(b"0C")) == [ACK]
    assert hand.wait() == [ReadVariables("0", Letters.MODULES)]
    assert hand.now == START + 1.0
    assert hand.hear(framed(b"0C;i1;b01")) == [ACK]
    assert hand.wait() == [OpenSession("1")]
    assert hand.hear(framed(b"1C")) == [ACK]
    assert hand.wait() == [ReadVariables("1", Letters.RATES)]
    report, ack = hand.hear(RATES)
    assert report == Report(
        (
            Reading(Metric.INFUSION_STATE, "infusing", name="d", raw="0023"),
            Reading(Metric.INFUSION_RATE, 3.5, name="d", raw="0023"),
            Reading(Metric.VOLUME_INFUSED, 48.148, name="r", raw="0000BC14"),
        ),
        "1",
    )
    assert ack == ACK
    assert hand.wait() == [ReadType("1")]


def test_enquiry_is_answered_at_once_in_any_state() -> None:
    hand = Hand().reading()
    assert hand.hear(b"\x05") == [Present()]
    hand.hear(RATES)
    assert hand.hear(b"\x05\x05") == [Present(), Present()]


def test_a_spontaneous_frame_is_published_taken_over_and_answered() -> None:
    report, ack, receipt = Hand().reading().hear(framed(b"1E;d0023"))
    assert isinstance(report, Report)
    assert (report.device, [r.value for r in report.readings]) == ("1", ["infusing", 3.5])
    assert (ack, receipt) == (ACK, Receipt("1", Kind.VARIABLE))


def test_adjustments_are_taken_over_and_kept_to_ourselves() -> None:
    assert Hand().reading().hear(framed(b"1M;NAME")) == [ACK, Receipt("1", Kind.ADJUSTMENT)]


def test_a_wrong_checksum_is_asked_for_again_twice_at_most() -> None:
    hand = Hand().reading()
    broken = RATES.replace(b"d0023", b"d0823")
    damage = Damage("wrong checksum", len(RATES))
    assert [hand.hear(broken) for _ in range(3)] == [[damage, Nak()], [damage, Nak()], [damage]]
    assert len([o for o in hand.hear(RATES) if isinstance(o, Report)]) == 1


def test_an_answer_said_twice_is_published_once() -> None:
    hand = Hand().reading()
    hand.hear(RATES)
    assert hand.hear(RATES) == [ACK]


def test_nak_is_followed_by_one_retry_after_a_pause() -> None:
    hand = Hand().reading()
    assert hand.hear(b"\x152") == []
    asked = hand.now
    assert hand.wait() == [ReadVariables("1", Letters.RATES)]
    assert hand.now == asked + 1.0


def test_a_late_answer_is_not_taken_for_another_questions() -> None:
    hand = Hand().reading()
    hand.now += 1.0
    assert hand.dialogue.tick(hand.now) == []
    assert hand.hear(RATES) == [Damage("answer that nobody waits for", len(RATES)), ACK]
    assert hand.wait() == [ReadVariables("1", Letters.RATES)]
    hand.hear(RATES)
    assert hand.wait() == [ReadType("1")]
    hand.hear(framed(b"1C;PILOTE"))
    assert hand.wait() == [ReadDrug("1")]
    assert hand.hear(framed(b"1C;d0023;r0000BC14"))[0] == Damage("answer to another question", len(RATES))


@pytest.mark.parametrize("said", [b"1C;a00;e00;m1", b"1C;k0000;s00000000"])
def test_variables_are_no_name(said: bytes) -> None:
    hand = Hand().reading()
    hand.hear(RATES)
    assert hand.wait() == [ReadType("1")]
    assert hand.hear(framed(said)) == [Damage("answer to another question", len(framed(said))), ACK]


def test_a_type_that_is_said_again_is_no_drug() -> None:
    """The pump repeats what it saw no ACK for, and by then the drug is asked for."""
    hand = Hand().reading()
    hand.hear(RATES)
    hand.wait()
    hand.hear(framed(b"1C;PILOTE"))
    assert hand.wait() == [ReadDrug("1")]
    assert hand.hear(framed(b"1C;PILOTE")) == [ACK]
    (report, ack) = hand.hear(framed(b"1C;Ketamine"))
    assert isinstance(report, Report)
    assert ([r.value for r in report.readings], ack) == (["Ketamine"], ACK)


def test_a_drug_that_is_called_like_the_type_is_believed_when_asked_again() -> None:
    hand = Hand().reading()
    hand.hear(RATES)
    hand.wait()
    hand.hear(framed(b"1C;PILOTE"))
    assert hand.wait() == [ReadDrug("1")]
    hand.hear(framed(b"1C;PILOTE"))
    assert hand.wait() == [ReadDrug("1")]
    assert isinstance(hand.hear(framed(b"1C;PILOTE"))[0], Report)


def test_a_module_that_is_silent_departs_and_is_called_again_later() -> None:
    hand = Hand().reading()
    assert hand.wait() == [ReadVariables("1", Letters.RATES)]
    silent_at = hand.now
    outputs = hand.wait()
    assert outputs == [Departed("1", "no answer")]
    while hand.wait() != [OpenSession("1")]:
        hand.hear(framed(b"0C;i1;b01"))
    assert hand.now >= silent_at + 5


@pytest.mark.parametrize(
    ("code", "next_", "after_s"),
    [("1E", OpenSession("1"), 5.0), ("0D", OpenSession("0"), 5.0), ("02", ReadType("1"), 0.1)],
)
def test_a_refusal_is_said_and_acted_on(code: str, next_: object, after_s: float) -> None:
    hand = Hand().reading()
    announced, ack = hand.hear(framed(b"1I;" + code.encode()))
    assert isinstance(announced, Announcement)
    assert (announced.device, announced.raw, ack) == ("1", code, ACK)
    asked = hand.now
    assert hand.wait() == [next_]
    assert hand.now == pytest.approx(asked + after_s)


def test_module_communication_impossible_is_a_departure() -> None:
    hand = Hand().reading()
    assert Departed("1", "I;0E: no communication with the module") in hand.hear(framed(b"1I;0E"))


def test_a_session_that_is_refused_is_tried_all_the_same() -> None:
    hand = Hand()
    hand.open()
    hand.hear(framed(b"0I;03"))
    assert hand.wait() == [ReadVariables("0", Letters.MODULES)]


@pytest.mark.parametrize(("requests", "times"), [(30, 1), (250, 2)])
def test_a_question_refused_is_left_out_for_five_minutes(requests: int, times: int) -> None:
    hand = Hand().reading()
    hand.hear(RATES)
    asked = []
    for _ in range(requests):
        request = hand.wait()[0]
        asked.append(request)
        match request:
            case ReadVariables(letters=Letters.RATES):
                hand.hear(RATES)
            case ReadVariables(letters=Letters.MODULES):
                hand.hear(framed(b"0C;i1;b01"))
            case _:
                hand.hear(framed(b"1I;01"))
    assert asked.count(ReadVariables("1", Letters.BOLUS)) == times
    assert asked.count(ReadVariables("1", Letters.RATES)) > 20


def test_another_layouts_spontaneous_frame_is_damage() -> None:
    damage, *_ = Hand().reading().hear(framed(b"E;d0023"))
    assert damage == Damage("answer from an address that is not ours", len(framed(b"E;d0023")))


def test_nothing_is_said_after_closing() -> None:
    hand = Hand().reading()
    assert hand.dialogue.close(hand.now) == [CloseSession("1"), CloseSession("0")]
    assert hand.dialogue.wake_at is None
    assert list(hand.dialogue.tick(hand.now + 100)) == []
    assert list(hand.dialogue.close(hand.now)) == []


# --- values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("d", [(V.VALID, "unknown", None), (V.ABSENT, None, Reason.NOT_AVAILABLE)]),
        ("dxyz", [(V.VALID, "unknown", None), (V.INVALID, None, Reason.NOT_A_NUMBER)]),
        ("dFFFF", [(V.VALID, "unknown", None), (V.QUESTIONABLE, 6553.5, Reason.IMPLAUSIBLE)]),
        ("d-001", [(V.VALID, "unknown", None), (V.INVALID, None, Reason.NOT_A_NUMBER)]),
        ("rFFFFFFFF", [(V.QUESTIONABLE, 4294967.295, Reason.IMPLAUSIBLE)]),
        ("a", [(V.ABSENT, None, Reason.NOT_AVAILABLE)]),
        ("", []),
        ("d1;d2", []),
    ],
)
def test_no_sentinel_is_a_valid_value(text: str, said: list[tuple[Validity, object, Reason | None]]) -> None:
    assert [(r.validity, r.value, r.reason) for r in readings(text)] == said


def test_alarm_error_mode_and_bolus_stay_the_pumps_own_text() -> None:
    assert [(r.metric, r.name, r.value) for r in readings("a01;e00;m1;k0064;s00000000")] == [
        (Metric.UNMAPPED, "a", "01"),
        (Metric.UNMAPPED, "e", "00"),
        (Metric.UNMAPPED, "m", "1"),
        (Metric.UNMAPPED, "k", "0064"),
        (Metric.UNMAPPED, "s", "00000000"),
    ]


def test_the_drug_is_text_or_absent() -> None:
    assert drug("KETAMINE; 50 ").value == "KETAMINE; 50"
    assert [(drug(text).value, drug(text).validity) for text in (None, "", "  ")] == [(None, V.ABSENT)] * 3


@pytest.mark.parametrize(
    ("text", "found"), [("i2;b03", ("1", "2")), ("b10", ("5",)), ("b0", ()), ("b20", None), ("i1", None), ("bx", None)]
)
def test_the_mask_says_which_modules_are_there(text: str, found: tuple[str, ...] | None) -> None:
    assert modules(text) == found


@pytest.mark.parametrize("wrong", [{"layout": "x"}, {"poll_s": 0}, {"poll_s": float("nan")}, {"drug_s": 0}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="set it"):
        VialSettings(**wrong)  # type: ignore[arg-type]  # that is the test


# --- the simulator itself


def told(device: VialDevice, *texts: bytes) -> bytes:
    """Say frames, acknowledging each answer; give the last answer."""
    said: list[bytes] = []
    for text in texts:
        said = list(device.receive(framed(text), START))
        device.receive(b"\x06", START)
    return said[-1]


def test_a_write_changes_what_is_read() -> None:
    device = base(RUNNING)
    device.open(START)
    assert told(device, b"0DC", b"1DC", b"1LE;d") == framed(b"1C;d020D")
    told(device, b"1PR;0023")
    assert device.tampered
    assert told(device, b"1LE;d") == framed(b"1C;d0023")
    assert told(device, b"1PO", b"1LE;d") == framed(b"1C;d0000")
    assert told(device, b"1RV", b"1LE;r") == framed(b"1C;r00000000")
    assert told(device, b"1EP;X", b"1LP") == framed(b"1C;X")
    assert told(device, b"1OF", b"1LP") == b"\x06"


@pytest.mark.parametrize(("data", "words"), FORBIDDEN)
def test_each_forbidden_frame_leaves_a_mark_where_a_session_is_open(data: bytes, words: str) -> None:
    layout = "alone" if words.endswith("alone") else "base"
    device = VialDevice(StillBedside(pumps={str(n): Fixed(RUNNING) for n in range(5)}), VialDeviceSettings(layout))  # type: ignore[arg-type]  # one of the two words
    device.open(START)
    addresses = [""] if layout == "alone" else ["0", "1", "2", "3", "4", "5"]
    told(device, *[f"{address}DC".encode() for address in addresses])
    device.receive(data, START)
    assert any(device.changed(address) for address in addresses), words


def test_sessions_are_needed_and_refusals_are_the_protocols() -> None:
    device = base(RUNNING)
    device.open(START)
    assert told(device, b"1LE;d") == framed(b"1I;0D")
    assert told(device, b"0DC", b"1LE;d") == framed(b"1I;1E")
    assert told(device, b"2DC") == framed(b"2I;0E")
    assert told(device, b"1XX") == framed(b"1I;01")
    assert device.receive(b"\x021DC00\x03", START) == [b"\x152"]


def test_without_dc4_the_session_ends_and_enquiries_go_on() -> None:
    device = base(RUNNING)
    device.open(START)
    told(device, b"0DC")
    assert list(device.tick(START + 10)) == [b"\x05"]
    device.tick(START + 11)
    assert not device.is_open("0")
    assert device.violations == ["ENQ without DC4"]


def test_an_answer_without_ack_is_said_once_more() -> None:
    device = base(RUNNING)
    device.open(START)
    answer = list(device.receive(framed(b"0DC"), START))[-1]
    assert list(device.tick(START + 1)) == [answer]
    assert list(device.tick(START + 2)) == []
    assert device.violations == ["frame without ACK"]


def test_variables_that_were_enabled_come_by_themselves() -> None:
    device = base(RUNNING)
    device.open(START)
    told(device, b"0DC", b"1DC", b"1DE;d")
    assert list(device.tick(START + 10)) == [b"\x05", framed(b"1E;d020D")]
    assert list(device.receive(b"\x14\x06" + framed(b"1E"), START + 10)) == [b"\x06"]
    assert device.violations == []
