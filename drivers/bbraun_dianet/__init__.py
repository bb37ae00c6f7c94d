"""B. Braun Perfusor and Infusomat fm, fmS, P and compact over their Dianet Star interface."""

from drivers.api import Family
from drivers.bbraun_dianet.codec import ReadIdent, recognise
from drivers.bbraun_dianet.driver import DianetDialogue, DianetSettings

FAMILY = Family(
    name="bbraun_dianet",
    title="B. Braun Perfusor fm / compact, Infusomat fm / fmS / P (Dianet Star; asked only who they are)",
    dialogue=DianetDialogue,
    settings=DianetSettings,
    requests=frozenset({ReadIdent}),
    recognise=recognise,
    silent_after_s=15.0,
    link_loss="UNVERIFIED for a pump without an address: under remote control, which the gateway never takes, it falls "
    "back 1.2 s after the last question and raises its communication alarm",
    evidence="documents",
    refused="no bench evidence: which CRC a pump takes, and that asking IDENT without remote control and then falling "
    "silent raises no communication alarm, are UNVERIFIED; the same wire carries full control",
    unconfirmed=(
        "every frame: no foreign bytes",
        "the CRC: a published code of B. Braun's and the usual reading of its polynomial differ",
        "whether remainvtbd is what remains, or what has flowed since it was set",
        "the scale of doses in international units",
        "LIMITS, HISTORY (not taken apart) and PCA (not decoded)",
        "replies outside remote control, other than IDENT",
        "the zone of the pump's clock",
    ),
)
