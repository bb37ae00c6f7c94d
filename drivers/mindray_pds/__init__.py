"""Mindray Patient Data Share (PDS): HL7 v2.3.1 over MLLP from monitors that listen on TCP 4601. We call them."""

from drivers.api import Family
from drivers.mindray_pds.codec import Heartbeat, Query, recognise, wrap_file
from drivers.mindray_pds.driver import MindrayPdsDialogue, MindrayPdsSettings

FAMILY = Family(
    name="mindray_pds",
    title="Mindray monitors with Patient Data Share (PM, iPM, uMEC, iMEC, T series, BeneView)",
    dialogue=MindrayPdsDialogue,
    requests=frozenset({Heartbeat, Query}),
    recognise=recognise,
    settings=MindrayPdsSettings,
    link_loss="a monitor without a client's heartbeat closes the connection (a public client's comment, iPM); "
    "whether it shows or sounds that is UNVERIFIED",
    evidence="foreign bytes",
    silent_after_s=15.0,
    unconfirmed=(
        "kind 205 (2037) and kind 53 (2009): code values, so they are not used",
        "alarm priorities (stars in the text) and alarm numbers",
        "whether several clients may connect at once",
        "demonstration mode: no mark on the wire is known",
        "a whole cuff result (id 173 has been seen in no message)",
        "id 605, and the sentinels -1000 and -10000: from programs, not from messages",
    ),
    ports=("tcp",),
    from_file=wrap_file,
)
