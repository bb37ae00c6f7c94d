"""Masimo lines over ptys: latency at 10 Hz, and how many frames a second get through, beside the floor."""

import os
import select
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from bench import parts

LINE = (
    b"11/23/26 10:%02d:%02d SN=%010d SPO2=%03d%% BPM=%03d PI=%05.2f%% SPCO=--.-%% SPMET=--.-%% DESAT=-- PIDELTA=+-- "
    b"ALARM=0000 EXC=000800\r\n"
)


def line(device: int, number: int) -> bytes:
    minute, second = divmod(number // 10 % 3600, 60)
    values = (93 + number % 7, 60 + (number // 3 + device) % 40, number % 2000 / 100)
    return LINE % (minute, second, device, *values)


class Result(NamedTuple):
    name: str
    frames: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    memory_mib: float


def _gateway(where: Path, mqtt_port: int, ptys: list[str]) -> list[str]:
    links = "".join(f"  d{n}: {{family: masimo, port: 'serial://{name}'}}\n" for n, name in enumerate(ptys))
    return parts.onlooker("run", str(parts.gateway_config(where, mqtt_port, links)))


def _floor(where: Path, mqtt_port: int, ptys: list[str]) -> list[str]:
    return [sys.executable, "-m", "bench.floor", str(mqtt_port), str(where / "floor.sqlite"), "serial", *ptys]


COMMANDS = {"onlooker": _gateway, "floor": _floor}


def measure(name: str, devices: int, frames: int, *, hz: float | None) -> Result:
    """`hz=None`: as fast as it goes."""
    with parts.folder() as where, parts.mosquitto(where) as mqtt_port:
        ptys = [parts.pty_pair() for _ in range(devices)]
        out = where / "arrivals"
        extra = ["bench/#"] if name == "floor" else []
        subscriber = [sys.executable, "-m", "bench.subscriber", str(mqtt_port), str(out), str(frames), *extra]
        with parts.process(subscriber, log=where / "subscriber.log") as listening:
            parts.wait_for_file(Path(f"{out}.ready"))
            with parts.process(
                COMMANDS[name](where, mqtt_port, [p[2] for p in ptys]), log=where / "gateway.log"
            ) as gateway:
                time.sleep(2.5)
                cpu, began = parts.cpu_s(gateway.pid), time.monotonic()
                sent = _paced(ptys, frames, hz) if hz else _flood(ptys, frames)
                listening.wait(120)
                cpu, memory = parts.cpu_s(gateway.pid) - cpu, parts.memory_mib(gateway.pid)
        for far, near, _ in ptys:
            os.close(far)
            os.close(near)
        return _result(name, out, sent, began, cpu, memory)


def _paced(ptys: list[tuple[int, int, str]], frames: int, hz: float) -> dict[tuple[int, str], list[float]]:
    sent: dict[tuple[int, str], list[float]] = defaultdict(list)
    start = time.monotonic() + 0.1
    for index in range(frames):
        number, device = divmod(index, len(ptys))
        due = start + index / (hz * len(ptys))
        while (wait := due - time.monotonic()) > 0:
            time.sleep(wait)
        data = line(device, number)
        sent[device, "%05.2f" % (number % 2000 / 100)].append(time.monotonic())
        os.write(ptys[device][0], data)
    return sent


def _flood(ptys: list[tuple[int, int, str]], frames: int) -> dict[tuple[int, str], list[float]]:
    each = frames // len(ptys)
    rest = {far: b"".join(line(device, n) for n in range(each)) for device, (far, _, _) in enumerate(ptys)}
    while rest:
        _, ready, _ = select.select([], list(rest), [], 10)
        if not ready:
            break
        for far in ready:
            try:
                taken = os.write(far, rest[far][:4096])
            except BlockingIOError:
                continue
            rest[far] = rest[far][taken:]
            if not rest[far]:
                del rest[far]
    return {}


def _result(
    name: str, out: Path, sent: dict[tuple[int, str], list[float]], began: float, cpu: float, memory: float
) -> Result:
    rows = [row.split() for row in out.read_bytes().splitlines()]
    waits: list[float] = []
    for at, topic, mark in rows:
        part = topic.decode().split("/")
        device = int(part[-1]) if name == "floor" else int(part[-2][1:])
        times = sent.get((device, mark.decode()))
        if times:
            waits.append((float(at) - times.pop(0)) * 1000)
    took = float(rows[-1][0]) - began
    waits = waits or [0.0]
    return Result(
        name, len(rows), len(rows) / took, statistics.median(waits), parts.percentile(waits, 0.99),
        cpu / len(rows) * 1e6, memory,
    )  # fmt: skip


def main() -> None:
    print("Masimo lines, 50 ptys, 10 Hz each: from the last byte on the wire to the subscriber")
    for name in COMMANDS:
        r = measure(name, 50, 10_000, hz=10)
        print(
            f"  {name:9} p50 {r.p50_ms:5.2f} ms  p99 {r.p99_ms:5.2f} ms  {r.cpu_us:5.0f} us of processor a frame  "
            f"{r.memory_mib:5.1f} MiB"
        )
    print("as fast as they go, nothing lost")
    ours, floor = (measure(name, 50, 200_000, hz=None) for name in COMMANDS)
    for r in (ours, floor):
        print(f"  {r.name:9} {r.rate:8,.0f} frames/s  {r.cpu_us:5.1f} us of processor a frame  ({r.frames:,} arrived)")
    print(f"  ratio to the floor {ours.rate / floor.rate:.2f}")


if __name__ == "__main__":
    main()
