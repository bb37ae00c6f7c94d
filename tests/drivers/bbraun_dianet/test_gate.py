"""Reads only: what the gate lets through, and that nothing else can come out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import bbraun_dianet
from drivers.api import Port, Purpose, Request
from drivers.bbraun_dianet import FAMILY
from drivers.bbraun_dianet.codec import Crc, ReadIdent, recognise
from drivers.bbraun_dianet.driver import DianetDialogue, DianetSettings
from simulators.api import Fixed, PumpView, StillBedside
from simulators.bbraun_dianet.commands import LENGTHS, frame
from simulators.bbraun_dianet.device import DianetDevice, DianetDeviceSettings
from tests.captures import load
from tests.converse import START, converse
from tests.prove.families import forbidden_frames, listed_requests

HERE = Path(__file__).parent
ALLOWED = {ReadIdent(crc).encode() for crc in Crc}
SAID = [data for crc in Crc for data in load(HERE / "captures" / f"replies_{crc.value}.hex").frames]


FORBIDDEN = list(forbidden_frames("bbraun_dianet"))


def test_one_question_and_the_family_is_refused_by_default() -> None:
    assert FAMILY.requests == {ReadIdent}
    assert ReadIdent.purpose is Purpose.QUERY
    assert "UNVERIFIED" in FAMILY.refused
    assert "UNVERIFIED" in FAMILY.link_loss
    assert {row.data for row in listed_requests("bbraun_dianet")} == ALLOWED
    assert not any(0x80 in good for good in ALLOWED)


def test_every_writing_segment_stands_in_the_forbidden_list() -> None:
    assert set(LENGTHS) <= {data[2] for data, _ in FORBIDDEN if data[0] == 0x7E and len(data) > 2}


@pytest.mark.parametrize("crc", ["braun", "ccitt_false"])
def test_no_other_segment_and_no_other_address_passes(crc: str) -> None:
    for address in range(256):
        for segment in range(256):
            found = recognise(frame(address, segment, crc=crc))
            assert (found is None) == ((address, segment) != (0, 1)), (address, segment)
    assert recognise(frame(0, 1, b"\x00", crc)) is None


@given(st.binary(max_size=20))
@settings(max_examples=100)
def test_what_passes_is_what_it_is_taken_for(data: bytes) -> None:
    for candidate in (data, frame(0, 1, data), b"\x7e" + data + b"\x7e"):
        found = recognise(candidate)
        assert found is None or (found.encode() == candidate and type(found) in FAMILY.requests)


hostile = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([*SAID, *ALLOWED, *(data for data, _ in FORBIDDEN), b"\x7e", b"\x80"]),
    st.builds(
        frame, st.sampled_from([0, 0x41]), st.integers(0, 0x16), st.binary(max_size=30).map(lambda d: b"\x06" + d)
    ),
)


@given(st.lists(st.tuples(st.integers(0, 3), hostile), max_size=25), st.booleans())
@settings(max_examples=100)
def test_no_reply_shapes_what_we_send(script: list[tuple[int, bytes]], is_asking: bool) -> None:
    dialogue = DianetDialogue(DianetSettings(ask=is_asking), Port())
    now = START
    outputs = list(dialogue.open(now))
    for ticks, data in script:
        for _ in range(ticks):
            now = max(now, dialogue.wake_at or now)
            outputs += dialogue.tick(now)
        outputs += dialogue.receive(data, now)
    outputs += dialogue.close(now)
    requests = [output.encode() for output in outputs if isinstance(output, Request)]
    assert set(requests) <= ({ReadIdent().encode()} if is_asking else set())


def test_hostile_names_change_no_byte_that_is_sent() -> None:
    def sent(software: str) -> list[bytes]:
        device = DianetDevice(StillBedside(pumps={"11": Fixed(PumpView())}), DianetDeviceSettings(software=software))
        return converse(FAMILY, device, 60).sent

    assert sent("~A") == sent("}]}]") == sent("") == sent("FM 2.34")


def test_the_driver_holds_no_word_for_a_writing_segment() -> None:
    sources = Path(bbraun_dianet.__file__).parent.glob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert "IDENT" in text
    assert not [word for word in ("AKTION", "CC_MODE", "WSEG", "START_STOP") if word in text]
