"""Q Core (Eitan Medical) Sapphire infusion pumps over their serial service port."""

from drivers.api import Family, Line
from drivers.sapphire.codec import ThisIsPc, recognise
from drivers.sapphire.driver import SapphireDialogue, SapphireSettings

FAMILY = Family(
    name="sapphire",
    title="Q Core / Eitan Medical Sapphire (serial service port)",
    dialogue=SapphireDialogue,
    settings=SapphireSettings,
    requests=frozenset({ThisIsPc}),
    recognise=recognise,
    line=Line(baudrate=9600),
    silent_after_s=15.0,
    link_loss="UNVERIFIED: what the pump does when no PC reports any more; a public driver's author saw pumps that "
    "seemed to stop after a disconnect, following a lock, which the gateway never sends",
    evidence="documents",
    refused="not tested on a bench: what the pump does when its listener vanishes is UNVERIFIED, whether the maker's "
    "licence covers the port is too, and the same wire carries full control: test this model and software with biomed",
    unconfirmed=(
        "every message: no foreign bytes",
        "the checksum of what the pump says",
        "offsets of version, serial number, drop size, rate and volumes, on each firmware",
        "the pace of batches",
        "what a batch shows while priming, in KVO and during a bolus",
    ),
)
