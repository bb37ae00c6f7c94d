"""Which device a row belongs to: OBX-18 and its inheritance down the containment tree, else the sender."""

import re
from functools import lru_cache
from typing import Final

from drivers.common.hl7.message import component
from drivers.ihe_pcd.dialects import KeyPlace
from drivers.ihe_pcd.groups import Group

MAX_KEY: Final = 128  # characters of a device's key

_EUI_64: Final = re.compile(r"[0-9A-Fa-f]{16}")
_MAC: Final = re.compile(r"[0-9A-Fa-f]{12}")
_BETWEEN: Final = re.compile("[-:]")
DEVICE_ADDRESS: Final = 9  # component of PV1-3 in which a Mindray eGateway says the monitor's MAC
_NOBODY: Final = "0" * 10  # an EUI-64 whose 40 bits behind the manufacturer's are zero is a placeholder, sent by many


def eui_64(field: str) -> str:
    """Find the EUI-64 in an entity or hierarchic identifier; empty if there is none that names one device."""
    for part in field.split("^", 4)[:4]:
        if _EUI_64.fullmatch(part) and not part.endswith(_NOBODY):
            return part.upper()
    return ""


@lru_cache(maxsize=1024)
def device_of(equipment: str) -> str:
    """Give the key that an OBX-18 names: its EUI-64, else its label. It repeats, the lowest level first."""
    repeats = equipment[: 4 * MAX_KEY].split("~")[::-1]
    euis = filter(None, map(eui_64, repeats))
    labels = (component(repeat, 1).strip() for repeat in repeats)
    return next(euis, "") or next(filter(None, labels), "")[:MAX_KEY]


def sender_of(application: str, location: str, peer: str, facility: str = "", key: KeyPlace = "MSH-3") -> str:
    """Give the key of a device that names none in its rows: EUI-64 of MSH-3, else bed, else peer.

    An application's name doesn't tell one monitor from the next, so it never stands alone. `key` says where else the
    dialect names the device, or that MSH-3 is a gateway's.
    """
    return _sender_of(application[:MAX_KEY], location[:MAX_KEY], peer, facility[:MAX_KEY], key)


@lru_cache(maxsize=1024)
def _sender_of(application: str, location: str, peer: str, facility: str, key: KeyPlace) -> str:
    if key == "MSH-4" and (serial := component(facility, 1).strip()):
        return serial
    if key == "PV1-3":
        address = _BETWEEN.sub("", component(location, DEVICE_ADDRESS))
        if _MAC.fullmatch(address):
            return address.upper()
    elif eui := eui_64(application):
        return eui
    name = component(application, 1).strip()
    bed = "-".join(filter(None, (_place(location, n) for n in (1, 2, 3))))
    return ("-".join(filter(None, (name, bed))) if bed else "@".join(filter(None, (name, peer))))[:MAX_KEY]


def _place(location: str, number: int) -> str:
    """Give point of care, room or bed; some senders write `&24`."""
    return component(location, number).replace("&", " ").strip()


def owners(group: Group, sender: str) -> list[str]:
    """Give each row's device.

    An MDS row's OBX-18 holds for all below it. Without one, a row's own or its nearest ancestor's does, else the last
    one said in that MDS, else the first one in the group (Mindray says it once).
    """
    said = [row for row in group.special if row.equipment]
    keys = {device_of(row.equipment) or sender for row in said}
    if len(keys) <= 1:
        return [keys.pop() if keys else sender] * len(group.rows)
    tree = {row.place.path: device_of(row.equipment) or sender for row in said if row.place.level <= 3}
    first = device_of(said[0].equipment) or sender
    last: dict[str, str] = {}
    found: list[str] = []
    for row in group.rows:
        place = row.place
        own = device_of(row.equipment)
        key = tree.get(place.mds) or own or tree.get(place.channel) or tree.get(place.vmd) or last.get(place.mds, first)
        if row.equipment:
            last[place.mds] = key
        found.append(key)
    return found
