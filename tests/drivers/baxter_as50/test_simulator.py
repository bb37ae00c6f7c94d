"""The simulated pump: what it answers, and what would change it."""

import pytest

from drivers.baxter_as50.codec import Frame
from drivers.vocabulary import InfusionState
from simulators.api import Fixed, PumpView, StillBedside
from simulators.baxter_as50.device import As50Device, As50DeviceSettings
from simulators.baxter_as50.hearing import sealed
from tests.converse import START

RUNNING = PumpView(state=InfusionState.INFUSING, rate=5.0, rate_set=5.0, vtbi=50.0)


def pump(view: PumpView = RUNNING) -> As50Device:
    return As50Device(StillBedside(pumps={"11": Fixed(view)}), As50DeviceSettings())


def said(text: str) -> bytes:
    return Frame(text).encode()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("PRIRATE?", "PRIRATE=5.0"), ("STATUS?", "STATUS=NOT KNOWN"), ("DEV?", "DEV=AS50"),
        ("PRIVTBI?", "PRIVTBI=50.0"), ("BOLRAT?", "BOLRAT=100.0"), ("BOLSIZ?", "BOLSIZ=0.0"), ("LBOLUS?", "LBOLUS=0.0"),
    ],
)  # fmt: skip
def test_questions_of_the_protocol_are_answered_and_harmless(question: str, answer: str) -> None:
    device = pump()
    assert device.receive(said(question), START) == [said(answer)]
    assert (device.violations, device.tampered) == ([], False)


@pytest.mark.parametrize(
    ("command", "question"),
    [
        ("PRIRATE=12.5", "PRIRATE?"), ("PRIVTBI=11.0", "PRIVTBI?"), ("BOLSIZ=5.0", "BOLSIZ?"), ("BOLRAT=7.0", "BOLRAT?")
    ],
)  # fmt: skip
def test_a_write_shows_in_what_the_pump_says(command: str, question: str) -> None:
    device = pump()
    before = device.receive(said(question), START)
    assert device.receive(said(command), START) == [said("ACK")]
    assert device.receive(said(question), START) == [said(command)] != before
    assert device.tampered


def test_writes_change_what_flows() -> None:
    device = pump()
    device.receive(said("PRIRATE=12.5") + said("PRIVTBI=x"), START)
    assert (device.at(START).rate, device.at(START).vtbi) == (12.5, 0.0)
    device.receive(said("BOLST"), START)
    assert (device.at(START).state, device.at(START).rate) == (InfusionState.BOLUS, 100.0)
    device.receive(said("EXIT"), START)
    assert device.programme.is_left


def test_a_pump_at_rest_is_not_started_by_a_rate() -> None:
    device = pump(PumpView(rate_set=5.0))
    device.receive(said("PRIRATE=12.5"), START)
    assert (device.at(START).rate, device.at(START).rate_set) == (0.0, 12.5)


def test_an_unknown_text_is_rejected_and_a_broken_frame_asked_for_again() -> None:
    device = pump()
    assert device.receive(said("PING"), START) == [said("REJECT")]
    assert device.receive(b"[PRIRATE?]\x00\x00", START) == [said("RESEND")]
    assert device.receive(b"x", START) == []
    assert device.receive(b"[" + b"x" * 200, START) == []
    assert device.receive(b"[PRI" + said("PRIRATE?"), START) == [said("PRIRATE=5.0")]
    assert len(device.violations) >= 4
    assert not device.tampered


def test_the_last_answer_is_said_again_up_to_three_times() -> None:
    device = pump()
    device.receive(said("PRIRATE?"), START)
    assert [device.receive(said("RESEND"), START) for _ in range(3)] == [[said("PRIRATE=5.0")]] * 3
    assert device.violations == []
    device.receive(said("RESEND"), START)
    assert device.violations == ["RESEND without end"]
    assert pump().receive(said("RESEND"), START) == []


def test_a_computer_does_not_acknowledge() -> None:
    device = pump()
    device.receive(said("ACK"), START)
    assert device.violations == ["unknown text 'ACK'"]


def test_a_pump_switched_off_says_nothing_and_does_nothing() -> None:
    device = pump(PumpView(state=InfusionState.OFF))
    assert device.receive(said("PRIRATE?") + said("PRIRATE=9"), START) == []
    assert not device.tampered


def test_the_checksum_may_be_a_bracket() -> None:
    assert sealed(b"[BOLST]")[-2:] == b"[j"
    device = pump()
    device.receive(sealed(b"[BOLST]") + said("PRIRATE?"), START)
    assert device.programme.written == ["BOLST"]


def test_wrong_settings_name_the_remedy() -> None:
    for status in ("a]", "\u00e9", "x" * 49):
        with pytest.raises(ValueError, match="plain letters"):
            As50DeviceSettings(status)
