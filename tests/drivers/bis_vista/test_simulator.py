"""The simulated monitor as clients that were not written here meet it."""

from pathlib import Path

import pytest

from drivers.bis_vista.codec import Control as Receipt
from drivers.bis_vista.codec import Decoder, Frame, Processed, RawEeg
from simulators.api import StillBedside
from simulators.bis_vista.device import BisVistaDevice, BisVistaDeviceSettings
from simulators.bis_vista.orders import Ear, Order
from tests.captures import load
from tests.converse import START

CAPTURES = Path(__file__).parent / "captures"
BEGIN, BEGIN_RAW = load(CAPTURES / "01_requests.hex").frames
STOP_1, STOP_RAW_1, BEGIN_SPECTRA = load(CAPTURES / "03_other_program.hex").frames
SHORT_STOP, SHORT_STOP_RAW = load(CAPTURES / "04_short_stops.hex").frames


def device(**settings: object) -> BisVistaDevice:
    return BisVistaDevice(StillBedside(), BisVistaDeviceSettings(**settings))  # type: ignore[arg-type]  # by keyword


def hear(said: object) -> list[Frame]:
    assert isinstance(said, list)
    return [frame for data in said for frame in Decoder().feed(data)]  # type: ignore[misc]  # damage would fail below


def test_it_is_silent_until_asked_and_then_speaks_each_second() -> None:
    monitor = device()
    assert monitor.open(START) == []
    assert monitor.wake_at is None
    assert monitor.receive(BEGIN, START) == []
    assert monitor.wake_at == START + 1
    (frame,) = hear(monitor.tick(START + 1))
    assert isinstance(frame, Processed)
    assert not frame.spectra
    assert monitor.wake_at == START + 2


def test_spectra_and_raw_eeg_can_be_asked_for() -> None:
    monitor = device(long_form=True)
    monitor.receive(BEGIN_SPECTRA + BEGIN_RAW, START)
    (eeg,) = hear(monitor.tick(START + 0.125))
    assert isinstance(eeg, RawEeg)
    assert (eeg.rate, len(eeg.samples), len(eeg.samples[0])) == (128, 2, 16)
    processed = hear(monitor.tick(START + 1))[0]
    assert isinstance(processed, Processed)
    assert len(processed.encode()) == 22 + 400
    assert monitor.violations == []


@pytest.mark.parametrize("stops", [(STOP_1, STOP_RAW_1), (SHORT_STOP, SHORT_STOP_RAW)])
@pytest.mark.parametrize("step", [1, 7, 100])
def test_it_understands_the_stops_of_both_public_programs(stops: tuple[bytes, bytes], step: int) -> None:
    monitor = device()
    monitor.receive(BEGIN + BEGIN_RAW, START)
    data = b"".join(stops)
    for at in range(0, len(data), step):
        monitor.receive(data[at : at + step], START)
    assert monitor.wake_at is None
    assert (monitor.violations, monitor.tampered) == ([], False)


def test_sequence_numbers_count() -> None:
    monitor = device()
    monitor.receive(BEGIN, START)
    numbers = [data[2] for n in range(1, 5) for data in monitor.tick(START + n)]
    assert numbers == [1, 2, 3, 4]


def test_what_is_no_order_counts_and_gets_a_nak() -> None:
    monitor = device()
    (answer,) = hear(monitor.receive(BEGIN[:-1] + b"\x99", START))
    assert answer == Receipt(3)
    assert monitor.violations[0] == "wrong checksum"
    assert not monitor.tampered


def test_an_unknown_message_changes_what_it_says() -> None:
    monitor = device()
    monitor.receive(BEGIN, START)
    monitor.receive(bytes.fromhex("baab00000c0001000400000075000000000000008600"), START)
    assert monitor.tampered
    (frame,) = hear(monitor.tick(START + 1))
    assert isinstance(frame, Processed)
    assert frame.trends[0].bis == -32768


def test_receipts_are_taken() -> None:
    assert list(Ear().hear(Receipt(2).encode() + BEGIN))[1] == Order(0x73, b"\x00")
    monitor = device(wants_receipt=True)
    monitor.receive(BEGIN, START)
    for n in range(1, 30):
        monitor.tick(START + n)
        monitor.receive(Receipt(2).encode(), START + n)
    assert monitor.wake_at == START + 30


@pytest.mark.parametrize("data", [b"x" * 300, b"\xba\xab" + b"\xff" * 300, b"\xba" * 300, b"\xba\xab" * 300])
def test_the_ear_survives_anything(data: bytes) -> None:
    ear = Ear()
    assert not any(isinstance(heard, Order) for heard in ear.hear(data))
    assert Order(0x73, b"\x00") in list(ear.hear(bytes(300) + BEGIN))
