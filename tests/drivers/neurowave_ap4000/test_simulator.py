"""The simulated pump: what it answers, and what would change it."""

import pytest

from drivers.neurowave_ap4000.codec import Answer, Decoder
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import Fixed, PumpView, Signal, StillBedside
from simulators.neurowave_ap4000.device import Ap4000Device, Ap4000DeviceSettings
from simulators.neurowave_ap4000.hearing import line
from tests.converse import START

S = InfusionState
RUNNING = PumpView(state=S.INFUSING, rate=75.0, rate_set=75.0, vtbi=50.0, volume_left=10.0, volume_infused=40.0)
KEY, ONE, TWO = "4711", "AP1-0101", "AP1-0102"


def pump(first: PumpView = RUNNING, second: PumpView = RUNNING, **settings: object) -> Ap4000Device:
    bedside = StillBedside(pumps={"11": Fixed(first), "12": Fixed(second)})
    return Ap4000Device(bedside, Ap4000DeviceSettings(**settings))  # type: ignore[arg-type]  # keyword by keyword


def status(device: Ap4000Device) -> tuple[str, ...]:
    (data,) = device.receive(line("STATREQ^032-19-50-014"), START)
    (answer,) = Decoder().feed(data)
    assert isinstance(answer, Answer)
    return answer.fields


def test_what_both_channels_show() -> None:
    fields = status(pump(second=PumpView(rate_set=20.0)))
    assert [fields[place] for place in (34, 42, 56, 58, 61)] == [ONE, "50.00", "40.00", "10.00", "75.00"]
    assert [fields[place] for place in (67, 75, 91, 94)] == [TWO, "-1", "-1", "0.00"]
    assert fields[12:14] == ("-1", "1")


def test_a_channel_without_a_pump_and_one_that_is_off() -> None:
    device = Ap4000Device(StillBedside(pumps={"11": Fixed(RUNNING)}), Ap4000DeviceSettings())
    assert [status(device)[place] for place in (67, 70, 71, 94)] == [TWO, "", "0", "-1"]


def test_alarms_are_named_worst_first_and_four_at_most() -> None:
    occluded = PumpView(
        alarms=(Signal(AlarmCode.OCCLUSION, ""), Signal(AlarmCode.SYRINGE, "")),
        prealarms=(Signal(AlarmCode.NEAR_END, ""),),
    )
    fields = status(pump(occluded, PumpView(alarms=(Signal(AlarmCode.AIR_IN_LINE, ""),))))
    assert fields[12] == "4"
    assert fields[14:30:4] == ("PA.02", "PE.06", "PA.01", "PA.07")
    assert fields[15:30:4] == ("PUMP1", "PUMP1", "PUMP2", "PUMP1")


@pytest.mark.parametrize(
    ("command", "channel", "state", "rate"),
    [
        (f"INFPAUS^{KEY}^{ONE}^1^{TWO}^-1", 0, S.PAUSED, 0.0),
        (f"INFPAUS^{KEY}^{ONE}^-1^{TWO}^1", 1, S.PAUSED, 0.0),
        (f"INFPROG^{KEY}^{ONE}^20^-1^-1^-1^{TWO}^-1^-1^-1^-1", 0, S.INFUSING, 20.0),
        (f"INFPROG^{KEY}^{ONE}^-1^-1^-1^-1^{TWO}^30^-1^-1^-1", 1, S.INFUSING, 30.0),
        (f"INFPROG^{KEY}^{ONE}^-1^-1^5^300^{TWO}^-1^-1^-1^-1", 0, S.BOLUS, 300.0),
    ],
)
def test_a_write_shows_in_what_the_pump_says(command: str, channel: int, state: InfusionState, rate: float) -> None:
    device = pump()
    assert device.receive(line(command), START) == [line(command)]
    changed, other = device.at(START)[channel], device.at(START)[1 - channel]
    assert (changed.state, changed.rate) == (state, rate)
    assert other == RUNNING
    assert float(status(device)[61 + 33 * channel]) == rate
    assert device.tampered


def test_a_pause_is_resumed() -> None:
    device = pump()
    device.receive(line(f"INFPAUS^{KEY}^{ONE}^1^{TWO}^1"), START)
    device.receive(line(f"INFRESM^{KEY}^{ONE}^1^{TWO}^-1"), START)
    assert [view.state for view in device.at(START)] == [S.INFUSING, S.PAUSED]


def test_a_vtbi_is_changed() -> None:
    device = pump()
    device.receive(line(f"INFPROG^{KEY}^{ONE}^-1^11^-1^-1^{TWO}^-1^-1^-1^-1"), START)
    assert status(device)[42] == "11.00"


@pytest.mark.parametrize(
    "command",
    [
        f"INFPAUS^0000^{ONE}^1^{TWO}^-1",
        f"INFPAUS^{KEY}^{TWO}^1^{ONE}^-1",
        f"INFPAUS^{KEY}^{ONE}^1",
        f"INFPROG^{KEY}^{ONE}^20",
        f"INFPAUS^{KEY}",
        "INFRESM",
    ],
)
def test_without_key_or_serial_numbers_the_latch_trips_and_nothing_changes(command: str) -> None:
    device = pump()
    assert device.receive(line(command), START) == []
    assert device.at(START) == (RUNNING, RUNNING)
    assert device.tampered


def test_control_is_given_with_a_key() -> None:
    device = pump()
    (answer,) = device.receive(line(f"CNTLREQ^032-19-50-014^CASE^{ONE}^{TWO}"), START)
    assert answer.decode().split("^")[3].startswith(KEY)
    assert device.control.is_taken
    assert device.tampered


@pytest.mark.parametrize(
    "data",
    [
        line("PING"),
        line("STATREQ^1-2"),
        line("CONNREQ^1"),
        b"!CONNREQ|0000\r\n",
        b"x\n",
        b"!" + b"x" * 1100,
        b"!CO!C\n",
    ],
)
def test_an_unknown_or_broken_line_gets_no_answer(data: bytes) -> None:
    device = pump()
    assert device.receive(data, START) == []
    assert device.violations
    assert not device.tampered


def test_a_pump_switched_off_says_nothing_and_does_nothing() -> None:
    device = pump(PumpView(state=S.OFF), PumpView(state=S.OFF))
    assert device.receive(line("CONNREQ") + line(f"INFPAUS^{KEY}^{ONE}^1^{TWO}^-1"), START) == []
    assert not device.tampered


@pytest.mark.parametrize("wrong", [{"version": "0.3"}, {"system_id": "A"}, {"serial_1": "a^b"}, {"key": "!"}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"take|write"):
        Ap4000DeviceSettings(**wrong)  # type: ignore[arg-type]  # that is the test
