"""B. Braun Space and CompactPlus racks over BCC (SpaceCom, TCP 4001 or serial)."""

from drivers.api import Family, Line
from drivers.bbraun_space.codec import Ack, Alive, Nak, ReadAll, Version, recognise
from drivers.bbraun_space.driver import SpaceDialogue, SpaceSettings

FAMILY = Family(
    name="bbraun_space",
    title="B. Braun Space and CompactPlus (SpaceCom, BCC)",
    dialogue=SpaceDialogue,
    settings=SpaceSettings,
    requests=frozenset({Alive, Version, ReadAll, Ack, Nak}),
    recognise=recognise,
    line=Line(baudrate=9600),
    silent_after_s=15.0,
    link_loss="no pump alarm: the specification names no link alarm for BCC, and polling had no effect on therapy "
    "in a public project's 30 minutes with two Perfusors",
    evidence="foreign bytes",
    refused="MEM:GET uses up what the device counts since the last request (GNERR 39, GNNEW, DISPCHG, INBOCNT, "
    "INAVRT): confirm that this is the only reader of this rack",
    unconfirmed=(
        "ADMIN:VERSION and MEM:GET requests",
        "stuffed frames",
        "answers to ADMIN:ALIVE and ADMIN:VERSION",
        "data blocks, one or several",
        "flags INMxx and INAxx",
        "bit words STATUS1, ALARM1, ALARM2, PREALARM and RUNSTATE",
        "GNERR answers",
        "cyclic packages",
        "six-character addresses",
    ),
)
