"""Framing: the states of the receiver, any split, any garbage."""

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage
from drivers.common.hl7.mllp import MAX_BODY, Bare, Framed, wrap, wrap_file

BODY = b"MSH|^~\\&|A|B|||20260115101500||ORU^R01|1|P|2.6\rOBX|1|NM|147842^^MDC|1.1.1.1|72\r"
OTHER = BODY.replace(b"|1|P", b"|2|P")

pieces = st.lists(
    st.one_of(
        st.just(wrap(BODY)),
        st.just(wrap(OTHER)),
        st.just(BODY),
        st.binary(max_size=40),
        st.sampled_from(
            [b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"\x0bMSH|", b"\n", wrap(b""), wrap(b"PID|"), b"\x0bFHS|\r"]
        ),
    ),
    max_size=8,
)


def bodies(outputs: list[bytes | Damage]) -> list[bytes]:
    return [output for output in outputs if isinstance(output, bytes)]


def lost(outputs: list[bytes | Damage]) -> int:
    return sum(output.size for output in outputs if isinstance(output, Damage))


def test_one_frame_byte_by_byte() -> None:
    framing = Framed()
    said = [output for byte in wrap(BODY) for output in framing.feed(bytes([byte]))]
    assert said == [BODY]
    assert not framing.is_pending


def test_two_frames_in_one_write() -> None:
    assert Framed().feed(wrap(BODY) + wrap(OTHER)) == [BODY, OTHER]


def test_a_frame_split_between_1c_and_0d_is_handed_over_at_once() -> None:
    framing = Framed()
    frame = wrap(BODY)
    assert framing.feed(frame[:-1]) == [BODY]
    assert not framing.is_pending
    assert framing.feed(frame[-1:]) == []
    assert framing.feed(wrap(OTHER)) == [OTHER]


def test_junk_and_then_a_frame() -> None:
    assert Framed().feed(b"GET / HTTP\r\n\r\n" + wrap(BODY)) == [Damage("bytes outside a frame", 10), BODY]


def test_line_ends_between_frames_are_no_damage() -> None:
    assert Framed().feed(wrap(BODY) + b"\r\n" + wrap(OTHER)) == [BODY, OTHER]


def test_a_missing_0d_costs_nothing_but_is_counted() -> None:
    assert Framed().feed(wrap(BODY)[:-1] + wrap(OTHER)) == [BODY, Damage("frame end without CR", 0), OTHER]


def test_a_missing_1c_before_a_new_0b_keeps_a_message_whose_last_segment_is_complete() -> None:
    assert Framed().feed(b"\x0b" + BODY + wrap(OTHER)) == [BODY, Damage("frame not closed", 0), OTHER]


def test_a_missing_1c_before_a_new_0b_gives_up_a_message_that_may_end_in_half_a_value() -> None:
    cut = BODY[:-2]  # ...|7 was 72
    assert Framed().feed(b"\x0b" + cut + wrap(OTHER)) == [Damage("frame not closed", len(cut) + 1), OTHER]


def test_2_mib_of_a_with_no_end_are_bounded_and_the_next_frame_is_found() -> None:
    framing = Framed()
    said = framing.feed(b"\x0b" + b"A" * (2 * MAX_BODY) + wrap(BODY))
    assert said == [Damage("frame too long", MAX_BODY + 1), Damage("bytes outside a frame", MAX_BODY), BODY]


def test_the_longest_frame_is_still_taken() -> None:
    longest = BODY.ljust(MAX_BODY, b"x")
    assert Framed().feed(wrap(longest)) == [longest]


def test_a_frame_that_nobody_goes_on_with_is_given_up() -> None:
    framing = Framed()
    assert framing.feed(b"\x0b" + BODY) == []
    assert framing.is_pending
    assert framing.pause() == [Damage("frame not finished", len(BODY) + 1)]
    assert not framing.is_pending
    assert framing.pause() == []
    assert framing.feed(wrap(OTHER)) == [OTHER]


def test_a_frame_without_a_message_is_damage() -> None:
    assert Framed().feed(wrap(b"hello") + wrap(BODY)) == [Damage("no message in the frame", 6), BODY]


@given(pieces, st.integers(0, 10_000))
@settings(max_examples=100)
def test_any_split_gives_the_same_messages_and_as_many_damaged_bytes(said: list[bytes], at: int) -> None:
    data = b"".join(said)
    at %= len(data) + 1
    whole, split = Framed(), Framed()
    at_once = whole.feed(data)
    in_two = split.feed(data[:at]) + split.feed(data[at:])
    assert bodies(at_once) == bodies(in_two)
    assert lost(at_once) == lost(in_two)
    assert lost(whole.pause()) == lost(split.pause())


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_after_any_garbage_the_next_good_frame_is_found(garbage: bytes) -> None:
    framing = Framed()
    framing.feed(garbage)
    framing.pause()
    assert bodies(framing.feed(wrap(BODY))) == [BODY]


def test_bare_text_ends_where_the_next_message_begins() -> None:
    bare = Bare()
    assert bare.feed(BODY) == []
    assert bare.is_pending
    assert bare.feed(OTHER[:2]) == []
    assert bare.feed(OTHER[2:]) == [BODY]
    assert bare.pause() == [OTHER]
    assert not bare.is_pending


def test_the_last_line_of_bare_text_counts_only_with_its_end() -> None:
    bare = Bare()
    bare.feed(BODY + b"OBX|2|NM|150456^^MDC|1.1.1.2|9")
    assert bare.pause() == [BODY, Damage("line not finished", 30)]


def test_bare_text_may_have_frames_after_all() -> None:
    bare = Bare()
    assert bare.feed(wrap(BODY) + wrap(OTHER)) == [BODY + b"\r"]
    assert bare.pause() == [OTHER + b"\r"]


def test_bare_text_without_end_is_bounded() -> None:
    bare = Bare()
    assert bare.feed(b"MSH|" + b"A" * MAX_BODY) == [Damage("message too long", MAX_BODY + 4)]
    assert bare.feed(b"junk\r" + BODY + OTHER) == [Damage("text outside a message", 5), BODY]


@given(st.lists(st.sampled_from([BODY, OTHER, b"junk\r", b"MSH", b"\r"]), max_size=6), st.integers(0, 10_000))
@settings(max_examples=50)
def test_any_split_of_bare_text_gives_the_same(said: list[bytes], at: int) -> None:
    data = b"".join(said)
    at %= len(data) + 1
    whole, split = Bare(), Bare()
    at_once = whole.feed(data) + whole.pause()
    in_two = split.feed(data[:at]) + split.feed(data[at:]) + split.pause()
    assert bodies(at_once) == bodies(in_two)
    assert lost(at_once) == lost(in_two)


def test_a_file_of_bare_messages_is_framed_message_by_message() -> None:
    for end in (b"\r", b"\n", b"\r\n"):
        first, second = BODY.replace(b"\r", end), OTHER.replace(b"\r", end)
        assert wrap_file(first + end + second) == wrap(first + end) + wrap(second)


def test_a_file_with_frames_stays_as_it_is() -> None:
    assert wrap_file(wrap(BODY)) == wrap(BODY)


def test_a_byte_order_mark_hides_no_message_of_a_file() -> None:
    assert wrap_file(b"\xef\xbb\xbf" + BODY + OTHER) == wrap(BODY) + wrap(OTHER)


def test_a_file_without_a_message_is_one_frame_and_later_damage() -> None:
    assert Framed().feed(wrap_file(b"nothing")) == [Damage("no message in the frame", 8)]
