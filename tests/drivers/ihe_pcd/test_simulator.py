"""The simulated device: its messages are valid, and it notices what a gateway may not say."""

import re
from datetime import UTC, datetime

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message, parse_segment

from drivers.ihe_pcd.codec import wrap
from drivers.vocabulary import AlarmCode, InfusionState
from simulators.api import Cuff, Fixed, PumpView, Signal, StillBedside, Vitals
from simulators.ihe_pcd.device import IhePcdDevice, IhePcdDeviceSettings, Profile
from simulators.ihe_pcd.replies import Ear, understand
from simulators.ihe_pcd.writer import Head, Obx, escape, write
from tests.converse import START

AWKWARD = "NaCl 0.9 % | 5 ^ \\ & ~ \r\n end"
VITALS = [
    Vitals(), Vitals(cuff=Cuff(START, 121, 77, 92, 66)), Vitals(probe="off", leads=False, co2_line=False),
    Vitals(cuff_state="failed"), Vitals(standby=True), Vitals(motion=True, perfusion_index=0.02, temperature=-1.0),
    Vitals(heart_rate=3.4e7, spo2=0.0), Vitals(alarms=(Signal(AlarmCode.CUFF, AWKWARD),)),
]  # fmt: skip
VIEWS = [
    PumpView(), PumpView(state=InfusionState.INFUSING, rate=1234.56, drug=AWKWARD, vtbi=50.0, volume_left=1e-9,
                         time_left_s=0.4, concentration=2.0, dose_rate=0.125, weight_kg=80.25),
    *(PumpView(state=state) for state in InfusionState), PumpView(alarms=(Signal(AlarmCode.OCCLUSION, "X"),)),
]  # fmt: skip
STRICT = VALIDATION_LEVEL.STRICT


def frames(device: IhePcdDevice) -> list[bytes]:
    """Take what a device says until it has nothing left, answering everything."""
    waiting = list(device.open(START))
    said: list[bytes] = []
    while waiting:
        frame = waiting.pop(0)
        said.append(frame)
        waiting += device.receive(acknowledge(frame), START)
    return said


def acknowledge(frame: bytes, code: str = "CA", kind: str = "ACK^R01^ACK") -> bytes:
    header = frame[1:-2].decode().split("\r")[0].split("|")
    text = f"MSH|^~\\&|||{header[2]}|{header[3]}|20260101000000+0000||{kind}|1|P|2.6\rMSA|{code}|{header[9]}\r"
    return wrap(text.encode())


def check(frame: bytes) -> None:
    """Let hl7apy read a message as a whole or, of an alarm (which it doesn't know), segment by segment."""
    text = frame[1:-2].decode()
    if "^ORU_R01|" in text:
        parse_message(text, validation_level=STRICT).validate()
    for segment in text.rstrip("\r").split("\r"):
        parse_segment(segment, version="2.6", validation_level=STRICT).validate()
        row = segment.split("|")
        if row[0] == "OBX" and row[2] == "NM" and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", row[5]):
            raise ValueError(f"{row[5]} is no number")  # hl7apy doesn't look into OBX-5


@pytest.mark.parametrize("vitals", VITALS)
def test_hl7apy_finds_every_message_of_a_monitor_valid(vitals: Vitals) -> None:
    said = frames(IhePcdDevice(StillBedside(patient=Fixed(vitals)), IhePcdDeviceSettings()))
    assert len(said) == 1 + len(vitals.alarms)
    for frame in said:
        check(frame)


@pytest.mark.parametrize("profile", ["pump_new", "pump_old"])
@pytest.mark.parametrize("view", VIEWS)
def test_hl7apy_finds_every_message_of_a_pump_valid(profile: Profile, view: PumpView) -> None:
    device = IhePcdDevice(StillBedside(pumps={"11": Fixed(view)}), IhePcdDeviceSettings(profile=profile))
    for frame in frames(device):
        check(frame)


