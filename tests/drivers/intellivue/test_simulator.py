"""The simulated monitor, as clients that were not written here would find it."""

from pathlib import Path

import pytest

from drivers.intellivue.codec import Decoder, parse
from drivers.intellivue.export import MDS_CREATE, EventReport, PollReply
from drivers.intellivue.mib import framed
from drivers.intellivue.session import Accepted, End, Ended
from simulators.api import Cuff, Vitals
from simulators.intellivue import SIMULATOR
from simulators.intellivue.device import IntellivueDevice
from tests.captures import load
from tests.converse import START
from tests.drivers.intellivue.monitors import monitor
from tests.drivers.intellivue.test_gate import FORBIDDEN

HERE = Path(__file__).parent / "captures"
ASKED, CREATED, NUMERICS, WAVES, RELEASE = load(HERE / "client_requests.hex").frames
LONG, READ_MDS, ONE_ANSWER, ALERTS, KEEP_ALIVE, READ_WAVE_LIST = load(HERE / "other_client.hex").frames
SET_WAVE_LIST = FORBIDDEN[0][0]


def associated(asked: bytes = ASKED, vitals: Vitals | None = None) -> IntellivueDevice:
    device = monitor(vitals)
    device.open(START)
    device.receive(asked, START)
    device.receive(CREATED, START)
    return device


def replies(said: object) -> list[PollReply]:
    assert isinstance(said, list)
    found = [parse(data) for data in said]
    return [reply for reply in found if isinstance(reply, PollReply)]


@pytest.mark.parametrize("asked", [ASKED, LONG])
def test_both_forms_of_the_request_are_granted(asked: bytes) -> None:
    device = monitor()
    device.open(START)
    accepted, event = (parse(data) for data in device.receive(asked, START))
    assert isinstance(accepted, Accepted)
    information = accepted.information
    assert (information.system_type, information.min_poll_ticks, information.mtu_rx) == (0x00800000, 0x0FA0, 996)
    assert information.options == (0x8C000000 if asked is ASKED else 0x8E000000)
    assert isinstance(event, EventReport)
    assert (event.event, event.is_confirmed) == (MDS_CREATE, True)
    assert len(event.attributes[2439]) == 8


def test_an_accept_has_the_user_information_where_clients_look_for_it() -> None:
    device = monitor()
    device.open(START)
    accept = device.receive(ASKED, START)[0]
    assert accept[:2] == bytes((0x0E, len(accept) - 2))
    assert b"\xa5\x80" in accept
    place = accept.index(bytes.fromhex("BE802880 020102 81 48"))
    assert len(accept) == place + 9 + 72 + 16


def test_any_confirmation_of_mds_create_is_taken() -> None:
    device = monitor()
    device.open(START)
    device.receive(ASKED, START)
    careless = CREATED[:14] + bytes.fromhex("0000 0000 0000 00000000 0D06 0000")
    device.receive(careless, START)
    assert device.violations == []
    assert replies(list(device.receive(NUMERICS, START)))


def test_an_answer_in_pieces_ends_with_an_empty_plain_result() -> None:
    pieces = replies(list(associated().receive(NUMERICS, START)))
    assert [p.link.state if p.link else None for p in pieces] == [1, *[2] * (len(pieces) - 3), 3, None]
    assert [p.link.number for p in pieces if p.link] == list(range(1, len(pieces)))
    assert pieces[-1].objects == ()
    assert {(p.invoke_id, p.poll_no, p.sequence) for p in pieces} == {(3, 2, 0)}
    assert all(len(p.encode()) <= 996 for p in pieces)


def test_numerics_come_each_1024_ms_and_waves_each_256_ms() -> None:
    device = associated()
    device.receive(NUMERICS, START)
    assert device.wake_at == pytest.approx(START + 1.024)
    device.receive(WAVES, START)
    assert device.wake_at == pytest.approx(START + 0.256)


def test_a_poll_without_a_time_is_answered_once() -> None:
    device = associated()
    assert replies(list(device.receive(ONE_ANSWER, START)))
    assert device.wake_at == START + 10


def test_what_other_clients_ask_is_answered() -> None:
    device = associated(LONG)
    (mds,) = replies(list(device.receive(READ_MDS, START)))
    assert 2344 in mds.objects[0].attributes
    (alerts,) = replies(list(device.receive(ALERTS, START)))
    assert set(alerts.objects[0].attributes) == {2306, 2308}
    assert replies(list(device.receive(KEEP_ALIVE, START)))
    (wave_list,) = device.receive(READ_WAVE_LIST, START)
    assert wave_list[10:12] == b"\x00\x03"
    assert wave_list[-20:-16] == b"\x00\x02\x4b\xb4"
    assert (device.violations, device.tampered) == ([], False)


def test_choosing_waves_works_and_is_remembered_as_a_write() -> None:
    device = associated()
    (answer,) = device.receive(SET_WAVE_LIST, START)
    assert answer[10:12] == b"\x00\x05"
    assert device.tampered
    (waves, *_) = replies(list(device.receive(WAVES, START)))
    assert len(waves.objects) == 1
    assert waves.objects[0].attributes[2407][:2] == b"\x00\x01"


def test_a_client_that_falls_silent_is_given_up() -> None:
    device = associated()
    assert device.tick(START + 9.9) == []
    (abort,) = device.tick(START + 10)
    assert parse(abort) == Ended(End.ABORT)
    assert device.wake_at is None
    device.receive(NUMERICS, START + 11)
    assert device.violations == ["data export without an association"]


def test_a_second_client_is_refused_and_a_release_confirmed() -> None:
    device = associated()
    assert [parse(data) for data in device.receive(ASKED, START)] == [Ended(End.REFUSED)]
    assert device.receive(RELEASE, START) == [load(HERE / "session_ends.hex").frames[0]]
    assert len(device.receive(ASKED, START)) == 2


def test_on_a_line_everything_is_framed() -> None:
    device = monitor()
    device.open(START)
    data = framed(ASKED)
    said = [answer for n in range(len(data)) for answer in device.receive(data[n : n + 1], START)]
    assert len(said) == 2
    assert all(answer[0] == 0xC0 and answer[-1] == 0xC1 for answer in said)
    assert len(Decoder(is_stream=True).feed(b"".join(said))) == 2


@pytest.mark.parametrize(
    "data", [b"hello", NUMERICS[:-1], NUMERICS[:9], b"\xe1\x00\x00\x02\x00\x03\x00\x06" + bytes(6)]
)
def test_what_no_monitor_understands_is_counted(data: bytes) -> None:
    device = associated()
    assert device.receive(data, START) == []
    assert device.violations
    assert not device.tampered


def test_most_objects_are_listed_without_a_value() -> None:
    pieces = replies(list(associated(vitals=Vitals(cuff=Cuff(START - 9, 120, 80, 93, 70))).receive(NUMERICS, START)))
    objects = [observed for piece in pieces for observed in piece.objects]
    assert any(not {2384, 2379} & set(observed.attributes) for observed in objects)
    assert all(len(observed.attributes[2343]) >= 2 for observed in objects)
    assert {2379, 2448} <= {number for observed in objects for number in observed.attributes}


def test_the_manifest() -> None:
    assert (SIMULATOR.name, SIMULATOR.kind, SIMULATOR.ports) == ("intellivue", "monitor", ("udp", "serial"))
