"""A link's port and line: what the family allows, what the mode allows, what makes sense together."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator, ValidationError, ValidationInfo

from drivers.api import Family
from gateway.config.port_url import SCHEMES, WITH_LINE, PortUrl, UrlError, parse
from gateway.config.rules import Section, Surroundings, around, plain_words, text_of, wrong


class LineSection(Section):
    """What differs from the family's line settings."""

    baudrate: int | None = Field(default=None, strict=True, ge=50, le=4_000_000, description="bits per second")
    bytesize: Literal[5, 6, 7, 8] | None = Field(default=None, description="data bits")
    parity: Literal["N", "E", "O"] | None = Field(default=None, description="none, even, odd")
    stopbits: Literal[1, 2] | None = None
    dtr: bool | None = Field(default=None, description="set once on opening, never moved afterwards")
    rts: bool | None = Field(default=None, description="set once on opening, never moved afterwards")

    def said(self) -> dict[str, Any]:
        """Give the settings that were written."""
        return self.model_dump(exclude_none=True)


def line_in_url(port: PortUrl) -> dict[str, Any]:
    """Give the line settings in a port's URL."""
    names = [name for name, _ in port.query]
    if len(names) != len(set(names)):
        raise wrong("a line setting stands twice in the URL", "keep one of the two")
    values = {name: int(text) if text.isdecimal() else text for name, text in port.query}
    try:
        return LineSection.model_validate(values).said()
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(LineSection.model_fields)
        raise wrong(f"?{first['loc'][0]}: {plain_words(first)}", f"line settings are {known}") from None


def _port(value: object, info: ValidationInfo) -> PortUrl:
    try:
        port = parse(text_of(value)).below(around(info).folder)
    except UrlError as error:
        raise wrong(str(error), error.remedy) from None
    if port.scheme == "replay":
        _judge_recording(port, around(info))
    elif family := info.data.get("family"):
        _judge_wiring(port, family)
    line_in_url(port)
    return port


def _judge_recording(port: PortUrl, surroundings: Surroundings) -> None:
    if surroundings.mode == "production":
        raise wrong("a recording must not reach a production chart", "write mode: test")
    if not Path(port.path).is_file():
        raise wrong(f"there is no recording {port.path}", "make one with onlooker record, or mend the path")


def _judge_wiring(port: PortUrl, family: Family) -> None:
    allowed = [scheme for scheme in SCHEMES if _wire(scheme) in family.ports]
    if port.scheme not in allowed:
        ways = ", ".join(f"{scheme}://" for scheme in allowed)
        raise wrong(f"{family.name} doesn't come over {port.scheme}://", f"write one of {ways}")


def _wire(scheme: str) -> str:
    """A serial port in a box on the network is a serial port."""
    return {"rfc2217": "serial"}.get(scheme, scheme)


def _line(line: LineSection, info: ValidationInfo) -> LineSection:
    port = info.data.get("port")
    if port is None or not line.said():
        return line
    if port.scheme not in WITH_LINE:
        raise wrong(f"has no effect over {port.scheme}://", "set speed and parity at the other end, leave this out")
    if both := sorted({name for name, _ in port.query} & line.said().keys()):
        raise wrong(f"{', '.join(both)} stands in the port's URL too", "keep one of the two")
    return line


PortField: TypeAlias = Annotated[PortUrl, PlainValidator(_port, json_schema_input_type=str)]
LineField: TypeAlias = Annotated[LineSection, AfterValidator(_line)]
