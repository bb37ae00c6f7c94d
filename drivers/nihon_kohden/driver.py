"""Listens to one connection of a Nihon Kohden sender."""

from dataclasses import dataclass

from drivers.api import Port
from drivers.common.vendor_hl7.listener import Listener, ListenerSettings
from drivers.nihon_kohden.channels import READER


@dataclass(frozen=True, slots=True)
class NihonKohdenSettings(ListenerSettings):
    """How one listening port is spoken to."""


class NihonKohdenDialogue(Listener):
    """One connection. All it ever says is that a message has been taken, or can't be."""

    def __init__(self, settings: NihonKohdenSettings, port: Port) -> None:
        super().__init__(READER, settings, port)
