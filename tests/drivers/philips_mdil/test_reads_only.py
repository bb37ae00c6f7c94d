"""Nothing but one acknowledgement can leave, whatever a sender writes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Purpose, Request
from drivers.philips_mdil import FAMILY
from drivers.philips_mdil.driver import PhilipsMdilSettings
from simulators.api import StillBedside
from simulators.philips_mdil.device import PhilipsMdilDevice, PhilipsMdilDeviceSettings
from tests.converse import START
from tests.drivers.philips_mdil.senders import NOW, frame, header, obx
from tests.prove.families import listed_requests

HR, BPM = "0002-4182^HR^MDIL", "0004-0aa0^bpm^MDIL"


EXAMPLE = listed_requests("philips_mdil")[0].data


def test_one_acknowledgement_is_all() -> None:
    (declared,) = FAMILY.requests
    assert declared.purpose is Purpose.ACKNOWLEDGE


def test_the_example_acknowledges_the_first_message() -> None:
    device = PhilipsMdilDevice(StillBedside(), PhilipsMdilDeviceSettings())
    device.open(START)
    device.receive(EXAMPLE, START)
    assert (device.tampered, device.violations) == (False, [])
    device.receive(EXAMPLE, START)
    assert device.violations == ["acknowledges 'SIM00000010000000001', which doesn't stand out"]


def sent(data: bytes) -> list[bytes]:
    dialogue = FAMILY.dialogue(PhilipsMdilSettings(), Port(peer="192.0.2.7"))
    outputs = dialogue.receive(data, NOW)
    requests = [output for output in outputs if isinstance(output, Request)]
    for request in requests:
        assert FAMILY.recognise(request.encode()) == request
    return [request.encode() for request in requests]


hostile = st.text(max_size=40) | st.sampled_from(
    ["\x1c\r\x0bMSH|^~\\&|||||||RGV^O15|1|P|2.4\r", "|" * 30, "ORC|NW", "^"]
)


@given(st.lists(hostile, min_size=1, max_size=22))
@settings(max_examples=100)
def test_no_senders_text_shapes_what_leaves(cells: list[str]) -> None:
    head = ["MSH", "^~\\&", *cells]
    head[8:9] = ["ORU^R01"]
    text = "".join(f"{segment}\r" for segment in ("|".join(head), obx(HR, "72")))
    for data in sent(b"\x0b" + text.encode("utf-8", "replace") + b"\x1c\r"):
        assert data.count(b"\x0b") == data.count(b"\x1c") == 1
        assert [part[:3] for part in data[1:-2].split(b"\r")[1:-1]] in ([b"MSA"], [b"MSA", b"ERR"])


HEAD = b"\x0bMSH|^~\\&|||^EfficiaCM||20260101000000+0000||"
GOLDEN = [
    (frame(header(), obx(HR, "72", BPM)), [
        HEAD + b"ACK^^ACK_ALL|1767225600000-2|P|2.4\rMSA|AA|SIM00000010000000001\r\x1c\r",
    ]),
    (b"\xff\xff\x0bMSH|^~\\&|X", []),
    (frame(header("2", kind="QRY^A19"), "QRD|1"), [
        HEAD + b"ACK^^ACK_ALL|1767225600000-4|P|2.4\rMSA|AR|2\rERR|||200^Unsupported message type^HL70357|E\r\x1c\r",
    ]),
    (frame(header("3", kind="ORF^R04")), []),
    (frame(header("", kind="ORU^R01"), obx(HR, "72", BPM)), [
        HEAD + b"ACK^^ACK_ALL|1767225600000-6|P|2.4\rMSA|AR|\rERR|||101^Required field missing^HL70357|E\r\x1c\r",
    ]),
]  # fmt: skip


def test_the_transcript_of_a_fixed_scenario() -> None:
    dialogue = FAMILY.dialogue(PhilipsMdilSettings(), Port(peer="192.0.2.7"))
    assert dialogue.open(NOW) == []
    for heard, expected in GOLDEN:
        said = dialogue.receive(heard, NOW)
        assert [output.encode() for output in said if isinstance(output, Request)] == expected
    assert dialogue.tick(NOW + 60.0) == []
    assert dialogue.close(NOW + 60.0) == []


def test_what_leaves_holds_nothing_of_the_patient() -> None:
    (data,) = sent(frame(header(), "PID|||4711||TEST^CASE", "PV1||I|^^B7", obx(HR, "72")))
    assert not any(word in data for word in (b"4711", b"TEST", b"CASE", b"B7"))
