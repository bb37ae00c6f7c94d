"""Fresenius Vial pumps of the older kind: Pilote, Injectomat, Base A and Base Primea with their modules."""

from drivers.api import Family, Line
from drivers.fresenius_vial.codec import (
    Ack,
    CloseSession,
    Nak,
    OpenSession,
    Present,
    ReadDrug,
    ReadType,
    ReadVariables,
    Receipt,
    recognise,
)
from drivers.fresenius_vial.driver import VialDialogue, VialSettings

FAMILY = Family(
    name="fresenius_vial",
    title="Fresenius Vial Pilote, Injectomat, Base A, Base Primea, Module DPS",
    dialogue=VialDialogue,
    settings=VialSettings,
    requests=frozenset(
        {OpenSession, CloseSession, ReadVariables, ReadType, ReadDrug, Ack, Nak, Present, Receipt},
    ),
    recognise=recognise,
    line=Line(baudrate=19200, bytesize=7, parity="E"),
    silent_after_s=15.0,
    link_loss="UNVERIFIED: what a pump does when its ENQ stays without DC4; most likely the session closes",
    evidence="documents",
    refused="what the pump does when the link is lost, and that reading in manual mode has no effect, is not verified: "
    "show on the bench, per model and firmware, that neither raises an alarm",
    unconfirmed=(
        "every frame: no foreign bytes, checksums after the published rule",
        "answers to LE, LF;b and LP",
        "refusals",
        "spontaneous frames E and M",
        "DC4 after ENQ",
        "the coding of alarm, error and mode",
        "the scale of bolus rate and volume",
        "reading without remote mode, beyond one public recorder",
    ),
)
