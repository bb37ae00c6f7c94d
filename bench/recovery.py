"""How soon it is back: after a restart, a replugged port, a broker's return; and what it weighs with many devices."""

import contextlib
import json
import os
import statistics
import threading
import time
import tty
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from bench import parts
from bench.serial_speed import line


class Line:
    """A pty behind a name, that says a line every 20 ms."""

    def __init__(self, name: Path) -> None:
        self.name = name
        self._far = -1
        self._near = -1
        self._on = True
        self.plug_in()
        threading.Thread(target=self._talk, daemon=True).start()

    def _talk(self) -> None:
        number = 0
        while self._on:
            with contextlib.suppress(OSError):
                os.write(self._far, line(0, number))
            number += 1
            time.sleep(0.02)

    def plug_in(self) -> None:
        self._far, self._near = os.openpty()
        tty.setraw(self._near)
        os.set_blocking(self._far, False)
        self.name.unlink(missing_ok=True)
        self.name.symlink_to(os.ttyname(self._near))

    def pull_out(self) -> None:
        self.name.unlink()
        os.close(self._near)
        os.close(self._far)

    def stop(self) -> None:
        self._on = False


@contextlib.contextmanager
def listening(port: int) -> Iterator[list[tuple[float, dict[str, Any]]]]:
    """Collect observations with the moment of their arrival."""
    heard: list[tuple[float, dict[str, Any]]] = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.reconnect_delay_set(1, 1)
    client.on_connect = lambda client, *_: client.subscribe("onlooker-test/v1/+/+/+/observations", qos=1)
    client.on_message = lambda _c, _u, packet: heard.append((time.monotonic(), json.loads(packet.payload)))
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def _next(heard: list[tuple[float, dict[str, Any]]], since: datetime) -> float:
    """Give the seconds until the first message that was read from the wire after `since`."""
    text, began = since.isoformat(), time.monotonic()
    for _ in range(4000):
        for at, said in list(heard):
            if said["received_at"] > text:
                return max(0.0, at - began)
        time.sleep(0.005)
    raise RuntimeError("nothing came back")


def _say(what: str, waits: list[float]) -> None:
    print(f"  {what:44} median {statistics.median(waits):6.3f} s   longest {max(waits):6.3f} s   n={len(waits)}")


def back_again(rounds: int = 10) -> None:
    with parts.folder() as where, parts.mosquitto(where) as port:
        wire = Line(where / "port")
        config = parts.gateway_config(where, port, f"  d0: {{family: masimo, port: 'serial://{wire.name}'}}\n")
        restarts: list[float] = []
        with listening(port) as heard:
            for _ in range(rounds):
                heard.clear()
                with parts.process(parts.onlooker("run", str(config)), log=where / "gateway.log"):
                    restarts.append(_next(heard, datetime.now(UTC)))
            _say("first frame after a start", restarts)
            replugs: list[float] = []
            with parts.process(parts.onlooker("run", str(config)), log=where / "gateway.log"):
                _next(heard, datetime.now(UTC))
                for _ in range(rounds):
                    wire.pull_out()
                    time.sleep(1)
                    heard.clear()
                    wire.plug_in()
                    replugs.append(_next(heard, datetime.now(UTC)))
            _say("first frame after a replug", replugs)
        wire.stop()


def broker_returns(rounds: int = 5) -> None:
    """Measured at the broker's door: from when it accepts connections until it has a live message for a subscriber."""
    with parts.folder() as where:
        wire = Line(where / "port")
        port = parts.free_port()
        conf = where / "m.conf"
        conf.write_text(f"user {os.environ.get('USER', 'root')}\nlistener {port} 127.0.0.1\nallow_anonymous true\n")
        config = parts.gateway_config(where, port, f"  d0: {{family: masimo, port: 'serial://{wire.name}'}}\n")
        waits: list[float] = []
        with parts.process(parts.onlooker("run", str(config)), log=where / "gateway.log"):
            for _ in range(rounds):
                time.sleep(6)
                with parts.process([parts.MOSQUITTO, "-c", str(conf)]):
                    parts.wait_for_port(port)
                    with listening(port) as heard:
                        waits.append(_next(heard, datetime.now(UTC)))
        _say("live data after the broker's return", waits)
        wire.stop()


def weight() -> None:
    for devices in (50, 200):
        with parts.folder() as where, parts.mosquitto(where) as port:
            ptys = [parts.pty_pair() for _ in range(devices)]
            links = "".join(f"  d{n}: {{family: masimo, port: 'serial://{p[2]}'}}\n" for n, p in enumerate(ptys))
            with parts.process(parts.onlooker("run", str(parts.gateway_config(where, port, links)))) as gateway:
                time.sleep(3)
                for number in range(20):
                    for device, (far, _, _) in enumerate(ptys):
                        os.write(far, line(device, number))
                    time.sleep(0.5)
                print(f"  memory with {devices} devices at 2 Hz: {parts.memory_mib(gateway.pid):.1f} MiB")
            for far, near, _ in ptys:
                os.close(far)
                os.close(near)


def main() -> None:
    print("coming back")
    back_again()
    broker_returns()
    weight()
