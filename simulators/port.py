"""What every port of a simulated device can do: `start` makes the place, `run` stands there until it is cancelled,
`unplug` and `replug` are the cable.
"""

import socket
from abc import ABC, abstractmethod
from typing import Final

from simulators.talk import Talk

LOOPBACK: Final = "127.0.0.1"


class PortError(Exception):
    """A port that can't be had: which, why, and what to do."""


class Port(ABC):
    """One device's place."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    @property
    @abstractmethod
    def url(self) -> str:
        """What the gateway's configuration says to reach it."""

    @abstractmethod
    async def start(self) -> None:
        """Make the place."""

    @abstractmethod
    async def run(self) -> None:
        """Stand there, and clean up in the end."""

    @abstractmethod
    def unplug(self) -> None:
        """Pull the cable."""

    @abstractmethod
    async def replug(self) -> None:
        """Put it back."""


def free_port(host: str = LOOPBACK) -> int:
    """Find a TCP port that is free now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def url_of(scheme: str, host: str, port: int) -> str:
    """Write an address as the gateway's configuration does."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
