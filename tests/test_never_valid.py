"""What a sensor can't know is never valid: every state of a bedside against every way to build a device.

Nothing here knows a family. Which readings hang on a sensor is found out: they change when the patient does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

import pytest

from drivers.vocabulary import InfusionState, Metric, Validity
from simulators.api import Cuff, Fixed, PumpView, StillBedside, Vitals
from tests.converse import START
from tests.over_wire import Course, over_wire
from tests.variants import ALL, DEFAULTS

DEVICES = {str(variant): variant for variant in ALL}
CUFF = Cuff(START - 30, 121, 77, 92, 73)
WELL = Vitals(cuff=CUFF)
PUMP = PumpView(rate_set=12.5, volume_infused=8.75, vtbi=50.0, volume_left=41.25, time_left_s=11880.0, drug="Ketamine")
MISSING = (Validity.INVALID, Validity.ABSENT)
S = InfusionState
FLOWING = (S.INFUSING, S.BOLUS, S.KVO, S.PURGE)


@dataclass(frozen=True)
class Loss:
    """A state of the bedside, and what nobody can know then: the readings that hang on `unknown`."""

    words: str
    state: Mapping[str, Any]
    unknown: Mapping[str, Any]  # another patient, told apart by nothing else
    metrics: frozenset[Metric] | None = None  # only these of the readings; None: all


PULSE = {"spo2": 91.0, "pulse_rate": 101.0, "perfusion_index": 1.7}
HEART = {"heart_rate": 55.0}
BREATH = {"respiration_rate": 22.0}
GAS = {"etco2": 51.0, "fico2": 3.0}
PRESSURE = {"cuff": Cuff(START - 30, 151, 97, 112, 93)}
LOSSES = [
    Loss("probe off", {"probe": "off"}, PULSE),
    Loss("no probe", {"probe": "none"}, PULSE),
    Loss("searching", {"probe": "searching"}, PULSE),
    Loss("leads off", {"leads": False}, HEART),
    Loss("leads off, impedance", {"leads": False}, BREATH, frozenset({Metric.RESPIRATION_RATE_IMPEDANCE})),
    Loss("CO2 line off", {"co2_line": False}, GAS),
    Loss("CO2 line off, rate", {"co2_line": False}, BREATH, frozenset({Metric.RESPIRATION_RATE_CO2})),
    Loss("leads and CO2 line off", {"leads": False, "co2_line": False}, BREATH),
    Loss("standby", {"standby": True}, {**PULSE, **HEART, **BREATH, **GAS, "temperature": 38.1}),
    Loss("cuff failed", {"cuff": None, "cuff_state": "failed"}, PRESSURE),
    Loss("cuff off", {"cuff": None, "cuff_state": "off"}, PRESSURE),
    Loss("cuff measuring", {"cuff": None, "cuff_state": "measuring"}, PRESSURE),
]


@dataclass(frozen=True)
class Turn:
    """A patient who changes at a moment."""

    before: Vitals
    after: Vitals
    at_s: float

    def at(self, now: float) -> Vitals:
        return self.before if now < START + self.at_s else self.after


def watch(name: str, vitals: Vitals | Turn = WELL, view: PumpView = PUMP) -> Course:
    patient = vitals if isinstance(vitals, Turn) else Fixed(vitals)
    variant = DEVICES[name]
    device = variant.device(StillBedside(patient=patient, pumps={"11": Fixed(view)}))
    return over_wire(variant.family, device, long_s(name), settings=variant.settings)


def long_s(name: str) -> float:
    """Long enough for a few reports, however seldom they come."""
    return max(60.0, 4.0 * DEVICES[name].family.silent_after_s)


Key: TypeAlias = tuple[str, str, Metric, str]
Values: TypeAlias = dict[Key, set[tuple[Validity, object]]]


def said(course: Course, since_s: float = 0.0) -> Values:
    values: Values = {}
    for at, device, reading in course.readings:
        if at >= START + since_s:
            key = (device, reading.source, reading.metric, reading.name)
            values.setdefault(key, set()).add((reading.validity, reading.value))
    return values


@cache
def shown(name: str, vitals: Vitals = WELL, view: PumpView = PUMP) -> Values:
    return said(watch(name, vitals, view))


def changed(name: str, other: Values) -> set[Key]:
    return {key for key in shown(name).keys() | other.keys() if shown(name).get(key) != other.get(key)}


def valid(values: Values, keys: set[Key]) -> dict[Key, list[object]]:
    found = {key: [value for validity, value in values.get(key, ()) if validity not in MISSING] for key in keys}
    return {key: values for key, values in found.items() if values}


@pytest.mark.parametrize("loss", LOSSES, ids=[loss.words for loss in LOSSES])
@pytest.mark.parametrize("name", DEVICES)
def test_what_a_sensor_cannot_know_is_never_valid(name: str, loss: Loss) -> None:
    keys = changed(name, shown(name, replace(WELL, **loss.unknown)))
    keys = {key for key in keys if loss.metrics is None or key[2] in loss.metrics}
    assert valid(shown(name), keys).keys() == keys, "what hangs on it is valid while all is well"
    gone = replace(WELL, **loss.state)
    assert valid(shown(name, gone), keys) == {}, "from the beginning"
    if "cuff" not in loss.state:  # a measurement that was, remains one
        half = long_s(name) / 2
        assert valid(said(watch(name, Turn(WELL, gone, half)), half), keys) == {}, "after it was well"


def test_each_loss_is_one_for_some_family() -> None:
    for loss in LOSSES:
        assert any(changed(str(v), shown(str(v), replace(WELL, **loss.unknown))) for v in DEFAULTS), loss.words


@pytest.mark.parametrize("name", [name for name, variant in DEVICES.items() if variant.chosen.get("sensor") is False])
def test_without_its_sensor_nothing_is_valid(name: str) -> None:
    keys = set(shown(DEVICES[name].family.name))
    assert keys
    assert valid(shown(name), keys) == {}


@pytest.mark.parametrize("name", [name for name, variant in DEVICES.items() if variant.chosen.get("demo")])
def test_what_a_device_marks_as_demonstration_is_simulated(name: str) -> None:
    assert all(report.simulated for _, report in watch(name).reports if report.readings or report.alarms)


@pytest.mark.parametrize("name", [name for name, variant in DEVICES.items() if not variant.chosen.get("demo")])
def test_nothing_else_is_simulated(name: str) -> None:
    assert not any(report.simulated for _, report in watch(name).reports)


@pytest.mark.parametrize("state", [S.OFF, S.STANDBY, S.STOPPED, S.PAUSED])
@pytest.mark.parametrize("name", DEVICES)
def test_what_does_not_flow_is_never_said_to(name: str, state: InfusionState) -> None:
    values = shown(name, view=replace(PUMP, state=state, rate=0.0, dose_rate=0.0))
    for (_, _, metric, word), heard in values.items():
        for validity, value in heard:
            if metric is Metric.INFUSION_STATE:
                assert value not in FLOWING, word
            if metric in (Metric.INFUSION_RATE, Metric.DOSE_RATE) and validity not in MISSING:
                assert value == 0, word


@pytest.mark.parametrize("name", DEVICES)
def test_what_flows_is_not_said_to_rest(name: str) -> None:
    values = shown(name, view=replace(PUMP, state=S.INFUSING, rate=12.5))
    states = {
        value
        for key, heard in values.items()
        if key[2] is Metric.INFUSION_STATE
        for validity, value in heard
        if validity not in MISSING
    }
    assert states <= {S.INFUSING, S.UNKNOWN}
