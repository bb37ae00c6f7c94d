"""Addresses of simulated devices, and the ports for them. These modules are the only input and output here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast
from urllib.parse import urlsplit

from simulators.port import LOOPBACK, Port
from simulators.pty_port import PtyPort
from simulators.talk import Talk
from simulators.tcp_port import DialPort, TcpPort
from simulators.udp_port import UdpPort

Kind: TypeAlias = Literal["serial", "tcp", "udp", "dial"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a device shall be reached. `path`: the pty's lasting name; `port` 0: any that is free."""

    kind: Kind
    host: str = LOOPBACK
    port: int = 0
    path: str = ""


def parse(text: str) -> Address:
    """Read `pty`, `pty:/path`, `tcp://host:port` (listens), `udp://…`, `dial://…`. Raises ValueError."""
    scheme, _, rest = text.partition(":")
    if scheme == "pty":
        return Address("serial", path=rest)
    if scheme not in ("tcp", "udp", "dial") or not rest.startswith("//"):
        raise ValueError(f"{text!r} is none of pty, pty:/path, tcp://host:port, udp://host:port, dial://host:port")
    parts = urlsplit(text)
    if not parts.hostname or parts.port is None or parts.path:
        raise ValueError(f"{text!r} needs a host and a port, as {scheme}://{LOOPBACK}:0")
    return Address(cast(Kind, scheme), parts.hostname, parts.port)


def make(address: Address, talk: Talk) -> Port:
    """Give the port for an address."""
    if address.kind == "serial":
        return PtyPort(talk, Path(address.path) if address.path else None)
    kinds: dict[str, type[TcpPort | UdpPort | DialPort]] = {"tcp": TcpPort, "udp": UdpPort, "dial": DialPort}
    return kinds[address.kind](talk, address.host, address.port)
