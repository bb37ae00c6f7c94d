"""What a batch means: values, and everything that is none."""

import pytest

from drivers.api import Identity, Reading
from drivers.sapphire.channels import CHANNELS
from drivers.sapphire.codec import Decoder, Message
from drivers.sapphire.readings import identity, is_readable, report
from drivers.vocabulary import InfusionState, Metric, Reason, Validity
from tests.drivers.sapphire.test_codec import RESTING, RUNNING, SHORT, TRICKY

M, S = Metric, InfusionState


def data_of(frame: bytes) -> bytes:
    (found,) = Decoder().feed(frame)
    assert isinstance(found, Message)
    return found.data


def changed(offset: int, raw: bytes) -> bytes:
    data = bytearray(data_of(RUNNING))
    data[offset : offset + len(raw)] = raw
    return bytes(data)


def said(data: bytes) -> dict[str, Reading]:
    return {reading.metric.value: reading for reading in report(data).readings}


def test_a_running_pump() -> None:
    assert report(data_of(RUNNING)).readings == [
        Reading(M.INFUSION_STATE, S.INFUSING, name="rate", raw="3200"),
        Reading(M.INFUSION_RATE, 5.0, "mL/h", name="rate", raw="3200"),
        Reading(M.VOLUME_REMAINING, 50.0, "mL", name="VTBI left", raw="88130000"),
        Reading(M.VOLUME_INFUSED, 123.45, "mL", name="delivered", raw="39300000"),
        Reading(M.UNMAPPED, 20, name="drop size", raw="1400"),
    ]


def test_a_rate_of_0_does_not_say_why() -> None:
    readings = said(data_of(RESTING))
    assert readings["infusion_state"].value == S.UNKNOWN
    assert (readings["infusion_rate"].value, readings["infusion_rate"].validity) == (0.0, Validity.VALID)


@pytest.mark.parametrize("frame", [RUNNING, RESTING, TRICKY])
def test_no_alarm_is_named_and_none_denied(frame: bytes) -> None:
    assert report(data_of(frame)).alarms is None


def test_who_it_is() -> None:
    assert identity(data_of(RUNNING)) == Identity("", "Q Core", "Sapphire", "123456", "15000")
    assert identity(data_of(TRICKY)).serial == str(0xBB6500BB)


def test_a_shorter_batch_is_another_firmwares() -> None:
    assert is_readable(data_of(RUNNING))
    assert is_readable(data_of(TRICKY))  # a longer one
    assert not is_readable(data_of(SHORT))
    assert not is_readable(b"")


@pytest.mark.parametrize(("offset", "size", "metric"), [(c.field.offset, c.field.size, c.metric) for c in CHANNELS])
def test_all_bits_set_is_no_value(offset: int, size: int, metric: Metric) -> None:
    readings = said(changed(offset, b"\xff" * size))
    reading = readings[metric.value]
    assert (reading.value, reading.validity, reading.reason) == (None, Validity.INVALID, Reason.IMPLAUSIBLE)
    assert readings["infusion_state"].value == (S.UNKNOWN if metric is M.INFUSION_RATE else S.INFUSING)


@pytest.mark.parametrize(
    ("offset", "raw", "metric", "value"),
    [
        (47, (9999).to_bytes(2, "little"), M.INFUSION_RATE, 999.9),
        (47, (10000).to_bytes(2, "little"), M.INFUSION_RATE, 1000.0),
        (163, (999999).to_bytes(4, "little"), M.VOLUME_REMAINING, 9999.99),
        (163, (1000000).to_bytes(4, "little"), M.VOLUME_REMAINING, 10000.0),
        (163, bytes(4), M.VOLUME_REMAINING, 0.0),
    ],
)
def test_what_no_display_shows_is_doubtful(offset: int, raw: bytes, metric: Metric, value: float) -> None:
    reading = said(changed(offset, raw))[metric.value]
    assert reading.value == value
    assert (reading.reason is Reason.IMPLAUSIBLE) == (value >= 1000.0 and value != 9999.99)


def test_a_rate_that_no_pump_has_is_no_proof_of_an_infusion() -> None:
    assert said(changed(47, (9999).to_bytes(2, "little")))["infusion_state"].value == S.INFUSING
    assert said(changed(47, (10000).to_bytes(2, "little")))["infusion_state"].value == S.UNKNOWN


def test_all_bits_set_is_no_serial_number() -> None:
    assert identity(changed(38, b"\xff" * 4)).serial == ""
    assert identity(changed(34, b"\xff" * 4)).firmware == ""


def test_bytes_that_are_not_known_change_nothing() -> None:
    known = {place for c in CHANNELS for place in range(c.field.offset, c.field.offset + c.field.size)}
    for place in set(range(171)) - known:
        assert report(changed(place, b"\xa5")) == report(data_of(RUNNING))
