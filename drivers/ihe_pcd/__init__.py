"""IHE PCD (DEC, ACM, IPEC): HL7 v2.6 over MLLP from monitors, pumps and their gateways. They call us."""

from drivers.api import Family
from drivers.common.hl7.ack import Ack, recognise
from drivers.common.hl7.mllp import wrap_file
from drivers.ihe_pcd.driver import IhePcdDialogue, IhePcdSettings

FAMILY = Family(
    name="ihe_pcd",
    title="IHE PCD senders: monitors, infusion pumps and their gateways, HL7 v2.6 over MLLP",
    dialogue=IhePcdDialogue,
    requests=frozenset({Ack}),
    recognise=recognise,
    settings=IhePcdSettings,
    link_loss=(
        "the sender keeps or drops its messages; therapy and bedside alarms go on. An alarm reporter that waits for "
        "confirmation (IHE ACM watchdog, 5 s in its reference messages) may report that at the bedside"
    ),
    evidence="foreign bytes",
    silent_after_s=60.0,  # senders report every 1 to 60 s; override it for slower ones
    unconfirmed=(
        "PCD-10 with registered numbers for event and channels",
        "PCD-04 of a pump",
        "old pump model (69985, 184508)",
        "PCD-15",
        "sources other than primary; kvo and transitioning",
        "OBX-8 and OBX-11 other than R, F and X",
        "Masimo Patient SafetyNet and OEM clones: no message seen; of ICU Medical alarms only",
        "acknowledgements that Comen, OEM clones, Patient SafetyNet and ICU Medical expect",
    ),
    ports=("listen",),
    from_file=wrap_file,
)
