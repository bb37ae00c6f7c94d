"""Covidien / Aspect BIS Vista, binary serial protocol."""

from drivers.api import Family, Line
from drivers.bis_vista.codec import StartProcessed, StartRawEeg, StopProcessed, StopRawEeg, recognise
from drivers.bis_vista.driver import BisVistaDialogue, BisVistaSettings

FAMILY = Family(
    name="bis_vista",
    title="Covidien / Aspect BIS Vista",
    dialogue=BisVistaDialogue,
    settings=BisVistaSettings,
    requests=frozenset({StartProcessed, StopProcessed, StartRawEeg, StopRawEeg}),
    recognise=recognise,
    line=Line(baudrate=57600),
    silent_after_s=15.0,
    link_loss="not documented: the monitor talks on until it is told to stop, as far as two public programs show",
    evidence="foreign bytes",
    refused="no manufacturer's document was seen: the layout of the answers comes from one public program; compare "
    "the numbers with the monitor's display first",
    unconfirmed=(
        "every answer: processed variables, with spectra, long forms, raw EEG",
        "whether data frames want an ACK (none is sent)",
        "stop requests with sequence 0",
        "128 samples per second of raw EEG",
        "what the monitor says when the sensor is off",
        "which of the three blocks the monitor's display shows",
        "A-2000 ASCII mode (not built)",
    ),
)
