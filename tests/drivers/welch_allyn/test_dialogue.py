"""The conversation in virtual time; nothing but an acknowledgement leaves."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Purpose
from drivers.vocabulary import Metric, Validity
from drivers.welch_allyn import FAMILY
from simulators.api import Cuff, Fixed, StillBedside, Vitals
from simulators.welch_allyn.device import WelchAllynDevice, WelchAllynDeviceSettings
from tests.converse import START, converse

FOLDER = Path(__file__).parent


def lines(name: str) -> list[list[str]]:
    text = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in text if line and not line.startswith("#")]


FORBIDDEN = [(bytes.fromhex(data), words) for data, words in lines("forbidden.txt")]
((NAME, PURPOSE, EFFECT, _, EXAMPLE_HEX),) = lines("requests.txt")
EXAMPLE = bytes.fromhex(EXAMPLE_HEX)


def device(vitals: Vitals) -> WelchAllynDevice:
    return WelchAllynDevice(StillBedside(patient=Fixed(vitals)), WelchAllynDeviceSettings())


def test_a_day_of_reports() -> None:
    server = device(Vitals(cuff=Cuff(START - 60.0, 121, 77, 92, 66)))
    heard = converse(FAMILY, server, 86_400.0)
    assert (server.violations, server.unanswered, server.refused, heard.damage) == ([], [], [], [])
    assert len(heard.reports) == len(heard.sent) == 206
    assert heard.sent[0] == EXAMPLE
    assert [(r.metric, r.value, r.validity) for r in heard.reports[-1].readings] == [
        (Metric.HEART_RATE, 72, Validity.VALID), (Metric.TEMPERATURE, 36.6, Validity.VALID),
        (Metric.NIBP_SYSTOLIC, 121, Validity.VALID), (Metric.NIBP_DIASTOLIC, 77, Validity.VALID),
        (Metric.NIBP_MEAN, 92, Validity.VALID),
    ]  # fmt: skip


@pytest.mark.parametrize("vitals", [Vitals(leads=False), Vitals(standby=True)])
def test_a_sensor_that_is_off_has_no_value(vitals: Vitals) -> None:
    found = converse(FAMILY, device(vitals), 1.0).reports[0].readings[0]
    assert (found.value, found.validity) == (None, Validity.INVALID)


def test_the_inventory_is_what_the_code_declares() -> None:
    (declared,) = FAMILY.requests
    assert (declared.__name__, declared.purpose.name, declared.effect or "-") == (NAME, PURPOSE, EFFECT)
    assert declared.purpose is Purpose.ACKNOWLEDGE
    assert type(FAMILY.recognise(EXAMPLE)) is declared


@pytest.mark.parametrize(("data", "words"), FORBIDDEN, ids=[words for _, words in FORBIDDEN])
def test_the_gate_refuses_and_the_latch_trips(data: bytes, words: str) -> None:
    for refused in (data, EXAMPLE + data, data + EXAMPLE):
        assert FAMILY.recognise(refused) is None
    server = device(Vitals())
    server.open(START)
    server.receive(data, START)
    assert server.tampered
    assert server.violations


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=100)
def test_a_changed_byte_makes_another_acknowledgement_or_none(at: int, byte: int) -> None:
    at %= len(EXAMPLE)
    changed = EXAMPLE[:at] + bytes([byte]) + EXAMPLE[at + 1 :]
    found = FAMILY.recognise(changed)
    assert found is None or found.encode() == changed
    assert FAMILY.recognise(EXAMPLE[:at]) is None
