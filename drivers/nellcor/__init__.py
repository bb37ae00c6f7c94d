"""Nellcor OxiMax N-560, N-595 and N-600x: the printout mode called ASCII."""

from drivers.api import Family, Line, recognise_nothing
from drivers.nellcor.driver import NellcorDialogue

FAMILY = Family(
    name="nellcor",
    title="Nellcor OxiMax N-560 / N-595 / N-600x, ASCII printout",
    dialogue=NellcorDialogue,
    requests=frozenset(),
    recognise=recognise_nothing,
    link_loss="none known: the printout comes unasked, at a printer's pace (public logs; no manual was at hand)",
    evidence="foreign bytes",
    line=Line(baudrate=9600),
    silent_after_s=10.0,  # five lines; our choice
    unconfirmed=(
        "lines of an N-595 and an N-600x",
        "line ends",
        "codes LB, LM, LP, PH, PL and SH, and their columns",
        "header of models other than the N-560",
    ),
)
