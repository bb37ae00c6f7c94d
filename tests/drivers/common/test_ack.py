"""The acknowledgement: what it says, when, and that it can say nothing else."""

from dataclasses import replace

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.common.hl7.ack import ERRORS, Ack, AckMode, answers, recognise
from drivers.common.hl7.message import Message, messages

NOW = 1_767_225_600.0
PLAIN = Ack(
    application="GATEWAY",
    facility="CLINIC",
    sender="SIM^0011220000C0FFEE^EUI-64",
    sender_facility="VENDOR",
    trigger="R01",
    processing="P",
    version="2.6",
    time="20260101000000+0000",
    own_id="1767225600000-1",
    code="CA",
    control_id="C1",
)
REFUSAL = replace(PLAIN, code="CR", error="200")


def message(
    *, accept: str = "", application: str = "", control_id: str = "C1", kind: str = "ORU^R01^ORU_R01",
    version: str = "2.6", sender: str = "SIM^0011220000C0FFEE^EUI-64", processing: str = "P",
) -> Message:  # fmt: skip
    header = f"MSH|^~\\&|{sender}|VENDOR|GATEWAY|CLINIC|20260101||{kind}|{control_id}|{processing}|{version}"
    found = messages(f"{header}|||{accept}|{application}\r".encode())[0]
    assert isinstance(found, Message)
    return found


def codes(said: list[Ack]) -> list[str]:
    return [ack.code for ack in said]


def test_an_acknowledgement_on_the_wire() -> None:
    assert PLAIN.encode() == (
        b"\x0bMSH|^~\\&|GATEWAY|CLINIC|SIM^0011220000C0FFEE^EUI-64|VENDOR|20260101000000+0000||ACK^R01^ACK|"
        b"1767225600000-1|P|2.6\rMSA|CA|C1\r\x1c\r"
    )
    assert REFUSAL.encode().endswith(b"MSA|CR|C1\rERR|||200^Unsupported message type^HL70357|E\r\x1c\r")


def test_the_structure_that_philips_prints() -> None:
    (ack,) = answers(message(version="2.4"), "", "auto", NOW, 1, "ACK_ALL")
    assert (ack.trigger, ack.structure) == ("", "ACK_ALL")
    assert b"||ACK^^ACK_ALL|1767225600000-2|P|2.4\rMSA|AA|C1\r" in ack.encode()
    assert recognise(ack.encode()) == ack
    for other in (b"ACK^R01^ACK_ALL", b"ACK^^ACK_ANY", b"ACK^^", b"ACK^^ACK", b"ACK_ALL", b"ORU^^ACK_ALL"):
        assert recognise(ack.encode().replace(b"ACK^^ACK_ALL", other)) is None
    with pytest.raises(ValueError, match="structure"):
        replace(ack, trigger="R01")


def test_python_hl7_reads_the_same() -> None:
    theirs = hl7.parse(REFUSAL.encode().decode().strip("\x0b\x1c\r"))
    assert [str(segment[0]) for segment in theirs] == ["MSH", "MSA", "ERR"]
    msh, msa, err = theirs.segment("MSH"), theirs.segment("MSA"), theirs.segment("ERR")
    assert [str(msh(n)) for n in (3, 4, 5, 6)] == ["GATEWAY", "CLINIC", "SIM^0011220000C0FFEE^EUI-64", "VENDOR"]
    assert [str(msh(n)) for n in (7, 9, 10, 11, 12)] == [
        "20260101000000+0000", "ACK^R01^ACK", "1767225600000-1", "P", "2.6",
    ]  # fmt: skip
    assert [str(msa(n)) for n in (1, 2)] == ["CR", "C1"]
    assert str(err(3)) == "200^Unsupported message type^HL70357"


