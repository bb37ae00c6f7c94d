"""Proof 4: whatever a device answers, only declared requests leave, and its texts shape none of their words."""

import random
from collections.abc import Iterator
from functools import cache

import pytest

from drivers.api import Output, Request
from tests.converse import START, converse
from tests.prove.families import (
    chair,
    device_of,
    dialogue_of,
    family_of,
    forbidden_frames,
    judged,
    listed_requests,
    settings_of,
)

ROUNDS = 150
SPEECH_LIMIT = 400  # pieces of what a device says, to be misused


@cache
def speech(name: str) -> list[bytes]:
    """Give what the device says in ten minutes of a visit, piece by piece."""
    said: list[bytes] = []

    def keep(data: bytes) -> list[bytes]:
        said.append(data)
        return [data]

    converse(family_of(name), device_of(name, chair("S4", 7.0)), 600, settings=settings_of(name), wire=keep)
    return said[:SPEECH_LIMIT]


def hostile(name: str, chance: random.Random) -> Iterator[bytes]:
    """Give answers: true ones, harmed, cut, doubled, exchanged; requests and forbidden frames said back; noise."""
    true, orders = speech(name), [data for data, _ in forbidden_frames(name)]
    asked = [row.data for row in listed_requests(name)] or [b"?"]
    for _ in range(ROUNDS):
        data = bytearray(chance.choice(true))
        match chance.randrange(8):
            case 0:
                pass
            case 1:
                for _ in range(chance.randrange(1, 4)):
                    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            case 2:
                del data[chance.randrange(len(data)) :]
            case 3:
                data += chance.choice(true)
            case 4:
                at = chance.randrange(len(data) + 1)
                data[at:at] = chance.choice(orders)
            case 5:
                data = bytearray(chance.choice(asked))
            case 6:
                data = bytearray(chance.choice(orders))
            case _:
                data = bytearray(chance.randbytes(chance.randrange(1, 300)))
        yield bytes(data)


@pytest.mark.parametrize("seed", range(6))
def test_hostile_answers_never_make_anything_else_leave(name: str, seed: int) -> None:
    chance, family = random.Random(f"{name}/{seed}"), family_of(name)
    forbidden = {data for data, _ in forbidden_frames(name)}
    dialogue = dialogue_of(name)
    now = START
    outputs: list[Output] = [*dialogue.open(now)]
    for data in hostile(name, chance):
        now += chance.choice((0.0, 0.01, 1.0, 20.0))
        outputs += dialogue.receive(data, now)
        if dialogue.wake_at is not None and dialogue.wake_at <= now:
            outputs += dialogue.tick(now)
    outputs += dialogue.close(now)
    sent = [output.encode() for output in outputs if isinstance(output, Request)]
    for data in sent:
        judged(family, data)
        assert data not in forbidden
    assert bool(sent) <= bool(family.requests)
