"""Listens to what a Graseby pump answers to somebody else. It asks nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from drivers.api import Damage, Identity, Output, Port
from drivers.graseby.channels import SHAPES, Kind
from drivers.graseby.codec import ANY_CRC, Crc, Decoder, Reply
from drivers.graseby.readings import kind_of, report

_CRCS = {"any": ANY_CRC, **{crc.name.lower(): (crc,) for crc in Crc}}


@dataclass(frozen=True, slots=True)
class GrasebySettings:
    """What the bench has shown of this pump."""

    crc: Literal["any", "x25", "mcrf4xx", "kermit"] = "any"
    accepted: str = ""  # the return code of a command that was accepted; empty: not known

    def __post_init__(self) -> None:
        if self.crc not in _CRCS:
            raise ValueError(f"crc {self.crc!r}: set it to one of {', '.join(_CRCS)}")
        if len(self.accepted) > 1 or not self.accepted.isascii() or not self.accepted.isprintable():
            raise ValueError(f"accepted {self.accepted!r}: set it to one printable character, or leave it empty")


class GrasebyDialogue:
    """One pump on one line. It has nothing to say."""

    wake_at: None = None

    def __init__(self, settings: GrasebySettings, _port: Port) -> None:
        self._accepted = settings.accepted
        self._decoder = Decoder(_CRCS[settings.crc])
        self._identity = Identity(manufacturer="Graseby")

    def open(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def receive(self, data: bytes, _now: float) -> Sequence[Output]:
        """Take any split of what the pump says."""
        outputs: list[Output] = []
        for found in self._decoder.feed(data):
            outputs += [found] if isinstance(found, Damage) else self._take(found)
        return outputs

    def tick(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing."""
        return []

    def _take(self, reply: Reply) -> list[Output]:
        is_accepted = reply.code == self._accepted if self._accepted else None
        met = self._meet(reply.data) if is_accepted is not False else []
        return [*met, report(reply, is_accepted)]

    def _meet(self, data: str) -> list[Output]:
        """Take note of who it is; model and serial number come in two records."""
        known, kind = self._identity, kind_of(data)
        if kind is Kind.MODEL and (parts := SHAPES[kind].fullmatch(data)):
            version = int(parts["version"], 16)
            firmware = f"{version // 100}.{version % 100:02}"
            known = Identity("", known.manufacturer, parts["model"].strip(), known.serial, firmware)
        elif kind is Kind.SERIAL:
            known = Identity("", known.manufacturer, known.model, data.strip(), known.firmware)
        if known == self._identity:
            return []
        self._identity = known
        return [known]