@pytest.mark.parametrize(
    ("accept", "application", "good", "bad"),
    [
        ("", "", ["AA"], ["AR"]),
        ("AL", "NE", ["CA"], ["CR"]),
        ("NE", "AL", ["AA"], ["AR"]),
        ("AL", "AL", ["CA", "AA"], ["CR"]),
        ("al", "ne", ["CA"], ["CR"]),
        ("AL", "", ["CA"], ["CR"]),
        ("", "AL", ["AA"], ["AR"]),
        ("NE", "NE", [], []),
        ("ER", "NE", [], ["CR"]),
        ("SU", "NE", ["CA"], []),
        ("NE", "ER", [], ["AR"]),
        ("NE", "SU", ["AA"], []),
        ("ER", "AL", ["AA"], ["CR"]),
        ("??", "NE", ["CA"], ["CR"]),
    ],
)
def test_who_asks_gets_an_answer(accept: str, application: str, good: list[str], bad: list[str]) -> None:
    said = message(accept=accept, application=application)
    assert codes(answers(said, "", "auto", NOW, 1)) == good
    assert codes(answers(said, "200", "auto", NOW, 1)) == bad


@pytest.mark.parametrize(
    ("mode", "good", "bad"), [("always_aa", ["AA"], ["AR"]), ("always_ca", ["CA"], ["CR"]), ("none", [], [])]
)
def test_a_fixed_mode_answers_alike_whatever_is_asked(mode: AckMode, good: list[str], bad: list[str]) -> None:
    for accept, application in (("", ""), ("AL", "NE"), ("NE", "NE"), ("AL", "AL")):
        said = message(accept=accept, application=application)
        assert codes(answers(said, "", mode, NOW, 1)) == good
        assert codes(answers(said, "200", mode, NOW, 1)) == bad


def test_two_answers_have_two_ids() -> None:
    first, second = answers(message(accept="AL", application="AL"), "", "auto", NOW, 1)
    third, _ = answers(message(accept="AL", application="AL"), "", "auto", NOW, 2)
    assert len({first.own_id, second.own_id, third.own_id}) == 3


def test_sender_and_receiver_change_places() -> None:
    (ack,) = answers(message(), "", "auto", NOW, 1)
    assert (ack.application, ack.facility) == ("GATEWAY", "CLINIC")
    assert (ack.sender, ack.sender_facility) == ("SIM^0011220000C0FFEE^EUI-64", "VENDOR")
    assert (ack.control_id, ack.trigger, ack.processing, ack.version) == ("C1", "R01", "P", "2.6")
    assert ack.time == "20260101000000+0000"


def test_old_versions_get_ack_alone() -> None:
    (ack,) = answers(message(version="2.3"), "", "auto", NOW, 1)
    assert b"||ACK|" in ack.encode()
    (ack,) = answers(message(version="2.3.1"), "", "auto", NOW, 1)
    assert b"||ACK^R01^ACK|" in ack.encode()


def test_msh_10_empty_is_refused_and_breaks_nothing() -> None:
    (ack,) = answers(message(control_id=""), "", "auto", NOW, 1)
    assert (ack.code, ack.control_id, ack.error) == ("AR", "", "101")
    assert recognise(ack.encode()) == ack


def test_msh_10_of_199_characters_is_echoed_and_of_200_refused() -> None:
    (ack,) = answers(message(control_id="x" * 199), "", "auto", NOW, 1)
    assert (ack.code, ack.control_id) == ("AA", "x" * 199)
    (ack,) = answers(message(control_id="x" * 200), "", "auto", NOW, 1)
    assert (ack.code, ack.control_id, ack.error) == ("AR", "", "102")


@pytest.mark.parametrize("control_id", ["a^b", "a&b", "a~b", "a\\F\\b", "a\tb", "\u00e4", "x\x00", "a\u2028"])
def test_a_control_id_that_could_shape_the_answer_is_not_echoed(control_id: str) -> None:
    for ack in answers(message(control_id=control_id), "", "auto", NOW, 1):
        assert (ack.code, ack.control_id, ack.error) == ("AR", "", "102")


