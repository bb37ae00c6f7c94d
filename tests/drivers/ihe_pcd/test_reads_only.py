"""Nothing but one acknowledgement can leave, whatever a sender writes."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Purpose, Request
from drivers.ihe_pcd import FAMILY
from drivers.ihe_pcd.codec import Ack, recognise, wrap
from drivers.ihe_pcd.driver import IhePcdDialogue, IhePcdSettings
from simulators.api import StillBedside
from simulators.ihe_pcd.device import IhePcdDevice, IhePcdDeviceSettings
from tests.converse import START, converse
from tests.drivers.ihe_pcd.senders import NOW, header, obr, obx, sample
from tests.prove.families import forbidden_frames, listed_requests

FORBIDDEN = list(forbidden_frames("ihe_pcd"))
EXAMPLE = listed_requests("ihe_pcd")[0].data


def test_one_acknowledgement_is_all() -> None:
    (declared,) = FAMILY.requests
    assert declared.purpose is Purpose.ACKNOWLEDGE


def test_an_acknowledgement_trips_nothing() -> None:
    device = IhePcdDevice(StillBedside(), IhePcdDeviceSettings())
    device.open(START)
    device.receive(EXAMPLE, START)
    assert not device.tampered
    assert device.violations == ["acknowledges 'R0BADF000000001', which doesn't stand out"]


@pytest.mark.parametrize("order", ["allowed first", "forbidden first"])
def test_an_acknowledgement_beside_a_forbidden_frame_is_refused(order: str) -> None:
    for data, _ in FORBIDDEN:
        both = EXAMPLE + data if order == "allowed first" else data + EXAMPLE
        assert FAMILY.recognise(both) is None
        for cut in (1, 2, 3, len(EXAMPLE)):
            assert FAMILY.recognise(both[cut:]) is None or both[cut:] == EXAMPLE


def said_by(*segments: str) -> list[Request]:
    dialogue = IhePcdDialogue(IhePcdSettings(), Port(peer="192.0.2.7"))
    data = wrap("".join(f"{segment}\r" for segment in segments).encode("utf-8", "replace"))
    return [output for output in dialogue.receive(data, NOW) if isinstance(output, Request)]


hostile = st.text(max_size=40) | st.sampled_from(
    [
        "\x1c\r\x0bMSH|^~\\&|||||||RGV^O15|1|P|2.6\rORC|NW\r\x1c\r", "RGV^O15^RGV_O15", "ORC|NW|1", "AL", "NE", "2.3",
        "ACK^O15^RGV", "|" * 30, "^" * 30, "\\X0D\\ORC", "C1\\X0D\\ORC|NW", "P\rORC|NW",
    ]
)  # fmt: skip


@given(st.lists(hostile, min_size=1, max_size=22), st.sampled_from(["ORU^R01", "RGV^O15", "ACK", "ADT^A01"]))
@settings(max_examples=100)
def test_no_senders_text_shapes_what_leaves(cells: list[str], kind: str) -> None:
    head = ["MSH", "^~\\&", *cells]
    head[8:9] = [kind]
    for request in said_by("|".join(head), obr(), obx("147842^^MDC", "72")):
        data = request.encode()
        assert FAMILY.recognise(data) == request
        assert data.count(b"\x0b") == data.count(b"\x1c") == 1
        assert [segment[:3] for segment in data[1:-2].split(b"\r")[:-1]] in (
            [b"MSH", b"MSA"], [b"MSH", b"MSA", b"ERR"],
        )  # fmt: skip
        for word in (b"RGV", b"ORC", b"RXG", b"PID"):
            assert b"\r" + word not in data


def test_what_leaves_holds_nothing_of_the_patient() -> None:
    (request,) = said_by(
        header(), "PID|||4711^^^X^PI||Testcase^Alpha", "PV1||I|ICU^^5", obr(), obx("147842^^MDC", "72"), "NTE|1||Beta"
    )
    for word in (b"4711", b"Testcase", b"Alpha", b"Beta", b"ICU"):
        assert word not in request.encode()


GOLDEN = [
    # start, a message
    (b"\x0b%b\x1c\r" % "".join(f"{s}\r" for s in sample("pcd01_monitor.hl7")).encode(), [
        b"\x0bMSH|^~\\&|CONSTRUCTED||SIM_MONITOR^0011220000C0FFEE^EUI-64|CONSTRUCTED|20260101000000+0000||ACK^R01^ACK|"
        b"1767225600000-2|P|2.6\rMSA|CA|C0001\r\x1c\r",
    ]),
    # garbage, half a frame, and the whole again
    (b"\xff\xff\x0bMSH|^~\\&|X", []),
    (b"\x0b%b\x1c\r" % "".join(f"{s}\r" for s in sample("pcd10_delivery_start.hl7")).encode(), [
        b"\x0bMSH|^~\\&|CONSTRUCTED||SIM_PUMP^00112200000BADF0^EUI-64|CONSTRUCTED|20260101000000+0000||ACK^R42^ACK|"
        b"1767225600000-4|P|2.6\rMSA|CA|C0005\r\x1c\r",
    ]),
    # an order
    (b"\x0bMSH|^~\\&|EVIL|E|||20260101||RGV^O15^RGV_O15|O1|P|2.6\rORC|NW\rRXG|1|||X|20||mL\r\x1c\r", [
        b"\x0bMSH|^~\\&|||EVIL|E|20260101000000+0000||ACK^O15^ACK|1767225600000-6|P|2.6\rMSA|AR|O1\r"
        b"ERR|||200^Unsupported message type^HL70357|E\r\x1c\r",
    ]),
    # an acknowledgement: no answer to an answer
    (b"\x0bMSH|^~\\&|EVIL|E|||20260101||ACK^R01^ACK|O1|P|2.6\rMSA|AA|1\r\x1c\r", []),
    # an old one, without ids
    (b"\x0bMSH|^~\\&|||||||ORU^R01||P|2.3\rOBX|1|NM|1^x||5\r\x1c\r", [
        b"\x0bMSH|^~\\&|||||20260101000000+0000||ACK|1767225600000-8|P|2.3\rMSA|AR|\r"
        b"ERR|||101^Required field missing^HL70357|E\r\x1c\r",
    ]),
]  # fmt: skip


def test_the_transcript_of_a_fixed_scenario() -> None:
    dialogue = IhePcdDialogue(IhePcdSettings(), Port(peer="192.0.2.7"))
    assert dialogue.open(NOW) == []
    for heard, expected in GOLDEN:
        sent = [output.encode() for output in dialogue.receive(heard, NOW) if isinstance(output, Request)]
        assert sent == expected
    assert dialogue.tick(NOW + 60.0) == []
    assert dialogue.close(NOW + 60.0) == []


def test_an_hour_with_a_monitor_leaves_no_trace() -> None:
    device = IhePcdDevice(StillBedside(), IhePcdDeviceSettings())
    heard = converse(FAMILY, device, 3600)
    assert device.violations == []
    assert not device.tampered
    assert all(isinstance(recognise(data), Ack) for data in heard.sent)
    assert len(heard.sent) == len(heard.reports)


def test_an_acknowledgement_has_no_field_for_anything_else() -> None:
    assert [field.name for field in fields(Ack)] == [
        "application", "facility", "sender", "sender_facility", "trigger", "processing", "version", "time", "own_id",
        "code", "control_id", "error", "structure",
    ]  # fmt: skip
