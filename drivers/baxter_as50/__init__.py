"""Baxter Auto Syringe AS50 over its RS232 port."""

from drivers.api import Family, Line
from drivers.baxter_as50.codec import ReadRate, ReadStatus, Resend, recognise
from drivers.baxter_as50.driver import As50Dialogue, As50Settings

FAMILY = Family(
    name="baxter_as50",
    title="Baxter Auto Syringe AS50",
    dialogue=As50Dialogue,
    settings=As50Settings,
    requests=frozenset({ReadStatus, ReadRate, Resend}),
    recognise=recognise,
    line=Line(baudrate=9600),
    silent_after_s=15.0,
    link_loss="UNVERIFIED: the protocol knows a command that ends a computer's session, so a session may exist, and "
    "what the pump does when its computer falls silent was not seen",
    evidence="documents",
    refused="the same wire programs the pump and starts a bolus, and that mere questions put it into no session, and "
    "what it does when they cease, is UNVERIFIED: show both on the bench with biomed first",
    unconfirmed=(
        "answers to PRIRATE: value, unit, and whether it is what flows or what is set",
        "answers to STATUS, their form and fields",
        "REJECT and ACK from a pump",
        "RESEND sent to a pump",
        "monitoring without a computer's session",
    ),
)
