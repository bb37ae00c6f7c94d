"""Philips Efficia CM, SureSigns VS and VM, Information Center: HL7 v2 over MLLP with MDIL codes. They call us."""

from drivers.api import Family
from drivers.common.hl7.ack import Ack, recognise
from drivers.common.hl7.mllp import wrap_file
from drivers.philips_mdil.driver import PhilipsMdilDialogue, PhilipsMdilSettings

FAMILY = Family(
    name="philips_mdil",
    title="Philips Efficia CM, SureSigns VS/VM and IntelliVue Information Center, HL7 v2 over MLLP (MDIL codes)",
    dialogue=PhilipsMdilDialogue,
    requests=frozenset({Ack}),
    recognise=recognise,
    settings=PhilipsMdilSettings,
    link_loss=(
        "the monitor sends a message again three times, then waits for its next interval; the record stays marked as"
        " not exported (Efficia CM Data Export Guide, 2-3); bedside monitoring and alarms go on"
    ),
    evidence="foreign bytes",
    silent_after_s=150.0,  # trend records come every minute
    unconfirmed=(
        "an alarm's end, and whether an empty alarm row means one",
        "sMode in demonstration and standby",
        "the acknowledgement that an Information Center expects",
        "codes of ST, perfusion and weight units",
        "OBX-17 of a cuff's pulse",
    ),
    ports=("listen",),
    from_file=wrap_file,
)
