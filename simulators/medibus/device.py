"""An anaesthesia machine: answers when the communication is open, and asks the host a thing or two itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from drivers.medibus.codec import AlarmRecord, Alarms, DeviceCommand, Measured, Value
from drivers.medibus.codec import Answer as Said
from drivers.vocabulary import AlarmCode
from simulators.api import Bedside, Signal, Vitals
from simulators.medibus.ear import (
    ALARMS,
    EMPTY,
    ICC,
    IDENTIFY,
    MEASURED,
    NOP,
    NOT_UNDERSTOOD,
    READS,
    STOP,
    WRITES,
    Answer,
    Command,
    Ear,
    Noise,
)

_GIVES_UP_S: Final = 3.0  # without a byte from the host
_NOP_S: Final = 2.0
_NOTHING: Final = "----"
_UNITS: Final = {"mmHg": ("E6", 1.0, 0), "kPa": ("E3", 1 / 7.50062, 1), "%": ("DB", 1 / 7.60, 1)}

# By alarm and the first word of its text: code, priority, twelve characters.
_ALARMS: Final = {
    (AlarmCode.APNOEA, "apnoea"): ("0D", "1", "APNEA (CO2)"),
    (AlarmCode.DESATURATION, "spo2"): ("07", "2", "SPO2 LOW"),
    (AlarmCode.LIMIT_LOW, "spo2"): ("07", "2", "SPO2 LOW"),
    (AlarmCode.LIMIT_HIGH, "etco2"): ("27", "3", "ETCO2 HIGH"),
    (AlarmCode.LIMIT_LOW, "etco2"): ("28", "3", "ETCO2 LOW"),
}
_NO_PULSE: Final = ("01", "4", "NO SPO2 PULS")


@dataclass(frozen=True, slots=True)
class MedibusDeviceSettings:
    """What kind of machine it is."""

    unit: Literal["mmHg", "kPa", "%"] = "mmHg"
    identification: str = "8603'Apollo'04.10:04.00"
    has_page_2: bool = True
    asks: bool = True  # sends commands of its own

    def __post_init__(self) -> None:
        if self.unit not in _UNITS:
            raise ValueError(f"unit {self.unit!r}: take one of {', '.join(_UNITS)}")


class MedibusDevice:
    """One machine. Commands that would change it latch `tampered`."""

    def __init__(self, bedside: Bedside, settings: MedibusDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self._bedside = bedside
        self._settings = settings
        self._ear = Ear()
        self._is_open = False
        self._heard_at = 0.0
        self._nop_at = float("inf")
        self._unanswered: list[int] = []

    @property
    def wake_at(self) -> float | None:
        """When it says NOP, or gives up."""
        return min(self._heard_at + _GIVES_UP_S, self._nop_at) if self._is_open else None

    def open(self, _now: float) -> Sequence[bytes]:
        """Wait for the host to begin."""
        self._ear = Ear()
        return []

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Answer commands, take answers, latch what would change something."""
        said: list[bytes] = []
        self._heard_at = now
        for heard in self._ear.hear(data):
            match heard:
                case Command():
                    said += self._obey(heard, now)
                case Answer():
                    self._take(heard)
                case Noise():
                    self.violations.append(heard.reason)
        return said

    def tick(self, now: float) -> Sequence[bytes]:
        """Give up a host that is silent; else say NOP."""
        if self._is_open and now >= self._heard_at + _GIVES_UP_S:
            self._end("silent for 3 s")
        if not self._is_open or now < self._nop_at:
            return []
        self._nop_at = now + _NOP_S
        return [self._ask(NOP)]

    def close(self, _now: float) -> None:
        """The host is gone."""
        self._is_open, self._unanswered = False, []

    def _end(self, why: str) -> None:
        self.violations.append(why)
        self.violations += [f"command {code:02X}h was not answered" for code in self._unanswered]
        self._is_open, self._unanswered = False, []

    def _ask(self, code: int) -> bytes:
        self._unanswered.append(code)
        return DeviceCommand(code).encode()

    def _take(self, answer: Answer) -> None:
        if answer.code in self._unanswered:
            self._unanswered.remove(answer.code)
        else:
            self.violations.append(f"answer {answer.code:02X}h to nothing")

    def _obey(self, command: Command, now: float) -> list[bytes]:
        code = command.code
        if code not in READS or command.arguments:
            self.tampered = True
            self.violations.append(f"command {code:02X}h: {WRITES.get(code, 'unknown, or with arguments')}")
            return [Said(NOT_UNDERSTOOD).encode()]
        if code == ICC:
            return self._begin(now)
        if not self._is_open:
            self.violations.append(f"command {code:02X}h before communication was initialised")
            return [Said(NOT_UNDERSTOOD).encode()]
        if code == STOP:
            self.close(now)
        return [self._answer(code, now)]

    def _begin(self, now: float) -> list[bytes]:
        self._is_open, self._unanswered = True, []
        self._nop_at = now + _NOP_S if self._settings.asks else float("inf")
        return [Said(ICC).encode(), *([self._ask(IDENTIFY)] if self._settings.asks else [])]

    def _answer(self, code: int, now: float) -> bytes:
        vitals = self._bedside.patient.at(now)
        if code == MEASURED:
            return Measured(self._values(vitals)).encode()
        if code in ALARMS:
            page = ALARMS[code]
            is_there = page == 1 or self._settings.has_page_2
            records = _records(vitals) if page == 1 else ()
            return (Alarms(records, page) if is_there else Said(NOT_UNDERSTOOD)).encode()
        if code == IDENTIFY:
            return Said(IDENTIFY, self._settings.identification.encode("ascii")).encode()
        return Said(code if code in EMPTY | {NOP, STOP} else NOT_UNDERSTOOD).encode()

    def _values(self, vitals: Vitals) -> tuple[Value, ...]:
        code, factor, places = _UNITS[self._settings.unit]
        breathes = vitals.co2_line and not vitals.standby and not self.tampered
        pulse = vitals.probe == "on" and not vitals.standby and not self.tampered
        return (
            _value(code, vitals.etco2 * factor if breathes else None, places),
            _value("D5", vitals.respiration_rate if breathes else None),
            _value("D6", vitals.respiration_rate if breathes else None),
            _value("EB", min(100.0, vitals.spo2) if pulse else None),
            _value("E1", vitals.pulse_rate if pulse else None),
            _value("F0", 21.0 if breathes else None),
        )


def _value(code: str, number: float | None, places: int = 0) -> Value:
    return Value(code, _NOTHING if number is None else f"{number:4.{places}f}"[:4])


def _records(vitals: Vitals) -> tuple[AlarmRecord, ...]:
    if vitals.standby:
        return ()
    rung = [row for signal in vitals.alarms if (row := _row(signal, vitals))]
    if vitals.probe in ("off", "searching"):
        rung.append(_NO_PULSE)
    return tuple(AlarmRecord(priority, code, f"{text:<12}") for code, priority, text in rung)


def _row(signal: Signal, vitals: Vitals) -> tuple[str, str, str] | None:
    word = signal.text.partition(" ")[0].lower()
    is_measured = vitals.probe == "on" if word == "spo2" else vitals.co2_line
    return _ALARMS.get((signal.code, word)) if is_measured else None
