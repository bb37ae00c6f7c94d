"""Terumo TERUFUSION syringe and infusion pumps: their basic operating status."""

from drivers.api import Family
from drivers.terumo.codec import ReadDeviceId, ReadStatus, recognise
from drivers.terumo.driver import TerumoDialogue, TerumoSettings

FAMILY = Family(
    name="terumo",
    title="Terumo TERUFUSION TE-SS730, TE-SS830, TE-SS830P, TE-LF630N (basic status)",
    dialogue=TerumoDialogue,
    settings=TerumoSettings,
    requests=frozenset({ReadDeviceId, ReadStatus}),
    recognise=recognise,
    silent_after_s=15.0,
    link_loss="UNVERIFIED: the manual describes no session, but a Link Interruption alarm (of the rack's link); "
    "whether a reader that falls silent can raise it must be shown on the bench",
    evidence="foreign bytes",
    refused="no bench evidence: the pump has a Link Interruption alarm, and whether polling that stops can raise it is "
    "UNVERIFIED: show on the bench, per model and software, that it doesn't",
    unconfirmed=(
        "status of a pump that runs, gives a bolus, purges or is in standby",
        "active alarms, and the order of their bits",
        "dose and dilution in use",
        "refusals",
        "alarm bits of the infusion pump (TE-LF)",
        "line settings and TCP port",
        "pumps in a rack",
    ),
)
