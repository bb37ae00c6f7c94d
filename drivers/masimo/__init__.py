"""Masimo Rad-8, Radical-5, Radical-7 and Rad-87: the serial output called ASCII 1."""

from drivers.api import Family, Line, recognise_nothing
from drivers.masimo.driver import MasimoDialogue

FAMILY = Family(
    name="masimo",
    title="Masimo Rad-8 / Radical-5 / Radical-7 / Rad-87, serial ASCII 1",
    dialogue=MasimoDialogue,
    requests=frozenset(),
    recognise=recognise_nothing,
    link_loss="none: the line is an output that expects no answer (Rad-8 operator's manual, section 7)",
    evidence="foreign bytes",
    line=Line(baudrate=9600),
    silent_after_s=3.0,  # three lines; our choice
    unconfirmed=(
        "line of a Rad-87",
        "SPHB and SPOC with a value",
        "ALARM bits from 0040 on",
        "EXC bits other than 000001, 000004, 000020, 000400 and 000800",
    ),
)
