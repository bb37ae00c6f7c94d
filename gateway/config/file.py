"""The configuration as a person writes it: one model for each section."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    PydanticUserError,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import InitErrorDetails

from drivers.api import Family
from gateway.config.broker import BrokerSection
from gateway.config.port import LineField, LineSection, PortField
from gateway.config.rules import Name, Seconds, Section, Zone, around, plain_words, text_of, wrong
from gateway.errors import FamilyError
from gateway.registry import UnknownFamilyError, risk_of

Mode: TypeAlias = Literal["production", "test"]

RISK_LENGTH: Final = 20  # shorter, or with fewer words, can't say why and who
RISK_WORDS: Final = 4

# Kind of pydantic error -> what to do about a family's setting.
HINTS: Final[Mapping[str, str]] = {
    "string_type": "write it in quotes",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "int_parsing": "write a whole number",
    "float_parsing": "write a number",
}


def _family(value: object, info: ValidationInfo) -> Family:
    registry = around(info).registry
    try:
        return registry.get(text_of(value))
    except UnknownFamilyError:
        raise wrong(f"unknown family {value!r}", f"write one of {', '.join(registry.names)}") from None
    except FamilyError as error:
        raise wrong(str(error), "update or remove that distribution") from None


def family_settings(family: Family, said: Mapping[str, Any]) -> object:
    """Give a family's settings. Raises pydantic's ValidationError, with all faults."""
    known = list(family.settings.__dataclass_fields__)
    remedy = f"{family.name} knows {', '.join(known)}" if known else f"{family.name} has no settings: leave it out"
    unknown = wrong("unknown setting", remedy, "onlooker_key")
    faults = [InitErrorDetails(type=unknown, loc=(name,), input=None) for name in said if name not in known]
    settings: object = None
    try:
        settings = TypeAdapter(family.settings).validate_python({n: v for n, v in said.items() if n in known})
    except PydanticUserError as error:  # a third party's class; bundled families are tested
        faults.append(_fault(f"{family.name}'s settings can't be read: {error}", "update or remove that family", ()))
    except ValidationError as error:
        faults += [_fault(plain_words(line), _hint(line["type"]), line["loc"]) for line in error.errors()]
    if faults:
        raise ValidationError.from_exception_data(family.name, faults)
    return settings


def _fault(message: str, remedy: str, loc: tuple[str | int, ...]) -> InitErrorDetails:
    return InitErrorDetails(type=wrong(message, remedy), loc=loc, input=None)


def _hint(kind: str) -> str:
    where = "the family's README says what it takes"
    return f"{HINTS[kind]}; {where}" if kind in HINTS else where


def _settings(value: object, info: ValidationInfo) -> object:
    family = info.data.get("family")
    if not isinstance(value, dict):
        raise wrong("must be a mapping", "write {name: value}")
    return family_settings(family, value) if family is not None else None


def _risk(text: str, info: ValidationInfo) -> str:
    family = info.data.get("family")
    remedy = "write accept_risk: why it is acceptable here, and who agreed when"
    if family is not None and not text and (why := risk_of(family)):
        raise wrong(f"{family.name} is refused by default: {why}", remedy)
    if text and (len(text) < RISK_LENGTH or len(text.split()) < RISK_WORDS):
        raise wrong("too short to say why and who", remedy)
    return text


def _outbox_path(value: object, info: ValidationInfo) -> Path:
    path = around(info).folder / text_of(value)
    if not path.parent.is_dir():
        raise wrong(f"there is no folder {path.parent}", f"mkdir -p {path.parent}")
    if path.is_dir():
        raise wrong(f"{path} is a folder", "name a file in it, such as outbox.sqlite")
    return path


class OutboxSection(Section):
    """What waits for the broker, on disk."""

    path: Annotated[Path, PlainValidator(_outbox_path, json_schema_input_type=str)] = Field(
        default="outbox.sqlite", description="a relative path begins at this file's folder"
    )  # type: ignore[assignment]  # the default goes through the rule too
    max_mib: int = Field(
        4096, strict=True, ge=1, le=1_048_576, description="beyond this the oldest messages are dropped"
    )
    max_days: float = Field(default=30, strict=True, gt=0, le=3650, description="older messages are dropped")


class DeviceSection(Section):
    """One of several devices on a link."""

    device: Name
    station: Name = "unassigned"


class LinkSection(Section):
    """One port and what speaks there."""

    family: Annotated[Family, PlainValidator(_family, json_schema_input_type=str)] = Field(
        description="who speaks: see onlooker families"
    )
    port: PortField = Field(
        description="serial:///dev/…, tcp://, udp://, listen://, rfc2217:// or (test mode) replay://"
    )
    line: LineField = LineSection()
    settings: Annotated[Any, PlainValidator(_settings, json_schema_input_type=dict[str, Any])] = Field(
        default={}, description="the family's own"
    )
    device: Name | None = Field(default=None, description="default: the link's name")
    station: Name = Field(default="unassigned", description="chair, room or bed")
    devices: dict[Annotated[str, StringConstraints(min_length=1, max_length=256)], DeviceSection] = Field(
        default={}, description="by the key that the device says: slot, EUI-64, bed"
    )
    accept_risk: Annotated[str, AfterValidator(_risk)] = Field(default="", description="why, and who agreed when")
    waveforms: frozenset[Name] = Field(default=frozenset(), description="names of the waveforms to publish")
    silent_after_s: Annotated[Seconds, Field(le=86_400)] | None = Field(
        default=None, description="default: the family's"
    )
    timezone: Zone | None = Field(default=None, description="of this link's device clocks")


class File(Section):
    """A gateway's configuration."""

    site: Name = Field(description="the clinic; a level of each topic")
    gateway: Name = Field(description="this gateway's name in the site")
    mode: Mode = Field(description="test publishes under onlooker-test/v1, marked as simulated")
    timezone: Zone = Field(description="of device clocks that don't say an offset")
    broker: BrokerSection
    outbox: OutboxSection = Field(default={})  # type: ignore[assignment]  # the default goes through the rules too
    links: dict[Name, LinkSection] = Field(min_length=1, description="by name; letters, digits, - and _")
