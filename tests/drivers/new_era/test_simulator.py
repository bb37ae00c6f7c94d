"""The simulated pump: it understands what a real one does, obeys, and latches."""

import pytest

from drivers.vocabulary import InfusionState
from simulators.api import Fixed, PumpView
from simulators.new_era.commands import crc
from simulators.new_era.device import NewEraDevice, NewEraDeviceSettings, figure
from tests.converse import START
from tests.drivers.bbraun_space.pumps import OCCLUSION, Course, Phase, Rack

S = InfusionState
RESTING = PumpView(state=S.STOPPED, rate_set=5.0, vtbi=50.0, volume_infused=9.0)


def device(view: PumpView = RESTING) -> NewEraDevice:
    pump = NewEraDevice(Rack({"11": Fixed(view)}), NewEraDeviceSettings())
    pump.open(START)
    return pump


def say(pump: NewEraDevice, line: str, now: float = START) -> list[bytes]:
    return list(pump.receive(line.encode() + b"\r", now))


def packet(text: str) -> bytes:
    data = text.encode()
    return b"\x02" + bytes([len(data) + 4]) + data + crc(data).to_bytes(2, "big") + b"\x03"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("", "00S"),
        ("RAT", "00S5.000MH"),
        ("VOL", "00S50.00ML"),
        ("DIS", "00SI9.000W0.000ML"),
        ("DIA", "00S26.59"),
        ("DIR", "00SINF"),
        ("PHN", "00S1"),
        ("VER", "00SNE1000V3.928"),
        ("SAF", "00S0"),
        ("00rat", "00S5.000MH"),
        (" r a\tt ", "00S5.000MH"),
    ],
)
def test_questions_change_nothing(line: str, answer: str) -> None:
    pump = device()
    assert say(pump, line) == [b"\x02" + answer.encode() + b"\x03"]
    assert (pump.violations, pump.tampered) == ([], False)


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("RUN", ""),
        ("PUR", ""),
        ("RAT7", "RAT"),
        ("r a t 7 m m", "RAT"),
        ("VOL7", "VOL"),
        ("DIA10", "DIA"),
        ("DIRWDR", "DIR"),
        ("PHN2", "PHN"),
        ("CLDINF", "DIS"),
    ],
)
def test_a_write_shows_in_what_the_pump_says(line: str, question: str) -> None:
    pump = device()
    before = say(pump, question)
    say(pump, line)
    assert say(pump, question) != before
    assert pump.tampered
    assert pump.programme.written


def test_a_stop_stops() -> None:
    pump = device(PumpView(state=S.INFUSING, rate=5.0, rate_set=5.0))
    assert say(pump, "") == [b"\x0200I\x03"]
    assert say(pump, "STP") == [b"\x0200S\x03"]
    assert pump.at(START).state is S.STOPPED


def test_an_unknown_line_is_refused_and_no_write() -> None:
    pump = device()
    assert say(pump, "PING") == [b"\x0200S?\x03"]
    assert (pump.tampered, len(pump.violations)) == (False, 1)


def test_an_argument_that_the_pump_does_not_take_is_refused_and_no_write() -> None:
    pump = device()
    assert [say(pump, line)[0] for line in ("RATVOL", "VER5", "DISDIS", "DIRDIA", "RAT1.2.3")] == [
        b"\x0200S?OOR\x03"
    ] * 5
    assert (pump.tampered, len(pump.violations)) == (False, 5)


def test_another_address_gets_no_answer_but_a_write_to_it_is_noticed() -> None:
    pump = device()
    assert say(pump, "7RAT") == []
    assert (pump.tampered, pump.violations) == (False, [])
    assert say(pump, "7RUN") == []
    assert pump.tampered


def test_an_alarm_is_reported_once_and_then_forgotten() -> None:
    """The trap: any answer acknowledges it."""
    pump = NewEraDevice(
        Rack({"11": Course((Phase(0, S.INFUSING, 5.0), Phase(10, S.PAUSED, alarms=(OCCLUSION,))))}),
        NewEraDeviceSettings(),
    )
    assert say(pump, "DIR") == [b"\x0200IINF\x03"]
    assert say(pump, "DIR", START + 11) == [b"\x0200A?S\x03"]
    assert say(pump, "DIR", START + 12) == [b"\x0200PINF\x03"]
    assert pump.pending == ""


def test_safe_mode_stops_the_pump_when_its_controller_vanishes() -> None:
    pump = device(PumpView(state=S.INFUSING, rate=5.0, rate_set=5.0))
    assert pump.wake_at is None
    (answer,) = pump.receive(packet("SAF10"), START)
    assert answer == packet("00I")
    assert pump.tampered
    assert say(pump, "RAT", START + 1) == []  # a line of basic mode
    assert list(pump.receive(packet("RAT"), START + 5)) == [packet("00I5.000MH")]
    assert pump.wake_at == START + 15
    pump.tick(START + 15)
    assert pump.at(START + 15).state is S.STOPPED
    assert list(pump.receive(packet(""), START + 16)) == [packet("00A?T")]
    assert list(pump.receive(packet("SAF0"), START + 17)) == [b"\x0200S\x03"]


def test_a_packet_that_comes_too_slowly_is_none() -> None:
    pump = device()
    pump.receive(packet("RUN")[:4], START)
    assert pump.receive(packet("RUN")[4:], START + 0.6) == []
    assert not pump.tampered


def test_a_reader_that_vanishes_does_not_alarm_the_pump() -> None:
    pump = device(PumpView(state=S.INFUSING, rate=5.0))
    say(pump, "RAT")
    pump.close(START + 1)
    assert pump.wake_at is None
    assert (pump.pending, pump.at(START + 86400).state) == ("", S.INFUSING)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (5.0, "5.000"), (9.9996, "10.00"), (52.5, "52.50"), (123.45, "123.5"), (1234.5, "1234."),
     (10000.0, "9999.")],
)  # fmt: skip
def test_numbers_have_four_digits_and_a_point(value: float, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize("wrong", [{"version": ""}, {"version": "é"}, {"diameter_mm": 0}, {"diameter_mm": 90}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"write it|set it"):
        NewEraDeviceSettings(**wrong)  # type: ignore[arg-type]  # that is the test
