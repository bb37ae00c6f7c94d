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
    link_loss=(
        "the server sends a message 5 times, 30 s apart, then disconnects (Programmer's Guide 2.5x, page 29, table 27);"
        " monitors go on"
    ),
    evidence="foreign bytes",
    silent_after_s=900.0,  # it sends every 420 s by default
    unconfirmed=(
        "rows of NIBP, and what their OBX-14 tells",
        "OBX-8",
        "PV1: the printed message has none",
        "an acknowledgement with ACK^R01^ACK and an id of its own (the printed one has ACK^R01 and the message's)",
    ),
    ports=("listen",),
    from_file=wrap_file,
)
