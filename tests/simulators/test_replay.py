from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.capture import Piece
from simulators.replay import Recording

PIECES = (
    Piece(2.0, "rx", 0, b"a"),
    Piece(2.1, "tx", 0, b"?"),
    Piece(3.0, "rx", 0, b"b"),
    Piece(3.0, "rx", 0, b"c"),
    Piece(10.0, "rx", 1, b"d"),
)


def said(recording: Recording, until: float, now: float = 100.0) -> list[tuple[float, bytes]]:
    found = [(now, data) for data in recording.open(now)]
    while recording.wake_at is not None and recording.wake_at <= until:
        now = recording.wake_at
        found += [(now, data) for data in recording.tick(now)]
    return found


def test_what_was_heard_is_said_again_with_the_times_between() -> None:
    ended: list[bool] = []
    recording = Recording(PIECES, when_done=lambda: ended.append(True))
    assert said(recording, 101.0) == [(100.0, b"a"), (101.0, b"b"), (101.0, b"c")]
    assert not ended
    assert recording.tick(108.0) == [b"d"]
    assert ended
    assert recording.wake_at is None


def test_speed_shortens_the_times() -> None:
    assert said(Recording(PIECES, speed=10.0), 200.0)[-1] == (100.8, b"d")


def test_nobody_hears_what_is_due_while_the_port_is_closed() -> None:
    recording = Recording(PIECES)
    said(recording, 100.5)
    recording.close(100.5)
    assert recording.wake_at is None
    assert recording.open(105.0) == []
    assert recording.tick(108.0) == [b"d"]


def test_it_answers_nobody_and_judges_nobody() -> None:
    recording = Recording(PIECES)
    assert recording.receive(b"WRITE", 100.0) == []
    assert (recording.violations, recording.tampered) == ([], False)


def test_an_empty_recording_is_over_at_once() -> None:
    ended: list[bool] = []
    recording = Recording((), when_done=lambda: ended.append(True))
    assert said(recording, 200.0) == []
    assert ended


times = st.lists(st.floats(0.0, 1e5), max_size=20).map(sorted)


@given(times, st.floats(0.1, 100.0))
@settings(max_examples=60)
def test_everything_is_said_once_in_order(moments: list[float], speed: float) -> None:
    pieces = [Piece(t, "rx", 0, b"%d" % number) for number, t in enumerate(moments)]
    found = said(Recording(pieces, speed), 1e9)
    assert [data for _, data in found] == [piece.data for piece in pieces]
    assert all(a <= b for (a, _), (b, _) in pairwise(found))
