"""The simulated pump: what it answers, and that each way to change it shows and is latched."""

import pytest

from drivers.bbraun_dianet.codec import Crc, Decoder, Reply, Segment, fields
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import Fixed, PumpView, StillBedside
from simulators.bbraun_dianet.commands import (
    AKTION,
    CC_MODE,
    DOSIS_SET,
    PROPOSAL_SET,
    RELOAD_SET,
    SOLLWERT_SET,
    frame,
)
from simulators.bbraun_dianet.device import DianetDevice, DianetDeviceSettings
from tests.converse import START

S = InfusionState
PUMP = PumpView(rate_set=50.0, volume_infused=9.0, vtbi=50.0, infusing_s=600.0)
IDENT = (1019 << 18 | 12345) ^ 0xFFFFFFFF
A = 0x41


def device(pump: PumpView = PUMP) -> DianetDevice:
    made = DianetDevice(StillBedside(pumps={"11": Fixed(pump)}), DianetDeviceSettings())
    made.open(START)
    return made


def ask(pump: DianetDevice, address: int, segment: int, data: bytes = b"", now: float = START) -> Reply:
    (answer,) = Decoder().feed(b"".join(pump.receive(frame(address, segment, data), now)))
    assert isinstance(answer, Reply)
    return answer


def switch(pump: DianetDevice, mode: int = 1, ident: int = IDENT, now: float = START) -> Reply:
    return ask(pump, 0, CC_MODE, ident.to_bytes(4, "big") + bytes((mode, A)) + b"\xff" * 4, now)


def number(reply: Reply, name: str) -> int:
    return int.from_bytes(fields(Segment(reply.segment), reply.data)[name], "big")


def test_ident_is_answered_without_an_address_and_changes_nothing() -> None:
    pump = device()
    reply = ask(pump, 0, 1)
    assert (reply.is_ack, number(reply, "identnr")) == (True, 1019 << 18 | 12345)
    assert number(reply, "unixtime") == START
    assert (pump.violations, pump.tampered, pump.at(START)) == ([], False, PUMP)


@pytest.mark.parametrize("segment", range(2, 10))
def test_everything_else_needs_an_address(segment: int) -> None:
    pump = device()
    for address in (0, A):
        assert ask(pump, address, segment) == Reply(address, segment, False, b"\x08")
    assert len(pump.violations) == 2
    assert not pump.tampered


@pytest.mark.parametrize("segment", range(2, 10))
def test_with_an_address_every_segment_answers(segment: int) -> None:
    pump = device()
    assert switch(pump, mode=0).is_ack
    assert ask(pump, A, segment).is_ack
    assert ask(pump, A, segment, b"\x00") == Reply(A, segment, False, b"\x07")
    assert pump.tampered


def test_an_address_is_given_to_who_knows_the_ident() -> None:
    pump = device()
    assert switch(pump, ident=1) == Reply(0, CC_MODE, False, b"\x05")
    assert pump.programme.written == {}
    assert switch(pump, mode=9) == Reply(0, CC_MODE, False, b"\x06")
    assert switch(pump).is_ack
    assert (pump.programme.mode, pump.programme.address) == (1, A)
    assert number(ask(pump, A, 2), "zustand") & 0x4


def test_start_stop_bolus_standby_and_clearing_show() -> None:
    pump = device()
    switch(pump)
    assert ask(pump, A, AKTION, b"\x00\x01").is_ack
    assert (pump.at(START).state, pump.at(START).rate) == (S.INFUSING, 50.0)
    ask(pump, A, AKTION, b"\x05\x01")
    assert pump.at(START).state is S.BOLUS
    ask(pump, A, AKTION, b"\x05\x00")
    ask(pump, A, AKTION, b"\x00\x00")
    assert pump.at(START).state is S.STOPPED
    ask(pump, A, AKTION, b"\x08\x01")
    assert pump.at(START).state is S.STANDBY
    ask(pump, A, AKTION, b"\x03\x01")
    ask(pump, A, AKTION, b"\x04\x01")
    assert (pump.at(START).volume_infused, pump.at(START).infusing_s) == (0.0, 0.0)
    ask(pump, A, AKTION, b"\x01\x01")
    ask(pump, A, AKTION, b"\x02\x01")
    assert (pump.programme.is_muted, pump.programme.is_locked) == (True, True)


