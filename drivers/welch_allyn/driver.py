"""Listens to one connection of a Welch Allyn Connectivity Server."""

from dataclasses import dataclass

from drivers.api import Port
from drivers.common.vendor_hl7.listener import Listener, ListenerSettings
from drivers.welch_allyn.channels import READER


@dataclass(frozen=True, slots=True)
class WelchAllynSettings(ListenerSettings):
    """How one listening port is spoken to."""


class WelchAllynDialogue(Listener):
    """One connection. All it ever says is that a message has been taken, or can't be."""

    def __init__(self, settings: WelchAllynSettings, port: Port) -> None:
        super().__init__(READER, settings, port)
