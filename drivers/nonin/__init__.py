"""Nonin pulse oximeters: data formats 2, 7, 8 and 13, and desktop ASCII."""

from drivers.api import Family, Line, recognise_nothing
from drivers.nonin.driver import NoninDialogue, NoninSettings

FAMILY = Family(
    name="nonin",
    title="Nonin 9560, OEM III, Xpod, WristOx2, 7500, Avant, 8600 (data formats 2, 7, 8, 13, desktop ASCII)",
    dialogue=NoninDialogue,
    settings=NoninSettings,
    requests=frozenset(),
    recognise=recognise_nothing,
    link_loss="none: the formats are outputs that expect no answer (Nonin 6470-000-01, operator's manuals)",
    evidence="foreign bytes",
    line=Line(baudrate=9600),
    silent_after_s=3.0,  # three lines or frames of a second each; our choice. Format 13 needs more: see README
    unconfirmed=(
        "data format 7",
        "data format 8",
        "data format 13",
        "desktop ASCII lines",
        "sensor alarm and out of track",
        "held display values",
    ),
)
