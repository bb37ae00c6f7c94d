"""A Baxter AS50 at the end of its serial cable."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from drivers.baxter_as50.codec import Frame
from drivers.vocabulary import InfusionState
from simulators.api import Bedside, PumpView
from simulators.baxter_as50.hearing import Ear, Programme, Said

_MOST_RESENDS: Final = 3  # in a row
_LONGEST_STATUS: Final = 48  # a frame has 64 bytes with brackets and name


@dataclass(frozen=True, slots=True)
class As50DeviceSettings:
    """What a pump says where nobody has seen what it says."""

    status: str = "NOT KNOWN"

    def __post_init__(self) -> None:
        text = self.status
        if not text.isascii() or not text.isprintable() or set(text) & set("[]") or len(text) > _LONGEST_STATUS:
            raise ValueError(f"status {text!r}: write at most {_LONGEST_STATUS} plain letters, without [ and ]")


class As50Device:
    """Answers questions at once, and obeys commands: the set rate is all that is known to be readable."""

    def __init__(self, bedside: Bedside, settings: As50DeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self.programme = Programme()
        self._bedside = bedside
        self._ear = Ear()
        self._last = b""
        self._resends = 0
        self._answers: dict[str, Callable[[PumpView], str]] = {
            "DEV?": lambda _pump: "DEV=AS50",
            "STATUS?": lambda _pump: f"STATUS={settings.status}",
            "PRIRATE?": lambda pump: f"PRIRATE={pump.rate_set:.1f}",
            "PRIVTBI?": lambda pump: f"PRIVTBI={pump.vtbi or 0.0:.1f}",
            "BOLRAT?": lambda _pump: f"BOLRAT={self.programme.bolus_rate:.1f}",
            "BOLSIZ?": lambda _pump: f"BOLSIZ={self.programme.bolus_size or 0.0:.1f}",
            "LBOLUS?": lambda pump: f"LBOLUS={pump.bolus_volume:.1f}",
        }

    @property
    def wake_at(self) -> float | None:
        """Never: it speaks when spoken to."""
        return None

    def open(self, _now: float) -> Sequence[bytes]:
        """A cable is plugged in; nothing happens."""
        self._ear, self._last, self._resends = Ear(), b"", 0
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer each frame."""
        return [answer for heard in self._ear.hear(data) if (answer := self._react(heard, now))]

    def tick(self, _now: float) -> Sequence[bytes]:
        """Nothing happens by itself."""
        return []

    def close(self, _now: float) -> None:
        """The gateway is gone; the pump goes on."""

    def at(self, now: float) -> PumpView:
        """Say what the pump's display shows: the bedside's pump, and what commands have made of it."""
        pump, programme = next(iter(self._bedside.pumps.values())).at(now), self.programme
        if programme.rate is not None:
            is_flowing = pump.state is InfusionState.INFUSING
            pump = replace(pump, rate_set=programme.rate, rate=programme.rate if is_flowing else pump.rate)
        if programme.vtbi is not None:
            pump = replace(pump, vtbi=programme.vtbi)
        if programme.is_bolus:
            pump = replace(pump, state=InfusionState.BOLUS, rate=programme.bolus_rate)
        return pump

    def _react(self, heard: Said | str, now: float) -> bytes:
        pump = self.at(now)
        if pump.state is InfusionState.OFF:
            return b""
        if isinstance(heard, str):
            self.violations.append(heard)
            return Frame("RESEND").encode() if heard == "wrong checksum" else b""
        if heard.text == "RESEND":
            return self._again()
        self._resends = 0
        self._last = Frame(self._answer(heard, pump)).encode()
        return self._last

    def _again(self) -> bytes:
        self._resends += 1
        if self._resends > _MOST_RESENDS:
            self.violations.append("RESEND without end")
        return self._last

    def _answer(self, said: Said, pump: PumpView) -> str:
        if said.is_write:
            self.tampered = True
            self.violations.append(f"write {said.text[:40]!r}")
            self.programme.obey(said)
            return "ACK"
        if answer := self._answers.get(said.text):
            return answer(pump)
        self.violations.append(f"unknown text {said.text[:40]!r}")
        return "REJECT"
