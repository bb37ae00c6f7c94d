"""Every family over every kind of bad cable, in virtual time: what gets through, and how soon a device is back.

A wrong value is one that the device didn't say (tests/corruption.py, which also runs longer and prints a table).
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest

from drivers.api import Reading
from simulators.wire import Faults
from tests.converse import START
from tests.corruption import CRC, RATES, ROOT, STEP_S, SUM, Count, Truth, course, harmed, protection, step_s, ways
from tests.over_wire import CLEAN, Course
from tests.variants import DEFAULTS, FORMATS, NAMES, Variant

SECONDS = 150.0
BACK_WITHIN_S = 5.0
OUTAGES_S = (3.0, 201.7)
BEFORE_S = 60.0
ENOUGH_BAUD = 38_400  # where a line's speed isn't known, the family's default may be too slow for what the device says
# Whose return may take longer than five seconds or two periods, by how much, and why.
HELD_UP_S = {
    "intellivue": 10.0,  # after a short outage the monitor still holds the old association, and refuses another
    "fresenius_vial": 3.0,  # a base needs a second after its session was opened, and each module another one
    "ge_dri": 5.0,  # the first record after a request may be an old one out of a buffer, so the second one counts
}


def named(variants: Iterable[Variant]) -> list[Any]:
    return [
        pytest.param(variant, is_stream, id=f"{variant}{'' if is_stream else '-udp'}")
        for variant in variants
        for is_stream in ways(variant)
    ]


USUAL = named(DEFAULTS)


@pytest.mark.parametrize(("variant", "is_stream"), named(FORMATS))
def test_what_corruption_lets_through_is_what_the_readme_says(variant: Variant, is_stream: bool) -> None:
    total = sum((harmed(variant, rate, SECONDS, is_stream) for rate in RATES), Count())
    match protection(variant, is_stream):
        case kind if kind == CRC:
            assert total.wrong + total.strange == 0, total
        case kind if kind == SUM:
            assert total.wrong + total.strange <= 3 + total.right / 256, total


def test_the_truth_notices_a_wrong_value() -> None:
    """What has no checksum lets something through: if nothing were counted, the counting would be wrong."""
    assert harmed(DEFAULTS[NAMES.index("masimo")], 0.01, 4 * SECONDS).wrong


@pytest.mark.parametrize(("variant", "is_stream"), USUAL)
def test_a_slow_trickle_of_single_bytes_changes_nothing(variant: Variant, is_stream: bool) -> None:
    seconds = SECONDS * step_s(variant) / STEP_S
    clean = course(variant, seconds, is_stream=is_stream)
    baud = max(variant.family.line.baudrate, ENOUGH_BAUD)
    slow = course(variant, seconds, Faults(byte_at_a_time=True, baud=baud), is_stream=is_stream)
    assert slow.damage == []
    assert slow.violations == []
    truth = Truth(clean, step_s(variant))
    truth.add(slow.meant)
    count = truth.judge(slow)
    assert count.wrong + count.strange == 0, count
    assert count.right >= 0.8 * truth.judge(clean).right


@pytest.mark.parametrize("outage_s", OUTAGES_S)
@pytest.mark.parametrize("is_noticed", [True, False], ids=["unplugged", "out"])
@pytest.mark.parametrize(("variant", "is_stream"), USUAL)
def test_who_returns_is_heard_soon(variant: Variant, is_stream: bool, is_noticed: bool, outage_s: float) -> None:
    period = longest_period(course(variant, 10 * BEFORE_S + 4 * variant.family.silent_after_s, is_stream=is_stream))
    limit = max(BACK_WITHIN_S, 2 * period) + HELD_UP_S.get(variant.family.name, 0.0)
    gone = BEFORE_S + variant.family.silent_after_s
    window = ((gone, gone + outage_s),)
    faults, unplugged = (CLEAN, window) if is_noticed else (Faults(out=window), ())
    heard = course(variant, gone + outage_s + limit, faults, unplugged=unplugged, is_stream=is_stream)
    back = [at for at in times(heard.readings) if at - START > gone + outage_s]
    assert back, f"not heard within {limit:g} s"
    if is_noticed:  # else a device that counts silence counts this one too
        assert heard.violations == []


def test_the_page_has_a_row_for_every_family() -> None:
    page = (ROOT / "docs" / "simulators.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| (\w+)[^|]*\| (?:CRC|byte sum|none)", page, re.MULTILINE))
    assert rows == set(NAMES), "python -m tests.corruption prints them"


def times(readings: Iterable[tuple[float, str, Reading]]) -> list[float]:
    return sorted({at for at, _, reading in readings if reading.value is not None})


def longest_period(heard: Course) -> float:
    return max(later - earlier for earlier, later in pairwise(times(heard.readings)))
