"""Oridion / Medtronic Capnostream 20 and 20p over RS-232 (Data Transfer Protocols, D006045C)."""

from drivers.api import Family, Line
from drivers.capnostream.codec import Disable, Enable, LinkIsActive, StartRealTime, StopRealTime, recognise
from drivers.capnostream.driver import CapnostreamDialogue, CapnostreamSettings

FAMILY = Family(
    name="capnostream",
    title="Oridion / Medtronic Capnostream 20 and 20p",
    dialogue=CapnostreamDialogue,
    settings=CapnostreamSettings,
    requests=frozenset({Enable, Disable, StartRealTime, StopRealTime, LinkIsActive}),
    recognise=recognise,
    line=Line(baudrate=115200),
    silent_after_s=3.0,
    link_loss="nothing in D006045C; later revisions have a setting for an indication of interrupted communication: "
    "UNVERIFIED whether silence shows or sounds there",
    evidence="documents",
    unconfirmed=(
        "every frame: no recording of a real monitor was found",
        "Link is active (6): a later revision, one public program",
        "battery low, and limit FF for off: one public program",
        "the Capnostream 35",
    ),
)
