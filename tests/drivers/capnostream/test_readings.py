"""What a byte is worth, and what no byte may become."""

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.api import Alarm, Reading
from drivers.capnostream.channels import CHANNELS
from drivers.capnostream.codec import Decoder, Numerics
from drivers.capnostream.readings import Alarms, disowned, readings
from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity
from tests.captures import load

HERE = Path(__file__).parent
(GOOD,) = Decoder().feed(load(HERE / "captures" / "02_numerics.hex").frames[0])
(NO_BREATH,) = Decoder().feed(load(HERE / "captures" / "03_apnoea.hex").frames[0])
assert isinstance(GOOD, Numerics)
assert isinstance(NO_BREATH, Numerics)
V, Q, X, A = Validity.VALID, Validity.QUESTIONABLE, Validity.INVALID, Validity.ABSENT
CO2 = ("EtCO2", "FiCO2", "RR")
OXIMETER = ("SpO2", "PR")


def said(numerics: Numerics, fast: int = 0) -> dict[str, tuple[object, Validity, Reason | None]]:
    return {r.name: (r.value, r.validity, r.reason) for r in readings(numerics, fast)}


def changed(**fields: object) -> Numerics:
    assert isinstance(GOOD, Numerics)
    return replace(GOOD, **fields)  # type: ignore[arg-type]  # keyword by keyword


def alarms(co2_alarms: int, spo2_alarms: int, co2_status: int, status: int) -> tuple[Alarm, ...]:
    bits = {"co2_alarms": co2_alarms, "spo2_alarms": spo2_alarms, "co2_status": co2_status, "status": status}
    return Alarms().take(changed(**bits))


def test_the_example_in_full() -> None:
    assert isinstance(GOOD, Numerics)
    assert readings(GOOD, 0) == [
        Reading(Metric.ETCO2, 38, "mm[Hg]", name="EtCO2", raw="26"),
        Reading(Metric.FICO2, 0, "mm[Hg]", name="FiCO2", raw="00"),
        Reading(Metric.RESPIRATION_RATE_CO2, 14, name="RR", raw="0e"),
        Reading(Metric.SPO2, 97, name="SpO2", raw="61"),
        Reading(Metric.PULSE_RATE, 72, name="PR", raw="48"),
    ]


def test_the_apnoea_example() -> None:
    assert isinstance(NO_BREATH, Numerics)
    absent = (None, A, Reason.NOT_AVAILABLE)
    assert said(NO_BREATH) == {**dict.fromkeys(CO2, absent), "SpO2": (97, V, None), "PR": (72, V, None)}
    assert Alarms().take(NO_BREATH) == (Alarm(AlarmCode.APNOEA, "no breath", source="rr", raw="01"),)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("unit", [0, 1, 2, 3, 4, 255])
def test_ff_is_never_a_value(channel: object, unit: int) -> None:
    for fast in (0, *(1 << n for n in range(8))):
        for spo2_alarms in (0, 0x01, 0x20, 0x40):
            fields = dict.fromkeys(("etco2", "fico2", "rr", "spo2", "pulse"), 0xFF)
            numbers = readings(changed(**fields, unit=unit, spo2_alarms=spo2_alarms), fast)
            assert {(r.value, r.validity) for r in numbers} == {(None, A)}
            assert all(r.reason for r in numbers)


@pytest.mark.parametrize(
    ("fields", "fast", "names", "expected"),
    [
        ({"spo2_alarms": 0x40}, 0, OXIMETER, (X, Reason.NO_SENSOR)),
        ({"spo2_alarms": 0x20}, 0, OXIMETER, (X, Reason.SENSOR_OFF)),
        ({"spo2_alarms": 0x01}, 0, OXIMETER, (X, Reason.SEARCHING)),
        ({"spo2_alarms": 0x61}, 0, OXIMETER, (X, Reason.NO_SENSOR)),
        ({"spo2": 0, "pulse": 0}, 0, OXIMETER, (A, Reason.NOT_AVAILABLE)),
        ({}, 0x01, CO2, (X, Reason.DISOWNED)),
        ({}, 0x02, CO2, (X, Reason.CALIBRATING)),
        ({}, 0x04, CO2, (X, Reason.SENSOR_FAULT)),
        ({}, 0x10, CO2, (Q, Reason.CALIBRATING)),
        ({}, 0x11, CO2, (X, Reason.DISOWNED)),
        ({}, 0x20, CO2, (Q, Reason.HELD)),
        ({}, 0x40, CO2, (X, Reason.NO_SENSOR)),
        ({}, 0x80, CO2, (X, Reason.SENSOR_FAULT)),
        ({"co2_status": 0x01}, 0, CO2, (Q, Reason.OTHER)),
        ({"co2_status": 0x02}, 0, CO2, (Q, Reason.SENSOR_FAULT)),
        ({"co2_status": 0x04}, 0, CO2, (X, Reason.OFF)),
        ({"unit": 0}, 0, ("EtCO2", "FiCO2"), (X, Reason.UNIT_UNKNOWN)),
        ({"unit": 4}, 0, ("EtCO2", "FiCO2"), (X, Reason.UNIT_UNKNOWN)),
        ({"spo2": 101}, 0, ("SpO2",), (X, Reason.IMPLAUSIBLE)),
        ({"spo2": 254}, 0, ("SpO2",), (X, Reason.IMPLAUSIBLE)),
        ({"pulse": 254}, 0, ("PR",), (Q, Reason.OVER_RANGE)),
    ],
)
def test_what_is_not_measured_is_not_valid(
    fields: dict[str, object], fast: int, names: tuple[str, ...], expected: tuple[Validity, Reason]
) -> None:
    answer = said(changed(**fields), fast)
    for name, (value, validity, reason) in answer.items():
        if name in names:
            assert (validity, reason) == expected
            assert (value is None) == (validity in (X, A))
        else:
            assert (validity, reason) == (V, None)


