"""What the rules of all sections share: a rule judges one field, so that pydantic finds all faults of a file at once.

What can't be said in a type is raised as `wrong`, with its remedy. In a rule, `info.data` holds those fields above it
that were good, and `around(info)` what must be known besides the text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, ValidationInfo, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from gateway.registry import Registry

# Kind of pydantic error -> what is wrong, where pydantic's words are for programmers.
MESSAGES: Final[Mapping[str, str]] = {
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "frozen_set_type": "must be a list",
    "too_short": "is empty",
    "extra_forbidden": "is not known",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules must know besides the text."""

    registry: Registry
    folder: Path  # of the configuration file: relative paths begin here
    mode: object  # as written; may be wrong
    environment: Mapping[str, str]


class Section(BaseModel):
    """A part of the file. A key without value counts as not said."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, arbitrary_types_allowed=True, validate_default=True
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_not_said(cls, data: Any) -> Any:
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data


def wrong(message: str, remedy: str, kind: Literal["onlooker", "onlooker_key"] = "onlooker") -> PydanticCustomError:
    """Make a fault in our own words; `onlooker_key`: the key is wrong, not its value."""
    return PydanticCustomError(kind, "{message}", {"message": message, "remedy": remedy})


def plain_words(detail: ErrorDetails) -> str:
    """Say what pydantic found in words for the person who must mend it."""
    said = detail["msg"].removeprefix("Value error, ").removesuffix(", unable to interpret input")
    return MESSAGES.get(detail["type"], said.replace("Input should be", "must be", 1))


def around(info: ValidationInfo) -> Surroundings:
    """Give what a rule must know besides the text."""
    assert isinstance(info.context, Surroundings)
    return info.context


def text_of(value: object) -> str:
    """Take text that isn't empty."""
    if not isinstance(value, str) or not value:
        raise wrong("must be text", "write it in quotes")
    return value


def existing_file(value: object, info: ValidationInfo) -> Path:
    """Take the name of a file that is there."""
    path = around(info).folder / text_of(value)
    if not path.is_file():
        raise wrong(
            f"there is no file {path}", "make it, or mend the path; a relative one begins at this file's folder"
        )
    return path


def _zone(value: object) -> ZoneInfo:
    name = text_of(value)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise wrong(f"unknown time zone {name!r}", "write a name such as Europe/Berlin or UTC") from None


Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-][A-Za-z0-9_-]*$", max_length=64)]
Zone: TypeAlias = Annotated[ZoneInfo, PlainValidator(_zone, json_schema_input_type=str)]
Seconds: TypeAlias = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
