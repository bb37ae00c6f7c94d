"""Graseby 3000 / 500 and Micro 3100 / 505 volumetric pumps: their answers to another system. Nothing is sent."""

from drivers.api import Family, recognise_nothing
from drivers.graseby.driver import GrasebyDialogue, GrasebySettings

FAMILY = Family(
    name="graseby",
    title="Graseby 3000 / 500, Micro 3100 / 505 volumetric pumps (listening only)",
    dialogue=GrasebyDialogue,
    settings=GrasebySettings,
    requests=frozenset(),
    recognise=recognise_nothing,
    silent_after_s=60.0,  # the other system's rhythm is not known; our choice
    link_loss="none by us: nothing is sent. The monitor commands of the other system need no mode (Technical Service "
    "Manual, chapter 12); that a pump raises no link alarm while control was never enabled is UNVERIFIED",
    evidence="documents",
    refused="line speed, CRC and return codes are not verified, no device has confirmed a record: compare with "
    "a pump's display first; the wire carries full control too, so leave the line towards the pump cut",
    unconfirmed=(
        "every record: no foreign bytes",
        "what the CRC begins with and whether it is inverted",
        "the return codes",
        "line speed and format",
        "records of software up to 0.67 (not decoded)",
        "what the rate is on hold, at the KVO rate and in secondary mode",
        "alarm numbers above 11h, and which alarms ON_HOLD and KVO are",
    ),
)
