"""The dialogue and the simulated oximeter on one wire, in virtual time."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from drivers.api import Identity
from drivers.masimo import FAMILY
from drivers.vocabulary import AlarmCode, Reason, Validity
from simulators.api import Fixed, Signal, StillBedside, Vitals
from simulators.masimo.oximeter import LAYOUTS, MasimoDevice, MasimoSettings, Model
from tests.captures import load_all
from tests.converse import START, Heard, converse

LINES = {capture.path.stem[:2]: capture.frames for capture in load_all(Path(__file__).parent / "captures")}


def device(vitals: Vitals | None = None, model: Model = "rad8", quirks: bool = False) -> MasimoDevice:
    return MasimoDevice(StillBedside(patient=Fixed(vitals or Vitals())), MasimoSettings(model, quirks))


def said(heard: Heard, name: str) -> set[tuple[object, Validity, Reason | None]]:
    return {(r.value, r.validity, r.reason) for report in heard.reports for r in report.readings if r.name == name}


def test_an_hour_is_3600_reports_a_second_apart() -> None:
    oximeter = device()
    heard = converse(FAMILY, oximeter, seconds=3600)
    assert len(heard.reports) == 3600
    assert (heard.damage, heard.sent, oximeter.violations, oximeter.tampered) == ([], [], [], False)
    times = [report.device_time for report in heard.reports if report.device_time]
    assert {b - a for a, b in pairwise(times)} == {timedelta(seconds=1)}
    assert said(heard, "SPO2") == {(98, Validity.VALID, None)}
    assert said(heard, "PI") == {(4.0, Validity.VALID, None)}


@pytest.mark.parametrize("model", LAYOUTS)
def test_each_model_says_the_same_patient(model: Model) -> None:
    heard = converse(FAMILY, device(model=model), seconds=10)
    assert (len(heard.reports), heard.damage) == (10, [])
    assert said(heard, "SPO2") == {(98, Validity.VALID, None)}
    assert said(heard, "BPM") == {(72, Validity.VALID, None)}
    identities = [output for output in heard.outputs if isinstance(output, Identity)]
    assert len(identities) == (model in ("rad8", "radical7_blue"))


@pytest.mark.parametrize(("model", "number"), list(zip(LAYOUTS, ("01", "04", "05", "06"), strict=True)))
def test_each_model_has_the_keys_and_widths_of_its_public_line(model: Model, number: str) -> None:
    oximeter = device(model=model)
    oximeter.open(START)
    (line,) = oximeter.tick(START + 1)
    shape = bytes.maketrans(b"0123456789ABCDEF", b"-" * 16)

    def widths(text: bytes) -> list[bytes]:
        keys, values = zip(*(pair.partition(b"=")[::2] for pair in text.split()), strict=True)
        return [*keys[2:], *(value.translate(shape) for value in values[2:])]

    assert widths(line) == widths(LINES[number][0])


@pytest.mark.parametrize(
    ("vitals", "expected"),
    [
        (Vitals(probe="off"), (None, Validity.ABSENT, Reason.SENSOR_OFF)),
        (Vitals(probe="none"), (None, Validity.ABSENT, Reason.NO_SENSOR)),
        (Vitals(probe="searching"), (None, Validity.ABSENT, Reason.SEARCHING)),
        (Vitals(standby=True), (None, Validity.ABSENT, Reason.NOT_AVAILABLE)),
        (Vitals(low_perfusion=True), (98, Validity.QUESTIONABLE, Reason.LOW_PERFUSION)),
        (Vitals(motion=True), (98, Validity.QUESTIONABLE, Reason.LOW_SIGNAL)),
        (Vitals(spo2=0.2), (None, Validity.ABSENT, Reason.NOT_AVAILABLE)),
    ],
)
def test_what_the_sensor_finds_is_heard(vitals: Vitals, expected: tuple[int | None, Validity, Reason | None]) -> None:
    for model in LAYOUTS:
        assert said(converse(FAMILY, device(vitals, model=model), seconds=3), "SPO2") == {expected}


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ((Signal(AlarmCode.DESATURATION, "SpO2 LOW"),), {("limit_low", "spo2")}),
        ((Signal(AlarmCode.LIMIT_HIGH, "SpO2 HIGH"),), {("limit_high", "spo2")}),
        ((Signal(AlarmCode.LIMIT_LOW, "HR LOW"),), {("limit_low", "pulse")}),
        ((Signal(AlarmCode.LIMIT_HIGH, "PR HIGH"),), {("limit_high", "pulse")}),
        ((Signal(AlarmCode.SENSOR_OFF, "SpO2 SENSOR OFF"),), {("unknown", "")}),
        ((Signal(AlarmCode.LIMIT_HIGH, "EtCO2 HIGH"), Signal(AlarmCode.APNOEA, "APNOEA")), set()),
    ],
)
def test_its_own_alarms_are_heard_and_no_others(signals: tuple[Signal, ...], expected: set[tuple[str, str]]) -> None:
    heard = converse(FAMILY, device(Vitals(alarms=signals)), seconds=3)
    assert {(alarm.code.value, alarm.source) for r in heard.reports for alarm in r.alarms or ()} == expected


def test_limits_do_not_ring_while_nothing_is_measured() -> None:
    low = (Signal(AlarmCode.DESATURATION, "SpO2 LOW"),)
    heard = converse(FAMILY, device(Vitals(probe="none", alarms=low)), seconds=3)
    assert {report.alarms for report in heard.reports} == {()}


def test_the_oddities_of_real_lines_cost_one_line_in_300_and_never_lie() -> None:
    heard = converse(FAMILY, device(quirks=True), seconds=1200)
    assert len(heard.reports) == 1196
    assert [damage.reason for damage in heard.damage] == ["no date and time"] * 4
    assert said(heard, "SPO2") == {
        (98, Validity.VALID, None),
        (None, Validity.ABSENT, Reason.NOT_AVAILABLE),
        (None, Validity.INVALID, Reason.SENSOR_OFF),
        (None, Validity.ABSENT, Reason.SENSOR_OFF),
        (None, Validity.ABSENT, Reason.SEARCHING),
    }
    assert {report.device_time.year for report in heard.reports if report.device_time} == {2007}


def test_one_byte_at_a_time_is_as_good_as_a_line() -> None:
    def slowly(data: bytes) -> Iterable[bytes]:
        return [data[i : i + 1] for i in range(len(data))]

    whole, slow = (converse(FAMILY, device(quirks=True), seconds=300, wire=wire) for wire in (lambda d: [d], slowly))
    assert slow.reports == whole.reports
    assert slow.damage == whole.damage


def test_a_late_tick_says_one_line_and_keeps_the_beat() -> None:
    oximeter = device()
    oximeter.open(START + 0.25)
    assert oximeter.wake_at == START + 1
    assert len(oximeter.tick(START + 7.5)) == 1
    assert oximeter.wake_at == START + 8
    oximeter.close(START + 8)
    assert oximeter.wake_at is None
