"""Mindray Patient Data Share (PDS): HL7 v2.3.1 over MLLP from monitors that listen on TCP 4601. We call them."""

from drivers.api import Family
from drivers.common.hl7.mllp import wrap_file
from drivers.mindray_pds.codec import Heartbeat, Query, recognise
from drivers.mindray_pds.driver import MindrayPdsDialogue, MindrayPdsSettings

FAMILY = Family(
    name="mindray_pds",
    title="Mindray monitors with Patient Data Share (PM, iPM, uMEC, iMEC, T series, BeneView)",
    dialogue=MindrayPdsDialogue,
    requests=frozenset({Heartbeat, Query}),
    recognise=recognise,
    settings=MindrayPdsSettings,
    link_loss="not established: no source says whether a monitor shows that a client has gone (UNVERIFIED)",
    evidence="foreign bytes",
    silent_after_s=10.0,
    unconfirmed=(
        "kind 205 (2037) code values, so they are not used",
        "alarm priorities (stars in the text)",
        "whether several clients may connect at once",
        "demonstration mode: no mark on the wire is known",
        "ids 220, 222, 503 to 505: known by name only, published as unmapped",
    ),
    ports=("tcp",),
    from_file=wrap_file,
)
