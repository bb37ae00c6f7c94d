"""Reads only: what the gate lets through, and that nothing else can come out."""

from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Purpose, Request
from drivers.ge_dri import FAMILY
from drivers.ge_dri.driver import DriDialogue
from drivers.ge_dri.framing import wrap
from drivers.ge_dri.requests import (
    LEVELS,
    WAVE_RATES,
    AskAlarms,
    StartNumerics,
    StartWaves,
    StopNumerics,
    StopWaves,
    are_waves,
    recognise,
)
from drivers.ge_dri.settings import DriSettings
from simulators.api import StillBedside
from simulators.ge_dri.monitor import Monitor, MonitorSettings
from tests.captures import load
from tests.converse import START
from tests.drivers.ge_dri.records import HERE, block, real_words, record
from tests.prove.families import forbidden_frames

CONSTRUCTED = load(HERE / "captures" / "03_requests.hex").frames
ALLOWED = [
    StartNumerics(10, 5, 14).encode(),
    StartNumerics(0, 1, 0).encode(),
    StopNumerics(11).encode(),
    StartWaves(10, (8,)).encode(),
    StartWaves(7, (1, 8, 9, 15)).encode(),
    StopWaves(0).encode(),
    AskAlarms(9).encode(),
]


FORBIDDEN = list(forbidden_frames("ge_dri"))


def asked(
    main_type: int, body: bytes, level: int = 10, number: int = 0, plug: int = 0, rest: bytes = bytes(18)
) -> bytes:
    head = pack("<hBBHIBBHh", 40 + len(body), number, level, plug, 0, 0, 0, 0, main_type)
    return wrap(head + b"\0\0\0\0\0\xff" + rest + body)


def numerics(kind: int, interval: int, classes: int, tail: int = 0) -> bytes:
    return pack("<BhIh", kind, interval, classes, tail)


def test_the_requests_written_by_hand_are_ours() -> None:
    assert [StartNumerics(10, 5, 14).encode(), StopNumerics(10).encode(), StartWaves(10, (8,)).encode()] == CONSTRUCTED


def test_nothing_is_acknowledged_and_nothing_has_an_effect() -> None:
    assert {kind.purpose for kind in FAMILY.requests} == {Purpose.QUERY, Purpose.LINK}
    assert not any(kind.effect for kind in FAMILY.requests)
    assert not FAMILY.refused


@pytest.mark.parametrize(
    "data",
    [
        asked(0, numerics(2, 5, 14)),  # trends
        asked(0, numerics(3, 5, 14)),
        asked(0, numerics(4, 5, 14)),  # auxiliary
        asked(0, numerics(1, -1, 14)),  # once
        asked(0, numerics(1, 61, 14)),
        asked(0, numerics(1, 0, 14)),
        asked(0, numerics(1, 5, 15)),  # without the basic class
        asked(0, numerics(1, 5, 16)),
        asked(0, numerics(1, 5, 14, tail=1)),
        asked(0, numerics(1, 5, 14), level=5),
        asked(0, numerics(1, 5, 14), level=12),
        asked(0, numerics(1, 5, 14), number=1),
        asked(0, numerics(1, 5, 14), plug=1),
        asked(0, numerics(1, 5, 14), rest=bytes(17) + b"\1"),
        asked(1, pack("<hh8s20x", 2, 0, b"\x08\xff")),  # timed
        asked(1, pack("<hh8s20x", 1, 0, b"\x08\xff")),
        asked(1, pack("<hh8s20x", 0, 1, b"\x08\xff")),
        asked(1, pack("<hh8s20x", 0, 0, b"\xff\x08")),
        asked(1, pack("<hh8s20x", 0, 0, b"\x08\xff\x09")),
        asked(1, pack("<hh8s20x", 0, 0, b"\x0e\xff")),  # FLOW, whose rate is not known
        asked(1, pack("<hh8s20x", 0, 0, b"\x01\x02\x03\xff")),  # 900 samples/s
        asked(1, pack("<hh8s20x", 0, 0, b"\x08\x08\xff")),
        asked(1, pack("<hh8s20x", 0, 0, bytes(range(8, 14)) + b"\x0f\x04")),  # eight, without an end
        asked(4, pack("<h10x", 2)),  # on change
        asked(4, pack("<h10x", 3)),
    ],
)
def test_what_the_protocol_has_and_we_do_not_need_is_refused_too(data: bytes) -> None:
    assert recognise(data) is None
    assert recognise(asked(0, numerics(1, 5, 14))) == StartNumerics(10, 5, 14)


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_changed_byte_passes(frame: bytes) -> None:
    for position in range(len(frame)):
        for value in range(256):
            changed = frame[:position] + bytes([value]) + frame[position + 1 :]
            assert (recognise(changed) is None) == (changed != frame), changed


