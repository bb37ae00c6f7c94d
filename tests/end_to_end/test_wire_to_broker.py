"""The main job on real parts: serial line, HL7 sender, the gateway as a process, Mosquitto and the embedded broker."""

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.parts import (
    ROOT,
    Ear,
    Line,
    Program,
    Stage,
    answers,
    ear,
    free_port,
    hl7_message,
    masimo_line,
    stage,
    wait_until,
)

pytestmark = pytest.mark.slow


class Talker:
    """Says a Masimo line ten times a second from a thread, until told to stop."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._on = True
        self.number = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self._on:
            with contextlib.suppress(OSError):
                self._line.say(masimo_line(self.number))
            self.number += 1
            time.sleep(0.1)

    def stop(self) -> None:
        self._on = False
        self._thread.join()


@contextlib.contextmanager
def talking(line: Line) -> Iterator[Talker]:
    talker = Talker(line)
    try:
        yield talker
    finally:
        talker.stop()


@contextlib.contextmanager
def plugged_in(made: Stage) -> Iterator[Line]:
    line = Line(made.folder / "port")
    line.plug_in()
    try:
        yield line
    finally:
        line.pull_out()


def masimo_link(line: Line) -> str:
    return f"  chair1-monitor: {{family: masimo, port: 'serial://{line.link}', station: chair1}}\n"


def hl7_link(port: int) -> str:
    return f"  hl7: {{family: ihe_pcd, port: 'listen://127.0.0.1:{port}', station: chair2}}\n"


def spo2_raw(heard: Ear) -> list[str]:
    return [o["raw"] for h in heard.of("observations") for o in h.said["observations"] if o["metric"] == "spo2"]


@pytest.mark.parametrize("kind", ["mosquitto", "embedded"])
def test_a_line_on_the_wire_is_a_message_at_the_subscriber(tmp_path: Path, kind: str) -> None:
    with stage(tmp_path) as made, plugged_in(made) as line:
        port = free_port()
        if kind == "mosquitto":
            made.mosquitto(port)
        scheme = "mqtt" if kind == "mosquitto" else "embedded"
        gateway = made.gateway(made.config(f"{{url: '{scheme}://127.0.0.1:{port}'}}", masimo_link(line)))
        wait_until(lambda: answers(port), 10, "the broker listens")
        with ear(port) as heard, talking(line):
            first = heard.wait_for("observations", lambda said: said["seq"] >= 1)
            assert first.topic == "onlooker-test/v1/clinic/chair1/chair1-monitor/observations"
            assert not first.retained
            spo2 = first.said["observations"][0]
            assert (spo2["metric"], spo2["unit"], spo2["validity"]) == ("spo2", "%", "valid")
            assert first.said["simulated"] is True
            heard.wait_for("status", lambda said: said.get("state") == "delivering")
            with ear(port) as late:
                late.wait_for("status", lambda said: said.get("state") == "delivering")
                assert all(h.retained is False for h in late.of("observations")), "a vital sign was retained"
        assert gateway.stop() == 0
        assert "Traceback" not in gateway.said()


def test_stopping_says_so_and_a_kill_is_announced_by_the_broker(tmp_path: Path) -> None:
    with stage(tmp_path) as made, plugged_in(made) as line:
        port = free_port()
        made.mosquitto(port)
        config = made.config(f"{{url: 'mqtt://127.0.0.1:{port}'}}", masimo_link(line))
        gateway = made.gateway(config)
        with ear(port) as heard, talking(line):
            heard.wait_for("status", lambda said: said.get("state") == "delivering")
            assert gateway.stop(signal.SIGINT) == 0
            heard.wait_for("chair1-monitor/status", lambda said: said["state"] == "disconnected")
            heard.wait_for("events", lambda said: said["event"] == "data_gap" and said["phase"] == "begin")
            assert heard.of("_gateway/gw1/status")[-1].said["state"] == "offline"
            heard.heard.clear()
            gateway.start()
            heard.wait_for("events", lambda said: said["event"] == "data_gap" and said["phase"] == "end")
            heard.wait_for("_gateway/gw1/status", lambda said: said["state"] == "online")
            gateway.kill()
            heard.wait_for("_gateway/gw1/status", lambda said: said["state"] == "offline")


def test_after_an_outage_live_data_come_first_and_the_backlog_follows(tmp_path: Path) -> None:
    with stage(tmp_path) as made, plugged_in(made) as line:
        port = free_port()
        broker = made.mosquitto(port)
        gateway = made.gateway(made.config(f"{{url: 'mqtt://127.0.0.1:{port}'}}", masimo_link(line)))
        with ear(port) as heard, talking(line):
            heard.wait_for("observations", lambda said: said["seq"] >= 5)
            broker.stop()
            time.sleep(7)
            before = max(h.said["seq"] for h in heard.of("observations"))
            broker.start()
            wait_until(lambda: answers(port), 5, "the broker is back")
            with ear(port, "onlooker-test/#") as again:
                again.wait_for("observations", lambda said: said["historical"])
                wait_until(lambda: _seqs(heard) | _seqs(again) >= set(range(1, before + 60)), 15, "nothing is missing")
                order = [h.said["seq"] for h in again.of("observations") if not h.said["historical"]]
                assert order == sorted(order)
                old = {h.said["seq"] for h in again.of("observations") if h.said["historical"]}
                assert old, "what had waited for over five seconds is no news"
        assert gateway.stop() == 0


def _seqs(heard: Ear) -> set[int]:
    return {h.said["seq"] for h in heard.of("observations")}


def test_a_port_that_comes_back_elsewhere_is_read_again_within_a_second(tmp_path: Path) -> None:
    with stage(tmp_path) as made, plugged_in(made) as line:
        port = free_port()
        made.mosquitto(port)
        gateway = made.gateway(made.config(f"{{url: 'mqtt://127.0.0.1:{port}'}}", masimo_link(line)))
        with ear(port) as heard, talking(line):
            for _ in range(3):
                heard.wait_for("status", lambda said: said.get("state") == "delivering")
                line.pull_out()
                heard.wait_for("chair1-monitor/status", lambda said: said["state"] == "disconnected")
                time.sleep(0.7)
                heard.heard.clear()
                line.plug_in()
                heard.wait_for("observations", lambda _said: True, seconds=3)
        assert gateway.stop() == 0
        assert "Traceback" not in gateway.said()


def test_a_missing_port_a_busy_port_and_a_refused_login_are_one_clear_line_each(tmp_path: Path) -> None:
    with stage(tmp_path) as made, socket.socket() as taken:
        port = free_port()
        password = made.folder / "passwords"
        secret = made.folder / "secret"
        secret.write_text("wrong\n")
        secret.chmod(0o600)
        password.write_text("gw:right\n")
        subprocess.run(["mosquitto_passwd", "-U", str(password)], check=True, capture_output=True)
        password.chmod(0o644)
        made.mosquitto(port, more=f"allow_anonymous false\npassword_file {password}\n")
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        links = "  gone: {family: masimo, port: 'serial:///dev/not-there', station: chair1}\n"
        links += hl7_link(taken.getsockname()[1])
        broker = f"{{url: 'mqtt://127.0.0.1:{port}', user: gw, password_file: secret}}"
        gateway = made.gateway(made.config(broker, links))
        time.sleep(4)
        assert gateway.stop() == 0
        lines = [json.loads(line) for line in gateway.said().splitlines()]
        reasons = [line.get("reason", "") for line in lines if line["level"] in ("warning", "error")]
        assert sum("no such port" in reason for reason in reasons) == 1
        assert sum("taken by another program" in reason for reason in reasons) == 1
        assert sum("user or password is wrong" in reason or "may not connect" in reason for reason in reasons) == 1
        assert "Traceback" not in gateway.said()


def test_a_wrong_configuration_is_a_list_of_faults_and_nothing_starts(tmp_path: Path) -> None:
    with stage(tmp_path) as made:
        config = made.config("{url: 'mqtt://127.0.0.1:1883', colour: red}", "  a: {family: masimoo, port: 'tty0'}\n")
        gateway = made.gateway(config)
        assert gateway.process is not None
        assert gateway.process.wait(10) == 1
        said = gateway.said()
        assert "colour" in said
        assert "masimo" in said
        assert "gateway.yaml" in said
        assert "Traceback" not in said
        assert not (made.folder / "outbox.sqlite").exists()


async def test_a_bad_message_gets_its_answer_and_never_ends_the_connection(tmp_path: Path) -> None:
    with stage(tmp_path) as made:
        port, hl7_port = free_port(), free_port()
        made.mosquitto(port)
        gateway = made.gateway(made.config(f"{{url: 'mqtt://127.0.0.1:{port}'}}", hl7_link(hl7_port)))
        await asyncio.to_thread(wait_until, lambda: answers(hl7_port), 10, "the gateway listens")
        with ear(port) as heard:
            reader, writer = await asyncio.open_connection("127.0.0.1", hl7_port)
            writer.write(b"\x00\xffgarbage" * 50 + b"\x0bMSH|broken\r\x1c\r" + b"\x0b" + b"A" * 3_000_000)
            writer.write(b"\x0bMSH|^~\\&|X|Y|||20260115101500||RGV^O15|P1|P|2.6\rORC|NW\r\x1c\r")
            writer.write(hl7_message(7, 71))
            await writer.drain()
            answered = b""
            while b"MSA|CA|N7" not in answered:
                answered += await asyncio.wait_for(reader.read(4096), 10)
            assert b"MSA|AR|P1" in answered or b"MSA|CR|P1" in answered, answered
            await asyncio.to_thread(heard.wait_for, "observations", lambda said: said["observations"][0]["value"] == 71)
            writer.close()
        assert gateway.stop() == 0
        assert "Traceback" not in gateway.said()


async def test_a_full_disk_stalls_no_conversation_acknowledges_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with stage(tmp_path) as made:
        port, hl7_port = free_port(), free_port()
        made.mosquitto(port)
        gateway = made.gateway(made.config(f"{{url: 'mqtt://127.0.0.1:{port}'}}", hl7_link(hl7_port)))
        await asyncio.to_thread(wait_until, lambda: answers(hl7_port), 10, "the gateway listens")
        with ear(port) as heard:
            reader, writer = await asyncio.open_connection("127.0.0.1", hl7_port)
            writer.write(hl7_message(1, 61))
            assert b"MSA|CA|N1" in await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 5)
            _limit_files(gateway, 20_000)  # the log fits, the write-ahead log doesn't
            writer.write(hl7_message(2, 62))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 2)
            # Another connection is still taken, and a message that carries nothing to keep is still judged.
            _, other = await asyncio.open_connection("127.0.0.1", hl7_port)
            other.close()
            _limit_files(gateway, resource.RLIM_INFINITY)
            assert b"MSA|CA|N2" in await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 10)
            await asyncio.to_thread(heard.wait_for, "observations", lambda said: said["observations"][0]["value"] == 62)
            writer.close()
        assert gateway.stop() == 0
        assert gateway.said().count("free some disk space") == 1


def _limit_files(gateway: Program, size: int) -> None:
    """Let no file of the gateway grow, or even be written past this size: what a full disk looks like to it."""
    assert gateway.process is not None
    hard = resource.RLIM_INFINITY
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def test_the_demo_ward_hears_nothing_but_what_is_allowed(tmp_path: Path) -> None:
    """Every family's simulator latches what it must not hear; a ward ends with 1 if one did, whoever vanished how."""
    with stage(tmp_path) as made:
        port = free_port()
        config = made.folder / "written.yaml"
        ward_file = ROOT / "config" / "ward.demo.yaml"
        program = [sys.executable, "-m", "gateway.cli", "ward", str(ward_file), "--speed", "30"]
        ward = made.program("ward", *program, "--write-config", str(config), "--mqtt-port", str(port))
        wait_until(config.exists, 20, "the ward has written a configuration")
        gateway = made.gateway(config)
        wait_until(lambda: answers(port), 10, "the embedded broker listens")
        with ear(port) as heard:
            for device in ("chair1-monitor", "chair1-pump", "chair2-monitor", "chair2-pump"):
                heard.wait_for(f"{device}/status", lambda said: said.get("state") == "delivering", seconds=20)
        for _ in range(3):
            gateway.kill()
            gateway.start()
            time.sleep(1.5)
        assert gateway.process is not None
        os.kill(gateway.process.pid, signal.SIGSTOP)
        time.sleep(2)
        os.kill(gateway.process.pid, signal.SIGCONT)
        assert gateway.stop() == 0
        assert ward.stop() == 0, ward.said()[-3000:]
