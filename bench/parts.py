"""The parts around what is measured: a broker, a subscriber that counts, ptys that talk, all ended by handle."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MOSQUITTO: Final = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
ROOT: Final = "onlooker-test/v1"
TICKS: Final = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="onlooker-bench-") as name:
        yield Path(name)


@contextlib.contextmanager
def process(args: list[str], *, log: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") if log else open(os.devnull, "wb") as out:  # noqa: PTH123
        child = subprocess.Popen(args, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield child
        finally:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
            child.kill()
            child.wait()


@contextlib.contextmanager
def mosquitto(where: Path) -> Iterator[int]:
    port = free_port()
    conf = where / "mosquitto.conf"
    conf.write_text(
        f"user {os.environ.get('USER', 'root')}\nlistener {port} 127.0.0.1\nallow_anonymous true\n"
        "max_queued_messages 0\nmax_inflight_messages 200\nset_tcp_nodelay true\n"
    )
    with process([MOSQUITTO, "-c", str(conf)], log=where / "mosquitto.log"):
        wait_for_port(port)
        yield port


def wait_for_port(port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.01)
    raise RuntimeError(f"nothing listens on {port}")


def wait_for_file(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def pty_pair() -> tuple[int, int, str]:
    """Give the far end's file descriptor, the near end's (kept open), and the near end's name."""
    far, near = os.openpty()
    tty.setraw(near)
    os.set_blocking(far, False)
    return far, near, os.ttyname(near)


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def gateway_config(where: Path, mqtt_port: int, links: str) -> Path:
    path = where / "gateway.yaml"
    path.write_text(
        f"site: bench\ngateway: gw\nmode: test\ntimezone: UTC\n"
        f"broker: {{url: 'mqtt://127.0.0.1:{mqtt_port}'}}\noutbox: {{path: outbox.sqlite}}\nlinks:\n{links}"
    )
    return path


def onlooker(*args: str) -> list[str]:
    return [sys.executable, "-m", "gateway.cli", *args]


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
