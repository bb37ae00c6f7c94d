"""The whole example ward at a real gateway: `python -m tests.end_to_end.whole_ward [SECONDS] [--faults]`.

One device of every family at once, a broker, a subscriber; with `--faults`, over bad cables that are pulled in the end.
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

from ruamel.yaml import YAML

from simulators.registry import installed
from simulators.ward_file import load
from tests.end_to_end.parts import ROOT, Ear, Program, Stage, answers, ear, free_port, stage, wait_until

FILE: Final = ROOT / "config" / "ward.example.yaml"
BEGIN_S: Final = 45.0  # until every device delivers; most need two seconds
BACK_WITHIN_S: Final = 5.0  # or two of its own periods
TROUBLE: Final = ("damage", "denied", "lost", "connections refused")  # counters begin so
HARMED: Final = (15.0, 30.0)  # seconds since the ward's start
UNPLUGGED: Final = (40.0, 46.0)
LINES: Final = frozenset({"serial"})  # what corrupts; TCP and UDP bring checksums of their own
COMPLAINT: Final = re.compile(r"chair\d+-[\w-]+: ")
# What a device may miss because its own words did not arrive: nothing is left to answer then.
MISSED: Final = re.compile(r"without (ACK|DC4)|silent for|no heartbeat|was not answered")
# Whose return may take longer, by how much, and why.
HELD_UP_S: Final = {
    "intellivue": 10.0,  # the monitor still holds the old association, and refuses another
    "fresenius_vial": 3.0,  # a base needs a second after its session was opened, and each module another one
    "ge_dri": 5.0,  # the first record after a request may be an old one out of a buffer
}


@dataclass
class Device:
    """What a subscriber saw of one device."""

    name: str
    family: str = ""
    state: str = ""
    counters: dict[str, int] = field(default_factory=dict)
    arrived: list[float] = field(default_factory=list)  # observations with a valid value, s since the ward's start
    values: int = 0
    events: list[str] = field(default_factory=list)
    numbers: dict[str, list[int]] = field(default_factory=dict)  # of each stream

    @property
    def period_s(self) -> float:
        rounds = self.arrived[:1]  # of what a device says in one breath, the first
        for at in self.arrived:
            if at >= rounds[-1] + 1.0:
                rounds.append(at)
        return median(later - earlier for earlier, later in pairwise(rounds)) if len(rounds) > 1 else 0.0

    @property
    def trouble(self) -> dict[str, int]:
        return {name: count for name, count in self.counters.items() if name.startswith(TROUBLE) and count}

    def back_after(self, second: float) -> float:
        """Give how long after this second it was heard again; endless if never."""
        return next((at - second for at in self.arrived if at > second), float("inf"))


@dataclass
class Outcome:
    """What came of it."""

    devices: dict[str, Device]
    dropped: dict[str, int]
    gateway_code: int
    gateway_said: str
    ward_code: int
    ward_said: str


def published(file: Path) -> set[str]:
    """Name every device that must be heard: by its keys, or alone."""
    plan = load(file.read_text(encoding="utf-8"), str(file), installed())
    return {given for _, name, device in plan.devices for given in (device.keys.values() or [name])}


def with_faults(file: Path, folder: Path) -> Path:
    """Write the ward with a bad cable at each device."""
    plan = load(file.read_text(encoding="utf-8"), str(file), installed())
    data = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    for station, name, device in plan.devices:
        faults: dict[str, Any] = {"unplugged": [list(UNPLUGGED)], "byte_at_a_time": True, "baud": 38_400}
        if device.port.kind in LINES:
            faults |= {"corruption": 0.01, "loss": 0.0025, "harmed": [list(HARMED)]}
        data["stations"][station]["devices"][name]["faults"] = faults
    path = folder / "ward.faults.yaml"
    with path.open("w", encoding="utf-8") as out:
        YAML(typ="safe").dump(data, out)
    return path


def run(folder: Path, seconds: float, *, has_faults: bool = False) -> Outcome:
    """Let ward and gateway live for so long: counted from when all devices deliver, with faults from the beginning."""
    file = with_faults(FILE, folder) if has_faults else FILE
    with stage(folder) as made, at_work(made, file) as (ward, gateway, heard, started):
        until = (started if has_faults else time.monotonic()) + seconds
        while time.monotonic() < until:
            assert gateway.process is not None
            assert gateway.process.poll() is None, gateway.said()[-3000:]
            time.sleep(0.5)
        devices, dropped = _sum_up(heard, started)
        gateway_code = gateway.stop()
        ward_code = ward.stop()
        return Outcome(devices, dropped, gateway_code, gateway.said(), ward_code, ward.said())


@contextmanager
def at_work(made: Stage, file: Path) -> Iterator[tuple[Program, Program, Ear, float]]:
    """Start ward, gateway with its broker, and an ear; all devices deliver then. Also gives when the ward began."""
    port, config = free_port(), made.folder / "written.yaml"
    program = [sys.executable, "-m", "gateway.cli", "ward", str(file), "--write-config", str(config)]
    ward = made.program("ward", *program, "--mqtt-port", str(port))
    wait_until(config.exists, 30, "the ward has written a configuration")
    started = time.monotonic()
    gateway = made.gateway(config)
    wait_until(lambda: answers(port), 15, "the embedded broker listens")
    with ear(port) as heard:
        wait_for_all(made, heard, published(file))
        yield ward, gateway, heard, started


def wait_for_all(made: Stage, heard: Ear, names: set[str], since: float = 0.0) -> None:
    """Wait until the last that was heard of each device is that it delivers; `since`: monotonic, what counts."""

    def missing() -> set[str]:
        states = {
            message.said["device"]: message.said["state"]
            for message in heard.of("status")
            if "device" in message.said and message.at > since
        }
        return {name for name in names if states.get(name) != "delivering"}

    try:
        wait_until(lambda: not missing(), BEGIN_S, "every device delivers")
    except AssertionError:
        raise AssertionError(f"not delivering: {sorted(missing())}\n{made.programs[-1].said()[-2000:]}") from None


def _sum_up(heard: Ear, started: float) -> tuple[dict[str, Device], dict[str, int]]:
    devices: dict[str, Device] = {}
    dropped: dict[str, int] = {}
    for message in list(heard.heard):
        said = message.said
        if "device" not in said:
            dropped = said.get("dropped", dropped)
            continue
        device = devices.setdefault(said["device"], Device(said["device"], said["family"]))
        if "stream" in said:
            device.numbers.setdefault(said["stream"], []).append(said["seq"])
        if "state" in said:
            device.state, device.counters = said["state"], said["counters"]
        elif "observations" in said:
            values = [one for one in said["observations"] if one["validity"] == "valid" and one["value"] is not None]
            device.values += len(values)
            device.arrived += [message.at - started] if values else []
        elif "event" in said:
            device.events.append(said["event"])
    return devices, dropped


def faults_of(outcome: Outcome, names: set[str]) -> Iterator[str]:
    """Say what is wrong after a run over good cables."""
    yield from common_faults_of(outcome, names)
    if strangers := outcome.devices.keys() - names:  # with faults, one whose key was changed
        yield f"nobody knows {sorted(strangers)}"
    if outcome.ward_code:
        yield f"the ward complains: {outcome.ward_said[-2000:]}"
    for device in _expected(outcome, names):
        if device.trouble:
            yield f"{device.name}: {device.trouble}"
        if "data_gap" in device.events:
            yield f"{device.name}: a data gap"


def common_faults_of(outcome: Outcome, names: set[str]) -> Iterator[str]:
    """Say what must never be wrong."""
    if outcome.dropped:
        yield f"dropped: {outcome.dropped}"
    if outcome.gateway_code or "Traceback" in outcome.gateway_said:
        yield f"the gateway ended with {outcome.gateway_code}: {outcome.gateway_said[-2000:]}"
    for device in _expected(outcome, names):
        if device.state != "delivering" or not device.values:
            yield f"{device.name}: {device.state or 'never heard'}, {device.values} valid values"
        for stream, numbers in device.numbers.items():
            if sorted(set(numbers)) != list(range(min(numbers), max(numbers) + 1)):
                yield f"{device.name}: a hole in {stream}"


def faults_after_faults(outcome: Outcome, names: set[str]) -> Iterator[str]:
    """Say what is wrong after a run over bad cables."""
    yield from common_faults_of(outcome, names)
    complaints = [line for line in outcome.ward_said.splitlines() if COMPLAINT.match(line)]
    if outcome.ward_code not in (0, 1) or (outcome.ward_code and not complaints):
        yield f"the ward ended with {outcome.ward_code}: {outcome.ward_said[-2000:]}"
    yield from (line for line in complaints if not MISSED.search(line))
    for device in _expected(outcome, names):
        limit = max(BACK_WITHIN_S, 2 * device.period_s) + HELD_UP_S.get(device.family, 0.0)
        for what, second in (("corruption", HARMED[1]), ("the cable", UNPLUGGED[1])):
            if (back := device.back_after(second)) > limit + 0.5:  # the ward is a little older than we know
                yield f"{device.name}: heard {back:.1f} s after {what}, not within {limit:.1f} s"


def _expected(outcome: Outcome, names: set[str]) -> list[Device]:
    return [outcome.devices.get(name) or Device(name) for name in sorted(names)]


def main() -> int:
    """Run by hand, and print a table."""
    has_faults = "--faults" in sys.argv
    seconds = float(next((word for word in sys.argv[1:] if not word.startswith("-")), 600.0))
    with tempfile.TemporaryDirectory(prefix="onlooker-ward-test-") as name:
        folder = Path(name)
        outcome = run(folder, seconds, has_faults=has_faults)
    for device in sorted(outcome.devices.values(), key=lambda device: device.name):
        row = (
            f"{device.name:22} {device.family:16} {device.state:12} {device.values:7} values, {device.period_s:4.1f} s"
        )
        print(row, json.dumps(device.trouble), *sorted(set(device.events)))
    faults = list((faults_after_faults if has_faults else faults_of)(outcome, published(FILE)))
    print(*(faults or ["all well"]), sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
