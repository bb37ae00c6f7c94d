import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from gateway import mqtt
from gateway.broker import EmbeddedBroker
from gateway.errors import ConfigError

LIMIT_S = 10.0
PARENT = """
import signal, sys
from gateway.broker import EmbeddedBroker
signal.signal(signal.SIGINT, lambda *_: None)
with EmbeddedBroker(port=int(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def wait_until_closed(port: int) -> None:
    end = time.monotonic() + LIMIT_S
    while is_open(port):
        assert time.monotonic() < end, "the broker outlived its parent"
        time.sleep(0.05)


def logged_in(port: int) -> bytes:
    hello = mqtt.connect("test", 5, None, None, mqtt.Will("a/b", b"gone"), "3.1.1")
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as connection:
        connection.sendall(hello)
        return connection.recv(4)


@contextlib.contextmanager
def parent(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that holds a broker until its stdin closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_it_takes_a_publisher_and_is_gone_afterwards() -> None:
    port = free_port()
    with EmbeddedBroker("localhost", port):
        assert logged_in(port) == bytes.fromhex("20 02 00 00")  # CONNACK, accepted (MQTT 3.1.1, 3.2)
    assert not is_open(port)


@pytest.mark.slow
def test_a_taken_port_is_the_operators_to_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        broker = EmbeddedBroker(port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match="name another port"), broker:
            pass


@pytest.mark.slow
def test_it_ends_with_a_parent_that_is_killed() -> None:
    port = free_port()
    with parent(port) as process:
        assert is_open(port)
        process.kill()
        process.wait(LIMIT_S)
        wait_until_closed(port)


@pytest.mark.slow
def test_ctrl_c_in_the_terminal_leaves_it_to_the_parent_to_stop_it() -> None:
    port = free_port()
    with parent(port) as process:
        os.killpg(process.pid, signal.SIGINT)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            assert logged_in(port), "the broker was gone before the gateway's last message"
        assert process.poll() is None


@pytest.mark.parametrize("host", ["::1", "broker", '127.0.0.1"', ""])
def test_it_listens_on_plain_addresses_only(host: str) -> None:
    with pytest.raises(ConfigError, match=r"write 127\.0\.0\.1"):
        EmbeddedBroker(host)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iotcore", None)
    with pytest.raises(ConfigError, match=r"pip install \"onlooker\[broker\]\""), EmbeddedBroker():
        pass
