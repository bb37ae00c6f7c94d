"""The floor: reads the same bytes, puts them raw through SQLite FULL with group commit, and publishes them.

It decodes nothing, names nothing, remembers nothing and recovers from nothing: what any durable gateway in this
language must pay. `python -m bench.floor MQTT_PORT DB serial PTY…` or `… hl7 PORT`.
"""

import asyncio
import queue
import sqlite3
import sys
import threading
from collections import deque
from functools import partial
from pathlib import Path

import serialx

WINDOW = 50


class Floor:
    def __init__(self, database: Path) -> None:
        self.loop = asyncio.get_running_loop()
        self.work: queue.SimpleQueue[list[tuple[int, bytes, bytes, object]]] = queue.SimpleQueue()
        self.batch: list[tuple[int, bytes, bytes, object]] = []
        self.live: deque[tuple[int, bytes, bytes]] = deque()
        self.flying: dict[int, int] = {}
        self.done: list[tuple[int]] = []
        self.n = 0
        self.packet = 0
        self.transport: asyncio.Transport | None = None
        self.database = database
        threading.Thread(target=self.write, daemon=True).start()

    def put(self, topic: bytes, payload: bytes, ack: object = None) -> None:
        if not self.batch:
            self.loop.call_soon(self.hand_over)
        self.n += 1
        self.batch.append((self.n, topic, payload, ack))

    def hand_over(self) -> None:
        self.work.put(self.batch)
        self.batch = []

    def write(self) -> None:
        db = sqlite3.connect(self.database, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE m (n INTEGER PRIMARY KEY, topic BLOB, payload BLOB)")
        while True:
            rows = self.work.get()
            while not self.work.empty():
                rows += self.work.get()
            done, self.done = self.done, []
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO m VALUES (?, ?, ?)", [(n, topic, payload) for n, topic, payload, _ in rows])
            db.executemany("DELETE FROM m WHERE n = ?", done)
            db.execute("COMMIT")
            self.loop.call_soon_threadsafe(self.committed, rows)

    def committed(self, rows: list[tuple[int, bytes, bytes, object]]) -> None:
        for n, topic, payload, ack in rows:
            self.live.append((n, topic, payload))
            if isinstance(ack, asyncio.WriteTransport):
                ack.write(ACK)
        self.pump()

    def pump(self) -> None:
        packets: list[bytes] = []
        while self.live and len(self.flying) < WINDOW and self.transport:
            n, topic, payload = self.live.popleft()
            self.packet = self.packet % 65535 + 1
            self.flying[self.packet] = n
            size = 4 + len(topic) + len(payload)
            head = b"\x32" + (bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7)))
            packets.append(head + len(topic).to_bytes(2, "big") + topic + self.packet.to_bytes(2, "big") + payload)
        if packets and self.transport:
            self.transport.write(b"".join(packets))


ACK = b"\x0bMSH|^~\\&|FLOOR||||20260101000000||ACK|1|P|2.6\rMSA|CA|1\r\x1c\r"


class Broker(asyncio.Protocol):
    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.floor.transport = transport
        transport.write(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05floor")

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data
        whole = len(data) // 4 * 4
        for at in range(0, whole, 4):
            if data[at] == 0x40:
                self.floor.done.append((self.floor.flying.pop(int.from_bytes(data[at + 2 : at + 4], "big")),))
        self.buffer = data[whole:]
        self.floor.pump()


class Source(asyncio.Protocol):
    def __init__(self, floor: Floor, topic: bytes, end: bytes, *, acknowledge: bool) -> None:
        self.floor, self.topic, self.end, self.buffer = floor, topic, end, b""
        self.acknowledge = acknowledge
        self.transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *frames, self.buffer = (self.buffer + data).split(self.end)
        for frame in frames:
            self.floor.put(self.topic, frame, self.transport if self.acknowledge else None)


def _same(source: Source) -> Source:
    return source


async def main() -> None:

    mqtt_port, database, kind, *ports = sys.argv[1:]
    loop = asyncio.get_running_loop()
    floor = Floor(Path(database))
    await loop.create_connection(lambda: Broker(floor), "127.0.0.1", int(mqtt_port))
    if kind == "hl7":
        await loop.create_server(
            lambda: Source(floor, b"bench/hl7", b"\x1c\r", acknowledge=True), "127.0.0.1", int(ports[0])
        )
    else:
        for number, port in enumerate(ports):
            source = Source(floor, b"bench/%d" % number, b"\r\n", acknowledge=False)
            await serialx.create_serial_connection(loop, partial(_same, source), port, baudrate=9600)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
