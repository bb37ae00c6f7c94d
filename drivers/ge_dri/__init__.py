"""Datex-Ohmeda S/5 and GE CARESCAPE B450, B650 and B850 over the Computer Interface (DRI records)."""

from drivers.api import Family, Line
from drivers.ge_dri.driver import DriDialogue
from drivers.ge_dri.requests import REQUESTS, recognise
from drivers.ge_dri.settings import DriSettings

FAMILY = Family(
    name="ge_dri",
    title="Datex-Ohmeda S/5, GE CARESCAPE B450 / B650 / B850 (Computer Interface)",
    dialogue=DriDialogue,
    settings=DriSettings,
    requests=REQUESTS,
    recognise=recognise,
    line=Line(baudrate=19_200, parity="E"),
    silent_after_s=15.0,
    link_loss="none known: the protocol has no keep-alive, and the monitor goes on sending until it is told to stop or "
    "restarts (public programs; the manual's text was not available)",
    evidence="foreign bytes",
    unconfirmed=(
        "all requests: the bytes follow public programs, no log shows them",
        "alarm request and alarm record",
        "levels other than 10",
        "groups that no log has active: pressures, temperatures, cardiac output, NMT, EEG, BIS, ext3",
        "P7, P8, SpO2 channel 2, T5 and T6",
        "waves other than PLETH and entropy",
    ),
)
