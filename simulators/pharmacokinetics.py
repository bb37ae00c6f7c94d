"""Ketamine in plasma and at the effect site: linear compartment models, solved exactly.

A constant infusion into such a model is a sum of exponentials, so the concentration at any moment is a closed formula
of what flowed before: no step size, no state, and any order of questions. Minutes, mg, L; concentrations in ng/mL.

Engineering reference for simulators, not clinical guidance: nothing here may drive dosing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import exp
from typing import Final

KE0: Final = 0.2  # /min; no value is well established, this one gives the five minutes' lag that patients describe


@dataclass(frozen=True, slots=True)
class Compartments:
    """A central compartment and its peripheral ones; rate constants per minute, peripherals as (out, back)."""

    v1_l: float
    k10: float
    peripherals: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Infusion:
    """Drug that flows in evenly from one minute to another."""

    start_min: float
    end_min: float
    mg_min: float


@dataclass(frozen=True, slots=True)
class Exponential:
    """One term of an impulse response: `size` (ng/mL per mg) that decays with `rate` (per minute)."""

    size: float
    rate: float


@dataclass(frozen=True, slots=True)
class Kinetics:
    """One patient's response to a dose of 1 mg, in plasma and at the effect site."""

    plasma: tuple[Exponential, ...]
    effect: tuple[Exponential, ...]

    def plasma_at(self, minute: float, infusions: Iterable[Infusion]) -> float:
        """Give the plasma concentration."""
        return _concentration(self.plasma, minute, infusions)

    def effect_at(self, minute: float, infusions: Iterable[Infusion]) -> float:
        """Give the effect-site concentration."""
        return _concentration(self.effect, minute, infusions)


def _per_kg(v1_l_kg: float, k10: float, *peripherals: tuple[float, float]) -> Callable[[float], Compartments]:
    return lambda weight_kg: Compartments(v1_l_kg * weight_kg, k10, peripherals)


def _kamp(weight_kg: float) -> Compartments:
    """Kamp 2020: volumes grow with weight, clearances (L/h) don't."""
    v1, v2, v3 = (litres * weight_kg / 70.0 for litres in (25.0, 56.0, 157.0))
    cl1, q2, q3 = (l_h / 60.0 for l_h in (84.0, 161.0, 79.0))
    return Compartments(v1, cl1 / v1, ((q2 / v1, q2 / v2), (q3 / v1, q3 / v3)))


MODELS: Final[Mapping[str, Callable[[float], Compartments]]] = {
    "kamp": _kamp,  # Kamp 2020, pooled adults, arterial: the default
    "domino": _per_kg(0.063, 0.438, (0.592, 0.247), (0.590, 0.0146)),  # "classic TCI"
    "clements": _per_kg(1.7522, 0.0109, (0.0186, 0.0137)),  # Clements & Nimmo 1981, 250 ug/kg: "venous-like, slow"
    "hijazi": _per_kg(1.08, 0.0333, (0.0088, 0.0030)),  # Hijazi 2003, intensive care: an outlier, not a clinic patient
}


@lru_cache(maxsize=1024)
def kinetics(model: str, weight_kg: float, clearance: float = 1.0, volume: float = 1.0, ke0: float = KE0) -> Kinetics:
    """Give a person's kinetics; `clearance` and `volume` are factors on the population's values."""
    population = MODELS[model](weight_kg)
    person = Compartments(
        population.v1_l * volume,
        population.k10 * clearance / volume,
        tuple((out / volume, back / volume) for out, back in population.peripherals),
    )
    plasma = _impulse_response(person)
    return Kinetics(plasma, _seen_through(plasma, ke0))


def _impulse_response(model: Compartments) -> tuple[Exponential, ...]:
    """Split (1/V1) * prod(s + k_back) / prod(s + rate) into partial fractions."""
    rates = _rates(model)
    terms = []
    for rate in rates:
        size = 1000.0 / model.v1_l  # mg/L are 1000 ng/mL
        for _, back in model.peripherals:
            size *= back - rate
        for other in rates:
            if other != rate:
                size /= other - rate
        terms.append(Exponential(size, rate))
    return tuple(terms)


def _seen_through(plasma: tuple[Exponential, ...], ke0: float) -> tuple[Exponential, ...]:
    """Give the response behind a first-order lag."""
    terms = [Exponential(term.size * ke0 / (ke0 - term.rate), term.rate) for term in plasma]
    return (*terms, Exponential(-sum(term.size for term in terms), ke0))


def _rates(model: Compartments) -> list[float]:
    """Find the decay rates: one below, between and above the peripherals' rates of return, which must differ."""
    backs = sorted(back for _, back in model.peripherals)
    highest = model.k10 + sum(out + back for out, back in model.peripherals)  # the sum of all rates
    edges = [0.0, *backs, highest]
    return [_root(model, low, high) for low, high in pairwise(edges)]


def _root(model: Compartments, low: float, high: float) -> float:
    """Halve the interval until floating point can't; the function falls from one edge to the other."""
    while low < (middle := (low + high) / 2.0) < high:
        balance = model.k10 - middle - sum(out * middle / (back - middle) for out, back in model.peripherals)
        low, high = (middle, high) if balance > 0.0 else (low, middle)
    return (low + high) / 2.0


def _concentration(terms: tuple[Exponential, ...], minute: float, infusions: Iterable[Infusion]) -> float:
    total = 0.0
    for infusion in infusions:
        since_start = minute - infusion.start_min
        if since_start <= 0.0:
            continue
        since_end = max(0.0, minute - infusion.end_min)
        for term in terms:
            left = exp(-term.rate * since_end) - exp(-term.rate * since_start)
            total += infusion.mg_min * term.size / term.rate * left
    return total
