"""Who the monitor says it is, in its system object or its connect indication. Beds and patients are not read."""

from struct import Struct
from typing import Final

from drivers.api import Identity
from drivers.intellivue.channels import Attribute
from drivers.intellivue.export import Attributes
from drivers.intellivue.values import narrow_texts

_SOFTWARE: Final = 4
_ENTRY: Final = Struct(">HHH")  # kind, component, length of the text
_MAX_ENTRIES: Final = 32


def identity(attributes: Attributes) -> Identity:
    """Give what is said; the serial number is the system id, which holds the network address."""
    model = [*narrow_texts(attributes.get(Attribute.MODEL, b"")), "", ""]
    system_id = attributes.get(Attribute.SYSTEM_ID, b"")[2:]
    return Identity(
        manufacturer=model[0] or "Philips",
        model=model[1],
        serial=system_id[:16].hex(),
        firmware=_software(attributes.get(Attribute.PRODUCTION, b"")),
        dialect="IntelliVue Data Export",
    )


def _software(production: bytes) -> str:
    at = 4
    for _ in range(_MAX_ENTRIES):
        if at + _ENTRY.size > len(production):
            break
        kind, _, size = _ENTRY.unpack_from(production, at)
        at += _ENTRY.size
        if kind == _SOFTWARE:
            return next(iter(narrow_texts(production[at - 2 : at + size])), "")
        at += size
    return ""