def test_set_values_show() -> None:
    pump = device()
    switch(pump)
    assert ask(pump, A, SOLLWERT_SET, (12500).to_bytes(4, "big") + (800).to_bytes(4, "big") + b"\xff" * 31).is_ack
    reply = ask(pump, A, 4)
    assert (number(reply, "rate"), number(reply, "vtbd")) == (12500, 800)
    assert ask(pump, A, SOLLWERT_SET, b"\xff" * 39).is_ack
    assert (pump.at(START).rate_set, pump.at(START).vtbi) == (125.0, 80.0)


@pytest.mark.parametrize(("segment", "size"), [(PROPOSAL_SET, 24), (RELOAD_SET, 9), (DOSIS_SET, 21)])
def test_other_writes_are_taken_and_kept(segment: int, size: int) -> None:
    pump = device()
    switch(pump)
    assert ask(pump, A, segment, bytes(size)).is_ack
    assert pump.programme.written[segment] == bytes(size)
    assert ask(pump, A, segment, b"\x00") == Reply(A, segment, False, b"\x07")


def test_writes_need_remote_control_a_length_and_a_known_action() -> None:
    pump = device()
    switch(pump, mode=0)
    assert ask(pump, A, AKTION, b"\x00\x01") == Reply(A, AKTION, False, b"\x09")
    switch(pump)
    assert ask(pump, A, AKTION, b"\x00") == Reply(A, AKTION, False, b"\x07")
    assert ask(pump, A, AKTION, b"\x0c\x01") == Reply(A, AKTION, False, b"\x06")
    assert pump.at(START).state is PUMP.state


def test_a_controller_that_falls_silent_alarms_the_pump_but_a_reader_does_not() -> None:
    pump = device()
    switch(pump)
    assert ask(pump, 0, 1, now=START + 1.0).is_ack  # IDENT keeps the control
    assert pump.at(START + 2.0).alarms == ()
    assert pump.at(START + 2.5).alarms[0].code is AlarmCode.REMOTE_LINK
    assert pump.programme.mode == 0
    assert number(ask(pump, A, 2, now=START + 3.0), "alarm") == 1 << 0x0E
    reader = device()
    ask(reader, 0, 1)
    assert reader.at(START + 100).alarms == ()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (frame(0, 1)[:-2] + b"\x00\x7e", b"\x01"),
        (b"\x7e\x00\x7e", b"\x02"),
        (b"\x7e" + b"A" * 300, b"\x02"),
        (frame(0, 1, b"\x00"), b"\x07"),
        (frame(0, 0x0B), b"\x08"),
    ],
)
def test_what_is_no_question_is_refused_as_a_pump_would(data: bytes, error: bytes) -> None:
    pump = device()
    (answer, *_) = Decoder().feed(b"".join(pump.receive(data, START)))
    assert isinstance(answer, Reply)
    assert (answer.is_ack, answer.data) == (False, error)
    assert pump.violations
    assert not pump.tampered


def test_an_unknown_segment_is_refused() -> None:
    pump = device()
    switch(pump)
    assert ask(pump, A, 0x0B) == Reply(A, 0x0B, False, b"\x03")


def test_the_monitor_byte_trips_the_latch_wherever_it_stands() -> None:
    for data in (b"\x80", b"\x7e\x00\x80\x7e"):
        pump = device()
        pump.receive(data, START)
        assert pump.tampered


def test_it_answers_in_the_crc_it_was_asked_with() -> None:
    pump = device()
    for crc in ("braun", "ccitt_false"):
        (said,) = pump.receive(frame(0, 1, crc=crc), START)
        assert isinstance(Decoder([Crc(crc)]).feed(said)[0], Reply)


def test_a_pump_switched_off_says_nothing() -> None:
    assert device(PumpView(state=S.OFF)).receive(frame(0, 1), START) == []


@pytest.mark.parametrize(
    "wrong", [{"crc": "x25"}, {"asked_every_s": -1}, {"serial": 0}, {"type": 0}, {"software": "too long for it"}]
)
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"take|set it|write"):
        DianetDeviceSettings(**wrong)  # type: ignore[arg-type]  # that is the test