def test_the_end_of_a_breath_is_no_fault() -> None:
    assert isinstance(GOOD, Numerics)
    assert readings(GOOD, 0x08) == readings(GOOD, 0)


@pytest.mark.parametrize(
    ("unit", "etco2", "fico2", "ucum"), [(1, 38, 3, "mm[Hg]"), (2, 3.8, 0.3, "kPa"), (3, 3.8, 0.3, "%")]
)
def test_kpa_and_volume_percent_are_sent_tenfold(unit: int, etco2: float, fico2: float, ucum: str) -> None:
    first, second, rate = readings(changed(unit=unit, fico2=3), 0)[:3]
    assert (first.value, first.unit, second.value, second.unit) == (etco2, ucum, fico2, ucum)
    assert (rate.value, rate.unit) == (14, None)


def test_a_zero_of_co2_or_rr_is_a_value() -> None:
    answer = said(changed(etco2=0, rr=0))
    assert (answer["EtCO2"], answer["FiCO2"], answer["RR"]) == ((0, V, None),) * 3


def test_a_shifted_payload_is_not_believed_at_all() -> None:
    assert isinstance(GOOD, Numerics)
    assert {(r.value, r.validity, r.reason) for r in disowned(GOOD)} == {(None, X, Reason.IMPLAUSIBLE)}
    assert [r.raw for r in disowned(GOOD)] == ["26", "00", "0e", "61", "48"]


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        ((0, 0, 0, 0), ()),
        ((0, 0, 0, 0x07), ()),
        ((0x02, 0, 0, 0x08), (Alarm(AlarmCode.LIMIT_HIGH, "EtCO2 high", source="etco2", raw="02"),)),
        ((0x04, 0, 0, 0), (Alarm(AlarmCode.LIMIT_LOW, "EtCO2 low", source="etco2", raw="04"),)),
        ((0x08, 0, 0, 0), (Alarm(AlarmCode.LIMIT_HIGH, "RR high", source="rr", raw="08"),)),
        ((0x10, 0, 0, 0), (Alarm(AlarmCode.LIMIT_LOW, "RR low", source="rr", raw="10"),)),
        ((0x20, 0, 0, 0), (Alarm(AlarmCode.LIMIT_HIGH, "FiCO2 high", source="fico2", raw="20"),)),
        ((0, 0x01, 0, 0), (Alarm(AlarmCode.LOW_SIGNAL, "pulse not found", source="spo2", raw="01"),)),
        ((0, 0x04, 0, 0), (Alarm(AlarmCode.LIMIT_LOW, "SpO2 low", source="spo2", raw="04"),)),
        ((0, 0x08, 0, 0), (Alarm(AlarmCode.LIMIT_HIGH, "PR high", source="pulse", raw="08"),)),
        ((0, 0x10, 0, 0), (Alarm(AlarmCode.LIMIT_LOW, "PR low", source="pulse", raw="10"),)),
        ((0, 0x20, 0, 0), (Alarm(AlarmCode.SENSOR_OFF, "sensor off patient", source="spo2", raw="20"),)),
        ((0, 0x40, 0, 0), (Alarm(AlarmCode.NO_SENSOR, "sensor disconnected", source="spo2", raw="40"),)),
        ((0, 0, 0x80, 0), (Alarm(AlarmCode.BATTERY_LOW, "battery low", raw="80"),)),
        ((0, 0, 0, 0x08), (Alarm(AlarmCode.UNKNOWN, "high-priority alarm", Priority.HIGH, raw="08"),)),
        ((0, 0, 0, 0x10), (Alarm(AlarmCode.UNKNOWN, "low-priority alarm", Priority.LOW, raw="10"),)),
        ((0, 0, 0, 0x20), (Alarm(AlarmCode.UNKNOWN, "advisory", Priority.LOW, raw="20"),)),
    ],
)
def test_alarm_bits(bits: tuple[int, int, int, int], expected: tuple[Alarm, ...]) -> None:
    assert alarms(*bits) == expected


def test_every_alarm_bit_shows() -> None:
    for n in range(8):
        assert len(alarms(1 << n, 0, 0, 0)) == len(alarms(0, 1 << n, 0, 0)) == 1
