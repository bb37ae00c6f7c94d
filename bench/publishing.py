"""What a publish with QoS 1 costs: aiomqtt, paho, and the bare socket that gateway/publisher.py speaks on."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from bench import parts
from gateway import mqtt

COUNT: Final = 20_000
WINDOW: Final = 50
PAYLOAD: Final = b"x" * 1700  # a Masimo line's message
TOPIC: Final = "onlooker-test/v1/bench/chair1/monitor/observations"


class Result(NamedTuple):
    way: str
    per_s: float
    cpu_us: float


async def by_aiomqtt(port: int) -> None:
    async with aiomqtt.Client("127.0.0.1", port, max_inflight_messages=WINDOW) as client:
        client.pending_calls_threshold = COUNT
        slots = asyncio.Semaphore(WINDOW)

        async def publish() -> None:
            async with slots:
                await client.publish(TOPIC, PAYLOAD, qos=1)

        await asyncio.gather(*(publish() for _ in range(COUNT)))


async def by_paho(port: int) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(WINDOW)
    client.connect("127.0.0.1", port)
    client.loop_start()
    published = [client.publish(TOPIC, PAYLOAD, qos=1) for _ in range(COUNT)]
    await asyncio.to_thread(published[-1].wait_for_publish)
    client.disconnect()
    client.loop_stop()


async def by_socket(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(mqtt.connect("bench", 60, None, None, mqtt.Will("w", b""), "3.1.1"))
    decoder, head, flying, sent = mqtt.Decoder("3.1.1"), mqtt.topic_head(TOPIC), 0, 0
    decoder.feed(await reader.read(64))
    while sent < COUNT or flying:
        free = min(WINDOW - flying, COUNT - sent)
        writer.write(b"".join(mqtt.publish(head, (sent + n) % 65535 + 1, b"", PAYLOAD) for n in range(free)))
        sent, flying = sent + free, flying + free
        flying -= len(decoder.feed(await reader.read(65536)))
    writer.close()


WAYS: Final[dict[str, Callable[[int], Awaitable[None]]]] = {
    "aiomqtt": by_aiomqtt,
    "paho": by_paho,
    "socket": by_socket,
}


def measure(way: str) -> Result:
    with parts.folder() as where, parts.mosquitto(where) as port:
        cpu, began = parts.cpu_s(os.getpid()), time.monotonic()

        async def run() -> None:
            await WAYS[way](port)

        asyncio.run(run())
        took, cpu = time.monotonic() - began, parts.cpu_s(os.getpid()) - cpu
    return Result(way, COUNT / took, cpu / COUNT * 1e6)


def main() -> None:
    print("publishing 1,700 bytes with QoS 1, at most 50 in flight")
    for way in WAYS:
        result = measure(way)
        print(f"  {result.way:10} {result.per_s:10,.0f} a second {result.cpu_us:8.1f} us of processor each")
