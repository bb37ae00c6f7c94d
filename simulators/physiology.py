"""A body as a function of time, without noise: baselines, the drug's effect, fear, and what happens to it.

Seconds are the model's own. The sizes of the effects are suggestions for simulators; nothing here may drive dosing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp
from random import Random
from typing import Final, Literal, NamedTuple, TypeAlias

from simulators.pharmacokinetics import Infusion, kinetics

Number: TypeAlias = Literal[
    "heart_rate", "systolic", "diastolic", "spo2", "etco2", "respiration_rate", "perfusion_index", "temperature"
]

EFFECT_FROM: Final = 50.0  # ng/mL at the effect site that do nothing
EFFECT_UNIT: Final = 190.0  # ng/mL above that are E = 1: 0.5 mg/kg over 40 min, at its end
DIASTOLIC_SHARE: Final = 0.68
_SETTLES_S: Final = 40.0  # a probe just placed finds its last 2 %


@dataclass(frozen=True, slots=True)
class Person:
    """Who sits there: baselines, strength of response, kinetics."""

    weight_kg: float = 70.0
    systolic: float = 124.0
    diastolic: float = 76.0
    heart_rate: float = 72.0
    respiration_rate: float = 14.0
    spo2: float = 97.5
    etco2: float = 38.0
    perfusion_index: float = 4.0
    temperature: float = 36.6
    systolic_gain: float = 16.0  # gS, mmHg at E = 1
    heart_rate_gain: float = 5.0  # gH, /min at E = 1
    anxiety_systolic: float = 8.0
    anxiety_heart_rate: float = 7.0
    model: Literal["kamp", "clements", "domino", "hijazi"] = "kamp"
    clearance: float = 1.0  # factors on the model's own
    volume: float = 1.0
    same_arm: bool = True  # probe and cuff: the probe drops out while the cuff is inflated


def draw(seed: str) -> Person:
    """Give somebody out of a clinic's population: no two respond alike."""
    chance = Random(seed)
    gauss = chance.gauss
    return Person(
        weight_kg=float(round(min(max(gauss(76.0, 14.0), 48.0), 130.0))),
        systolic=gauss(122.0, 9.0),
        diastolic=gauss(76.0, 5.0),
        heart_rate=gauss(72.0, 7.0),
        respiration_rate=gauss(14.0, 1.2),
        spo2=min(gauss(97.4, 0.5), 98.0),
        etco2=gauss(38.0, 1.0),
        perfusion_index=min(max(exp(gauss(1.2, 0.5)), 0.5), 12.0),
        systolic_gain=min(max(gauss(13.0, 9.0), -5.0), 45.0),
        heart_rate_gain=gauss(4.0, 6.0),
        anxiety_systolic=chance.uniform(5.0, 15.0),
        anxiety_heart_rate=chance.uniform(3.0, 10.0),
        clearance=exp(gauss(0.0, 0.2)),
        volume=exp(gauss(0.0, 0.2)),
        same_arm=chance.random() < 0.5,
    )


@dataclass(frozen=True, slots=True)
class Swing:
    """A number leaves its place and returns: by an amount, or all the way to a value."""

    what: Number
    rise_s: float
    hold_s: float
    fall_s: float
    by: float = 0.0
    to: float | None = None


@dataclass(frozen=True, slots=True)
class Anxiety:
    """Up at once; fades over five minutes after venepuncture, more slowly after arrival."""

    share: float = 1.0
    fades_s: float = 100.0


@dataclass(frozen=True, slots=True)
class Placed:
    """The pulse oximeter's probe has been put on."""


class Trend(NamedTuple):
    """The numbers without noise: /min, mmHg, %, Cel."""

    heart_rate: float
    systolic: float
    diastolic: float
    spo2: float
    etco2: float
    respiration_rate: float
    perfusion_index: float
    temperature: float


class Body:
    """One person during one visit."""

    def __init__(
        self, person: Person, infusions: Sequence[Infusion] = (), story: Iterable[tuple[float, object]] = ()
    ) -> None:
        self._person = person
        self._kinetics = kinetics(person.model, person.weight_kg, person.clearance, person.volume)
        self._infusions = infusions
        events = list(story)
        self._swings = [(at, what) for at, what in events if isinstance(what, Swing)]
        self._fears = [(at, what) for at, what in events if isinstance(what, Anxiety)]
        self._placed = [at for at, what in events if isinstance(what, Placed)]

    def effect(self, second: float) -> float:
        """Give the drug's effect E: 1 at the end of 0.5 mg/kg over 40 min."""
        level = self._kinetics.effect_at(second / 60.0, self._infusions)
        return max(0.0, level - EFFECT_FROM) / EFFECT_UNIT

    def at(self, second: float) -> Trend:
        """Say what an undisturbed sensor would find."""
        person, effect = self._person, self.effect(second)
        anxiety = sum(what.share * exp((at - second) / what.fades_s) for at, what in self._fears if at <= second)
        pressure = person.systolic_gain * effect
        trend = Trend(
            heart_rate=person.heart_rate + person.heart_rate_gain * effect + person.anxiety_heart_rate * anxiety,
            systolic=person.systolic + pressure + person.anxiety_systolic * anxiety,
            diastolic=person.diastolic + DIASTOLIC_SHARE * pressure,
            spo2=person.spo2 - sum(2.0 * exp((at - second) / _SETTLES_S) for at in self._placed if at <= second),
            etco2=person.etco2,
            respiration_rate=person.respiration_rate + anxiety,
            perfusion_index=person.perfusion_index,
            temperature=person.temperature,
        )
        for at, swing in self._swings:
            if at < second < at + swing.rise_s + swing.hold_s + swing.fall_s:
                trend = _swung(trend, swing, second - at)
        return trend


def _swung(trend: Trend, swing: Swing, since: float) -> Trend:
    """Go up, stay, come down on straight lines."""
    ends_in = swing.rise_s + swing.hold_s + swing.fall_s - since
    rising = since / swing.rise_s if swing.rise_s else 1.0
    falling = ends_in / swing.fall_s if swing.fall_s else 1.0
    share = min(1.0, rising, falling)
    value: float = getattr(trend, swing.what)
    goal = value + swing.by if swing.to is None else swing.to
    return trend._replace(**{swing.what: value + (goal - value) * share})
