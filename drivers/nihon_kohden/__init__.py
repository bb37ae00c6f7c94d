"""Nihon Kohden monitors and gateways: HL7 v2.4 over MLLP with Nihon Kohden's own parameter numbers. They call us."""

from drivers.api import Family
from drivers.common.hl7.ack import Ack, recognise
from drivers.common.hl7.mllp import wrap_file
from drivers.nihon_kohden.driver import NihonKohdenDialogue, NihonKohdenSettings

FAMILY = Family(
    name="nihon_kohden",
    title="Nihon Kohden bedside monitors and their gateway, HL7 v2.4 over MLLP",
    dialogue=NihonKohdenDialogue,
    requests=frozenset({Ack}),
    recognise=recognise,
    settings=NihonKohdenSettings,
    link_loss="UNVERIFIED: no document says what the sender does; therapy and bedside alarms do not depend on it",
    evidence="foreign bytes",
    silent_after_s=150.0,  # the interval is the site's; a minute is usual for charting
    unconfirmed=(
        "the acknowledgement that it expects (AA is assumed from MSH-15 and MSH-16)",
        "rows without a value",
        "alarms",
        "parameters outside the table",
    ),
    ports=("listen",),
    from_file=wrap_file,
)
