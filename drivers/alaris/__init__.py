"""Alaris and Asena syringe pumps (GH, GS, CC, TIVA) over their RS232 port."""

from drivers.alaris.codec import QUESTIONS, recognise
from drivers.alaris.driver import AlarisDialogue, AlarisSettings
from drivers.api import Family, Line

FAMILY = Family(
    name="alaris",
    title="Alaris and Asena syringe pumps (GH, GS, CC, TIVA)",
    dialogue=AlarisDialogue,
    settings=AlarisSettings,
    requests=frozenset(QUESTIONS),
    recognise=recognise,
    line=Line(baudrate=38400),
    silent_after_s=15.0,
    link_loss="UNVERIFIED for a reader: the directions for use know a communication alarm and stop after 15 s of "
    "silence only for an infusion that was begun by a serial command, which the gateway never sends",
    evidence="foreign bytes",
    refused="no bench evidence: reading without remote control, and what the pump does when the reader vanishes, are "
    "UNVERIFIED, and the same wire carries full remote control: test this model and software with biomed first",
    unconfirmed=(
        "INF without remote control, on each software",
        "INF of a running pump, and with a drug name",
        "modes other than HLD and SET",
        "ALARM with an alarm",
        "answers to INF_VTBI",
        "SYRINGE_STATUS other than CONF",
    ),
)
