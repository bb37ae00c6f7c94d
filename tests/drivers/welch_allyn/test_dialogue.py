"""The conversation in virtual time; nothing but an acknowledgement leaves."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Port, Purpose, Request
from drivers.vocabulary import Metric, Reason, Validity
from drivers.welch_allyn import FAMILY
from simulators.api import Cuff, Fixed, StillBedside, Vitals
from simulators.welch_allyn.device import WelchAllynDevice, WelchAllynDeviceSettings
from tests.converse import START, converse
from tests.prove.families import listed_requests

EXAMPLE = listed_requests("welch_allyn")[0].data


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
        (Metric.SPO2, 98, Validity.VALID), (Metric.FICO2, 0, Validity.VALID), (Metric.ETCO2, 38, Validity.VALID),
        (Metric.RESPIRATION_RATE, 14, Validity.VALID),
        (Metric.NIBP_SYSTOLIC, 121, Validity.VALID), (Metric.NIBP_DIASTOLIC, 77, Validity.VALID),
        (Metric.NIBP_MEAN, 92, Validity.VALID),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("vitals", "metric"),
    [
        (Vitals(leads=False), Metric.HEART_RATE), (Vitals(standby=True), Metric.HEART_RATE),
        (Vitals(probe="off"), Metric.SPO2), (Vitals(probe="searching"), Metric.SPO2),
        (Vitals(co2_line=False), Metric.ETCO2), (Vitals(standby=True), Metric.TEMPERATURE),
    ],
)  # fmt: skip
def test_a_sensor_that_is_off_has_no_value(vitals: Vitals, metric: Metric) -> None:
    (found,) = (r for r in converse(FAMILY, device(vitals), 1.0).reports[0].readings if r.metric is metric)
    assert (found.value, found.validity, found.reason) == (None, Validity.INVALID, Reason.DISOWNED)


def test_a_byte_at_a_time_is_the_same() -> None:
    server = device(Vitals())
    heard = converse(FAMILY, server, 1.0, wire=lambda data: [bytes([byte]) for byte in data])
    assert (len(heard.reports), heard.damage, server.violations) == (1, [], [])


def test_a_lost_message_is_sent_again() -> None:
    server = device(Vitals())
    writes = iter((0, 1, 1, 1))
    heard = converse(FAMILY, server, 20.0, wire=lambda data: [data] if next(writes) else [data[:40]])
    assert [part.reason for part in heard.damage] == ["frame not closed"]
    assert (len(heard.reports), len(heard.sent), server.unanswered) == (1, 1, [])


hostile = st.text(max_size=40) | st.sampled_from(
    ["\x1c\r\x0bMSH|^~\\&|||||||RGV^O15|1|P|2.4\r", "|" * 30, "ORC|NW", "^"]
)


@given(st.lists(hostile, min_size=1, max_size=22))
@settings(max_examples=100)
def test_no_senders_text_shapes_what_leaves(cells: list[str]) -> None:
    head = ["MSH", "^~\\&", *cells]
    head[8:9] = ["ORU^R01"]
    data = b"\x0b" + f"{'|'.join(head)}\rOBX|1|ST|Heart Rate^^WAP||80\r".encode("utf-8", "replace") + b"\x1c\r"
    for request in FAMILY.dialogue(FAMILY.settings(), Port(peer="192.0.2.7")).receive(data, START):
        if isinstance(request, Request):
            said = request.encode()
            assert FAMILY.recognise(said) == request
            assert said.count(b"\x0b") == said.count(b"\x1c") == 1
            assert [part[:3] for part in said[1:-2].split(b"\r")[1:-1]] in ([b"MSA"], [b"MSA", b"ERR"])


def test_one_acknowledgement_is_all() -> None:
    (declared,) = FAMILY.requests
    assert declared.purpose is Purpose.ACKNOWLEDGE
