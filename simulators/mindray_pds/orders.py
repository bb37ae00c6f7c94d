"""What a caller may say to a monitor: heartbeats and queries. Known by code of its own, apart from the family's."""

import re
from typing import Final, NamedTuple

LIMIT: Final = 65_536  # bytes without an end
EVERYTHING: Final = "*"

_FRAME: Final = re.compile(rb"\x0b([^\x0b\x1c]*)\x1c\r", re.DOTALL)
_QRD: Final = re.compile(r"QRD\|[0-9]{8,17}\|R\|I\|[A-Za-z0-9]+\|\|\|\|\|RES")
_QRF: Final = re.compile(r"QRF\|MON\|\|\|\|[0-9]+&[0-9]+\^([134])\^1\^(?:1\^|0\^([0-9]+(?:&[0-9]+){0,3}))")


class Call(NamedTuple):
    """One thing that a caller said."""

    is_heartbeat: bool = False
    wants: frozenset[tuple[str, str]] = frozenset()  # of a query: 1 parameters, 3, 4 alarms; an id or everything
    fault: str = ""  # why a viewer may not say it
    is_command: bool = False  # it is an order, an admission or an observation


class Ear:
    """Splits what a caller says into calls."""

    def __init__(self) -> None:
        self._heard = b""

    def feed(self, data: bytes) -> list[Call]:
        """Take any split."""
        self._heard += data
        calls: list[Call] = []
        while found := _FRAME.search(self._heard):
            if found.start():
                calls.append(Call(fault="bytes outside a frame"))
            calls.append(understand(found.group(1).decode("latin_1")))
            self._heard = self._heard[found.end() :]
        if self._heard and (not self._heard.startswith(b"\x0b") or len(self._heard) > LIMIT):
            calls.append(Call(fault="bytes outside a frame"))
            self._heard = b""
        return calls


def understand(text: str) -> Call:
    """Read one message. Whatever is neither a bare heartbeat nor a query and nothing else would change something."""
    segments = [segment for segment in text.split("\r") if segment]
    header = [*(segments[0] if segments else "").split("|"), *[""] * 12]
    kind = (header[8], header[9])
    if kind == ("ORU^R01", "106") and len(segments) == 1:
        return Call(is_heartbeat=True)
    if kind == ("QRY^R02", "1203") and len(segments) > 2 and _QRD.fullmatch(segments[1]):
        asked = [_QRF.fullmatch(segment) for segment in segments[2:]]
        if all(asked):
            return Call(wants=frozenset(want for found in asked if found for want in _wants(found)))
        return Call(fault="a query with something else in it", is_command=True)
    return Call(fault=f"not for a viewer: {header[8][:20]} {header[9][:20]}", is_command=True)


def _wants(found: re.Match[str]) -> list[tuple[str, str]]:
    what, ids = found.groups()
    return [(what, number) for number in (ids or EVERYTHING).split("&")]
