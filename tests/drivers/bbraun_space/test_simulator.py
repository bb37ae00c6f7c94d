"""The simulated SpaceCom, without a driver."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.bbraun_space.codec import Alive, Block, Decoder, ReadAll, Version
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import Fixed, PumpView, Signal, StillBedside
from simulators.bbraun_space import SIMULATOR
from simulators.bbraun_space.commands import Command, Ear, Noise
from simulators.bbraun_space.device import SpaceDevice, SpaceDeviceSettings
from tests.converse import START
from tests.drivers.bbraun_space.pumps import VISIT, Rack
from tests.drivers.bbraun_space.test_codec import framed
from tests.drivers.bbraun_space.test_gate import FORBIDDEN

READ = ReadAll("ComSystem").encode()


def opened(rack: Rack | None = None, **settings_: object) -> SpaceDevice:
    device = SpaceDevice(rack or Rack(), SpaceDeviceSettings(**settings_))  # type: ignore[arg-type]  # by keyword
    assert device.open(START) == []
    return device


def blocks(answer: object) -> list[Block]:
    assert isinstance(answer, list)
    return [block for data in answer for block in Decoder().feed(data) if isinstance(block, Block)]


def everything(device: SpaceDevice, now: float) -> dict[tuple[str, str], str | None]:
    """Read all blocks, acknowledging each."""
    answer = blocks(device.receive(READ, now))
    while not answer[-1].is_last:
        answer += blocks(device.receive(b"\x06", now))
    assert device.receive(b"\x06", now) == []
    return {(entry.slot, entry.name): entry.value for block in answer for entry in block.entries}


def test_the_manifest_fits_a_bedside_out_of_the_box() -> None:
    device = SIMULATOR.device(StillBedside(), SIMULATOR.settings())
    device.open(START)
    assert blocks(device.receive(Alive().encode(), START))[0].entries[0].name == "GNACK"


def test_admin_answers() -> None:
    device = opened()
    (alive,) = blocks(device.receive(Alive().encode(), START))
    assert [(e.time_s, e.address, e.name, e.value) for e in alive.entries] == [(900, "50100", "GNACK", "0")]
    device.receive(b"\x06", START)
    (version,) = device.receive(Version("ComSystem").encode(), START + 100)
    assert b">1000,50100,V3.30\x03" in version
    assert device.violations == []


def test_nak_repeats_and_a_new_request_begins_again() -> None:
    device = opened(Rack({"11": VISIT, "13": VISIT}))
    everything(device, START)
    first = device.receive(READ, START + 5)
    assert device.receive(b"\x15", START + 5) == first
    second = device.receive(b"\x06", START + 5)
    assert device.receive(b"\x15", START + 6) == second != first
    assert device.receive(READ, START + 6)[0][6:] != second[0][6:]
    assert device.violations == []


def test_a_new_pump_says_gnnew_once_and_has_no_values_yet() -> None:
    device = opened(Rack({"11": VISIT}))
    first, second = everything(device, START), everything(device, START + 5)
    assert first["11", "GNNEW"] == "688F030006"
    assert first["11", "INRT"] == "_NV"
    assert ("11", "GNNEW") not in second
    assert second["11", "GNMODEL"] == "688F030006\r"
    assert second["11", "INRT"] == "0.00"


def test_a_pump_taken_out_is_reported_once() -> None:
    rack = Rack({"11": VISIT, "13": VISIT})
    device = opened(rack)
    everything(device, START)
    rack.pumps = {"11": VISIT}
    assert everything(device, START + 5)["13", "GNERR"] == "39"
    assert ("13", "GNERR") not in everything(device, START + 10)
    rack.pumps = {}
    assert everything(device, START + 15)["11", "GNERR"] == "39"
    assert everything(device, START + 20) == {("00", "GNERR"): "11"}


def test_another_bed_id_is_refused() -> None:
    device = opened()
    assert blocks(device.receive(ReadAll("1").encode(), START))[0].entries[0].name == "FMNOR"  # the first request
    assert blocks(device.receive(ReadAll("1").encode(), START + 5))[0].entries[0].value == "68"
    assert blocks(device.receive(ReadAll("Bed").encode(), START + 9))[0].entries[0].value == "68"
    assert len(device.violations) == 2
    assert not device.tampered


def test_polling_too_fast_is_a_violation() -> None:
    device = opened()
    device.receive(READ, START)
    device.receive(READ, START + 0.5)
    assert device.violations == []
    device.receive(READ, START + 0.9)
    assert device.violations == ["MEM:GET again within 0.5 s"]


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (READ.replace(b"00153", b"00154"), "68"),
        (READ.replace(b"00035", b"00036"), "68"),
        (framed(b"MEM:GET"), "68"),
        (framed(b"ComSystem/1/1>MEM:GETSLOT#41"), "811"),
        (framed(b"ComSystem/1/1>MEM:GETSLOT#"), "811"),
    ],
)
def test_a_bad_request_gets_an_error_and_counts(data: bytes, number: str) -> None:
    device = opened()
    (answer,) = blocks(device.receive(data, START))
    assert [(entry.name, entry.value) for entry in answer.entries] == [("GNERR", number)]
    assert len(device.violations) == 1
    assert not device.tampered


def test_one_slot_can_be_asked_for() -> None:
    device = opened(Rack({"11": VISIT, "13": VISIT}))
    (answer,) = blocks(device.receive(framed(b"ComSystem/1/1>MEM:GETSLOT#13"), START))
    assert {entry.slot for entry in answer.entries} == {"00", "13"}
    assert device.violations == []


@pytest.mark.parametrize("data", [b"\x06", b"\x15", b"?", b"\x01\x01"])
def test_what_nobody_asked_for_counts(data: bytes) -> None:
    device = opened()
    device.receive(data, START)
    assert len(device.violations) == 1
    assert not device.tampered


@pytest.mark.parametrize(("data", "words"), FORBIDDEN)
def test_a_command_that_is_none_changes_what_the_pumps_do(data: bytes, words: str) -> None:
    pump = PumpView(InfusionState.INFUSING, rate=52.5)
    device = opened(Rack({"11": Fixed(pump)}))
    everything(device, START)
    before = everything(device, START + 5)
    device.receive(data, START + 10)
    device.receive(b"\x06\x06", START + 10)
    after = everything(device, START + 15)
    assert (before["11", "INRT"], before["11", "INM3"]) == ("52.50", "1"), words
    assert (after["11", "INRT"], after["11", "INM3"]) == ("0.00", "0"), words
    device.open(START + 20)
    assert device.tampered


def test_reading_for_an_hour_changes_nothing() -> None:
    device = opened(Rack({"11": VISIT}))
    for second in range(0, 3600, 5):
        everything(device, START + second)
    assert not device.tampered
    assert everything(device, START + 3600)["11", "INVI"] == f"{VISIT.at(START + 3600).volume_infused:.2f}"


def test_stuffed_requests_are_understood() -> None:
    device = opened(stuffing=True)
    assert Decoder(stuffing=True).feed(device.receive(Alive(stuffing=True).encode(), START)[0])
    assert device.violations == []
    device.receive(Alive().encode(), START)
    assert device.violations == ["no BCC frame"]


@given(st.binary(max_size=30), st.booleans())
@settings(max_examples=100)
def test_the_devices_ear_agrees_with_the_specification(text: bytes, stuffing: bool) -> None:
    if b"\x01" in text or b"\x04" in text:
        text = b""
    frame = framed(b"Bed/1/1>" + text)
    if stuffing:
        for letter, pair in ((b"E", b"EE"), (b"D", b"EX"), (b"e", b"ee"), (b"d", b"ex")):
            frame = frame.replace(letter, pair)
    assert Ear(stuffing).hear(frame) == [Command("Bed", text.decode("latin-1"))]
    assert Ear(stuffing).hear(b"\x06" + frame[:-1]) == [b"\x06"]


@pytest.mark.parametrize("frame", [b"\x01\x04", b"\x01" + b"x" * 5000, framed(b"Bed"), b"\x01EE?\x04"])
@pytest.mark.parametrize("stuffing", [False, True])
def test_the_devices_ear_survives_anything(frame: bytes, stuffing: bool) -> None:
    assert isinstance(Ear(stuffing).hear(frame)[0], Noise)


@pytest.mark.parametrize("bitwords", [False, True])
@pytest.mark.parametrize("code", AlarmCode)
def test_every_alarm_shows(code: AlarmCode, bitwords: bool) -> None:
    pump = PumpView(alarms=(Signal(code, "test"),))
    device = opened(Rack({"11": Fixed(pump)}), bitwords=bitwords)
    everything(device, START)
    said = everything(device, START + 5)
    raised = [n for (_, n), value in said.items() if n.startswith("INA") and value == "1" and n != "INAKKU"]
    assert (said["11", "ALARM1"] != "0x00000000h") if bitwords else (len(raised) == 1)


def test_flags_are_disabled_with_bit_words_and_newer_versions_say_more() -> None:
    flags, words = (everything_twice(bitwords=bitwords) for bitwords in (False, True))
    assert ("11", "INM3") in flags
    assert ("11", "STATUS1") not in flags
    assert ("11", "INM3") not in words
    assert ("11", "INA3") not in words
    assert ("11", "INM14") not in flags
    newest = everything_twice(version="3.36")
    assert {("11", "INM14"), ("11", "DORT"), ("11", "VOLREMAIN"), ("11", "DATE")} <= newest.keys()
    oldest = everything_twice(version="3.25")
    assert ("11", "INPATW") in oldest
    assert ("11", "DATE") not in oldest


def everything_twice(**settings_: object) -> dict[tuple[str, str], str | None]:
    device = opened(Rack({"11": VISIT}), **settings_)
    everything(device, START)
    return everything(device, START + 5)


@pytest.mark.parametrize("wrong", [{"bed_id": ""}, {"bed_id": "a b"}, {"version": "3"}, {"version": "3.3000"}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"take|write"):
        SpaceDeviceSettings(**wrong)  # type: ignore[arg-type]  # that is the test
