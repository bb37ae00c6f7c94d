"""New Era NE-1000 and NE-500 laboratory syringe pumps, for the bench."""

from drivers.api import Family, Line
from drivers.new_era.codec import QUESTIONS, recognise
from drivers.new_era.driver import NewEraDialogue, NewEraSettings

FAMILY = Family(
    name="new_era",
    title="New Era NE-1000 / NE-500 laboratory syringe pumps (for the bench)",
    dialogue=NewEraDialogue,
    settings=NewEraSettings,
    requests=frozenset(QUESTIONS),
    recognise=recognise,
    line=Line(baudrate=19200),
    silent_after_s=15.0,
    link_loss="none in basic mode; in safe mode, which the gateway never switches on, silence stops the pump with an "
    "alarm (NE-1000 User's Manual)",
    evidence="foreign bytes",
    refused="a laboratory pump, never for patients: each answer acknowledges an alarm that the pump shows, and the "
    "same verbs write when an argument follows: confirm that it stands on a bench and that nobody relies on its alarm",
    unconfirmed=(
        "answers to VER, RAT with other units, PHN and DIA",
        "RAT of a running pump, and that this rate is what flows",
        "DIS and VOL of a pump that has run",
        "alarms other than stall, and alarms with data behind them",
        "refusals other than ? and ?COM",
        "what a pump in safe mode answers to a line of basic mode",
        "firmware that phrases an answer differently",
    ),
)
