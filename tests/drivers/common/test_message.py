"""Text clean-up, separators, segments, escapes: our reader, and python-hl7 beside it."""

import time

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.common.hl7.message import MAX_MESSAGES, Message, component, messages, unescape

HEADER = "MSH|^~\\&|APP^0011220000C0FFEE^EUI-64|FAC|||20260115101500||ORU^R01^ORU_R01|C1|P|2.6|||AL|NE"
OBX = "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.1|72"


def read(text: str | bytes) -> Message:
    found = messages(text.encode() if isinstance(text, str) else text)
    assert len(found) == 1
    assert isinstance(found[0], Message), found
    return found[0]


def test_the_field_separator_is_msh_1() -> None:
    message = read(f"{HEADER}\r{OBX}\r")
    assert message.header[1:5] == ("|", "^~\\&", "APP^0011220000C0FFEE^EUI-64", "FAC")
    assert (message.kind, message.trigger, message.control_id) == ("ORU", "R01", "C1")
    assert message.segments == (OBX,)
    assert message.repairs == ()


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_lf_only_and_crlf_are_line_ends_too(end: str) -> None:
    message = read(end.join((HEADER, OBX, OBX, "")))
    assert message.segments == (OBX, OBX)
    assert message.repairs == (() if end == "\r" else ("line ends",))


def test_a_bom_and_what_else_stands_before_msh_is_left_out() -> None:
    for mark in ("\ufeff", "\u2028", "\ufeff\r\n", " "):
        assert read(mark + HEADER).control_id == "C1"


def test_a_line_end_within_free_text_makes_no_segment() -> None:
    message = read(f"{HEADER}\rOBX|1|TX|1^x||first\nsecond line\rNTE|1\r\r")
    assert message.segments == ("OBX|1|TX|1^x||first\nsecond line", "NTE|1")
    assert message.repairs == ("line ends", "broken lines")


def test_separators_are_read_from_the_message() -> None:
    message = read("MSH$%*!@$APP%0011220000C0FFEE%EUI-64$$$$$$ORU%R01$C1$P$2.6\rOBX$1$ST$1%x%MDC$$a|b^c!X41!$$\r")
    assert message.header[3] == "APP^0011220000C0FFEE^EUI-64"
    assert (message.kind, message.trigger) == ("ORU", "R01")
    value = message.segments[0].split("|")[5]
    assert unescape(value) == "a|b^cA"
    assert message.repairs == ("other separators",)


def test_the_truncation_character_of_2_7_is_no_separator() -> None:
    assert read(HEADER.replace("^~\\&", "^~\\&#")).kind == "ORU"


@pytest.mark.parametrize("header", ["MSH", "MSHX", "MSH|^^\\&|APP", "MSH|abcd|x"])
def test_a_header_without_usable_separators_is_damage(header: str) -> None:
    assert messages(header.encode()) == [Damage("header not readable", len(header))]


def test_several_messages_in_a_frame_come_apart() -> None:
    second = HEADER.replace("C1", "C2")
    found = [
        message.control_id
        for message in messages(f"{HEADER}\r{OBX}\r{second}\r{OBX}\r".encode())
        if isinstance(message, Message)
    ]
    assert found == ["C1", "C2"]


def test_a_batch_is_unwrapped() -> None:
    second = HEADER.replace("C1", "C2")
    text = f"FHS|^~\\&|A\rBHS|^~\\&|A\r{HEADER}\r{OBX}\r{second}\r{OBX}\rBTS|2\rFTS|1\r"
    found = messages(text.encode())
    assert [message.segments for message in found if isinstance(message, Message)] == [(OBX,), (OBX,)]


def test_a_frame_has_a_bounded_number_of_messages() -> None:
    found = messages(f"{HEADER}\r".encode() * (MAX_MESSAGES + 2))
    assert len(found) == MAX_MESSAGES + 1
    assert found[-1] == Damage("too many messages in a frame", 2 * (len(HEADER) + 1))


