r"""The only thing a listener says: an acknowledgement of one message, in a form that has no room for anything else.

VT MSH|^~\&|application|facility|sender|sender facility|time||ACK^trigger^ACK|own id|processing|version CR
   MSA|code|control id CR      (or, for a sender that wants it so, ACK^^ACK_ALL)
   [ERR|||error^text^HL70357|E CR] FS CR
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from drivers.api import Purpose, Request
from drivers.common.hl7 import timestamps
from drivers.common.hl7.message import Message, component
from drivers.common.hl7.mllp import wrap

AckMode: TypeAlias = Literal["auto", "always_aa", "always_ca", "none"]
AckStructure: TypeAlias = Literal["", "ACK_ALL"]  # ACK_ALL: MSH-9 as Philips prints it, ACK^^ACK_ALL

# HL7 table 0357.
REQUIRED_FIELD: Final = "101"
DATA_TYPE: Final = "102"
UNSUPPORTED_TYPE: Final = "200"
UNSUPPORTED_EVENT: Final = "201"
ERRORS: Final = {
    "": "",
    REQUIRED_FIELD: "Required field missing",
    DATA_TYPE: "Data type error",
    UNSUPPORTED_TYPE: "Unsupported message type",
    UNSUPPORTED_EVENT: "Unsupported event code",
}

# Messages that order a treatment (HL7 v2 chapters 4 and 4A; RGV is IHE PCD-03). Nothing in here can follow one.
ORDERS: Final = frozenset({"ORM", "OMG", "OMI", "OML", "OMN", "OMP", "OMS", "RAS", "RDE", "RDS", "RGV"})

_LONGEST: Final = 227  # characters of an HD field
_NAME: Final = r"[ -%'-\[\]-{}]{0,227}"  # printable, without | ~ \ &; an HD keeps its ^
_FIELDS: Final = {
    "application": _NAME,
    "facility": _NAME,
    "sender": _NAME,
    "sender_facility": _NAME,
    "time": r"[0-9]{14}\+0000",
    "trigger": r"(?:[A-Z][0-9A-Z]{2})?",
    "structure": r"(?:ACK_ALL)?",
    "own_id": r"[0-9-]{1,20}",
    "processing": r"[PTD]",
    "version": r"2\.[1-9](?:\.[1-9])?",
    "code": r"[AC][AER]",
    "control_id": r"[ -%'-\[\]_-{}]{0,199}",  # without ^ too
    "error": r"(?:10[12]|20[01])?",
}
_OF_THE_SENDER: Final = (
    "application", "facility", "sender", "sender_facility", "trigger", "processing", "version",
)  # fmt: skip
_OF_THIS_MESSAGE: Final = ("time", "own_id", "code", "control_id", "error", "structure")
_CHECKS: Final = {name: re.compile(pattern) for name, pattern in _FIELDS.items()}
_WIRE: Final = re.compile(
    wrap(
        (
            r"MSH\|\^~\\&\|{application}\|{facility}\|{sender}\|{sender_facility}\|{time}\|\|"
            r"ACK(?:\^{trigger}\^ACK|\^\^{structure})?\|{own_id}\|{processing}\|{version}\r"
            r"MSA\|{code}\|{control_id}\r(?:ERR\|\|\|{error}\^[A-Za-z ]+\^HL70357\|E\r)?"
        )
        .format(**{name: f"(?P<{name}>{pattern})" for name, pattern in _FIELDS.items()})
        .encode()
    )
)
_WITHOUT_TRIGGER: Final = frozenset({"2.1", "2.2", "2.3"})  # there MSH-9 is ACK alone


@dataclass(frozen=True, slots=True)
class Ack(Request):
    """Take over one message. Every field is checked; a sender's words are echoed only within charset and length."""

    purpose = Purpose.ACKNOWLEDGE

    application: str  # us, as the sender addressed us
    facility: str
    sender: str
    sender_facility: str
    trigger: str
    processing: str
    version: str
    time: str
    own_id: str
    code: str  # AA, AE, AR: application; CA, CE, CR: accept
    control_id: str  # the sender's MSH-10
    error: str = ""
    structure: str = ""

    def __post_init__(self) -> None:
        for name in _OF_THIS_MESSAGE:
            if _CHECKS[name].fullmatch(getattr(self, name)) is None:
                raise ValueError(f"{name} can't stand in an acknowledgement")
        _check_address(
            self.application, self.facility, self.sender, self.sender_facility, self.trigger, self.processing,
            self.version,
        )  # fmt: skip
        if self.code.endswith("A") != (self.error == "") or not (self.control_id or self.error):
            raise ValueError("an error has a code, and nothing else has; only an error may name no message")
        if self.structure and self.trigger:
            raise ValueError("either a trigger or a structure of its own")

    def encode(self) -> bytes:
        """Give the wire bytes, framed."""
        kind = f"ACK^{self.trigger}^ACK" if self.trigger else f"ACK^^{self.structure}" if self.structure else "ACK"
        error = f"ERR|||{self.error}^{ERRORS[self.error]}^HL70357|E\r" if self.error else ""
        return wrap(
            (
                f"MSH|^~\\&|{self.application}|{self.facility}|{self.sender}|{self.sender_facility}|{self.time}||"
                f"{kind}|{self.own_id}|{self.processing}|{self.version}\rMSA|{self.code}|{self.control_id}\r{error}"
            ).encode()
        )


