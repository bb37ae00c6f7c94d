"""Listens to one connection of a Philips monitor or Information Center that sends MDIL."""

from dataclasses import dataclass

from drivers.api import Port
from drivers.common.vendor_hl7.listener import Listener, ListenerSettings
from drivers.philips_mdil.channels import READER


@dataclass(frozen=True, slots=True)
class PhilipsMdilSettings(ListenerSettings):
    """How one listening port is spoken to."""


class PhilipsMdilDialogue(Listener):
    """One connection. All it ever says is that a message has been taken, or can't be."""

    def __init__(self, settings: PhilipsMdilSettings, port: Port) -> None:
        super().__init__(READER, settings, port)
