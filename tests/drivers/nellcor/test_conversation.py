"""The dialogue and the simulated oximeter on one wire, in virtual time."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

import pytest

from drivers.api import Identity
from drivers.nellcor import FAMILY
from drivers.vocabulary import AlarmCode
from simulators.api import Fixed, NoSettings, Signal, StillBedside, Vitals
from simulators.nellcor.oximeter import MENU, NellcorDevice
from tests.converse import START, Heard, converse


def device(vitals: Vitals | None = None) -> NellcorDevice:
    return NellcorDevice(StillBedside(patient=Fixed(vitals or Vitals())), NoSettings())


def said(heard: Heard, name: str) -> set[tuple[object, str, str | None]]:
    readings = (r for report in heard.reports for r in report.readings if r.name == name)
    return {(r.value, r.validity.value, r.reason.value if r.reason else None) for r in readings}


def test_a_day_is_43200_reports_two_seconds_apart() -> None:
    oximeter = device()
    heard = converse(FAMILY, oximeter, seconds=86_400)
    assert len(heard.reports) == 43_200
    assert (heard.damage, heard.sent, oximeter.violations, oximeter.tampered) == ([], [], [], False)
    times = [report.device_time for report in heard.reports if report.device_time]
    assert {b - a for a, b in pairwise(times)} == {timedelta(seconds=2)}
    assert said(heard, "%SpO2") == {(98, "valid", None)}
    assert said(heard, "BPM") == {(72, "valid", None)}
    identities = [output for output in heard.outputs if isinstance(output, Identity)]
    assert identities == [Identity("", "Nellcor", "N-560", firmware="1.61.00", dialect="ASCII")]


def test_a_header_stands_before_every_22nd_line() -> None:
    oximeter = device()
    oximeter.open(START)
    sizes = [len(list(oximeter.tick(START + 2 * line))) for line in range(1, 100)]
    places = [place for place, size in enumerate(sizes) if size == 4]
    assert places[0] == 0
    assert {b - a for a, b in pairwise(places[1:])} == {22}
    assert set(sizes) == {1, 4}


@pytest.mark.parametrize(
    ("vitals", "expected"),
    [
        (Vitals(probe="off"), (None, "absent", "sensor off")),
        (Vitals(standby=True), (None, "absent", "sensor off")),
        (Vitals(probe="none"), (None, "absent", "no sensor")),
        (Vitals(probe="searching"), (None, "invalid", "searching")),
        (Vitals(motion=True), (98, "questionable", "motion")),
        (Vitals(spo2=0.2), (None, "invalid", "implausible")),
    ],
)
def test_what_the_sensor_finds_is_heard(vitals: Vitals, expected: tuple[int | None, str, str]) -> None:
    assert said(converse(FAMILY, device(vitals), seconds=10), "%SpO2") == {expected}


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ((Signal(AlarmCode.DESATURATION, "SpO2 LOW"),), {("limit_low", "spo2")}),
        ((Signal(AlarmCode.LIMIT_HIGH, "SpO2 HIGH"),), {("limit_high", "spo2")}),
        ((Signal(AlarmCode.LIMIT_LOW, "HR LOW"),), {("limit_low", "pulse")}),
        ((Signal(AlarmCode.LIMIT_HIGH, "PR HIGH"),), {("limit_high", "pulse")}),
        ((Signal(AlarmCode.LIMIT_HIGH, "EtCO2 HIGH"), Signal(AlarmCode.APNOEA, "APNOEA")), set()),
        (
            (Signal(AlarmCode.LIMIT_HIGH, "HR HIGH"), Signal(AlarmCode.DESATURATION, "SpO2 LOW")),
            {("limit_low", "spo2"), ("limit_high", "pulse")},
        ),
    ],
)
def test_its_own_alarms_are_heard_and_no_others(signals: tuple[Signal, ...], expected: set[tuple[str, str]]) -> None:
    heard = converse(FAMILY, device(Vitals(alarms=signals)), seconds=10)
    assert {(alarm.code.value, alarm.source) for r in heard.reports for alarm in r.alarms or ()} == expected


def test_one_byte_at_a_time_is_as_good_as_a_line() -> None:
    def slowly(data: bytes) -> Iterable[bytes]:
        return [data[i : i + 1] for i in range(len(data))]

    whole, slow = (converse(FAMILY, device(), seconds=300, wire=wire) for wire in (lambda d: [d], slowly))
    assert slow.reports == whole.reports
    assert slow.damage == whole.damage == []


def test_who_opens_the_menu_stops_the_stream() -> None:
    oximeter = device()
    oximeter.open(START)
    assert list(oximeter.receive(b"\x03", START)) == []
    assert list(oximeter.receive(b"\x03", START)) == [MENU]
    assert list(oximeter.tick(START + 2)) == []
    assert list(oximeter.receive(b"0", START + 3)) == []
    assert len(oximeter.tick(START + 4)) == 4
    oximeter.close(START + 5)
    assert oximeter.wake_at is None
