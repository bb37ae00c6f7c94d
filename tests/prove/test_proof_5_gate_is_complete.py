"""Proof 5: the gate lets pass what the manifest lists, and nothing near it."""

import random

import pytest

from drivers.api import Family, Request
from gateway.errors import ForbiddenRequestError
from gateway.link import permit
from tests.prove.families import family_of, forbidden_frames, listed_requests


def passes(family: Family, data: bytes) -> bool:
    """Say whether some declared request could leave as these bytes."""
    request = family.recognise(data)
    if request is None:
        return False
    try:
        permit(family, request, data, accepts_effects=True)
    except ForbiddenRequestError:
        return False
    return True


def is_refused(family: Family, data: bytes) -> bool:
    """Say that these bytes are no request at all, so that the gate lets them pass as none."""
    return family.recognise(data) is None


def test_the_allow_list_is_the_manifest(name: str) -> None:
    family = family_of(name)
    listed = listed_requests(name)
    declared = {(request.__name__, request.purpose.name, request.effect or "-") for request in family.requests}
    assert {(row.request, row.purpose, row.effect) for row in listed} == declared
    for row in listed:
        request = family.recognise(row.data)
        assert isinstance(request, Request)
        assert type(request).__name__ == row.request, row
        assert request.encode() == row.data
        assert row.section, "no source"
        assert passes(family, row.data)


def test_each_forbidden_frame_is_refused(name: str) -> None:
    family = family_of(name)
    for data, words in forbidden_frames(name):
        assert is_refused(family, data), f"the gate would let pass: {words}"


def test_no_request_is_or_begins_a_forbidden_frame_nor_the_reverse(name: str) -> None:
    for row in listed_requests(name):
        for data, words in forbidden_frames(name):
            assert row.data != data, words
            assert not row.data.startswith(data), words


def test_no_forbidden_frame_can_be_made_an_allowed_one_by_saying_it_as_another_request(name: str) -> None:
    family = family_of(name)
    for row in listed_requests(name):
        request = family.recognise(row.data)
        assert request is not None
        for data, _ in forbidden_frames(name):
            with pytest.raises(ForbiddenRequestError):
                permit(family, request, data, accepts_effects=True)


def test_each_change_of_one_byte_is_refused_or_another_declared_request(name: str) -> None:
    """A harmed frame may still be a declared request (another slot, another id), but then exactly that one."""
    family = family_of(name)
    for row in listed_requests(name):
        for at in range(len(row.data)):
            for byte in range(256):
                data = row.data[:at] + bytes((byte,)) + row.data[at + 1 :]
                request = family.recognise(data)
                if request is not None:
                    assert type(request) in family.requests
                    assert request.encode() == data
                    assert not any(data == forbidden for forbidden, _ in forbidden_frames(name))


def test_each_truncation_is_refused_or_a_declared_request_by_itself(name: str) -> None:
    family = family_of(name)
    whole = {row.data for row in listed_requests(name)}
    for row in listed_requests(name):
        for end in range(len(row.data)):
            assert row.data[:end] in whole or is_refused(family, row.data[:end]), row.request
            assert row.data[end:] in whole or is_refused(family, row.data[end:]) or end == 0, row.request


def test_frames_side_by_side_are_refused(name: str) -> None:
    family = family_of(name)
    frames = [row.data for row in listed_requests(name)]
    others = [data for data, _ in forbidden_frames(name)]
    for first in frames:
        pieces = [first[at:] for at in range(len(first))] + [first[:at] for at in range(1, len(first))]
        for second in (*frames, *others, *pieces, *(bytes((byte,)) for byte in range(256))):
            assert is_refused(family, first + second)
            assert is_refused(family, second + first)


def test_noise_is_refused(name: str) -> None:
    family, chance = family_of(name), random.Random(name)
    whole = {row.data for row in listed_requests(name)}
    for data in (b"", *(bytes((byte,)) for byte in range(256))):
        assert data in whole or is_refused(family, data)
    for _ in range(2000):
        assert is_refused(family, chance.randbytes(chance.randrange(2, 80)))
