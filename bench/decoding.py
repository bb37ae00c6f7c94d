"""Decoding alone, per family: what its simulator says in an hour, decoded by codec and driver on one core.

For HL7 also the same messages through python-hl7 and hl7apy.
"""

import time
from importlib.metadata import entry_points
from typing import Any, Final, NamedTuple

from bench.hl7_speed import message
from drivers.api import Family, Port, Report, Request, Waveform
from simulators.api import Device, StillBedside

SECONDS: Final = 600.0
LEAST_S: Final = 0.5
START: Final = 1_767_225_600.0


class Result(NamedTuple):
    family: str
    frames_per_s: float
    mb_per_s: float
    values_per_s: float
    device_us_per_s: float  # processor time for one device at its natural rate


def _port(family: Family) -> Port:
    return Port("bench", "datagrams" if "udp" in family.ports else "stream")


def overheard(family: Family, device: Device) -> list[tuple[float, bytes]]:
    """Let them talk in virtual time; gives what the device said, and when."""
    dialogue = family.dialogue(family.settings(), _port(family))
    said: list[tuple[float, bytes]] = []
    now = START
    waiting = [(now, data) for data in device.open(now)]
    requests = list(dialogue.open(now))
    while now < START + SECONDS:
        while waiting or requests:
            for output in requests:
                if isinstance(output, Request):
                    waiting += [(now, data) for data in device.receive(output.encode(), now)]
            requests = []
            for at, data in waiting:
                said.append((at, data))
                requests += dialogue.receive(data, now)
            waiting = []
        wakes = [at for at in (device.wake_at, dialogue.wake_at) if at is not None]
        if not wakes:
            break
        now = max(min(wakes), now + 0.001)
        if device.wake_at is not None and device.wake_at <= now:
            waiting += [(now, data) for data in device.tick(now)]
        if dialogue.wake_at is not None and dialogue.wake_at <= now:
            requests += dialogue.tick(now)
    return said


def measure(family: Family, device: Device) -> Result:
    said = overheard(family, device)
    seconds = max(1.0, said[-1][0] - said[0][0])
    rounds, took, values = 0, 0.0, 0
    while took < LEAST_S:
        dialogue = family.dialogue(family.settings(), _port(family))
        dialogue.open(START)
        began = time.process_time()
        outputs = [output for at, data in said for output in dialogue.receive(data, at)]
        took += time.process_time() - began
        rounds += 1
        values += sum(len(o.readings) for o in outputs if isinstance(o, Report))
        values += sum(len(o.samples) for o in outputs if isinstance(o, Waveform))
    size = sum(len(data) for _, data in said) * rounds
    each = took / rounds / seconds * 1e6
    return Result(family.name, len(said) * rounds / took, size / took / 1e6, values / took, each)


def libraries(rows: int) -> list[tuple[str, float]]:
    """Milliseconds a message of so many OBX: ours, python-hl7, hl7apy."""
    import hl7
    from hl7apy.parser import parse_message

    family = entry_points(group="onlooker.families")["ihe_pcd"].load()
    frames = [message(n % 7, n, rows) for n in range(400)]
    texts = [frame[1:-2].decode() for frame in frames]
    dialogue = family.dialogue(family.settings(), Port("bench"))
    dialogue.open(START)

    def timed(work: Any, items: list[Any]) -> float:
        began = time.process_time()
        for item in items:
            work(item)
        return (time.process_time() - began) / len(items) * 1000

    return [
        ("onlooker, with quality, units and events", timed(lambda frame: dialogue.receive(frame, START), frames)),
        ("python-hl7, parse only", timed(hl7.parse, texts[:100])),
        ("hl7apy, parse only", timed(lambda text: parse_message(text, find_groups=False), texts[:10])),
    ]


def main() -> None:
    simulators = entry_points(group="onlooker.simulators")
    print("decoding alone, on one core, ten minutes of each simulator")
    for entry in sorted(entry_points(group="onlooker.families"), key=lambda entry: entry.name):
        simulator = simulators[entry.name].load()
        result = measure(entry.load(), simulator.device(StillBedside(), simulator.settings()))
        print(
            f"  {result.family:14} {result.frames_per_s:10,.0f} frames/s {result.mb_per_s:8.2f} MB/s "
            f"{result.values_per_s:12,.0f} values/s   one device: {result.device_us_per_s:8,.0f} us/s"
        )
    for rows in (12, 60):
        print(f"HL7, {rows} OBX, values moving")
        for name, milliseconds in libraries(rows):
            print(f"  {name:44} {milliseconds:9.3f} ms a message")
