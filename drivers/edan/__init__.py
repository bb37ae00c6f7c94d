"""Edan's HL7 gateway (EHC): HL7 v2.3.1 over MLLP, one question and one answer for a bed. We call it."""

from drivers.api import Family
from drivers.edan.codec import Query, recognise, wrap_file
from drivers.edan.driver import EdanDialogue, EdanSettings

FAMILY = Family(
    name="edan",
    title="Edan HL7 gateway (EHC) in front of Edan monitors, by query",
    dialogue=EdanDialogue,
    requests=frozenset({Query}),
    recognise=recognise,
    settings=EdanSettings,
    link_loss="UNVERIFIED: the gateway is a server beside the monitors; their own alarms do not depend on it",
    evidence="documents",
    silent_after_s=60.0,
    refused="no answer of such a gateway was seen, and what its bed number counts is not established: compare bed and "
    "values with the monitor's display first",
    unconfirmed=(
        "every answer: its type (ORF or ORU), its segments, its times and units",
        "how a missing value is written",
        "how a bed is numbered",
        "whether the connection stays open after an answer",
        "alarms, and all numbers but nine",
    ),
    ports=("tcp",),
    from_file=wrap_file,
)