def test_a_mebibyte_of_broken_lines_takes_bounded_time() -> None:
    began = time.perf_counter()
    message = read(f"{HEADER}\r{OBX}\r" + "x\r" * 500_000)
    assert len(message.segments[0]) == len(OBX) + 1_000_000
    assert time.perf_counter() - began < 5.0


def test_a_frame_without_a_message_is_damage() -> None:
    assert messages(b"PID|1\r") == [Damage("no message in the frame", 6)]


def test_a_latin_1_name_with_msh_18_empty_costs_nothing_but_a_note() -> None:
    message = read(f"{HEADER}\rPID|||1||M\u00fcller\r{OBX}\r".encode("latin_1"))
    assert message.segments == ("PID|||1||M\u00fcller", OBX)
    assert message.repairs == ("characters not as declared",)


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UNICODE UTF-8", "utf_8"),
        ("UNICODE", "utf_8"),
        ("ASCII~UNICODE UTF-8", "utf_8"),
        ("8859/1", "latin_1"),
        ("8859/15", "iso8859_15"),
        ("GB 18030-2000", "gb18030"),
        ("BIG-5", "big5"),
        ("KS X 1001", "euc_kr"),
        ("ISO IR87", "iso2022_jp"),
    ],
)
def test_msh_18_names_the_character_set(declared: str, codec: str) -> None:
    name = {
        "big5": "\u738b\u5c0f\u660e",
        "gb18030": "\u738b\u5c0f\u660e",
        "euc_kr": "\uae40",
        "iso2022_jp": "\u5c71\u7530",
    }.get(codec, "M\u00fcller")
    message = read(f"{HEADER}||{declared}\rPID|||1||{name}\r".encode(codec))
    assert message.segments == (f"PID|||1||{name}",)
    assert message.repairs == ()


def test_a_wrong_character_set_loses_no_vital_sign() -> None:
    message = read(f"{HEADER}||UNICODE UTF-8\r".encode() + b"PID|||1||M\xfcller\r" + OBX.encode())
    assert message.segments[1] == OBX
    assert message.repairs == ("characters not as declared",)


def test_a_separator_within_a_two_byte_character_splits_nothing() -> None:
    text = b"\x81\x7c".decode("gb18030")  # its second byte is |
    message = read(f"{HEADER}||GB 18030-2000\rPID|||1||{text}|x\r".encode("gb18030"))
    assert message.segments == (f"PID|||1||{text}|x",)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"line\.br\next", "line\nnext"),
        (r"\X414243\ ", "ABC "),
        (r"\H\bold\N\ ", "bold "),
        (r"\Zvendor\ \F", r"\Zvendor\ \F"),
        ("no escape", "no escape"),
        ("\\", "\\"),
    ],
)
def test_escapes_are_resolved_and_unknown_ones_left(said: str, meant: str) -> None:
    assert unescape(said) == meant


def test_a_component_beyond_the_end_is_empty() -> None:
    assert [component("a^b^c", n) for n in range(1, 5)] == ["a", "b", "c", ""]


words = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="|^~\\&"), max_size=12)


@given(st.lists(st.lists(words, min_size=1, max_size=4), min_size=1, max_size=18))
@settings(max_examples=60)
def test_python_hl7_finds_the_same_fields_and_components(fields: list[list[str]]) -> None:
    """Foreign hand: python-hl7 reads and writes a segment, and we read what it wrote."""
    segment = "OBX|" + "|".join("^".join(parts) for parts in fields)
    theirs = hl7.parse(f"{HEADER}\r{segment}\r")
    ours = read(str(theirs))
    split = ours.segments[0].split("|")
    for number, parts in enumerate(fields, start=1):
        assert split[number] == str(theirs.segment("OBX")(number))
        assert [component(split[number], n) for n in range(1, len(parts) + 1)] == parts
    assert ours.header[3:17] == tuple(str(theirs.segment("MSH")(number)) for number in range(3, 17))
