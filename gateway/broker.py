"""The demo's own MQTT broker: a child process that lives as long as this one, on loopback unless told otherwise."""

import importlib
import ipaddress
import logging
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from gateway.errors import ConfigError
from gateway.logs import fields

log = logging.getLogger(__name__)

READY_S: Final = 10.0  # it takes 0.2 s; a loaded machine a few
MAX_PAYLOAD: Final = 1024 * 1024  # its own default of 20 kB drops the connection of who sends a waveform block

# One listener for MQTT 3.1.1. The router keeps 10 segments of 1 MiB for each topic that somebody may want again.
_TOML: Final = """\
id = 0
[router]
id = 0
max_connections = 500
max_outgoing_packet_count = 1000
max_segment_size = 1048576
max_segment_count = 10
[v4.1]
name = "onlooker"
listen = "{host}:{port}"
next_connection_delay_ms = 1
  [v4.1.connections]
  connection_timeout_ms = 5000
  max_payload_size = {max_payload}
  max_inflight_count = 200
"""


class EmbeddedBroker:
    """A broker while the context lasts. It ends with this process, also if that is killed; it keeps nothing."""

    def __init__(self, host: str = "127.0.0.1", port: int = 1883) -> None:
        self.host = _listening_address(host)
        self.port = port
        self._broker: Any = None

    def __enter__(self) -> "EmbeddedBroker":
        iotcore = _iotcore()
        with tempfile.TemporaryDirectory(prefix="onlooker-broker-") as folder:
            toml = Path(folder) / "broker.toml"
            toml.write_text(_TOML.format(host=self.host, port=self.port, max_payload=MAX_PAYLOAD), encoding="utf-8")
            broker = iotcore.Broker(config_path=str(toml))
            self._start(broker)
        self._broker = broker
        log.info("embedded broker listens", extra=fields(host=self.host, port=self.port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._broker.stop()
        log.info("embedded broker has stopped")

    def _start(self, broker: Any) -> None:
        try:
            broker.start(timeout=READY_S)
        except OSError as error:
            raise ConfigError(
                f"broker.url: port {self.port} of {self.host} can't be had ({error}): "
                "stop what listens there, or name another port"
            ) from error
        except RuntimeError as error:
            raise ConfigError(f"broker.url: the embedded broker doesn't start ({error}): use another broker") from error


def _listening_address(host: str) -> str:
    """The broker takes IPv4 addresses only."""
    try:
        return str(ipaddress.IPv4Address("127.0.0.1" if host == "localhost" else host))
    except ipaddress.AddressValueError:
        raise ConfigError(f"broker.url: the embedded broker can't listen on {host!r}: write 127.0.0.1") from None


def _iotcore() -> Any:
    try:
        return importlib.import_module("iotcore")
    except ImportError as error:
        raise ConfigError(
            'broker.url: the embedded broker isn\'t installed: pip install "onlooker[broker]", or use another broker'
        ) from error
