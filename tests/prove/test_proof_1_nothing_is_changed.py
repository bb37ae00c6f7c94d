"""Proof 1: after any conversation no latch has tripped, and the device is what it would have been without us."""

import random
from collections.abc import Callable, Iterable

from drivers.vocabulary import Metric
from simulators.api import Device
from tests.converse import START, converse
from tests.prove.families import chair, device_of, family_of, settings_of

HOUR_S = 3600.0
LOOK_S = 120.0
THERAPY = {
    Metric.INFUSION_STATE, Metric.INFUSION_RATE, Metric.INFUSION_RATE_SET, Metric.VOLUME_INFUSED,
    Metric.VOLUME_TO_BE_INFUSED, Metric.VOLUME_REMAINING, Metric.DRUG_NAME, Metric.DRUG_CONCENTRATION, Metric.DOSE_RATE,
}  # fmt: skip


def test_a_visit_leaves_the_device_as_it_was(name: str) -> None:
    read, left_alone = (device_of(name, chair("S4")) for _ in range(2))
    heard = converse(family_of(name), read, HOUR_S, settings=settings_of(name))
    assert not read.tampered
    assert read.violations == []
    assert heard.reports, "nothing was heard: this shows nothing"
    assert condition(name, read) == condition(name, left_alone), "reading has changed what the device is"


def test_nothing_is_changed_over_a_bad_cable(name: str) -> None:
    """What is lost on the way is not our breach of a protocol, so only the latch and the condition count."""
    read, left_alone = (device_of(name, chair("S4")) for _ in range(2))
    heard = converse(family_of(name), read, HOUR_S / 4, settings=settings_of(name), wire=harmed(1))
    assert not read.tampered
    assert heard.outputs, "nothing was heard: this shows nothing"
    assert condition(name, read) == condition(name, left_alone), "reading has changed what the device is"


def harmed(seed: int) -> Callable[[bytes], Iterable[bytes]]:
    """Give a wire that loses a piece now and then, and turns over bits."""
    chance = random.Random(seed)

    def carry(data: bytes) -> Iterable[bytes]:
        if chance.random() < 0.05:
            return []
        return [bytes(byte ^ (1 << chance.randrange(8)) if chance.random() < 0.005 else byte for byte in data)]

    return carry


def condition(name: str, device: Device) -> dict[tuple[str, str], object]:
    """Give what a new reader gets to see, in the end, of what people or programs can set: therapy and alarms."""
    heard = converse(family_of(name), device, LOOK_S, start=START + HOUR_S + 60.0)
    last: dict[tuple[str, str], object] = {}
    for report in heard.reports:
        for reading in report.readings:
            if reading.metric in THERAPY:
                last[report.device, f"{reading.source} {reading.metric}"] = reading.value
        if report.alarms is not None:
            last[report.device, "alarms"] = sorted(alarm.code for alarm in report.alarms)
    return last
