"""Welch Allyn Connectivity Server: HL7 v2.4 over MLLP with vital signs by name (WAP). It calls us."""

from drivers.api import Family
from drivers.common.hl7.ack import Ack, recognise
from drivers.common.hl7.mllp import wrap_file
from drivers.welch_allyn.driver import WelchAllynDialogue, WelchAllynSettings

FAMILY = Family(
    name="welch_allyn",
    title="Welch Allyn Connectivity Server (Acuity), HL7 v2.4 over MLLP",
    dialogue=WelchAllynDialogue,
    requests=frozenset({Ack}),
    recognise=recognise,
    settings=WelchAllynSettings,
    link_loss="the server tries a message 5 times, then disconnects (Programmer's Guide, table 27); monitors go on",
    evidence="documents",
    silent_after_s=900.0,  # it sends every 420 s by default
    unconfirmed=(
        "every message as a whole: one printed OBX row is all that was seen",
        "the name tags NIBP and Temperature",
        "the acknowledgement that it expects",
    ),
    ports=("listen",),
    from_file=wrap_file,
)
