"""What can go wrong, by who must act."""

from collections.abc import Sequence
from dataclasses import dataclass


class GatewayError(Exception):
    """The root of all errors that are meant to be read by a person."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that the operator must put right: where it stands, what is wrong, what to write instead."""

    file: str
    line: int  # from 1; 0: no line
    column: int  # from 1; 0: no column
    key: str  # dotted path in the file, such as links.chair1.port
    message: str
    remedy: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        said = ": ".join(part for part in (place, self.key, self.message) if part)
        return f"{said} ({self.remedy})" if self.remedy else said


class ConfigError(GatewayError):
    """The operator must act. Holds every fault found, in the order of the file; a text is one without place."""

    def __init__(self, faults: Sequence[Fault] | str) -> None:
        self.faults = (Fault("", 0, 0, "", faults, ""),) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class FamilyError(GatewayError):
    """The author of a driver must act: the manifest is incomplete, or its name is taken."""


class LinkError(GatewayError):
    """Nobody must act: the link is tried again, with back-off."""


class ForbiddenRequestError(GatewayError):
    """We must act: a bug would have sent bytes that no request declares. The device is stopped, not retried."""
