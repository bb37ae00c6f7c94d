"""What a bad cable lets through: `python -m tests.corruption [HOURS]` prints the table of docs/simulators.md.

The truth is what the device itself said. Its patient and pumps change every half minute or more seldom and stand still
between, so that a conversation over a good cable knows each value of each stretch, whenever it asks. What is heard over
the bad cable as valid, and was never said around that moment, is wrong.
"""

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias

from drivers.api import Reading
from drivers.vocabulary import InfusionState, Validity
from simulators.api import Cuff, PumpView, StillBedside, Vitals
from simulators.wire import Faults
from tests.converse import START
from tests.over_wire import CLEAN, Course, over_wire, readings_of
from tests.variants import FORMATS, Variant

ROOT: Final = Path(__file__).parent.parent
RATES: Final = (0.001, 0.01)
STEP_S: Final = 30.0
CRC: Final = "CRC-16"
SUM: Final = "byte sum or XOR"
NONE: Final = "none"
# What a README says of its frames, in order: the weakest counts.
_SAYS: Final = (
    (NONE, re.compile(r"no checksum|neither .{0,20}\bhas a checksum", re.I)),
    (SUM, re.compile(r"\bsum\b|XOR checksum|in 256", re.I)),
    (CRC, re.compile(r"CRC", re.I)),
)
_FRAMES: Final = frozenset({"format", "protocol", "profile", "layout"})  # what makes other frames: a row of its own
# Families with several formats: their README says all of it.
_BY_FORMAT: Final = {
    "nonin": {"df2": SUM, "df7": SUM, "df13": SUM},
    "intellivue": {"stream": CRC, "datagrams": NONE},
}


@dataclass(frozen=True)
class Count:
    """How many valid values were right; were wrong; stood under a name, unit or device that nobody has."""

    right: int = 0
    wrong: int = 0
    strange: int = 0
    examples: tuple[str, ...] = ()

    def __add__(self, other: "Count") -> "Count":
        examples = (*self.examples, *other.examples)[:3]
        return Count(self.right + other.right, self.wrong + other.wrong, self.strange + other.strange, examples)