@pytest.mark.parametrize("frame", ALLOWED)
def test_no_truncation_and_no_addition_passes(frame: bytes) -> None:
    for end in range(len(frame)):
        assert recognise(frame[:end]) is None
        assert recognise(frame[end + 1 :]) is None
    for other in (*ALLOWED, *(data for data, _ in FORBIDDEN), b"\x7e", b"\x00", b"\r"):
        assert recognise(frame + other) is None
        assert recognise(other + frame) is None
    assert recognise(frame[:-1] + frame) is None


levels = st.sampled_from(LEVELS)
requests = st.one_of(
    st.builds(StartNumerics, levels, st.integers(1, 60), st.integers(0, 7).map(lambda bits: bits << 1)),
    st.builds(StopNumerics, levels),
    st.builds(
        StartWaves, levels, st.lists(st.sampled_from(sorted(WAVE_RATES)), max_size=7).map(tuple).filter(are_waves)
    ),
    st.builds(StopWaves, levels),
    st.builds(AskAlarms, levels),
)


@given(requests)
@settings(max_examples=100)
def test_every_request_that_can_be_built_is_understood_as_itself(request: Request) -> None:
    assert recognise(request.encode()) == request
    device = Monitor(StillBedside(), MonitorSettings())
    device.open(START)
    device.receive(request.encode(), START)
    assert (device.violations, device.tampered) == ([], False)


@given(st.binary(max_size=80), st.sampled_from([0, 1, 4, 5]))
@settings(max_examples=100)
def test_what_passes_is_what_it_is_taken_for(data: bytes, main_type: int) -> None:
    for candidate in (data, wrap(data), asked(main_type, data)):
        found = recognise(candidate)
        assert found is None or (found.encode() == candidate and type(found) in FAMILY.requests)


@pytest.mark.parametrize(
    "build",
    [
        lambda: StartNumerics(level=6),
        lambda: StartNumerics(interval_s=0),
        lambda: StartNumerics(interval_s=61),
        lambda: StartNumerics(classes=1),
        lambda: StartWaves(kinds=()),
        lambda: StartWaves(kinds=(0,)),
        lambda: StartWaves(kinds=(1, 2, 3)),
        lambda: AskAlarms(level=255),
    ],
)
def test_no_other_request_can_be_built(build: object) -> None:
    assert callable(build)
    with pytest.raises(ValueError, match="take"):
        build()


hostile = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([*ALLOWED, *(data for data, _ in FORBIDDEN), record(block(0, real_words()))]),
    st.integers(0, 255).map(lambda level: record(block(0, real_words()), level=level)),
)


@given(st.lists(st.tuples(st.integers(0, 3), hostile), max_size=25), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_answer_shapes_what_we_send(script: list[tuple[int, bytes]], talks: bool) -> None:
    chosen = DriSettings(waves=("pleth",) if talks else (), alarms=talks)
    dialogue = DriDialogue(chosen, Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    for request in (output for output in outputs if isinstance(output, Request)):
        assert recognise(request.encode()) == request
        assert type(request) in FAMILY.requests
        level = request.level if isinstance(request, StartNumerics | StartWaves | AskAlarms) else None
        wanted = (StartNumerics(level, 5, 14), StartWaves(level, (8,)), AskAlarms(level)) if level is not None else ()
        assert request in wanted
