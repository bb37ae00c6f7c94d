"""Vendors' dialects: how a sender is recognised, and what it does otherwise than IHE's profiles say. One table.

Sources: messages of these senders that others published, and their HL7 manuals' fragments; see README for what is sure.
Slips that a number and its REFID give away (VENDOR_BUGS and its like in channels.py) are put right for every sender.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from drivers.common.hl7.ack import AckMode
from drivers.ihe_pcd.channels import IHE_PCD, SYSTEMS
from drivers.ihe_pcd.groups import Group
from drivers.ihe_pcd.parameters import BARE

DialectName: TypeAlias = Literal[
    "auto", "ihe_pcd", "mindray", "mindray_egateway", "ge_b_series", "comen", "oem", "masimo_psn", "icu_medical",
    "bbraun_space",
]  # fmt: skip
KeyPlace: TypeAlias = Literal["MSH-3", "MSH-4", "PV1-3"]

LONGEST: Final = 256  # characters of a field that are looked at


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """What tells a sender, and its habits. Patterns are of whole fields, without case; an empty one says nothing."""

    name: str  # as published: Identity.dialect
    application: str = ""  # MSH-3
    facility: str = ""  # MSH-4
    systems: tuple[str, ...] = ()  # coding system of OBR-4 or of the first OBX-3
    equipment: str = ""  # OBX-18 of the first OBX
    nothing: frozenset[float] = frozenset()  # numbers that stand for "no value", whatever the parameter
    doubtful: frozenset[float] = frozenset()  # numbers that may stand for it, and may be measured: questionable
    says_cuff_time: bool = True  # False: NIBP carries the message's own time, so its age isn't known
    key: KeyPlace = "MSH-3"  # what names the device if OBX-18 doesn't; PV1-3: MSH-3 is a gateway's
    ack_mode: AckMode = "auto"
    is_fallback: bool = False  # says only that nobody was recognised


GENERIC: Final = Dialect("IHE PCD", is_fallback=True)
UNKNOWN: Final = Dialect("unknown HL7", is_fallback=True)

# In the order in which they are tried: the first that fits.
DIALECTS: Final[dict[str, Dialect]] = {
    "ihe_pcd": GENERIC,
    "mindray_egateway": Dialect(  # many monitors behind one MSH-3; PV1-3.9 has the monitor's MAC
        "Mindray eGateway", application=r"MINDRAY_EGATEWAY.*", key="PV1-3"
    ),
    "mindray": Dialect(
        "Mindray",
        application=r"MINDRAY_.*|[^^]*\^00A037[0-9A-F]{10}\^.*",
        facility=r"MINDRAY",
        systems=("99MNDRY",),
    ),
    "ge_b_series": Dialect(  # wants AA, else it sends again and may drop data
        "GE B-series", application=r"VSP\^080019[0-9A-F]{10}\^.*", ack_mode="always_aa"
    ),
    "comen": Dialect(  # MSH-4 is the monitor's serial number; -100 is the older NC3A's
        "Comen",
        application=r"NC_Monitor(?:\^.*)?",
        systems=("99COMEN",),
        nothing=frozenset({-100}),
        doubtful=frozenset({0}),
        says_cuff_time=False,
        key="MSH-4",
    ),
    "bbraun_space": Dialect(
        "B. Braun Space", application=r"PAT_DEVICE_BBRAUN(?:\^.*)?", facility=r"BBRAUN", key="PV1-3"
    ),
    "icu_medical": Dialect(
        "ICU Medical",
        application=r"PAT_DEVICE_ICU_MEDICAL(?:\^.*)?|[^^]*\^0003B1[0-9A-F]{10}\^.*",
        facility=r"ICU_MEDICAL",
        key="PV1-3",
    ),
    "masimo_psn": Dialect("Masimo Patient SafetyNet", equipment=r".*\^masimo\.com(?:\^.*)?"),
    "oem": Dialect(  # clones of Mindray's older monitors: Northern, XH80X, TR8
        "OEM, Mindray-like",
        systems=(BARE,),
        nothing=frozenset({-100, -1000, -10000, -999, -99.9}),
        doubtful=frozenset({-1}),  # a legal ST value or temperature difference
    ),
}

# Senders with codes of their own, which are not for this family: named, so that one sees why all is `unmapped`.
FOREIGN: Final = (
    Dialect("Philips MDIL", application=r"\^?(?:EfficiaCM|SureSignsVS).*", systems=("MDIL", "MDIL-ALERT")),
    Dialect("Edan", systems=("EHC",)),
    Dialect("Welch Allyn", systems=("WAP",)),
    Dialect("Nihon Kohden", application=r"NIHON KOHDEN.*", facility=r"NIHON KOHDEN.*"),
)

_ALL: Final = (*DIALECTS.values(), *FOREIGN)


def dialect_of_sender(header: Sequence[str], configured: DialectName = "auto") -> Dialect | None:
    """Say whose message it is, as configured, else by MSH-3 and MSH-4; None if they name nobody we know."""
    return DIALECTS[configured] if configured != "auto" else _of_sender(header[3][:LONGEST], header[4][:LONGEST])


def dialect_of_rows(groups: Sequence[Group], profile: str) -> Dialect:
    """Say whose message it is by its first OBR-4, OBX-3 and OBX-18, else by MSH-21."""
    first = next((group for group in groups if group.rows), None)
    if first is None:
        return GENERIC
    row = first.rows[0]
    return _of_codes(first.system, row.parameter.system, row.equipment[:LONGEST], IHE_PCD in profile)


@lru_cache(maxsize=1024)
def _of_sender(application: str, facility: str) -> Dialect | None:
    by_application = (known for known in _ALL if _fits(known.application, application))
    by_facility = (known for known in _ALL if _fits(known.facility, facility))
    return next(by_application, None) or next(by_facility, None)


def _fits(pattern: str, said: str) -> bool:
    return bool(pattern and said) and re.fullmatch(pattern, said, re.IGNORECASE | re.ASCII | re.DOTALL) is not None


@lru_cache(maxsize=1024)
def _of_codes(about: str, system: str, equipment: str, is_ihe: bool) -> Dialect:
    """That a message names IHE's profile excludes no vendor."""
    for known in _ALL:
        if about in known.systems or system in known.systems or _fits(known.equipment, equipment):
            return known
    return GENERIC if is_ihe or system in SYSTEMS else UNKNOWN
