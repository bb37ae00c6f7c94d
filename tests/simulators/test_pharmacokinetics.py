from itertools import pairwise
from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.pharmacokinetics import MODELS, Infusion, kinetics

# 70 kg. Minutes, and for each model ng/mL: computed elsewhere with a matrix exponential in steps of 1 s.
HALF_MG_KG = (Infusion(0.0, 40.0, 0.5 * 70.0 / 40.0),)
ONE_MG_KG = (Infusion(0.0, 60.0, 70.0 / 60.0),)
STOPPED = (Infusion(0.0, 20.0, 0.5 * 70.0 / 40.0),)

HALF_MINUTES = (5, 10, 20, 30, 40, 42, 45, 50, 60, 80, 90, 120, 180, 240)
HALF = {
    "domino": (155, 182, 210, 226, 240, 116, 91, 71, 55, 46, 43, 36, 25, 17),
    "clements": (33, 62, 109, 147, 177, 169, 157, 141, 115, 85, 75, 59, 44, 35),
    "kamp": (109, 155, 198, 228, 253, 201, 155, 120, 96, 74, 66, 50, 34, 26),
    "hijazi": (52, 95, 157, 198, 225, 207, 183, 149, 100, 46, 32, 13, 6, 5),
}
ONE_MINUTES = (10, 20, 40, 60, 80, 100, 120, 240)
ONE = {
    "domino": (242, 279, 320, 353, 102, 86, 76, 37),
    "clements": (83, 146, 236, 300, 203, 155, 128, 72),
    "kamp": (206, 264, 337, 392, 171, 134, 110, 54),
}
STOPPED_MINUTES = (20, 25, 30, 40, 60)
STOPPED_AT_20 = {
    "domino": (210, 63, 45, 31, 24),
    "clements": (109, 96, 85, 68, 48),
    "kamp": (198, 105, 73, 55, 41),
}
EFFECT_MINUTES = (5, 10, 20, 30, 40, 45, 50, 60, 80, 120)
EFFECT = (46, 104, 174, 212, 240, 207, 160, 110, 79, 52)


@pytest.mark.parametrize(
    ("infusions", "minutes", "table"),
    [(HALF_MG_KG, HALF_MINUTES, HALF), (ONE_MG_KG, ONE_MINUTES, ONE), (STOPPED, STOPPED_MINUTES, STOPPED_AT_20)],
)
def test_plasma_follows_the_published_tables(
    infusions: tuple[Infusion, ...], minutes: tuple[int, ...], table: dict[str, tuple[int, ...]]
) -> None:
    for model, expected in table.items():
        response = kinetics(model, 70.0)
        for minute, level in zip(minutes, expected, strict=True):
            assert response.plasma_at(minute, infusions) == pytest.approx(level, abs=1.0), (model, minute)


def test_effect_site_follows_the_published_table() -> None:
    response = kinetics("kamp", 70.0)
    for minute, level in zip(EFFECT_MINUTES, EFFECT, strict=True):
        assert response.effect_at(minute, HALF_MG_KG) == pytest.approx(level, abs=1.0), minute


@pytest.mark.parametrize(
    ("model", "half_lives"),
    [
        ("domino", (0.4, 4.6, 115.0)),
        ("clements", (17.6, 183.0)),
        ("kamp", (2.8, 28.0, 184.0)),
        ("hijazi", (16.0, 297.0)),
    ],
)
def test_half_lives_are_those_derived_from_the_parameters(model: str, half_lives: tuple[float, ...]) -> None:
    found = sorted(0.693147 / term.rate for term in kinetics(model, 70.0).plasma)
    assert found == pytest.approx(half_lives, rel=0.05)


@pytest.mark.parametrize("model", MODELS)
def test_small_steps_of_the_differential_equation_lead_to_the_same_place(model: str) -> None:
    compartments = MODELS[model](80.0)
    step, central, outer, effect = 0.002, 0.0, [0.0] * len(compartments.peripherals), 0.0
    for number in range(int(30 / step)):
        inflow = 1.0 if number * step < 20.0 else 0.0
        flows = [out * central - back * o for (out, back), o in zip(compartments.peripherals, outer, strict=True)]
        effect += step * 0.2 * (central / compartments.v1_l * 1000.0 - effect)
        central += step * (inflow - compartments.k10 * central - sum(flows))
        outer = [o + step * flow for o, flow in zip(outer, flows, strict=True)]
    response, infusions = kinetics(model, 80.0), (Infusion(0.0, 20.0, 1.0),)
    assert response.plasma_at(30.0, infusions) == pytest.approx(central / compartments.v1_l * 1000.0, rel=0.01)
    assert response.effect_at(30.0, infusions) == pytest.approx(effect, rel=0.01)


models = st.sampled_from(sorted(MODELS))
weights = st.floats(40.0, 160.0)
factors = st.floats(0.4, 2.5)
minutes = st.floats(0.0, 600.0)


@given(models, weights, factors, factors, minutes, minutes)
@settings(max_examples=100)
def test_concentrations_are_never_negative_and_a_pause_is_no_jump(
    model: str, weight: float, clearance: float, volume: float, length: float, minute: float
) -> None:
    response = kinetics(model, weight, clearance, volume)
    infusions = (Infusion(0.0, length, 1.0),)
    assert response.plasma_at(minute, infusions) >= -1e-9
    assert response.effect_at(minute, infusions) >= -1e-9
    before, after = (response.plasma_at(length + shift, infusions) for shift in (-1e-9, 1e-9))
    assert isclose(before, after, abs_tol=1e-3)


@given(models, weights, st.lists(st.floats(0.0, 60.0), min_size=2, max_size=6), minutes)
@settings(max_examples=100)
def test_an_infusion_cut_into_parts_is_the_same_infusion(
    model: str, weight: float, cuts: list[float], minute: float
) -> None:
    response, edges = kinetics(model, weight), sorted(cuts)
    whole = (Infusion(edges[0], edges[-1], 1.0),)
    parts = tuple(Infusion(start, end, 1.0) for start, end in pairwise(edges))
    assert response.effect_at(minute, parts) == pytest.approx(response.effect_at(minute, whole), abs=1e-6)


@given(models, weights, factors, factors)
@settings(max_examples=60)
def test_what_went_in_has_been_cleared_in_the_end(model: str, weight: float, clearance: float, volume: float) -> None:
    compartments, response = MODELS[model](weight), kinetics(model, weight, clearance, volume)
    area = sum(term.size / term.rate for term in response.plasma)  # of 1 mg: ng/mL * min
    litres_per_min = compartments.k10 * compartments.v1_l * clearance
    assert area == pytest.approx(1000.0 / litres_per_min, rel=1e-6)
    behind = sum(term.size / term.rate for term in response.effect)
    assert behind == pytest.approx(area, rel=1e-6)
