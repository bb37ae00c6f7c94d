"""The dialogue and the simulated oximeter on one wire, in virtual time."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise

import pytest

from drivers.api import Waveform
from drivers.nonin import FAMILY
from drivers.nonin.codec import Format
from drivers.nonin.driver import NoninSettings
from drivers.vocabulary import Metric, Validity
from simulators.api import Fixed, StillBedside, Vitals
from simulators.nonin.oximeter import NoninDevice, NoninDeviceSettings
from tests.converse import START, Heard, converse

LIVE: tuple[Format, ...] = ("df2", "df7", "df8", "ascii")


@dataclass(frozen=True)
class Removed:
    """A finger that goes at a moment."""

    at_s: float

    def at(self, now: float) -> Vitals:
        return Vitals(probe="on" if now < START + self.at_s else "off")


def device(kind: Format, vitals: Vitals | None = None) -> NoninDevice:
    return NoninDevice(StillBedside(patient=Fixed(vitals or Vitals())), NoninDeviceSettings(kind))


def heard_in(kind: Format, oximeter: NoninDevice, seconds: float) -> Heard:
    return converse(FAMILY, oximeter, seconds, settings=NoninSettings(kind))


def said(heard: Heard, metric: Metric) -> set[tuple[object, str, str | None]]:
    readings = (r for report in heard.reports for r in report.readings if r.metric is metric)
    return {(r.value, r.validity.value, r.reason.value if r.reason else None) for r in readings}


@pytest.mark.parametrize("kind", LIVE)
def test_an_hour_is_3600_reports(kind: Format) -> None:
    oximeter = device(kind)
    heard = heard_in(kind, oximeter, 3600)
    assert len(heard.reports) == pytest.approx(3600, abs=1)
    assert (heard.damage, heard.sent, oximeter.violations, oximeter.tampered) == ([], [], [], False)
    assert said(heard, Metric.SPO2) == {(98, "valid", None)}
    assert said(heard, Metric.PULSE_RATE) == {(72, "valid", None)}


def test_a_day_of_spot_checks_is_one_a_minute() -> None:
    heard = heard_in("df13", device("df13"), 86_400)
    assert len(heard.reports) == 1440
    times = {reading.device_time for report in heard.reports for reading in report.readings}
    assert len(times) == 1440


@pytest.mark.parametrize("kind", ["df2", "df7"])
def test_the_waveform_has_75_samples_a_second_and_72_beats_a_minute(kind: Format) -> None:
    heard = heard_in(kind, device(kind), 60)
    waves = [output for output in heard.outputs if isinstance(output, Waveform)]
    samples = [sample for wave in waves for sample in wave.samples if sample is not None]
    assert len(samples) == pytest.approx(60 * 75, abs=75)
    middle = (max(samples) + min(samples)) / 2
    beats = sum(a < middle <= b for a, b in pairwise(samples))
    assert beats == pytest.approx(72, abs=2)


@pytest.mark.parametrize(
    ("vitals", "expected"),
    [
        (Vitals(probe="off"), {(None, "absent", "sensor off")}),
        (Vitals(probe="none"), {(None, "absent", "sensor off")}),
        (Vitals(standby=True), {(None, "absent", "sensor off")}),
        (Vitals(probe="searching"), {(None, "absent", "low signal")}),
        (Vitals(motion=True, low_perfusion=True), {(98, "valid", None)}),
    ],
)
@pytest.mark.parametrize("kind", ["df2", "df7", "df8"])
def test_what_the_sensor_finds_is_heard(kind: Format, vitals: Vitals, expected: set[object]) -> None:
    heard = heard_in(kind, device(kind, vitals), 5)
    assert said(heard, Metric.SPO2) == expected
    waves = [output for output in heard.outputs if isinstance(output, Waveform)]
    assert all(wave.validity is not Validity.VALID for wave in waves)


@pytest.mark.parametrize("kind", ["df2", "df7", "df8"])
def test_numbers_held_after_the_finger_has_gone_are_disowned_and_then_absent(kind: Format) -> None:
    oximeter = NoninDevice(StillBedside(patient=Removed(20.0)), NoninDeviceSettings(kind))
    heard = heard_in(kind, oximeter, 60)
    words = [(report.readings[0].validity.value, report.readings[0].reason) for report in heard.reports]
    assert [word for word, _ in groupby(words)] == [("valid", None), ("invalid", "held"), ("absent", "sensor off")]
    held = [report for report in heard.reports if report.readings[0].reason == "held"]
    assert len(held) == pytest.approx(10, abs=1)
    assert {reading.raw for report in held for reading in report.readings} == {"62", "0048"}


@pytest.mark.parametrize("kind", ["ascii", "df13"])
def test_without_a_word_for_held_there_is_nothing_held(kind: Format) -> None:
    oximeter = NoninDevice(StillBedside(patient=Removed(90.0)), NoninDeviceSettings(kind))
    heard = heard_in(kind, oximeter, 180)
    values = {value for value, _, _ in said(heard, Metric.SPO2)}
    assert values == ({98, None} if kind == "ascii" else {98})


@pytest.mark.parametrize("kind", LIVE)
def test_one_byte_at_a_time_is_as_good_as_a_write(kind: Format) -> None:
    def slowly(data: bytes) -> Iterable[bytes]:
        return [data[i : i + 1] for i in range(len(data))]

    whole, slow = (
        converse(FAMILY, device(kind), 20, settings=NoninSettings(kind), wire=wire) for wire in (lambda d: [d], slowly)
    )
    assert slow.reports == whole.reports
    assert slow.damage == whole.damage == []


def test_an_8600_says_its_time_before_each_line() -> None:
    oximeter = NoninDevice(StillBedside(), NoninDeviceSettings("ascii", clock=True))
    oximeter.open(START)
    assert list(oximeter.tick(START + 1)) == [b"00:00:01 SPO2=098 HR=072\r\n"]
    oximeter.close(START + 2)
    assert oximeter.wake_at is None


@pytest.mark.parametrize("kind", ["df2", "df8"])
def test_the_wrong_format_brings_damage_and_no_reading(kind: Format) -> None:
    for wrong in set(LIVE) - {kind}:
        heard = converse(FAMILY, device(wrong), 60, settings=NoninSettings(kind))
        assert (heard.reports, bool(heard.damage)) == ([], True), wrong
