"""Real processes on loopback: brokers, the gateway, a consumer, devices. Each is ended by its handle."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

ROOT = Path(__file__).parent.parent.parent
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
HOLES = """SELECT stream, seq + 1, next - 1 FROM (SELECT stream, seq, lead(seq) OVER
           (PARTITION BY stream ORDER BY seq) AS next FROM message) WHERE next > seq + 1"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(claim: Callable[[], object], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


@dataclass
class Program:
    """One process that can be killed and started again."""

    args: list[str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            env = {**os.environ, "PYTHONUNBUFFERED": "1"}
            self.process = subprocess.Popen(self.args, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT, env=env)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.args[:4]} did not end: {self.log.read_text()[-2000:]}") from None

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@dataclass
class Stage:
    """A folder and the programs in it."""

    folder: Path
    programs: list[Program] = field(default_factory=list)

    def program(self, name: str, *args: str) -> Program:
        program = Program(list(args), self.folder / f"{name}.log")
        self.programs.append(program)
        program.start()
        return program

    def mosquitto(self, port: int, *, more: str = "") -> Program:
        user = os.environ.get("USER") or "root"
        conf = self.folder / "mosquitto.conf"
        access = "" if "allow_anonymous" in more else "allow_anonymous true\n"
        conf.write_text(
            f"user {user}\nlistener {port} 127.0.0.1\n{access}persistence true\npersistence_location {self.folder}/\n"
            f"autosave_interval 1\nmax_queued_messages 0\n{more}"
        )
        assert Path(MOSQUITTO).exists(), "install Mosquitto: apt install mosquitto"
        broker = self.program("mosquitto", MOSQUITTO, "-c", str(conf))
        wait_until(lambda: answers(port), 10, "Mosquitto listens")
        return broker

    def gateway(self, config: Path) -> Program:
        return self.program("gateway", sys.executable, "-m", "gateway.cli", "run", str(config))

    def config(self, broker: str, links: str, *, more: str = "") -> Path:
        path = self.folder / "gateway.yaml"
        path.write_text(
            f"site: clinic\ngateway: gw1\nmode: test\ntimezone: UTC\nbroker: {broker}\n"
            f"outbox: {{path: outbox.sqlite}}\n{more}links:\n{links}"
        )
        return path

    def consumer(self, port: int, root: str = "onlooker-test/v1") -> Program:
        """Start the very subscriber that docs/consumers.md prints."""
        text = (ROOT / "docs" / "consumers.md").read_text(encoding="utf-8")
        code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
        assert code
        script = self.folder / "subscriber.py"
        script.write_text(code[1], encoding="utf-8")
        args = (str(script), "127.0.0.1", str(port), root, str(self.chart))
        return self.program("consumer", sys.executable, *args)

    @property
    def chart(self) -> Path:
        return self.folder / "chart.sqlite"

    def rows(self, query: str) -> list[Any]:
        if not self.chart.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.chart, timeout=10)) as db:
            return list(db.execute(query))

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for (body,) in self.rows("SELECT body FROM message ORDER BY stream, seq")]

    def end(self) -> None:
        for program in reversed(self.programs):
            if program.process is not None and program.process.poll() is None:
                program.kill()


@dataclass
class Line:
    """A pty with a simulated cable: the far end is ours, the near end the gateway's, by a name that can move."""

    link: Path
    far: int = -1
    near: int = -1

    def plug_in(self) -> None:
        self.far, self.near = os.openpty()
        tty.setraw(self.near)
        os.set_blocking(self.far, False)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self.near))

    def pull_out(self) -> None:
        self.link.unlink(missing_ok=True)
        for handle in (self.near, self.far):
            os.close(handle)

    def say(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self.far, data)


def masimo_line(number: int) -> bytes:
    return (
        b"11/23/26 10:%02d:%02d SN=0000000042 SPO2=%03d%% BPM=080 PI=%05.2f%% SPCO=--.-%% SPMET=--.-%% DESAT=-- "
        b"PIDELTA=+-- ALARM=0000 EXC=000800\r\n" % (*divmod(number % 3600, 60), 93 + number % 7, number % 1900 / 100)
    )


def hl7_message(number: int, value: int, *, key: str = "0011220000C0FFEE") -> bytes:
    """One PCD-01 message in MLLP, numbered in MSH-10."""
    segments = (
        rf"MSH|^~\&|SIM^{key}^EUI-64|T|||20260115101500+0000||ORU^R01^ORU_R01|N{number}|P|2.6|||AL|NE||UNICODE UTF-8",
        "PID|||TEST^^^T^PI",
        "OBR|1|1|1|182777000^monitoring of patient^SCT|||20260115101500+0000",
        f"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.1|{value}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R",
    )
    return b"\x0b" + "\r".join(segments).encode() + b"\r\x1c\r"


class Sender:
    """An HL7 device that waits for each acknowledgement, and sends again what got none."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.acknowledged: set[int] = set()
        self.sent = 0

    async def run(self) -> None:
        number = 0
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    while True:
                        writer.write(hl7_message(number, number))
                        self.sent += 1
                        async with asyncio.timeout(2):  # wait_for of 3.11 forgets a cancellation that meets an answer
                            answer = await reader.readuntil(b"\x1c\r")
                        assert b"|N%d\r" % number in answer or b"|N%d|" % number in answer, answer
                        assert b"MSA|CA|" in answer, answer
                        self.acknowledged.add(number)
                        number += 1
                        await asyncio.sleep(0.01)
                finally:
                    writer.close()
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Heard:
    """One message as a subscriber got it."""

    at: float  # monotonic, s
    topic: str
    retained: bool
    said: dict[str, Any]


class Ear:
    """A subscriber that remembers everything, with times."""

    def __init__(self, port: int, topic: str = "#", **login: str) -> None:
        self.heard: list[Heard] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        if login:
            self._client.username_pw_set(**login)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _take(self, _client: mqtt.Client, _data: object, packet: mqtt.MQTTMessage) -> None:
        said = json.loads(packet.payload or b"{}")
        self.heard.append(Heard(time.monotonic(), packet.topic, packet.retain, said))

    def of(self, kind: str) -> list[Heard]:
        return [heard for heard in list(self.heard) if heard.topic.endswith(f"/{kind}")]

    def wait_for(self, kind: str, claim: Callable[[dict[str, Any]], object], seconds: float = 10) -> Heard:
        found: list[Heard] = []

        def is_there() -> bool:
            found[:] = [heard for heard in self.of(kind) if claim(heard.said)]
            return bool(found)

        wait_until(is_there, seconds, f"a message on …/{kind}")
        return found[0]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextlib.contextmanager
def ear(port: int, topic: str = "#", **login: str) -> Iterator[Ear]:
    made = Ear(port, topic, **login)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    made = Stage(folder)
    try:
        yield made
    finally:
        made.end()