@pytest.mark.parametrize("profile", ["pump_new", "pump_old"])
def test_hl7apy_finds_an_event_valid(profile: Profile) -> None:
    class Starting:
        def at(self, now: float) -> PumpView:
            return PumpView(state=InfusionState.INFUSING if now > START else InfusionState.STOPPED)

    device = IhePcdDevice(StillBedside(pumps={"11": Starting()}), IhePcdDeviceSettings(profile=profile))
    frames(device)
    said = device.tick(START + 5.0)
    assert b"197288^MDC_EVT_PUMP_DELIV_START^MDC" in said[0]
    check(said[0])


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"|72|", b"|seventy-two|"), (b"|20260101", b"|0101"), (b"|||||R\r", b"|||||\r"), (b"OBX|1|", b"OBX|one|")],
)
def test_the_check_would_notice_an_invalid_message(before: bytes, after: bytes) -> None:
    (frame,) = frames(IhePcdDevice(StillBedside(), IhePcdDeviceSettings()))
    assert before in frame
    with pytest.raises((HL7apyException, ValueError)):
        check(frame.replace(before, after))


def test_stand_ins_are_all_filled_in() -> None:
    head = Head("SIM^0011220000C0FFEE^EUI-64", "R01", "ORU_R01", "1.2.3", "1^x^L", "CHAIR1", ("AL", "NE"))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = tuple(Obx("147842^X^MDC", f"1.1.1.{n}", float(n), time=at, digits=1) for n in range(1, 30))
    text = write(head, rows, "C1", at).decode()
    assert "CONTROLID" not in text
    assert "19000101" not in text
    assert [row.split("|")[5] for row in text.split("\r") if row.startswith("OBX")] == [f"{n}.0" for n in range(1, 30)]


def test_free_text_holds_no_separator() -> None:
    assert not set(escape(AWKWARD)) & set("|^&~\r\n")
    assert escape("a|b") == "a\\F\\b"


# What it hears


def device() -> tuple[IhePcdDevice, bytes]:
    speaker = IhePcdDevice(StillBedside(), IhePcdDeviceSettings())
    (frame,) = speaker.open(START)
    return speaker, frame


def test_an_acknowledgement_in_any_split_is_understood() -> None:
    speaker, frame = device()
    for byte in acknowledge(frame):
        speaker.receive(bytes([byte]), START)
    assert speaker.violations == []
    assert speaker.wake_at == START + 1.0


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"MSA|CA|R", b"MSA|CA|Q"),
        lambda data: data + data,
        lambda data: data + b"\r",
        lambda data: b"x" + data,
        lambda data: data.replace(b"SIM_MONITOR", b"SIM_MEDIA"),
        lambda data: data.replace(b"ACK^R01^ACK", b"QRY^A19"),
        lambda data: data.replace(b"\x1c\r", b"\rZZZ|1\r\x1c\r"),
        lambda data: b"\x0bhello\x1c\r",
        lambda data: b"\x0b\xff\x1c\r",
    ],
)  # fmt: skip
def test_anything_but_one_acknowledgement_of_its_message_is_a_violation(change: object) -> None:
    speaker, frame = device()
    assert callable(change)
    speaker.receive(change(acknowledge(frame)), START)
    assert len(speaker.violations) == 1
    assert not speaker.tampered


def test_a_refusal_is_no_violation() -> None:
    speaker, frame = device()
    speaker.receive(acknowledge(frame, "CR"), START)
    assert speaker.violations == []
    assert len(speaker.refused) == 1


def test_it_sends_again_three_times_and_then_gives_up() -> None:
    speaker, frame = device()
    again = [speaker.tick(START + 10.0 * n) for n in range(1, 5)]
    assert [frame in said for said in again] == [True, True, True, False]
    assert len(speaker.unanswered) == 1


def test_what_stands_out_is_sent_again_on_the_next_connection() -> None:
    speaker, frame = device()
    speaker.close(START)
    assert speaker.wake_at is None
    assert speaker.tick(START + 1.0) == []
    assert speaker.open(START + 60.0)[0] == frame


def test_bytes_without_end_are_bounded() -> None:
    ear = Ear()
    assert [reply.fault for reply in ear.feed(b"\x0b" + b"A" * 70_000)] != []
    assert ear.feed(b"\x0b") == []


def test_orders_are_commands_whatever_stands_before_them() -> None:
    assert understand(b"MSH|^~\\&|||||||RGV^O15^RGV_O15|1|P|2.6\rORC|NW\r").is_command
    assert understand(b"MSH|^~\\&|||||||ACK|1|P|2.6\rMSA|AA|1\rRXG|1\r").is_command
    assert not understand(b"MSH|^~\\&|||||||QRY^A19|1|P|2.6\rQRD|1\r").is_command
