"""HL7 over MLLP: how long an acknowledgement takes (after the commit), and how many messages a second get through."""

import asyncio
import socket
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench import parts

ROWS = (
    ("147842^MDC_ECG_HEART_RATE^MDC", "264864^MDC_DIM_BEAT_PER_MIN^MDC", 60, 40),
    ("150456^MDC_PULS_OXIM_SAT_O2^MDC", "262688^MDC_DIM_PERCENT^MDC", 92, 8),
    ("149530^MDC_PULS_OXIM_PULS_RATE^MDC", "264896^MDC_DIM_PULS_PER_MIN^MDC", 60, 40),
    ("150448^MDC_PULS_OXIM_PERF_REL^MDC", "262656^MDC_DIM_DIMLESS^MDC", 1, 15),
    ("151728^MDC_AWAY_CO2_ET^MDC", "266016^MDC_DIM_MMHG^MDC", 30, 15),
    ("151594^MDC_CO2_RESP_RATE^MDC", "264928^MDC_DIM_RESP_PER_MIN^MDC", 8, 20),
    ("150344^MDC_TEMP^MDC", "268192^MDC_DIM_DEGC^MDC", 36, 3),
    ("150033^MDC_PRESS_BLD_ART_SYS^MDC", "266016^MDC_DIM_MMHG^MDC", 100, 60),
    ("150034^MDC_PRESS_BLD_ART_DIA^MDC", "266016^MDC_DIM_MMHG^MDC", 60, 30),
    ("150035^MDC_PRESS_BLD_ART_MEAN^MDC", "266016^MDC_DIM_MMHG^MDC", 70, 40),
    ("151578^MDC_TTHOR_RESP_RATE^MDC", "264928^MDC_DIM_RESP_PER_MIN^MDC", 8, 20),
    ("148066^MDC_ECG_V_P_C_RATE^MDC", "264864^MDC_DIM_BEAT_PER_MIN^MDC", 0, 10),
)


def message(device: int, number: int, rows: int = 12) -> bytes:
    """One PCD-01 message of so many OBX, values moving as a patient's do."""
    key = f"0011220000{device:06X}"
    head = (
        rf"MSH|^~\&|SIM^{key}^EUI-64|T|||20261123101500.{number % 1000:03d}+0000||ORU^R01^ORU_R01|{device}.{number}|P"
        "|2.6|||AL|NE||UNICODE UTF-8"
    )
    lines = [head, "PID|||T^^^T^PI", f"PV1||I|ICU^^CHAIR{device}", "OBR|1|1|1|182777000^monitoring of patient^SCT"]
    for index in range(rows):
        name, unit, low, spread = ROWS[index % len(ROWS)]
        value = low + (number // (1 + index) + index * 7 + device) % spread
        lines.append(f"OBX|{index + 1}|NM|{name}|1.{1 + index // 3}.1.{index + 1}|{value}|{unit}|||||R")
    return b"\x0b" + "\r".join(lines).encode() + b"\r\x1c\r"


class Result(NamedTuple):
    name: str
    messages: int
    rate: float
    ack_p50_ms: float
    ack_p99_ms: float


def measure(name: str, senders: int, messages: int, *, hz: float | None) -> Result:
    """`hz=None`: each sender keeps up to 20 messages unacknowledged, as fast as they go."""
    with parts.folder() as where, parts.mosquitto(where) as mqtt_port:
        port, out = parts.free_port(), where / "arrivals"
        extra = ["bench/#"] if name == "floor" else []
        subscriber = [sys.executable, "-m", "bench.subscriber", str(mqtt_port), str(out), str(messages), *extra]
        with parts.process(subscriber) as listening:
            parts.wait_for_file(Path(f"{out}.ready"))
            links = f"  hl7: {{family: ihe_pcd, port: 'listen://127.0.0.1:{port}'}}\n"
            command = (
                [sys.executable, "-m", "bench.floor", str(mqtt_port), str(where / "f.sqlite"), "hl7", str(port)]
                if name == "floor"
                else parts.onlooker("run", str(parts.gateway_config(where, mqtt_port, links)))
            )
            with parts.process(command, log=Path(where / "gateway.log")):
                parts.wait_for_port(port)
                time.sleep(1)
                began = time.monotonic()
                waits = [0.0]
                if hz is None:
                    asyncio.run(_flood(port, senders, messages // senders))
                else:
                    waits = _ask_in_turn(port, senders, messages // senders, hz)
                listening.wait(120)
        rows = out.read_bytes().splitlines()
    took = float(rows[-1].split()[0]) - began
    ordered = sorted(waits)
    return Result(name, len(rows), len(rows) / took, statistics.median(ordered), parts.percentile(ordered, 0.99))


def _ask_in_turn(port: int, senders: int, each: int, hz: float) -> list[float]:
    """One message at a time, on one connection after the other: what is measured is the gateway, not this loop."""
    peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(senders)]
    for peer in peers:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    waits: list[float] = []
    due = time.monotonic()
    for number in range(each):
        for device, peer in enumerate(peers):
            frame = message(device, number)
            due += 1 / hz / senders
            time.sleep(max(0.0, due - time.monotonic()))
            began = time.monotonic()
            peer.sendall(frame)
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                answer += peer.recv(4096)
            waits.append((time.monotonic() - began) * 1000)
    for peer in peers:
        peer.close()
    return waits


async def _flood(port: int, senders: int, each: int) -> None:
    await asyncio.gather(*(_sender(port, device, each) for device in range(senders)))


async def _sender(port: int, device: int, count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    frames = [message(device, number) for number in range(count)]
    for start in range(0, count, 20):
        group = frames[start : start + 20]
        writer.write(b"".join(group))
        for _ in group:
            await reader.readuntil(b"\x1c\r")
    writer.close()


def main() -> None:
    print("HL7, 12 OBX a message, 10 connections: from the message to its acknowledgement, after the commit")
    for name in ("onlooker", "floor"):
        r = measure(name, 10, 2_000, hz=10)
        print(f"  {name:9} p50 {r.ack_p50_ms:5.2f} ms  p99 {r.ack_p99_ms:5.2f} ms")
    print("up to 20 unacknowledged a connection, nothing lost")
    ours, floor = (measure(name, 10, 40_000, hz=None) for name in ("onlooker", "floor"))
    for r in (ours, floor):
        print(f"  {r.name:9} {r.rate:8,.0f} messages/s  ({r.messages:,} arrived)")
    print(f"  ratio to the floor {ours.rate / floor.rate:.2f}")


if __name__ == "__main__":
    main()
