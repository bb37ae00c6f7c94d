"""NeuroWave AP-4000, an anaesthesia infusion pump of two channels, over its RS232 port."""

from drivers.api import Family, Line
from drivers.neurowave_ap4000.codec import Connect, ReadStatus, recognise
from drivers.neurowave_ap4000.driver import Ap4000Dialogue, Ap4000Settings

FAMILY = Family(
    name="neurowave_ap4000",
    title="NeuroWave AP-4000 (two channels)",
    dialogue=Ap4000Dialogue,
    settings=Ap4000Settings,
    requests=frozenset({Connect, ReadStatus}),
    recognise=recognise,
    line=Line(baudrate=115200),
    silent_after_s=15.0,
    link_loss="UNVERIFIED: monitoring takes no control, so nothing should depend on the reader, but what the pump does "
    "when questions cease was not seen",
    evidence="foreign bytes",
    refused="no bench evidence: that mere questions have no effect, and what the pump does when they cease, is "
    "UNVERIFIED, and the same wire carries remote control: test this model and software with biomed first",
    unconfirmed=(
        "answers to STATREQ: number of fields, units of rates and volumes, concentration units",
        "alarms in STATREQ: the words for device and priority, count above 4",
        "the time in STATREQ of version 0.2",
        "the answer to a STATREQ with another id",
        "versions other than 0.1 and v0.2",
    ),
)