@pytest.mark.parametrize("sender", ["x" * 228, "a~b", "a&b", "a\\b", "\u00e4", "a\tb"])
def test_a_name_that_could_shape_the_answer_is_left_out(sender: str) -> None:
    (ack,) = answers(message(sender=sender), "", "auto", NOW, 1)
    assert ack.sender == ""


hostile = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ["R01\rMSH|", "P|2.6\rORC|NW", "\x1c\r\x0bMSH|", "AL", "NE", "ORU^R01^ORU_R01", "RGV^O15", "2.3", "2.6^x", "^^"]
)


@given(st.lists(hostile, min_size=25, max_size=25), st.sampled_from(["", *ERRORS]), st.integers(0, 3_000_000))
@settings(max_examples=100)
def test_no_header_shapes_an_answer_beyond_the_grammar(header: list[str], error: str, serial: int) -> None:
    said = Message(("MSH", "|", "^~\\&", *header), (), 0)
    for ack in answers(said, error, "always_aa", NOW, serial):
        data = ack.encode()
        assert recognise(data) == ack
        assert data.count(b"\r") == (4 if ack.error else 3)
        assert data.count(b"\x0b") == data.count(b"\x1c") == 1


names = st.from_regex(r"[A-Za-z0-9 ._^-]{0,30}", fullmatch=True)
acks = st.builds(
    Ack,
    application=names,
    facility=names,
    sender=names,
    sender_facility=names,
    trigger=st.sampled_from(["", "R01", "R40", "A08"]),
    processing=st.sampled_from("PTD"),
    version=st.sampled_from(["2.4", "2.6", "2.3.1"]),
    time=st.from_regex(r"[0-9]{14}\+0000", fullmatch=True),
    own_id=st.from_regex(r"[0-9-]{1,20}", fullmatch=True),
    code=st.sampled_from(["AA", "CA"]),
    control_id=st.from_regex(r"[A-Za-z0-9.-]{1,199}", fullmatch=True),
) | st.builds(
    lambda control_id, code, error: replace(REFUSAL, control_id=control_id, code=code, error=error),
    st.from_regex(r"[A-Za-z0-9.-]{0,199}", fullmatch=True),
    st.sampled_from(["AR", "CR", "AE", "CE"]),
    st.sampled_from([error for error in ERRORS if error]),
)


@given(acks)
@settings(max_examples=100)
def test_every_acknowledgement_that_can_be_built_is_recognised_as_itself(ack: Ack) -> None:
    assert recognise(ack.encode()) == ack


@pytest.mark.parametrize(
    "change",
    [
        {"application": "a|b"}, {"facility": "a\rb"}, {"sender": "a~b"}, {"sender_facility": "\x1c"}, {"trigger": "R1"},
        {"trigger": "R01^ACK|"}, {"processing": "X"}, {"version": "3.0"}, {"version": "2.3"}, {"time": "20260101"},
        {"own_id": ""}, {"own_id": "a"}, {"code": "XX"}, {"code": "CR"}, {"control_id": ""}, {"control_id": "a|b"},
        {"control_id": "x" * 200}, {"error": "200"}, {"sender": "x" * 5000}, {"code": "AR", "error": "999"},
    ],
)  # fmt: skip
def test_a_field_beyond_its_bounds_makes_no_acknowledgement(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"acknowledgement|error"):
        replace(PLAIN, **change)


@pytest.mark.parametrize("ack", [PLAIN, REFUSAL])
def test_a_mutilated_acknowledgement_is_refused_unless_it_is_another_one(ack: Ack) -> None:
    data = ack.encode()
    for at in range(len(data)):
        assert recognise(data[:at]) is None
        for byte in (data[at] ^ 1, data[at] ^ 0x20, 0x0B, 0x1C, 0x0D, ord("|"), 0):
            changed = data[:at] + bytes([byte]) + data[at + 1 :]
            found = recognise(changed)
            assert found is None or found.encode() == changed


def test_two_acknowledgements_are_none() -> None:
    data = PLAIN.encode()
    assert recognise(data + data) is None
    assert recognise(data + b"\n") is None
    assert recognise(b"\r" + data) is None