def _check_address(*said: str) -> None:
    """Check what stays the same from message to message; raises ValueError."""
    if sum(map(len, said)) > _LONGEST * len(said) or not _is_address(said):
        raise ValueError("sender or receiver can't stand in an acknowledgement")


@lru_cache(maxsize=1024)
def _is_address(said: tuple[str, ...]) -> bool:
    trigger, version = said[4], said[6]
    fits = all(_CHECKS[name].fullmatch(field) for name, field in zip(_OF_THE_SENDER, said, strict=True))
    return fits and not (trigger and version in _WITHOUT_TRIGGER)


def recognise(data: bytes) -> Ack | None:
    """Tell an acknowledgement from everything else: all bytes are exactly one, or None."""
    found = _WIRE.fullmatch(data)
    if found is None:
        return None
    try:
        ack = Ack(**{name: said.decode() for name, said in found.groupdict(b"").items()})
    except ValueError:
        return None
    return ack if ack.encode() == data else None


def why_refused(message: Message) -> str:
    """Give the cause to count a message under that isn't one of observations."""
    return "order refused" if message.kind.upper() in ORDERS else "unsupported message type"


# MSH-15 or MSH-16 (table 0155): is an answer wanted on success, on error?
_WANTED: Final = {
    "AL": (True, True),
    "NE": (False, False),
    "": (False, False),
    "ER": (False, True),
    "SU": (True, False),
}


def answers(
    message: Message, error: str, mode: AckMode, now: float, serial: int, structure: AckStructure = ""
) -> list[Ack]:
    """Give what the sender asked to hear of a message; `serial` counts messages, for ids of our own."""
    control_id = message.control_id
    if _CHECKS["control_id"].fullmatch(control_id) is None:
        control_id, error = "", error or DATA_TYPE
    elif not control_id:
        error = error or REQUIRED_FIELD
    levels = _levels(mode, message.header[15][:8], message.header[16][:8], bool(error))
    return [_ack(message, level, control_id, error, now, 2 * serial + n, structure) for n, level in enumerate(levels)]


@lru_cache(maxsize=256)
def _levels(mode: AckMode, accept: str, application: str, is_error: bool) -> str:
    """Say which acknowledgements: accept (C), application (A), both or none. A message not accepted goes no further."""
    if mode != "auto":
        return {"always_aa": "A", "always_ca": "C", "none": ""}[mode]
    asked = (("C", accept.strip().upper()), ("A", application.strip().upper()))
    if not any(word for _, word in asked):
        return "A"
    levels = "".join(level for level, word in asked if _WANTED.get(word, (True, True))[is_error])
    return levels[:1] if is_error else levels


def _ack(
    message: Message, level: str, control_id: str, error: str, now: float, serial: int, structure: AckStructure
) -> Ack:
    header = message.header
    names = (said if len(said) <= _LONGEST else "" for said in header[3:7])
    kind = "" if structure else header[9][:_LONGEST]
    address = _address(*names, kind, header[11][:_LONGEST], header[12][:_LONGEST])
    time, own_id = timestamps.of_second(int(now)), f"{int(now * 1000)}-{serial % 1_000_000}"
    return Ack(*address, time, own_id, level + ("R" if error else "A"), control_id, error, structure)


@lru_cache(maxsize=1024)
def _address(
    sender: str, sender_facility: str, application: str, facility: str, kind: str, processing: str, version: str
) -> tuple[str, str, str, str, str, str, str]:
    """Turn a message's sender and receiver round; what can't be echoed is left out."""
    version = component(version, 1)
    version = version if _CHECKS["version"].fullmatch(version) else "2.6"
    trigger = "" if version in _WITHOUT_TRIGGER else component(kind, 2)
    processing = component(processing, 1)
    return (
        _echo("application", application),
        _echo("facility", facility),
        _echo("sender", sender),
        _echo("sender_facility", sender_facility),
        _echo("trigger", trigger),
        processing if processing in ("P", "T", "D") else "P",
        version,
    )


def _echo(name: str, said: str) -> str:
    return said if _CHECKS[name].fullmatch(said) else ""