class Steps:
    """A source that changes at the beginning of each stretch, and only then."""

    def __init__(self, draw: Callable[[Random, float], Any], seed: str, step_s: float) -> None:
        self._draw, self._seed, self._step_s = draw, seed, step_s

    def at(self, now: float) -> Any:
        number = int((now - START) // self._step_s)
        return self._drawn(number)

    @cache  # noqa: B019  # lives as long as its test
    def _drawn(self, number: int) -> Any:
        return self._draw(Random(f"{self._seed}/{number}"), START + number * self._step_s)


def somebody(chance: Random, now: float) -> Vitals:
    """Draw a patient; all that differs between two differs much."""
    systolic, diastolic = chance.randint(90, 180), chance.randint(45, 85)
    mean = diastolic + (systolic - diastolic) // 3
    return Vitals(
        heart_rate=chance.randint(45, 150),
        pulse_rate=chance.randint(45, 150),
        spo2=chance.randint(80, 100),
        perfusion_index=chance.randint(1, 199) / 10,
        respiration_rate=chance.randint(6, 35),
        etco2=chance.randint(20, 60),
        fico2=chance.randint(0, 9),
        temperature=chance.randint(350, 390) / 10,
        cuff=Cuff(now, systolic, diastolic, mean, chance.randint(45, 150)),
    )


def some_pump(chance: Random, _now: float) -> PumpView:
    """Draw what a pump shows."""
    states = (InfusionState.INFUSING, InfusionState.INFUSING, InfusionState.PAUSED, InfusionState.STOPPED)
    state, rate = chance.choice(states), chance.randint(1, 1200) / 10
    flow = rate if state is InfusionState.INFUSING else 0.0
    return PumpView(
        state=state,
        rate=flow,
        rate_set=rate,
        volume_infused=chance.randint(0, 5000) / 100,
        vtbi=50.0,
        volume_left=chance.randint(0, 5000) / 100,
        time_left_s=chance.randint(1, 59) * 60.0,
        infusing_s=chance.randint(0, 60) * 60.0,
        drug="Ketamine",
        concentration=0.7,
        dose_rate=flow * 0.7 / 70.0,
        weight_kg=70.0,
        syringe_left=float(chance.randint(0, 50)),
        pressure_percent=float(chance.randint(5, 90)),
        battery_min=chance.randint(10, 480),
    )


Key: TypeAlias = tuple[object, ...]


def step_s(variant: Variant) -> float:
    """Give how long things stand still: longer than any device is silent."""
    return max(STEP_S, 1.25 * variant.family.silent_after_s)


def course(
    variant: Variant,
    seconds: float,
    faults: Faults = CLEAN,
    *,
    unplugged: Iterable[tuple[float, float]] = (),
    is_stream: bool | None = None,
) -> Course:
    """Let a device of this kind talk at a bedside where everything changes now and then."""
    pumps = {slot: Steps(some_pump, slot, step_s(variant)) for slot in ("11", "12")}
    device = variant.device(StillBedside(patient=Steps(somebody, "patient", step_s(variant)), pumps=pumps))
    heard = over_wire(
        variant.family,
        device,
        seconds,
        settings=variant.settings,
        faults=faults,
        seed=str(faults),
        unplugged=tuple(unplugged),
        is_stream=is_stream,
    )
    assert not device.tampered, "a command would have changed the device"
    heard.violations = list(device.violations)
    return heard


def harmed(variant: Variant, rate: float, seconds: float, is_stream: bool | None = None) -> Count:
    """Count what gets through when so many bytes are changed, and a quarter as many lost."""
    seconds *= step_s(variant) / STEP_S
    truth = Truth(course(variant, seconds, is_stream=is_stream), step_s(variant))
    bad = course(variant, seconds, Faults(corruption=rate, loss=rate / 4), is_stream=is_stream)
    truth.add(bad.meant)
    return truth.judge(bad)


class Truth:
    """What was said, and when."""

    def __init__(self, clean: Course, stretch_s: float) -> None:
        self._said: dict[Key, list[float]] = {}
        self._values: dict[Key, set[Key]] = {}  # of each reading, whatever its value
        self._stretch_s = stretch_s
        self.add(clean.told)

    def add(self, told: Iterable[Any]) -> None:
        """Take note of what was heard over a good cable."""
        for at, device, reading in readings_of(told):
            if reading.validity is Validity.VALID:
                key = _key(device, reading)
                self._said.setdefault(key, []).append(at)
                self._values.setdefault(key[:4], set()).add(key)

    def judge(self, bad: Course) -> Count:
        """Count what was heard as valid over a bad one."""
        total = Count()
        for at, device, reading in bad.readings:
            if reading.validity is Validity.VALID:
                total += self._judged(at, _key(device, reading))
        return total

    def _judged(self, at: float, key: Key) -> Count:
        if self._is_true(at, key):
            return Count(right=1)
        if key[:4] in self._values:
            return Count(wrong=1, examples=(f"{key[3]} {key[4]}",))
        return Count(strange=1)

    def _is_true(self, at: float, key: Key) -> bool:
        if self._values.get(key[:4]) == {key}:  # never anything else: a device may say it only once
            return True
        early, late = at - 2 * self._stretch_s, at + self._stretch_s
        return any(early <= said <= late for said in self._said.get(key, ()))


def _key(device: str, reading: Reading) -> Key:
    return device, reading.source, reading.metric, reading.name, reading.value, reading.unit


def protection(variant: Variant, is_stream: bool) -> str:
    """Say what guards this device's frames, by its README."""
    name = variant.family.name
    formats = _BY_FORMAT.get(name, {})
    chosen = str(variant.chosen.get("format", getattr(variant.simulator.settings(), "format", "")))
    for word in (chosen, "stream" if is_stream else "datagrams"):
        if word in formats:
            return formats[word]
    text = (ROOT / "drivers" / name / "README.md").read_text(encoding="utf-8")
    said = [kind for kind, words in _SAYS if words.search(text)]
    assert said, f"drivers/{name}/README.md doesn't say what a changed bit can do"
    return said[0]


def ways(variant: Variant) -> tuple[bool, ...]:
    """Give how it can be reached: as a stream, by datagrams."""
    kinds = variant.simulator.ports
    return (*([True] if {"serial", "tcp", "dial"} & set(kinds) else []), *([False] if "udp" in kinds else []))


def main() -> int:
    """Print the table."""
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    print(f"{datetime.now(UTC):%Y-%m-%d}, {hours:g} h each; per mille of bytes changed (a quarter as many lost)")
    print("| device | guarded by | 1: right | wrong | strange | 10: right | wrong | strange | wrong, for example |")
    print("|" + 9 * "---|")
    for variant in [variant for variant in FORMATS if variant.chosen.keys() <= _FRAMES]:
        for is_stream in ways(variant):
            counts = [harmed(variant, rate, hours * 3600.0, is_stream) for rate in RATES]
            numbers = " | ".join(f"{count.right} | {count.wrong} | {count.strange}" for count in counts)
            name = str(variant) + ("" if is_stream else " (UDP)")
            examples = "; ".join((counts[0] + counts[1]).examples)
            print(f"| {name} | {protection(variant, is_stream)} | {numbers} | {examples} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
