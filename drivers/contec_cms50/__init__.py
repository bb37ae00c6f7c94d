"""Contec CMS50 (also sold as Pulox) finger and wrist oximeters: bench hardware."""

from drivers.api import Family, Line
from drivers.contec_cms50.codec import KeepAlive, StartRealtime, StopRealtime, recognise
from drivers.contec_cms50.driver import Cms50Dialogue, Cms50Settings

FAMILY = Family(
    name="contec_cms50",
    title="Contec / Pulox CMS50, protocol V7.0 or the old 5-byte protocol (for the bench)",
    dialogue=Cms50Dialogue,
    settings=Cms50Settings,
    requests=frozenset({StartRealtime, StopRealtime, KeepAlive}),
    recognise=recognise,
    link_loss="none to the patient: the device ends the stream, announced by a packet 0D, when keep-alives stay away "
    "(V7.0; after how long is UNVERIFIED)",
    evidence="foreign bytes",
    line=Line(baudrate=115_200),
    silent_after_s=3.0,
    unconfirmed=(
        "V7.0 packets with a valid PI, with a probe error or while searching",
        "V7.0 disconnect notice",
        "old protocol",
    ),
)
