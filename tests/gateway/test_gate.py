"""The gate: nothing leaves towards a device but a declared request (what holds for every family is in tests/prove)."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Family, Output, Port, Purpose, Request
from gateway import link as link_module
from gateway.errors import ForbiddenRequestError
from gateway.link import permit
from gateway.registry import installed
from tests.gateway.parts import (
    PATIENCE_S,
    Ask,
    AskAndUse,
    Datagrams,
    Disguised,
    Hello,
    Stop,
    StopAfterwards,
    StopAtOnce,
    Taken,
    Talk,
    Undeclared,
    family,
    recognise,
    report,
    turns,
)

MADE_UP = family()


async def denied(talk: Talk) -> bytes:
    """Let a talk run that must be denied; gives what was written all the same."""
    async with talk.running() as task:
        talk.inbox.data_received(b"x")
        talk.store.commit()
        with pytest.raises(ForbiddenRequestError):
            await asyncio.wait_for(task, PATIENCE_S)
    return talk.said


# What is denied

DENIED: list[tuple[Request, str]] = [
    (Undeclared(), "recognised, but not declared"),
    (AskAndUse(), "an effect that nobody has accepted"),
    (Stop(), "bytes that are no request"),
    (StopAtOnce(), "the same, as a handshake"),
    (StopAfterwards(), "the same, as an acknowledgement"),
    (Disguised(), "bytes that are another request"),
]


@pytest.mark.parametrize(("request_", "why"), DENIED)
def test_the_gate_denies(request_: Request, why: str) -> None:
    with pytest.raises(ForbiddenRequestError, match=type(request_).__name__):
        permit(MADE_UP, request_, request_.encode(), accepts_effects=False)


@pytest.mark.parametrize(("request_", "why"), DENIED)
@pytest.mark.parametrize("moment", ["on opening", "on hearing", "on waking"])
async def test_what_is_denied_is_never_written_and_ends_the_conversation(
    request_: Request, why: str, moment: str
) -> None:
    talk = Talk()
    outputs: list[Output] = [report(), request_, Hello()]
    if moment == "on opening":
        talk.dialogue.on_open = outputs
    elif moment == "on hearing":
        talk.dialogue.answer = lambda _data: outputs
    else:
        talk.dialogue.wake_at, talk.dialogue.on_tick = 0.0, outputs
    said = await denied(talk)
    assert request_.encode() not in (b"", said)
    assert b"STOP" not in said
    assert said in (b"", b"H\n"), "a handshake behind an acknowledgement doesn't wait for it"


async def test_what_is_denied_on_leaving_is_not_written_either() -> None:
    talk = Talk()
    talk.dialogue.on_close = [Stop()]
    with pytest.raises(ForbiddenRequestError):
        talk.link().close()
    assert talk.said == b""


async def test_a_denial_is_logged_as_our_own_fault_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    talk = Talk()
    talk.dialogue.on_open = [Stop()]
    await denied(talk)
    (record,) = caplog.records
    assert record.levelname == "CRITICAL"
    assert record.getMessage() == "request denied: this is a bug"
    assert vars(record)["onlooker_fields"] == {"family": "made_up", "reason": "made_up: these 5 bytes are not Stop"}
    assert talk.ears.denials == [Stop()]


async def test_after_a_denial_the_dialogue_is_not_asked_again() -> None:
    talk = Talk()
    talk.dialogue.answer = lambda _data: [Stop()]
    async with talk.running():
        await talk.hear(b"x", b"y", b"z")
    assert talk.dialogue.calls.count("receive") == 1


def test_an_effect_passes_where_the_operator_has_accepted_it() -> None:
    permit(MADE_UP, AskAndUse(), AskAndUse().encode(), accepts_effects=True)


async def test_accepting_effects_opens_no_other_door() -> None:
    talk = Talk(accepts_effects=True)
    talk.dialogue.on_open = [AskAndUse(), Stop()]
    assert await denied(talk) == b"N\n"


async def test_a_subclass_of_a_declared_request_is_not_declared() -> None:
    @dataclass(frozen=True, slots=True)
    class Sly(Ask):
        """Says the same bytes."""

    talk = Talk()
    talk.dialogue.on_open = [Sly(1)]
    assert await denied(talk) == b""


async def test_a_request_whose_words_change_between_two_looks_is_written_as_it_was_judged() -> None:
    @dataclass(frozen=True)
    class Fickle(Request):
        """Encodes to something else each time."""

        purpose = Purpose.QUERY

        def encode(self) -> bytes:
            said.append(1)
            return b"?1\n" if len(said) == 1 else b"STOP\n"

    said: list[int] = []
    kind = replace(MADE_UP, requests=frozenset({Fickle}), recognise=lambda data: Fickle() if data == b"?1\n" else None)
    talk = Talk(family=kind)
    talk.dialogue.on_open = [Fickle()]
    async with talk.running():
        assert talk.said == b"?1\n"


async def test_a_gate_that_breaks_lets_nothing_through() -> None:
    def broken(_data: bytes) -> Request | None:
        raise ValueError("a bug in recognise")

    talk = Talk(family=replace(MADE_UP, recognise=broken))
    talk.dialogue.on_open = [Ask(1)]
    assert await denied(talk) == b"", "a gate that can't judge has denied: this is for us to mend, not to retry"
    with pytest.raises(ForbiddenRequestError, match=r"^made_up: recognise failed with ValueError$"):
        permit(replace(MADE_UP, recognise=broken), Ask(1), Ask(1).encode(), accepts_effects=True)


@pytest.mark.parametrize("output", [Ask(1), Hello(), Taken(1)])
async def test_a_family_that_declares_nothing_has_no_writer(output: Request) -> None:
    talk = Talk(family=family(requests=frozenset()))
    talk.dialogue.on_open = [report(), output]
    assert await denied(talk) == b""


async def test_without_a_writer_nothing_leaves_even_if_the_gate_were_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "permit", lambda *_, **__: None)  # each layer must hold alone
    talk = Talk(family=family(requests=frozenset()))
    talk.dialogue.on_open = [Hello()]
    with pytest.raises(ForbiddenRequestError, match=r"^made_up says nothing at all$"):
        await talk.link().run()
    assert talk.said == b""


async def test_a_request_that_claims_to_be_equal_to_any_is_denied() -> None:
    @dataclass(frozen=True, eq=False)
    class Smooth(Request):
        """Equal to whatever it is compared with."""

        purpose = Purpose.QUERY

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

        def encode(self) -> bytes:
            return b"H\n"

    talk = Talk(family=replace(MADE_UP, requests=frozenset({Smooth, Hello})))
    talk.dialogue.on_open = [Smooth()]
    assert await denied(talk) == b""


# Whatever bytes a request makes


@dataclass(frozen=True, slots=True)
class Anything(Request):
    """A request that could say anything: what the gate is there for."""

    data: bytes = b""
    purpose = Purpose.QUERY

    def encode(self) -> bytes:
        return self.data


ALLOWED = [b"?0\n", b"?1\n", b"H\n", b"A12\n"]


def allows(data: bytes) -> Request | None:
    return Anything(data) if data in ALLOWED else None


PERMISSIVE = replace(MADE_UP, requests=frozenset({Anything}), recognise=allows)


def mutations(frame: bytes) -> Iterator[bytes]:
    for at in range(len(frame)):
        yield frame[:at]
        yield frame[at + 1 :]
        for byte in range(256):
            yield frame[:at] + bytes((byte,)) + frame[at + 1 :]


def test_mutations_truncations_and_concatenations_of_what_is_allowed_are_denied() -> None:
    harmed = {harm for frame in ALLOWED for harm in mutations(frame)}
    harmed |= {one + other for one in ALLOWED for other in [*ALLOWED, b"STOP\n"]}
    harmed |= {b"STOP\n" + one for one in ALLOWED}
    for data in harmed - {*ALLOWED}:
        with pytest.raises(ForbiddenRequestError):
            permit(PERMISSIVE, Anything(data), data, accepts_effects=True)


@given(st.lists(st.one_of(st.sampled_from(ALLOWED), st.binary(max_size=8)), max_size=6))
@settings(max_examples=100, deadline=None)
async def test_only_what_is_recognised_ever_reaches_the_port(said: list[bytes]) -> None:
    talk = Talk(family=PERMISSIVE)
    talk.dialogue.on_open = [Anything(data) for data in said]
    async with talk.running():
        pass
    passed = []
    for data in said:
        if data not in ALLOWED:
            break
        passed.append(data)
    assert talk.said == b"".join(passed)


@given(st.integers(0, 9_999_999))
@settings(max_examples=50, deadline=None)
def test_a_request_out_of_bounds_is_denied(number: int) -> None:
    is_known = recognise(Ask(number).encode()) == Ask(number)
    assert is_known == (number <= 999_999)


async def test_acknowledgements_that_leave_together_are_each_judged() -> None:
    talk = Talk()
    talk.dialogue.answer = lambda data: [report(), StopAfterwards() if data == b"bad" else Taken(1)]
    async with talk.running() as task:
        await talk.hear(b"good", b"bad", b"good")
        talk.store.commit()
        with pytest.raises(ForbiddenRequestError):
            await asyncio.wait_for(task, PATIENCE_S)
    assert b"STOP" not in talk.said
    assert talk.said in (b"", b"A1\n")


async def test_each_request_is_a_datagram_of_its_own() -> None:
    wire = Datagrams()
    talk = Talk(transport=wire)
    talk.dialogue.on_open = [Hello(), Ask(1), Ask(2)]
    async with talk.running():
        assert wire.sent == [b"H\n", b"?1\n", b"?2\n"]


# Proof 7: garbage that comes in changes nothing that goes out


def flood(seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    words = [
        b"\x02RI\x03",
        b"MSH|^~\\&|",
        b"\x0b",
        b"\x1c\r",
        b"INF_STOP\r",
        b"<CR>",
        b"\x04",
        b"ACK",
        b"N\n",
        b"?1\n",
        b"STOP\n",
    ]
    for _ in range(200):
        yield chance.choice([chance.randbytes(chance.randrange(60)), chance.choice(words) * chance.randrange(1, 4)])


@pytest.mark.parametrize("kind", list(installed()), ids=lambda kind: kind.name)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_comes_in_only_declared_requests_go_out(kind: Family, seed: int) -> None:
    talk = Talk(family=kind, accepts_effects=True)
    talk.dialogue = kind.dialogue(kind.settings(), Port(peer="test"))  # type: ignore[assignment]  # a real one
    async with talk.running() as task:
        for data in flood(seed):
            talk.inbox.data_received(data)
        talk.store.commit()
        await turns()
        assert not task.done(), "a flood of garbage has ended the conversation"
    for data in talk.wire.written:
        assert _is_all_requests(kind, data), f"{data!r} has left"


def _is_all_requests(kind: Family, data: bytes) -> bool:
    """Say whether bytes are declared requests, one behind the other."""
    if not data:
        return True
    return any(
        type(kind.recognise(data[:end])) in kind.requests and _is_all_requests(kind, data[end:])
        for end in range(1, len(data) + 1)
    )
